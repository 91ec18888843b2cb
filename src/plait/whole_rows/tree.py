"""Simple ways to draw rows: columns by themselves, or each in sight of one other (Chow and Liu)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plait.whole_rows.columns import Variable
from plait.whole_rows.drawing import drawn, shares_of

INDEPENDENT, TREE = "independent_columns", "tree_of_columns"

NONE = -1
"""The parent of a variable that depends on no other."""

SMOOTHING = 2.0
"""Rows that speak for a variable's shares in all rows, beside those with the parent's code."""


@dataclass(frozen=True)
class Tree:
    """A tree of variables, each drawn by shares that depend on its parent's code.

    Attributes:
        name: `INDEPENDENT` or `TREE`.
        parents: Of each variable: the place of another, or `NONE`.
        shares: Of each variable, float64 ``[code of the parent, code]``; one row without a parent.
    """

    name: str
    parents: tuple[int, ...]
    shares: tuple[np.ndarray, ...]

    @classmethod
    def fit(
        cls,
        codes: np.ndarray,
        variables: Sequence[Variable],
        spans: Mapping[str, slice],
        *,
        joined: bool,
    ) -> Tree:
        """Learn from rows.

        Args:
            codes: int64 ``[row, variable]``.
            variables, spans: Of all columns.
            joined: Whether columns depend on each other, by the tree of the greatest sum of mutual
                information (Chow and Liu 1968), less what chance alone brings. Those of one column
                depend on its first in any case.
        """
        parents = [NONE] * len(variables)
        firsts = [span.start for span in spans.values()]
        for span in spans.values():
            parents[span.start + 1 : span.stop] = [span.start] * (span.stop - span.start - 1)
        if joined:
            for child, parent in _links(codes[:, firsts], [variables[one].size for one in firsts]):
                parents[firsts[child]] = firsts[parent]
        shares = [_shares(codes, place, parent, variables) for place, parent in enumerate(parents)]
        return cls(TREE if joined else INDEPENDENT, tuple(parents), tuple(shares))

    def draw(
        self, codes: np.ndarray, given: np.ndarray, places: np.ndarray, temperature: float
    ) -> np.ndarray:
        """Return rows drawn from what is given, exactly: what children tell goes up the tree first.

        See `plait.whole_rows.drawing.RowDrawer.draw`.
        """
        order, found = self._order(), codes.copy()
        told = [np.ones((len(codes), one.shape[1])) for one in self.shares]
        for place in range(len(self.parents)):
            known = given[:, place]
            told[place][known] = 0.0
            told[place][known, codes[known, place]] = 1.0
        for place in reversed(order):
            if self.parents[place] != NONE:
                above = told[place] @ self.shares[place].T
                told[self.parents[place]] *= above / above.max(1, keepdims=True).clip(1e-300)
        for place in order:
            parent = self.parents[place]
            rows = found[:, parent] if parent != NONE else np.zeros(len(codes), np.int64)
            shares = self.shares[place][rows] * told[place]
            found[:, place] = np.where(
                given[:, place], codes[:, place], drawn(shares, places[:, place], temperature)
            )
        return found

    def log_likelihood(self, codes: np.ndarray) -> np.ndarray:
        """Return the log-likelihood of rows, float64 ``[row]``, in nats."""
        total = np.zeros(len(codes))
        for place, parent in enumerate(self.parents):
            rows = codes[:, parent] if parent != NONE else np.zeros(len(codes), np.int64)
            total += np.log(self.shares[place][rows, codes[:, place]])
        return total

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it has learned, for `of_arrays`."""
        found = {f"shares.{place}": one for place, one in enumerate(self.shares)}
        return {"parents": np.array(self.parents, np.int64), **found}

    @classmethod
    def of_arrays(cls, name: str, arrays: Mapping[str, np.ndarray]) -> Tree:
        """Return the tree that `arrays` told."""
        parents = tuple(int(one) for one in arrays["parents"])
        return cls(name, parents, tuple(arrays[f"shares.{i}"] for i in range(len(parents))))

    def _order(self) -> list[int]:
        """Return variables so that each comes after its parent."""
        depth: dict[int, int] = {NONE: -1}

        def depth_of(place: int) -> int:
            if place not in depth:
                depth[place] = 1 + depth_of(self.parents[place])
            return depth[place]

        return sorted(range(len(self.parents)), key=lambda place: (depth_of(place), place))


def mutual_information(first: np.ndarray, second: np.ndarray) -> float:
    """Return how much two codes ``[row]`` tell of each other, in nats, less what chance brings.

    Chance brings ``(a - 1)(b - 1) / 2n`` of ``a`` and ``b`` codes in ``n`` rows (Miller 1955).
    """
    a, left = np.unique(first, return_inverse=True)
    b, right = np.unique(second, return_inverse=True)
    pairs = np.bincount(left * len(b) + right, minlength=len(a) * len(b)).reshape(len(a), len(b))
    shares = pairs / len(first)
    alone = np.outer(shares.sum(1), shares.sum(0))
    seen = shares > 0
    found = float((shares[seen] * np.log(shares[seen] / alone[seen])).sum())
    return max(found - (len(a) - 1) * (len(b) - 1) / (2 * len(first)), 0.0)


def _links(codes: np.ndarray, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return (child, parent) of the tree of greatest mutual information, by Prim's algorithm."""
    num = len(sizes)
    told = np.zeros((num, num))
    for one in range(num):
        for other in range(one):
            told[one, other] = told[other, one] = mutual_information(codes[:, one], codes[:, other])
    inside, links = [0], []
    while len(inside) < num:
        outside = [one for one in range(num) if one not in inside]
        best = told[np.ix_(outside, inside)]
        child, parent = np.unravel_index(int(best.argmax()), best.shape)
        if best[child, parent] > 0:
            links.append((outside[child], inside[parent]))
        inside.append(outside[child])
    return links


def _shares(
    codes: np.ndarray, place: int, parent: int, variables: Sequence[Variable]
) -> np.ndarray:
    size = variables[place].size
    alone = shares_of(codes[:, place], size)
    if parent == NONE:
        return alone[None]
    above = variables[parent].size
    pairs = np.bincount(codes[:, parent] * size + codes[:, place], minlength=above * size)
    counts = pairs.reshape(above, size) + SMOOTHING * alone
    found: np.ndarray = counts / counts.sum(1, keepdims=True)
    return found
