"""Which of a model's columns a table lacks, and under what name they may be there after all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from plait.data.schema import Column, Schema
from plait.data.table import Table
from plait.display import IN_UNITS, number_text, with_unit
from plait.errors import ColumnError, PlaitError, nearest_name, visible
from plait.model.heeding import heed

if TYPE_CHECKING:
    from plait.model.model import Model

MAX_LISTED = 12
LIKENESS = 0.75
"""Of names that are one column (`difflib`): the model's has another here, nobody mistyped it."""

FINER = ("auc", "log_loss")
"""Metrics that still tell of a column where the headline does not, as with rare classes."""

Missing = list[dict[str, str | None]]
"""Columns of the model that a table lacks: ``{"column", "did_you_mean"}``."""


def missing_columns(inputs: Sequence[str], there: Sequence[str]) -> Missing:
    """Return the model's columns that a table lacks, each with the column it may be called there.

    >>> missing_columns(["note", "price"], ["Notes", "price"])
    [{'column': 'note', 'did_you_mean': 'Notes'}]

    Args:
        inputs: The model's.
        there: The table's; those that the model reads under their own name are no candidates.
    """
    unread = [name for name in there if name not in inputs]
    return [
        {"column": name, "did_you_mean": nearest_name(name, unread, likeness=LIKENESS)}
        for name in inputs
        if name not in there
    ]


def notes_on(missing: Missing) -> list[str]:
    """Return a line for people per missing column, at most a dozen."""
    notes = [_said(one) for one in missing[:MAX_LISTED]]
    if len(missing) > MAX_LISTED:
        notes.append(f"and {len(missing) - MAX_LISTED} more columns that the model reads")
    return notes


def weighed(model: Model, missing: Missing) -> tuple[list[str], list[str]]:
    """Return what to warn of, and what to note, where the table lacks columns of a target's model.

    A column without which the model scored no worse on the rows set aside, with all others there,
    is only noted; of the others, the scores with and without it are told where they were measured.
    """
    warnings, harmless = [], Missing()
    for one in missing:
        scores = _worth(model, str(one["column"]))
        if scores == "":
            harmless.append(one)
        else:
            warnings.append(_said(one, scores or ""))
    if len(warnings) > MAX_LISTED:
        more = f"and {len(warnings) - MAX_LISTED} more columns that the model reads"
        warnings = [*warnings[:MAX_LISTED], more]
    return warnings, notes_on(harmless)


def _worth(model: Model, column: str) -> str | None:
    """Return the scores with and without a column; "" where it was worth nothing, None unknown."""
    metrics = model.records.get("metrics") or {}
    subsets = {frozenset(one["columns"]): one["metrics"] for one in metrics.get("subsets") or []}
    every = frozenset(model.inputs)
    before, after = subsets.get(every), subsets.get(every - {column})
    if not before or not after:
        return None
    judge = model.predictor.judge
    headline = metrics.get("metric") if metrics.get("metric") in before else next(iter(before))
    for name in dict.fromkeys((str(headline), *FINER)):
        old, new = before.get(name), after.get(name)
        if None not in (old, new) and old != new and (new > old) == judge.lower_is_better(name):
            unit = judge.unit if name in IN_UNITS else ""
            with_it, without = (with_unit(number_text(value), unit) for value in (old, new))
            return f"without it, {name} was {without} on rows set aside, with it {with_it}"
    return ""


def _said(one: Mapping[str, str | None], worth: str = "") -> str:
    close = one["did_you_mean"]
    start, worth = (". Did", f"; {worth}") if worth else (": did", "")
    hint = f"{start} you mean '{visible(close)}'?" if close else ""
    return f"the table has no column '{one['column']}', which the model reads{worth}{hint}"


def under_schema(
    table: Table, schema: Schema, inputs: Sequence[str], *, strict: bool = False
) -> Table:
    """Return the table as a model's schema reads it; what the model lacks counts as missing.

    Raises:
        ColumnError: The table has none of the model's inputs, or in strict mode not all.
    """
    table = heed(table, schema)
    there = table.column_names
    missing = missing_columns(inputs, there)
    if missing and (strict or table.strict or len(missing) == len(inputs)):
        none = len(missing) == len(inputs)
        close = [str(one["did_you_mean"]) for one in missing if one["did_you_mean"]]
        raise ColumnError(
            "the table has none of the columns that the model reads"
            if none
            else "the table lacks columns that the model reads",
            expected=_listed(inputs if none else [str(one["column"]) for one in missing]),
            received=_listed(there),
            hint=_mend(close, none),
        )
    known = [column for column in schema.columns if column.name in there]
    listed = {column.name for column in known}
    others = [
        Column(name=name, modality=None, role="ignore", why="the model does not read it")
        for name in there
        if name not in listed
    ]
    return table.with_schema(Schema((*known, *others)))


def require_target(table: Table, name: str | None) -> str:
    """Return the target's column. Raises `ColumnError` when a table lacks it."""
    target = str(name)
    if target in table.column_names:
        return target
    near = missing_columns([target], table.column_names)[0]["did_you_mean"]
    raise ColumnError(
        "the table lacks the target, so there is nothing to compare with",
        expected=f"a column '{target}'",
        received=_listed(table.column_names),
        hint=f"did you mean '{visible(near)}'?"
        if near
        else "use predict for rows without a target",
    )


@contextmanager
def counted_from(first: int) -> Iterator[None]:
    """Count the row that an error names from `first` on: it was raised of a part of the table."""
    try:
        yield
    except PlaitError as error:
        if error.row is not None:
            error.row += first
        raise


def _mend(close: Sequence[str], none: bool) -> str | None:
    if close:
        return f"did you mean {_listed([repr(name) for name in close])}? rename the table's columns"
    return None if none else "without --strict, they count as missing"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_LISTED
    return ", ".join(map(visible, names[:MAX_LISTED])) + (f" and {more} more" if more > 0 else "")
