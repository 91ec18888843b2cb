"""Adds pretrained encoders that are found on this machine, where they help on rows held out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from plait.backbones import Checkpoint, open_checkpoint
from plait.backbones.checkpoint import KNOWN
from plait.data.prepared import Prepared, PreparedColumn
from plait.encoders import FoundEncoder, find_encoders, suited
from plait.encoders.hashing import licence_of
from plait.errors import PlaitError, UsageError
from plait.installation import install_command
from plait.modalities.vector.codec import VectorCodec
from plait.model.backbone_reading import BackboneReading
from plait.recipes.encoder_judges import Gain, Judge, make_judge, measure_gain
from plait.recipes.encoder_vectors import ColumnEncoder, TooSlow
from plait.recipes.reading import sources_with
from plait.recipes.task import Task
from plait.recipes.work import Work, no_encoder_to_tune
from plait.writing import write_text

ENCODE_SHARE = 0.4
"""Of the time that is left, reading the table by encoders and measuring them may take this."""

JUDGE_SHARE = 0.08
"""And making the features that they are measured beside may take this."""

MAX_TRIED = 3
"""Encoders of a column that are timed: the next smaller one where one is too slow."""

WHOLE_AT_ONCE = 2.0
"""A table of no more than so many times the judged rows is encoded whole before it is judged."""

ORDER = tuple(KNOWN)
"""Modalities in the order in which their columns are tried: the quick ones first."""

MEMORY = "encoders.json"


@dataclass
class _Kept:
    """What became of the encoders that were found, for records and for a fit that goes on."""

    used: list[dict[str, str]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def add_found(task: Task, work: Work) -> tuple[Task, dict[str, Any]]:
    """Return the task read by found encoders too, and ``{"encoders": records}`` of those tried.

    Each column of texts, pictures, sounds or films whose encoder is looked for is tried with the
    one that suits it best (`plait.encoders.order.suited`) and is fast enough. It is kept where the
    judge (`plait.recipes.encoder_judges`) finds a gain of more than a standard error on rows held
    out, beside all other columns and the encoders kept before it.

    Raises `UsageError` where a word is of no input column, or tuning is asked for and none is kept.
    """
    kinds = {name: str(task.table.schema[name].modality) for name in task.inputs}
    work.encoders.check(kinds)
    columns = _columns(task, work, kinds)
    if columns:
        kept = _recall(work)
        if kept is None:
            task, kept = _Search(task, work, columns, kinds).run()
            _remember(work, kept)
        else:
            task = _again(task, work, kept)
        task = replace(task, notes=(*task.notes, *kept.notes))
    else:
        kept = _Kept()
    if work.tune in ("lora", "full") and work.encoders.looks and not _encoders_of(task):
        raise no_encoder_to_tune(work.tune)
    return task, {"encoders": kept.records} if kept.records else {}


def _columns(task: Task, work: Work, kinds: Mapping[str, str]) -> list[str]:
    """Return the columns whose encoder is looked for, in the order in which they are tried."""
    if not work.encoders.looks:
        return []
    read = {one.source for one in _encoders_of(task)}
    names = [name for name, kind in kinds.items() if kind in KNOWN and name not in read]
    names = [name for name in names if work.encoders.finds(name, kinds[name])]
    return sorted(names, key=lambda name: ORDER.index(kinds[name]))


def _encoders_of(task: Task) -> list[BackboneReading]:
    return [one for one in task.readings if isinstance(one, BackboneReading)]


class _Search:
    """Tries encoders column by column. Args: see `add_found`; `kinds` is column -> modality."""

    def __init__(
        self, task: Task, work: Work, columns: list[str], kinds: Mapping[str, str]
    ) -> None:
        self._task, self._work = task, work
        self._columns, self._kinds = columns, kinds
        self._kept = _Kept()
        self._deadline = work.timetable.until(ENCODE_SHARE)
        self._costs: np.ndarray | None = None

    def run(self) -> tuple[Task, _Kept]:
        """Return the task with the encoders that help, and what to keep of it."""
        found = find_encoders()
        among = set(self._kinds.values())
        choices = {name: suited(found, self._kinds[name], among) for name in self._columns}
        choices = {name: ones for name, ones in choices.items() if ones}
        if not choices:
            return self._task, self._none_found()
        left = self._work.timetable.left()
        seconds = None if left is None else JUDGE_SHARE * left
        judge = make_judge(self._task, seed=self._work.seed, seconds=seconds)
        for source, ones in choices.items():
            if judge is None:
                self._leave_out(source, ones[0], "too few rows, or too little time, to measure it")
            else:
                self._try(source, ones[:MAX_TRIED], judge)
        return self._task, self._kept

    def _none_found(self) -> _Kept:
        """Say so only where a person asked."""
        if self._work.encoders.asked:
            kinds = sorted({self._kinds[name] for name in self._columns})
            self._kept.notes.append(
                f"no pretrained encoder of {', '.join(kinds)} columns was found: plait encoders "
                f"says what is there, {install_command('encoders')} brings two"
            )
        return self._kept

    def _try(self, source: str, choices: list[FoundEncoder], judge: Judge) -> None:
        why = ""
        for one in choices:
            began = time.monotonic()
            try:
                checkpoint = opened(one, self._kinds[source])
                task, gain = self._read(source, checkpoint, judge)
            except TooSlow as slow:
                why = f"encoding the table takes about {slow.seconds:,.0f} s, {slow.left:.0f} s"
                why += " are its part"
                continue
            except PlaitError as error:
                why = error.what
                continue
            facts = self._facts(source, one, checkpoint, judge, gain, time.monotonic() - began)
            if not gain.helps:
                self._leave_out(source, one, "it did not help on rows held out", facts)
                return
            self._take(source, task, facts, gain)
            return
        self._leave_out(source, choices[0], why)

    def _read(self, source: str, checkpoint: Checkpoint, judge: Judge) -> tuple[Task, Gain]:
        """Return the task read by an encoder, of some rows where it does not help, and its gain.

        Large tables are judged by some rows before all are encoded.
        """
        encoder = ColumnEncoder(
            self._task.table,
            source,
            checkpoint,
            on_error=self._work.on_error,
            deadline=self._deadline,
        )
        column = encoder.kept()
        if column is not None:
            return self._judged(source, checkpoint, column, judge)
        present = np.asarray(self._task.prepared.columns[source].present, bool)
        encoder.check_time(np.flatnonzero(present))
        update = self._work.progress.task(f"encoding {source}", self._task.table.num_rows)
        if self._task.table.num_rows <= WHOLE_AT_ONCE * len(judge.rows):
            return self._judged(source, checkpoint, encoder.whole(update), judge)
        _, gain = found = self._judged(source, checkpoint, encoder.some(judge.rows), judge)
        if not gain.helps:
            return found
        return with_encoder(self._task, source, checkpoint, encoder.whole(update)), gain

    def _judged(
        self, source: str, checkpoint: Checkpoint, column: PreparedColumn, judge: Judge
    ) -> tuple[Task, Gain]:
        task = with_encoder(self._task, source, checkpoint, column)
        if self._costs is None:
            self._costs = judge.costs(self._task)
        self._tried = judge.costs(task)
        groups = self._task.groups[judge.rows]
        return task, measure_gain(judge, self._costs, self._tried, groups)

    def _take(self, source: str, task: Task, facts: dict[str, Any], gain: Gain) -> None:
        self._task, self._costs = task, self._tried
        self._kept.records.append(facts | {"used": True})
        used = {"column": source, "encoder": facts["encoder"], "key": facts["key"]}
        self._kept.used.append(used)
        self._kept.notes.append(
            f"the pretrained encoder {facts['encoder']} ({facts['licence']}, "
            f"{facts['size_mb']:.0f} MB) reads '{source}': {facts['by']} {gain.after:.3f} with it, "
            f"{gain.before:.3f} without, on {facts['rows']:,} rows held out; its weights lie in "
            "the bundle"
        )

    def _leave_out(
        self, source: str, one: FoundEncoder, why: str, facts: Mapping[str, Any] | None = None
    ) -> None:
        told = facts or {"column": source, "encoder": one.name, "modality": self._kinds[source]}
        self._kept.records.append({**told, "used": False, "why": why})
        self._kept.notes.append(
            f"the pretrained encoder {one.name} was left out for '{source}': {why}"
        )

    def _facts(
        self,
        source: str,
        one: FoundEncoder,
        checkpoint: Checkpoint,
        judge: Judge,
        gain: Gain,
        seconds: float,
    ) -> dict[str, Any]:
        return {
            "column": source,
            "encoder": one.name,
            "modality": self._kinds[source],
            "licence": checkpoint.licence or "licence not told",
            "size_mb": round(one.num_bytes / 1e6, 1),
            "key": checkpoint.key,
            "by": judge.by,
            **gain.told(),
            "rows": len(judge.rows),
            "seconds": round(seconds, 1),
        }


def opened(one: FoundEncoder, modality: str) -> Checkpoint:
    """Open a found encoder under its own name, for its folder's may say nothing.

    Raises `PlaitError` where its files are not what their names say.
    """
    checkpoint = open_checkpoint(one.folder(), modality=modality)
    licence = checkpoint.licence or licence_of(one)
    return replace(checkpoint, source=one.name, licence=licence)


def with_encoder(task: Task, source: str, checkpoint: Checkpoint, column: PreparedColumn) -> Task:
    """Return the task with a column of vectors of one of its sources.

    The vectors are standardised by those of training rows, where `column` has them.
    """
    plain: Any = column.codec
    rows = task.splits.train[np.asarray(column.present, bool)[task.splits.train]]
    reading = BackboneReading(source, checkpoint, fitted_codec(plain, column, rows))
    others = [one for one in _encoders_of(task) if one.checkpoint.key != checkpoint.key]
    if reading.name in [one.name for one in others]:
        reading.rename(f"{reading.name}-{checkpoint.key[:6]}")
    columns = {**task.prepared.columns, reading.column: column.with_codec(reading.codec)}
    return replace(
        task,
        sources=sources_with((reading,), task.sources),
        codecs={**task.codecs, reading.column: reading.codec},
        prepared=Prepared(columns, task.prepared.num_rows),
        readings=(*task.readings, reading),
    )


def fitted_codec(plain: VectorCodec, column: PreparedColumn, rows: np.ndarray) -> VectorCodec:
    """Return the codec of an encoder's vectors, fitted as `BackboneReading.fitted` does."""
    from plait.model.backbone_reading import MAX_FIT_ROWS

    seen = (column[int(row)] for row in rows[:MAX_FIT_ROWS])
    found = plain.fit(value["vectors"].astype(np.float32) for value in seen if value is not None)
    return found if isinstance(found, VectorCodec) else plain


def _memory(work: Work) -> Path | None:
    return None if work.folder is None else work.folder / MEMORY


def _remember(work: Work, kept: _Kept) -> None:
    file = _memory(work)
    if file is not None:
        write_text(file, json.dumps(vars(kept)))


def _recall(work: Work) -> _Kept | None:
    """Return what an interrupted fit found, for which encoders depends on how fast they were."""
    file = _memory(work)
    if file is None or not file.is_file():
        return None
    return _Kept(**json.loads(file.read_text(encoding="utf8")))


def _again(task: Task, work: Work, kept: _Kept) -> Task:
    """Return the task read as the interrupted fit did. Raises `UsageError` where one is gone."""
    found = find_encoders() if kept.used else ()
    for told in kept.used:
        source, modality = told["column"], str(task.table.schema[told["column"]].modality)
        checkpoint = _same(found, told, modality)
        encoder = ColumnEncoder(
            task.table, source, checkpoint, on_error=work.on_error, deadline=None
        )
        column = encoder.kept()
        if column is None:
            column = encoder.whole(work.progress.task(f"encoding {source}", task.table.num_rows))
        task = with_encoder(task, source, checkpoint, column)
    return task


def _same(found: tuple[FoundEncoder, ...], told: Mapping[str, str], modality: str) -> Checkpoint:
    for one in found:
        if one.name == told["encoder"] and one.is_usable:
            checkpoint = opened(one, modality)
            if checkpoint.key == told["key"]:
                return checkpoint
    raise UsageError(
        "an encoder of the interrupted fit is not there any more",
        expected=told["encoder"],
        column=told["column"],
        hint="put it back (plait encoders says where it is looked for), or start again without "
        "--resume",
    )
