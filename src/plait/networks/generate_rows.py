"""Runs a network over many rows and returns what it generates, or how well it knew the truth."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from plait.baselines.start import START
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.modalities import Asked
from plait.networks.runner import Drawer, flat
from plait.types import Arrays

MOST_NUMBERS = 8_000_000
"""Of prepared values that a network is given at once: of pictures that are seen finely few rows."""


def generated_rows(
    drawer: Drawer,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    asked: Asked,
    *,
    draws: Sequence[float] | None = None,
    batch_size: int = 64,
) -> list[Arrays]:
    """Return a generated value per row, in the order of `rows`.

    A row's draws come from what its columns hold and from the seed: the same row is answered
    equally wherever it stands, alone or among others.

    Args:
        drawer: Of the target.
        prepared: Where the rows' arrays are.
        rows: Row numbers; one may come several times.
        asked: How to draw.
        draws: Which of a row's draws each is, from 0, which all are without it (or its number,
            where rows are asked `apart`): others are as
            independent of it as those of another seed. 2.5 is half way between draws 2 and 3, of
            what is drawn from noise (see `Between`).
        batch_size: Rows at a time.
    """
    columns = drawer.columns
    batch_size = _at_once(prepared, columns, batch_size)
    loader = Loader(prepared, np.asarray(rows), columns, batch_size=batch_size, bucket=True)
    if draws is None and asked.apart:
        draws = np.asarray(rows).tolist()
    numbers = np.zeros(len(rows)) if draws is None else np.asarray(draws, np.float64)
    waiting: dict[int, deque[int]] = {}
    for place, row in enumerate(rows):
        waiting.setdefault(int(row), deque()).append(place)
    found: list[Arrays] = [{} for _ in rows]
    for batch_rows, batch in loader.epoch(0):
        places = [waiting[int(row)].popleft() for row in batch_rows]
        rngs = [
            _rng_of(prepared, columns, row, asked.seed, numbers[place])
            for row, place in zip(batch_rows, places, strict=True)
        ]
        for place, value in zip(places, drawer.draw(flat(batch), rngs, asked), strict=True):
            found[place] = value
    return found


def streamed_row(drawer: Drawer, prepared: Prepared, row: int, asked: Asked) -> Iterator[Arrays]:
    """Give beginnings of the value of a row; the last is what `generated_rows` returns of it."""
    rng = _rng_of(prepared, drawer.columns, row, asked.seed)
    loader = Loader(prepared, np.array([row]), drawer.columns, batch_size=1, bucket=True)
    for _, batch in loader.epoch(0):
        yield from drawer.stream(flat(batch), rng, asked)


def row_losses(
    drawer: Drawer,
    target: str,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    batch_size: int = 256,
) -> np.ndarray:
    """Return the loss of each row that has a value, float64 ``[row]``, in the order of `rows`.

    Args:
        drawer: Of the target.
        target: Its column.
        prepared: Where the rows' arrays are, the target's too.
        rows: Row numbers.
        batch_size: Rows at a time.
    """
    batch_size = _at_once(prepared, drawer.columns, batch_size)
    loader = Loader(prepared, np.asarray(rows), drawer.columns, batch_size=batch_size, bucket=True)
    places = {int(row): place for place, row in enumerate(rows)}
    found = np.zeros(len(rows), np.float64)
    for batch_rows, batch in loader.epoch(0):
        wanted = prepared.columns[target].gather(batch_rows)
        found[[places[int(row)] for row in batch_rows]] = drawer.losses(flat(batch), wanted)
    return found


def _at_once(prepared: Prepared, columns: Sequence[str], most: int) -> int:
    """Return how many rows are given at once, by the numbers of fixed size that each holds."""
    layouts = [prepared.columns[name].codec.layout for name in columns]
    shapes = [spec.shape for layout in layouts for spec in layout.values()]
    size = sum(prod(one for one in shape if isinstance(one, int)) for shape in shapes)
    return max(1, min(most, MOST_NUMBERS // max(size, 1)))


def _rng_of(
    prepared: Prepared, columns: Sequence[str], row: int, seed: int, draw: float = 0.0
) -> np.random.Generator:
    """Return what a draw of a row is of: its columns' values, and the seed that was asked."""
    digest = hashlib.blake2b(digest_size=8)
    for name in columns:
        if name == START:  # comes from the others, and differs by rounding in other company
            continue
        for part, array in (prepared.columns[name][int(row)] or {}).items():
            digest.update(f"{name}/{part}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    own = [seed, int.from_bytes(digest.digest(), "little")]
    first, share = int(draw), draw % 1.0
    rng = np.random.default_rng([*own, first] if first else own)
    return Between(rng, np.random.default_rng([*own, first + 1]), share) if share else rng


class Between(np.random.Generator):
    """Draws noise between that of two generators, as long as noise is (slerp, Shoemake 1985).

    Args:
        first, second: Of the shares 0 and 1.
        share: In (0, 1).
    """

    def __init__(
        self, first: np.random.Generator, second: np.random.Generator, share: float
    ) -> None:
        super().__init__(first.bit_generator)
        self._second, self._share = second, share

    def standard_normal(self, *args: Any, **options: Any) -> Any:
        """Return standard normal numbers, as NumPy's generators do."""
        one = np.asarray(super().standard_normal(*args, **options))
        other = np.asarray(self._second.standard_normal(*args, **options))
        angle = _angle(one, other)
        weights = np.sin(np.array([1 - self._share, self._share]) * angle) / np.sin(angle)
        return (weights[0] * one + weights[1] * other).astype(one.dtype)


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    product = float((one * other).sum() / (np.linalg.norm(one) * np.linalg.norm(other)))
    return float(np.arccos(np.clip(product, -0.999999, 0.999999)))
