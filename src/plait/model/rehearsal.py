"""Statistics of what a model learned from: by them what is learned later forgets nothing.

Guarantees: no row of the table is in them. They are a mean for each class, how rows spread about
it (the same for all classes), and examples that are drawn from these by a generator of random
numbers. Does not guarantee: that nothing can be told of a row. The mean of a class of few rows is
near to each of them; it is drawn towards the middle, by half for a class of one row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from safetensors.numpy import save

from plait.display import brief
from plait.errors import BundleError

REHEARSAL = "rehearsal.safetensors"
"""File of a bundle."""

LEAST_SCORE = 1e-3
"""Probabilities below count as this one, where their logarithms are taken."""

HALVED = ("means", "spread", "draws")
"""Arrays that are written in half precision: they are numbers of half precision already."""


@brief
@dataclass(frozen=True)
class Rehearsal:
    """How rows become features, and where the features of known rows lie.

    *Features* are made of what a model answers and of the row's point
    (`plait.model.ensemble.Ensemble.outputs_and_points`), so that known rows of one class spread
    about their mean by one in every direction, alike and apart from each other, and the mean of
    the classes' means is zero.

    Attributes:
        transform: float32 ``[feature, score + dim]``: makes features of scores and points.
        centre: float32 ``[score + dim]``: what is taken away before.
        means: float32 ``[class, feature]``: the mean of each class; one for numbers.
        counts: int32 ``[class]``: rows that each mean is from.
        spread: float32 ``[near]``: variance of the classes' means in those features, the first
            ones, by which rows of a new class are known: they are of points alone, where there are
            any, for a model says of rows of no class that it knows what it likes.
        draws: float32 ``[draw, feature]``: examples, drawn.
        outputs: float32 ``[draw, output]``: what the model would say of them, drawn with them.
        truth: ``[draw]``: int64 classes, or float32 numbers, drawn with them.
        unit: Of numbers: the standard deviation of their truth. None for classes.
    """

    transform: np.ndarray
    centre: np.ndarray
    means: np.ndarray
    counts: np.ndarray
    spread: np.ndarray
    draws: np.ndarray
    outputs: np.ndarray
    truth: np.ndarray
    unit: float | None = None

    @property
    def num_features(self) -> int:
        """Number of features of a row."""
        return len(self.transform)

    @property
    def num_near(self) -> int:
        """How many features, the first ones, rows of a new class are known by."""
        return len(self.spread)

    def features(self, outputs: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Return the features of rows, float64 ``[row, feature]``.

        Args:
            outputs: What the model says of them, ``[row, output]``.
            points: Their points, ``[row, dim]``.

        Raises `BundleError` when these are of another width than the statistics.
        """
        raw = np.concatenate([scores_of(outputs, self.unit), points], axis=1)
        if raw.shape[1] != len(self.centre):
            raise BundleError(
                "the statistics for learning are of another model",
                expected=f"{len(self.centre)} numbers of a row",
                received=f"{raw.shape[1]}",
                hint="make the bundle again: plait fit, plait compress or plait export",
            )
        return np.asarray((raw - self.centre) @ self.transform.T.astype(np.float64))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what a file holds: name -> array."""
        scale = _scale(self.transform)
        found = {
            "transform": (self.transform / scale).astype(np.float16),
            "scale": scale[:, 0].astype(np.float32),
            "centre": self.centre,
            "counts": self.counts,
            **{name: getattr(self, name).astype(np.float16) for name in HALVED},
        }
        if self.unit is None:
            few = {"outputs": self.outputs.astype(np.float16)}
            return found | few | {"truth": self.truth.astype(np.int32)}
        unit = np.array([self.unit], np.float32)
        return found | {"outputs": self.outputs, "truth": self.truth, "unit": unit}

    def files(self) -> dict[str, bytes]:
        """Return the files of a bundle: name -> content."""
        return {REHEARSAL: save({n: np.ascontiguousarray(a) for n, a in self.arrays().items()})}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the arrays, in hexadecimal digits."""
        found = hashlib.sha256()
        for name, array in sorted(self.arrays().items()):
            found.update(f"{name} {array.dtype} {array.shape}\n".encode())
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()


def scores_of(outputs: np.ndarray, unit: float | None) -> np.ndarray:
    """Return outputs as features see them, float64 ``[row, score]``.

    Of classes the logarithms of their probabilities, each row's mean taken away; of numbers mean
    and quantiles in the `unit`.
    """
    if unit is not None:
        return np.asarray(outputs, np.float64) / unit
    logs = np.log(np.clip(np.asarray(outputs, np.float64), LEAST_SCORE, 1.0))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def halved_rows(transform: np.ndarray) -> np.ndarray:
    """Return a matrix, float32, whose rows are numbers of half precision times powers of two."""
    scale = _scale(transform)
    return np.asarray((transform / scale).astype(np.float16) * scale, np.float32)


def _scale(rows: np.ndarray) -> np.ndarray:
    """Return the power of two that each row is nearest below, ``[row, 1]``."""
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True).astype(np.float64)
    return np.asarray(2.0 ** np.floor(np.log2(np.where(largest > 0, largest, 1.0))))


def rehearsal_from(arrays: Mapping[str, np.ndarray]) -> Rehearsal:
    """Undo `Rehearsal.arrays`.

    Raises `BundleError` where they do not fit together, or are not finite; `KeyError` where one is
    not there.
    """
    halved = {name: arrays[name].astype(np.float32) for name in HALVED}
    number = "unit" in arrays
    found = Rehearsal(
        **halved,
        transform=arrays["transform"].astype(np.float32) * arrays["scale"][:, None],
        centre=arrays["centre"].astype(np.float32),
        counts=arrays["counts"].astype(np.int32),
        outputs=arrays["outputs"].astype(np.float32),
        truth=arrays["truth"].astype(np.float32 if number else np.int64),
        unit=float(arrays["unit"][0]) if number else None,
    )
    _check(found)
    return found


def _check(found: Rehearsal) -> None:
    """Raise `BundleError` where arrays do not fit together."""
    (features, raw), draws = found.transform.shape, len(found.draws)
    shapes = {
        "transform": (features, raw),
        "centre": (raw,),
        "means": (len(found.counts), features),
        "spread": found.spread.shape[:1],
        "draws": (draws, features),
        "outputs": (draws, *found.outputs.shape[1:]),
        "truth": (draws,),
    }
    if found.num_near > features:
        raise BundleError(
            "the statistics for learning are damaged",
            expected=f"at most {features} features",
            received=f"{found.num_near}",
        )
    for name, shape in shapes.items():
        array = getattr(found, name)
        if array.shape != shape or not np.isfinite(array).all():
            raise BundleError(
                "the statistics for learning are damaged",
                expected=f"{name} of shape {shape}, all finite",
                received=f"shape {array.shape}",
            )
