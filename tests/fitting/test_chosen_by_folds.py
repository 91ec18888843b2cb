"""The choice is judged on rows that it was not made by: the luckiest of many is not believed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from plait.data.prepared import Prepared
from plait.fitting.choice import chosen_by_folds
from plait.fitting.choice.chosen_by_folds import (
    answers_by_folds,
    choose_and_judge,
    seconds_to_choose,
)
from plait.fitting.choice.comparison import Candidates, choose_candidates
from plait.fitting.setup.timetable import Timetable
from plait.modalities import find_codec

NUM = 60
ROWS = 10 + np.arange(NUM)
CLASSES = find_codec("category")(labels=("a", "b"))


def problem_of(truth, groups=None, codec=CLASSES, weights=None):
    """A problem of 60 rows after ten that nobody asks about, without input columns."""
    before = np.zeros(10, truth.dtype)
    full = SimpleNamespace(present=np.ones(10 + NUM, bool), bad=[])
    return SimpleNamespace(
        truth=np.concatenate([before, truth]),
        groups=np.arange(10 + NUM) if groups is None else np.r_[1000 + np.arange(10), groups],
        weights=weights,
        target_codec=codec,
        input_columns={"x": ("x",)},
        prepared=Prepared({"x": full}, 10 + NUM),
    )


def of_rows(outputs):
    return Candidates(outputs, ROWS, outputs, ROWS)


def by_lot(rng, num_candidates=8):
    """Candidates that know nothing, each sure of what it says."""
    said = rng.random((num_candidates, NUM))
    return {
        f"m{i}": np.stack([1 - one, one], axis=1).astype(np.float32) for i, one in enumerate(said)
    }


def accuracy(problem, outputs):
    return problem.target_codec.metrics(outputs, problem.truth[ROWS])["accuracy"]


@pytest.mark.parametrize("grouped", [False, True])
def test_where_nothing_can_be_known_nothing_is_claimed(grouped):
    rng = np.random.default_rng(0)
    honest, as_chosen = [], []
    for draw in range(24):
        truth = rng.permutation(np.arange(NUM if not grouped else 20) % 2)
        groups = np.repeat(np.arange(20), 3) if grouped else None
        truth = truth if groups is None else truth[groups]
        problem, candidates = problem_of(truth, groups), of_rows(by_lot(rng))
        if grouped:  # what is said of a group is said of all its rows
            first = np.searchsorted(groups, groups)
            candidates = of_rows({n: one[first] for n, one in candidates.outputs.items()})
        weights = choose_candidates(problem, candidates, None).weights
        as_chosen.append(accuracy(problem, candidates.mixed(weights)) - 0.5)
        answers = answers_by_folds(problem, candidates, None, seed=draw)
        honest.append(accuracy(problem, answers) - 0.5)
    assert np.mean(as_chosen) > 0.06  # the luckiest of eight
    assert abs(np.mean(honest)) < 0.04  # balanced classes: a part lacks what the others have


def test_a_candidate_that_knows_is_believed():
    rng = np.random.default_rng(1)
    problem = problem_of(rng.permutation(np.arange(NUM) % 2))
    outputs = by_lot(rng)
    sure = np.where(problem.truth[ROWS][:, None] == [0, 1], 0.9, 0.1).astype(np.float32)
    answers = answers_by_folds(problem, of_rows({**outputs, "knows": sure}), None, seed=0)
    assert accuracy(problem, answers) == 1.0


def test_what_judges_a_row_never_saw_its_group(monkeypatch):
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(20), 3)
    problem = problem_of(np.arange(NUM) % 2, groups)
    seen, real = [], choose_candidates

    def watched(problem, candidates, metric):
        seen.append(set(problem.groups[candidates.rows].tolist()))
        return real(problem, candidates, metric)

    monkeypatch.setattr(chosen_by_folds, "choose_candidates", watched)
    answers_by_folds(problem, of_rows(by_lot(rng)), None, seed=0)
    left_out = [set(range(20)) - one for one in seen]
    assert len(seen) == 5 and set.union(*left_out) == set(range(20))
    assert sum(map(len, left_out)) == 20


def test_intervals_are_those_of_the_other_rows():
    """The members' intervals are far too narrow: those of the answers cover new rows."""
    codec = find_codec("number")()
    rng = np.random.default_rng(3)
    covered = []
    for draw in range(20):
        problem = problem_of(rng.normal(size=NUM), codec=codec)
        narrow = np.tile([0.0, -0.1, 0.0, 0.1], (NUM, 1)).astype(np.float32)
        answers = answers_by_folds(problem, of_rows({"narrow": narrow}), None, seed=draw)
        covered.append(codec.metrics(answers, problem.truth[ROWS])["coverage"])
    assert 0.84 < np.mean(covered) < 0.96


def test_a_network_judged_by_fewer_rows_and_a_diverged_candidate():
    rng = np.random.default_rng(4)
    problem = problem_of(rng.permutation(np.arange(NUM) % 2))
    simple = {**by_lot(rng, 3), "gone": np.full((NUM, 2), np.nan, np.float32)}
    some = np.arange(0, NUM, 3)
    outputs = {"deep": simple["m0"][some], **{name: one[some] for name, one in simple.items()}}
    candidates = Candidates(outputs, ROWS[some], simple, ROWS)
    answers = answers_by_folds(problem, candidates, None, seed=0)
    assert answers.shape == (len(some), 2) and np.isfinite(answers).all()


def test_a_single_group_is_judged_as_it_is():
    rng = np.random.default_rng(5)
    problem = problem_of(np.arange(NUM) % 2, np.zeros(NUM, np.int64))
    answers = answers_by_folds(problem, of_rows(by_lot(rng)), None, seed=0)
    assert np.isfinite(answers).all()


class SlowChoice:
    """A choice that takes a second of a clock that stands still otherwise."""

    def __init__(self, monkeypatch, *, at=0.0):
        self.now = at
        monkeypatch.setattr(chosen_by_folds, "choose_candidates", self)

    def __call__(self, problem, candidates, metric):
        self.now += 1.0
        return choose_candidates(problem, candidates, metric)

    def work(self, seconds=20.0):
        timetable = Timetable(seconds, 0.0, clock=lambda: self.now)
        return SimpleNamespace(timetable=timetable, metric=None, scores=True, seed=0)


def with_test(problem, num_test=0):
    problem.splits = SimpleNamespace(test=np.arange(num_test))
    return problem


def test_time_is_kept_for_choosing_where_no_test_rows_judge(monkeypatch):
    slow = SlowChoice(monkeypatch)
    problem = with_test(problem_of(np.arange(NUM) % 2))
    simple = SimpleNamespace(outputs=by_lot(np.random.default_rng(0)), judged=ROWS)
    assert seconds_to_choose(problem, simple, slow.work()) == 5.0  # a quarter of 20, for 6 s
    assert seconds_to_choose(problem, simple, slow.work(60.0)) == 6.0
    assert seconds_to_choose(with_test(problem, 3), simple, slow.work()) == 0.0
    assert seconds_to_choose(with_test(problem), simple, slow.work(None)) == 0.0


@pytest.mark.parametrize(("at", "judged"), [(12.0, True), (15.5, False)])
def test_the_choice_is_judged_in_what_was_kept_for_it(monkeypatch, at, judged):
    slow = SlowChoice(monkeypatch, at=at)
    problem = with_test(problem_of(np.arange(NUM) % 2))
    candidates = of_rows(by_lot(np.random.default_rng(0)))
    choice, answers = choose_and_judge(problem, candidates, slow.work(), kept=3.0)
    as_chosen = np.array_equal(answers, candidates.mixed(choice.weights))
    assert as_chosen != judged
    assert any("a little too good" in note for note in choice.notes) != judged
