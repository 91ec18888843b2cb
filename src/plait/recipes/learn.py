"""Learn: a bundle and corrected rows in, a small delta out, which is used beside the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from plait.data.table import Table, read
from plait.edge.delta import CORRECTED, NEW_CLASS, Delta
from plait.edge.delta_file import make_key, read_delta
from plait.edge.edge import load
from plait.edge.learner import Learner, Lesson
from plait.errors import UsageError
from plait.model.columns import require_target
from plait.reading import ReadOptions
from plait.recipes.outputs import check_output
from plait.types import Cell


def learn(
    bundle: Path | str,
    examples: Any = None,
    *,
    out: Path | str,
    new: Sequence[str] = (),
    undo: Sequence[str] = (),
    merge: Sequence[Path | str] = (),
    rehearsal: Any = None,
    key: Path | str | None = None,
    max_cost: float | None = None,
    force: bool = False,
    **reading: Unpack[ReadOptions],
) -> dict[str, Any]:
    """Learn rows with their right answers beside a bundle, and write what was learned.

    A delta at `out` is learned further. First corrections are undone, then deltas of other devices
    merged, then the examples learned: those of each new class together, all others together.

    Args:
        bundle: A bundle that runs on a small machine, of a category or a number.
        examples: Rows with the target's column; None teaches nothing.
        out: The delta, a ``.delta`` file.
        new: Classes that the bundle does not know, and that are to be learned from the examples.
        undo: Ids of corrections that are forgotten.
        merge: Deltas of other devices beside the same bundle.
        rehearsal: Rows with the target, where the bundle has no statistics of its own.
        key: File of the key that signs deltas; a new one is written where there is none.
        max_cost: What learning may cost of what is known; see
            `plait.edge.forgetting.check_forgetting`.
        force: Whether it is learned whatever it costs.
        reading: How tables are read: the arguments of `plait.read`.

    Returns:
        A dict: ``out``, ``lessons`` (``id``, ``kind``, ``rows``, the share ``right`` of them that
        is answered so now), ``corrections`` (all that the delta holds: ``id``, ``kind``, ``rows``,
        ``classes``), ``new_classes``, ``check`` (see `plait.edge.forgetting.Check`), ``signed`` and
        ``bytes``.

    Raises:
        ForgettingError: It would cost more of what is known than the limit; nothing is written.
        BundleError: A delta is of another bundle, damaged, or not signed by the key; or the bundle
            has no statistics.
        UsageError: An answer is of a class that is neither known nor new; nothing is to be done.
        ColumnError: The examples lack the target.
    """
    if examples is None and not undo and not merge:
        raise UsageError(
            "there is nothing to learn",
            expected="a table of examples, --undo ID or --merge FILE",
            hint="plait learn BUNDLE examples.csv --out mine.delta",
        )
    out = check_output(out, examples, bundle, *merge, rehearsal, key, force=True)
    if key is not None:
        key = make_key(key)
    edge = load(bundle)
    known = None if rehearsal is None else _apart(read(rehearsal, **reading), edge.target)
    before = read_delta(out, key=key) if out.is_file() else None
    learner = Learner(edge, delta=before, rehearsal=known, max_cost=max_cost)
    for number in undo:
        learner.undo(number)
    for other in merge:
        learner.merge(read_delta(other, key=key))
    table = None if examples is None else read(examples, **reading)
    lessons = [] if table is None else _taught(learner, table, edge.target, new, force=force)
    learner.save(out, key=key)
    return {
        "out": str(out),
        "lessons": [
            {"id": one.id, "kind": kind, "rows": one.rows, "right": one.right}
            for kind, one in lessons
        ],
        "corrections": corrections_told(learner.delta),
        "new_classes": list(learner.new_labels),
        "check": learner.check().to_dict(),
        "signed": key is not None,
        "bytes": out.stat().st_size,
    }


def _taught(
    learner: Learner, table: Table, target: str | None, new: Sequence[str], *, force: bool
) -> list[tuple[str, Lesson]]:
    """Teach a table's rows; return what each correction is and did."""
    rows, answers = _apart(table, target)
    said = np.array([str(answer).strip() for answer in answers], dtype=object)
    lessons = []
    for name in new:
        own = np.flatnonzero(said == name)
        if not len(own):
            raise UsageError(
                f"no example is of the new class '{name}'",
                expected="rows with it in the column of the target",
                column=target,
            )
        lessons.append((NEW_CLASS, learner.add_class(name, rows.take(own), force=force)))
    rest = np.flatnonzero(~np.isin(said, list(new)))
    if len(rest):
        right = [answers[row] for row in rest]
        lessons.append((CORRECTED, learner.correct(rows.take(rest), right, force=force)))
    return lessons


def _apart(table: Table, target: str | None) -> tuple[Table, list[Cell]]:
    """Return the rows of a table that have the target, and what it is."""
    name = require_target(table, target)
    answers = table.column(name)
    there = [row for row, answer in enumerate(answers) if answer not in (None, "")]
    return table.take(there), [answers[row] for row in there]


def corrections_told(delta: Delta) -> list[dict[str, Any]]:
    """Return what a delta holds, correction by correction."""
    return [
        {
            "id": one.id,
            "kind": one.kind,
            "rows": one.num,
            "classes": {each.label: each.num for each in one.sums},
        }
        for one in delta.corrections
    ]
