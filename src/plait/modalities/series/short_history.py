"""Series of which little came before, less than of any that was learned from: new products, stores.

They go on as others did that are like them by their other columns: features of these, and their
products by pairs (a kind of shop sells otherwise at weekends), tell the steps ahead beside the few
values that are there. Learned from series whose past is cut as short.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plait.modalities.series.ridge import Linear, Ridge
from plait.spacing import evenly_spaced

MOST_KNOWN = 32
"""Values of the past, at most: 1, 2, 4, ... have a map of their own."""

MOST_ROWS, NUM_PARTS, PENALTY = 2000, 24, 0.003


@dataclass(frozen=True)
class ShortHistory:
    """Maps of few values and of other columns' features to the steps ahead.

    Attributes:
        maps: Number of values -> the map.
        centre, parts: Of the other columns' features: ``[feature]`` and ``[feature, part]``.
        bounds: Least and largest of each feature, ``[2, feature]``: nothing is told beyond.
    """

    maps: dict[int, Linear] = field(default_factory=dict)
    centre: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    parts: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    bounds: np.ndarray = field(default_factory=lambda: np.zeros((2, 0), np.float32))

    @classmethod
    def fit(
        cls, others: np.ndarray, before: np.ndarray, ahead: np.ndarray, least: int
    ) -> ShortHistory:
        """Learn from whole series.

        Args:
            others: Features of other columns, ``[row, feature]``.
            before: ``[row, channel, step]``.
            ahead: ``[row, channel, step]``.
            least: Steps of the past that the shortest of them has.
        """
        some = evenly_spaced(len(others), MOST_ROWS)
        others, before, ahead = others[some], before[some], ahead[some]
        centre = others.mean(axis=0)
        _, _, axes = np.linalg.svd(others - centre, full_matrices=False)
        bounds = np.stack([others.min(axis=0), others.max(axis=0)])
        found = cls({}, centre, np.ascontiguousarray(axes[:NUM_PARTS].T), bounds)
        num = 1
        while num < min(least, MOST_KNOWN + 1):
            x, level = found._told(others, before[:, :, before.shape[2] - num :])
            y = ahead.reshape(-1, ahead.shape[2]) - level
            found.maps[num] = Ridge(x, y).solved(PENALTY)
            num *= 2
        return found

    def __call__(self, others: np.ndarray, before: np.ndarray, num: int) -> np.ndarray:
        """Return the steps ahead, ``[row, channel, step]``, where `num` values are known.

        Args:
            others: As for `fit`.
            before: ``[row, channel, step]``, the last of which are known.
            num: How many.
        """
        own = max(one for one in self.maps if one <= num)
        x, level = self._told(others, before[:, :, before.shape[2] - own :])
        found: np.ndarray = self.maps[own](x) + level
        return found.reshape(len(others), before.shape[1], -1)

    def _told(self, others: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return features ``[row * channel, feature]`` and the level of what is known."""
        parts = (others.clip(*self.bounds) - self.centre) @ self.parts
        first, second = np.triu_indices(parts.shape[1])
        told = np.concatenate([parts, parts[:, first] * parts[:, second]], axis=1)
        own = before.reshape(-1, before.shape[2])
        level = own.mean(axis=1, keepdims=True)
        told = np.repeat(told, before.shape[1], axis=0)
        return np.concatenate([told, own - level], axis=1).astype(np.float32), level

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all of it by name."""
        names = ("centre", "parts", "bounds")
        found = {f"short/{name}": getattr(self, name) for name in names}
        for num, one in self.maps.items():
            found |= {f"short/{num}/{name}": array for name, array in vars(one).items()}
        return found

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> ShortHistory:
        """Rebuild what `arrays` gave, among others; nothing where it is not there."""
        if "short/centre" not in arrays:
            return cls()
        apart: dict[int, dict[str, np.ndarray]] = {}
        for name, array in arrays.items():
            _, _, rest = name.partition("short/")
            num, _, part = rest.partition("/")
            if part:
                apart.setdefault(int(num), {})[part] = array
        maps = {num: Linear(**own) for num, own in sorted(apart.items())}
        return cls(maps, *(arrays[f"short/{name}"] for name in ("centre", "parts", "bounds")))


def aside(matrices: Any, before: str) -> list[str]:
    """Return the columns by which series are alike: no series, nor their own; none where all rows
    are of one.

    Args:
        matrices: `plait.baselines.feature_matrices.FeatureMatrices` of the rows.
        before: The column of what came before.
    """
    columns = matrices.prepared.columns
    codec = columns[before].codec
    names = [n for n in matrices.features.scales if columns[n].codec.modality != codec.modality]
    return [name for name in names if name not in codec.own] if codec.own else []


def beside(matrices: Any, before: str) -> np.ndarray:
    """Return the features of these columns, ``[row, feature]``, whatever they hold."""
    found: np.ndarray = matrices.only(aside(matrices, before)).neighbours
    return found
