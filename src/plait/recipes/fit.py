"""Fit: a table in, a bundle out; measures baselines, trains, chooses, and tells the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import plait
from plait.data.entries import column_key
from plait.data.table import read
from plait.errors import UsageError
from plait.model.config import SystemConfig, choose_size, join_layer
from plait.model.model import Model, load
from plait.progress import SILENT, Progress, expect_end, say
from plait.reading import ReadOptions
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
    baselines: bool
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


def fit(
    table: Any,
    *,
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
    baselines: bool = True,
    samples: bool = True,
    train: TrainConfig | None = None,
    encoders: Mapping[str, str] | None = None,
    base: Model | Path | str | None = None,
    adapt: str = "auto",
    tune: str = "auto",
    licences: Sequence[Mapping[str, str]] = (),
    progress: Progress | None = None,
    began: float | None = None,
    **reading: Unpack[ReadOptions],
) -> Model:
    """Learn from a table and return the model, saved when `out` is given.

    With a `target`, its column is learned from the others. Without one, the shared space of all
    columns is: for search, for zero-shot answers, and as the start of later fits.

    Args:
        table: A `Table`, or anything `plait.read` takes.
        target: Column to predict; None learns what the columns share.
        budget: ``5m``, ``30s``, ``2000 steps``, ``10 epochs``: of everything in a fit when timed,
            of each network's training otherwise.
        size: ``auto``, ``tiny``, ``small``, ``base``, numbers, or a `SystemConfig`.
        fusion: ``auto`` (measured), ``early``, ``mid``, ``late``, or the number of the join layer.
        group: Column whose equal values stay in one split.
        time: Column by which the latest rows become the test.
        split: Column that says ``train``, ``validation`` or ``test``.
        seed: Of splits, weights and order.
        device: ``auto``, ``cpu``, ``cuda``.
        out: Bundle to write.
        resume: Go on from the checkpoints that an interrupted fit left beside `out`.
        baselines: Whether simple models are measured and may ship.
        samples: Whether the bundle keeps a few test rows for the report.
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
        progress: Told of the work.
        began: When the budget began, of `time.monotonic`; now by default.
        reading: How the table is read: the arguments of `plait.read`, such as `columns`, `exclude`,
            `root`, `on_error`.

    Raises:
        PlaitError: For everything that the caller can mend.
    """
    meter, progress, budget = Meter(began), progress or SILENT, Budget.parse(budget)
    timetable = Timetable.of(budget, began)
    expect_end(progress, timetable.end)
    _check_choice("adapt", adapt, ("auto", *ADAPTATIONS))
    check_tune(tune, target=target, encoders=encoders)
    _check_numbers(size, fusion, seed)
    with timetable.part("opening"):
        table = read(table, **reading)
    on_error, exclude = table.on_error or "raise", tuple(reading.get("exclude") or ())
    start = base if base is None or isinstance(base, Model) else load(base)
    _check_adapt(adapt, start)
    settings = _Settings(
        target=target,
        budget=f"{budget.amount:g} {budget.unit}",
        size=str(size),
        fusion=str(fusion),
        seed=seed,
        device=device,
        baselines=baselines,
        table=table.key,
        columns=str(table.schema.to_dict()),
        exclude=", ".join(sorted(exclude)),
        rows=f"group={group}, time={time}, split={split}, on_error={on_error}",
        base=_base_key(start),
        adapt=adapt,
        encoders=", ".join(f"{name}={where}" for name, where in (encoders or {}).items()),
        tune=tune,
        train=str(asdict(train or TrainConfig())),
        plait=plait.__version__,
    )
    unfinished = _unfinished(out, settings, resume)
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
            on_error=on_error,
            progress=progress,
            base=start,
            encoders=encoders,
        )
    work = Work(
        meter=meter,
        timetable=timetable,
        budget=budget,
        size=size,
        fusion=fusion,
        train=train or TrainConfig(),
        seed=seed,
        device=choose_device(device),
        group=group,
        baselines=baselines,
        samples=samples,
        folder=None if unfinished is None else unfinished.folder,
        progress=progress,
        base=start,
        adapt=adapt,
        on_error=on_error,
        tune=tune,
    )
    if unfinished is not None:
        unfinished.add(cells=_cells_key(task))
    with unfinished or nullcontext():
        if unfinished is not None:
            task = replace(task, notes=(*task.notes, *unfinished.notes))
            for note in unfinished.notes:
                say(progress, note)
        model, records = _learn(task, work)
        model.on_error = on_error
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
