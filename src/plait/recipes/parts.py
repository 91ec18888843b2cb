"""Goes through a table part by part, and tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from plait.data.table import Table
from plait.model.columns import counted_from
from plait.progress import Progress


def parts_of(
    rows: Table, progress: Progress, task: str, chunk_rows: int
) -> Iterator[tuple[int, Table]]:
    """Give the number of its first row and each part; a part is done when the next is asked for.

    Args:
        rows: The table.
        progress: Told of the work.
        task: What is done with the rows, in words.
        chunk_rows: Most rows of a part.
    """
    update = progress.task(task, rows.num_rows)
    for first in range(0, rows.num_rows, chunk_rows):
        part = rows.take(range(first, min(first + chunk_rows, rows.num_rows)))
        yield first, part
        update(first + part.num_rows)


def answered_parts(
    rows: Table, answer_rows: Callable[[Table], Any], progress: Progress, chunk_rows: int
) -> Iterator[tuple[int, Table, Any]]:
    """Give the first row's number, each part, and the columns that `answer_rows` says of it."""
    for first, part in parts_of(rows, progress, "predicting", chunk_rows):
        with counted_from(first):
            columns = answer_rows(part).columns
        yield first, part, columns
