"""What is recommended at all, beside what was taken: by popularity, and the most frequent items."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from plait.modalities.item.ranking import Ranking
from plait.modalities.item.scoring import CUT
from plait.modalities.paired_bars import MADE, TRUE, mark, paired_bars
from plait.types import Html

if TYPE_CHECKING:
    from plait.modalities.item.codec import ItemCodec

KINDS = ("most popular", "in between", "seldom taken", "never taken in training")
"""Of items: the first three have a third of all that training took each."""

NUM_NAMED = 8


def panel(codec: ItemCodec, said: Sequence[Ranking], true: Sequence[Ranking]) -> Html:
    """Return bars of recommended and of taken items by popularity, and what is recommended most."""
    if not said:
        return ""
    best = [str(name) for one in said for name in one.items[:CUT]]
    taken = [one.first for one in true]
    kinds = kinds_of(codec.items, codec.counts)
    num = {kind: sum(one == kind for one in kinds.values()) for kind in KINDS}
    rows = "".join(
        paired_bars(
            f"{kind} ({num[kind]:,} items)",
            _share(best, kinds, kind),
            _share(taken, kinds, kind),
        )
        for kind in KINDS
        if num[kind]
    )
    seen = len(set(best) & set(codec.items))
    return (
        f"<h3>What is recommended, by popularity</h3><p>Shares of the ten best of "
        f"{len(said):,} rows ({mark(MADE)} recommended) and of what came next "
        f"({mark(TRUE)} taken). {seen:,} of {len(codec.items):,} items are among "
        f"anybody's ten best.</p>{rows}{_named(codec, best, len(said))}"
    )


def kinds_of(items: Sequence[str], counts: Sequence[int]) -> dict[str, str]:
    """Return item -> which of `KINDS` it is."""
    known = np.zeros(len(items))
    known[: len(counts)] = counts
    order = np.argsort(-known, kind="stable")
    before = np.cumsum(known[order]) - known[order]
    third = np.minimum((3 * before / max(known.sum(), 1.0)).astype(int), 2)
    found = {}
    for place, part in zip(order, third, strict=True):
        found[items[int(place)]] = KINDS[int(part)] if known[place] else KINDS[3]
    return found


def _share(names: Sequence[str], kinds: dict[str, str], kind: str) -> float:
    return sum(kinds.get(name) == kind for name in names) / max(len(names), 1)


def _named(codec: ItemCodec, best: Sequence[str], num_rows: int) -> Html:
    listed = "".join(
        f"<li>{html.escape(codec.title(name)) or '?'}: {100 * num / num_rows:.0f} %</li>"
        for name, num in Counter(best).most_common(NUM_NAMED)
    )
    return f"<h3>Most often among the ten best</h3><ol>{listed}</ol>"
