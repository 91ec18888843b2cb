"""Examples that a device learns from: rows as features, answers as truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.decoding import read_cell
from plait.data.table import Table
from plait.edge.rows import rows_of
from plait.errors import CellError, TargetError, UsageError, nearest_name
from plait.modalities import PredictiveTarget
from plait.modalities.media import Media
from plait.model.ensemble import Ensemble
from plait.model.model import Model
from plait.model.prepare import in_parts
from plait.model.rehearsal import Rehearsal
from plait.model.rehearsing import LEAST_ROWS, MAX_CLASSES, can_be_learned, make_rehearsal
from plait.model.several import Several

MAX_EXAMPLES = 100_000
"""Rows of one call."""


@dataclass(frozen=True)
class Examples:
    """Rows as a device learns from them.

    Attributes:
        features: float64 ``[row, feature]``.
        outputs: What the bundle says of them by itself, ``[row, output]``.
    """

    features: np.ndarray
    outputs: np.ndarray

    def __len__(self) -> int:
        return len(self.features)

    @classmethod
    def of(
        cls,
        model: Model,
        statistics: Rehearsal,
        rows: Any,
        *,
        root: Any = None,
        on_error: str | None = None,
    ) -> Examples:
        """Read rows. Raises `UsageError` where there are none, or very many."""
        outputs, points = told_of(model, rows, root=root, on_error=on_error)
        return cls(statistics.features(outputs, points), outputs)


def told_of(
    model: Model, rows: Any, *, root: Any = None, on_error: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the outputs and the points of rows; see `Ensemble.outputs_and_points`."""
    given = rows if isinstance(rows, Table) else rows_of(rows, root=root, on_error=on_error)
    table = model.as_table(given)
    if not 1 <= table.num_rows <= MAX_EXAMPLES:
        raise UsageError(
            "nothing can be learned from so many rows",
            expected=f"1 to {MAX_EXAMPLES:,} rows",
            received=str(table.num_rows),
        )
    ensemble = model.ensemble
    parts = [
        ensemble.outputs_and_points(part, np.arange(part.num_rows))
        for part in in_parts(model, table, False)
    ]
    outputs, points = (np.concatenate(one) for one in zip(*parts, strict=True))
    return outputs, points


def target_of(model: Model) -> PredictiveTarget:
    """Return the codec of a target that a device can learn.

    Raises `TargetError` for all others, with what can be done.
    """
    received, hint = None, None
    if isinstance(model, Several):
        received = f"several targets: {model.target}"
        hint = f"one of them: Learner(Edge(edge.model['{next(iter(model.models))}']))"
    elif model.in_time is not None:
        received = "what follows rows in time"
    elif not isinstance(model.parts, Ensemble):
        received = "no target" if model.parts is None else f"a {model.target_codec.modality}"
    elif not can_be_learned(model.ensemble.target):
        received = "labels of which a row may have several"
    elif len(labels_of(model)) > MAX_CLASSES:
        received = f"{len(labels_of(model))} classes"
    if received is None:
        return model.ensemble.target
    raise TargetError(
        "nothing is learned on a device of this target",
        expected=f"a single target: a category of at most {MAX_CLASSES} classes, or a number",
        received=received,
        hint=hint,
    )


def labels_of(model: Model) -> tuple[str, ...]:
    """Return the classes of a target in the order of its outputs; () of numbers."""
    target = model.ensemble.target
    return tuple(map(str, getattr(target, "labels", ()))) if target.form.exclusive else ()


def truth_of(model: Model, answers: Sequence[Any], num_rows: int) -> np.ndarray:
    """Return answers as the target's codec stacks them, ``[row]``: classes int64, numbers float64.

    Args:
        model: Whose target's codec knows all classes, new ones too.
        answers: A cell for each row.
        num_rows: How many there must be.

    Raises `UsageError` where one is missing, or of a class that nobody taught.
    """
    if len(answers) != num_rows:
        raise UsageError(
            "there are not as many answers as rows",
            expected=f"{num_rows} answers",
            received=str(len(answers)),
        )
    codec = model.ensemble.target
    media, arrays = Media(Path.cwd()), []
    for row, cell in enumerate(answers):
        try:
            raw = read_cell(codec, cell, media)
        except CellError as error:
            raise error.at(column=model.target, row=row) from None
        if raw is None:
            raise UsageError(
                "a row has no answer", expected="one for each row", column=model.target, row=row
            )
        arrays.append(codec.prepare(raw))
    truth = codec.truth(arrays)
    if not codec.form.exclusive:
        return np.asarray(truth, np.float64)
    for row in np.flatnonzero(truth < 0)[:1]:
        labels = labels_of(model)
        near = nearest_name(str(answers[row]), labels)
        raise UsageError(
            f"'{answers[row]}' is a class that nobody taught",
            expected="one of " + ", ".join(labels[:12]) + (", ..." if len(labels) > 12 else ""),
            column=model.target,
            row=int(row),
            hint=f"did you mean '{near}'?"
            if near
            else "add_class(NAME, rows), or --new NAME, teaches a class that is new",
        )
    return np.asarray(truth, np.int64)


def statistics_of(model: Model, rows: Any, answers: Any) -> Rehearsal:
    """Return statistics of rows with known answers.

    Raises `UsageError` where there are too few.
    """
    outputs, points = told_of(model, rows)
    truth = truth_of(model, list(answers), len(outputs))
    found = make_rehearsal(model.ensemble.target, outputs, points, truth)
    if found is None:
        raise UsageError(
            "too few rows were given to remember what is known",
            expected=f"{LEAST_ROWS} rows or more with their answers, some of each class",
            received=str(len(outputs)),
        )
    return found
