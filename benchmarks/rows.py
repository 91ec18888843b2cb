"""One measured number beside a peer's and its target; medians over seeds; Markdown tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

HEADINGS = ("case", "metric", "plait", "peer", "peer's", "target", "reached", "seconds", "note")
_TARGET = re.compile(
    r"(>=|<=|>|<|\+-)\s*(?:(-?[\d.]+)|(?:([\d.]+)\s*x\s*)?peer(?:\s*-\s*([\d.]+))?)"
)
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number.

    Attributes:
        benchmark: Name of the benchmark.
        case: Data set, or what varies within the benchmark.
        metric: What is measured, with its unit.
        value: plait's number; None when only peers were run.
        peer: Who stands beside plait; empty for nobody.
        peer_value: The peer's number.
        target: ``>= 0.94``, ``>= peer``, ``>= peer - 0.01``, ``<= 1.2 x peer``, ``+- 0.02``; empty
            for none.
        seconds: Time that plait took (the peer's, when plait did not run).
        seed: Of the run; None in a median over seeds.
        note: What a reader should know.
    """

    benchmark: str
    case: str
    metric: str
    value: float | None = None
    peer: str = ""
    peer_value: float | None = None
    target: str = ""
    seconds: float = 0.0
    seed: int | None = 0
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether `value` reaches `target`; None when there is nothing to compare.

        >>> Row(benchmark="b", case="c", metric="m", value=2.0, peer_value=1.0,
        ...     target=">= 2.5 x peer").reached
        False
        """
        bound = bound_of(self.target, self.peer_value)
        if self.value is None or bound is None:
            return None
        mark = _TARGET.fullmatch(self.target)[1]  # type: ignore[index]
        return {
            ">=": self.value >= bound - _ROUNDING,
            "<=": self.value <= bound + _ROUNDING,
            ">": self.value > bound,
            "<": self.value < bound,
            "+-": abs(self.value) <= bound + _ROUNDING,
        }[mark]

    def scored(self, value: float, seconds: float, note: str = "") -> Row:
        """Return a copy with plait's number."""
        return replace(self, value=value, seconds=seconds, note=note)

    def to_dict(self) -> dict[str, Any]:
        """Return its fields and `reached`, ready for JSON."""
        return {**asdict(self), "reached": self.reached}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Row:
        """Undo `to_dict`."""
        return cls(**{name: value for name, value in fields.items() if name != "reached"})


def bound_of(target: str, peer_value: float | None) -> float | None:
    """Return the number that a target asks for, or None when there is none.

    Raises:
        ValueError: The target cannot be read.
    """
    if not target:
        return None
    found = _TARGET.fullmatch(target)
    if found is None:
        raise ValueError(
            f"unreadable target {target!r}: expected '>= 0.9', '<= 1.2 x peer' or '+- 0.02'"
        )
    if found[2]:
        return float(found[2])
    return None if peer_value is None else float(found[3] or 1) * peer_value - float(found[4] or 0)


def medians(rows: Iterable[Row]) -> list[Row]:
    """Return one row per benchmark, case, metric and peer: the median of its seeds."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.benchmark, row.case, row.metric, row.peer), []).append(row)
    return [_median(group) for group in groups.values()]


def _median(group: Sequence[Row]) -> Row:
    notes = dict.fromkeys(row.note for row in group if row.note)
    values = [row.value for row in group if row.value is not None]
    spread = f"{show(min(values))} to {show(max(values))}" if len(values) > 1 else ""
    return replace(
        group[0],
        value=median(values) if values else None,
        peer_value=_middle(row.peer_value for row in group),
        seconds=median(row.seconds for row in group),
        seed=None,
        note="; ".join(filter(None, [*notes, spread])),
    )


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def markdown_table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _cells(row: Row) -> tuple[str, ...]:
    reached = {True: "yes", False: "**no**", None: ""}[row.reached]
    texts = (row.case, row.metric, show(row.value), row.peer, show(row.peer_value), row.target)
    cells = (*texts, reached, f"{row.seconds:.0f}" if row.seconds >= 1 else "", row.note)
    return tuple(cell.replace("|", "/") for cell in cells)


def show(value: float | None) -> str:
    """Return a number with about four digits, nothing for None.

    >>> show(0.93456), show(51234.6), show(12.345), show(None)
    ('0.9346', '51,235', '12.3', '')
    """
    if value is None:
        return ""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.4f}"
