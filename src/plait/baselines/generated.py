"""Honest baselines of generated targets: the most typical value, and that of the nearest row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from plait.baselines.contract import read_files, write_files
from plait.baselines.feature_matrices import FeatureMatrices
from plait.modalities import SURENESS, GeneratedTarget, SimpleGenerator
from plait.types import Arrays

NUM_PROBES = 128
"""Values that a value must be like to be typical, and rows by which columns are chosen."""

MAX_STORED_ROWS = 5000
MAX_STORED_BYTES = 64 * 2**20
"""Training values that are kept as answers, at most."""

CHUNK_ROWS = 512


class Typical:
    """Always says the training value whose headline against the others is best (their medoid).

    It is as sure of one row as of any other.
    """

    name: ClassVar[str] = "typical"

    def __init__(self) -> None:
        self._value: Arrays = {}

    def fit(
        self,
        matrices: FeatureMatrices,
        targets: Sequence[Arrays],
        codec: GeneratedTarget,
        *,
        seed: int,
    ) -> None:
        """Choose among at most 128 training values, each judged on the others."""
        rng = np.random.default_rng(seed)
        some = np.sort(rng.permutation(len(targets))[:NUM_PROBES])
        raws = [codec.decode(targets[int(place)]) for place in some]
        scores = [_score(codec, [raw] * len(raws), raws) for raw in raws]
        self._value = targets[int(some[int(np.argmax(scores))])]

    def answer(self, matrices: FeatureMatrices) -> list[Arrays]:
        return [{**self._value, SURENESS: np.zeros(())}] * len(matrices)

    def save(self, folder: Path) -> None:
        write_files(folder, {"name": self.name}, self._value)

    @classmethod
    def load(cls, folder: Path) -> Self:
        found = cls()
        _, found._value = read_files(folder)
        return found


class Nearest:
    """Says the value of the nearest training row (Euclid on standardised simple features).

    Which columns it goes by, all or one, is chosen by what is said of training rows when their own
    group is left out. The nearer that row, the surer it is.
    """

    name: ClassVar[str] = "nearest"

    def __init__(self) -> None:
        self._columns: tuple[str, ...] = ()
        self._points = np.zeros((0, 0), np.float32)
        self._values: list[Arrays] = []

    def fit(
        self,
        matrices: FeatureMatrices,
        targets: Sequence[Arrays],
        codec: GeneratedTarget,
        *,
        seed: int,
    ) -> None:
        rng = np.random.default_rng(seed)
        most = _affordable(targets)
        if len(matrices) > most:
            kept = np.sort(rng.choice(len(matrices), most, replace=False))
            matrices, targets = matrices.take(kept), [targets[int(place)] for place in kept]
        self._values = list(targets)
        probes = np.sort(rng.permutation(len(matrices))[:NUM_PROBES])
        every = tuple(matrices.features.scales)
        kinds = [every, *((name,) for name in every)] if len(every) > 1 else [every]
        best = -np.inf
        for columns in kinds:
            points = matrices.only(columns).neighbours
            places = left_out(points, matrices.units, probes)
            score = _score(
                codec,
                [codec.decode(targets[int(place)]) for place in places],
                [codec.decode(targets[int(place)]) for place in probes],
            )
            if score > best:
                best, self._columns, self._points = score, columns, points

    def answer(self, matrices: FeatureMatrices) -> list[Arrays]:
        points = matrices.only(self._columns).neighbours
        places, distances = nearest(points, self._points)
        return [
            {**self._values[int(place)], SURENESS: np.array(-distance)}
            for place, distance in zip(places, distances, strict=True)
        ]

    def save(self, folder: Path) -> None:
        arrays = {"points": self._points}
        for number, value in enumerate(self._values):
            arrays |= {f"{number}/{part}": array for part, array in value.items()}
        about = {"name": self.name, "columns": self._columns, "num_values": len(self._values)}
        write_files(folder, about, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        found = cls()
        found._columns, found._points = tuple(about["columns"]), arrays.pop("points")
        found._values = [{} for _ in range(int(about["num_values"]))]
        for name, array in arrays.items():
            number, _, part = name.partition("/")
            found._values[int(number)][part] = array
        return found


USUAL: tuple[type[SimpleGenerator], ...] = (Typical, Nearest)
"""Measured beside every generated target; a target may bring more."""


def kinds_of(codec: GeneratedTarget) -> dict[str, type[SimpleGenerator]]:
    """Return name -> baseline of a target: the usual ones, and those that it brings along."""
    return {kind.name: kind for kind in (*USUAL, *codec.baselines)}


def nearest(points: np.ndarray, stored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest stored point, the first of equals, and how far it is.

    Returns:
        Its place, int64 ``[row]``, and Euclid's distance, float64 ``[row]``.
    """
    places, squares = _nearest(points, stored, None, None)
    own = (points.astype(np.float64) ** 2).sum(axis=1)
    return places, np.sqrt(np.maximum(squares + own, 0.0))


def left_out(points: np.ndarray, groups: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return for some rows the nearest point of another group, int64 ``[row]``.

    A row without any other group is told its own place.

    Args:
        points: float32 ``[point, feature]``.
        groups: int ``[point]``.
        rows: Which points ask.
    """
    if len(np.unique(groups)) < 2:
        return np.asarray(rows, np.int64)
    return _nearest(points[rows], points, groups[rows], groups)[0]


def _nearest(
    points: np.ndarray, stored: np.ndarray, mine: np.ndarray | None, theirs: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return places, and squared distances less the points' own squares."""
    squares = (stored**2).sum(axis=1)
    found, least = np.zeros(len(points), np.int64), np.zeros(len(points))
    for first in range(0, len(points), CHUNK_ROWS):
        some = slice(first, first + CHUNK_ROWS)
        distances = squares - 2 * (points[some] @ stored.T)
        if mine is not None and theirs is not None:
            distances[mine[some, None] == theirs] = np.inf
        found[some] = distances.argmin(axis=1)
        least[some] = distances.min(axis=1)
    return found, least


def _score(codec: GeneratedTarget, said: Sequence[Any], true: Sequence[Any]) -> float:
    """Return the headline of pairs, turned so that higher is better."""
    name, word = next(iter(codec.words.items()))
    value = codec.metrics([codec.compare(a, b) for a, b in zip(said, true, strict=True)])[name]
    return -value if word.lower_is_better else value


def _affordable(targets: Sequence[Arrays]) -> int:
    """Return how many values may be stored."""
    size = sum(array.nbytes for value in targets for array in value.values()) / max(len(targets), 1)
    return int(max(1, min(MAX_STORED_ROWS, MAX_STORED_BYTES / max(size, 1.0))))
