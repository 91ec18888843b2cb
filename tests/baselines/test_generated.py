"""Honest baselines of generated targets: the most typical value, and that of the nearest row."""

from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import make_prepared

from plait.baselines.features import FeatureMap
from plait.baselines.generated import MAX_STORED_BYTES, Nearest, Typical, kinds_of, left_out
from plait.modalities import MetricWord

COLUMNS = ["size", "kind"]


def codec(*, lower=True, extra=()):
    """Raw is a number, said in one part; the headline is how far off it is."""
    off = MetricWord(name="off", says="", lower_is_better=lower)
    sign = 1.0 if lower else -1.0
    return SimpleNamespace(
        words={"off": off},
        baselines=tuple(extra),
        decode=lambda arrays: float(arrays["value"][0]),
        compare=lambda said, true: np.array([abs(said - true)]),
        metrics=lambda compared: {"off": sign * float(np.mean(compared))},
    )


def values(numbers):
    return [{"value": np.array([number], np.float32)} for number in numbers]


def matrices_of(num, groups=None):
    prepared = make_prepared(num)
    matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(num))[1]
    return prepared, matrices if groups is None else matrices.grouped(groups)


@pytest.mark.parametrize("lower", [True, False])
def test_the_typical_value_is_the_medoid_whichever_way_is_better(lower):
    _, matrices = matrices_of(7)
    base_model = Typical()
    base_model.fit(matrices, values([0, 0, 1, 2, 3, 9, 90]), codec(lower=lower), seed=0)
    assert [float(one["value"][0]) for one in base_model.answer(matrices)] == [2.0] * 7


def test_a_row_is_not_answered_by_its_own_group():
    points = np.array([[0.0], [0.1], [5.0], [5.2]], np.float32)
    asked = np.arange(4)
    assert left_out(points, np.array([0, 1, 2, 3]), asked).tolist() == [1, 0, 3, 2]
    assert left_out(points, np.array([0, 0, 1, 1]), asked).tolist() == [2, 2, 1, 1]
    assert left_out(points, np.zeros(4, int), asked).tolist() == [0, 1, 2, 3]


def test_the_nearest_goes_by_the_column_that_tells():
    prepared, matrices = matrices_of(80)
    told = values([float(prepared.columns["size"][row]["value"][0]) for row in range(80)])
    base_model = Nearest()
    base_model.fit(matrices, told, codec(), seed=0)
    assert base_model._columns == ("size",)
    said, true = (
        [float(one["value"][0]) for one in v] for v in (base_model.answer(matrices), told)
    )
    assert np.allclose(said, true, atol=1e-3)  # a stored row is nearest to itself


def test_copies_in_a_group_do_not_make_a_column_look_good():
    """Rows come in pairs of one group and one value: alone they would answer each other."""
    prepared, matrices = matrices_of(80)
    columns = np.repeat(np.arange(40), 2)
    told = values(columns.astype(float) * 37 % 11)
    apart = Nearest()
    apart.fit(matrices.grouped(columns), told, codec(), seed=0)
    points = matrices.only(apart._columns).neighbours
    places = left_out(points, columns, np.arange(80))
    assert (columns[places] != columns).all()


def test_few_values_are_stored_where_they_are_large():
    big = [{"value": np.zeros(MAX_STORED_BYTES // 8 // 4, np.float32)} for _ in range(20)]
    _, matrices = matrices_of(20)
    base_model = Nearest()
    base_model.fit(matrices, big, codec(), seed=0)
    assert len(base_model._values) == 8


@pytest.mark.parametrize("kind", [Typical, Nearest])
def test_what_is_saved_answers_alike(kind, tmp_path):
    _, matrices = matrices_of(20)
    base_model = kind()
    base_model.fit(matrices, values(range(20)), codec(), seed=0)
    base_model.save(tmp_path)
    first, second = base_model.answer(matrices), kind.load(tmp_path).answer(matrices)
    assert [one["value"].tolist() for one in first] == [one["value"].tolist() for one in second]


def test_a_target_may_bring_its_own():
    own = SimpleNamespace(name="own")
    assert list(kinds_of(codec(extra=[own]))) == ["typical", "nearest", "own"]
