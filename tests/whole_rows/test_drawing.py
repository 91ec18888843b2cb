"""What draws rows: known shares, conditions that are heeded, likelihoods that sum to one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from plait.networks.masked_rows import MaskedRows, build_rows
from plait.networks.weights import SavedRows, tensors_of
from plait.whole_rows.bins import Bins
from plait.whole_rows.columns import Variable
from plait.whole_rows.copula import Copula
from plait.whole_rows.drawing import drawn
from plait.whole_rows.tree import Tree, mutual_information

SIZES = (3, 4, 3)
VARIABLES = tuple(Variable(size, False) for size in SIZES)
SPANS = {name: slice(i, i + 1) for i, name in enumerate("abc")}
NUM = 4000


def chain(num=NUM):
    """``a`` is 1 or 2; ``b`` follows it in 9 of 10 rows; ``c`` follows ``b``."""
    rng = np.random.default_rng(0)
    a = 1 + (rng.random(num) < 0.3).astype(int)
    b = np.where(rng.random(num) < 0.9, a, 3)
    c = np.where(rng.random(num) < 0.8, 1 + (b == 3), 1)
    return np.stack([a, b, c], 1)


def tree():
    return Tree.fit(chain(), VARIABLES, SPANS, joined=True)


def independent():
    return Tree.fit(chain(), VARIABLES, SPANS, joined=False)


def copula():
    return Copula.fit(chain(), VARIABLES, SPANS)


def network():
    import torch

    torch.manual_seed(0)
    sizes = {"width": 16, "depth": 1, "dim": 4}
    tensors = tensors_of(MaskedRows(VARIABLES, **sizes))
    return build_rows(SavedRows(variables=VARIABLES, sizes=sizes, tensors=tensors))


DRAWERS = {"tree": tree, "independent": independent, "copula": copula, "network": network}


def draw(drawer, given, num=NUM, seed=0, temperature=1.0):
    codes, known = np.zeros((num, 3), np.int64), np.zeros((num, 3), bool)
    for place, code in given.items():
        codes[:, place], known[:, place] = code, True
    places = np.random.default_rng(seed).random((num, 3))
    return drawer.draw(codes, known, places, temperature)


@pytest.mark.parametrize("name", DRAWERS)
def test_likelihoods_of_all_rows_sum_to_one(name):
    every = np.array(list(product(*map(range, SIZES))))
    assert np.exp(DRAWERS[name]().log_likelihood(every)).sum() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("name", DRAWERS)
def test_draws_are_as_frequent_as_they_are_likely(name):
    drawer = DRAWERS[name]()
    every = np.array(list(product(*map(range, SIZES))))
    likely = np.exp(drawer.log_likelihood(every))
    made = draw(drawer, {}, 20_000)
    counts = np.bincount(made @ [12, 3, 1], minlength=36).reshape(-1)
    assert np.abs(counts / 20_000 - likely[np.argsort(every @ [12, 3, 1])]).max() < 0.015


@pytest.mark.parametrize("name", DRAWERS)
def test_what_is_given_stays_and_a_row_is_the_same_in_any_company(name):
    drawer = DRAWERS[name]()
    made = draw(drawer, {1: 3}, 50)
    assert (made[:, 1] == 3).all()
    codes, known = np.zeros((1, 3), np.int64), np.array([[False, True, False]])
    codes[0, 1] = 3
    places = np.random.default_rng(0).random((50, 3))
    alone = [drawer.draw(codes, known, places[i : i + 1], 1.0)[0] for i in range(50)]
    assert (np.array(alone) == made).all()


def test_a_tree_draws_from_what_comes_later_by_the_rule_of_bayes():
    rows = chain(20_000)
    made = draw(tree(), {2: 2}, 8000)
    true = rows[rows[:, 2] == 2]
    for place in (0, 1):
        for code in range(4):
            share = (true[:, place] == code).mean()
            assert (made[:, place] == code).mean() == pytest.approx(share, abs=0.04)


def test_a_tree_foretells_rows_better_than_columns_by_themselves():
    rows = chain(3000)
    assert tree().log_likelihood(rows).mean() > independent().log_likelihood(rows).mean() + 0.3
    back = Tree.of_arrays("tree_of_columns", tree().arrays())
    assert np.array_equal(back.log_likelihood(rows), tree().log_likelihood(rows))


def test_a_copula_learns_numbers_that_go_together_of_few_rows():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(150, 1))
    values = first + 0.4 * rng.normal(size=(150, 3))
    bins = [Bins.of(values[:, i]) for i in range(3)]
    coded = np.concatenate([one.encode(values[:, i])[:, :1] for i, one in enumerate(bins)], 1)
    variables = tuple(Variable(1 + one.num_coarse, True) for one in bins)
    learned, held = coded[:100], coded[100:]
    found = Copula.fit(learned, variables, SPANS)
    for joined in (False, True):
        other = Tree.fit(learned, variables, SPANS, joined=joined)
        assert found.log_likelihood(held).mean() > other.log_likelihood(held).mean() + 0.3
    back = Copula.of_arrays(found.arrays())
    places = np.random.default_rng(1).random((2000, 3))
    given = np.zeros((2000, 3), bool)
    made = back.draw(np.zeros((2000, 3), np.int64), given, places, 1.0)
    assert np.corrcoef(made.T)[0, 1] == pytest.approx(np.corrcoef(coded.T)[0, 1], abs=0.08)


def test_mutual_information_of_what_is_equal_and_of_what_is_unrelated():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 2, 5000), rng.integers(0, 40, 5000)
    assert mutual_information(one, one) == pytest.approx(np.log(2), abs=0.01)
    assert mutual_information(one, other) < 0.002


def test_temperatures():
    shares = np.array([[1.0, 3.0, 0.0]] * 1000)
    places = np.random.default_rng(0).random(1000)
    assert (drawn(shares, places, 0.0) == 1).all()
    assert (drawn(shares, places, 0.3) == 1).mean() > (drawn(shares, places, 1.0) == 1).mean()
    assert drawn(shares, np.full(1000, 1 - 1e-17), 1.0).max() == 1
