"""A fit killed with SIGKILL and resumed predicts what an uninterrupted one predicts."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import plait
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from test_resume import fit
fit(*sys.argv[2:5], resume="resume" in sys.argv)
"""


def fit(table, out, target, resume=False):
    plait.fit(
        table, target=target, budget="60 steps", fusion="early", baselines=False, samples=False,
        size=SystemConfig(dim=16, depth=1, num_heads=2), out=out, resume=resume,
        train=TrainConfig(batch_size=8, save_seconds=0.0),
    )  # fmt: skip


def start(table, out, target, *words):
    folder = os.path.dirname(__file__)
    return subprocess.Popen([sys.executable, "-c", SCRIPT, folder, table, out, target, *words])


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["a,b,kind"]
    for i in range(120):
        kind = ("p", "q")[i % 2]
        lines.append(f"{rng.normal() + i % 2:.3f},{'xyz'[i % 3]},{kind}")
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.mark.parametrize("target", ["kind", "kind,b"])
def test_kill_and_resume(table, tmp_path, target):
    whole, parts = str(tmp_path / "whole.plait"), str(tmp_path / "parts.plait")
    killed = start(table, parts, target)
    unfinished = tmp_path / ".parts.plait.unfinished"
    deadline = time.monotonic() + 200
    while not list(unfinished.rglob("training.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not os.path.exists(parts), "a half-written bundle was left"
    assert start(table, parts, target, "resume").wait(300) == 0
    fit(table, whole, target)
    first, second = (plait.load(path).predict(table).columns for path in (whole, parts))
    told = [name for name in first if name.endswith("confidence")]
    assert told and all(np.array_equal(first[name], second[name]) for name in told)
    assert not unfinished.exists()


def test_other_settings_are_refused(table, tmp_path):
    folder = tmp_path / ".m.plait.unfinished"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"seed": 7}))
    with pytest.raises(plait.errors.UsageError, match="had other settings"):
        plait.fit(table, target="kind", out=tmp_path / "m.plait", resume=True)
