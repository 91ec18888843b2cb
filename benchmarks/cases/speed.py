"""Training speed on Fashion-MNIST beside a plain PyTorch fp32 loop with the same network."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cases import fashion
from benchmarks.peers.plain_loop import plain_steps_per_second
from benchmarks.rows import Row
from benchmarks.settings import Settings

BATCH_SIZE = 256
NUM_STEPS = 60
NUM_ROUNDS = 3
WARM_UP_STEPS = 6


def run(settings: Settings) -> list[Row]:
    """Alternate both loops and compare the fastest round of each (least disturbed by others)."""
    if not settings.with_plait:
        return []
    problem, num_steps = _problem(settings), 4 if settings.quick else NUM_STEPS
    plait_steps_per_second(problem, num_steps=WARM_UP_STEPS, seed=settings.seed)
    ours, plain = [], []
    for _ in range(1 if settings.quick else NUM_ROUNDS):
        ours.append(plait_steps_per_second(problem, num_steps=num_steps, seed=settings.seed))
        plain.append(_plain(problem, num_steps, settings.seed))
    rate, precision = max(ours)
    row = Row(
        benchmark="speed",
        case=f"Fashion-MNIST, batches of {BATCH_SIZE}",
        metric="steps/s",
        value=rate,
        peer="plain PyTorch fp32 loop",
        peer_value=max(plain),
        target=">= 2.5 x peer",
        seed=settings.seed,
        note=f"{precision}; plait augments and averages weights, the plain loop does not",
    )
    return [row]


def plait_steps_per_second(problem: Any, *, num_steps: int, seed: int) -> tuple[float, str]:
    """Return steps per second of plait's own loop, input and augmentation included, and precision.

    Args:
        problem: A `plait.fitting.setup.problem.Problem`.
        num_steps: Steps to time.
        seed: Of weights and order.
    """
    from plait.train.budget import Budget
    from plait.train.config import TrainConfig
    from plait.train.data import TrainData
    from plait.train.loop import train
    from plait.train.supervised import Supervised

    data = TrainData(
        prepared=problem.prepared,
        columns=problem.inputs,
        codec=problem.target_codec,
        truth=problem.truth,
        rows=problem.splits.train,
        rows_validation=np.zeros(0, np.int64),
    )
    config = TrainConfig(batch_size=BATCH_SIZE)
    result = train(
        Supervised(_system(problem, seed), data, config),
        budget=Budget(num_steps, "steps"),
        config=config,
        seed=seed,
    )
    return result.steps / result.seconds, result.precision


def _plain(problem: Any, num_steps: int, seed: int) -> float:
    rows = problem.splits.train
    column = problem.prepared.columns["image"]
    pixels = np.stack([column[int(row)]["pixels"] for row in rows])
    return plain_steps_per_second(
        _system(problem, seed),
        pixels,
        problem.truth[rows],
        column="image",
        batch_size=BATCH_SIZE,
        num_steps=num_steps,
        seed=seed,
    )


def _system(problem: Any, seed: int) -> Any:
    """Return the network, told nothing by simple models: both loops train the same."""
    import torch

    from plait.networks.config import choose_size
    from plait.networks.system import System

    torch.manual_seed(seed)
    codecs = {name: problem.codecs[name] for name in problem.inputs}
    config = choose_size("auto", len(problem.splits.train), ["image"])
    return System(codecs, problem.target_codec, config)


def _problem(settings: Settings) -> Any:
    import plait
    from plait.fitting.setup.fit_settings import Rows
    from plait.fitting.setup.problem import make_problem
    from plait.progress import SILENT

    table = plait.read(
        fashion.split_of(settings).train, columns={**fashion.COLUMNS, "split": "split"}
    )
    return make_problem(
        table, target="label", exclude=(), rows=Rows(split="split"),
        seed=settings.seed, progress=SILENT,
    )  # fmt: skip
