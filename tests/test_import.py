"""Importing plait is silent, quick and light; its names arrive when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import plait
from plait.errors import ExtraError
from plait.installation import install_command

PROBE = """
import sys, time
start = time.perf_counter()
import plait
seconds = time.perf_counter() - start
heavy = sorted({"torch", "numpy", "pandas", "sklearn", "pyarrow"} & set(sys.modules))
print(seconds, *heavy)
"""


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_import_takes_under_300_ms_and_loads_nothing_heavy():
    runs = [run_python(PROBE).split() for _ in range(3)]
    assert min(float(seconds) for seconds, *_ in runs) < 0.3
    assert all(not heavy for _, *heavy in runs)


def test_the_public_names_are_listed_and_resolve():
    assert set(plait.__all__) <= set(dir(plait))
    assert plait.errors.PlaitError.exit_code == 1
    assert callable(plait.read)
    assert callable(plait.register_folder)
    assert plait.search.__module__ == "plait.recipes.search"
    assert plait.__version__.count(".") == 2


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'plait' has no attribute 'nonsense'"):
        _ = plait.nonsense


def test_without_torch_the_extra_is_named(monkeypatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("plait.import_module", missing)
    with pytest.raises(ExtraError, match="plait.load needs the extra 'train'") as caught:
        _ = plait.load
    assert caught.value.hint == install_command("train")


CODECS_WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from plait.modalities import modalities
print(*modalities())
"""


def test_every_codec_loads_without_torch():
    assert "image" in run_python(CODECS_WITHOUT_TORCH).split()
