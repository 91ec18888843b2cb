"""Tabular foundation models in a fit: offered where a folder is named or found, kept where good."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.backbones import CheckpointError
from plait.encoders import packages
from plait.errors import ExtraError, UsageError

sys.path.insert(0, str(Path(__file__).parent.parent / "baselines"))

from nearest_network import install, save


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A network that answers as the nearest row does, in a folder where encoders are looked for."""
    install(monkeypatch)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PLAIT_ENCODERS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setattr(packages, "distributions", lambda: [])
    found = save(tmp_path / "models" / "icl")
    (found / "README.md").write_text("---\nlicense: bsd-3-clause\n---\n")
    return found


def rows(num=200, told=True):
    """Two numbers whose signs together tell the class: no linear model sees it."""
    rng = np.random.default_rng(0)
    first, second = rng.choice([-1, 1], (2, num)) + rng.normal(0, 0.15, (2, num))
    names = np.where(first * second > 0, "same", "other")
    names = names if told else rng.permutation(names)
    return [
        {"first": a, "second": b, "kind": c, "amount": a * 10}
        for a, b, c in zip(first.tolist(), second.tolist(), names.tolist(), strict=True)
    ]


def quick(data=None, target="kind", **settings):
    usual = {"simple": True, "samples": False, "scores": False, "exclude": ["amount"]}
    usual |= {"baselines": ("majority", "linear", "in_context"), "budget": "3 steps"}
    columns = {"first": "number", "second": "number", "kind": "category", "amount": "number"}
    table = plait.read(data or rows(), columns=columns)
    return plait.fit(table, target=target, **usual | settings)


def notes(model):
    return [note for note in model.records["metrics"]["notes"] if "tabular foundation" in note]


@pytest.mark.parametrize("said", ["auto", {"table": "icl"}, {"table": "auto"}])
def test_one_that_is_found_is_measured_and_ships_where_it_is_best(said, tmp_path, folder):
    model = quick(encoders=said, out=tmp_path / "m.plait")
    assert model.ensemble.weights.get("in_context", 0) > 0.5
    (note,) = notes(model)
    assert "icl (bsd-3-clause) was measured beside the simple models" in note
    told = json.loads((tmp_path / "m.plait" / "licences.json").read_text())
    assert told[-1] == {"source": "tabular foundation model icl", "licence": "bsd-3-clause"}
    asked = [{"first": 1.0, "second": -1.1}, {"first": -0.9, "second": -1.0}]
    shutil.rmtree(folder)
    again = plait.load(tmp_path / "m.plait")
    assert list(again.predict(asked).columns["prediction"]) == ["other", "same"]


def test_one_that_is_named_answers_numbers(tmp_path):
    other = save(tmp_path / "elsewhere" / "numbers", max_classes=0)
    model = quick(target="amount", exclude=["kind"], encoders={"table": str(other)},
                  baselines=("majority", "in_context"))  # fmt: skip
    assert model.ensemble.weights["in_context"] > 0.5
    assert str(tmp_path) not in json.dumps(model.records["metrics"]["notes"])


def test_one_that_does_not_help_is_left_out():
    model = quick(rows(told=False), encoders="auto")
    assert "in_context" not in model.ensemble.weights


@pytest.mark.parametrize("settings", [{}, {"encoders": "none"}, {"encoders": {"table": "none"}}])
def test_none_is_looked_for_unasked_in_short_fits(settings):
    model = quick(**settings)
    assert not notes(model) and "in_context" not in model.ensemble.weights


def test_one_of_another_kind_of_target_is_passed_over_and_refused_by_name(folder):
    assert not notes(quick(target="amount", exclude=["kind"], encoders="auto"))
    with pytest.raises(CheckpointError, match="no tabular foundation model of numbers"):
        quick(target="amount", exclude=["kind"], encoders={"table": str(folder)})
    with pytest.raises(UsageError, match="no such checkpoint folder"):
        quick(encoders={"table": "./not-there"})


def test_more_classes_than_it_can_tell_are_said(tmp_path):
    save(tmp_path / "models" / "icl", max_classes=2)
    data = [{**row, "kind": f"{row['kind']} {i % 2}"} for i, row in enumerate(rows())]
    (note,) = notes(quick(data, encoders="auto"))
    assert "it tells at most 2 classes apart, and there are 4" in note


def test_nothing_is_opened_where_it_would_not_be_measured(monkeypatch):
    from plait.fitting.candidates import table_models

    monkeypatch.setattr(table_models, "find_encoders", None)
    assert not notes(quick(encoders="auto", baselines=("linear",)))


def test_a_named_one_without_its_package_is_refused_before_anything_is_measured(
    folder, monkeypatch
):
    monkeypatch.setitem(sys.modules, "tabicl", None)
    with pytest.raises(ExtraError, match="needs the extra 'tabular'"):
        quick(encoders={"table": str(folder)})
    assert not notes(quick(encoders="auto"))
