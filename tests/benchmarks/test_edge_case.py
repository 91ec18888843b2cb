"""The case of the edge: every kind of input has a task, whose rows hold nothing but its columns."""

from __future__ import annotations

from benchmarks.cases.edge import _only, tasks
from benchmarks.settings import Settings


def test_every_kind_of_input_has_a_task_with_rows_that_have_it():
    found = tasks(Settings(quick=True))
    kinds = {kind for task in found for kind in task.columns.values()}
    assert {"number", "category", "text", "image", "audio"} <= kinds
    assert any(task.network for task in found) and len({task.case for task in found}) == len(found)
    for task in found:
        rows = _only(task.rows, (*task.columns, task.target))
        assert rows and all(set(row) == {*task.columns, task.target} for row in rows)
        assert all(any(row[name] is not None for name in task.columns) for row in rows)
