"""Distillation: the share of the loss that is the teacher's decides whom a network follows."""

import numpy as np
import pytest

import plait
from plait.fitting.setup.problem import make_problem
from plait.modalities import find_network
from plait.networks.config import SystemConfig
from plait.networks.system import System
from plait.networks.torch_runners import system_outputs
from plait.progress import SILENT
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.distilled import Distilled, Taught
from plait.train.loop import train

torch = pytest.importorskip("torch")


def follow(form, share, *, known=True, temperature=1.0):
    """Train where the teacher says the opposite of truth; return outputs and truth."""
    rng = np.random.default_rng(0)
    high = np.arange(64) % 2
    target = {"category": np.array(["no", "yes"])[high].tolist(), "number": (2.0 * high).tolist()}
    table = plait.read(
        {"x": (high * 2 - 1 + rng.normal(0, 0.1, 64)).tolist(), "y": target[form]},
        columns={"x": "number", "y": form},
    )
    problem = make_problem(table, target="y", exclude=(), seed=0, progress=SILENT)
    codec = problem.target_codec
    if form == "category":
        said = np.log(np.where(np.eye(2)[1 - problem.truth] > 0, 0.99, 0.01))
    else:
        said = np.repeat(codec.scaled(2.0 - problem.truth)[:, None], 4, axis=1)
        said += np.array([0.0, -0.5, 0.0, 0.5])
    said = said.astype(np.float32) if known else np.full_like(said, np.nan, np.float32)
    torch.manual_seed(0)
    config = SystemConfig(dim=16, depth=1, num_heads=2, dropout=0.0)
    system = System({"x": problem.codecs["x"]}, codec, config)
    rows = np.arange(64)
    data = TrainData(
        prepared=problem.prepared,
        columns=("x",),
        codec=codec,
        truth=problem.truth,
        rows=rows,
        rows_validation=rows[:0],
    )
    taught = Taught(said=said, share=share, temperature=temperature)
    objective = Distilled(system, data, TrainConfig(), taught)
    train(objective, budget=Budget(60, "steps"), config=TrainConfig(batch_size=32))
    return system_outputs(system, problem.prepared, rows), problem.truth


@pytest.mark.parametrize(("share", "right"), [(0.0, 1.0), (1.0, 0.0)])
def test_classes_follow_truth_or_the_teacher(share, right):
    outputs, truth = follow("category", share)
    assert abs((outputs.argmax(1) == truth).mean() - right) < 0.05


def test_a_temperature_does_not_change_whom_is_followed():
    outputs, truth = follow("category", 1.0, temperature=3.0)
    assert (outputs.argmax(1) == truth).mean() < 0.05


def test_rows_of_which_a_teacher_says_nothing_are_learned_by_truth():
    outputs, truth = follow("category", 1.0, known=False)
    assert (outputs.argmax(1) == truth).mean() > 0.95


def test_a_number_learns_the_teachers_quantiles_too():
    outputs, truth = follow("number", 1.0)
    mean, low, _, high = outputs.T
    assert np.abs(mean - (2.0 - truth)).mean() < 0.5
    assert 0.5 < (high - low).mean() < 2.0


def test_what_is_said_of_a_number_may_be_its_mean_alone():
    head = find_network("number").Target(find_network("number").NumberCodec(), 8)
    raw, said = torch.tensor([[1.0, 0.0, 1.0, 2.0]]), torch.tensor([[3.0]])
    assert head.distance(raw, said).tolist() == [4.0]
    every = torch.tensor([[3.0, 0.0, 1.0, 5.0]])
    assert head.distance(raw, every).tolist() == [4.0 + 3.0]
