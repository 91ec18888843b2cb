"""Draws of which none is made twice: what was drawn before is drawn again, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

TIMES, MORE = 3, 64
"""Draws for each value that is wanted, and so many more: then what is left comes again."""


@dataclass(frozen=True)
class Distinct:
    """Values that were drawn.

    Attributes:
        made: The values, in the order of their draws.
        draws: Number of the draw that each is, from 0.
        tried: How many draws there were.
        repeated: How many of `made` came before: no draw within the bounds gave another.
    """

    made: np.ndarray
    draws: np.ndarray
    tried: int
    repeated: int

    @property
    def notes(self) -> list[str]:
        """Return what a person should know."""
        num = len(self.draws)
        if self.repeated:
            return [
                f"{num - self.repeated:,} of {num:,} values differ, the others are made again: "
                f"{self.tried:,} draws gave no more"
            ]
        again = self.tried - num
        if not again:
            return []
        return [
            f"{again:,} of {self.tried:,} draws gave what was drawn before, and were drawn anew, "
            f"so that all {num:,} differ (--repeats leaves them in)"
        ]


def draw_distinct(
    draw: Callable[[np.ndarray], np.ndarray],
    keys: Callable[[np.ndarray], Sequence[Hashable]],
    num: int,
) -> Distinct:
    """Return the first so many different values among draws 0, 1, 2, ...

    The first of many are those of fewer. Where `TIMES` as many draws and `MORE` do not give enough,
    the first draws that came again fill up.

    Args:
        draw: Numbers of draws -> their values.
        keys: Values -> what is equal of equal ones.
        num: How many are wanted.
    """
    parts, seen = list[np.ndarray](), set[Hashable]()
    kept, again, tried = list[int](), list[int](), 0
    while len(kept) < num and tried < TIMES * num + MORE:
        size = min(num - len(kept), TIMES * num + MORE - tried)
        parts.append(draw(np.arange(tried, tried + size)))
        for number, key in enumerate(keys(parts[-1]), tried):
            (again if key in seen else kept).append(number)
            seen.add(key)
        tried += size
    repeated = num - len(kept)
    draws = np.array(sorted([*kept, *again[:repeated]]), np.int64)
    return Distinct(np.concatenate(parts)[draws], draws, tried, repeated)
