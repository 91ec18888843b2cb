"""What pays next, in numbers and in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plait.scaling.ladder import Run
from plait.scaling.law import Fitted

WORTH = 0.01
"""Of the loss: less is not worth a sentence's advice."""


@dataclass(frozen=True)
class Option:
    """Something that a person may do.

    Attributes:
        what: To do.
        gain: Share by which the loss is foreseen to fall.
        low, high: Ends of its 95 % interval; None where it was not resampled.
        price: What it takes.
    """

    what: str
    gain: float
    low: float | None
    high: float | None
    price: str

    def told(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "what": self.what,
            "gain": self.gain,
            "interval": None if self.low is None else [self.low, self.high],
            "price": self.price,
        }


def options(fitted: Fitted, runs: Sequence[Run], without: Sequence[Run]) -> list[Option]:
    """Return what may be done, the best first.

    Args:
        fitted: The law of the runs.
        runs: All runs with every column.
        without: Runs that lack a column, of the size and rows of one among `runs`.
    """
    rows = max(one.point.rows for one in runs)
    full = [one for one in runs if one.point.rows == rows]
    best = min(full, key=lambda one: one.point.loss)
    now = (best.point.weights, rows)
    found = [
        Option(
            "twice the rows with a target",
            *fitted.gain(now, (now[0], 2 * rows)),
            price=f"{round(rows):,} more rows with a target",
        ),
        Option(
            "a network twice as large",
            *fitted.gain(now, (2 * now[0], rows)),
            price=f"{best.seconds:.0f} s more of training, {4e-6 * now[0]:.1f} MB",
        ),
        *_columns(runs, without),
    ]
    return sorted(found, key=lambda one: -one.gain)


def _columns(runs: Sequence[Run], without: Sequence[Run]) -> list[Option]:
    """Return what one more column as good as the weakest that there is would bring."""
    pairs = []
    for lacking in without:
        alike = [
            one for one in runs if one.size == lacking.size and one.point.rows == lacking.point.rows
        ]
        if alike:
            pairs.append((1.0 - alike[0].point.loss / lacking.point.loss, lacking.without))
    if not pairs:
        return []
    gain, name = min(pairs)
    what = f"a column that adds what '{name}' adds to the others, the least of all"
    return [Option(what, max(gain, 0.0), None, None, price="a further thing measured of each row")]


def sentence(found: Sequence[Option], fitted: Fitted, loss: float) -> str:
    """Return what to do, in one sentence.

    Args:
        found: From `options`.
        fitted: The law.
        loss: Of the best run.
    """
    best = found[0]
    stays = fitted.law.floor / loss
    tail = f"; about {stays:.0%} of the loss would stay whatever is added" if stays > 0.05 else ""
    if best.gain < WORTH:
        return f"Nothing that was looked at is foreseen to lower the loss by a hundredth{tail}."
    ends = "" if best.low is None else f" ({best.low:.0%} to {best.high:.0%})"
    other = found[1] if len(found) > 1 else None
    beside = "" if other is None else f", {other.what} by {other.gain:.0%}"
    return (
        f"{best.what[0].upper()}{best.what[1:]} would lower the loss by {best.gain:.0%}{ends}, at "
        f"the price of {best.price}{beside}{tail}."
    )
