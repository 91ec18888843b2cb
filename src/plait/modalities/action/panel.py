"""What is done at all, beside what was done in the best episodes and in all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.modalities.action.cells import Action, written
from plait.modalities.action.space import Space
from plait.modalities.paired_bars import MADE, TRUE, mark, paired_bars
from plait.types import Html

MOST_SHOWN, NUM_STEPS = 12, 8
"""Names that are drawn, and stretches of a number's range."""


def panel(space: Space, said: Sequence[Action], true: Sequence[Action]) -> Html:
    """Return bars of what is done and what was done: by name, or by stretches of each number."""
    if not said:
        return ""
    rows = "".join(_rows(space, said, true))
    return (
        f"<h3>What is done</h3><p>Shares of {len(said):,} steps ({mark(MADE)} decided here, "
        f"{mark(TRUE)} recorded).</p>{rows}"
    )


def _rows(space: Space, said: Sequence[Action], true: Sequence[Action]) -> list[Html]:
    if not space.low:
        names = [one.name for one in true]
        often = sorted(space.labels, key=lambda name: -names.count(name))[:MOST_SHOWN]
        return [
            paired_bars(
                name,
                sum(one.name == name for one in said) / len(said),
                names.count(name) / len(names),
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
            paired_bars(f"{title}{written(round(a, 3))} to {written(round(b, 3))}", share, other)
            for a, b, share, other in zip(edges, edges[1:], made, was, strict=False)
        ]
    return found
