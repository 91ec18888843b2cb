"""Parts of each batch learned in processes of their own: the step is that of the whole batch."""

import multiprocessing
import os
import signal

import numpy as np
import pytest
import torch
from torch import nn

from plait.data.fitting import fit_codecs
from plait.data.loader import Loader
from plait.data.prepared import prepare_table
from plait.data.table import read
from plait.errors import PlaitError
from plait.forking import can_fork
from plait.train import data_parallel, loop
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.data_parallel import GradientWorkers, num_parts
from plait.train.loop import train
from plait.train.objective import views_of

pytestmark = pytest.mark.skipif(not can_fork(), reason="processes are not forked here")

NUM_ROWS = 70


@pytest.fixture(autouse=True)
def threads_as_before():
    """Tests tell torch another number of threads, which what they run then puts back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


class Line:
    """An objective: a number of each row is a linear function of another; one weight is unused."""

    num_checked, least_part, shared, work = 0, 16, (), "a line"

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.module = nn.ModuleDict({"line": nn.Linear(1, 1), "unused": nn.Linear(1, 1)})
        rows = [{"x": float(i), "y": 3.0 * i - 5} for i in range(NUM_ROWS)]
        table = read(rows, columns={"x": "number", "y": "number"})
        self.prepared = prepare_table(table, fit_codecs(table, ["x", "y"], np.arange(NUM_ROWS)))
        self.columns, self.rows = ("x",), np.arange(NUM_ROWS)
        self.views = views_of(self.rows)
        self.truth = torch.linspace(-1, 1, NUM_ROWS)[:, None]
        self.processes: set[int] = set()

    def loss(self, rows, views, precision):
        x = torch.as_tensor(np.asarray(rows), dtype=torch.float32)[:, None] / NUM_ROWS
        return ((self.module["line"](x) - self.truth[torch.as_tensor(rows)]) ** 2).mean()

    def after_step(self, share):
        pass

    def cost(self):
        return 0.0

    def compile(self):
        pass


def loader(objective, part=(0, 1)):
    return Loader(
        objective.prepared, objective.rows, objective.columns, batch_size=32, shuffle=True,
        part=part,
    )  # fmt: skip


def batches(objective, part, *, epochs=1):
    for epoch in range(epochs):
        for rows, views in loader(objective, part).epoch(epoch):
            yield rows, (views,)


def test_parts_of_a_batch_are_the_batch():
    objective = Line()
    whole = [rows for rows, _ in loader(objective).epoch(3)]
    parts = [[rows for rows, _ in loader(objective, (i, 3)).epoch(3)] for i in range(3)]
    assert [len(rows) for rows in whole] == [32, 32, 6]
    for rows, *cut in zip(whole, *parts, strict=True):
        assert sorted(np.concatenate(cut)) == sorted(rows)


@pytest.mark.parametrize("num", [2, 4])
def test_gradients_are_those_of_the_whole_batch(num):
    alone, together = Line(), Line()
    parts = [batches(together, (i, num)) for i in range(1, num)]
    with GradientWorkers(together.module, together.loss, parts, seed=0) as workers:
        for (rows, views), (mine, my_views) in zip(
            batches(alone, (0, 1)), batches(together, (0, num)), strict=True
        ):
            for one in (alone, together):
                one.module.zero_grad(set_to_none=True)
            alone.loss(rows, views, "float32").backward()
            workers.begin("float32")
            loss = together.loss(mine, my_views, "float32")
            loss.backward()
            seen = workers.add(len(mine), float(loss.detach()))
            whole = float(alone.loss(rows, views, "float32").detach())
            assert seen == pytest.approx(whole, rel=1e-5)
            for left, right in zip(
                alone.module.parameters(), together.module.parameters(), strict=True
            ):
                assert (left.grad is None) == (right.grad is None)
                if left.grad is not None:
                    torch.testing.assert_close(left.grad, right.grad)
            with torch.no_grad():  # the others see new weights in their next step
                for one in (alone, together):
                    for parameter in one.module.parameters():
                        parameter.sub_(0.1 * (0.0 if parameter.grad is None else parameter.grad))


def test_a_training_in_parts_learns_and_leaves_no_process(monkeypatch):
    monkeypatch.setattr(data_parallel.torch, "get_num_threads", lambda: 2)
    objective = Line()
    monkeypatch.setattr(loop.Clock, "seconds", property(lambda clock: next(ticks)))
    ticks = iter(np.arange(0.0, 1000.0, 0.05))
    config = TrainConfig(batch_size=32, learning_rate=0.05, muon_rate=0.0, augment=False)
    before = float(objective.loss(objective.rows, (), "float32").detach())
    result = train(objective, budget=Budget(20.0, "seconds"), config=config)
    assert result.steps > 50
    assert float(objective.loss(objective.rows, (), "float32").detach()) < 0.05 * before
    assert not any(p.is_shared() for p in objective.module.parameters())
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_killed_process_is_said(monkeypatch):
    objective = Line()
    parts = [batches(objective, (1, 2), epochs=5)]
    with GradientWorkers(objective.module, objective.loss, parts, seed=0) as workers:
        (process,) = multiprocessing.active_children()
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with pytest.raises(PlaitError, match="without a word"):
            workers.begin("float32")
            workers.add(1, 0.0)


def test_an_error_in_a_process_is_raised_as_it_is():
    objective = Line()

    def broken(rows, views, precision):
        raise ValueError("a wrong row")

    parts = [batches(objective, (1, 2))]
    with (
        pytest.raises(ValueError, match="a wrong row"),
        GradientWorkers(objective.module, broken, parts, seed=0) as workers,
    ):
        workers.begin("float32")
        workers.add(1, 0.0)


def test_how_many_parts(monkeypatch):
    monkeypatch.setattr(data_parallel.torch, "get_num_threads", lambda: 4)
    assert [num_parts(size, "cpu") for size in (8, 16, 32, 64, 256)] == [1, 1, 2, 4, 4]
    assert num_parts(256, "cuda") == 1
    assert (num_parts(16, "cpu", 8), num_parts(64, "cpu", None)) == (2, 1)
    monkeypatch.setattr(data_parallel.torch, "get_num_threads", lambda: 1)
    assert num_parts(256, "cpu") == 1


def test_counted_steps_are_those_of_one_process(monkeypatch):
    monkeypatch.setattr(data_parallel.torch, "get_num_threads", lambda: 2)
    run = loop._Run(
        Line(), Budget(5, "steps"), TrainConfig(batch_size=32), 0, torch.device("cpu"), None
    )
    assert run.num_parts == 1
