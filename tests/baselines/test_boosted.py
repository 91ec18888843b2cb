"""Boosted trees: honest on noise however wide, and complete, or shown as cut off, within a time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from simple_tables import make_prepared

from plait.baselines import boosting, rounds
from plait.baselines.base_models import load_base_model
from plait.baselines.boosted import Boosted
from plait.baselines.boosting import LEAST_TRAVEL, Grower
from plait.baselines.contract import Deadline, is_late, part_of, was_cut
from plait.baselines.extract import Plan, RawColumn
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.features import ColumnScale, FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.selection import narrow_width, select_features
from plait.baselines.sparse import SparseRows
from plait.baselines.table_trees import TableTrees
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.forms import CLASSES
from plait.modalities.number.codec import NumberCodec

CODEC = CategoryCodec(labels=("a", "b"))


def matrices_of(**tables: np.ndarray) -> FeatureMatrices:
    """Make the feature matrices of columns whose features are given, dense ``[row, feature]``."""
    raws, scales = {}, {}
    for name, table in tables.items():
        none = SparseRows.stack([(np.zeros(0, np.int32), np.zeros(0, np.float32))] * len(table), 0)
        raws[name] = RawColumn(np.ones(len(table), bool), table.astype(np.float32), none, None)
        plan = Plan(None, np.arange(table.shape[1]), np.zeros(0, np.int64))
        scales[name] = ColumnScale.fit(plan, raws[name])
    rows = np.arange(len(next(iter(tables.values()))))
    return FeatureMatrices(FeatureMap(scales), None, rows, raw=raws)


def table_with_few_good_columns(
    num: int = 600, seed: int = 0
) -> tuple[FeatureMatrices, np.ndarray]:
    """Make numbers that tell the class by a rule that only trees find, beside a block of noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(num, 4))
    truth = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(np.int64)
    return matrices_of(numbers=x, noise=rng.normal(size=(num, 400))), truth


def test_it_claims_nothing_on_noise_wider_than_long():
    hits = []
    for draw in range(3):
        rng = np.random.default_rng(draw)
        matrices = matrices_of(wide=rng.normal(size=(80, 12_000)).astype(np.float32))
        truth = rng.permutation(np.arange(80) % 2)
        base_model = Boosted()
        base_model.fit(LabelledRows(matrices, truth, CODEC), seed=0)
        assert sorted(base_model.held_out.places) == list(range(80))
        hits.append(base_model.held_out.outputs.argmax(1) == truth[base_model.held_out.places])
    error = 0.5 / np.size(hits) ** 0.5
    assert abs(np.mean(hits) - 0.5) < 3 * error


def test_features_are_chosen_by_the_rows_of_the_fold_alone(monkeypatch):
    matrices, truth = table_with_few_good_columns(80)
    seen = []

    def spy(some, targets, room, *, seed):
        seen.append(set(some.rows.tolist()))
        return select_features(some, targets, room, seed=seed)

    monkeypatch.setattr(rounds, "select_features", spy)
    base_model = Boosted()
    base_model.fit(LabelledRows(matrices, truth, CODEC), seed=0)
    assert [len(rows) for rows in seen] == [60] * 4 + [80]
    assert set.intersection(*seen[:4]) == set()


def test_a_single_fold_is_answered_at_the_rounds_of_its_other_half(monkeypatch):
    """Above 3,000 rows there is one fold, and the best of its rounds is known by its own rows."""
    matrices, truth = table_with_few_good_columns(3200)
    grown = []
    whole = Grower.grow

    def grow(grower, *args, **settings):
        one = whole(grower, *args, **settings)
        grown.append((one, settings.get("held", ())))
        return one

    monkeypatch.setattr(Grower, "grow", grow)
    base_model = Boosted()
    base_model.fit(LabelledRows(matrices, truth, CODEC), seed=0)
    one, halves = grown[0]
    assert len(halves) == 2 and len(one.best) == 2
    assert sum(len(half.goal) for half in halves) == len(base_model.held_out.places)
    said = {}
    for half, rounds_of_other in zip(halves, one.best[::-1], strict=True):
        answers = one.booster.predict(half.table, num_iteration=rounds_of_other)
        said |= {row.tobytes(): answer for row, answer in zip(half.table, answers, strict=True)}
    table = base_model._selection.table(matrices.take(base_model.held_out.places))
    expected = np.array([said[row.tobytes()] for row in table])
    np.testing.assert_allclose(base_model.held_out.outputs[:, 1], expected, atol=1e-6)


def test_the_rounds_of_all_parts_together_are_those_of_all_rows():
    matrices, truth = table_with_few_good_columns(400)
    table = matrices.tree
    parts = [np.arange(200, 250), np.arange(250, 400)]
    grower = Grower(CLASSES, 2, 0)
    together, apart = (
        grower.grow(
            table[:200],
            truth[:200],
            [],
            held=[boosting.Judges(table[rows], truth[rows]) for rows in held],
        )
        for held in ([np.arange(200, 400)], parts)
    )
    assert together.best == (together.rounds,) == (apart.rounds,)
    assert len(apart.best) == 2


def test_labels_are_held_out_too():
    from simple_tables import TagCodec

    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    truth, coin = (x[:, 0] > 0).astype(np.int64), rng.permutation(np.arange(300) % 2)
    matrices = matrices_of(numbers=x)
    labels = np.stack([truth, np.zeros_like(truth), coin], 1).astype(np.float32)
    base_model = Boosted()
    base_model.fit(LabelledRows(matrices, labels, TagCodec()), seed=0)
    found = base_model.held_out.outputs
    assert found.shape == (300, 3) and (found[:, 1] == 0).all()
    places = base_model.held_out.places
    right = [(found[:, i] > 0.5) == (said[places] == 1) for i, said in ((0, truth), (2, coin))]
    assert right[0].mean() > 0.9
    assert abs(right[1].mean() - 0.5) < 3 * 0.5 / 300**0.5, "labels that nothing tells"


class SlowRounds:
    """A clock that LightGBM's rounds move on: each takes so many seconds per feature."""

    def __init__(self, monkeypatch, per_feature: float) -> None:
        self.now, self.rounds = 0.0, 0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        whole = Grower.grow

        def grow(grower, table, *args, **settings):
            self.width = table.shape[1]
            return whole(grower, table, *args, **settings)

        def ticking(progress, env):
            self.now += per_feature * self.width
            self.rounds += 1
            return call(progress, env)

        call = boosting._Progress.__call__
        monkeypatch.setattr(Grower, "grow", grow)
        monkeypatch.setattr(boosting._Progress, "__call__", ticking)


def test_in_little_time_it_is_complete_on_the_narrow_columns(monkeypatch):
    matrices, truth = table_with_few_good_columns()
    clock = SlowRounds(monkeypatch, per_feature=0.001)
    base_model = Boosted()
    base_model.fit(LabelledRows(matrices, truth, CODEC), seed=0, deadline=Deadline(2.5))
    assert clock.now < 2.7 and not base_model.cut_short
    assert len(base_model._selection.dense) == narrow_width(matrices) == 4
    right = base_model.held_out.outputs.argmax(1) == truth[base_model.held_out.places]
    assert right.mean() > 0.8


def test_with_time_it_looks_at_wide_columns_and_all_folds(monkeypatch):
    matrices, truth = table_with_few_good_columns(200)
    SlowRounds(monkeypatch, per_feature=1e-6)
    base_model = Boosted()
    base_model.fit(LabelledRows(matrices, truth, CODEC), seed=0, deadline=Deadline(100.0))
    assert not base_model.cut_short and len(base_model._selection.dense) > 100
    assert len(base_model.held_out.places) == 200


def test_what_the_clock_cuts_off_says_so(monkeypatch):
    matrices, truth = table_with_few_good_columns()
    SlowRounds(monkeypatch, per_feature=1.0)
    deadline, base_model = Deadline(20.0), Boosted()
    base_model.fit(LabelledRows(matrices, truth, CODEC), seed=0, deadline=deadline)
    assert base_model.cut_short and was_cut(base_model, deadline)


@pytest.mark.parametrize("rounds_left", [5, 60, 150, 1000])
def test_the_learning_rate_makes_the_rounds_that_there_is_time_for_enough(rounds_left):
    grower = Grower(CLASSES, 2, 0).paced(rounds_left)
    enough = grower.learning_rate * rounds_left >= LEAST_TRAVEL - 1e-6
    assert enough or grower.learning_rate == boosting.MAX_RATE
    assert grower.learning_rate >= Grower(CLASSES, 2, 0).learning_rate


def test_a_saved_one_answers_as_before_though_it_stopped_early(monkeypatch, tmp_path):
    matrices, truth = table_with_few_good_columns()
    SlowRounds(monkeypatch, per_feature=0.01)
    base_model = Boosted()
    base_model.fit(LabelledRows(matrices, truth, CODEC), seed=0, deadline=Deadline(6.0))
    base_model.save(tmp_path)
    np.testing.assert_allclose(
        Boosted.load(tmp_path).outputs(matrices), base_model.outputs(matrices)
    )


def test_numbers_in_a_short_time_beat_their_mean():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 5))
    truth = (np.where(x[:, 0] > 0, x[:, 1], -x[:, 1]) + 0.1 * x[:, 2]).astype(np.float32)
    base_model, codec = Boosted(), NumberCodec().fit(truth.tolist())
    base_model.fit(
        LabelledRows(matrices_of(x=x), truth, codec),
        seed=0,
        deadline=Deadline(time.monotonic() + 60),
    )
    gap = base_model.outputs(matrices_of(x=x))[:, 0] - truth
    assert (gap**2).mean() < 0.2 * truth.var() and not base_model.cut_short


def test_a_deadline_remembers_that_work_was_ended(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 10.0)
    whole = Deadline(20.0)
    part = part_of(whole, 0.5)
    assert part == 15.0 and not is_late(part) and not whole.stopped
    monkeypatch.setattr(time, "monotonic", lambda: 16.0)
    assert is_late(part) and whole.stopped and not is_late(whole)
    assert part_of(18.0, 0.5) == 17.0 and part_of(None, 0.5) is None


def test_a_table_of_wide_columns_alone_keeps_some_features_however_late():
    """With no time for a single round, columns of words still give trees something to see."""
    prepared = make_prepared(200, wide=400)
    _, matrices = FeatureMap.fit(prepared, ["words"], np.arange(200))
    base_model = Boosted()
    truth = (prepared.score > 1).astype(np.int64)
    late = time.monotonic() - 1.0
    base_model.fit(
        LabelledRows(matrices, truth, CategoryCodec(labels=("no", "yes"))), seed=0, deadline=late
    )
    assert np.isfinite(base_model.outputs(matrices)).all()


def test_trees_of_some_columns_see_no_others(tmp_path):
    matrices, truth = table_with_few_good_columns()
    trees = TableTrees(["numbers"])
    trees.fit(LabelledRows(matrices, truth, CODEC), seed=0)
    right = trees.held_out.outputs.argmax(1) == truth[trees.held_out.places]
    assert right.mean() > 0.9 and trees.cut_short is False
    gone = matrices.hide(["noise"])
    np.testing.assert_array_equal(trees.outputs(gone), trees.outputs(matrices))
    trees.save(tmp_path)
    np.testing.assert_allclose(
        load_base_model("trees", tmp_path).outputs(matrices), trees.outputs(matrices)
    )
