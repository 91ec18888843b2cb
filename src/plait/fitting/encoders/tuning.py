"""Fine-tunes pretrained encoders on a target where that pays, and reads the table by them anew."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from plait.backbones.checkpoint import Checkpoint
from plait.backbones.tuned import keep_tuned, open_tuned
from plait.data.prepared import Prepared
from plait.errors import ExtraError
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import FROZEN, MEASURED, Work
from plait.model.backbone_column import BackboneColumn
from plait.train.budget import Budget, Clock
from plait.writing import write_text

TUNE_SHARE, ASKED_SHARE = 0.25, 0.4
"""Part of what is left of a fit's budget that goes to tuning encoders; where that is asked for."""

LEAST_JUDGED = 20
"""With fewer validation rows, whether tuning helps could not be told."""

LEAST_BUDGET = {"seconds": 600.0, "steps": 1000.0, "epochs": 20.0}
"""With less, ``measured`` leaves encoders frozen: too short to tune them well, and to tell."""


_KNOWING_BASE = (
    "an encoder of the base was tuned on a target: where it saw these rows, the numbers are too "
    "good"
)

_NOTHING_NEW = "the base's encoders stayed as they are: its shared space was learned from them"


@dataclass
class _Found:
    """What became of one encoder: how it is used, the trials, notes, and its new checkpoint."""

    how: str
    trials: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    checkpoint: Checkpoint | None = None


def tune_encoders(problem: Problem, work: Work) -> tuple[Problem, dict[str, Any]]:
    """Return the problem read by its tuned encoders, and ``{"tuned": trials}`` where any were
    tried.

    Each encoder that this fit opened learns the target on labelled training rows; ``measured``
    keeps it where a linear model on its vectors beats one on the frozen vectors, on validation
    rows, by more than a standard error. Those of a base stay as they are, for its shared space was
    learned from them.

    A tuned encoder has learned the answers of the training rows by heart to some degree: its
    vectors tell them further apart than those of new rows. Models on top must therefore be
    compared on rows apart (`knows_targets`), and are too sure of themselves: with MiniLM on 690
    texts, a head tuned with the encoder gained 10 % in cost, the linear model on top lost 20 %.

    Raises `UsageError` when a way is asked for that the checkpoint does not have.
    """
    derived_columns = _to_tune(problem, work)
    problem = _with_notes(problem, [_KNOWING_BASE] if has_tuned(problem) else [])
    if not derived_columns:
        return _with_notes(problem, [_NOTHING_NEW] if work.tune in ("lora", "full") else []), {}
    if len(problem.validation) < LEAST_JUDGED:
        return _with_notes(problem, [_too_few("a target")]), {}
    trials: list[dict[str, Any]] = []
    share, clock = _share(work), Clock()
    for place, derived in enumerate(derived_columns):
        part = _part(share, clock.seconds, len(derived_columns) - place)
        found = _recall(work, derived) or _tune(problem, work, derived, part)
        trials += found.trials
        problem = _with_notes(problem, found.notes)
        if found.checkpoint is not None:
            problem = _swapped(problem, work, derived, found.checkpoint, found.how)
    return problem, {"tuned": trials} if trials else {}


def knows_targets(problem: Problem) -> bool:
    """Tell whether an encoder learned from targets, and there are rows apart to judge models by."""
    return has_tuned(problem) and len(problem.validation) >= LEAST_JUDGED


def has_tuned(problem: Problem) -> bool:
    """Tell whether any encoder of a problem, its base's included, learned from targets."""
    return any(isinstance(one, BackboneColumn) and one.tuned for one in problem.derived_columns)


def _to_tune(problem: Problem, work: Work) -> list[BackboneColumn]:
    if work.tune in ("auto", FROZEN):
        return []
    if work.tune == MEASURED and work.budget.amount < LEAST_BUDGET[work.budget.unit]:
        return []
    base = () if work.base is None else work.base.derived_columns
    return [
        one
        for one in problem.derived_columns
        if isinstance(one, BackboneColumn) and not any(one is known for known in base)
    ]


def _tune(problem: Problem, work: Work, derived: BackboneColumn, budget: Budget) -> _Found:
    """Measure one encoder's ways, and keep the best as a checkpoint of its own."""
    present = np.asarray(problem.prepared.columns[derived.column].present, bool)
    rows = problem.splits.train[present[problem.splits.train]]
    judged = problem.validation[present[problem.validation]]
    if len(judged) < LEAST_JUDGED or not len(rows):
        return _Found(FROZEN, [], [_too_few(f"'{derived.input_column}'")])
    from plait.fitting.encoders.tuning_trials import Trials

    trials = Trials(problem, work, derived, rows, judged, budget)
    forced = work.tune != MEASURED
    try:
        verdict = trials.run((work.tune,) if forced else ("lora", "full"), forced=forced)
    except ExtraError as error:
        if forced:
            raise
        return _Found(FROZEN, [], [f"encoders stayed frozen: {error.what}"])
    found = _Found(verdict.chosen, verdict.records(), verdict.notes)
    if verdict.tuner is not None and verdict.tuner.backbone is not None:
        backbone = verdict.tuner.backbone
        found.checkpoint = keep_tuned(derived.checkpoint, backbone, verdict.chosen)
        found.notes.append(_explain(derived.input_column, verdict.chosen))
    _remember(work, derived, found)
    return found


def _share(work: Work) -> Budget:
    """Return what tuning may take: of the time that reading the table has left, or of the steps."""
    share = TUNE_SHARE if work.tune == MEASURED else ASKED_SHARE
    if not work.budget.timed:
        return work.budget.share(share)
    left = max(work.budget.amount - work.meter.seconds, 0.1 * work.budget.amount)
    return Budget(share * left, "seconds")


def _part(share: Budget, spent_seconds: float, num_left: int) -> Budget:
    """Return the next encoder's part: of the time not spent yet, or the same steps for each."""
    if not share.timed:
        return share
    return Budget(max(share.amount - spent_seconds, 0.1 * share.amount) / num_left, "seconds")


def _swapped(
    problem: Problem, work: Work, old: BackboneColumn, checkpoint: Checkpoint, how: str
) -> Problem:
    """Return the problem with a derived column by the tuned checkpoint in place of the old one."""
    update = work.progress.task(f"encoding {old.input_column}", problem.table.num_rows)
    new = BackboneColumn.fitted(
        old.input_column,
        checkpoint,
        problem.table,
        problem.splits.train,
        progress=update,
        tuned=how,
    )
    others = [
        one for one in problem.derived_columns if isinstance(one, BackboneColumn) and one is not old
    ]
    if any(one.name == new.name and one.checkpoint.key != checkpoint.key for one in others):
        new.rename(f"{new.name}-{checkpoint.key[:6]}")
    update = work.progress.task(f"reading {new.column}", problem.table.num_rows)
    column = new.read(problem.table, problem.prepared, progress=update)
    columns = {n: c for n, c in problem.prepared.columns.items() if n != old.column}
    codecs = {n: c for n, c in problem.codecs.items() if n != old.column}
    input_columns = {
        name: tuple(new.column if one == old.column else one for one in names)
        for name, names in problem.input_columns.items()
    }
    return replace(
        problem,
        input_columns=input_columns,
        codecs=codecs | {new.column: new.codec},
        prepared=Prepared(columns | {new.column: column}, problem.prepared.num_rows),
        derived_columns=tuple(new if one is old else one for one in problem.derived_columns),
    )


def _with_notes(problem: Problem, notes: list[str]) -> Problem:
    return replace(problem, notes=(*problem.notes, *notes))


def _too_few(what: str) -> str:
    return (
        f"encoders stayed frozen: fewer than {LEAST_JUDGED} validation rows have {what}, too few "
        "to tell whether tuning helps"
    )


def _explain(input_column: str, how: str) -> str:
    by = "by low-rank corrections (lora)" if how == "lora" else "in full"
    return (
        f"the encoder of '{input_column}' learned on from the training rows {by}; models were "
        "compared on validation rows only, for it knows the others' targets"
    )


def _memory(work: Work, derived: BackboneColumn) -> Path | None:
    """Return the file in which an interrupted fit finds what became of an encoder."""
    name = re.sub(r"[^\w.-]+", "-", derived.column)
    return None if work.folder is None else work.folder / f"tuning-{name}.json"


def _remember(work: Work, derived: BackboneColumn, found: _Found) -> None:
    file = _memory(work, derived)
    if file is None:
        return
    name = None if found.checkpoint is None else found.checkpoint.folder.name
    told = {"how": found.how, "trials": found.trials, "notes": found.notes, "name": name}
    write_text(file, json.dumps(told))


def _recall(work: Work, derived: BackboneColumn) -> _Found | None:
    """Return what an interrupted fit found; None where it did not, or the cache lost it."""
    file = _memory(work, derived)
    if file is None or not file.is_file():
        return None
    told = json.loads(file.read_text(encoding="utf8"))
    found = _Found(told["how"], told["trials"], told["notes"])
    if told["name"] is None:
        return found
    found.checkpoint = open_tuned(derived.checkpoint, found.how, told["name"])
    return None if found.checkpoint is None else found
