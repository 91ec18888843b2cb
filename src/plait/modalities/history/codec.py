"""Histories: the last items that somebody took, how far apart in time, with amounts of each."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from plait.display import brief
from plait.modalities.history.cells import History, is_told, read_history
from plait.modalities.item.naming import code_of
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.told_lists import begun_later, means_and_scales
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

NUM_SKETCH = 64
FADES = 0.97
"""Of features: what was taken one item before counts so many times as much."""

SHOWN = 12
LARGEST = 8.0


@brief
@dataclass(frozen=True, kw_only=True)
class HistoryCodec:
    """Codec of the ``history`` modality. Raw is a `History`.

    Attributes:
        longest: So many of the last items are kept.
        amounts: Names of what is known of each item taken.
        means, scales: Of the amounts, in training.
        usual_gap: Seconds between one item and the next, in the middle of training.
    """

    modality: ClassVar[str] = "history"
    version: ClassVar[int] = 1
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None

    longest: int = 512
    amounts: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    usual_gap: float = 1.0

    @property
    def layout(self) -> Layout:
        """``item`` codes, the log of the ``gap`` before each, and scaled ``amounts``."""
        num = max(len(self.amounts), 1)
        return {
            "item": ArraySpec(("time",), "int64"),
            "gap": ArraySpec(("time",), "float32"),
            "amounts": ArraySpec(("time", num), "float32"),
        }

    def detect(self, sample: ColumnSample) -> float:
        return 0.98 * sum(map(is_told, sample.values)) / max(len(sample.values), 1)

    def read(self, cell: Cell, media: Media) -> History | None:
        return read_history(cell)

    def fit(self, raws: Iterable[History]) -> HistoryCodec:
        """Learn the amounts, their scales, and the usual gap."""
        names: tuple[str, ...] = ()
        rows, gaps = list[np.ndarray](), list[np.ndarray]()
        for raw in raws:
            names = names or raw.names
            if raw.amounts is not None and raw.names == names:
                rows.append(raw.amounts)
            if raw.times is not None:
                gaps.append(np.diff(raw.times))
        every = np.concatenate(gaps) if gaps else np.zeros(0)
        every = every[every > 0]
        usual = float(np.median(every)) if len(every) else 1.0
        if not names:
            return replace(self, usual_gap=usual)
        means, scales = means_and_scales(np.concatenate(rows))
        return replace(self, amounts=names, means=means, scales=scales, usual_gap=usual)

    def prepare(self, raw: History) -> Arrays:
        items = raw.items[-self.longest :]
        gaps = np.zeros(len(items))
        if raw.times is not None and len(items) > 1:
            gaps[1:] = np.diff(raw.times[-len(items) :])
        gaps = np.log1p(np.maximum(gaps, 0.0) / self.usual_gap).clip(0, LARGEST)
        codes = np.array([code_of(name) for name in items], np.int64)
        return {
            "item": codes,
            "gap": gaps.astype(np.float32),
            "amounts": self._scaled(raw)[-len(items) :],
        }

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Forget the earliest items, as if nobody had been looking yet; every other time."""
        return begun_later(arrays, rng)

    def show(self, raw: History) -> Html:
        names = [html.escape(one) or "?" for one in (raw.titles or raw.items)]
        before = f"{len(names) - SHOWN:,} before, then " if len(names) > SHOWN else ""
        return f'<span class="history">{before}{" → ".join(names[-SHOWN:])}</span>'

    def example(self, rng: np.random.Generator) -> Cell:
        letters = "abcdefghijkl"
        num, time = int(rng.integers(2, 7)), 0.0
        told = []
        for _ in range(num):
            time += float(rng.integers(1, 50))
            told.append({"item": letters[int(rng.integers(len(letters)))], "time": time})
        return json.dumps(told)

    def neutral(self) -> History:
        return History(("",))

    def corrupt(self, raw: History, severity: float, rng: np.random.Generator) -> History:
        """Forget which items were taken, and mix up the order of some."""
        if severity <= 0:
            return raw
        gone = rng.random(len(raw.items)) < 0.5 * severity
        items = [("" if lost else name) for name, lost in zip(raw.items, gone, strict=True)]
        keys = np.arange(len(items)) + rng.normal(0, 3 * severity, len(items))
        order = np.argsort(keys, kind="stable")
        return replace(raw, items=tuple(items[place] for place in order), titles=())

    def features(self, arrays: Arrays) -> np.ndarray:
        """A sketch of the items, the latest counting most, and the log of how many there are."""
        codes = arrays["item"]
        weights = FADES ** np.arange(len(codes))[::-1]
        found = (weights[:, None] * np.stack([_sketch(int(one)) for one in codes])).sum(axis=0)
        found /= np.sqrt((weights**2).sum())
        return np.append(found, np.log(len(codes))).astype(np.float32)

    def fingerprint(self, raw: History) -> Fingerprint | None:
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return first == second

    def _scaled(self, raw: History) -> np.ndarray:
        found = np.zeros((len(raw.items), max(len(self.amounts), 1)), np.float32)
        if raw.amounts is None:
            return found
        for place, name in enumerate(self.amounts):
            if name in raw.names:
                told = raw.amounts[:, raw.names.index(name)]
                told = (told - self.means[place]) / self.scales[place]
                found[:, place] = np.nan_to_num(told).clip(-LARGEST, LARGEST)
        return found


@lru_cache(maxsize=100_000)
def _sketch(code: int) -> np.ndarray:
    """Return numbers at random that are the item's own, float64 ``[NUM_SKETCH]``."""
    return np.random.default_rng(code).normal(size=NUM_SKETCH)
