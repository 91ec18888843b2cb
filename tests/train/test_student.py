"""Learning from guesses: what a row's target is, how the teacher follows, and resumed runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import plait
import plait.recipes.problem
from plait.networks.config import SystemConfig
from plait.networks.system import System
from plait.progress import SILENT
from plait.recipes.deep_training import train_data
from plait.recipes.fit_settings import Rows
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.loop import train
from plait.train.student import Student, StudentConfig, StudentLearner

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
PRIOR = np.array([0.5, 0.5])


def rows(num=96):
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, num)
    return [
        {
            "x": float(2 * kind - 1 + 0.3 * rng.normal()),
            "kind": ("a", "b")[kind] if i < 32 else None,
            "split": ("train", "validation")[i % 2] if i < 32 else "train",
        }
        for i, kind in enumerate(kinds)
    ]


@pytest.fixture(scope="module")
def problem():
    table = plait.read(rows(), columns={"x": "number", "kind": "category", "split": "split"})
    return plait.recipes.problem.make_problem(
        table, target="kind", exclude=(), rows=Rows(split="split"), seed=0,
        progress=SILENT,
    )  # fmt: skip


def student_of(problem, **settings):
    torch.manual_seed(0)
    system = System({"x": problem.codecs["x"]}, problem.target_codec, TINY)
    guesses = np.tile(np.array([0.8, 0.2], np.float32), (len(problem.unlabelled), 1))
    data = train_data(
        problem, np.concatenate([problem.splits.train, problem.unlabelled]), problem.validation
    )
    return Student(
        StudentLearner(system, PRIOR), data, (problem.unlabelled, guesses), PRIOR,
        StudentConfig(**settings),
    )  # fmt: skip


def targets(student, rows, taught):
    student.module.train()
    return student._targets(torch.from_numpy(np.asarray(rows)), torch.tensor(taught))


def test_a_known_class_is_the_target_smoothed(problem):
    student = student_of(problem, smoothing=0.1)
    row = int(problem.splits.train[0])
    found = targets(student, [row], [[0.5, 0.5]])[0]
    place = int(problem.truth[row])
    assert found[place] == pytest.approx(0.95) and found.sum() == pytest.approx(1.0)


def test_trust_in_the_teacher_rises(problem):
    student = student_of(problem, trust=0.6, rise=0.5)
    row = [int(problem.unlabelled[0])]
    taught = [[0.5, 0.5]]
    assert targets(student, row, taught)[0].tolist() == pytest.approx([0.8, 0.2])
    student.after_step(0.25)
    assert targets(student, row, taught)[0].tolist() == pytest.approx([0.71, 0.29])
    student.after_step(0.9)
    assert targets(student, row, taught)[0].tolist() == pytest.approx([0.62, 0.38])


def test_guesses_are_aligned_with_the_shares_of_the_classes(problem):
    """A teacher that calls nearly everything 'a' is believed where it says 'b'."""
    student = student_of(problem, trust=1.0, rise=0.1)
    student.module.mean.copy_(torch.tensor([0.9, 0.1]))
    student.module.share.fill_(1.0)
    student.module.eval()
    row = torch.tensor([int(problem.unlabelled[0])])
    found = student._targets(row, torch.tensor([[0.7, 0.3]]))[0]
    want = np.array([0.7 * 0.5 / 0.9, 0.3 * 0.5 / 0.1])
    assert found.tolist() == pytest.approx((want / want.sum()).tolist(), rel=1e-5)


def test_the_teacher_is_the_mean_of_the_networks_first_steps(problem):
    student = student_of(problem)
    learner = student.module
    before = {k: v.clone() for k, v in learner.teacher.state_dict().items()}
    with torch.no_grad():
        for parameter in learner.system.parameters():
            parameter.add_(1.0)
    student.after_step(0.1)
    for name, value in learner.system.named_parameters():
        want = 0.5 * (before[name] + value)
        assert torch.allclose(learner.teacher.state_dict()[name], want), name
    assert not any(p.requires_grad for p in learner.teacher.parameters())


def test_a_resumed_run_ends_with_the_same_weights(problem, tmp_path):
    config = TrainConfig(num_checks=2, save_seconds=0.0)

    def run(folder, stop_after=None):
        student = student_of(problem)
        if stop_after is not None:
            real, calls = student.after_step, []

            def after(share):
                real(share)
                calls.append(share)
                if len(calls) > stop_after:
                    raise KeyboardInterrupt

            student.after_step = after
        train(student, budget=Budget(12, "steps"), config=config, seed=3, folder=folder)
        return {k: v.clone() for k, v in student.module.state_dict().items()}

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", stop_after=5)
    again = run(tmp_path / "parts")
    assert whole.keys() == again.keys()
    for name, value in whole.items():
        assert torch.equal(value, again[name]), name
