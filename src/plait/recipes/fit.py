"""Fit: a table in, a bundle out; measures baselines, trains, chooses, and tells the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.schema import Schema
from plait.data.table import Table, read
from plait.errors import UsageError
from plait.model.config import SystemConfig, choose_size, join_layer
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.model.storage import tensors_of
from plait.progress import SILENT, Progress
from plait.recipes.choose import Choice, choose
from plait.recipes.deep import DeepPlan, DeepResult, train_deep
from plait.recipes.energy import Meter
from plait.recipes.folds import make_folds
from plait.recipes.records import make_card, make_licences, make_lineage
from plait.recipes.rivals import Rivals, measure_rivals
from plait.recipes.samples import make_samples
from plait.recipes.subsets import score_subsets
from plait.recipes.task import Task, make_task
from plait.recipes.unfinished import Unfinished
from plait.train.budget import Budget
from plait.train.config import TrainConfig

RESERVE_SHARE, RESERVE_SECONDS = 0.02, 1.5
BASELINE_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The arguments of `fit` that decide its result; a resumed fit must have the same."""

    target: str
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

    def told(self) -> dict[str, Any]:
        """Return those that a person would repeat; the table and schema are told elsewhere."""
        return {k: v for k, v in vars(self).items() if k not in ("table", "columns")}


def fit(
    table: Any,
    *,
    target: str | None = None,
    budget: str | float | Budget = "5m",
    size: str | Mapping[str, Any] | SystemConfig = "auto",
    fusion: str | int = "auto",
    columns: str | Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    schema: Path | str | None = None,
    root: Path | str | None = None,
    seed: int = 0,
    device: str = "auto",
    on_error: str = "raise",
    strict: bool = False,
    out: Path | str | None = None,
    resume: bool = False,
    baselines: bool = True,
    samples: bool = True,
    train: TrainConfig | None = None,
    licences: Sequence[Mapping[str, str]] = (),
    allow_network: bool = False,
    progress: Progress | None = None,
) -> Model:
    """Learn `target` from the other columns and return the model, saved when `out` is given.

    Args:
        table: A `Table`, or anything `plait.read` takes.
        target: Column to predict.
        budget: ``5m``, ``30s``, ``2000 steps``, ``10 epochs``: of everything in a fit when timed,
            of each network's training otherwise.
        size: ``auto``, ``tiny``, ``small``, ``base``, numbers, or a `SystemConfig`.
        fusion: ``auto`` (measured), ``early``, ``mid``, ``late``, or the number of the join layer.
        columns: Modalities of columns, ``note=text,scan=image``.
        exclude: Columns to leave out.
        group: Column whose equal values stay in one split.
        time: Column by which the latest rows become the test.
        split: Column that says ``train``, ``validation`` or ``test``.
        schema: YAML file of a schema.
        root: Folder of the media.
        seed: Of splits, weights and order.
        device: ``auto``, ``cpu``, ``cuda``.
        on_error: ``raise``, or ``skip`` to count unreadable cells as missing.
        strict: Refuse ambiguous columns.
        out: Bundle to write.
        resume: Go on from the checkpoints that an interrupted fit left beside `out`.
        baselines: Whether simple models are measured and may ship.
        samples: Whether the bundle keeps a few test rows for the report.
        train: Training settings.
        licences: ``{"source", "licence", "attribution"}`` of the data.
        allow_network: Whether cells that are URLs are fetched.
        progress: Told of the work.

    Raises:
        PlaitError: For everything that the caller can mend.
    """
    meter, progress, budget = Meter(), progress or SILENT, Budget.parse(budget)
    if target is None:
        raise UsageError(
            "no target was named",
            expected="the column to predict",
            hint="plait fit TABLE --target COLUMN; plait inspect TABLE shows the columns",
        )
    _check_choice("on_error", on_error, ("raise", "skip"))
    _check_numbers(size, fusion, seed)
    table = _open(table, columns=columns, strict=strict, schema=schema, root=root)
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
    )
    unfinished = _unfinished(out, settings, resume)
    task = make_task(
        table,
        target=target,
        exclude=exclude,
        group=group,
        time=time,
        split=split,
        seed=seed,
        on_error=on_error,
        allow_network=allow_network,
        progress=progress,
    )
    folds = make_folds(task, group, seed)
    deadline = BASELINE_SHARE * budget.amount if budget.timed else None
    rivals = measure_rivals(
        task, folds, seed=seed, seconds=deadline, enabled=baselines, progress=progress
    )
    plan = DeepPlan(
        config=choose_size(size, len(task.splits.train)),
        fusion=fusion,
        train=train or TrainConfig(),
        budget=_deep_budget(budget, meter, task, rivals),
        folds=folds,
        seed=seed,
        device=_device(device),
        folder=None if unfinished is None else unfinished.begin(),
    )
    deep = train_deep(task, plan, progress)
    choice = choose(
        {DEEP: deep.outputs, **rivals.outputs}, task.truth[deep.rows], task.target_codec
    )
    model = _assemble(task, deep, rivals, choice)
    records = _records(model, task, deep, rivals, choice, folds, seed)
    model.records = {
        **records,
        "splits": task.splits.to_dict(),
        "lineage": make_lineage(task, settings.told()),
        "licences": make_licences(task, licences),
        "samples": make_samples(model, task, task.judged, seed=seed) if samples else [],
        "energy": meter.as_dict(),
    }
    model.card = make_card(task, records["metrics"])
    if out is not None:
        model.save(out)
    if unfinished is not None:
        unfinished.remove()
    return model


def _open(table: Any, *, columns: Any, strict: bool, schema: Any, root: Any) -> Table:
    if isinstance(table, Table):
        if columns is not None or strict or schema is not None or root is not None:
            raise UsageError(
                "columns, strict, schema and root belong to plait.read when a Table is given",
                hint="plait.fit(plait.read(path, columns=...), target=...)",
            )
        return table
    schema = None if schema is None else Path(schema)
    return read(table, columns=columns, strict=strict, schema=schema, root=root)


def _check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise UsageError(f"unknown {name}", expected=" or ".join(allowed), received=str(value))


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


def _device(device: str) -> str:
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"the device '{device}' cannot be used",
            expected="auto, cpu, or cuda on a machine with a GPU and a CUDA build of torch",
            received=str(error).splitlines()[0],
            hint="plait doctor shows what this machine has",
        ) from None
    return device


def _deep_budget(budget: Budget, meter: Meter, task: Task, rivals: Rivals) -> Budget:
    """Return what is left for the network when scoring and saving have had their time."""
    if not budget.timed:
        return budget
    num_passes = 3 + 2 * len(task.inputs)
    scoring = num_passes * len(task.judged) * rivals.seconds_per_row
    reserve = RESERVE_SHARE * budget.amount + RESERVE_SECONDS + 1.5 * scoring
    left = budget.amount - meter.seconds - min(reserve, 0.3 * budget.amount)
    return Budget(max(left, 0.15 * budget.amount), "seconds")


def _assemble(task: Task, deep: DeepResult, rivals: Rivals, choice: Choice) -> Model:
    simple = [name for name in choice.weights if name != DEEP]
    has_deep = DEEP in choice.weights
    ensemble = Ensemble(
        codecs={name: task.codecs[name] for name in task.inputs},
        target=task.target_codec,
        weights=choice.weights,
        experts={name: rivals.experts[name] for name in simple},
        features=rivals.features if simple else None,
        config=deep.system.config if has_deep else None,
        tensors=tensors_of(deep.system) if has_deep else {},
    )
    schema = Schema(tuple(c for c in task.table.schema.columns))
    return Model(schema=schema, inputs=task.inputs, target=task.target, ensemble=ensemble)


def _records(
    model: Model,
    task: Task,
    deep: DeepResult,
    rivals: Rivals,
    choice: Choice,
    folds: np.ndarray | None,
    seed: int,
) -> dict[str, Any]:
    """Score the shipped mix and every candidate alone on the rows set aside."""
    rows = task.judged
    truth = task.truth[rows]
    judged = model.score_rows(task.prepared, rows, truth, seed=seed) if len(rows) else {}
    everything = replace(
        model.ensemble,
        weights={**dict.fromkeys(rivals.experts, 0.0), DEEP: 0.0},
        experts=rivals.experts,
        features=rivals.features,
        config=deep.system.config,
    )
    everything._system = deep.system
    candidates = []
    for name in [DEEP, *rivals.experts]:
        outputs = everything.outputs_of(name, task.prepared, rows) if len(rows) else None
        candidates.append(_candidate(model, name, outputs, truth, choice, seed))
        candidates[-1]["seconds"] = rivals.seconds.get(name, deep.run.seconds)
    notes = [*task.notes, *rivals.notes, *deep.notes, *choice.notes]
    set_aside = len(task.splits.test) or len(task.splits.validation)
    if len(rows) < set_aside:
        notes.append(f"judged on {len(rows):,} of the {set_aside:,} rows set aside")
    if not len(task.splits.test):
        notes.append("no rows were set aside as a test: the numbers are from validation rows")
    if folds is not None:
        notes.append(f"few rows: candidates were compared by {folds.max() + 1}-fold cross-fitting")
    metrics = {
        "shipped": choice.shipped,
        "weights": dict(choice.weights),
        "num_parameters": deep.system.num_parameters if DEEP in choice.weights else 0,
        "test": judged,
        "subsets": score_subsets(model, task.prepared, rows, truth, seed=seed) if len(rows) else [],
        "validation": {"costs": dict(choice.costs), "rows": len(deep.rows)},
        "candidates": candidates,
        "baselines": [c for c in candidates if c["name"] != DEEP],
        "curve": deep.run.curve,
        "fusion": deep.fusion,
        "training": {
            "steps": deep.run.steps,
            "precision": deep.run.precision,
            "rows_per_second": deep.run.rows_per_second,
            "wait_share": deep.run.wait_share,
            "join": deep.system.config.join,
            "num_parameters": deep.system.num_parameters,
        },
        "notes": notes,
    }
    return {"metrics": metrics}


def _candidate(
    model: Model,
    name: str,
    outputs: np.ndarray | None,
    truth: np.ndarray,
    choice: Choice,
    seed: int,
) -> dict[str, Any]:
    from plait.metrics import bootstrap_intervals

    found: dict[str, Any] = {
        "name": name,
        "cost": choice.costs.get(name),
        "metrics": {},
        "intervals": {},
    }
    if outputs is not None and len(outputs):
        codec = model.target_codec
        found["metrics"] = codec.metrics(outputs, truth)
        found["intervals"] = bootstrap_intervals(
            codec.metrics, outputs, truth, num_resamples=300, seed=seed
        )
    return found
