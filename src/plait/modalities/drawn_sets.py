"""Sets of made values beside true ones, as points of a space: metrics, and what is copied.

The space is the modality's own, fixed and not learned, so that numbers of different fits, and of
different data, have one meaning. Precision and recall are those of Kynkaanniemi et al. (2019),
density and coverage of Naeem et al. (2020), the kernel distance of Binkowski et al. (2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np

from plait.modalities.target import MetricWord

NEAR, DRAWN = 5, 50
"""A row's own value is found when it is among so many of the nearest of so many."""

NEIGHBOURS, NEIGHBOURS_COVERED = 3, 5
"""Which neighbour bounds the surroundings of a value: of precision and recall, and of density and
coverage, as in the papers."""

LONGEST = 5.0
"""Squared length of the longest point, as spaces are made: the unit of kernels."""

MOST_TOGETHER = 1000
"""Values that are measured as one set; of more, sets of so many one after the other."""

WORDS = {
    "drawn": MetricWord(
        name="drawing score",
        says="The harmonic mean of found, precision and recall: no better than the weakest allows; "
        "of one {kind} alone, their plain mean.",
        share=True,
    ),
    "found": MetricWord(
        name="found",
        says="Made {kind}s to which the true one of their own row is among the 5 nearest of 50 "
        "true ones; 10 % by chance.",
        share=True,
    ),
    "first": MetricWord(
        name="found first",
        says="Made {kind}s to which the true one of their own row is the nearest of 50; 2 % by "
        "chance.",
        share=True,
    ),
    "precision": MetricWord(
        name="precision",
        says="Made {kind}s that lie where true ones do.",
        share=True,
    ),
    "recall": MetricWord(
        name="recall",
        says="True {kind}s that lie where made ones do.",
        share=True,
    ),
    "density": MetricWord(
        name="density",
        says="How many true {kind}s have a made one in their surroundings, beside what is usual "
        "among true ones.",
    ),
    "covered": MetricWord(
        name="coverage",
        says="True {kind}s that have a made one among their nearest.",
        share=True,
    ),
    "kid": MetricWord(
        name="kernel distance",
        says="Squared distance of made {kind}s from true ones as wholes (KID, in a space of "
        "plait's own).",
        lower_is_better=True,
    ),
    "kid_true": MetricWord(
        name="kernel distance of true halves",
        says="The same of one half of the true {kind}s from the other.",
        lower_is_better=True,
    ),
}
"""Metrics in words, in which ``{kind}`` stands for what one value is called."""


def words_of(kind: str) -> dict[str, MetricWord]:
    """Return the metrics in words, of values that are called so.

    >>> words_of("sound")["precision"].says
    'Made sounds that lie where true ones do.'
    """
    return {name: replace(word, says=word.says.format(kind=kind)) for name, word in WORDS.items()}


LEAST_RECALL, LEAST_JUDGED = 0.05, 30
"""What makes less of what there is has collapsed, by so many values; fewer tell nothing."""


def collapsed(metrics: Mapping[str, float], num_rows: int, kind: str) -> str:
    """Say why what scores so must not ship: it makes almost nothing of what there is; "" if not.

    Args:
        metrics: Of the rows, by `resampled`.
        num_rows: That were judged.
        kind: What one value is called.
    """
    if num_rows < LEAST_JUDGED or metrics["recall"] >= LEAST_RECALL:
        return ""
    return f"almost no true {kind} lies where it makes any (recall {metrics['recall']:.1%})"


@dataclass(frozen=True)
class Told:
    """What is known of each row among a set of rows, float64 ``[row]``, and kernels of pairs.

    Attributes:
        rows: See `WORDS`; those that are means over rows.
        kernels: Of made with made, true with true, and made with true, ``[row, row]``.
    """

    rows: Mapping[str, np.ndarray]
    kernels: tuple[np.ndarray, ...]


def resampled(compared: Sequence[np.ndarray], counts: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return the metrics of many resamples, name -> float64 ``[resample]``.

    Whose surroundings hold whom is settled among all rows: drawing a row twice would make a
    neighbour of it that is none.

    Args:
        compared: Of the rows.
        counts: How often each was drawn, ``[resample, row]``.
    """
    points, counts = np.stack(compared), np.asarray(counts, np.float64)
    parts = [slice(at, at + MOST_TOGETHER) for at in range(0, len(points), MOST_TOGETHER)]
    told = [_told(points[part]) for part in parts]
    total = np.maximum(counts.sum(1), 1e-12)
    names = told[0].rows
    means = {
        name: counts @ np.concatenate([one.rows[name] for one in told]) / total for name in names
    }
    kids = [
        _distances(one, counts[:, part], bool(number)) for number in (0, 1)
        for one, part in zip(told, parts, strict=True)
    ]  # fmt: skip
    shares = np.stack([counts[:, part].sum(1) for part in parts]) / total
    means |= {
        "kid": (np.stack(kids[: len(parts)]) * shares).sum(0),
        "kid_true": (np.stack(kids[len(parts) :]) * shares).sum(0),
    }
    parts_of = np.stack([means[name] for name in ("found", "precision", "recall")])
    alone = (counts > 0).sum(1) == 1
    together = 3 / (1 / np.maximum(parts_of, 1e-12)).sum(0)
    means["drawn"] = np.where(alone, parts_of.mean(0), together)
    return {name: means[name] for name in WORDS}


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Euclid's distances of points, squared, ``[first, second]``."""
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    return np.maximum(squares, 0.0)


@dataclass(frozen=True)
class Copies:
    """How near made values are to what was learned from.

    Attributes:
        nearest: int ``[made]``: the nearest training value of each.
        rate: Share of made values that are nearer to theirs than nine of ten true values of rows
            held out are to theirs.
        usual: That share of the true values.
    """

    nearest: np.ndarray
    rate: float
    usual: float


def copied(made: np.ndarray, real: np.ndarray, kept: np.ndarray) -> Copies:
    """Return which training values are nearest, and how many are copied.

    Args:
        made, real, kept: Points of made, true and training values, ``[value, coordinate]``.
    """
    nearest, near = _nearest(made, kept)
    _, usual = _nearest(real, kept)
    bound = np.quantile(usual, 0.1)
    return Copies(nearest, float((near < bound).mean()), float((usual < bound).mean()))


def _nearest(points: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = [squared_distances(points[at : at + 256], kept) for at in range(0, len(points), 256)]
    return (
        np.concatenate([one.argmin(1) for one in found]),
        np.concatenate([one.min(1) for one in found]),
    )


def _told(points: np.ndarray) -> Told:
    made, true = np.split(points, 2, axis=1)
    apart = squared_distances(made, true)
    own = np.diagonal(apart)
    among_true, among_made = squared_distances(true, true), squared_distances(made, made)
    reach = _reach(among_true, NEIGHBOURS_COVERED)
    chance = _share_nearer(apart, own)
    near = apart <= reach
    rows = {
        "found": sum(
            comb(DRAWN - 1, num) * chance**num * (1 - chance) ** (DRAWN - 1 - num)
            for num in range(NEAR)
        ),
        "first": (1 - chance) ** (DRAWN - 1),
        "precision": (apart <= _reach(among_true, NEIGHBOURS)).any(1),
        "recall": (_reach(among_made, NEIGHBOURS) >= apart.T).any(1),
        "density": near.sum(1) / NEIGHBOURS_COVERED,
        "covered": near.any(0),
    }
    pairs = (made, made), (true, true), (made, true)
    kernels = tuple(np.asarray((a @ b.T / LONGEST + 1) ** 3) for a, b in pairs)
    return Told({name: np.asarray(found, np.float64) for name, found in rows.items()}, kernels)


def _reach(squares: np.ndarray, neighbour: int) -> np.ndarray:
    """Return how far each one's so-manieth neighbour among the others is, squared, ``[row]``."""
    num = min(neighbour, len(squares) - 1)
    found: np.ndarray = np.partition(squares, num, axis=1)[:, num]
    return found


def _share_nearer(apart: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return which share of the other true pictures is nearer than the own one, of equals half."""
    nearer = (apart < own[:, None]).sum(1) + 0.5 * ((apart == own[:, None]).sum(1) - 1)
    return np.asarray(nearer / max(len(own) - 1, 1))


def _distances(told: Told, counts: np.ndarray, halves: bool) -> np.ndarray:
    """Return squared maximum mean discrepancies, ``[resample]``: of made from true, or of the
    halves of the true ones. The kernel is ``(x y / 5 + 1)^3`` (Binkowski et al. 2018)."""
    made, true, both = told.kernels
    if halves:
        even = np.arange(counts.shape[1]) % 2 == 0
        first, second = counts * even, counts * ~even
        return _mean(true, first) + _mean(true, second) - 2 * _cross(true, first, second)
    return _mean(made, counts) + _mean(true, counts) - 2 * _cross(both, counts, counts)


def _mean(kernel: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the mean over pairs of two different rows; of a single row, of it with itself."""
    squares = counts**2
    pairs = counts.sum(1) ** 2 - squares.sum(1)
    own = squares @ np.diagonal(kernel)
    every = ((counts @ kernel) * counts).sum(1)
    alone = own / np.maximum(squares.sum(1), 1e-12)
    return np.where(pairs > 0, (every - own) / np.maximum(pairs, 1e-12), alone)


def _cross(kernel: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    pairs = np.maximum(first.sum(1) * second.sum(1), 1e-12)
    return np.asarray(((first @ kernel) * second).sum(1) / pairs)
