"""Whether a shared space tells rows apart: measured once on the vectors that ship, said in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from plait.sampling_error import standard_error, student_quantile

LEAST_ROWS = 10
"""Fewer rows than this say nothing."""

MAX_ROWS = 1024
"""Rows that are compared with each other, evenly spread over those set aside."""

CHANCE = 0.5
COLLAPSED_STD, COLLAPSED_RANK = 0.1, 2.0


@dataclass(frozen=True, kw_only=True)
class SpaceCheck:
    """What was measured of a space on rows that it did not learn from.

    Attributes:
        rows: How many rows.
        ahead: Where input columns occur together: how often what belongs to a query is nearer to it
            than what does not, mean over rows and directions; `CHANCE` by chance.
        low, high: Its 95 % interval; rows of one group count together.
        std: Mean standard deviation of the vectors' coordinates times sqrt(dim), the least over
            input columns: 1 when they fill the sphere, 0 when all are one.
        rank: Effective rank of the vectors (Roy and Vetterli 2007), the least over input columns.
    """

    rows: int
    ahead: float | None = None
    low: float | None = None
    high: float | None = None
    std: float | None = None
    rank: float | None = None

    @property
    def works(self) -> bool | None:
        """Whether the space tells rows apart; None where that could not be measured."""
        if self.low is not None:
            return self.low > CHANCE
        if self.std is None or self.rank is None:
            return None
        if self.std < COLLAPSED_STD:
            return False
        return None if self.ahead is not None or self.rows < LEAST_ROWS else self._has_rank

    @property
    def _has_rank(self) -> bool:
        return self.rank is not None and self.rank >= COLLAPSED_RANK

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person must know before using the vectors: nothing where they work."""
        if self.works is not False:
            return ()
        return (
            f"this space does not tell rows apart: {self._found()}. Search, vectors and classes "
            "in words by it are worthless; give it more rows or time",
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """The warnings; or that nothing could be measured."""
        if self.works is None:
            return (
                "whether the space tells rows apart was not measured: too few rows were set aside",
            )
        return self.warnings

    @property
    def said(self) -> str:
        """The verdict in one sentence, for a report."""
        if self.works is None:
            return "Whether the space tells rows apart could not be measured."
        return (
            f"The space {'tells' if self.works else 'does not tell'} rows apart: {self._found()}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the facts that a bundle keeps, with the verdict in words."""
        return {**asdict(self), "works": self.works, "said": self.said}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> SpaceCheck:
        """Read what `to_dict` returned."""
        return cls(**{name: facts.get(name) for name in cls.__dataclass_fields__})  # type: ignore[arg-type]

    def _found(self) -> str:
        if self.ahead is not None and self.low is not None and self.high is not None:
            return (
                f"on {self.rows:,} rows set aside, what belongs together is nearer than what does "
                f"not in {100 * self.ahead:.0f} % of cases (95 % interval {100 * self.low:.0f} to "
                f"{100 * self.high:.0f}; 50 by chance)"
            )
        return (
            f"the vectors of {self.rows:,} rows set aside spread by {self.std:.2f} (1 fills the "
            f"sphere, 0 is a single point) in {self.rank:.1f} independent directions"
        )


def check_space(
    vectors: np.ndarray,
    present: np.ndarray,
    contents: Mapping[str, np.ndarray],
    groups: np.ndarray | None = None,
) -> SpaceCheck:
    """Measure a space on rows that it did not learn from.

    Args:
        vectors: Unit vectors ``[input, row, dim]``, as they ship.
        present: bool ``[input, row]``.
        contents: Input column -> int64 ``[row]``, in the order of `vectors`; equal content is
            equally right.
        groups: int ``[row]``: rows of one number are not independent.
    """
    num = vectors.shape[1]
    some = np.linspace(0, num - 1, min(num, MAX_ROWS)).astype(np.int64)
    vectors, present = vectors[:, some], present[:, some]
    contents = {name: numbers[some] for name, numbers in contents.items()}
    found = _spread(vectors, present)
    if len(some) < LEAST_ROWS:
        return SpaceCheck(rows=len(some), **found)
    per_row = _ahead(vectors, present, list(contents.values()))
    judged = np.isfinite(per_row)
    if not judged.any():
        return SpaceCheck(rows=int(present.any(0).sum()), **found)
    values, units = per_row[judged], np.flatnonzero(judged)
    if groups is not None:
        units = np.asarray(groups)[some][judged]
    num_units = len(np.unique(units))
    mean = float(values.mean())
    if num_units < LEAST_ROWS:
        return SpaceCheck(rows=len(values), ahead=mean, **found)
    margin = student_quantile(0.975, num_units - 1) * standard_error(values, units)
    low, high = max(mean - margin, 0.0), min(mean + margin, 1.0)
    return SpaceCheck(rows=len(values), ahead=mean, low=low, high=high, **found)


def _ahead(vectors: np.ndarray, present: np.ndarray, contents: Sequence[np.ndarray]) -> np.ndarray:
    """Return per row how often its own item is nearer than others', float64 ``[row]``; NaN: none.

    Ties count half, and items of equal content are equally right: chance is `CHANCE` always.
    """
    total, count = np.zeros(vectors.shape[1]), np.zeros(vectors.shape[1])
    for a in range(len(vectors)):
        for b in range(len(vectors)):
            rows = np.flatnonzero(present[a] & present[b])
            if a == b or len(rows) < 2:
                continue
            scores = vectors[a][rows] @ vectors[b][rows].T
            right = contents[b][rows, None] == contents[b][rows][None]
            for place, row in enumerate(rows):
                own, others = scores[place][right[place]], scores[place][~right[place]]
                if len(others):
                    ordered = np.sort(others)
                    below = np.searchsorted(ordered, own, "left")
                    upto = np.searchsorted(ordered, own, "right")
                    total[row] += float((below + upto).mean()) / (2 * len(others))
                    count[row] += 1
    with np.errstate(invalid="ignore"):
        return np.asarray(total / np.where(count > 0, count, np.nan))


def _spread(vectors: np.ndarray, present: np.ndarray) -> dict[str, float]:
    """Return the least ``std`` and ``rank`` over input columns; see `SpaceCheck`."""
    found: dict[str, float] = {}
    for input_column in range(len(vectors)):
        points = vectors[input_column][present[input_column]].astype(np.float64)
        if len(points) < 2:
            continue
        centred = points - points.mean(0)
        values = np.linalg.svd(centred, compute_uv=False)
        share = np.clip(values / max(values.sum(), 1e-12), 1e-12, None)
        rank = float(np.exp(-(share * np.log(share)).sum()))
        std = float(centred.std(0).mean() * points.shape[1] ** 0.5)
        found["std"] = min(std, found.get("std", std))
        found["rank"] = min(rank, found.get("rank", rank))
    return found
