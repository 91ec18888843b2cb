"""No codec prepares its examples otherwise than is written down, unless its version was raised."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from plait.modalities import Fingerprint, codec_hash, find_codec, modalities
from plait.testing.golden import differences, golden_of

SCRIPT = Path(__file__).parents[2] / "scripts" / "golden.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("golden_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("modality", modalities())
def test_what_is_prepared_is_what_is_written_down(modality, script):
    kept = script.read_golden()
    assert modality in kept, "run python scripts/golden.py --write"
    found = differences(golden_of(modality), kept[modality])
    assert not found, (
        f"{', '.join(found)} of {modality} changed: raise its codec's version, "
        "then run python scripts/golden.py --write"
    )


CHANGES = {
    "number": ("prepare", lambda self, raw: {"value": np.array([raw * 1.01], np.float32)}),
    "text": ("features", lambda self, arrays: np.zeros(7, np.float32)),
    "category": ("fingerprint", lambda self, raw: Fingerprint(bytes(32), b"another")),
}


def changed(monkeypatch, modality):
    codec = find_codec(modality)
    name, method = CHANGES[modality]
    real = getattr(codec, name)
    if modality == "number":

        def method(self, raw):
            return {part: array * 1.01 for part, array in real(self, raw).items()}

    monkeypatch.setattr(codec, name, method)
    return codec


@pytest.mark.parametrize("modality", CHANGES)
def test_a_changed_preparation_shows(modality, monkeypatch, script):
    changed(monkeypatch, modality)
    assert differences(golden_of(modality), script.read_golden()[modality])


def test_float_noise_does_not_show(script):
    kept = script.read_golden()["audio"]
    noisy = json.loads(json.dumps(kept))
    for one in noisy["arrays"]:
        one["mel"]["numbers"] = [number * (1 + 1e-4) for number in one["mel"]["numbers"]]
    assert differences(noisy, kept) == []
    assert differences({**noisy, "version": 9}, kept) == ["version"]


def test_the_script_refuses_a_change_without_a_version(tmp_path, monkeypatch, script, capsys):
    monkeypatch.setattr(script, "FILE", tmp_path / "golden.json")
    monkeypatch.setattr(script, "modalities", lambda: ["number", "category"])
    assert script.main(["--write"]) == 0
    before = (tmp_path / "golden.json").read_text()
    codec = changed(monkeypatch, "number")
    assert script.main(["--write"]) == 1
    assert "raise number's codec version" in capsys.readouterr().out
    assert (tmp_path / "golden.json").read_text() == before
    hashed = codec_hash(codec())
    monkeypatch.setattr(codec, "version", codec.version + 1)
    assert codec_hash(codec()) != hashed
    assert script.main(["--write"]) == 0
    assert script.read_golden()["number"]["version"] == codec.version
