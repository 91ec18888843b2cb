"""Features of columns, each made when first asked for: who needs few columns waits for few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from plait.baselines.extract import RawColumn


class LazyColumns(Mapping[str, RawColumn]):
    """Column name -> features of some rows.

    Args:
        names: Of the columns, in the order of the features.
        make: Makes the features of one of them.
    """

    def __init__(self, names: Sequence[str], make: Callable[[str], RawColumn]) -> None:
        self._names, self._make = tuple(names), make
        self._made: dict[str, RawColumn] = {}

    def __getitem__(self, name: str) -> RawColumn:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @property
    def complete(self) -> bool:
        """Whether the features of every column are made."""
        return len(self._made) == len(self._names)

    def take(self, places: np.ndarray, make: Callable[[str], RawColumn]) -> LazyColumns:
        """Return some of the rows: what is made is taken, the rest comes from `make`."""
        found = LazyColumns(self._names, make)
        found._made = {name: column.take(places) for name, column in self._made.items()}
        return found
