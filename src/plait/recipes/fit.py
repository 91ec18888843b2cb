"""Fit: a table in, a bundle out; measures baselines, trains, chooses, and tells the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from plait.data.entries import column_key
from plait.data.table import Table, read
from plait.energy import Meter, worth_tracking
from plait.errors import UsageError
from plait.fitting.records.answering import answers_told
from plait.fitting.records.forecasts import in_use
from plait.fitting.records.records import counted, make_licences, make_lineage
from plait.fitting.setup.config import configured
from plait.fitting.setup.config import read_config as read_config
from plait.fitting.setup.config import write_config as write_config
from plait.fitting.setup.fit_config import TOLD_ELSEWHERE, FitConfig, spelled_out
from plait.fitting.setup.fit_options import FitOptions
from plait.fitting.setup.generators import with_generator
from plait.fitting.setup.problem import Problem, make_problems
from plait.fitting.setup.reading import as_in_base
from plait.fitting.setup.targets import targets_of
from plait.fitting.setup.timetable import Timetable
from plait.fitting.setup.wanted_decoder import open_decoder
from plait.fitting.setup.windows import in_time
from plait.fitting.setup.work import Work, choose_device, require_torch
from plait.fitting.whole_rows.drawable import drawable
from plait.footprint import with_energy
from plait.listening import heard, listened
from plait.modalities import GeneratedTarget
from plait.model.ensemble import Ensemble
from plait.model.model import Model
from plait.model.several import together
from plait.progress import Progress, expect_end, say
from plait.recipes.augment import augmented
from plait.recipes.outputs import check_bundle_place
from plait.recipes.unfinished import Unfinished
from plait.threads import few_threads
from plait.train.budget import Budget


@spelled_out
@listened
@configured
def fit(
    table: Any = None,
    *,
    config: Path | str | Mapping[str, Any] | None = None,
    target: str | Sequence[str] | None = None,
    budget: str | float | Budget = "5m",
    out: Path | str | None = None,
    resume: bool = False,
    force: bool = False,
    progress: Progress | bool | None = None,
    began: float | None = None,
    **settings: Unpack[FitOptions],
) -> Model:
    """Learn from a table and return the model, saved when `out` is given.

    With a `target`, its column is learned from the others. With several, one network is trained for
    all of them, and each has its own simple models, choice and scores; what is returned is a
    `plait.model.several.Several`. Without one, the shared space of all columns is learned: for
    search, for zero-shot answers, and as the start of later fits; or with `whole_rows` how to make
    rows like the table's: a `plait.model.whole_rows.WholeRows`.

    Args:
        table: A `Table`, or anything `plait.read` takes.
        config: YAML file of settings by these names, as ``plait fit --save-config`` writes it (or
            a mapping): arguments win over it.
        target: Column to predict, or several: ``["answer", "colour"]``, or ``answer,colour`` where
            no column is called so; None learns what the columns share.
        budget: ``5m``, ``30s``, ``2000 steps``, ``10 epochs``: of everything in a fit when timed,
            of each network's training otherwise.
        out: Bundle to write.
        resume: Go on from the checkpoints that an interrupted fit left beside `out`.
        force: Whether a bundle at `out` is replaced that is of another target; one of the same is.
        progress: Told of the work; True and False show and silence it. None shows it in a notebook
            or on a terminal: ``PLAIT_QUIET=1`` in the environment silences all.
        began: When the budget began, of `time.monotonic`; now by default.
        settings: Those that `FitConfig` has in groups (help describes them above), and how the
            table is read: the arguments of `plait.read`, such as `columns`, `exclude`, `root`.

    Raises:
        PlaitError: For everything that the caller can mend.
    """
    if table is None:
        raise UsageError(
            "there is no table to learn from",
            expected="a table, or settings that name one",
            hint="plait.fit('shop.csv', target='category')",
        )
    progress, budget = heard(progress), Budget.parse(budget)
    meter = Meter(began, tracked=worth_tracking(budget.amount if budget.timed else None))
    timetable = Timetable.of(budget, began)
    expect_end(progress, timetable.end)
    asked = FitConfig.of(target=target, budget=budget, **settings)
    asked.check()
    if out is not None:
        check_bundle_place(out, asked.target, force=force)
    with timetable.part("opening"):
        opened = _open(table, asked, progress)
        asked.check_goal(opened.schema)
    base, targets = asked.start.open_base(), targets_of(asked, list(opened.column_names))
    with timetable.part("opening"):
        language = open_decoder(asked, opened)
    opened = as_in_base(opened, base, targets)
    opened = with_generator(opened, targets, asked.network.generator)
    told, said = asked.told(opened, base), asked.said(table, base)
    with timetable.part("opening"):
        opened, asked, plan = in_time(opened, asked)
        asked = drawable(opened, asked)
    more = augmented(opened, asked, fit, timetable, progress)
    opened, asked = more.table, more.asked
    unfinished = _unfinished(out, told, resume)
    goals = targets if plan is None else (plan.goal,)
    problems = _prepare(opened, asked, goals, base, timetable, progress)
    with timetable.part("loading"):
        device = choose_device(asked.network.device, simple=asked.choice.simple)
    work = Work(
        config=asked, meter=meter, timetable=timetable, device=device, progress=progress,
        folder=None if unfinished is None else unfinished.folder, base=base, language=language,
    )  # fmt: skip
    if unfinished is not None:
        unfinished.add(cells=_cells_key(problems), language=language and language.key)
    with unfinished or nullcontext(), few_threads(opened.num_rows):
        problems = _told_of(unfinished, more.noted(problems), progress)
        learned = _learn(problems, work)
        for problem, (model, records) in zip(problems, learned, strict=True):
            in_use(model, problem, plan, records, timetable)
            records["metrics"] |= more.told
            _describe(model, problem, work, records, told, said)
        return _kept(together([model for model, _ in learned]), out, unfinished)


def _kept(model: Model, out: Path | str | None, unfinished: Unfinished | None) -> Model:
    """Return the model, saved where that was asked; what an interrupted fit would go on from is
    removed."""
    if out is not None:
        model.save(out)
    if unfinished is not None:
        unfinished.remove()
    return model


def _open(table: Any, asked: FitConfig, progress: Progress) -> Table:
    """Open the table as it is to be read; an unreadable cell raises where nothing was said."""
    update = progress.task("opening", 1)
    opened = read(table, **asked.reading)
    update(1)
    return opened.under(opened.policy.or_else("raise"))


def _prepare(
    table: Table,
    asked: FitConfig,
    targets: Sequence[str],
    base: Model | None,
    timetable: Timetable,
    progress: Progress,
) -> list[Problem]:
    """Make the table ready to learn from; refuse what a target does not have."""
    if not asked.choice.simple:
        with timetable.part("loading"):
            require_torch()
    with timetable.part("reading"), few_threads(table.num_rows):
        problems = make_problems(
            table,
            targets=targets,
            exclude=asked.exclude,
            rows=asked.rows,
            seed=asked.seed,
            progress=progress,
            base=base,
            encoders=asked.encoders.places(),
            simple=asked.choice.simple,
            timetable=timetable,
        )
    for problem in problems if targets else ():
        asked.check_against(problem.goal)
    return problems


def _learn(problems: Sequence[Problem], work: Work) -> list[tuple[Model, dict[str, Any]]]:
    """Learn problems; what needs torch is loaded only now, when the arguments are known good."""
    if len(problems) > 1:
        from plait.fitting.several import learn_several

        return learn_several(problems, work)
    (problem,) = problems
    if work.config.choice.whole_rows:
        from plait.fitting.whole_rows.learn import learn_rows

        return [learn_rows(problem, work)]
    if problem.target is None:
        from plait.fitting.space.shared_space import learn_shared

        return [learn_shared(problem, work)]
    if isinstance(problem.goal, GeneratedTarget):
        from plait.fitting.generate import learn_generated

        return [learn_generated(problem, work)]
    from plait.fitting.learn import learn_target

    return [learn_target(problem, work)]


def _cells_key(problems: Sequence[Problem]) -> str:
    """Return what changes with any cell that is read, the file it names, and how it is read."""
    table, codecs = problems[0].table, {k: v for one in problems for k, v in one.codecs.items()}
    names = [name for name in sorted(codecs) if name in table.column_names]
    keys = [column_key(table, name, codecs[name]) for name in names]
    return hashlib.sha256("|".join(keys).encode()).hexdigest()[:16]


def _told_of(
    unfinished: Unfinished | None, problems: list[Problem], progress: Progress
) -> list[Problem]:
    """Say what is to be said of an interrupted fit, now and in the bundle's notes."""
    notes = () if unfinished is None else unfinished.notes
    for note in notes:
        say(progress, note)
    return [replace(problem, notes=(*problem.notes, *notes)) for problem in problems]


def _describe(
    model: Model,
    problem: Problem,
    work: Work,
    records: dict[str, Any],
    told: Mapping[str, Any],
    said: Mapping[str, Any],
) -> None:
    """Give the model what its bundle tells of its making: settings in words, and as they were said.

    That unreadable cells were skipped is said whoever said it, the fit or the table.
    """
    asked = work.config
    settings = {name: value for name, value in told.items() if name not in TOLD_ELSEWHERE}
    settings["encoders"] = asked.encoders.told()
    said = {**said, "on_error": "skip"} if problem.table.policy.skips else said
    simple = model.parts.base_models.values() if isinstance(model.parts, Ensemble) else ()
    model.on_error = str(problem.table.policy.on_error)
    model.schema = counted(model.schema, problem.prepared)
    with work.timetable.part("answers"):
        places = problem.judged if asked.choice.scores else np.zeros(0, np.int64)
        answers = answers_told(model, problem.table, places)
    energy = work.meter.as_dict() | answers
    model.card = with_energy(model.card, energy)
    records["metrics"]["notes"] += work.timetable.notes()
    records["metrics"]["seconds"] = work.timetable.told()
    model.records = {
        **records,
        "splits": problem.splits.to_dict(),
        "lineage": make_lineage(problem, settings, said),
        "licences": make_licences(problem, asked.licences, model, simple),
        "energy": energy,
    }


def _unfinished(out: Path | str | None, told: Mapping[str, Any], resume: bool) -> Unfinished | None:
    if out is not None:
        return Unfinished(out, told, resume)
    if resume:
        raise UsageError("nothing to resume without --out", expected="the bundle's path")
    return None
