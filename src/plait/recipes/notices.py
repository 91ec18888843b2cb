"""The notice of what a model makes, and files that carry theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import plait
from plait.bundle import MANIFEST
from plait.display import cell_text
from plait.modalities import Asked
from plait.model.model import Model
from plait.provenance.chunks import FORMATS
from plait.provenance.notice import Notice
from plait.types import Cell

NOTHING: Mapping[str, Cell] = MappingProxyType({})


def notice_of(
    model: Model,
    target: str,
    asked: Asked,
    cells: Mapping[str, Cell] = NOTHING,
) -> Notice:
    """Return the notice of a value, the first draw.

    Args:
        model: That made it.
        target: Its column.
        asked: How it was drawn.
        cells: What was given, by column; none of rows of a table, which stand beside it.
    """
    return Notice(
        version=plait.__version__,
        bundle=_hash_of(model),
        target=target,
        conditions={name: _told(cell) for name, cell in cells.items()},
        seed=asked.seed,
        settings=_settings(asked),
    )


def stamped(content: bytes, ending: str, notice: Notice) -> bytes:
    """Return a file's bytes with its notice within, of a format that can carry one."""
    form = FORMATS.get(ending.lower())
    return content if form is None else form.put(content, notice)


def _settings(asked: Asked) -> dict[str, float]:
    """Return the numbers by which was drawn, but what is left to the target."""
    said: dict[str, float | None] = {
        "temperature": asked.temperature,
        "beam": float(asked.beam),
        "steps": asked.steps,
        "guidance": asked.guidance,
        "strength": None if asked.begin is None else asked.strength,
    }
    return {name: float(value) for name, value in said.items() if value is not None}


def _hash_of(model: Model) -> str:
    """Return the SHA-256 of the bundle's manifest; "" of a model that was never saved."""
    if model.path is None or not (model.path / MANIFEST).is_file():
        return ""
    return hashlib.sha256((model.path / MANIFEST).read_bytes()).hexdigest()


def _told(cell: Cell) -> str:
    """Return what a condition says: a file by its hash, all else as it is written."""
    if isinstance(cell, bytes):
        return "sha256:" + hashlib.sha256(cell).hexdigest()
    path = Path(cell) if isinstance(cell, str | Path) and len(str(cell)) < 1000 else None
    if path is not None and path.suffix and path.is_file():
        return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    return cell_text(cell)
