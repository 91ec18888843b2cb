"""What targets ask of their inputs: columns that can offer it are read so that they do.

And whether what a target's cells say can be true of what its row's inputs offer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plait.data.decoding import placed
from plait.data.prepared import Prepared
from plait.data.schema import Schema
from plait.data.table import Table
from plait.errors import CellError
from plait.modalities import Codec, find_codec
from plait.spacing import even_sample

MOST_COMPARED = 1000
"""Rows whose targets are compared with the lines beside them."""


def as_asked(
    table: Table, inputs: Sequence[str], targets: Sequence[str], known: Collection[str] = ()
) -> tuple[Table, list[str]]:
    """Return the table whose inputs are read as its targets ask, and notes on those that are not.

    A target's codec names in ``asks`` what it would have of its inputs (``places``: where in a
    picture things are), and in ``welcomes`` what it makes use of where it is there (``line``: what
    was when in a sound); a codec that can offer it names in ``offers`` the settings with which it
    does. What the person set stays.

    Args:
        table: The rows.
        inputs, targets: Columns.
        known: Inputs whose codecs are settled, as those of a base are: nothing is asked of them.
    """
    asked = sorted({one for name in targets for one in _of(table, name, "asks", ())})
    welcome = {one for name in targets for one in _of(table, name, "welcomes", ())}
    wanted: dict[str, dict[str, Any]] = {}
    notes = []
    wished = [*asked, *sorted(welcome)]
    for name in inputs if wished else ():
        offers: Mapping[str, Mapping[str, Any]] = _of(table, name, "offers", {})
        settings = {key: value for one in wished for key, value in offers.get(one, {}).items()}
        if settings and name in known and asked:
            notes.append(
                f"'{name}' is read as in the base, and tells nothing of {', '.join(asked)}"
            )
        elif settings and name not in known:
            wanted[name] = settings
    if asked and not wanted:
        notes.append(
            f"no input tells of {', '.join(asked)}, which the target asks for: what is said is "
            "what is usual for a row's columns"
        )
    if not wanted:
        return table, notes
    columns = tuple(
        replace(one, settings={**wanted.get(one.name, {}), **one.settings})
        for one in table.schema.columns
    )
    return table.with_schema(Schema(columns)), notes


def check_beside(
    table: Table, codecs: Mapping[str, Codec], prepared: Prepared, target: str | None
) -> list[str]:
    """Check each value of a target against what its row's inputs offer; return notes.

    A codec that can tell has a ``check_beside(arrays, beside)``, which raises `CellError` for
    arrays of the target that cannot be true beside those of an input, and returns what is to be
    said of them, "" for nothing.

    Raises `CellError`, with column and row, unless the table's policy skips such cells: then they
    are counted.
    """
    codec: Any = codecs.get(str(target))
    check = getattr(codec, "check_beside", None)
    names = offering(codecs, target)
    if check is None or not names:
        return []
    column, num, told = prepared.columns[str(target)], 0, Counter[str]()
    for row in np.flatnonzero(column.present):
        beside = next(
            (found for name in names if (found := prepared.columns[name][int(row)])), None
        )
        if beside is None:
            continue
        try:
            told.update(filter(None, [check(column[int(row)], beside)]))
        except CellError as error:
            if not table.policy.skips:
                raise placed(error, str(target), int(row)) from None
            num += 1
    notes = [f"{num:,} rows have '{target}' that {text}" for text, num in told.items()]
    if num:
        notes.append(f"{num:,} rows have a '{target}' that their inputs do not bear out")
    return notes


def fitted_beside(
    codecs: Mapping[str, Codec], prepared: Prepared, target: str | None, rows: np.ndarray
) -> Mapping[str, Codec]:
    """Return the codecs, that of the target fitted to the lines that its rows' inputs offer.

    A codec that makes use of lines has a ``fit_beside(targets, places)``, which returns itself as
    it is wanted beside lines of so many places, int ``[row]``; a codec that offers one tells by
    ``line_places(arrays)`` how many it has. One that makes use of one column's alone has a
    ``choose_beside(targets, places)``, which is told those of each column, 0 where a row has none.

    Args:
        codecs, prepared: Of inputs and target.
        target: Its column.
        rows: Training rows.
    """
    codec: Any = codecs.get(str(target))
    fit: Any = getattr(codec, "fit_beside", None)
    choose: Any = getattr(codec, "choose_beside", None)
    if fit is None and choose is None:
        return codecs
    names = [name for name in offering(codecs, target) if hasattr(codecs[name], "line_places")]
    column = prepared.columns[str(target)]
    rows = rows[column.present[rows]]
    if not len(rows):
        return codecs
    rows = even_sample(rows, MOST_COMPARED)
    values = [column[int(row)] for row in rows]
    places = {name: _places(codecs[name], prepared.columns[name], rows) for name in names}
    if choose is not None:
        return {**codecs, str(target): choose(values, places)}
    first = np.zeros(len(rows), np.int64)
    for own in reversed(places.values()):
        first = np.where(own > 0, own, first)
    return {**codecs, str(target): fit(values, first)}


def _places(codec: Any, column: Any, rows: np.ndarray) -> np.ndarray:
    """Return of each row how many places a column's line has, int; 0 where it has none."""
    found = (column[int(row)] for row in rows)
    return np.array([0 if one is None else codec.line_places(one) for one in found], np.int64)


def offering(codecs: Mapping[str, Codec], target: str | None) -> tuple[str, ...]:
    """Return the columns that offer something that the target asks for, in their order."""
    codec = codecs.get(str(target))
    asked = {*getattr(codec, "asks", ()), *getattr(codec, "welcomes", ())}
    return tuple(n for n, codec in codecs.items() if asked & set(getattr(codec, "offers", ())))


def _of(table: Table, name: str, member: str, default: Any) -> Any:
    return getattr(find_codec(table.schema[name].modality or ""), member, default)
