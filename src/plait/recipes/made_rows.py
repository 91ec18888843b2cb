"""Made rows: what they have in common in, whole rows out, each with a notice of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from plait.answer import Answer
from plait.arrow import array
from plait.data.free_names import free_name
from plait.errors import CellError, UsageError
from plait.modalities import Asked
from plait.model.asked import asked_row, modality_of, of_call
from plait.model.asked_draws import MAX_TEMPERATURE
from plait.model.whole_rows import WholeRows
from plait.progress import Progress
from plait.recipes.ask import cells_of
from plait.recipes.made_output import MADE_BY
from plait.recipes.notices import notice_of
from plait.recipes.outputs import check_output
from plait.recipes.row_files import PACKINGS, RowWriter, format_of, is_row_file, writing_to
from plait.types import Cell
from plait.whole_rows.columns import Numbers
from plait.whole_rows.reading import read_raws

WHOLE_ROWS = "whole rows"
"""What notices say was made."""

CHUNK_ROWS, MOST_NAMED = 2048, 12


def make_rows(
    model: WholeRows,
    given: Mapping[str, Cell],
    *,
    n: int,
    temperature: float,
    seed: int,
    out: Path | str | None,
    force: bool,
    progress: Progress,
) -> Any:
    """Make whole rows, from what is given of all of them.

    Args:
        model: Makes them.
        given: By column, or by a modality that one column is of.
        n: So many.
        temperature: 1 draws as often as was learned; 0 takes the likeliest value of each column,
            in the order of the table, which is the same row again and again.
        seed: Of the draws.
        out: ``.csv``, ``.jsonl`` or ``.parquet``; None returns an `Answer`.
        force: Whether a file at `out` is replaced.
        progress: Told of the work.

    Returns:
        As `plait.recipes.generate.generate`.

    Raises:
        CellError: What is given cannot be read, or was never seen.
        UsageError: It is not clear what is meant, or rows are not written in such a file.
    """
    if seed < 0 or not 0 <= temperature <= MAX_TEMPERATURE:
        raise UsageError(
            "rows cannot be drawn so",
            expected=f"a temperature from 0 to {MAX_TEMPERATURE:g}, a seed of 0 or more",
            received=f"temperature={temperature}, seed={seed}",
        )
    if out is not None:
        _check_place(Path(out), model, force=force)
    cells = _cells(model, given)
    known, notes = _known(model, cells)
    update, made = progress.task("generating", n), dict[str, list[Any]]()
    for first in range(0, n, CHUNK_ROWS):
        draws = range(first, min(first + CHUNK_ROWS, n))
        part = model.rows.make(known, draws, seed=seed, temperature=temperature)
        for name, values in part.items():
            made.setdefault(name, []).extend(values)
        update(draws[-1] + 1)
    columns: dict[str, list[Cell]] = model.rows.write(made)
    if out is None:
        return Answer(columns)
    notice = notice_of(model, WHOLE_ROWS, Asked(temperature=temperature, seed=seed), cells)
    told = [replace(notice, draw=draw).to_json() for draw in range(n)]
    _write(Path(out), columns, told)
    return {
        "out": str(out),
        "rows": n,
        "target": WHOLE_ROWS,
        "files": [str(out)],
        "manifest": None,
        "notes": notes,
    }


def _check_place(out: Path, model: WholeRows, *, force: bool) -> None:
    if not is_row_file(out, None):
        raise UsageError(
            "whole rows are not written so",
            expected=".csv, .jsonl or .parquet",
            received=out.name,
            hint="--out made.csv",
        )
    check_output(out, model if model.path is None else model.path, force=force)


def _cells(model: WholeRows, given: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return column -> cell; a modality must be that of one column."""
    for name in given:
        of_kind = [one for one in model.inputs if modality_of(model, one) == name]
        if name not in model.inputs and len(of_kind) > 1:
            raise UsageError(
                f"several columns are of {name}: it is not clear which is meant",
                expected="the name of a column",
                received=", ".join(of_kind[:MOST_NAMED]),
                hint=f"--given {of_kind[0]}=VALUE",
            )
    return cells_of(model, given)


def _known(model: WholeRows, cells: Mapping[str, Cell]) -> tuple[dict[str, Any], list[str]]:
    """Return column -> what is given, as its codec reads it, and what is to be noted.

    Raises `CellError` for what cannot be read, and for labels that were never seen.
    """
    if not cells:
        return {}, []
    row = asked_row(model, cells)
    try:
        read = read_raws(row, {name: model.shown[name] for name in cells}, np.arange(1))
    except CellError as error:
        raise of_call(error) from None
    known, notes = {name: values[0] for name, values in read.items()}, []
    for name, raw in known.items():
        column = model.rows.columns[name]
        if column.knows(raw):
            continue
        if isinstance(column, Numbers):
            ends = column.write([column.bins.low, column.bins.high])
            notes.append(
                f"{name}={cells[name]} lies beyond what was learned from ({ends[0]} to {ends[1]}): "
                "the rest is drawn as beside the nearest that was"
            )
            continue
        labels = list(getattr(column, "labels", ()))
        raise CellError(
            f"nothing was learned of '{name}' being {cells[name]}",
            expected="one of " + ", ".join(labels[:MOST_NAMED]),
            received=str(cells[name]),
            column=name,
            hint="name a value that the table has",
        ).of_call()
    return known, notes


def _write(out: Path, columns: Mapping[str, list[Cell]], told: list[str]) -> None:
    """Write rows and, in a column of its own, their notices."""
    made_by = free_name(MADE_BY, columns)
    form, packing = format_of(out, None), PACKINGS.get(out.suffix.lower())
    with writing_to(out) as temporary, RowWriter(temporary, form, packing) as writer:
        plain = {name: _plain(cells, form) for name, cells in columns.items()}
        table = {name: array(cells) for name, cells in plain.items()} | {made_by: array(told)}
        writer.write(pa.table(table))


def _plain(cells: list[Cell], form: str) -> list[Cell]:
    """Return cells as a file of that form holds them: lists as text where it has none."""
    if form == "csv" and any(isinstance(cell, list) for cell in cells):
        return [";".join(map(str, cell)) if isinstance(cell, list) else cell for cell in cells]
    return cells
