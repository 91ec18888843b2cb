"""A Gaussian copula of columns: each keeps its shares, and all go together as normal scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from plait.whole_rows.columns import Variable
from plait.whole_rows.drawing import LEAST_SHARE, drawn
from plait.whole_rows.tree import Tree

COPULA = "gaussian_copula"
FURTHEST = 8.0
"""Normal scores beyond it are as likely as none."""

LEAST_VARIANCE = 1e-3

_GRID = np.linspace(-FURTHEST, FURTHEST, 16_001)
_BELOW = np.array([NormalDist().cdf(one) for one in _GRID])


@dataclass(frozen=True)
class Copula:
    """Codes of a column's first variable in sight of any others', by their normal scores.

    A code stands for a part of the normal distribution as wide as its share; the score of what is
    known is the middle of that part, and what is not known is normal around what linear regression
    on known scores foretells. Numbers that go together as straight or bent lines do are learned of
    few rows so; the labels of a category are in the order of their frequency, which says little.
    The further variables of a column depend on its first, as in a `Tree`.

    Attributes:
        apart: Columns by themselves: shares, and how a column's variables hang together.
        correlations: Of the scores of first variables, float64 ``[column, column]``.
    """

    name: ClassVar[str] = COPULA
    apart: Tree
    correlations: np.ndarray

    @classmethod
    def fit(
        cls, codes: np.ndarray, variables: Sequence[Variable], spans: Mapping[str, slice]
    ) -> Copula:
        """Learn from rows of codes; `variables` and `spans` as of `Tree.fit`.

        Correlations are shrunk towards none as far as chance may have made them (Schäfer and
        Strimmer 2005).
        """
        found = cls(Tree.fit(codes, variables, spans, joined=False), np.zeros((0, 0)))
        scores = found._scores(codes)
        spread = scores.std(0)
        scores = (scores - scores.mean(0)) / np.where(spread > 0, spread, 1.0)
        raw = scores.T @ scores / len(codes)
        np.fill_diagonal(raw, 0.0)
        chance = ((1 - raw**2) ** 2 / max(len(codes) - 1, 1))[~np.eye(len(raw), dtype=bool)].sum()
        shrunk = raw * (1 - min(chance / max((raw**2).sum(), 1e-12), 1.0))
        np.fill_diagonal(shrunk, 1.0)
        return cls(found.apart, shrunk)

    def draw(
        self, codes: np.ndarray, given: np.ndarray, places: np.ndarray, temperature: float
    ) -> np.ndarray:
        """Return rows drawn from what is given; see `plait.whole_rows.drawing.RowDrawer.draw`."""
        found = codes.copy()
        for pattern in np.unique(given, axis=0):
            rows = np.flatnonzero((given == pattern).all(1))
            found[rows] = self._drawn(codes[rows], pattern, places[rows], temperature)
        return found

    def log_likelihood(self, codes: np.ndarray) -> np.ndarray:
        """Return the log-likelihood of rows, float64 ``[row]``, in nats."""
        scores, firsts = self._scores(codes), self._firsts
        total, every = np.zeros(len(codes)), np.arange(len(codes))
        for number, place in enumerate(firsts):
            shares = self._shares(number, np.arange(number), scores)
            total += np.log(shares[every, codes[:, place]])
        for place, parent in enumerate(self.apart.parents):
            if place not in firsts:
                total += np.log(self.apart.shares[place][codes[:, parent], codes[:, place]])
        return total

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it has learned, for `of_arrays`."""
        return {**self.apart.arrays(), "correlations": self.correlations}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Copula:
        """Return the copula that `arrays` told."""
        return cls(Tree.of_arrays(COPULA, arrays), np.asarray(arrays["correlations"]))

    @property
    def _firsts(self) -> list[int]:
        return [place for place, parent in enumerate(self.apart.parents) if parent < 0]

    def _drawn(
        self, codes: np.ndarray, known: np.ndarray, places: np.ndarray, temperature: float
    ) -> np.ndarray:
        """Return rows of which the same variables are known."""
        found, firsts = codes.copy(), self._firsts
        seen = [number for number, place in enumerate(firsts) if known[place]]
        for number, place in enumerate(firsts):
            if known[place]:
                continue
            scores = self._scores(found)
            shares = self._shares(number, np.array(seen, np.int64), scores)
            found[:, place] = drawn(shares, places[:, place], temperature)
            seen.append(number)
        for place, parent in enumerate(self.apart.parents):
            if parent >= 0 and not known[place]:
                shares = self.apart.shares[place][found[:, parent]]
                found[:, place] = drawn(shares, places[:, place], temperature)
        return found

    def _shares(self, number: int, seen: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Return the shares of a column's codes, ``[row, code]``, by the scores of seen columns."""
        among = self.correlations[np.ix_(seen, seen)]
        weights = np.linalg.solve(among, self.correlations[seen, number])
        middle = scores[:, seen] @ weights
        spread = max(1.0 - float(self.correlations[seen, number] @ weights), LEAST_VARIANCE) ** 0.5
        ends = _score(self.apart.shares[self._firsts[number]][0].cumsum()[:-1])
        below = np.interp((ends - middle[:, None]) / spread, _GRID, _BELOW)
        edges = np.concatenate([np.zeros((len(below), 1)), below, np.ones((len(below), 1))], 1)
        shares = np.diff(edges, axis=1) + LEAST_SHARE
        found: np.ndarray = shares / shares.sum(1, keepdims=True)
        return found

    def _scores(self, codes: np.ndarray) -> np.ndarray:
        """Return the normal score of each column's code, float64 ``[row, column]``."""
        parts = []
        for place in self._firsts:
            shares = self.apart.shares[place][0]
            parts.append(_score(shares.cumsum() - shares / 2)[codes[:, place]])
        return np.stack(parts, 1)


def _score(shares: np.ndarray) -> np.ndarray:
    """Return where on the normal distribution shares of all lie below."""
    return np.interp(shares, _BELOW, _GRID)
