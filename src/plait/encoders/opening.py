"""Opens a found encoder as what it is, under its own name and with its licence."""

from __future__ import annotations

from dataclasses import replace

from plait.backbones.checkpoint import Checkpoint, open_checkpoint
from plait.backbones.table_model import TableModel, open_table_model
from plait.encoders.found import FoundEncoder
from plait.encoders.hashing import licence_of


def open_found(one: FoundEncoder, modality: str) -> Checkpoint:
    """Return the opened checkpoint; its folder's name may say nothing, and is not told.

    Raises `PlaitError` where its files are not what their names say.
    """
    checkpoint = open_checkpoint(one.folder(), modality=modality)
    return replace(checkpoint, source=one.name, licence=checkpoint.licence or licence_of(one))


def open_table(one: FoundEncoder, *, classes: bool) -> TableModel:
    """Return an opened tabular foundation model of classes, or of numbers.

    Raises `PlaitError` where it is of the other kind, or its files are not what their names say.
    """
    model = open_table_model(one.folder(), classes=classes)
    return replace(model, source=one.name, licence=model.licence or licence_of(one))
