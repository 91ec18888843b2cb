"""Tells what kind of media a file ending stands for, by asking every modality."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from plait.data.sources.packed import MAGIC
from plait.modalities import modalities
from plait.types import ColumnSample

TEXT_ENDINGS = frozenset({".txt", ".text", ".caption"})
"""Files that hold a text cell: their content becomes the cell."""

LABEL_ENDINGS = frozenset({".cls", ".label"})
"""Files that hold a label (WebDataset's convention)."""

TABLE_ENDINGS = frozenset(
    {".csv", ".tsv", ".parquet", ".pq", ".jsonl", ".ndjson", ".arrow", ".feather"}
    | {".xlsx", ".xlsm", ".ods"}
)


def is_table(file: Path) -> bool:
    """Tell whether a file is a table by its name, packed or not: ``shop.csv``, ``shop.csv.gz``."""
    ending = file.suffix.lower()
    packed = ending in MAGIC and Path(file.stem).suffix.lower() in TABLE_ENDINGS
    return ending in TABLE_ENDINGS or packed


def kind_of_ending(ending: str) -> str | None:
    """Return the modality whose files end so, ``text``, ``label``, or None when unknown.

    A modality is asked twice, with and without the ending: only one that is sure because of
    the ending counts.
    """
    if ending in TEXT_ENDINGS:
        return "text"
    if ending in LABEL_ENDINGS:
        return "label"
    if not ending:
        return None
    return _best_gain(ending, tuple(modalities()))


def column_names(kinds: Iterable[str]) -> list[str]:
    """Return the kinds in a fixed order: media first, then text, then the label."""
    last = {"text": 1, "label": 2, "split": 3}
    return sorted(set(kinds), key=lambda kind: (last.get(kind, 0), kind))


@cache
def _best_gain(ending: str, names: tuple[str, ...]) -> str | None:
    gains = {name: _sure(name, ending) - _sure(name, "") for name in names}
    best = max(gains, key=lambda name: gains[name], default=None)
    return best if best is not None and gains[best] > 0.5 else None


def _sure(modality: str, ending: str) -> float:
    names = [f"folder/file_{number}{ending}" for number in range(8)]
    sample = ColumnSample("file", names, num_rows=8, num_distinct=8)
    return modalities()[modality]().detect(sample)
