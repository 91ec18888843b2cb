"""Cells of a problem's inputs as people see and hear them."""

from __future__ import annotations

from plait.errors import CellError
from plait.fitting.setup.problem import Problem
from plait.types import Html


def show_cell(problem: Problem, row: int, name: str) -> Html | None:
    """Return an input's cell as people see it; None when it is missing or cannot be read."""
    codec = problem.codecs[name]
    if not problem.prepared.columns[name].present[row]:
        return None
    try:
        raw = codec.read(problem.table.column(name, [row])[0], problem.table.media())
    except CellError:
        return None
    return None if raw is None else codec.show(raw)
