"""Joint learning: one trunk for several targets, and rows that lack one teach the others."""

from __future__ import annotations

import numpy as np
import torch

from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_rows
from plait.data.table import read
from plait.networks.config import SystemConfig
from plait.networks.system import System, to_tensors
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.joint import Joint
from plait.train.loop import train
from plait.train.supervised import Supervised

CONFIG = SystemConfig(dim=16, depth=1, num_heads=2, dropout=0.0, drop_column=0.0)
NUM = 40


def objectives(lacking=(), seed=0):
    """Two targets of the same input: its sign and its double; `lacking` rows have no double."""
    values = np.linspace(-1, 1, NUM)
    cells = [{"x": float(x), "sign": str(x > 0), "double": 2.0 * x} for x in values]
    table = read(cells, columns={"x": "number", "sign": "category", "double": "number"})
    every = np.arange(NUM)
    codecs = fit_codecs(table, ["x"], every, seed=0)
    goals = fit_codecs(table, ["sign", "double"], every, seed=0, max_rows=10**9, as_target=True)
    prepared = prepare_rows(table, {**codecs, **goals})
    found = []
    for name in ("sign", "double"):
        torch.manual_seed(seed)
        column = prepared.columns[name]
        truth = goals[name].truth([column[row] for row in range(NUM)])
        rows = np.setdiff1d(every, lacking) if name == "double" else every
        data = TrainData(
            prepared=prepared, columns=("x",), codec=goals[name], truth=truth, rows=rows,
            rows_validation=rows[::4],
        )  # fmt: skip
        system = System(codecs, goals[name], CONFIG)
        if found:
            system.encoder, system.trunk = found[0].module.encoder, found[0].module.trunk
        found.append(Supervised(system, data, TrainConfig(smoothing=0.0)))
    return found


def batch_of(joint, rows):
    return to_tensors({name: joint.prepared.columns[name].gather(rows) for name in joint.columns})


def test_the_loss_is_the_mean_of_the_targets_over_the_rows_of_the_batch():
    parts = objectives(lacking=np.arange(0, NUM, 2))
    joint, rows = Joint(parts), np.array([0, 1, 2, 3, 5])
    view = batch_of(joint, rows)
    together = joint.loss(rows, (view,), "float32")
    first = parts[0].loss(rows, (view,), "float32")
    having = np.array([1, 3, 5])
    second = parts[1].loss(having, (batch_of(joint, having),), "float32")
    assert torch.allclose(together, (first + second * 3 / 5) / 2)
    assert list(joint.rows) == list(range(NUM))


def test_rows_that_lack_a_target_teach_nothing_of_it_and_the_trunk_all_the_same():
    parts = objectives(lacking=np.arange(0, NUM, 2))
    joint, rows = Joint(parts), np.array([0, 2, 4])
    joint.loss(rows, (batch_of(joint, rows),), "float32").backward()
    assert all(weight.grad is None for weight in parts[1].module.head.parameters())
    assert any(weight.grad is not None for weight in parts[1].module.trunk.parameters())


def test_what_is_shared_stays_the_same_and_all_targets_are_learned():
    parts = objectives(lacking=np.arange(0, NUM, 4))
    joint = Joint(parts)
    before = joint.cost()
    train(joint, budget=Budget(60, "steps"), config=TrainConfig(learning_rate=5e-3))
    assert parts[0].module.trunk is parts[1].module.trunk
    assert joint.cost() < before and all(one.cost() < 1.5 for one in parts)
    states = [one.module.state_dict() for one in parts]
    shared = [name for name in states[0] if name.startswith(("encoder.", "trunk."))]
    assert shared and all(torch.equal(states[0][name], states[1][name]) for name in shared)
