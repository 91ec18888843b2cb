"""Fit: a table in, a bundle out; measures baselines, trains, chooses, and tells the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from plait.data.entries import column_key
from plait.data.table import read
from plait.errors import UsageError
from plait.listening import heard, listened
from plait.modalities import GeneratedTarget
from plait.model.model import Model
from plait.progress import Progress, expect_end, say
from plait.recipes.config import configured
from plait.recipes.energy import Meter
from plait.recipes.fit_config import TOLD_ELSEWHERE, FitConfig, FitOptions, spelled_out
from plait.recipes.outputs import check_bundle_place
from plait.recipes.problem import Problem, make_problem
from plait.recipes.records import counted, make_licences, make_lineage
from plait.recipes.timetable import Timetable
from plait.recipes.unfinished import Unfinished
from plait.recipes.work import Work, choose_device, require_torch
from plait.threads import few_threads
from plait.train.budget import Budget
from plait.train.config import TrainConfig


@spelled_out
@listened
@configured
def fit(
    table: Any = None,
    *,
    config: Path | str | Mapping[str, Any] | None = None,
    target: str | None = None,
    budget: str | float | Budget = "5m",
    out: Path | str | None = None,
    resume: bool = False,
    force: bool = False,
    progress: Progress | bool | None = None,
    began: float | None = None,
    **settings: Unpack[FitOptions],
) -> Model:
    """Learn from a table and return the model, saved when `out` is given.

    With a `target`, its column is learned from the others. Without one, the shared space of all
    columns is: for search, for zero-shot answers, and as the start of later fits.

    Args:
        table: A `Table`, or anything `plait.read` takes.
        config: YAML file of settings by these names, as ``plait fit --save-config`` writes it (or
            a mapping): arguments win over it.
        target: Column to predict; None learns what the columns share.
        budget: ``5m``, ``30s``, ``2000 steps``, ``10 epochs``: of everything in a fit when timed,
            of each network's training otherwise.
        size: ``auto``, ``tiny``, ``small``, ``base``, numbers, or a `SystemConfig`.
        fusion: ``auto`` (measured), ``early``, ``mid``, ``late``, or the number of the join layer.
        group: Column whose equal values stay in one split, fold and resample.
        time: Column by which the latest rows become the test; with `group`, of groups that training
            has not seen. Folds within the training rows respect groups, not the order of time.
        split: Column that says ``train``, ``validation`` or ``test``.
        seed: Of splits, weights and order.
        device: ``auto``, ``cpu``, ``cuda``.
        out: Bundle to write.
        resume: Go on from the checkpoints that an interrupted fit left beside `out`.
        force: Whether a bundle at `out` is replaced that is of another target; one of the same is.
        baselines: Whether simple models are measured and may ship, or the names of those that are:
            ``("linear", "boosted")``.
        simple: Whether they are all: no network is trained. Quick, and on small tables of numbers
            and categories often as good. Without a target, canonical correlations make the space.
        metric: What the choice between candidates and their mixes is by, on rows that none learned
            from: any of the target's (``macro_f1``, ``auc``, ``rmse``...). Default a proper cost,
            which is best for probabilities and intervals.
        weights: How much each row counts in learning and choosing: a column of numbers (which is
            then no input), or ``balanced``, so that classes count alike.
        threshold: Of two classes: the probability from which on a row counts as `positive`.
        costs: Chooses it: ``{"false_negative": 10, "false_positive": 1}``.
        positive: The class that is looked for; default the one called yes, true, 1 or positive,
            else the rarer.
        samples: Whether the bundle keeps a few test rows for the report.
        scores: Whether what ships, every candidate and every subset of columns is scored, with
            intervals. Without, only the costs of the choice are known: for searches over many fits.
        train: Training settings.
        encoders: Column or modality -> folder (or, where allowed, hub id) of a pretrained
            checkpoint, or the name of one that `plait.encoders` finds:
            ``{"text": "./all-MiniLM-L6-v2"}``. Its outputs are made once per table, kept in the
            cache, and join the column's own. ``auto`` uses what is on this machine where it helps
            on rows held out, and is what happens in budgets of a minute and more (unless `simple`)
            where nothing is said; ``none`` uses nothing. Both also for one column or modality:
            ``{"*": "auto", "image": "none"}``.
        base: A bundle with a shared space to start from, or its model: its preprocessing, its
            vectors and its weights.
        adapt: How the network learns from a base: ``auto`` (measured), ``scratch``, ``lora``
            (low-rank corrections) or ``full``. Prototypes and a linear probe are always measured.
        tune: Whether encoders learn the target before they are frozen: ``frozen`` (not),
            ``lora`` (low-rank corrections), ``full``, or ``auto`` (measured on validation rows,
            in budgets of ten minutes, 1,000 steps or 20 epochs and more).
        licences: ``{"source", "licence", "attribution"}`` of the data.
        progress: Told of the work; True and False show and silence it. None shows it in a notebook
            or on a terminal: ``PLAIT_QUIET=1`` in the environment silences all.
        began: When the budget began, of `time.monotonic`; now by default.
        settings: Those above that the code has in groups, and how the table is read: the arguments
            of `plait.read`, such as `columns`, `exclude`, `root`, `on_error`.

    Raises:
        PlaitError: For everything that the caller can mend.
    """
    if table is None:
        raise UsageError(
            "there is no table to learn from",
            expected="a table, or settings that name one",
            hint="plait.fit('shop.csv', target='category')",
        )
    progress = heard(progress)
    meter, budget = Meter(began), Budget.parse(budget)
    timetable = Timetable.of(budget, began)
    expect_end(progress, timetable.end)
    asked = FitConfig.of(target=target, budget=budget, **settings)
    asked.check()
    if out is not None:
        check_bundle_place(out, target, force=force)
    with timetable.part("opening"):
        opened = progress.task("opening", 1)
        source, table = table, read(table, **asked.reading)
        opened(1)
        table = table.under(table.policy.or_else("raise"))
    base = asked.start.open_base()
    told = asked.told(table, base)
    said = asked.said(source, base)
    if table.policy.skips:
        said["on_error"] = "skip"
    unfinished = _unfinished(out, told, resume)
    if not asked.choice.simple:
        with timetable.part("loading"):
            require_torch()
    with timetable.part("reading"), few_threads(table.num_rows):
        problem = make_problem(
            table,
            target=target,
            exclude=asked.exclude,
            seed=asked.seed,
            progress=progress,
            base=base,
            encoders=asked.encoders.places(),
            simple=asked.choice.simple,
            timetable=timetable,
            **vars(asked.rows),
        )
    if target is not None:
        asked.check_against(problem.goal)
    folder = None if unfinished is None else unfinished.folder
    with timetable.part("loading"):
        work = _work_of(asked, meter, timetable, progress, base, folder)
    if unfinished is not None:
        unfinished.add(cells=_cells_key(problem))
    with unfinished or nullcontext(), few_threads(table.num_rows):
        if unfinished is not None:
            problem = _told_of(unfinished, problem, progress)
        model, records = _learn(problem, work)
        _describe(model, problem, work, records, asked, told, said)
        if out is not None:
            model.save(out)
        if unfinished is not None:
            unfinished.remove()
    return model


def _learn(problem: Problem, work: Work) -> tuple[Model, dict[str, Any]]:
    """Learn a problem; what needs torch is loaded only now, when the arguments are known good."""
    if problem.target is None:
        from plait.recipes.shared_space import learn_shared

        return learn_shared(problem, work)
    if isinstance(problem.goal, GeneratedTarget):
        from plait.recipes.generate import learn_generated

        return learn_generated(problem, work)
    from plait.recipes.learn import learn_target

    return learn_target(problem, work)


def _cells_key(problem: Problem) -> str:
    """Return what changes with any cell that is read, the file it names, and how it is read."""
    names = [name for name in sorted(problem.codecs) if name in problem.table.column_names]
    keys = [column_key(problem.table, name, problem.codecs[name]) for name in names]
    return hashlib.sha256("|".join(keys).encode()).hexdigest()[:16]


def _work_of(
    asked: FitConfig,
    meter: Meter,
    timetable: Timetable,
    progress: Progress,
    base: Model | None,
    folder: Path | None,
) -> Work:
    """Return what the parts of a fit share: what was asked for, and what is at work."""
    network, choice, start = asked.network, asked.choice, asked.start
    return Work(
        meter=meter,
        timetable=timetable,
        budget=asked.budget,
        size=network.size,
        fusion=network.fusion,
        train=network.train or TrainConfig(),
        seed=asked.seed,
        device=choose_device(network.device, simple=choice.simple),
        group=asked.rows.group,
        baselines=choice.baselines,
        samples=asked.samples,
        folder=folder,
        progress=progress,
        base=base,
        adapt=start.adapt,
        tune=start.tune,
        simple=choice.simple,
        scores=choice.scores,
        metric=choice.metric,
        encoders=asked.encoders,
        **vars(asked.decision),
    )


def _told_of(unfinished: Unfinished, problem: Problem, progress: Progress) -> Problem:
    """Say what is to be said of an interrupted fit, now and in the bundle's notes."""
    for note in unfinished.notes:
        say(progress, note)
    return replace(problem, notes=(*problem.notes, *unfinished.notes))


def _describe(
    model: Model,
    problem: Problem,
    work: Work,
    records: dict[str, Any],
    asked: FitConfig,
    told: Mapping[str, Any],
    said: Mapping[str, Any],
) -> None:
    """Give the model what its bundle tells of its making."""
    settings = {name: value for name, value in told.items() if name not in TOLD_ELSEWHERE}
    model.on_error = str(problem.table.policy.on_error)
    model.schema = counted(model.schema, problem.prepared)
    records["metrics"]["notes"] += work.timetable.notes()
    records["metrics"]["seconds"] = work.timetable.told()
    model.records = {
        **records,
        "splits": problem.splits.to_dict(),
        "lineage": make_lineage(problem, settings | {"encoders": asked.encoders.told()}, said),
        "licences": make_licences(problem, asked.licences, model.derived_columns),
        "energy": work.meter.as_dict(),
    }


def _unfinished(out: Path | str | None, told: Mapping[str, Any], resume: bool) -> Unfinished | None:
    if out is not None:
        return Unfinished(out, told, resume)
    if resume:
        raise UsageError("nothing to resume without --out", expected="the bundle's path")
    return None
