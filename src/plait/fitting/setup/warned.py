"""What a fit warns of before it learns: what `plait inspect` would have found, at little cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from plait.data.cautions import (
    Caution,
    count_differing,
    of_classes,
    of_columns,
    of_conflicts,
    of_leaks,
    of_twins,
    of_unreadable,
)
from plait.data.duplicates import Copies
from plait.data.prepared import Prepared
from plait.data.suspects import suspects, twins
from plait.data.table import Table
from plait.modalities import Codec, PredictiveTarget
from plait.model.judges import labels_of
from plait.types import is_missing


def table_warnings(
    table: Table,
    inputs: Sequence[str],
    target: str | None,
    prepared: Prepared,
    truth: np.ndarray,
    copies: Copies,
    exclude: Sequence[str] = (),
) -> tuple[Caution, ...]:
    """Return what is to be checked of a table that is learned from, gravest first.

    `truth` is that of the rows that have a target.

    Nothing is said of columns that the person excluded.

    Leaks and equal columns are looked for in some thousand rows, and no medium is opened again:
    what cannot be read, and what is there twice, was found when the table was made ready.
    """
    found: list[Caution] = []
    names = [*inputs] if target is None else [*inputs, target]
    if target is not None:
        found += of_leaks(suspects(table, inputs, target))
        found += _of_target(table, target, prepared.columns[target].codec, truth, copies)
    found += [] if table.overlaps else of_twins(twins(table, inputs))
    for name in names:
        column = prepared.columns[name]
        num_read = int(np.count_nonzero(column.present)) + column.num_bad
        found += of_unreadable(name, column.num_bad, num_read)
    columns = [column for column in table.schema.columns if column.name not in exclude]
    return (*found, *of_columns(columns))


def _of_target(
    table: Table, target: str, codec: Codec, truth: np.ndarray, copies: Copies
) -> list[Caution]:
    """Return what is wrong with the classes of a target: too few rows, labels that contradict."""
    if not isinstance(codec, PredictiveTarget) or not codec.form.exclusive:
        return []
    labels = labels_of(codec)
    seen = np.bincount(truth[codec.form.known(truth)], minlength=len(labels))
    counts = {str(label): int(n) for label, n in zip(labels, seen, strict=True) if n}
    return of_classes(target, counts) + _conflicts(table, target, copies)


def _conflicts(table: Table, target: str, copies: Copies) -> list[Caution]:
    if not copies.groups:
        return []
    rows = np.unique(np.concatenate([members for _, members in copies.groups]))
    cells = table.column(target, rows)
    told = [None if is_missing(cell) else cell for cell in cells]
    places = [(name, np.searchsorted(rows, members).tolist()) for name, members in copies.groups]
    differing, among = count_differing(places, told), Counter(column for column, _ in places)
    partial = {*copies.num_unseen, *copies.hurried}
    return of_conflicts(differing, target, partial=partial, among=among)
