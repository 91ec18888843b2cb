"""What a person allows: how much worse, how large, how slow; and the variant that is within it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from plait.errors import UsageError

LOSS = 0.005
"""Of the score, where no limit is given at all."""

LEAST_GAIN = 0.03
"""Share of size or time by which a variant must be better than the one that it follows."""


class Measured(Protocol):
    """A variant and its numbers."""

    @property
    def name(self) -> str:
        """What was done."""

    @property
    def loss(self) -> float:
        """Share of the score that it loses beside the model that is compressed."""

    @property
    def mb(self) -> float:
        """Megabytes of its bundle."""

    @property
    def ms(self) -> float:
        """Milliseconds of one row, from cells to answer: the median."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a variant may lose, weigh and take; None for anything.

    Attributes:
        max_loss: Share of the score: 0.005 is half a percent of it.
        max_mb: Megabytes (10^6 bytes) of the bundle.
        max_ms: Milliseconds of one row.
    """

    max_loss: float | None = None
    max_mb: float | None = None
    max_ms: float | None = None

    @classmethod
    def of(
        cls,
        max_loss: str | float | None = None,
        max_mb: float | None = None,
        max_ms: float | None = None,
    ) -> Limits:
        """Return limits as people write them; without any, half a percent of the score may go.

        >>> Limits.of("0.5%")
        Limits(max_loss=0.005, max_mb=None, max_ms=None)
        """
        loss = None if max_loss is None else _share(max_loss)
        if loss is None and max_mb is None and max_ms is None:
            loss = LOSS
        small = {"max_mb": max_mb, "max_ms": max_ms}
        wrong = {name: one for name, one in small.items() if one is not None and not one > 0}
        if wrong or (loss is not None and not 0 <= loss < 1):
            raise UsageError(
                "a limit is out of range",
                expected="a loss from 0 to below 100%, megabytes and milliseconds above 0",
                received=", ".join(f"{name}={one}" for name, one in wrong.items())
                or f"max_loss={max_loss}",
            )
        return cls(max_loss=loss, max_mb=max_mb, max_ms=max_ms)

    def broken(self, one: Measured) -> list[str]:
        """Return which limits a variant breaks, in words."""
        found = []
        if self.max_loss is not None and one.loss > self.max_loss:
            found.append(f"loses {one.loss:.2%} of the score, {self.max_loss:.2%} are allowed")
        if self.max_mb is not None and one.mb > self.max_mb:
            found.append(f"has {one.mb:.2f} MB, {self.max_mb:g} are allowed")
        if self.max_ms is not None and one.ms > self.max_ms:
            found.append(f"takes {one.ms:.1f} ms a row, {self.max_ms:g} are allowed")
        return found

    def choose(self, several: Sequence[Measured]) -> Measured:
        """Return the variant that is best within the limits.

        Where the loss is limited that is the smallest, of those nearly as small the quickest; else
        the one that loses least, of those alike the smallest.

        Raises `UsageError` where none is within: which limit binds, and what comes nearest.
        """
        within = [one for one in several if not self.broken(one)]
        if not within:
            raise self._none_within(several)
        if self.max_loss is None:
            return min(within, key=lambda one: (round(one.loss, 4), one.mb))
        least = min(one.mb for one in within)
        near = [one for one in within if one.mb <= least * (1 + LEAST_GAIN)]
        return min(near, key=lambda one: (one.ms, one.mb))

    def excess(self, one: Measured) -> float:
        """Return by what factor a variant is beyond the limit that it breaks most; 0 if none."""
        pairs = ((one.loss, self.max_loss), (one.mb, self.max_mb), (one.ms, self.max_ms))
        return max(
            (value / max(limit, 1e-9) - 1 for value, limit in pairs if limit is not None),
            default=0.0,
        )

    def _none_within(self, several: Sequence[Measured]) -> UsageError:
        nearest = min(several, key=self.excess)
        return UsageError(
            "no variant is within all limits",
            expected=", ".join(self.told()),
            received=f"the nearest, '{nearest.name}', " + "; ".join(self.broken(nearest)),
            hint="allow more of what binds, or more time to distil (--budget)",
        )

    def told(self) -> list[str]:
        """Return the limits in words."""
        return [
            *([] if self.max_loss is None else [f"at most {self.max_loss:.2%} of the score lost"]),
            *([] if self.max_mb is None else [f"at most {self.max_mb:g} MB"]),
            *([] if self.max_ms is None else [f"at most {self.max_ms:g} ms a row"]),
        ]


def on_front(several: Sequence[Measured]) -> list[bool]:
    """Return which variants no other one beats in loss, size and time at once (Pareto)."""

    def beats(first: Measured, second: Measured) -> bool:
        pairs = ((first.loss, second.loss), (first.mb, second.mb), (first.ms, second.ms))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    return [not any(beats(other, one) for other in several) for one in several]


def why_dropped(one: Measured, before: Measured | None, *, for_speed: bool = False) -> str:
    """Return why a variant may not win beside the one that it follows; "" where it may.

    Args:
        one: The variant.
        before: What it follows; None for the first.
        for_speed: Whether it was made to be quick, and has no other worth.
    """
    if before is None:
        return ""
    smaller = one.mb <= before.mb * (1 - LEAST_GAIN)
    quicker = one.ms <= before.ms * (1 - LEAST_GAIN)
    if for_speed and not quicker:
        return f"no quicker than '{before.name}': {one.ms:.2f} ms a row, {before.ms:.2f} before"
    if smaller or quicker:
        return ""
    return f"neither smaller nor quicker than '{before.name}'"


def _share(text: str | float) -> float:
    """Read ``0.5%`` or 0.005. Raises `UsageError`."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?(?:e-?\d+)?)\s*(%?)\s*", str(text), re.IGNORECASE)
    if not match:
        raise UsageError(
            "the largest loss cannot be read",
            expected="a share of the score such as 0.5% or 0.005",
            received=str(text),
        )
    return float(match[1]) / (100 if match[2] else 1)
