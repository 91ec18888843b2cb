"""Tests of reduced models: any columns suffice, only what pays is kept, saved, loaded the same."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.baselines.base_models import (
    Boosted,
    Linear,
    ProductOfExperts,
    ReducedModel,
    WithReducedModels,
    load_base_model,
)
from plait.baselines.costs import Size, foreseen_seconds
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.reduced_models import (
    columns_of,
    considered,
    input_column_sets,
    present_input_columns,
)
from plait.errors import TargetError
from plait.fitting.candidates.allowance import NOMINAL_SECONDS, Allowance
from plait.fitting.candidates.candidates import allows_product
from plait.fitting.candidates.reduced_model_judges import Judges
from plait.fitting.candidates.reduced_models import ReducedModelFitter, kinds_of
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.forms import CLASSES
from plait.modalities.number.codec import NumberCodec
from plait.types import ArraySpec

COLUMNS = ("left", "right", "noise")
INPUT_COLUMNS = [(name,) for name in COLUMNS]
CODEC = CategoryCodec(labels=("no", "yes"))
NUM_LEARN = 300


@dataclass(frozen=True)
class OneNumber:
    """A modality whose one feature is its value."""

    @property
    def layout(self):
        return {"values": ArraySpec((1,), "float32")}

    def features(self, arrays):
        return arrays["values"]


class Numbers:
    """A prepared column of numbers; NaN where missing."""

    codec = OneNumber()

    def __init__(self, values):
        self.present = ~np.isnan(values)
        self._values = values.astype(np.float32)[:, None]

    def __getitem__(self, row):
        return {"values": self._values[row]} if self.present[row] else None

    def gather(self, rows):
        return SimpleNamespace(parts={"values": self._values[rows]})


def make_table(num_rows=900, seed=0, gaps=0.0):
    """Return columns of which ``left`` alone, or ``right`` alone, tells the class, and the class.

    ``right`` shouts: a model of both listens to it, and is miscalibrated when it falls silent.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, num_rows)
    side = 2.0 * truth - 1
    values = {
        "left": side + 3 + rng.normal(0, 0.5, num_rows),
        "right": 10 * side + rng.normal(0, 2.0, num_rows),
        "noise": rng.normal(0, 1, num_rows),
    }
    for cells in values.values():
        cells[rng.random(num_rows) < gaps] = np.nan
    return SimpleNamespace(columns={n: Numbers(cells) for n, cells in values.items()}), truth


def with_reduced(
    prepared, truth, *, kind=Linear, deadline=None, folds=2, input_columns=INPUT_COLUMNS
):
    """Return the base model of the first rows, with reduced models, all judged by folds."""
    rows = np.arange(NUM_LEARN)
    features, matrices = FeatureMap.fit(prepared, COLUMNS, rows)
    labelled = LabelledRows(matrices, truth[rows], CODEC)
    stages = []
    for fold in range(folds):
        learn, judged = np.flatnonzero(rows % folds != fold), np.flatnonzero(rows % folds == fold)
        part = kind()
        part.fit(labelled.take(learn), seed=0)
        stages.append((part, judged))
    whole = kind()
    whole.fit(labelled, seed=0)
    name = whole.name
    made = ReducedModelFitter(
        input_columns,
        labelled,
        Judges(labelled, {name: stages}, learned=True),
        seed=0,
        kinds=[Linear],
        allowance=Allowance(deadline=deadline),
    ).with_reduced_models({name: whole})
    return features, made[name], whole


def accuracy(outputs, truth):
    return float((outputs.argmax(1) == truth).mean())


@given(seed=st.integers(0, 50), gaps=st.sampled_from([0.0, 0.2]))
@settings(max_examples=3, deadline=None, derandomize=True)
def test_a_hidden_column_costs_no_more_than_a_point_against_a_model_of_the_rest(seed, gaps):
    prepared, truth = make_table(seed=seed, gaps=gaps)
    features, base_model, _ = with_reduced(prepared, truth)
    learned, judged = np.arange(NUM_LEARN), np.arange(NUM_LEARN, 900)
    matrices = features.matrices(prepared, judged)
    for kept in (["left"], ["right"], ["left", "noise"], ["right", "noise"], ["left", "right"]):
        gone = [name for name in COLUMNS if name not in kept]
        peer = Linear()
        peer.fit(
            LabelledRows(features.matrices(prepared, learned).only(kept), truth[learned], CODEC),
            seed=0,
        )
        filled = np.flatnonzero(
            present_input_columns(matrices, [(name,) for name in kept]).all(axis=1)
        )
        mine = accuracy(base_model.outputs(matrices.hide(gone))[filled], truth[judged][filled])
        theirs = accuracy(peer.outputs(matrices.only(kept))[filled], truth[judged][filled])
        assert mine >= theirs - 0.01


def test_whole_rows_are_answered_by_the_whole():
    prepared, truth = make_table()
    features, base_model, whole = with_reduced(prepared, truth)
    matrices = features.matrices(prepared, np.arange(NUM_LEARN, 500))
    assert isinstance(base_model, WithReducedModels) and base_model.routes
    np.testing.assert_array_equal(base_model.outputs(matrices), whole.outputs(matrices))


def test_each_row_is_answered_by_what_its_columns_call_for():
    prepared, truth = make_table()
    features, base_model, whole = with_reduced(prepared, truth)
    matrices = features.matrices(prepared, np.arange(NUM_LEARN, 340))
    alone = matrices.hide(["right", "noise"])
    place = base_model.routes[frozenset({0})]
    chosen = base_model.reduced_models[place]
    assert chosen.input_columns == {0}
    expected = chosen.base_model.outputs(matrices.only(["left"]))
    np.testing.assert_array_equal(base_model.outputs(alone), expected)
    assert np.abs(expected - whole.outputs(alone)).max() > 0.01
    nothing = matrices.hide(COLUMNS)
    np.testing.assert_array_equal(base_model.outputs(nothing), whole.outputs(nothing))


def test_saved_and_loaded_it_answers_the_same(tmp_path):
    prepared, truth = make_table(gaps=0.2)
    features, base_model, _ = with_reduced(prepared, truth)
    assert base_model.routes
    matrices = features.matrices(prepared, np.arange(NUM_LEARN, 500))
    base_model.save(tmp_path)
    again = load_base_model("linear", tmp_path)
    assert isinstance(again, WithReducedModels) and again.whole.name == "linear"
    assert again.routes == base_model.routes
    np.testing.assert_array_equal(again.outputs(matrices), base_model.outputs(matrices))


def test_trees_with_reduced_models_of_two_kinds_are_saved_and_loaded(tmp_path):
    prepared, truth = make_table(120, gaps=0.2)
    features, matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(120))
    parts = {
        "whole": (Boosted(), COLUMNS),
        "left": (Boosted(), ["left"]),
        "right": (Linear(), ["right"]),
    }
    for base_model, columns in parts.values():
        base_model.fit(
            LabelledRows(matrices.only(columns), truth, CODEC),
            seed=0,
            deadline=time.monotonic() + 0.1,
        )
    reduced_models = [
        ReducedModel(frozenset({place}), parts[name][0])
        for place, name in enumerate(["left", "right"])
    ]
    routes = {frozenset({0}): 0, frozenset({0, 2}): 0, frozenset({1}): 1}
    made = WithReducedModels(parts["whole"][0], INPUT_COLUMNS, reduced_models, routes)
    made.save(tmp_path)
    again = load_base_model("boosted", tmp_path)
    np.testing.assert_array_equal(again.outputs(matrices), made.outputs(matrices))
    left = matrices.hide(["right", "noise"])
    np.testing.assert_array_equal(
        again.outputs(left)[left.raw["left"].present],
        parts["left"][0].outputs(left.only(["left"]))[left.raw["left"].present],
    )


def test_fitting_again_forgets_the_reduced_models():
    prepared, truth = make_table()
    features, base_model, whole = with_reduced(prepared, truth)
    matrices = features.matrices(prepared, np.arange(100))
    base_model.fit(LabelledRows(matrices, truth[:100], CODEC), seed=0)
    assert not base_model.routes and not base_model.reduced_models
    np.testing.assert_array_equal(base_model.outputs(matrices), whole.outputs(matrices))


def test_late_sets_get_no_reduced_model():
    prepared, truth = make_table()
    _, base_model, whole = with_reduced(prepared, truth, deadline=time.monotonic() - 1)
    assert base_model is whole


def test_what_does_not_pay_is_left_out():
    prepared, truth = make_table()

    class Knowing(Linear):
        """A whole that answers rightly whatever is hidden."""

        def outputs(self, matrices):
            return np.eye(2, dtype=np.float32)[truth[matrices.rows]] * 0.9999 + 0.00005

    _, base_model, _ = with_reduced(prepared, truth, kind=Knowing)
    assert frozenset({2}) not in getattr(base_model, "routes", {})
    _, honest, _ = with_reduced(prepared, truth)
    assert frozenset({2}) in honest.routes


def test_reduced_models_claim_nothing_on_noise():
    """On few rows settings chosen by the rows that judge look better than they are."""
    gaps = []
    for draw in range(12):
        prepared, _ = make_table(60, seed=draw)
        truth = np.random.default_rng([1, draw]).integers(0, 2, 1000)
        _, matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(60))
        stages = [(None, np.flatnonzero(np.arange(60) % 4 == fold)) for fold in range(4)]
        rows = LabelledRows(matrices, truth[:60], CODEC)
        judges = Judges(rows, {"linear": stages}, learned=True)
        made = ReducedModelFitter(
            INPUT_COLUMNS, rows, judges, seed=0, kinds=[Linear], allowance=Allowance()
        )
        made._add(frozenset({0, 1}), None)
        held = made._found[0].held_out
        assert sorted(held.places) == list(range(60))
        gaps.append(CODEC.cost(held.outputs, truth[held.places]).mean() - np.log(2))
    assert np.mean(gaps) > -2 * np.std(gaps) / len(gaps) ** 0.5


def test_a_fold_is_judged_by_reduced_models_that_did_not_learn_it():
    prepared, truth = make_table(NUM_LEARN)
    _, matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(NUM_LEARN))
    folds = np.arange(NUM_LEARN) % 3
    known = np.where(np.arange(NUM_LEARN) < 5, -1, truth)
    rows = LabelledRows(matrices, known, CODEC)
    stages = [(None, np.flatnonzero(folds == fold)) for fold in range(3)]
    judges = Judges(rows, {"linear": stages}, learned=True)
    made = ReducedModelFitter(
        INPUT_COLUMNS, rows, judges, seed=0, kinds=[Linear], allowance=Allowance()
    )
    made._add(frozenset({0}), None)
    held = made._found[0].held_out
    assert sorted(held.places) == list(range(5, NUM_LEARN))
    for fold in range(3):
        learn = np.flatnonzero((folds != fold) & (known >= 0))
        peer = Linear()
        peer.fit(rows.take(learn).only(["left"]), seed=0)
        mine = folds[held.places] == fold
        expected = peer.outputs(matrices.take(held.places[mine]).only(["left"]))
        np.testing.assert_allclose(held.outputs[mine], expected, atol=1e-6)


def test_rows_judge_reduced_models_by_their_weights(monkeypatch):
    """Right on most rows, but badly wrong on those that count."""
    prepared, truth = make_table(120)
    _, matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(120))
    light = np.arange(120) < 80
    undecided = np.full((120, 2), 0.5, np.float32)
    monkeypatch.setattr(Judges, "hidden", lambda *_: undecided)
    routes = []
    for weights in (None, np.where(light, 0.1, 2.8).astype(np.float32)):
        judged = LabelledRows(matrices.weighted(weights), truth, CODEC)
        judges = Judges(judged, {"linear": [(Linear(), np.arange(120))]}, learned=True)
        made = ReducedModelFitter(
            INPUT_COLUMNS, judged, judges, seed=0, kinds=[], allowance=Allowance()
        )
        made._found = [ReducedModel(frozenset({0}), Linear())]
        made._costs = [np.where(light, 0.1, 2.0)]
        routes.append(made._best("linear", frozenset({0}), np.arange(120)))
    assert routes == [0, None]


def test_rows_that_have_just_a_set_judge_it_alone():
    prepared, truth = make_table(gaps=0.3)
    matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(900))[1]
    rows = LabelledRows(matrices, truth, CODEC)
    judge = ReducedModelFitter(
        INPUT_COLUMNS,
        rows,
        Judges(rows, {}, learned=True),
        seed=0,
        kinds=[],
        allowance=Allowance(),
    )
    present = present_input_columns(matrices, INPUT_COLUMNS)
    both = judge._judges_of(frozenset({0, 1}))
    assert len(both) >= 100
    assert (present[both] == [True, True, False]).all()


def test_an_input_column_of_several_columns_is_there_when_one_of_them_is():
    prepared, _ = make_table(gaps=0.4)
    matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(900))[1]
    input_columns = [("left", "noise"), ("right",)]
    expected = prepared.columns["left"].present | prepared.columns["noise"].present
    np.testing.assert_array_equal(present_input_columns(matrices, input_columns)[:, 0], expected)
    sets, which = input_column_sets(matrices, input_columns)
    assert {frozenset(), frozenset({0}), frozenset({1}), frozenset({0, 1})} == set(sets)
    assert sets[which[0]] == frozenset(
        np.flatnonzero(present_input_columns(matrices, input_columns)[0]).tolist()
    )
    assert columns_of(input_columns, frozenset({1, 0})) == ["left", "noise", "right"]


def test_the_sets_considered():
    whole = np.ones((10, 3), bool)
    singles, pairs = [{0}, {1}, {2}], [{1, 2}, {0, 2}, {0, 1}]
    assert considered(whole) == [*singles, *pairs]
    assert considered(np.ones((10, 1), bool)) == [] == considered(np.ones((10, 9), bool))
    assert considered(np.ones((10, 2), bool)) == [{0}, {1}]
    some = np.ones((200, 6), bool)
    some[:5, :3] = False
    some[5, :2] = False
    found = considered(some)
    assert len(found) == 13 and found[-1] == {3, 4, 5}


def test_without_a_time_no_clock_decides_how_many_sets_have_reduced_models(monkeypatch):
    size = Size(
        rows=2000, judged=2000, dense=3, sparse=0.0, width=3, narrow=3, outputs=2,
        form=CLASSES, seconds=1.0,
    )  # fmt: skip
    slow = Allowance.foreseen(["linear", "neighbour"], size, 4.0)
    fast = Allowance.foreseen(["linear", "neighbour"], replace(size, seconds=1e-12), 4.0)
    assert slow == fast and slow.deadline is None
    one = 4.0 * foreseen_seconds("linear", replace(size, seconds=NOMINAL_SECONDS))
    assert slow.costs["linear"] == pytest.approx(one)
    few = Allowance(work=2.2, costs={"linear": 1.0})
    assert [few.admits(["linear"], 1.0) for _ in range(4)] == [True, True, True, False]
    assert [Allowance().admits(["linear"], 1.0) for _ in range(99)] == [True] * 99
    ticks = itertools.count(step=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    prepared, truth = make_table()
    _, base_model, _ = with_reduced(prepared, truth)
    assert len(base_model.routes) == 6


def test_kinds():
    assert kinds_of({"majority": 1.0}) == []
    assert kinds_of({"linear": 1.0, "boosted": 2.0}) == [Linear]
    assert kinds_of({"linear": 2.0, "boosted": 1.0}) == [Linear, Boosted]


def test_a_reduced_model_tells_its_input_columns():
    one = ReducedModel(frozenset({1}), Linear())
    assert one.input_columns == {1} and one.base_model.name == "linear"


def test_a_product_leaves_out_what_a_row_lacks(tmp_path):
    prepared, truth = make_table(gaps=0.2)
    rows, judged = np.arange(NUM_LEARN), np.arange(NUM_LEARN, 900)
    features, matrices = FeatureMap.fit(prepared, COLUMNS, rows)
    product = ProductOfExperts(INPUT_COLUMNS)
    product.fit(LabelledRows(matrices, truth[rows], CODEC), seed=0)
    matrices = features.matrices(prepared, judged)
    for kept in (["left"], ["right"], ["left", "noise"], ["left", "right"]):
        peer = Linear()
        seen = features.matrices(prepared, rows).only(kept)
        peer.fit(LabelledRows(seen, truth[rows], CODEC), seed=0)
        filled = np.flatnonzero(
            present_input_columns(matrices, [(name,) for name in kept]).all(axis=1)
        )
        hidden = matrices.hide([name for name in COLUMNS if name not in kept])
        mine = accuracy(product.outputs(hidden)[filled], truth[judged][filled])
        assert (
            mine
            >= accuracy(peer.outputs(matrices.only(kept))[filled], truth[judged][filled]) - 0.01
        )
    nothing = product.outputs(matrices.hide(COLUMNS))
    shares = (np.bincount(truth[rows]) + 1) / (NUM_LEARN + 2)
    np.testing.assert_allclose(nothing, np.tile(shares, (len(matrices), 1)), atol=1e-5)
    product.save(tmp_path)
    np.testing.assert_array_equal(
        load_base_model("product_of_experts", tmp_path).outputs(matrices), product.outputs(matrices)
    )


def test_a_product_adds_evidence_by_hand():
    prior = np.log(np.array([0.5, 0.5]))
    told = np.log(np.array([[0.9, 0.1]])) - prior
    product = ProductOfExperts(INPUT_COLUMNS)
    product._prior, product._input_columns = prior, [["left"], ["right"]]
    product._sets, product._weights = [frozenset()], np.array([[1.0, 0.5]], np.float32)
    told_by = SimpleNamespace(outputs=lambda matrices: np.array([[0.9, 0.1]]))
    product._members = [
        SimpleNamespace(input_column=input_column, base_model=told_by) for input_column in (0, 1)
    ]
    prepared, _ = make_table(1)
    matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(1))[1]
    expected = np.exp(prior + 1.5 * told)
    np.testing.assert_allclose(product.outputs(matrices), expected / expected.sum(), atol=1e-6)


def test_neighbours_join_a_product_where_they_see_more_than_a_line():
    """A class around another: near rows tell it, a straight line does not."""
    rng = np.random.default_rng(0)
    values = {"left": rng.uniform(-3, 3, 600), "right": rng.normal(size=600)}
    truth = (np.abs(values["left"]) > 1.5).astype(np.int64)
    prepared = SimpleNamespace(columns={name: Numbers(cells) for name, cells in values.items()})
    features, matrices = FeatureMap.fit(prepared, list(values), np.arange(NUM_LEARN))
    product = ProductOfExperts([("left",), ("right",)])
    product.fit(LabelledRows(matrices, truth[:NUM_LEARN], CODEC), seed=0)
    judged = np.arange(NUM_LEARN, 600)
    assert accuracy(product.outputs(features.matrices(prepared, judged)), truth[judged]) > 0.95
    line = Linear()
    line.fit(LabelledRows(matrices, truth[:NUM_LEARN], CODEC), seed=0)
    assert accuracy(line.outputs(features.matrices(prepared, judged)), truth[judged]) < 0.7


def test_a_product_is_for_classes():
    prepared, truth = make_table(30)
    matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(30))[1]
    with pytest.raises(TargetError, match="product of experts cannot learn"):
        ProductOfExperts(INPUT_COLUMNS).fit(
            LabelledRows(matrices, truth.astype(np.float32), NumberCodec().fit([1.0, 2.0])), seed=0
        )
    assert allows_product(CLASSES, INPUT_COLUMNS) and not allows_product(
        NumberCodec.form, INPUT_COLUMNS
    )
    assert not allows_product(CLASSES, INPUT_COLUMNS[:1]) and not allows_product(
        CLASSES, INPUT_COLUMNS * 3
    )
