"""From a table to something that can be learned: inputs, target, splits, codecs, arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from plait.data.cautions import Caution
from plait.data.duplicates import find_copies
from plait.data.fingerprints import fingerprints
from plait.data.grouping import join_said, said_groups
from plait.data.prepared import Prepared
from plait.data.splits import Splits, make_splits, row_units
from plait.data.table import Table
from plait.display import brief
from plait.errors import TargetError
from plait.modalities import Codec, PredictiveTarget, TargetCodec
from plait.model.model import Model
from plait.model.readings import Reading, SpaceReading, with_readings
from plait.model.shared_space import SharedSpace
from plait.progress import Progress
from plait.recipes.reading import read_columns, sources_with
from plait.recipes.roles import check_target, choose_inputs, refuse_answers, split_column, stratify
from plait.recipes.row_weights import (
    balanced_weights,
    check_weights,
    normalised,
    read_weights,
)
from plait.recipes.warned import table_warnings

CHUNK_ROWS = 65_536
MAX_JUDGED_ROWS = 10_000
"""More validation or test rows than this are judged by an even sample of so many."""

MAX_JUDGED_CELLS = 20_000_000
"""And rows times classes: what is said of them is held in memory, once for each candidate."""


@brief
@dataclass(frozen=True, kw_only=True)
class Task:
    """A table made ready to learn from.

    Attributes:
        table: The table, with its schema.
        sources: Input column of the table -> the columns that it is read as: itself, and those of
            pretrained encoders.
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
        readings: Makers of the columns that are not prepared from cells alone.
        splits: Row numbers to learn from, to choose by, to report on; with a target, all labelled.
        notes: What a person should know, one sentence each.
        warnings: What a person should check, each ``{"kind", "column", "text"}``.
        most_judged: How many validation or test rows are looked at; 0 for as many as may be.
        stopping: Rows that tell the network when to stop: it does not learn from them, and no
            candidate is compared on them.
    """

    table: Table
    sources: Mapping[str, tuple[str, ...]]
    target: str | None
    codecs: Mapping[str, Codec]
    prepared: Prepared
    truth: np.ndarray
    labelled: np.ndarray
    unlabelled: np.ndarray
    copies: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None
    readings: tuple[Reading, ...]
    splits: Splits
    notes: tuple[str, ...]
    warnings: tuple[Caution, ...] = ()
    most_judged: int = 0
    stopping: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the table's input columns."""
        return tuple(self.sources)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the inputs are read as."""
        return tuple(column for columns in self.sources.values() for column in columns)

    @property
    def validation(self) -> np.ndarray:
        """The validation rows that candidates are compared on."""
        rows = np.setdiff1d(self.splits.validation, self.stopping)
        return _even_sample(rows, self._most_judged)

    @property
    def learned(self) -> np.ndarray:
        """The training rows that the network learns from."""
        return np.setdiff1d(self.splits.train, self.stopping)

    @property
    def judged(self) -> np.ndarray:
        """The rows that the report's numbers are from: of the test, else of validation."""
        if not len(self.splits.test):
            return self.validation
        return _even_sample(self.splits.test, self._most_judged)

    @property
    def _most_judged(self) -> int:
        labels = len(getattr(self.codecs.get(str(self.target)), "labels", ()))
        most = min(MAX_JUDGED_ROWS, MAX_JUDGED_CELLS // max(labels, 1))
        return min(most, self.most_judged or most)

    @property
    def goal(self) -> TargetCodec:
        """The target's fitted codec, be it predicted or generated."""
        if self.target is None:
            raise TargetError("this task has no target")
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


def make_task(
    table: Table,
    *,
    target: str | None,
    exclude: Sequence[str],
    group: str | None,
    time: str | None,
    split: str | None,
    seed: int,
    progress: Progress,
    base: Model | None = None,
    encoders: Mapping[str, str] | None = None,
    weights: str | None = None,
    simple: bool = False,
) -> Task:
    """Choose inputs, split, fit codecs, and prepare every row.

    Args:
        table, target, exclude, group, time, split, seed: As for `plait.recipes.fit.fit`.
        progress: Told of the work.
        base: Its codecs, and its readings, are used for the columns that it knows.
        encoders: Column or modality -> pretrained checkpoint, whose vectors are further columns.
        weights: ``balanced``, or the column of weights.
        simple: Whether no network will learn from it.

    Raises:
        TargetError, SchemaError, UsageError, CellError: See the messages.
    """
    schema = table.schema
    if target is not None:
        check_target(schema, target)
    weigher = check_weights(table, weights, target)
    without = {*exclude, *filter(None, (group, time, split, weigher))}
    refuse_answers(table, target, without)
    inputs = choose_inputs(schema, target, without)
    found = find_copies(fingerprints(table, inputs))
    splits = make_splits(
        table,
        copies=found,
        by_column=split or split_column(schema, exclude),
        group=group,
        time=time,
        stratify=stratify(table, target),
        seed=seed,
    )
    codecs, prepared, readings = read_columns(
        table,
        inputs,
        target,
        splits,
        base=base,
        encoders=encoders or {},
        seed=seed,
        progress=progress,
        simple=simple,
    )
    copies = row_units(table.num_rows, found)
    labelled, truth = np.zeros(table.num_rows, bool), np.zeros(0)
    notes = table.notes
    learn = np.sort(np.concatenate([splits.train, splits.validation]))
    if target is not None:
        labelled = np.asarray(prepared.columns[target].present, bool)
        splits, fewer = _labelled_only(splits, labelled)
        notes += fewer
        codecs[target].check_target(len(splits.train))  # type: ignore[attr-defined]
        if isinstance(codecs[target], PredictiveTarget):
            truth = truth_of(prepared, target)
    heavy, splits, said_weights = _weights(table, codecs, weights, weigher, truth, splits)
    return Task(
        table=table,
        sources=sources_with(readings, {name: (name,) for name in inputs}),
        target=target,
        codecs=codecs | {reading.column: reading.codec for reading in readings},
        prepared=prepared,
        truth=truth,
        labelled=labelled,
        unlabelled=learn[~labelled[learn]],
        copies=copies,
        groups=copies if group is None else join_said(said_groups(table, group), copies),
        weights=heavy,
        readings=readings,
        splits=splits,
        notes=(
            splits.notes
            + notes
            + said_weights
            + _limit_notes(prepared, target)
            + _label_notes(codecs)
            + _group_notes(table, group, splits)
            + _base_notes(base, target)
            + (() if simple else _bytes_notes(base, inputs))
        ),
        warnings=table_warnings(table, inputs, target, prepared, found),
    )


def _weights(
    table: Table,
    codecs: Mapping[str, Codec],
    weights: str | None,
    column: str | None,
    truth: np.ndarray,
    splits: Splits,
) -> tuple[np.ndarray | None, Splits, tuple[str, ...]]:
    """Return the rows' weights, the splits without rows of weight 0, and what to say of them."""
    if weights is None:
        return None, splits, ()
    if column is None:
        if truth.ndim != 1 or truth.dtype.kind != "i":
            raise TargetError(
                "only classes can be balanced",
                expected="a category as the target, or a column of weights",
                hint="--weights COLUMN",
            )
        learn = np.concatenate([splits.train, splits.validation])
        heavy = balanced_weights(truth, learn)
        return normalised(heavy, learn), splits, ("rows are weighted so that classes count alike",)
    heavy = read_weights(table, column)
    notes: tuple[str, ...] = (f"rows are weighted by '{column}'",)
    kept, num = _labelled_only(splits, heavy > 0)[0], int((heavy == 0).sum())
    if num:
        notes += (f"{num} rows of weight 0 take no part",)
    learn = np.concatenate([kept.train, kept.validation])
    if not len(kept.train) or not len(learn):
        raise TargetError("all rows to learn from weigh 0", column=column)
    return normalised(heavy, learn), kept, notes


def with_space(task: Task, space: SharedSpace, *, progress: Progress) -> Task:
    """Return the task with the vectors of a shared space as further readings of its sources."""
    added = tuple(SpaceReading(space, name) for name in space.sources if name in task.sources)
    prepared = with_readings(added, task.table, task.prepared, progress=progress.task)
    return replace(
        task,
        sources=sources_with(added, task.sources),
        codecs={**task.codecs, **{reading.column: reading.codec for reading in added}},
        prepared=prepared,
        readings=(*task.readings, *added),
    )


def _even_sample(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of the rows, evenly spread over them."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def truth_of(prepared: Prepared, target: str) -> np.ndarray:
    """Return the targets of all rows, read chunk by chunk; rows without one get a filler."""
    column = prepared.columns[target]
    codec: Any = column.codec
    filler = next((column[int(row)] for row in np.flatnonzero(column.present)[:1]), None)
    if filler is None:
        raise TargetError("no row has a target", column=target)
    chunks = []
    for first in range(0, prepared.num_rows, CHUNK_ROWS):
        rows = range(first, min(first + CHUNK_ROWS, prepared.num_rows))
        chunks.append(codec.truth([column[row] or filler for row in rows]))
    return np.concatenate(chunks)


def _group_notes(table: Table, group: str | None, splits: Splits) -> tuple[str, ...]:
    """Say whether the groups of the test rows were seen in training."""
    if group is not None and not len(splits.test):
        return ()
    if group is not None:
        learned = {str(cell) for cell in table.column(group, splits.train)}
        judged = {str(cell) for cell in table.column(group, splits.test)}
        num = len(learned & judged)
        return (
            f"{num or 'none'} of the {len(judged)} '{group}' in the test rows were in training",
        )
    likely = [c.name for c in table.schema.columns if c.role == "group"]
    return tuple(
        f"column '{name}' looks like a group (patient, speaker, machine): rows of one may lie in "
        f"both training and test; --group {name} keeps them apart"
        for name in likely
    )


def _limit_notes(prepared: Prepared, target: str | None) -> tuple[str, ...]:
    """Say how many targets are only known to lie below or above their number."""
    column = None if target is None else prepared.columns[target]
    if column is None or "limit" not in column.codec.layout:
        return ()
    sides = np.concatenate(
        [
            np.asarray(
                column.gather(np.arange(first, min(first + CHUNK_ROWS, prepared.num_rows))).parts[
                    "limit"
                ]
            ).ravel()
            for first in range(0, prepared.num_rows, CHUNK_ROWS)
        ]
    )
    below, above = int((sides < 0).sum()), int((sides > 0).sum())
    return (
        f"{below + above} targets are only limits ({below} '<', {above} '>'): they are learned and "
        "scored as if the number were exact",
    )


def _label_notes(codecs: Mapping[str, Codec]) -> tuple[str, ...]:
    """Say where rare labels count as never seen."""
    return tuple(
        f"column '{name}' has {most:,} labels or more: rarer ones count as never seen"
        for name, codec in codecs.items()
        if (most := getattr(codec, "max_labels", 0)) and len(getattr(codec, "labels", ())) >= most
    )


def _base_notes(base: Model | None, target: str | None) -> tuple[str, ...]:
    """Say where a base may know the answers already."""
    if base is None or target is None or target not in base.inputs:
        return ()
    return (
        f"the base learned from the column '{target}' too: where it saw these test rows, the "
        "numbers are too good; fit the base with --exclude",
    )


def _bytes_notes(base: Model | None, inputs: Sequence[str]) -> tuple[str, ...]:
    """Say which texts a network reads byte by byte, as the base, which has none, left them."""
    if base is None or base.space.has_network:
        return ()
    shown = {name: base.shown.get(name) for name in inputs}
    return tuple(
        f"the network reads '{name}' byte by byte, and only its start: the base was fitted with "
        "--simple, and knows no pieces of words"
        for name, codec in shown.items()
        if getattr(codec, "merges", None) == ""
    )


def _labelled_only(splits: Splits, labelled: np.ndarray) -> tuple[Splits, tuple[str, ...]]:
    num = int((~labelled).sum())
    notes = (f"{num} rows have no target and take no part in the scores",) if num else ()
    kept = {name: getattr(splits, name) for name in ("train", "validation", "test")}
    return replace(splits, **{k: rows[labelled[rows]] for k, rows in kept.items()}), notes
