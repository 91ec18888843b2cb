"""The doctor finds what is there and what is not, and names the command that mends it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from plait.cli import run
from plait.encoders import FoundEncoder
from plait.installation import install_command, pip_install
from plait.recipes import doctor, extras

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def without_torch(monkeypatch):
    """Importing torch takes seconds; what is said of it is tested by `look_at_accelerator`."""
    looks = tuple(look for look in doctor.LOOKS if look is not doctor.look_at_accelerator)
    monkeypatch.setattr(doctor, "LOOKS", looks)


def found(name: str) -> dict[str, str]:
    checks = doctor.examine()["checks"]
    return next(check for check in checks if check["name"] == name)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(doctor, "EXTRAS", {"video": doctor.EXTRAS["video"]})


def test_the_extras_are_those_of_pyproject():
    with open(ROOT / "pyproject.toml", "rb") as file:
        declared = tomllib.load(file)["project"]["optional-dependencies"]
    packages = {
        extra: {need.partition(">")[0] for need in needs}
        for extra, needs in declared.items()
        if extra not in ("all", "dev")
    }
    assert packages == {extra: set(names.split()) for extra, (names, _) in doctor.EXTRAS.items()}


def test_a_missing_extra_comes_with_its_command(monkeypatch):
    monkeypatch.setattr(doctor, "EXTRAS", {"hf": ("no-such-package", "backbones")})
    check = found("extra hf")
    assert check["status"] == "lacks"
    assert check["found"] == "not installed: no-such-package, needed for backbones"
    assert check["mend"] == install_command("hf")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise ImportError('libfoo.so is missing')", "ImportError: libfoo.so is missing"),
        ("import os; os.abort()", "it ended Python (-6)"),
    ],
)
def test_an_extra_that_does_not_import_is_found(monkeypatch, tmp_path, code, why):
    (tmp_path / "usearch.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor, "EXTRAS", {n: doctor.EXTRAS[n] for n in ("search", "video")})
    check = found("extra search")
    assert check["status"] == "lacks"
    assert f"importing fails: {why}" in check["found"]
    assert check["mend"] == f"{pip_install()} --force-reinstall usearch"
    after = found("extra video")["found"]
    assert after.endswith("another package ended Python before") == ("abort" in code)


def test_torch_that_does_not_import_is_found(monkeypatch):
    def fails(name: str) -> None:
        raise OSError("libtorch.so is missing")

    monkeypatch.setattr(doctor, "EXTRAS", {"train": ("torch", "networks")})
    monkeypatch.setattr(extras.importlib, "import_module", fails)
    assert "importing fails: libtorch.so is missing" in found("extra train")["found"]


def test_a_look_that_fails_is_a_finding_and_hides_no_other(monkeypatch, quick):
    def look_at_weather():
        raise OSError("no window")
        yield

    monkeypatch.setattr(doctor, "LOOKS", (look_at_weather, doctor.look_at_python))
    result = doctor.examine()
    assert result["healthy"] is False
    assert [check["status"] for check in result["checks"]] == ["broken", "ok", "ok"]


def test_the_cache_folder_is_measured(monkeypatch, quick, tmp_path):
    (tmp_path / "entry").write_bytes(bytes(30_000_000))
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path))
    assert found("cache")["found"] == f"{tmp_path}, 0.03 GB"


def test_a_cache_that_is_not_there_yet_is_fine(monkeypatch, quick, tmp_path):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "a" / "b"))
    assert found("cache")["status"] == "ok"


def test_torch_and_gpu_are_described():
    pytest.importorskip("torch")
    assert [check.name for check in doctor.look_at_accelerator()] == ["torch", "gpu"]


@pytest.mark.parametrize(
    ("module", "extra"),
    [("torch", "train"), ("sklearn.svm", "table"), ("numpy", None), (None, None)],
)
def test_extra_of(module, extra):
    assert extras.extra_of(module) == extra


def test_the_command_prints_lines_or_json(quick, capsys):
    assert run(["doctor"]) == 0
    assert capsys.readouterr().out.strip().endswith("ready")
    assert run(["doctor", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["healthy"] is True
    assert {"name", "status", "found", "mend"} == set(result["checks"][0])


def test_a_broken_machine_is_exit_code_1(monkeypatch, capsys):
    def look_at_weather():
        yield doctor.Check("weather", "broken", "rain", "umbrella")

    monkeypatch.setattr(doctor, "LOOKS", (look_at_weather,))
    assert run(["doctor"]) == 1
    assert "hint: umbrella" in capsys.readouterr().out


def test_encoders_at_hand_are_told(tmp_path, monkeypatch, quick):
    monkeypatch.setattr(doctor, "find_encoders", lambda: ())
    assert found("encoders")["mend"] == install_command("encoders")
    usable = FoundEncoder(name="minilm", place="x", path=tmp_path, modalities=("text",))
    other = FoundEncoder(name="llama", place="x", path=tmp_path, why_not="unknown")
    monkeypatch.setattr(doctor, "find_encoders", lambda: (usable, other))
    check = found("encoders")
    assert check["status"] == "ok"
    assert check["found"] == "minilm (text), 1 that plait cannot load"
    monkeypatch.setattr(doctor, "find_encoders", lambda: (other,))
    assert found("encoders")["mend"] == "plait encoders"
