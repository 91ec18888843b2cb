"""The table of words that plait brings reads texts where it helps, and nobody said none."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
import pytest

import plait
from plait.fitting.encoders import found_encoders
from plait.modalities.text.word_vectors import bundled_words
from plait.networks.config import SystemConfig

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
WORDS = {
    "animal": "dog horse cow cat wolf sheep lion tiger bear fox deer rabbit pig goat mouse",
    "vehicle": "car truck bus train ship boat aircraft bicycle van ferry taxi tram yacht jet cab",
}


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No encoder is at hand."""
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PLAIT_ENCODERS", raising=False)
    monkeypatch.setattr(found_encoders, "find_encoders", lambda: ())


def rows(words=WORDS, num=4):
    """Each word in a few rows: letters tell nothing of words that were not learned from."""
    return [
        {"note": f"the {word} number {copy}", "kind": kind, "size": float((3 * place + copy) % 7)}
        for kind, told in words.items()
        for place, word in enumerate(told.split())
        for copy in range(num)
    ]


def quick(some=None, **settings):
    usual = {"budget": "2 steps", "size": TINY, "samples": False, "encoders": "auto"}
    usual |= {"baselines": ("linear",), "scores": False, "target": "kind", "group": "place"}
    told = [{**row, "place": row["note"].split()[1]} for row in (rows() if some is None else some)]
    columns = {"note": "text", "kind": "category", "size": "number"}
    return plait.fit(plait.read(told, columns=columns), **usual | settings)


def records(model):
    return model.records["metrics"].get("encoders", [])


def test_words_that_no_row_had_are_told_by_what_they_mean(tmp_path):
    model = quick(out=tmp_path / "m.plait")
    (one,) = records(model)
    assert one["used"] and one["column"] == "note" and one["key"] == bundled_words().key
    assert one["gain"] > 2 * one["standard_error"] > 0
    assert model.input_columns["note"] == ("note", "note~words")
    said = model.predict([{"note": "the donkey"}, {"note": "the helicopter"}]).columns["prediction"]
    assert list(said) == ["animal", "vehicle"]
    again = plait.load(tmp_path / "m.plait").predict([{"note": "the donkey"}])
    assert list(again.columns["prediction"]) == ["animal"]
    licences = json.loads((tmp_path / "m.plait" / "licences.json").read_text())
    assert licences[-1] == {"source": "words by all-MiniLM-L6-v2", "licence": "Apache-2.0"}
    assert any("table of words" in note for note in model.records["metrics"]["notes"])


@pytest.mark.parametrize("said", ["none", None, {"text": "none"}])
def test_it_is_not_there_where_nothing_is_looked_for(said):
    assert quick(encoders=said).derived_columns == ()


def test_it_is_not_there_where_the_machine_says_none(monkeypatch):
    monkeypatch.setenv("PLAIT_ENCODERS", "none")
    model = quick()
    assert model.derived_columns == () and records(model) == []


def test_another_language_is_not_tried():
    told = {"a": "hund hest katt sau", "b": "bil tog båt fly"}
    some = [{**row, "note": f"hei {row['note'].split()[1]}"} for row in rows(told, num=8)]
    model = quick(some)
    assert model.derived_columns == () and records(model) == []


def test_where_it_does_not_help_it_is_left_out_and_said():
    rng = np.random.default_rng(0)
    some = [{**row, "kind": str(rng.choice(["x", "y"]))} for row in rows()]
    model = quick(some)
    (one,) = records(model)
    assert not one["used"] and one["why"] == found_encoders.NO_HELP
    assert model.derived_columns == ()


def test_an_interrupted_fit_goes_on_with_it(tmp_path, monkeypatch):
    from plait.fitting import learn

    def stopped(*_, **__):
        raise KeyboardInterrupt

    out = tmp_path / "m.plait"
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(learn, "train_network", stopped, raising=False)
        patch.setattr("plait.fitting.encoders.tuning.tune_encoders", stopped)
        patch.setattr("plait.fitting.encoders.found_encoders.tune_encoders", stopped)
        quick(out=out)
    monkeypatch.setattr(found_encoders._Search, "run", stopped)
    model = quick(out=out, resume=True)
    assert model.input_columns["note"] == ("note", "note~words")
