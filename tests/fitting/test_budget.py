"""A budget is kept by doing less, and what was not done is said: classes, refits, networks."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.display import model_name
from plait.fitting.candidates import base_model_bench, candidates
from plait.fitting.network import deep, stage
from plait.fitting.setup import cross_fitting
from plait.fitting.setup.deep_plan import Form
from plait.fitting.setup.problem import make_problem
from plait.fitting.setup.stopping import with_stopping
from plait.networks.config import SystemConfig
from plait.progress import SILENT
from plait.recipes.report import write_report

TINY = SystemConfig(dim=16, depth=1, num_heads=2)


def rows(num=120, num_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "size": float(rng.normal() + 3 * (i % num_classes)),
            "weight": float(rng.normal() + (i % num_classes) ** 0.5),
            "patient": f"p{i // 4}",
            "kind": f"k{i % num_classes}",
        }
        for i in range(num)
    ]


def fit(table, budget="3 steps", **settings):
    return plait.fit(
        table, target="kind", exclude=["patient"], budget=budget, size=TINY, fusion="early",
        **settings,
    )  # fmt: skip


def problem_of(table, **settings):
    return make_problem(
        plait.read(table), target="kind", exclude=[], seed=0,
        progress=SILENT, **settings,
    )  # fmt: skip


def names(model):
    return [one["name"] for one in model.records["metrics"]["candidates"]]


def test_more_classes_than_trees_can_take(tmp_path):
    model = fit(rows(800, 400), budget="5s", out=tmp_path / "m.plait")
    assert "boosted" not in names(model) and "majority" in names(model)
    said = " ".join(model.summary()["notes"])
    assert "left out: boosted trees, for at most 300 classes, and there are 400" in said
    assert len(plait.load(tmp_path / "m.plait").predict(rows(4, 400)).columns["prediction"]) == 4


def test_what_needs_too_much_memory_is_left_out(monkeypatch):
    monkeypatch.setattr(candidates, "MAX_BYTES", 100)
    model = fit(rows())
    assert names(model) == ["deep", "majority", "boosted"]
    assert "left out: linear model, needing about " in " ".join(model.summary()["notes"])


def test_a_timed_fit_says_where_its_time_went_and_who_was_complete():
    metrics = fit(rows(), budget="6s").records["metrics"]
    assert {"opening", "loading", "reading", "baselines", "network", "scoring"} <= set(
        metrics["seconds"]
    )
    assert all(isinstance(one["complete"], bool) for one in metrics["candidates"])
    cut = [model_name(one["name"]) for one in metrics["baselines"] if not one["complete"]]
    notes = " ".join(metrics["notes"])
    assert not cut or "cut off by the time: " + ", ".join(cut) in notes


def test_steps_are_never_cut_off_by_a_clock():
    metrics = fit(rows()).records["metrics"]
    assert all(one["complete"] for one in metrics["candidates"])
    assert not any("time" in note for note in metrics["notes"])


def test_without_time_for_a_network_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(stage.NetworkTime, "form", lambda *_: None)
    model = fit(rows(), budget="6s", out=tmp_path / "m.plait")
    assert "deep" not in names(model) and model.summary()["shipped"] != "deep"
    assert any(note.startswith("no network was trained: ") for note in model.summary()["notes"])
    loaded = plait.load(tmp_path / "m.plait")
    assert loaded.evaluate(rows(40, seed=1))["metrics"]["accuracy"] > 0.7
    assert write_report(tmp_path / "m.plait")


def test_a_model_that_is_cut_off_is_shown_as_cut_off(monkeypatch, capsys):
    from plait.cli.fit import show

    monkeypatch.setattr(
        base_model_bench, "was_cut", lambda base_model, _: base_model.name == "linear"
    )
    summary = fit(rows()).summary()
    marked = {one["name"]: one["complete"] for one in summary["baselines"]}
    assert [name for name, complete in marked.items() if not complete] == ["linear"]
    assert "cut off by the time: linear model" in summary["notes"]
    show(summary)
    assert "linear model (cut off by the time)" in capsys.readouterr().out


def test_a_network_by_one_split_is_judged_by_rows_that_it_did_not_learn(monkeypatch, tmp_path):
    learned, real = [], deep.fit_network
    monkeypatch.setattr(stage, "LEAST_SECONDS", 0.0)  # however slow the machine is
    monkeypatch.setattr(stage.NetworkTime, "form", lambda *_: Form.SPLIT)
    monkeypatch.setattr(
        deep, "fit_network", lambda *args: learned.append((args[3], args[4])) or real(*args)
    )
    model = fit(rows(300), budget="3s", out=tmp_path / "m.plait")
    splits, metrics = model.records["splits"], model.records["metrics"]
    every = set(splits["train"]) | set(splits["validation"])
    [(first, _)] = learned
    assert metrics["validation"]["rows"] == len(every) // 4 + 1
    assert len(set(first)) + len(every) // 4 + 1 <= len(every)
    assert any("the time was too short to train one for each fold" in n for n in metrics["notes"])
    loaded = plait.load(tmp_path / "m.plait")
    assert loaded.evaluate(rows(40, seed=1))["metrics"]["accuracy"] > 0.7


@pytest.fixture
def without_folds(monkeypatch):
    monkeypatch.setattr(cross_fitting, "CROSS_FIT_ROWS", 50)


def test_what_ships_learns_from_validation_rows_once_chosen(without_folds):
    model = fit(rows(400))
    metrics = model.records["metrics"]
    simple = sorted(set(metrics["weights"]) - {"deep"})
    assert simple and metrics["refitted"] == simple
    assert any("learned from the validation rows too" in note for note in metrics["notes"])


def test_without_a_test_the_scores_are_of_the_model_before_its_refit(without_folds):
    table = [{**row, "split": "validation" if i % 4 == 3 else "train"}
             for i, row in enumerate(rows(400))]  # fmt: skip
    model = plait.fit(plait.read(table), target="kind", exclude=["patient"], budget="20s",
                      split="split", simple=True)  # fmt: skip
    metrics = model.records["metrics"]
    assert metrics["refitted"]
    held = np.array(model.records["splits"]["validation"])
    again = model.evaluate([table[i] for i in held])["metrics"]["log_loss"]
    assert metrics["test"]["metrics"]["log_loss"] != pytest.approx(again, abs=1e-9)


def test_a_cut_off_refit_is_not_taken(without_folds, monkeypatch):
    from plait.fitting.candidates import refit

    monkeypatch.setattr(refit, "was_cut", lambda *_: True)
    metrics = fit(rows(400)).records["metrics"]
    assert metrics["refitted"] == []
    assert any("no time was left to fit" in note for note in metrics["notes"])


def test_guessing_is_scored_even_where_no_time_is_left(monkeypatch):
    from plait.fitting.records.scoring import Scorer

    monkeypatch.setattr(Scorer, "_left", lambda _: 0.0)
    found = {one["name"]: one["metrics"] for one in fit(rows(400)).records["metrics"]["candidates"]}
    assert "accuracy" in found["majority"]


@pytest.mark.parametrize("from_validation", [False, True])
def test_no_candidate_is_compared_on_rows_that_stop_the_network(from_validation):
    problem = problem_of(rows(1200, 3))
    found = with_stopping(problem, from_validation=from_validation, seed=0)
    whole = problem.splits.validation if from_validation else problem.splits.train
    assert set(found.stopping) < set(whole) and len(found.stopping) >= 20
    assert not set(found.stopping) & set(found.validation)
    assert not set(found.stopping) & set(found.learned)
    others = set(found.groups[found.learned]) | set(found.groups[found.validation])
    assert not others & set(found.groups[found.stopping])
    shares = np.bincount(found.truth[found.stopping]) / len(found.stopping)
    assert shares == pytest.approx(np.full(3, 1 / 3), abs=0.05)


def test_few_rows_are_not_split_further():
    problem = problem_of(rows(60))
    assert not len(with_stopping(problem, from_validation=False, seed=0).stopping)


def test_where_features_are_slow_few_rows_are_not_cross_fitted(monkeypatch):
    from plait.fitting.candidates import base_model_rows as base_models

    monkeypatch.setattr(base_models, "feature_seconds", lambda *_: 1.0)
    metrics = fit(rows(400), budget="6s").records["metrics"]
    assert any("too short to cross-fit" in note for note in metrics["notes"])
    assert metrics["validation"]["rows"] < 100


def test_slow_features_are_timed_on_few_rows(monkeypatch):
    from plait.fitting.candidates import base_model_rows as base_models

    problem, asked, now = problem_of(rows(400)), [], [0.0]
    monkeypatch.setattr(base_models.time, "monotonic", lambda: now[0])
    whole = base_models.FeatureMap.raw

    def slow(features, prepared, some):
        asked.append(len(some))
        now[0] += 0.1 * len(some)
        return whole(features, prepared, some)

    monkeypatch.setattr(base_models.FeatureMap, "raw", slow)
    assert base_models.feature_seconds(problem, problem.splits.train) == pytest.approx(0.1)
    assert asked == [4]
