"""Whether a shared space tells rows apart: measured once on the vectors that ship, said in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from plait.sampling_error import standard_error, student_quantile
from plait.spacing import evenly_spaced

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
        ties: Input column -> ``ahead``, ``low``, ``high`` and ``rows`` of queries of it alone:
            how well it finds the others. None of columns that too few rows have.
    """

    rows: int
    ahead: float | None = None
    low: float | None = None
    high: float | None = None
    std: float | None = None
    rank: float | None = None
    ties: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

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

    def warnings_of(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return the warnings, or which of the columns that ask are tied to no other column."""
        loose = [name for name in columns if name in self.ties and self._is_loose(name)]
        return self.warnings or tuple(
            f"column '{name}' is hardly tied to the others in this space: {self._tie(name)}. A "
            f"query by it finds rows whose '{name}' is alike, whatever else they hold"
            for name in loose
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
        known = {name: facts[name] for name in cls.__dataclass_fields__ if name in facts}
        return cls(**{"rows": None, **known})

    def _is_loose(self, name: str) -> bool:
        return self.ties[name]["low"] <= CHANCE

    def _tie(self, name: str) -> str:
        tie = self.ties[name]
        return _share_said(int(tie["rows"]), tie["ahead"], tie["low"], tie["high"])

    def _found(self) -> str:
        if self.ahead is not None and self.low is not None and self.high is not None:
            return _share_said(self.rows, self.ahead, self.low, self.high)
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
    some = evenly_spaced(num, MAX_ROWS)
    vectors, present = vectors[:, some], present[:, some]
    contents = {name: numbers[some] for name, numbers in contents.items()}
    found: dict[str, Any] = {**_spread(vectors, present)}
    if len(some) < LEAST_ROWS:
        return SpaceCheck(rows=len(some), **found)
    total, count = _ahead(vectors, present, list(contents.values()))
    units = np.arange(len(some)) if groups is None else np.asarray(groups)[some]
    together = _mean_over_rows(total.sum(0), count.sum(0), units)
    ties = {
        name: _mean_over_rows(total[place], count[place], units)
        for place, name in enumerate(contents)
    }
    ties = {name: tie for name, tie in ties.items() if "low" in tie}
    if not together["rows"]:
        return SpaceCheck(rows=int(present.any(0).sum()), **found)
    return SpaceCheck(ties=ties, **together, **found)


def _share_said(rows: int, ahead: float, low: float, high: float) -> str:
    return (
        f"on {rows:,} rows set aside, what belongs together is nearer than what does "
        f"not in {100 * ahead:.0f} % of cases (95 % interval {100 * low:.0f} to "
        f"{100 * high:.0f}; 50 by chance)"
    )


def _mean_over_rows(total: np.ndarray, count: np.ndarray, units: np.ndarray) -> dict[str, Any]:
    """Return ``rows`` that were judged, their mean ``ahead``, and its ``low`` and ``high``."""
    judged = count > 0
    values, units = total[judged] / count[judged], units[judged]
    if not len(values):
        return {"rows": 0}
    mean, num_units = float(values.mean()), len(np.unique(units))
    if num_units < LEAST_ROWS:
        return {"rows": len(values), "ahead": mean}
    margin = student_quantile(0.975, num_units - 1) * standard_error(values, units)
    low, high = max(mean - margin, 0.0), min(mean + margin, 1.0)
    return {"rows": len(values), "ahead": mean, "low": low, "high": high}


def _ahead(
    vectors: np.ndarray, present: np.ndarray, contents: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often a row's own item is nearer than others', summed over the columns asked for.

    Float64 ``[asking column, row]``, and over how many columns. Ties count half, and items of equal
    content are equally right: chance is `CHANCE` always.
    """
    total, count = np.zeros(vectors.shape[:2]), np.zeros(vectors.shape[:2])
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
                    total[a, row] += float((below + upto).mean()) / (2 * len(others))
                    count[a, row] += 1
    return total, count


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
