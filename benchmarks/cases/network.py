"""The network alone: what it learns in so many seconds of one core, and what a step costs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

import plait
from benchmarks.cases.fashion import COLUMNS
from benchmarks.data.fashion import fashion
from benchmarks.rows import Row
from benchmarks.settings import Settings
from plait.data.loader import Loader
from plait.demo import stickers
from plait.fitting.network.deep_training import make_system, train_data
from plait.fitting.setup.deep_plan import DeepPlan, settled
from plait.fitting.setup.problem import Problem, make_problem
from plait.fitting.setup.telling import tell
from plait.networks.config import CORRECTED, OWN, SystemConfig, choose_size, lean
from plait.networks.system import System, to_tensors
from plait.networks.torch_runners import system_outputs
from plait.progress import SILENT
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.loop import train
from plait.train.optimizer import Optimizer
from plait.train.precision import settled_precision
from plait.train.supervised import Supervised

DEMO_SECONDS, FASHION_SECONDS, SOUND_SECONDS = (22.0, 44.0, 88.0), (60.0,), (44.0,)
QUICK_SECONDS = (2.0,)
PILOT_STEPS, QUICK_ROWS = 24, 600
HEADS = {OWN: "by itself", CORRECTED: "correcting simple models"}


def run(settings: Settings) -> list[Row]:
    """Train on the demo, on its sound alone, and on Fashion-MNIST, one thread each."""
    if not settings.with_plait:
        return []
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        demo = demo_problem(settings.seed)
        sound = demo_problem(settings.seed, without=("image", "name", "tags"))
        clothes = fashion_problem(settings)
        quick = QUICK_SECONDS if settings.quick else None
        rows = _case("demo", demo, quick or DEMO_SECONDS, choose_size("tiny", 0), settings)
        rows += _case("sound", sound, quick or SOUND_SECONDS, choose_size("tiny", 0), settings)
        rows += _case("Fashion-MNIST", clothes, quick or FASHION_SECONDS, lean(["image"]), settings)
        return [*rows, _step_row(demo, settings)]
    finally:
        torch.set_num_threads(before)


def demo_problem(seed: int, *, without: tuple[str, ...] = ()) -> Problem:
    """Return the stickers of the demo, with their own split."""
    table = plait.read(stickers(), columns={"voice": "audio"})
    return _problem(table, "group", ("subgroup", "speaker", *without), seed)


def fashion_problem(settings: Settings) -> Problem:
    """Return Fashion-MNIST with its official test rows."""
    table = fashion()
    if settings.quick:
        places = np.linspace(0, table.num_rows - 1, QUICK_ROWS).astype(np.int64)
        table = table.take(places)
    return _problem(
        plait.read(table, columns={**COLUMNS, "split": "split"}), "label", (), settings.seed
    )


def _problem(table: Any, target: str, exclude: tuple[str, ...], seed: int) -> Problem:
    return make_problem(
        table,
        target=target,
        exclude=exclude,
        seed=seed,
        progress=SILENT,
    )


def _case(
    case: str,
    problem: Problem,
    amounts: tuple[float, ...],
    config: SystemConfig,
    settings: Settings,
) -> list[Row]:
    """Return accuracies after so many seconds, and rows a second."""
    rows: list[Row] = []
    fields: dict[str, Any] = {"benchmark": "network", "case": case, "seed": settings.seed}
    for seconds in amounts:
        per_step = _step_seconds(problem, config, settings.seed, seconds)
        steps = max(1, round(seconds / per_step))
        system, fitted, trained = _trained(problem, config, settings.seed, steps, seconds)
        spent = fitted + trained
        note = f"{steps} steps, {spent:.1f} s of one core, {system.num_parameters:,} parameters"
        for head, accuracy in _accuracies(system, problem).items():
            metric = f"accuracy after {seconds:g} s, {HEADS[head]}"
            rows.append(Row(**fields, metric=metric, value=accuracy, seconds=spent, note=note))
    size = _train_config(problem, seconds).rows_per_step(len(_rows(problem)))
    return [*rows, Row(**fields, metric="rows a second", value=size / per_step)]


def _accuracies(system: System, problem: Problem) -> dict[str, float]:
    """Return the accuracy on test rows of each head; a fit would leave one of them."""
    judged = problem.splits.test
    outputs = system_outputs(system, problem.prepared, judged)
    heads = [outputs] if outputs.ndim == 2 else outputs.swapaxes(0, 1)
    truth = problem.truth[judged]
    return {
        name: float((found.argmax(1) == truth).mean())
        for name, found in zip(system.config.heads, heads, strict=True)
    }


def _plan(problem: Problem, config: SystemConfig, seed: int, seconds: float) -> DeepPlan:
    """Return the plan of a network that a fit would train for so long."""
    plan = DeepPlan(
        config=config,
        fusion="mid",
        train=_train_config(problem, seconds),
        budget=Budget(1, "steps"),
        folds=None,
        seed=seed,
        device="cpu",
        folder=None,
        told=tell(problem, seconds=seconds, seed=seed),
    )
    return settled(plan)


def _train_config(problem: Problem, seconds: float) -> TrainConfig:
    return TrainConfig().within(seconds, len(_rows(problem)))


def _rows(problem: Problem) -> np.ndarray:
    """Return all rows but the test."""
    return np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))


def _trained(
    problem: Problem, config: SystemConfig, seed: int, steps: int, seconds: float
) -> tuple[System, float, float]:
    """Train a network for so many steps on all rows but the test.

    Returns:
        The network, and seconds of a core: of making it, its evidence's included, and of training.
    """
    rows = _rows(problem)
    plan = _plan(problem, config, seed, seconds)
    began = time.process_time()
    system = make_system(problem, plan, rows)
    fitted = time.process_time() - began
    data = train_data(problem, rows, np.zeros(0, np.int64))
    objective = Supervised(system, data, plan.train)
    began = time.process_time()
    train(objective, budget=Budget(steps, "steps"), config=plan.train, seed=seed)
    return system, fitted, time.process_time() - began


def _step_seconds(problem: Problem, config: SystemConfig, seed: int, seconds: float) -> float:
    """Return the seconds of one core that a step takes, the loader's included."""
    few = _trained(problem, config, seed, 2, seconds)[2]
    return (_trained(problem, config, seed, 2 + PILOT_STEPS, seconds)[2] - few) / PILOT_STEPS


def _step_row(problem: Problem, settings: Settings) -> Row:
    """Compare a step of training with a plain loop of the same arithmetic on ready batches."""
    config = choose_size("tiny", 0)
    seconds = DEMO_SECONDS[-1]
    ours = _step_seconds(problem, config, settings.seed, seconds)
    rows = _rows(problem)
    plan = _plan(problem, config, settings.seed, seconds)
    system = make_system(problem, plan, rows)
    objective = Supervised(system, train_data(problem, rows, np.zeros(0, np.int64)), plan.train)
    size = plan.train.rows_per_step(len(rows))
    began = 0.0
    loader = Loader(objective.prepared, rows, objective.columns, batch_size=size, num_ahead=0)
    batches = [(one, to_tensors(batch)) for one, batch in loader.epoch(0)][:PILOT_STEPS]
    optimizer = Optimizer(system, plan.train)
    precision = settled_precision(system, torch.device("cpu"))
    for number, (one, batch) in enumerate(batches):
        if number == 2:
            began = time.process_time()
        objective.loss(one, (batch,), precision).backward()
        torch.nn.utils.clip_grad_norm_(system.parameters(), plan.train.clip)
        optimizer.step(0.5)
    plain = (time.process_time() - began) / (len(batches) - 2)
    return Row(
        benchmark="network",
        case="demo",
        metric="seconds a step",
        value=ours,
        peer="plain loop",
        peer_value=plain,
        target="<= 1.15 x peer",
        seed=settings.seed,
    )
