"""Fit: a table in, a bundle out; measures baselines, trains, chooses, and tells the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import plait
from plait.baselines.experts import EXPERTS
from plait.data.entries import column_key
from plait.data.table import read
from plait.errors import UsageError
from plait.listening import listened
from plait.modalities import GeneratedTarget
from plait.model.config import SystemConfig, choose_size, join_layer
from plait.model.decision import check_threshold, positive_label, read_costs
from plait.model.model import Model, load
from plait.progress import SILENT, Progress, expect_end, say
from plait.reading import ReadOptions
from plait.recipes.by_metric import check_metric
from plait.recipes.config import configured
from plait.recipes.energy import Meter
from plait.recipes.records import make_licences, make_lineage
from plait.recipes.task import Task, make_task
from plait.recipes.timetable import Timetable
from plait.recipes.unfinished import Unfinished
from plait.recipes.work import ADAPTATIONS, Work, check_tune, choose_device, require_torch
from plait.train.budget import Budget
from plait.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The arguments of `fit` that decide its result; a resumed fit must have the same."""

    target: str | None
    budget: str
    size: str
    fusion: str
    seed: int
    device: str
    baselines: str
    simple: bool
    decision: str | None
    weights: str | None
    metric: str | None
    table: str
    columns: str
    exclude: str
    rows: str
    base: str
    adapt: str
    encoders: str
    tune: str
    train: str
    plait: str

    def told(self) -> dict[str, Any]:
        """Return those that a person would repeat; the others are told elsewhere."""
        elsewhere = ("table", "columns", "plait")
        return {k: v for k, v in vars(self).items() if k not in elsewhere}


@listened
@configured
def fit(
    table: Any = None,
    *,
    config: Path | str | Mapping[str, Any] | None = None,
    target: str | None = None,
    budget: str | float | Budget = "5m",
    size: str | Mapping[str, Any] | SystemConfig = "auto",
    fusion: str | int = "auto",
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    seed: int = 0,
    device: str = "auto",
    out: Path | str | None = None,
    resume: bool = False,
    baselines: bool | Sequence[str] = True,
    simple: bool = False,
    metric: str | None = None,
    weights: str | None = None,
    threshold: float | None = None,
    costs: Mapping[str, float] | None = None,
    positive: str | None = None,
    samples: bool = True,
    scores: bool = True,
    train: TrainConfig | None = None,
    encoders: Mapping[str, str] | None = None,
    base: Model | Path | str | None = None,
    adapt: str = "auto",
    tune: str = "auto",
    licences: Sequence[Mapping[str, str]] = (),
    progress: Progress | bool | None = None,
    began: float | None = None,
    **reading: Unpack[ReadOptions],
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
            checkpoint: ``{"text": "./all-MiniLM-L6-v2"}``. Its outputs are made once per table,
            kept in the cache, and join the column's own.
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
        reading: How the table is read: the arguments of `plait.read`, such as `columns`, `exclude`,
            `root`, `on_error`.

    Raises:
        PlaitError: For everything that the caller can mend.
    """
    if table is None:
        raise UsageError(
            "there is no table to learn from",
            expected="a table, or settings that name one",
            hint="plait.fit('shop.csv', target='category')",
        )
    progress = SILENT if progress is None or isinstance(progress, bool) else progress
    meter, budget = Meter(began), Budget.parse(budget)
    timetable = Timetable.of(budget, began)
    expect_end(progress, timetable.end)
    _check_choice("adapt", adapt, ("auto", *ADAPTATIONS))
    check_tune(tune, target=target, encoders=encoders)
    _check_numbers(size, fusion, seed)
    exclude = tuple(reading.pop("exclude", ()))
    with timetable.part("opening"):
        table = read(table, **reading)
        table = table.under(table.policy.or_else("raise"))
    start = base if base is None or isinstance(base, Model) else load(base)
    _check_adapt(adapt, start)
    _check_baselines(baselines)
    _check_decision(target, threshold, costs, positive)
    if metric is not None and target is None:
        raise UsageError("a metric is of a target, and there is no target to predict")
    _check_simple(simple, baselines=bool(baselines), adapt=adapt, tune=tune)
    settings = _Settings(
        target=target,
        budget=f"{budget.amount:g} {budget.unit}",
        size=str(size),
        fusion=str(fusion),
        seed=seed,
        device=device,
        baselines=_told_baselines(baselines),
        simple=simple,
        weights=weights,
        metric=metric,
        decision=_told_decision(threshold, costs, positive),
        table=table.key,
        columns=str(table.schema.to_dict()),
        exclude=", ".join(sorted(exclude)),
        rows=f"group={group}, time={time}, split={split}, on_error={table.policy.on_error}",
        base=_base_key(start),
        adapt=adapt,
        encoders=", ".join(f"{name}={where}" for name, where in (encoders or {}).items()),
        tune=tune,
        train=str(asdict(train or TrainConfig())),
        plait=plait.__version__,
    )
    unfinished = _unfinished(out, settings, resume)
    if not simple:
        require_torch()
    with timetable.part("reading"):
        task = make_task(
            table,
            target=target,
            exclude=exclude,
            group=group,
            time=time,
            split=split,
            seed=seed,
            progress=progress,
            base=start,
            encoders=encoders,
            weights=weights,
            simple=simple,
        )
    if metric is not None:
        check_metric(metric, task.goal)
    if threshold is not None or costs is not None or positive is not None:
        positive_label(task.goal, positive)
    work = Work(
        meter=meter,
        timetable=timetable,
        budget=budget,
        size=size,
        fusion=fusion,
        train=train or TrainConfig(),
        seed=seed,
        device=choose_device(device, simple=simple),
        group=group,
        baselines=baselines,
        samples=samples,
        folder=None if unfinished is None else unfinished.folder,
        progress=progress,
        base=start,
        adapt=adapt,
        tune=tune,
        simple=simple,
        metric=metric,
        threshold=threshold,
        costs=costs,
        positive=positive,
        scores=scores,
    )
    if unfinished is not None:
        unfinished.add(cells=_cells_key(task))
    with unfinished or nullcontext():
        if unfinished is not None:
            task = replace(task, notes=(*task.notes, *unfinished.notes))
            for note in unfinished.notes:
                say(progress, note)
        model, records = _learn(task, work)
        model.on_error = str(table.policy.on_error)
        records["metrics"]["notes"] += timetable.notes()
        records["metrics"]["seconds"] = timetable.told()
        model.records = {
            **records,
            "splits": task.splits.to_dict(),
            "lineage": make_lineage(task, settings.told()),
            "licences": make_licences(task, licences),
            "energy": meter.as_dict(),
        }
        if out is not None:
            model.save(out)
        if unfinished is not None:
            unfinished.remove()
    return model


def _learn(task: Task, work: Work) -> tuple[Model, dict[str, Any]]:
    """Learn a task; what needs torch is loaded only now, when the arguments are known good."""
    if task.target is None:
        from plait.recipes.share import learn_shared

        return learn_shared(task, work)
    if isinstance(task.goal, GeneratedTarget):
        from plait.recipes.generate import learn_generated

        return learn_generated(task, work)
    from plait.recipes.learn import learn_target

    return learn_target(task, work)


def _cells_key(task: Task) -> str:
    """Return what changes with any cell that is read, the file it names, and how it is read."""
    names = [name for name in sorted(task.codecs) if name in task.table.column_names]
    keys = [column_key(task.table, name, task.codecs[name]) for name in names]
    return hashlib.sha256("|".join(keys).encode()).hexdigest()[:16]


def _base_key(base: Model | None) -> str:
    return "" if base is None else base.space.key


def _check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise UsageError(f"unknown {name}", expected=" or ".join(allowed), received=str(value))


def _check_adapt(adapt: str, base: Model | None) -> None:
    """Refuse to adapt weights that are not there."""
    if adapt in ("lora", "full") and (base is None or not base.space.has_network):
        raise UsageError(
            "there are no weights to adapt",
            expected="a base with a network, or adapt=scratch",
            received=adapt,
            hint="plait fit TABLE --out base.plait learns one; then --base base.plait",
        )


def _check_decision(
    target: str | None,
    threshold: float | None,
    costs: Mapping[str, float] | None,
    positive: str | None,
) -> None:
    """Refuse wrong numbers before the work, not after it."""
    asked = threshold is not None or costs is not None or positive is not None
    if asked and target is None:
        raise UsageError("a decision is between classes, and there is no target to predict")
    if threshold is not None and costs is not None:
        raise UsageError(
            "a threshold is given or chosen by costs, not both", expected="one of the two"
        )
    if threshold is not None:
        check_threshold(threshold)
    if costs is not None:
        read_costs(costs)


def _told_decision(
    threshold: float | None, costs: Mapping[str, float] | None, positive: str | None
) -> str | None:
    told: dict[str, Any] = {} if threshold is None else {"threshold": threshold}
    told |= dict(costs or {}) | ({} if positive is None else {"positive": positive})
    return ", ".join(f"{name}={value}" for name, value in told.items()) or None


def _check_baselines(baselines: bool | Sequence[str]) -> None:
    names = [] if isinstance(baselines, bool) else list(baselines)
    unknown = [name for name in names if name not in EXPERTS]
    if isinstance(baselines, str) or unknown:
        raise UsageError(
            "there is no such simple model",
            expected="True, False, or names among " + ", ".join(EXPERTS),
            received=baselines if isinstance(baselines, str) else ", ".join(map(str, unknown)),
        )


def _told_baselines(baselines: bool | Sequence[str]) -> str:
    return str(baselines) if isinstance(baselines, bool) else ", ".join(baselines)


def _check_simple(simple: bool, *, baselines: bool, adapt: str, tune: str) -> None:
    """Refuse to leave everything out, and to ask for what only a network does."""
    asked = [] if baselines else ["baselines off"]
    asked += [f"adapt={adapt}"] if adapt in ("lora", "full") else []
    asked += [f"tune={tune}"] if tune in ("lora", "full") else []
    if simple and asked:
        raise UsageError(
            "a simple fit trains no network",
            expected="simple models on, nothing to adapt or tune",
            received=", ".join(asked),
            hint="leave out --simple, or the rest",
        )


def _check_numbers(size: Any, fusion: str | int, seed: int) -> None:
    """Refuse what cannot be built before the work, not after it."""
    config = choose_size(size, 1)
    if fusion != "auto":
        replace(config, join=join_layer(fusion, config.depth)).check()
    if seed < 0:
        raise UsageError("the seed is negative", expected="0 or more", received=str(seed))


def _unfinished(out: Path | str | None, settings: _Settings, resume: bool) -> Unfinished | None:
    if out is not None:
        return Unfinished(out, vars(settings), resume)
    if resume:
        raise UsageError("nothing to resume without --out", expected="the bundle's path")
    return None
