"""What is done at all, beside what was done in the best episodes and in all."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from plait.modalities.action.cells import Action, written
from plait.modalities.action.space import Space
from plait.types import Html

MADE, TRUE = "#d5701a", "#2f7fc1"
"""Colours that are told apart by the colour-blind, on light and on dark pages."""

MOST_SHOWN, NUM_STEPS = 12, 8
"""Names that are drawn, and stretches of a number's range."""


def panel(space: Space, said: Sequence[Action], true: Sequence[Action]) -> Html:
    """Return bars of what is done and what was done: by name, or by stretches of each number."""
    if not said:
        return ""
    rows = "".join(_rows(space, said, true))
    return (
        f"<h3>What is done</h3><p>Shares of {len(said):,} steps ({_mark(MADE)} decided here, "
        f"{_mark(TRUE)} recorded).</p>{rows}"
    )


def _rows(space: Space, said: Sequence[Action], true: Sequence[Action]) -> list[Html]:
    if not space.low:
        names = [one.name for one in true]
        often = sorted(space.labels, key=lambda name: -names.count(name))[:MOST_SHOWN]
        return [
            _bars(
                name,
                np.mean([one.name == name for one in said]),
                np.mean([one == name for one in names]),
            )
            for name in often
        ]
    found = []
    for place, (low, high) in enumerate(zip(space.low, space.high, strict=True)):
        edges = np.linspace(low, high, NUM_STEPS + 1)
        made, was = (
            np.histogram([one.numbers[place] for one in some], edges)[0] / len(some)
            for some in (said, true)
        )
        title = f"number {place + 1}: " if len(space.low) > 1 else ""
        found += [
            _bars(f"{title}{written(round(a, 3))} to {written(round(b, 3))}", share, other)
            for a, b, share, other in zip(edges, edges[1:], made, was, strict=False)
        ]
    return found


def _mark(colour: str) -> Html:
    style = f"display:inline-block;width:10px;height:10px;background:{colour}"
    return f'<span style="{style}"></span>'


def _bars(name: str, said: float, true: float) -> Html:
    drawn = "".join(
        f'<div style="display:flex;align-items:center;gap:8px"><div style="height:10px;'
        f'width:{60 * share:.1f}%;min-width:1px;background:{colour}"></div>'
        f'<span style="font-size:13px">{100 * share:.1f} %</span></div>'
        for share, colour in ((said, MADE), (true, TRUE))
    )
    return (
        f'<div style="margin:8px 0"><div style="font-size:13px">{html.escape(name)}</div>'
        f"{drawn}</div>"
    )
