"""The label curve: nested draws, no test row learned from, bounded time, and true to its points."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import plait
from plait.baselines.linear import Linear
from plait.fitting import learn
from plait.fitting.candidates import label_bench, label_curve
from plait.fitting.candidates.label_counts import label_counts, labels_needed, nested_order
from plait.fitting.candidates.label_curve import curve_seconds, measure_label_curve, told
from plait.fitting.setup.problem import make_problem
from plait.modalities.forms import CLASSES, LABELS, NUMBER
from plait.networks.config import SystemConfig
from plait.progress import SILENT

pytest.importorskip("sklearn")

NUM, WIDTH = 240, 24


def cells(numbers=False):
    """Rows whose `raw` vector tells the answer faintly, and whose `hint` says it outright."""
    rng = np.random.default_rng(3)
    answer = np.arange(NUM) % 3
    raw = rng.normal(size=(NUM, WIDTH))
    raw[np.arange(NUM), answer] += 2.0
    hint = np.eye(3)[answer] + 0.1 * rng.normal(size=(NUM, 3))
    goal = hint @ [0.0, 5.0, 9.0] if numbers else [("red", "green", "blue")[i] for i in answer]
    rows = zip(raw, hint, goal, strict=True)
    return [{"raw": r.tolist(), "hint": h.tolist(), "goal": g} for r, h, g in rows]


def problem_of(rows, derived="hint", **changes):
    """A problem in which column `hint` is the derived column of `raw` that something else made."""
    columns = {"raw": "vector", "hint": "vector"}
    goal = rows[0]["goal"]
    columns["goal"] = "category" if isinstance(goal, str) else "number"
    problem = make_problem(
        plait.read(rows, columns=columns), target="goal", exclude=(), seed=0, progress=SILENT,
    )  # fmt: skip
    codecs, columns = dict(problem.codecs), dict(problem.prepared.columns)
    codecs[derived], columns[derived] = codecs.pop("hint"), columns.pop("hint")
    changes = {
        "input_columns": {"raw": ("raw", derived)},
        "codecs": codecs,
        "prepared": type(problem.prepared)(columns, NUM),
        "derived_columns": (SimpleNamespace(column=derived, input_column="raw"),),
        **changes,
    }
    return replace(problem, **changes)


@pytest.fixture(scope="module")
def problem():
    return problem_of(cells())


@pytest.fixture(scope="module")
def record(problem):
    return measure_label_curve(problem, seed=0, seconds=None)


def line(record, number):
    names = list(dict.fromkeys(p["name"] for p in record["points"]))
    return [p for p in record["points"] if p["name"] == names[number]]


def without_time(record):
    return {name: value for name, value in record.items() if name != "seconds"}


class Spy(Linear):
    """Keeps which rows it learned from."""

    learned: list[np.ndarray] = []
    told: list[tuple[np.ndarray, np.ndarray]] = []

    def fit(self, rows, **settings):
        self.learned.append(rows.matrices.rows)
        self.told.append((rows.groups, rows.weights))
        super().fit(rows, **settings)


@pytest.fixture
def learned(monkeypatch):
    Spy.learned, Spy.told = [], []
    monkeypatch.setattr(label_curve, "Linear", Spy)
    return Spy.learned


def test_a_derived_column_that_knows_the_answer_lies_above(problem, record):
    own, other = line(record, 0), line(record, 1)
    assert [p["labels"] for p in own] == [p["labels"] for p in other]
    assert own[-1]["labels"] == len(problem.splits.train)
    assert all(b["value"] > a["value"] for a, b in zip(own, other, strict=True))
    assert other[-1]["value"] == 1.0 and own[0]["value"] < 0.7 < own[-1]["value"]
    assert record["metric"] == "accuracy" and not record["lower_is_better"]
    assert record["labels_saved"] > 3
    assert record["needed"][0] / record["needed"][1] == pytest.approx(record["labels_saved"])
    assert f"{record['labels_saved']:.1f} times fewer" in record["said"]
    assert record["rows"] == len(problem.judged)


def test_points_are_means_of_draws_between_their_ends(record):
    for point in record["points"][:-1]:
        if point["draws"] == 1:
            assert point["interval"] is None
            continue
        low, high = point["interval"]
        assert point["draws"] == label_curve.NUM_DRAWS and low <= point["value"] <= high
    assert [p["draws"] for p in line(record, 0)][-1] == 1


def test_the_record_is_json_and_the_same_again(problem, record):
    json.dumps(record, allow_nan=False)
    again = measure_label_curve(problem, seed=0, seconds=None)
    assert without_time(again) == without_time(record)
    other = measure_label_curve(problem, seed=1, seconds=None)
    assert line(other, 0)[:-1] != line(record, 0)[:-1]


def test_no_judged_or_held_out_row_is_learned_from(problem, learned):
    measure_label_curve(problem, seed=0, seconds=None)
    rows = np.unique(np.concatenate(learned))
    np.testing.assert_array_equal(rows, np.sort(problem.splits.train))
    assert not np.intersect1d(rows, problem.splits.test).size


def test_groups_and_weights_go_with_the_rows(problem, learned):
    groups = np.arange(NUM, dtype=np.int32) // 4
    weights = np.linspace(0.5, 1.5, NUM, dtype=np.float32)
    measure_label_curve(replace(problem, groups=groups, weights=weights), seed=0, seconds=None)
    for rows, (told_groups, told_weights) in zip(learned, Spy.told, strict=True):
        np.testing.assert_array_equal(told_groups, groups[rows])
        np.testing.assert_array_equal(told_weights, weights[rows])


def test_without_a_test_the_judged_validation_rows_choose_nothing(problem, learned, monkeypatch):
    splits = replace(problem.splits, test=problem.splits.test[:0])
    monkeypatch.setattr(label_bench.Bench, "best", lambda bench, ways: _no_held(bench, ways))
    found = measure_label_curve(replace(problem, splits=splits), seed=0, seconds=None)
    assert found["learner"] == "linear on all columns"
    assert found["rows"] == len(problem.splits.validation)
    assert not np.intersect1d(np.concatenate(learned), problem.splits.validation).size


def _no_held(bench, ways):
    assert bench.held is None and not bench.costs
    return ways[0]


def test_changed_test_answers_change_only_the_scores(problem, record, learned):
    truth = problem.truth.copy()
    truth[problem.splits.test] = (truth[problem.splits.test] + 1) % 3
    found = measure_label_curve(replace(problem, truth=truth), seed=0, seconds=None)
    assert found["learner"] == record["learner"]
    assert line(found, 1)[-1]["value"] == 0.0


def test_every_draw_is_nested(problem, learned):
    measure_label_curve(problem, seed=0, seconds=None)
    keys = CLASSES.strata(problem.truth)
    assert len(learned) == 15 + 2 * 8
    by_draw = [learned[:15:3], learned[15:23:2], learned[23::2]]
    for draw in by_draw:
        for few, many in zip(draw, draw[1:], strict=False):
            assert len(few) < len(many) and not np.setdiff1d(few, many).size
        assert all(len(np.unique(keys[rows])) == 3 for rows in draw)


def test_a_derived_column_without_content_saves_nothing():
    rows = cells()
    noise = np.random.default_rng(5).normal(size=(NUM, 3))
    found = measure_label_curve(
        problem_of([{**row, "hint": n.tolist()} for row, n in zip(rows, noise, strict=True)]),
        seed=0, seconds=None,
    )  # fmt: skip
    saved = found["labels_saved"]
    assert saved is None or saved < 2
    assert "more than" in found["said"] or "labels do what" in found["said"]


def test_numbers_are_judged_by_their_error():
    found = measure_label_curve(problem_of(cells(numbers=True)), seed=0, seconds=None)
    own, other = line(found, 0), line(found, 1)
    assert found["metric"] == "rmse" and found["lower_is_better"]
    assert own[0]["value"] > own[-1]["value"] > other[-1]["value"]
    assert found["labels_saved"] > 3


def test_a_shared_space_adds_prototypes_and_its_name(learned, monkeypatch):
    tried = []
    monkeypatch.setattr(
        label_bench.Bench, "best", lambda bench, ways: tried.extend(w.name for w in ways) or ways[2]
    )
    found = measure_label_curve(problem_of(cells(), derived="raw~space"), seed=0, seconds=None)
    assert tried[2] == found["learner"] == "prototypes of the shared space"
    assert line(found, 1)[0]["name"] == "with the shared space"
    assert found["columns"] == ["raw~space"] and line(found, 1)[-1]["value"] > 0.9


def test_nothing_is_measured_without_a_derived_column_or_rows(problem):
    assert measure_label_curve(replace(problem, derived_columns=()), seed=0, seconds=None) == {}
    few = replace(problem.splits, train=problem.splits.train[:8])
    assert measure_label_curve(replace(problem, splits=few), seed=0, seconds=None) == {}
    none = replace(problem.splits, test=few.test[:0], validation=few.test[:0])
    assert measure_label_curve(replace(problem, splits=none), seed=0, seconds=None) == {}


class Clock:
    """A `time.monotonic` whose hand only base models move: a hundredth of a second per label."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        real = Linear.fit
        monkeypatch.setattr(Linear, "fit", lambda *args, **kw: self._fit(real, *args, **kw))

    def _fit(self, real, base_model, rows, **settings):
        self.now += 0.01 * len(rows)
        real(base_model, rows, **settings | {"deadline": None})


def test_late_points_are_left_out(problem, record, monkeypatch):
    clock = Clock(monkeypatch)
    found = measure_label_curve(problem, seed=0, seconds=4.0)
    whole = [p["labels"] for p in line(record, 0)]
    kept = [p["labels"] for p in line(found, 0)]
    assert 2 <= len(kept) < len(whole) and kept == whole[: len(kept)]
    assert [p["labels"] for p in line(found, 1)] == kept
    assert clock.now < 4.5
    assert measure_label_curve(problem, seed=0, seconds=0.0) == {}
    assert measure_label_curve(problem, seed=0, seconds=0.2) == {}


def test_features_that_take_too_long_are_made_of_fewer_rows(problem, monkeypatch):
    shares = []
    monkeypatch.setattr(label_curve, "LEAST_JUDGED", 5)
    monkeypatch.setattr(label_curve, "_share_in_time", lambda *args: shares.append(1) or 0.5)
    found = measure_label_curve(problem, seed=0, seconds=None)
    assert found["rows"] == len(problem.judged) // 2 and shares == [1]
    assert line(found, 0)[-1]["labels"] == len(problem.splits.train) // 2
    monkeypatch.setattr(label_curve, "LEAST_JUDGED", 100)
    assert measure_label_curve(problem, seed=0, seconds=None) == {}


def test_at_most_so_many_rows(problem, learned, monkeypatch):
    monkeypatch.setattr(label_curve, "MAX_ROWS", 30)
    monkeypatch.setattr(label_curve, "LEAST_JUDGED", 5)
    found = measure_label_curve(problem, seed=0, seconds=None)
    assert line(found, 0)[-1]["labels"] == found["rows"] == 30
    counts = np.unique(problem.truth[learned[-1]], return_counts=True)[1]
    assert len(counts) == 3 and max(map(len, learned)) == 30


def test_the_time_is_a_part_of_the_budget():
    assert curve_seconds(40.0) == pytest.approx(2.0)
    assert curve_seconds(1e9) == label_curve.MAX_SECONDS
    assert curve_seconds(None) is None  # of steps: no clock decides


def test_the_shipped_model_and_the_note_join_the_metrics(record):
    metrics = {"test": {"metrics": {"accuracy": 0.9}}, "notes": ["one"]}
    found = told(record, metrics, 200)
    shipped = found["label_efficiency"]["shipped"]
    assert shipped == {"name": "shipped model", "labels": 200, "value": 0.9}
    assert found["notes"] == ["one", record["said"]] and metrics["notes"] == ["one"]
    assert told(record, {}, 200)["label_efficiency"]["shipped"] is None
    assert told({}, metrics, 200) == {}


# Numbers of labels


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 9))
def test_every_beginning_of_an_order_is_stratified(keys, seed):
    keys = np.array(keys)
    order = nested_order(keys, seed)
    assert sorted(order) == list(range(len(keys)))
    kinds, counts = np.unique(keys, return_counts=True)
    assert len(np.unique(keys[order[: len(kinds)]])) == len(kinds)
    for num in range(len(kinds), len(keys) + 1):
        taken = np.array([(keys[order[:num]] == kind).sum() for kind in kinds])
        assert (np.abs(taken - num * counts / len(keys)) <= len(kinds) + 1).all()


def test_counts_grow_by_hand():
    assert label_counts(np.arange(1000) % 3) == [8, 20, 50, 100, 200, 500, 1000]
    assert label_counts(np.arange(1000) % 40) == [40, 100, 200, 500, 1000]
    assert label_counts(np.arange(100) % 2) == [8, 20, 50, 100]
    assert label_counts(np.zeros(9, int)) == [8, 9]
    assert label_counts(np.zeros(8, int)) == label_counts(np.arange(50)) == []


def test_keys_of_numbers_are_parts_of_their_order():
    truth = np.array([9.0, 1.0, 5.0, 7.0, 3.0, 3.0, 100.0, -1.0])
    assert NUMBER.strata(truth).tolist() == [6, 1, 4, 5, 2, 3, 7, 0]
    assert LABELS.strata(truth[:, None] > 4).tolist() == [0] * 8
    assert CLASSES.strata(np.array([2, 0])).tolist() == [2, 0]


def test_labels_needed_by_hand():
    points = [(10, 0.5), (100, 0.7), (1000, 0.9)]
    assert labels_needed(points, 0.6, False) == pytest.approx(math.sqrt(1000))
    assert labels_needed(points, 0.9, False) == pytest.approx(1000)
    assert labels_needed(points, 0.4, False) == 10
    assert labels_needed(points, 0.95, False) is None
    errors = [(n, 1 - score) for n, score in points]
    assert labels_needed(errors, 0.4, True) == pytest.approx(math.sqrt(1000))
    assert labels_needed([(10, 0.5), (20, 0.9), (40, 0.2)], 0.9, False) == pytest.approx(20)


def test_a_curve_that_is_flat_is_not_credited_with_labels():
    """Where fewer labels do as well without, those are what is saved from."""
    own = [(10, 0.3), (100, 0.8), (1000, 0.8)]
    assert labels_needed(own, own[-1][1], False) == pytest.approx(100)


@pytest.mark.parametrize(
    ("needed", "at_least", "said"),
    [
        ((100.0, 25.0), False, "with x, 25 labels do what 100 do without: 4.0 times fewer"),
        ((50.0, 5.0), True, "with x, 5 labels do what 50 do without: at least 10.0 times fewer"),
        ((100.0, 99.0), False, "with x, 99 labels do what 100 do without: none are saved"),
        ((50.0, 99.0), False, "with x, 99 labels do what 50 do without: none are saved"),
        ((80.0, None), False,
         "with x, a linear model needs more than 1,000 labels to do as well as without"),
    ],
)  # fmt: skip
def test_the_sentence(needed, at_least, said):
    assert label_curve._sentence("with x", needed, at_least, 1000) == said


# In a fit


def test_a_fit_from_a_base_measures_and_tells_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    columns = {"raw": "vector", "hint": "vector", "goal": "category"}
    settings = {
        "budget": "3 steps", "fusion": "mid", "samples": False,
        "size": SystemConfig(dim=16, depth=1, num_heads=2),
    }  # fmt: skip
    real = learn.measure_base_models
    without = lambda *args, **told: real(*args, **{**told, "enabled": False})  # noqa: E731
    monkeypatch.setattr(learn, "measure_base_models", without)
    table = plait.read(cells()[:90], columns=columns)
    base = plait.fit(table, exclude=["goal"], **settings)
    options = {"base": base, "adapt": "full", "label_curve": True}
    model = plait.fit(table, target="goal", **options, **settings)
    metrics = model.records["metrics"]
    found = metrics["label_efficiency"]
    assert line(found, 1)[0]["name"] == "with the shared space"
    assert found["shipped"]["value"] == metrics["test"]["metrics"]["accuracy"]
    assert found["said"] in model.summary()["notes"] and found["said"] in model.card


def test_vectors_that_know_the_answers_are_not_measured(problem, monkeypatch):
    asked = []
    monkeypatch.setattr(learn, "measure_label_curve", lambda *args, **told: asked.append(1) or {})
    work = SimpleNamespace(
        baselines=True, scores=True, label_curve=True, base=None, seed=0, progress=SILENT,
        budget=SimpleNamespace(timed=True, amount=9.0),
        timetable=SimpleNamespace(left=lambda: 9.0),
    )  # fmt: skip
    learn._label_curve(problem, work)
    assert asked == [1]
    work.base = SimpleNamespace(inputs=("raw", "goal"))
    assert learn._label_curve(problem, work) == {}
    work.base, work.baselines = None, False
    assert learn._label_curve(problem, work) == {} and asked == [1]
    work.baselines, work.label_curve = True, False
    assert learn._label_curve(problem, work) == {} and asked == [1]
