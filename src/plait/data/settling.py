"""Settles how a column's cells are read, from many of them, and says what was decided and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from plait.data.roles import Place
from plait.data.schema import Column, make_codec
from plait.errors import CellError, SchemaError
from plait.modalities import Media, find_codec, modalities, traits_of_modality
from plait.modalities.survey import Surveyor
from plait.types import Cell, ColumnSample

FALLBACKS = (None, "category", "categories", "text")
"""What columns become whose cells are nearly something else."""


def settle(column: Column, sample: ColumnSample, *, strict: bool) -> Column:
    """Return the column with the settings that its cells decide; what the person set stays.

    Raises:
        SchemaError: In strict mode, where the cells leave a doubt.
    """
    if not _surveys(column.modality):
        return column
    codec: Any = make_codec(column)
    found = codec.survey(sample)
    if strict and found.ambiguous:
        raise SchemaError(
            "the column's cells can be read in two ways",
            expected="a setting that says how",
            received="; ".join(found.said),
            column=column.name,
            hint=f'say it: --columns "{column.name}={column.modality}{{{found.ambiguous}}}"',
        )
    said = [phrase for phrase in found.said if phrase not in column.why]
    doubts = [phrase for phrase in found.said if found.ambiguous and found.ambiguous in phrase]
    return replace(
        column,
        settings={**found.settings, **column.settings},
        why="; ".join([column.why, *said]),
        doubt="; ".join(doubts),
    )


def refusals(sample: ColumnSample, places: Sequence[Place], chosen: str | None) -> list[str]:
    """Return why other modalities that come close were not chosen, with the rows that show it."""
    found: list[str] = []
    if chosen not in FALLBACKS:
        return found
    for name, cls in modalities().items():
        if name == chosen or not _surveys(name):
            continue
        codec: Any = cls()
        survey = codec.survey(sample)
        if survey.refused:
            rows = [_row_of(cell, places) for cell in survey.witnesses]
            shown = ", ".join(
                f"'{cell}' in row {row}" for cell, row in zip(survey.witnesses, rows, strict=True)
            )
            found.append(survey.refused + (f" ({shown})" if shown else ""))
    return found


def facts_of(column: Column, sample: ColumnSample) -> dict[str, Any]:
    """Return what a survey counts: units, limits, words; nothing where cells are plain."""
    if not _surveys(column.modality):
        return {}
    codec: Any = make_codec(column)
    return dict(codec.survey(sample).facts)


def read_values(column: Column, cells: Sequence[Cell], media: Media) -> list[Cell]:
    """Return the cells of a column of numbers or dates as numbers, others as they are.

    None where a cell cannot be read: as if it were missing.
    """
    if column.role != "value" or not traits_of_modality(column.modality).amount:
        return list(cells)
    codec = make_codec(column)
    found: list[Cell] = []
    for cell in cells:
        try:
            found.append(None if cell is None else codec.read(cell, media))
        except CellError:
            found.append(None)
    return found


def _surveys(modality: str | None) -> bool:
    return modality is not None and issubclass(find_codec(modality), Surveyor)


def _row_of(cell: Any, places: Sequence[Place]) -> int:
    return next(place.row for place in places if place.cell is cell or place.cell == cell)
