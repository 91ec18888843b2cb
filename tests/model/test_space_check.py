"""Whether a space tells rows apart: chance, perfection, ties, few rows, groups, a single column."""

from __future__ import annotations

import numpy as np
import pytest

from plait.model.space_check import SpaceCheck, check_space


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def noise(num_input_columns=2, num=100, dim=8, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(num_input_columns, num, dim)))


def check(vectors, contents=None, present=None, groups=None):
    num_input_columns, num, _ = vectors.shape
    here = np.ones((num_input_columns, num), bool) if present is None else present
    numbers = np.arange(num) if contents is None else contents
    return check_space(vectors, here, {str(s): numbers for s in range(num_input_columns)}, groups)


def test_two_input_columns_that_agree_work():
    one = noise(1)
    found = check(unit(np.concatenate([one, one + 0.1 * noise(1, seed=1)])))
    assert found.works and found.ahead > 0.95 and found.warnings == () == found.notes
    assert found.said.startswith("The space tells rows apart: on 100 rows set aside")


def test_a_weak_but_real_likeness_is_no_collapse():
    one = noise(1, 400)
    found = check(unit(np.concatenate([one, one + 3.0 * noise(1, 400, seed=1)])))
    assert 0.55 < found.ahead < 0.95 and found.low > 0.5 and found.works


def test_vectors_in_one_point_or_of_no_likeness_do_not():
    point = unit(np.ones((2, 100, 8)))
    for vectors, ahead in ((point, 0.5), (noise(), pytest.approx(0.5, abs=0.06))):
        found = check(vectors)
        assert found.ahead == ahead and found.works is False
        [said] = found.warnings
        assert "does not tell rows apart" in said and "50 by chance" in said and "worthless" in said
        assert found.notes == found.warnings


@pytest.mark.parametrize("num_same", [2, 5])
def test_equal_content_is_equally_right_and_chance_stays_chance(num_same):
    means = [
        check(noise(num=100, seed=seed), contents=np.arange(100) // num_same).ahead
        for seed in range(20)
    ]
    assert np.mean(means) == pytest.approx(0.5, abs=0.02)


def test_false_alarms_and_false_comfort_are_rare():
    worthless = [check(noise(num=60, seed=2 * s)).works for s in range(60)]
    assert sum(worthless) <= 5  # 2.5 % on one side of a 95 % interval, and some luck
    one = [noise(1, 60, seed=3 * s) for s in range(60)]
    good = [check(unit(np.concatenate([v, v + noise(1, 60, seed=7 + s)]))).works
            for s, v in enumerate(one)]  # fmt: skip
    assert all(good)


def test_tiny_but_ordered_differences_are_no_collapse():
    one = noise(1)[0]
    near = unit(np.stack([np.ones(8) + 0.001 * one, np.ones(8) + 0.001 * one]))
    found = check(near)
    assert found.works and found.std < 0.1


def test_rows_of_one_group_count_together():
    rng = np.random.default_rng(0)
    groups = np.arange(100) // 10
    likeness = np.repeat(rng.normal(size=10) > 0.8, 10)
    one = noise(1)[0]
    other = np.where(likeness[:, None], one, noise(1, seed=5)[0])
    vectors = unit(np.stack([one, other]))
    alone, together = check(vectors), check(vectors, groups=groups)
    assert together.ahead == alone.ahead
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    assert check(vectors, groups=groups // 2).works is None


def test_a_single_input_column_is_judged_by_its_spread():
    assert check(noise(1)).works
    line = unit(np.random.default_rng(0).normal(size=(1, 100, 1)) * np.ones(8))
    for vectors in (unit(np.ones((1, 100, 8))), line):
        found = check(vectors)
        assert found.ahead is None and found.works is False
        assert "independent directions" in found.warnings[0]


def test_few_rows_say_nothing_unless_all_are_one():
    found = check(noise(num=6))
    assert found.works is None and found.warnings == ()
    assert "was not measured" in found.notes[0] and "could not be measured" in found.said
    assert check(unit(np.ones((2, 6, 8)))).works is False
    assert check(noise(num=1)).works is None and check(noise(num=0)).works is None


def test_missing_input_columns_are_left_out():
    one = noise(1)
    vectors = unit(np.concatenate([one, one]))
    present = np.ones((2, 100), bool)
    present[1, :80] = False
    vectors[1, :80] = 0
    found = check(vectors, present=present)
    assert found.rows == 20 and found.ahead == 1.0


def test_a_column_that_is_tied_to_no_other_is_named_where_it_asks():
    one = noise(1)
    near = unit(one + 0.1 * noise(1, seed=1))
    found = check(unit(np.concatenate([one, near, noise(1, seed=9)])))
    assert found.works and found.warnings == () == found.warnings_of(["0", "1", "elsewhere"])
    [said] = found.warnings_of(["0", "2"])
    assert said.startswith("column '2' is hardly tied to the others") and "50 by chance" in said
    worthless = check(noise())
    assert worthless.warnings_of(["0"]) == worthless.warnings


def test_the_facts_are_read_back():
    earlier = {k: v for k, v in check(noise()).to_dict().items() if k != "ties"}
    assert (
        SpaceCheck.from_dict(earlier).warnings_of(["0"]) == SpaceCheck.from_dict(earlier).warnings
    )
    found = check(noise())
    assert SpaceCheck.from_dict(found.to_dict()) == found
