"""Fits of several targets: how the time is shared, and which rows train the network."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.energy import Meter
from plait.fitting.network.joint_plan import plan_joint, rows_of
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.problem import make_problems
from plait.fitting.setup.work import Work
from plait.fitting.several import _network_share
from plait.progress import SILENT
from plait.train.budget import Budget


def test_the_network_gets_less_the_more_targets_have_their_own_work():
    for seconds in (10.0, 60.0, 600.0):
        shares = [_network_share(seconds, num) for num in (2, 3, 6)]
        assert 0.1 < shares[2] < shares[1] < shares[0] < 0.5
    assert _network_share(600.0, 2) > _network_share(30.0, 2)


def planned(num, targets=("kind", "size")):
    draw = np.random.default_rng(0)
    table = plait.read(
        [
            {
                "x": float(draw.normal()), "y": float(draw.normal()),
                "kind": "ab"[row % 2] if row % 3 else None,
                "size": float(draw.normal()) if row % 3 != 1 else None,
                "said": f"w{row % 5} v{row % 7}",
            }
            for row in range(num)
        ],
        columns={"said": "text"},
    )  # fmt: skip
    others = [name for name in ("kind", "size", "said") if name not in targets]
    problems = make_problems(table, targets=targets, exclude=others, seed=0, progress=SILENT)
    config = FitConfig.of(target=list(targets), budget=Budget.parse("8 steps"))
    work = Work(config=config, meter=Meter(None), device="cpu", folder=None, progress=SILENT)
    return problems, plan_joint(problems, work, None)


@pytest.mark.parametrize(("num", "targets"), [(90, ("kind", "size")), (90, ("kind", "said")),
                                              (2600, ("kind", "size"))])  # fmt: skip
def test_no_stage_learns_from_what_judges_it_nor_from_the_test(num, targets):
    problems, joint = planned(num, targets)
    assert len(joint.stages) == (4 if (num, targets) == (90, ("kind", "size")) else 1)
    test = np.concatenate([problem.splits.test for problem in problems])
    for stage in joint.stages:
        known = np.union1d(stage.learned, stage.stop)
        assert not len(np.intersect1d(known, stage.held)) and not len(np.intersect1d(known, test))
        assert not len(np.intersect1d(stage.learned, stage.stop))
        for problem in problems:
            own = rows_of(problem, stage.learned)
            assert len(own) and problem.labelled[own].all()
    if num > 1000:
        assert len(joint.stages[0].stop) >= 20


def test_all_problems_have_one_split_and_no_target_as_input():
    problems, _ = planned(120)
    assert problems[0].inputs == problems[1].inputs == ("x", "y")
    for part in ("train", "validation", "test"):
        mine, theirs = (getattr(problem.splits, part) for problem in problems)
        both = problems[0].labelled & problems[1].labelled
        assert np.array_equal(mine[both[mine]], theirs[both[theirs]])
