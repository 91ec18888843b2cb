"""Trees that LightGBM grew, read from its text and asked in NumPy: few rows do not load it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np

MANY = 2_000_000
"""Rows times trees from which on loading LightGBM, where it is installed, repays."""

_BLOCK = 500_000
"""Rows times trees that are walked together."""

_ZERO = 1e-35
_LISTS = ("split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value")
_CATEGORIES = ("cat_boundaries", "cat_threshold")
CATEGORICAL, LEFT_BY_DEFAULT, ZERO_IS_MISSING, NAN_IS_MISSING = 1, 2, 4, 8
"""Bits of ``decision_type``, of LightGBM's text format, version 4."""


@dataclass(frozen=True)
class Nodes:
    """All nodes of all trees, one after the other; a child below 0 is ``~leaf``.

    Attributes:
        feature, threshold, kind: Of each node: what it asks for, up to which value goes left, and
            the bits of its ``decision_type``.
        left, right: Of each node: its children.
        first_word, num_words: Of each node: where its set of categories is among the words.
        words: Sets of categories, as bits in words of 32, and a zero behind.
        leaf: Value of each leaf.
        tree_of_leaf: int64 ``[leaf]``.
        roots: int64 ``[tree]``: the first node of each tree, ``~leaf`` where it has none.
    """

    feature: np.ndarray
    threshold: np.ndarray
    kind: np.ndarray
    left: np.ndarray
    right: np.ndarray
    first_word: np.ndarray
    num_words: np.ndarray
    words: np.ndarray
    leaf: np.ndarray
    tree_of_leaf: np.ndarray
    roots: np.ndarray


class Trees:
    """Boosted trees, as LightGBM wrote them.

    Args:
        text: Of ``Booster.model_to_string``.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def predict(self, table: np.ndarray) -> np.ndarray:
        """Return probabilities or numbers, float32 ``[row]`` or ``[row, class]``, of a table.

        The same as LightGBM's, which answers where rows times trees are `MANY`.

        Args:
            table: ``[row, feature]``; NaN where missing.
        """
        if len(table) * len(self.nodes.roots) >= MANY and find_spec("lightgbm") is not None:
            return np.asarray(self._booster.predict(table, num_threads=1), np.float32)
        step = max(1, _BLOCK // max(len(self.nodes.roots), 1))
        parts = [self._raw(table[first : first + step]) for first in range(0, len(table), step)]
        raw = np.concatenate(parts) if parts else np.zeros((0, self.per_round))
        return np.asarray(self._answers(raw), np.float32)

    @cached_property
    def _booster(self) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    @cached_property
    def _head(self) -> dict[str, str]:
        lines = self.text.partition("\nTree=")[0].split("\n")
        return dict(line.split("=", 1) for line in lines if "=" in line)

    @property
    def per_round(self) -> int:
        """Trees that one round of boosting adds: one for each output that is boosted."""
        return int(self._head["num_tree_per_iteration"])

    @cached_property
    def nodes(self) -> Nodes:
        """All nodes of all trees."""
        return _parsed(self.text)

    @property
    def objective(self) -> tuple[str, float]:
        """What makes answers of the sums of leaves (``multiclass``, ``binary`` or ``regression``),
        and what multiplies them before a logistic function.

        Raises `ValueError` for another.
        """
        name, *settings = self._head["objective"].split(" ")
        if name not in ("multiclass", "binary", "regression"):
            raise ValueError(f"trees of an unknown objective: {name}")
        slope = dict(one.split(":") for one in settings if ":" in one).get("sigmoid", "1")
        return name, float(slope)

    def _raw(self, table: np.ndarray) -> np.ndarray:
        """Return the sums of the trees' leaves, float64 ``[row, tree of a round]``."""
        leaves = self.nodes.leaf[_walked(self.nodes, table.astype(np.float64))]
        rounds = leaves.reshape(len(table), -1, self.per_round)
        # One after the other, as LightGBM adds them: the same to the last bit.
        return rounds.cumsum(axis=1)[:, -1] if rounds.shape[1] else rounds.sum(axis=1)

    def _answers(self, raw: np.ndarray) -> np.ndarray:
        """Return what the objective makes of the sums: a softmax, a logistic function, or them."""
        name, slope = self.objective
        if name == "multiclass":
            shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
            return shifted / shifted.sum(axis=1, keepdims=True)
        if name == "binary":
            return 1 / (1 + np.exp(-slope * raw[:, 0]))
        return raw[:, 0]


def _walked(nodes: Nodes, table: np.ndarray) -> np.ndarray:
    """Return the leaf that each row reaches in each tree, ``[row, tree]``."""
    state = np.tile(nodes.roots, (len(table), 1)).ravel()
    rows = np.repeat(np.arange(len(table)), len(nodes.roots))
    places = np.flatnonzero(state >= 0)
    while len(places):
        at = state[places]
        value = table[rows[places], nodes.feature[at]]
        found = np.where(_goes_left(nodes, at, value), nodes.left[at], nodes.right[at])
        state[places] = found
        places = places[found >= 0]
    return ~state.reshape(len(table), -1)


def _goes_left(nodes: Nodes, at: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Tell which values go left at nodes (LightGBM, ``NumericalDecision``)."""
    kind, absent = nodes.kind[at], np.isnan(value)
    by_nan = (kind & NAN_IS_MISSING) != 0
    value = np.where(absent & ~by_nan, 0.0, value)
    missing = absent & by_nan
    missing |= ((kind & ZERO_IS_MISSING) != 0) & (np.abs(value) <= _ZERO)
    left = np.where(missing, (kind & LEFT_BY_DEFAULT) != 0, value <= nodes.threshold[at])
    named = np.flatnonzero(kind & CATEGORICAL)
    if len(named):
        left[named] = _is_among(nodes, at[named], np.where(absent, -1.0, value)[named])
    return left


def _is_among(nodes: Nodes, at: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Tell which category numbers are among those that go left: sets of bits in words of 32."""
    number = np.clip(value, -1, 2**31 - 1).astype(np.int64)
    word = number >> 5
    known = (number >= 0) & (word < nodes.num_words[at])
    bits = nodes.words[np.where(known, nodes.first_word[at] + word, 0)]
    return known & ((bits >> (number & 31)) & 1 == 1)


def _parsed(text: str) -> Nodes:
    """Lay all trees of a text end to end."""
    found: dict[str, list[str]] = {name: [] for name in (*_LISTS, *_CATEGORIES)}
    sizes: list[int] = []
    categories: list[int] = []
    trees = text.partition("\nend of trees")[0].split("\nTree=")[1:]
    for tree in trees:
        for line in tree.split("\n"):
            name, _, rest = line.partition("=")
            if name in found:
                found[name] += rest.split()
            elif name == "num_leaves":
                sizes.append(int(rest))
            elif name == "num_cat":
                categories.append(int(rest))
    return _laid_out(found, np.array(sizes, np.int64), np.array(categories, np.int64))


def _laid_out(found: dict[str, list[str]], num_leaves: np.ndarray, num_sets: np.ndarray) -> Nodes:
    first_node = np.cumsum(num_leaves - 1) - (num_leaves - 1)
    first_leaf = np.cumsum(num_leaves) - num_leaves
    tree = np.repeat(np.arange(len(num_leaves)), num_leaves - 1)

    def children(name: str) -> np.ndarray:
        child = np.array(list(map(int, found[name])), np.int64)
        return np.where(child >= 0, child + first_node[tree], child - first_leaf[tree])

    threshold = np.array(list(map(float, found["threshold"])))
    kind = np.array(list(map(int, found["decision_type"])), np.int64)
    # The bounds of each tree's sets begin at 0: one more bound than sets, in trees that have any.
    bounds = np.array(list(map(int, found["cat_boundaries"])), np.int64)
    holders = np.flatnonzero(num_sets)
    first_bound = np.zeros(len(num_leaves), np.int64)
    first_bound[holders] = np.cumsum(num_sets[holders] + 1) - (num_sets[holders] + 1)
    words_of = np.zeros(len(num_leaves), np.int64)
    words_of[holders] = bounds[first_bound[holders] + num_sets[holders]]
    first_word = np.cumsum(words_of) - words_of
    named = np.flatnonzero(kind & CATEGORICAL)
    begins, lengths = np.zeros(len(kind), np.int64), np.zeros(len(kind), np.int64)
    place = first_bound[tree[named]] + threshold[named].astype(np.int64)
    begins[named] = first_word[tree[named]] + bounds[place]
    lengths[named] = bounds[place + 1] - bounds[place]
    return Nodes(
        feature=np.array(list(map(int, found["split_feature"])), np.int64),
        threshold=threshold,
        kind=kind,
        left=children("left_child"),
        right=children("right_child"),
        first_word=begins,
        num_words=lengths,
        words=np.array([*map(int, found["cat_threshold"]), 0], np.int64),
        leaf=np.array(list(map(float, found["leaf_value"]))),
        tree_of_leaf=np.repeat(np.arange(len(num_leaves)), num_leaves),
        roots=np.where(num_leaves > 1, first_node, ~first_leaf),
    )
