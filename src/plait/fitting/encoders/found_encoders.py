"""Adds pretrained encoders that are found on this machine, where they help on rows held out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from plait.backbones import Checkpoint, fitted_to
from plait.backbones.architectures import KNOWN
from plait.data.prepared import PreparedColumn
from plait.encoders import FoundEncoder, find_encoders, open_found, suited
from plait.encoders.places import looks_nowhere
from plait.errors import PlaitError
from plait.fitting.encoders.encoder_column import (
    Kept,
    encoders_of,
    read_again,
    recall,
    remember,
    with_encoder,
)
from plait.fitting.encoders.encoder_judges import Gain, Judge, make_judge, measure_gain
from plait.fitting.encoders.encoder_vectors import ColumnEncoder, TooSlow
from plait.fitting.encoders.tuning import tune_encoders
from plait.fitting.encoders.word_vectors import NAME, may_tell, with_words, word_facts
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work, no_encoder_to_tune
from plait.installation import install_command

ENCODE_SHARE = 0.5
"""Of the time that is left, reading the table by encoders and measuring them may take this."""

JUDGE_SHARE = 0.08
"""And making the features that they are measured beside may take this."""

MAX_TRIED = 3
"""Encoders of a column that are timed: the next smaller one where one is too slow."""

WHOLE_AT_ONCE = 2.0
"""A table of no more than so many times the judged rows is encoded whole before it is judged."""

ORDER = tuple(KNOWN)
"""Modalities in the order in which their columns are tried: the quick ones first."""

NO_HELP = "it did not help on rows held out"
NO_TIME = "no time was left to measure it"
TOO_FEW = "too few rows, or too little time, to measure it"


def read_by_encoders(problem: Problem, work: Work) -> tuple[Problem, dict[str, Any]]:
    """Return the problem read by encoders that are found, tuned where it pays, and the records."""
    problem, found = add_found(problem, work)
    problem, tuned = tune_encoders(problem, work)
    return problem, found | tuned


def add_found(problem: Problem, work: Work) -> tuple[Problem, dict[str, Any]]:
    """Return the problem read by found encoders too, and ``{"encoders": records}`` of those tried.

    Each column of texts, pictures, sounds, series or films whose encoder is looked for is tried
    with the one that suits it best (`plait.encoders.order.suited`) and is fast enough. It is kept
    where the judge (`encoder_judges`) finds a gain of more than a standard error on rows held out,
    beside all other columns and the encoders kept before it.

    Raises `UsageError` where a word is of no input column, or tuning is asked for and none is kept.
    """
    kinds = {name: str(problem.table.schema[name].modality) for name in problem.inputs}
    work.config.encoders.check(kinds)
    columns, kept = _columns(problem, work, kinds), Kept()
    if columns:
        before = recall(work)
        if before is None:
            problem, kept = _Search(problem, work, columns, kinds).run()
            remember(work, kept)
        else:
            problem, kept = read_again(problem, work, before), before
        problem = replace(problem, notes=(*problem.notes, *kept.notes))
    if work.tune in ("lora", "full") and work.config.encoders.looks and not encoders_of(problem):
        raise no_encoder_to_tune(work.tune)
    return problem, {"encoders": kept.records} if kept.records else {}


def _columns(problem: Problem, work: Work, kinds: Mapping[str, str]) -> list[str]:
    """Return the columns whose encoder is looked for, in the order in which they are tried."""
    if not work.config.encoders.looks:
        return []
    read = {one.input_column for one in encoders_of(problem)}
    names = [name for name, kind in kinds.items() if kind in KNOWN and name not in read]
    names = [name for name in names if work.config.encoders.finds(name, kinds[name])]
    return sorted(names, key=lambda name: ORDER.index(kinds[name]))


class _Search:
    """Tries encoders column by column. Args: see `add_found`; `kinds` is column -> modality."""

    def __init__(
        self, problem: Problem, work: Work, columns: list[str], kinds: Mapping[str, str]
    ) -> None:
        self._problem, self._work = problem, work
        self._columns, self._kinds = columns, kinds
        self._kept = Kept()
        self._left_out: dict[tuple[str, str], list[str]] = {}
        self._deadline = work.timetable.until(ENCODE_SHARE)
        self._costs: np.ndarray | None = None
        self._judging = 0.0

    def run(self) -> tuple[Problem, Kept]:
        """Return the problem with the encoders that help, and what to keep of it."""
        found = find_encoders()
        among = set(self._kinds.values())
        choices = {name: suited(found, self._kinds[name], among) for name in self._columns}
        choices = {name: ones for name, ones in choices.items() if ones}
        told = [] if looks_nowhere() else [n for n in self._columns if may_tell(self._problem, n)]
        if not choices:
            self._none_found()
        if not choices and not told:
            return self._problem, self._kept
        left = self._work.timetable.left()
        seconds = None if left is None else JUDGE_SHARE * left
        judge = make_judge(self._problem, seed=self._work.seed, seconds=seconds)
        for input_column, ones in choices.items():
            if judge is None:
                self._leave_out(input_column, ones[0], TOO_FEW)
            else:
                self._try(input_column, ones[:MAX_TRIED], judge)
        for input_column in told:
            if judge is not None and not self._is_judged(input_column):
                self._try_words(input_column, judge)
        for (encoder, why), names in self._left_out.items():
            columns = ", ".join(f"'{name}'" for name in names)
            self._kept.notes.append(
                f"the pretrained encoder {encoder} was left out for {columns}: {why}"
            )
        return self._problem, self._kept

    def _is_judged(self, input_column: str) -> bool:
        """Tell whether an encoder reads a column, or was found to be of no help."""
        told = [one for one in self._kept.records if one["column"] == input_column]
        return any(one["used"] or one["why"] == NO_HELP for one in told)

    def _try_words(self, input_column: str, judge: Judge) -> None:
        """Let plait's own table of words read a column that no encoder reads, where it helps."""
        began = time.monotonic()
        if self._until is not None and began >= self._until:
            return
        if self._costs is None:
            self._costs = judge.costs(self._problem)
        problem = with_words(self._problem, input_column)
        costs = judge.costs(problem)
        gain = measure_gain(self._costs, costs, self._problem.groups[judge.rows])
        facts = {"column": input_column, "modality": self._kinds[input_column], **word_facts()}
        facts |= {"by": judge.by, "rows": len(judge.rows), **gain.told()}
        facts["seconds"] = round(time.monotonic() - began, 1)
        if gain.helps:
            self._problem, self._costs = problem, costs
            self._take(input_column, facts, NAME)
        else:
            self._kept.records.append({**facts, "used": False, "why": NO_HELP})

    def _none_found(self) -> None:
        """Say so only where a person asked."""
        if self._work.config.encoders.asked:
            kinds = sorted({self._kinds[name] for name in self._columns})
            self._kept.notes.append(
                f"no pretrained encoder of {', '.join(kinds)} columns was found: plait encoders "
                f"says what is there, {install_command('encoders')} brings two"
            )

    def _try(self, input_column: str, choices: list[FoundEncoder], judge: Judge) -> None:
        """Use the first that is fast enough where it helps, else leave the column as it is."""
        why = NO_TIME
        for one in choices:
            began = time.monotonic()
            if self._until is not None and began >= self._until:
                break
            try:
                checkpoint = self._opened(input_column, one)
                problem, gain, costs = self._read(input_column, checkpoint, judge)
            except TooSlow as slow:
                why = str(slow)
                continue
            except PlaitError as error:
                why = error.what
                continue
            facts = self._facts(input_column, one, checkpoint, judge)
            facts |= {**gain.told(), "seconds": round(time.monotonic() - began, 1)}
            if gain.helps:
                self._problem, self._costs = problem, costs
                self._take(input_column, facts, f"the pretrained encoder {one.name}")
            else:
                self._leave_out(input_column, one, NO_HELP, facts)
            return
        self._leave_out(input_column, choices[0], why)

    def _opened(self, input_column: str, one: FoundEncoder) -> Checkpoint:
        checkpoint, problem = open_found(one, self._kinds[input_column]), self._problem
        return fitted_to(checkpoint, problem.table, input_column, problem.splits.train)

    @property
    def _until(self) -> float | None:
        """When a table must be encoded for its gain to be measured in time."""
        return None if self._deadline is None else self._deadline - self._judging

    def _read(
        self, input_column: str, checkpoint: Checkpoint, judge: Judge
    ) -> tuple[Problem, Gain, np.ndarray]:
        """Return the problem read by an encoder (of some rows where it does not help), gain, costs.

        Large tables are judged by some rows before all are encoded. Raises `TooSlow`.
        """
        table, present = self._problem.table, self._problem.prepared.columns[input_column].present
        encoder = ColumnEncoder(table, input_column, checkpoint, deadline=self._until)
        column = encoder.kept()
        if column is None:
            encoder.check_time(np.flatnonzero(np.asarray(present, bool)))
        if self._costs is None:
            began = time.monotonic()
            self._costs = judge.costs(self._problem)
            self._judging = time.monotonic() - began
            encoder.deadline = self._until
        if column is not None:
            return self._judged(input_column, checkpoint, column, judge)
        update = self._work.progress.task(f"encoding {input_column}", table.num_rows)
        if table.num_rows <= WHOLE_AT_ONCE * len(judge.rows):
            return self._judged(input_column, checkpoint, encoder.whole(update), judge)
        found = self._judged(input_column, checkpoint, encoder.some(judge.rows), judge)
        _, gain, costs = found
        if not gain.helps:
            return found
        return (
            with_encoder(self._problem, input_column, checkpoint, encoder.whole(update)),
            gain,
            costs,
        )

    def _judged(
        self, input_column: str, checkpoint: Checkpoint, column: PreparedColumn, judge: Judge
    ) -> tuple[Problem, Gain, np.ndarray]:
        problem = with_encoder(self._problem, input_column, checkpoint, column)
        costs, before = judge.costs(problem), self._costs
        before = costs if before is None else before
        return problem, measure_gain(before, costs, self._problem.groups[judge.rows]), costs

    def _take(self, input_column: str, facts: dict[str, Any], what: str) -> None:
        self._kept.records.append({**facts, "used": True})
        used = {"column": input_column, "encoder": facts["encoder"], "key": facts["key"]}
        self._kept.used.append(used)
        self._kept.notes.append(
            f"{what} ({facts['licence']}, {facts['size_mb']:.0f} MB) reads '{input_column}': "
            f"{facts['by']} {facts['with']:.3f} with it, {facts['without']:.3f} without, on "
            f"{facts['rows']:,} rows held out; its weights lie in the bundle"
        )

    def _leave_out(
        self, input_column: str, one: FoundEncoder, why: str, facts: Mapping[str, Any] | None = None
    ) -> None:
        told = facts or {
            "column": input_column,
            "encoder": one.name,
            "modality": self._kinds[input_column],
        }
        self._kept.records.append({**told, "used": False, "why": why})
        self._left_out.setdefault((one.name, why), []).append(input_column)

    def _facts(
        self, input_column: str, one: FoundEncoder, checkpoint: Checkpoint, judge: Judge
    ) -> dict[str, Any]:
        return {
            "column": input_column,
            "encoder": one.name,
            "modality": self._kinds[input_column],
            "licence": checkpoint.licence or "licence not told",
            "size_mb": round(one.num_bytes / 1e6, 1),
            "key": checkpoint.key,
            "by": judge.by,
            "rows": len(judge.rows),
        }
