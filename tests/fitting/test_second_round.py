"""Time that is left over goes to what was cut short or left out, the worthiest first."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from plait.fitting.candidates import second_round
from plait.fitting.candidates.base_model_bench import Measured
from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.candidates.second_round import measure_again, seconds_needed, why_unused
from plait.fitting.setup.deep_plan import DeepResult
from plait.fitting.setup.timetable import Timetable
from plait.progress import SILENT

TRUTH = np.zeros(4)
PROBLEM = SimpleNamespace(
    truth=TRUTH,
    target_codec=SimpleNamespace(cost=lambda outputs, truth: (outputs[:, 0] - truth) ** 2),
)


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def measured(error=1.0, seconds=2.0, cut=False):
    outputs = np.full((4, 1), error)
    return Measured(object(), outputs, [], seconds, 0.001, cut)


class Bench:
    """Gives what it was told, after the seconds that this takes, or at the deadline."""

    matrices, features, runs = None, None, 5

    def __init__(self, clock, results):
        self.clock, self.results, self.asked = clock, results, []

    def foreseen(self, names, end):
        return {name: FORESEEN[name] for name in names}

    def judges(self, stages):
        return None

    def measure(self, kind, deadline):
        name = kind
        needed, result = self.results[name]
        self.asked.append((name, round(deadline - self.clock.now, 6)))
        self.clock.now += min(needed, deadline - self.clock.now)
        return result


FORESEEN = {"product_of_experts": 4.0, "boosted": 1.0, "linear": 2.0, "neighbour": 6.0}


@pytest.fixture
def foreseen(monkeypatch):
    monkeypatch.setattr(second_round, "with_reduced_models", lambda base_models, *_: base_models)


def base_models_of(clock, results, found, left_out):
    names = ["majority", "neighbour", "product_of_experts", "linear", "boosted"]
    bench = Bench(clock, results)
    empty = BaseModels(kinds={n: n for n in names}, judged=np.arange(4), bench=bench)
    return empty.with_found({"majority": measured(9.0), **found}, left_out), bench


def again(base_models, seconds, clock):
    return measure_again(PROBLEM, base_models, seconds, seed=0, progress=SILENT, clock=clock)


def test_what_was_cut_short_and_left_out_is_measured_in_the_time_that_is_left(foreseen):
    clock = Clock()
    base_models, bench = base_models_of(
        clock,
        {"boosted": (3.0, measured(0.5, 3.0)), "product_of_experts": (4.0, measured(0.2, 4.0))},
        {"linear": measured(), "boosted": measured(cut=True)},
        {"product_of_experts": 4.0},
    )
    assert base_models.cut_short == {"boosted"}
    assert base_models.said == (
        "cut off by the time: boosted trees",
        "not measured: product of experts, which would take about 4.0 s",
    )
    found = again(base_models, 20.0, clock)
    assert [name for name, _ in bench.asked] == ["boosted", "product_of_experts"]
    assert found.said == () and set(found.outputs) == {
        "majority",
        "product_of_experts",
        "linear",
        "boosted",
    }
    assert found.fitted["linear"] is base_models.fitted["linear"]
    assert found.fitted["boosted"] is not base_models.fitted["boosted"]
    assert clock.now - 50.0 <= 20.0


def test_a_linear_model_is_begun_where_nothing_else_fits_and_no_folds_need_it(foreseen):
    clock = Clock()
    result = {"linear": (9.0, measured(0.3, 9.0, cut=True))}
    base_models, bench = base_models_of(
        clock, result, {}, {"linear": 9.0, "product_of_experts": 9.0}
    )
    assert again(base_models, 6.0, clock) is base_models and not bench.asked
    bench.runs = 1
    assert again(base_models, 0.5, clock) is base_models and not bench.asked
    found = again(base_models, 6.0, clock)
    assert bench.asked == [("linear", 4.5)] and found.cut_short == {"linear"}
    assert found.left_out == {"product_of_experts": 9.0}


def test_only_what_is_foreseen_to_end_is_begun(foreseen):
    clock = Clock()
    base_models, bench = base_models_of(
        clock, {}, {"boosted": measured(seconds=8.0, cut=True)}, {"product_of_experts": 30.0}
    )
    assert seconds_needed(base_models) == {"boosted": 12.0, "product_of_experts": 30.0}
    assert again(base_models, 12.0, clock) is base_models and bench.asked == []


def test_what_is_cut_short_again_is_taken_only_where_it_is_better(foreseen):
    clock = Clock()
    before = {"boosted": measured(0.5, 2.0, cut=True), "linear": measured(0.5, 2.0, cut=True)}
    results = {
        "boosted": (99.0, measured(0.6, 9.0, cut=True)),
        "linear": (99.0, measured(0.4, 9.0, cut=True)),
    }
    base_models, bench = base_models_of(clock, results, before, {})
    found = again(base_models, 20.0, clock)
    assert found.outputs["boosted"][0, 0] == 0.5 and found.outputs["linear"][0, 0] == 0.4
    assert found.cut_short == {"boosted", "linear"} and len(bench.asked) == 2
    assert clock.now - 50.0 <= 15.0 + 1e-6


def test_one_that_would_take_far_longer_is_told_as_such(foreseen):
    clock = Clock()
    base_models, _ = base_models_of(
        clock,
        {"product_of_experts": (2.0, 40.0)},
        {"linear": measured()},
        {"product_of_experts": 4.0},
    )
    assert again(base_models, 20.0, clock).left_out == {"product_of_experts": 40.0}


def test_where_time_is_free_nothing_is_measured_again(foreseen):
    base_models, bench = base_models_of(
        Clock(), {}, {"linear": measured()}, {"product_of_experts": 1.0}
    )
    assert again(base_models, None, Clock()) is base_models and bench.asked == []


def unused(clock, found, left_out, deep):
    base_models, _ = base_models_of(clock, {}, found, left_out)
    return why_unused(base_models, deep, Timetable(100.0, 50.0, clock=clock))


def test_a_fit_that_ends_early_says_why(foreseen):
    clock, none = Clock(), DeepResult.none(np.arange(4), {"linear": np.zeros((4, 1))}, "")
    clock.now = 90.0
    (said,) = unused(clock, {"linear": measured()}, {"product_of_experts": 80.0}, none)
    assert said.startswith("57 of the 100 s were not used: what is left to do takes longer: ")
    assert said.endswith(": product of experts (80 s)")
    (said,) = unused(clock, {"linear": measured()}, {}, none)
    assert said.endswith("every simple model is complete")
    clock.now = 140.0
    assert unused(clock, {"linear": measured()}, {}, none) == ()
