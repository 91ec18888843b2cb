"""From a table to something that can be learned: inputs, target, splits, codecs, arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from plait.data.cautions import Caution
from plait.data.duplicates import Copies
from plait.data.grouping import join_said, said_groups
from plait.data.prepared import Prepared
from plait.data.recurring import with_recurring
from plait.data.splits import Splits, row_units
from plait.data.table import Table
from plait.display import brief
from plait.encoders import FoundEncoder
from plait.errors import TargetError
from plait.fitting.setup.asked_of_inputs import (
    as_asked,
    check_beside,
    fitted_beside,
    offering,
)
from plait.fitting.setup.fit_settings import Rows
from plait.fitting.setup.labels import read_labels
from plait.fitting.setup.problem_notes import notes_on_columns, notes_on_rows, warnings_on_groups
from plait.fitting.setup.reading import copies_in, input_columns_with, read_columns
from plait.fitting.setup.remarks import remarks_on_values, unseen_in_test
from plait.fitting.setup.roles import (
    check_base,
    check_known,
    choose_columns,
    split_rows,
)
from plait.fitting.setup.row_weights import weigh
from plait.fitting.setup.timetable import Timetable
from plait.fitting.setup.warned import table_warnings
from plait.modalities import Codec, PredictiveTarget, TargetCodec
from plait.model.derived_columns import DerivedColumn, SpaceColumn, with_derived_columns
from plait.model.model import Model
from plait.model.shared_space import SharedSpace
from plait.progress import Progress
from plait.spacing import even_sample

MAX_JUDGED_ROWS = 10_000
"""More validation or test rows than this are judged by an even sample of so many."""

MAX_JUDGED_CELLS = 20_000_000
"""And rows times classes: what is said of them is held in memory, once for each candidate."""


@brief
@dataclass(frozen=True, kw_only=True)
class Problem:
    """A table made ready to learn from.

    Attributes:
        table: The table, with its schema.
        input_columns: Input column of the table -> the columns that it is read as: itself, and
            those of pretrained encoders.
        target: Name of the target column; None to learn what the columns share.
        codecs: Fitted codecs of inputs (to show them, where an encoder reads them), of the columns
            that they are read as, and of the target.
        prepared: Arrays of inputs and target.
        truth: Predicted targets of all rows; rows without one hold a filler. Empty without a
            target, and where it is generated: then they are in `prepared`.
        labelled: bool ``[row]``; all False without a target.
        unlabelled: Row numbers without a target, of those that are not set aside as a test.
        copies: int32 ``[row]``; near-duplicates have the same number.
        groups: int32 ``[row]``; rows with the same number are never told apart by a fold, a split
            or a resample: the groups that the person named, and near-duplicates of the rows that
            are in none.
        weights: float32 ``[row]`` of mean 1 over the rows that are learned from: how much each
            counts; None where all count the same.
        derived_columns: Makers of the columns that are not prepared from cells alone.
        splits: Row numbers to learn from, to choose by, to report on; with a target, all labelled.
        notes: What a person should know, one sentence each.
        warnings: What a person should check, each ``{"kind", "column", "text"}``.
        most_judged: How many validation or test rows are looked at; 0 for as many as may be.
        stopping: Rows that tell the network when to stop: it does not learn from them, and no
            candidate is compared on them.
    """

    table: Table
    input_columns: Mapping[str, tuple[str, ...]]
    target: str | None
    codecs: Mapping[str, Codec]
    prepared: Prepared
    truth: np.ndarray
    labelled: np.ndarray
    unlabelled: np.ndarray
    copies: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None
    derived_columns: tuple[DerivedColumn, ...]
    splits: Splits
    notes: tuple[str, ...]
    warnings: tuple[Caution, ...] = ()
    most_judged: int = 0
    stopping: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the table's input columns."""
        return tuple(self.input_columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the inputs are read as."""
        return tuple(column for columns in self.input_columns.values() for column in columns)

    @property
    def validation(self) -> np.ndarray:
        """The validation rows that candidates are compared on."""
        rows = np.setdiff1d(self.splits.validation, self.stopping)
        return even_sample(rows, self._most_judged)

    @property
    def learned(self) -> np.ndarray:
        """The training rows that the network learns from."""
        return np.setdiff1d(self.splits.train, self.stopping)

    @property
    def judged(self) -> np.ndarray:
        """The rows that the report's numbers are from: of the test, else of validation."""
        if not len(self.splits.test):
            return self.validation
        return even_sample(self.splits.test, self._most_judged)

    @property
    def _most_judged(self) -> int:
        labels = len(getattr(self.codecs.get(str(self.target)), "labels", ()))
        most = min(MAX_JUDGED_ROWS, MAX_JUDGED_CELLS // max(labels, 1))
        return min(most, self.most_judged or most)

    @property
    def goal(self) -> TargetCodec:
        """The target's fitted codec, be it predicted or generated."""
        if self.target is None:
            raise TargetError("this problem has no target")
        codec = self.codecs[self.target]
        if not isinstance(codec, TargetCodec):
            raise TargetError("this modality cannot be a target yet", received=codec.modality)
        return codec

    @property
    def target_codec(self) -> PredictiveTarget:
        """The fitted codec of a predicted target. Raises `TargetError` where it is generated."""
        codec = self.goal
        if not isinstance(codec, PredictiveTarget):
            raise TargetError(
                "a generated target has no outputs in numbers",
                expected="a target that is predicted",
                received=codec.modality,
                column=self.target,
            )
        return codec


def make_problem(table: Table, *, target: str | None, **settings: Any) -> Problem:
    """Return the problem of one target, or of none; the settings are those of `make_problems`."""
    (found,) = make_problems(table, targets=() if target is None else (target,), **settings)
    return found


def make_problems(
    table: Table,
    *,
    targets: Sequence[str],
    exclude: Sequence[str],
    rows: Rows | None = None,
    seed: int,
    progress: Progress,
    base: Model | None = None,
    encoders: Mapping[str, str | FoundEncoder] | None = None,
    simple: bool = False,
    timetable: Timetable | None = None,
    splits: Splits | None = None,
) -> list[Problem]:
    """Choose inputs, split, fit codecs, and prepare every row, once for all targets.

    Return a problem for each target; without any, the one of what the columns share. No target is
    an input of another.

    Args:
        table, targets, exclude, seed: As for `plait.recipes.fit.fit`.
        rows: Which stay together, which are set aside, how much they count; None says nothing.
        progress: Told of the work.
        base: Its codecs, and its derived columns, are used for the columns that it knows.
        encoders: Column or modality -> pretrained checkpoint, whose vectors are further columns.
        simple, splits: Whether no network will learn from it; how rows are split, where known.
        timetable: Of the fit; None where time is free.

    Raises:
        TargetError, SchemaError, UsageError, CellError: See the messages.
    """
    rows, timetable = rows or Rows(), timetable or Timetable(None, 0.0)
    known = {target: check_base(base, table, target) for target in targets}
    inputs, weigher = choose_columns(table, targets, exclude, rows)
    check_known(base, inputs)
    table, lacking = as_asked(table, inputs, targets, () if base is None else base.inputs)
    copies = with_recurring(copies_in(table, inputs, base, timetable, progress), table, targets)
    splits = splits or split_rows(table, targets, exclude, rows, copies, seed)
    codecs, prepared, derived_columns = read_columns(
        table, inputs, targets, splits, base=base, encoders=encoders or {}, seed=seed,
        progress=progress, timetable=timetable, simple=simple,
    )  # fmt: skip
    problems = []
    for target in targets or (None,):
        others = {name for name in targets if name != target}
        own = {name: codec for name, codec in codecs.items() if name not in others}
        own = dict(fitted_beside(own, prepared, target, splits.train))
        problem = _of_target(
            table, target, rows, inputs, splits, weigher, own, prepared, derived_columns, copies
        )
        notes = notes_on_columns(own, inputs, base, simple=simple)
        notes += remarks_on_values(own, prepared, target, simple=simple)
        notes += unseen_in_test(table, target, problem.goal, problem.judged) if target else ()
        notes += tuple(check_beside(table, own, prepared, target))
        told = problem.truth[problem.labelled] if len(problem.truth) else problem.truth
        left_out = (*exclude, *others)
        warned = table_warnings(table, inputs, target, prepared, told, copies, left_out)
        problems.append(
            replace(
                problem,
                notes=(*problem.notes, *notes, *lacking),
                warnings=(*known.get(str(target), ()), *warned, *problem.warnings),
            )
        )
    return problems


def _of_target(
    table: Table,
    target: str | None,
    rows: Rows,
    inputs: Sequence[str],
    splits: Splits,
    weigher: str | None,
    codecs: Mapping[str, Codec],
    prepared: Prepared,
    derived_columns: tuple[DerivedColumn, ...],
    copies: Copies,
) -> Problem:
    """Return the problem of a target in a table that was read: its labels, weights and rows."""
    learn = np.sort(np.concatenate([splits.train, splits.validation]))
    labelled, truth, splits, fewer = read_labels(prepared, codecs, target, splits)
    heavy, splits, said_weights = weigh(table, rows.weights, weigher, truth, splits, target)
    units = row_units(table.num_rows, copies)
    on_rows = notes_on_rows(table, splits, prepared, target, rows.group)
    return Problem(
        table=table,
        input_columns=input_columns_with(
            derived_columns, {name: (name,) for name in inputs}, offering(codecs, target)
        ),
        target=target,
        codecs={**codecs, **{derived.column: derived.codec for derived in derived_columns}},
        prepared=prepared,
        truth=truth,
        labelled=labelled,
        unlabelled=learn[~labelled[learn]],
        copies=units,
        groups=_grouped(table, rows.group, units),
        weights=heavy,
        derived_columns=derived_columns,
        splits=splits,
        notes=(*splits.notes, *table.notes, *fewer, *said_weights, *on_rows),
        warnings=tuple(warnings_on_groups(table, rows.group, splits)),
    )


def _grouped(table: Table, group: str | None, copies: np.ndarray) -> np.ndarray:
    """Return `Problem.groups`: the said ones, and near-duplicates of rows that are in none."""
    return copies if group is None else join_said(said_groups(table, group), copies)


def with_space(problem: Problem, space: SharedSpace, *, progress: Progress) -> Problem:
    """Return the problem with a shared space's vectors as further derived columns."""
    names = [name for name in space.input_columns if name in problem.input_columns]
    return with_derived(problem, [SpaceColumn(space, name) for name in names], progress=progress)


def with_derived(
    problem: Problem, added: Sequence[DerivedColumn], *, progress: Progress
) -> Problem:
    """Return the problem with further derived columns of its input columns."""
    prepared = with_derived_columns(added, problem.table, problem.prepared, progress=progress.task)
    return replace(
        problem,
        input_columns=input_columns_with(
            added, problem.input_columns, offering(problem.codecs, problem.target)
        ),
        codecs={**problem.codecs, **{derived.column: derived.codec for derived in added}},
        prepared=prepared,
        derived_columns=(*problem.derived_columns, *added),
    )
