"""Infers the schema: asks every modality about a sample of each column, and says why."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from plait.data.overrides import Override, override_column
from plait.data.roles import Place, find_role
from plait.data.schema import Column, Schema
from plait.data.settling import facts_of, refusals, settle
from plait.errors import SchemaError, UsageError
from plait.modalities import modalities, traits_of_modality
from plait.types import Cell, ColumnSample, is_missing

if TYPE_CHECKING:
    from plait.data.table import Table

MAX_SAMPLE = 1000
NUM_BLOCKS, BLOCK_ROWS = 250, 8
"""A sample is so many short runs of rows, spread over the table."""

LEAST_SURE = 0.3
BARE_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", re.ASCII)
"""Text that is one number, as in most columns of wide tables: few modalities need to be asked."""

LEAST_NAMES = 20
"""Cells that all differ, from which on they are said to be an identifier."""

NEAR = 0.1
"""Modalities within so much of the best are stated as alternatives."""

CONSTANT = "every row has the same value"
EMPTY = "no row has a value"
"""Why a column is ignored whose cells are all one."""


def infer_schema(
    table: Table, *, overrides: Mapping[str, Override], strict: bool = False
) -> Schema:
    """Return what each column is.

    Args:
        table: Up to 2,000 rows spread over it are looked at.
        overrides: What the user says columns are.
        strict: Refuse columns that are ambiguous or unknown.

    Raises:
        SchemaError: In strict mode, naming the column and the ``--columns`` entry that decides.
        UsageError: No number has the decimal mark that was said, and some have the other.
    """
    rows = sample_rows(table.num_rows)
    numbers = rows.tolist()
    typed = _is_typed(table, rows[:BLOCK_ROWS])
    columns, numbered = [], []
    for name in table.column_names:
        cells = table.column(name, rows)
        places = [Place(r, c) for r, c in zip(numbers, cells, strict=True) if not is_missing(c)]
        found = places or _search(table, name)
        some = found[:: max(1, len(found) // MAX_SAMPLE)][:MAX_SAMPLE]
        sample = _sample_of(table, name, some, typed)
        if name in overrides:
            column = override_column(name, overrides[name])
        else:
            column = _infer(table, some, sample)
            if strict:
                _check_sure(column)
        if traits_of_modality(column.modality).decimals and table.policy.decimal is not None:
            column = replace(column, settings={"decimal": table.policy.decimal, **column.settings})
            numbered.append((column, sample))
        if column.modality is not None and some:
            column = settle(column, sample, strict=strict)
        empty = len(cells) - len(places) + _num_null_words(column, places, sample)
        columns.append(_with_share(column, empty / max(len(cells), 1)))
    if table.policy.decimal is not None:
        _check_decimal(table.policy.decimal, numbered)
    return Schema(tuple(columns))


def sample_rows(num_rows: int) -> np.ndarray:
    """Return sorted row numbers: all of a small table, else short runs spread over it."""
    if num_rows <= NUM_BLOCKS * BLOCK_ROWS:
        return np.arange(num_rows)
    firsts = np.linspace(0, num_rows - BLOCK_ROWS, NUM_BLOCKS).astype(np.int64)
    return np.unique(firsts[:, None] + np.arange(BLOCK_ROWS))


def _search(table: Table, name: str) -> list[Place]:
    """Look through the whole column for values: it has few or none."""
    found: list[Place] = []
    for first, cells in table.batches([name]):
        found += [Place(first + i, c) for i, c in enumerate(cells[name]) if not is_missing(c)]
        if len(found) >= 100:
            break
    return found


def _is_typed(table: Table, rows: np.ndarray) -> bool:
    """Tell whether cells carry their types: any is more than text. Those of CSV never are."""
    return any(
        not isinstance(cell, str | None)
        for name in table.column_names
        for cell in table.column(name, rows)
    )


def _sample_of(table: Table, name: str, places: list[Place], typed: bool) -> ColumnSample:
    cells = [place.cell for place in places]
    num_distinct = len({_hashable(cell) for cell in cells})
    return ColumnSample(name, cells, table.num_rows, num_distinct, typed)


def _infer(table: Table, places: list[Place], sample: ColumnSample) -> Column:
    name = sample.name
    if not places:
        return Column(name=name, modality=None, role="ignore", why=EMPTY, share_missing=1.0)
    role = find_role(name, places, table.num_rows)
    if role is not None:
        return Column(name=name, modality=None, role=role[0], why=role[1])
    first = sample.values[0]
    if sample.num_distinct == 1 and table.num_rows > 1 and _is_constant(table, name, first):
        return Column(name=name, modality=None, role="ignore", why=CONSTANT)
    column = _by_modality(sample)
    refused = refusals(sample, places, column.modality)
    return replace(column, why="; ".join([column.why, *refused])) if refused else column


def _by_modality(sample: ColumnSample) -> Column:
    ranked = detect_all(sample)
    best, sure = ranked[0] if ranked else ("", 0.0)
    if sure < LEAST_SURE:
        return Column(
            name=sample.name,
            modality=None,
            role="ignore",
            sure=round(sure, 3),
            why=_unknown(sample),
            alternatives=tuple(ranked[:2]),
        )
    near = tuple((m, round(s, 3)) for m, s in ranked[1:] if s > max(sure - NEAR, LEAST_SURE))
    why = f"looks like {best} ({sure:.2f})"
    if near:
        others = " or ".join(f"{modality} ({score:.2f})" for modality, score in near)
        why += f", but could be {others}: --columns {sample.name}={near[0][0]}"
    return Column(name=sample.name, modality=best, why=why, sure=round(sure, 3), alternatives=near)


def _unknown(sample: ColumnSample) -> str:
    """Say why no modality reads the cells: most often they only name their rows."""
    if sample.num_distinct == len(sample.values) >= LEAST_NAMES:
        return "every row has another value, and no modality recognises them: an identifier?"
    return "no modality recognises its values"


def detect_all(sample: ColumnSample) -> list[tuple[str, float]]:
    """Return (modality, how sure), the surest first; equally sure ones by name."""
    asked = list(modalities().items())
    if _are_bare_numbers(sample.values):
        asked = [(name, codec) for name, codec in asked if getattr(codec, "bare_numbers", True)]
    scores = [(name, float(codec().detect(sample))) for name, codec in asked]
    return sorted(scores, key=lambda score: (-score[1], score[0]))


def _are_bare_numbers(cells: Sequence[Cell]) -> bool:
    """Tell whether every cell is one number and nothing else; not so where there is none."""
    if set(map(type, cells)) == {str}:
        return all(map(BARE_NUMBER.fullmatch, cells))
    return len(cells) > 0 and all(map(_is_bare_number, cells))


def _is_bare_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        return BARE_NUMBER.fullmatch(cell) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _check_sure(column: Column) -> None:
    ignored_unknown = column.role == "ignore" and column.alternatives
    if column.role == "value" and column.alternatives:
        choices = [str(column.modality), *(modality for modality, _ in column.alternatives)]
        raise SchemaError(
            "the column could be of several modalities",
            expected="one that stands out",
            received=column.why.split(":")[0],
            column=column.name,
            hint="say which: " + " or ".join(f"--columns {column.name}={m}" for m in choices),
        )
    if ignored_unknown:
        raise SchemaError(
            "no modality recognises the column",
            expected="one of " + ", ".join(modalities()),
            column=column.name,
            hint=f"say what it is: --columns {column.name}=MODALITY, or {column.name}=ignore",
        )


def _check_decimal(said: str, numbered: Sequence[tuple[Column, ColumnSample]]) -> None:
    other = "." if said == "," else ","
    fraction = re.compile(rf"[-+]?\d*{re.escape(other)}\d+")
    wrong: tuple[str, str] | None = None
    for column, sample in numbered:
        if any(isinstance(cell, str) and said in cell for cell in sample.values):
            return
        strange = map(str, facts_of(column, sample).get("strange", ()))
        example = next(filter(fraction.fullmatch, strange), None)
        if wrong is None and example is not None:
            wrong = column.name, example
    if wrong is not None:
        raise UsageError(
            f"no number has the decimal mark '{said}'",
            expected=f"numbers such as 1{said}5",
            received=wrong[1],
            column=wrong[0],
            hint=f"say --decimal {other}, or leave it out: the mark is then found",
        )


def _is_constant(table: Table, name: str, value: Cell) -> bool:
    """Tell whether all rows hold this value; a value or nothing is not constant."""
    wanted = _hashable(value)
    return all(
        _hashable(cell) == wanted for _, cells in table.batches([name]) for cell in cells[name]
    )


def _num_null_words(column: Column, places: list[Place], sample: ColumnSample) -> int:
    """Return how many cells are words that are taken as missing, as `facts_of` counts them."""
    if column.role != "value" or _are_bare_numbers(sample.values):
        return 0
    known = replace(sample, values=[place.cell for place in places])
    return int(facts_of(column, known).get("num_null_words", 0))


def _with_share(column: Column, share: float) -> Column:
    return replace(column, share_missing=round(share, 4))


def _hashable(cell: Cell) -> Hashable:
    return cell if type(cell) is str or isinstance(cell, Hashable) else repr(cell)
