"""Trainings side by side: the same results as one after the other, and no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.errors import PlaitError, TableError
from plait.fitting.network.side_by_side import Job, num_at_once, run_all
from plait.progress import SILENT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")


class Kept:
    """A progress that keeps what it was told."""

    def __init__(self):
        self.told: dict[str, list[float]] = {}

    def task(self, name, total=None):
        return lambda done, note="": self.told.setdefault(name, []).append(done)


def square(number):
    def run(update):
        update(0.5, "half")
        return number**2, os.getpid()

    return Job(f"square of {number}", run)


def test_results_come_in_order_from_processes_of_their_own():
    progress = Kept()
    found = run_all([square(n) for n in range(5)], 2, progress)
    assert [value for value, _ in found] == [0, 1, 4, 9, 16]
    assert len({pid for _, pid in found} | {os.getpid()}) == 6
    assert progress.told["square of 3"] == [0.5, 1.0] and not multiprocessing.active_children()


def test_one_at_a_time_needs_no_process():
    assert {pid for _, pid in run_all([square(1), square(2)], 1, SILENT)} == {os.getpid()}


def test_an_error_of_one_ends_all_and_is_said_as_it_is():
    def fail(update):
        raise TableError("no rows", expected="rows", hint="add some")

    def wait(update):
        while True:
            update(0.1)

    with pytest.raises(TableError, match="no rows") as caught:
        run_all([Job("endless", wait), Job("failing", fail)], 2, SILENT)
    assert caught.value.hint == "add some" and not multiprocessing.active_children()


def test_a_killed_process_is_said_and_ends_all():
    jobs = [Job("killed", lambda update: os.kill(os.getpid(), 9)), square(2)]
    with pytest.raises(PlaitError, match="'killed' ended without a word"):
        run_all(jobs, 2, SILENT)
    assert not multiprocessing.active_children()


def test_who_is_killed_leaves_no_process_behind(tmp_path):
    """One that worked on would hold the lock of a fit that is no more."""
    script = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from plait.progress import SILENT\n"
        "from plait.fitting.network.side_by_side import Job, run_all\n"
        "def work(update):\n"
        "    Path(sys.argv[1], str(os.getpid())).touch()\n"
        "    time.sleep(120)\n"
        "run_all([Job('a', work), Job('b', work)], 2, SILENT)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    try:
        for _ in range(1200):
            if len(found := list(tmp_path.iterdir())) == 2:
                break
            time.sleep(0.05)
        assert len(found) == 2
    finally:
        parent.kill()
        parent.wait()
    for _ in range(200):
        left = [file.name for file in found if Path("/proc", file.name, "exe").exists()]
        if not left:
            break
        time.sleep(0.05)
    assert not left


def test_what_cannot_be_told_is_an_error():
    with pytest.raises(RuntimeError, match="cannot be told"):
        run_all([Job("odd", lambda update: lambda: 1), square(2)], 2, SILENT)


def test_only_cpus_train_side_by_side():
    assert num_at_once(4, "cuda") == 1 and num_at_once(1, "cpu") == 1


@pytest.mark.parametrize("num", [1, 2])
def test_networks_of_folds_ship_their_mean_the_same_each_time(num, monkeypatch, tmp_path):
    monkeypatch.setattr("plait.fitting.network.deep_folds.num_at_once", lambda jobs, device: num)
    rows = [
        {
            "size": float(i % 7),
            "note": f"{'red' if i % 2 else 'blue'} boat {i}",
            "kind": "pq"[i % 2],
        }
        for i in range(48)
    ]
    first, again = (
        plait.fit(rows, target="kind", budget="8 steps", baselines=False, size="tiny", seed=3)
        for _ in range(2)
    )
    assert len(first.ensemble.runners) == 4
    assert first.records["metrics"]["training"]["num_networks"] == 4
    for name, tensor in first.ensemble.tensors.items():
        assert np.array_equal(tensor, again.ensemble.tensors[name]), name
    first.save(tmp_path / "m.plait")
    loaded = plait.load(tmp_path / "m.plait")
    asked = [{"size": 2.0, "note": "red boat"}, {"note": "blue"}, {}]
    np.testing.assert_array_equal(first.outputs_of(asked), loaded.outputs_of(asked))
    each = [
        one.outputs(batch).detach().numpy() for one, batch in side_by_side_batches(loaded, asked)
    ]
    alone = np.mean(each, axis=0)
    mixed = loaded.ensemble.outputs_of("deep", loaded.prepare(loaded.as_table(asked)), np.arange(3))
    np.testing.assert_allclose(mixed, alone, atol=1e-6)


def side_by_side_batches(model, rows):
    """Return each network, and the rows as it sees them."""
    from plait.baselines.evidence_column import beside
    from plait.networks.building import build_systems
    from plait.networks.system import to_tensors

    prepared, mix = model.prepare(model.as_table(rows)), model.ensemble
    for network in build_systems(mix.systems):
        store = beside(network.evidence, prepared)
        batch = {name: store.columns[name].gather(np.arange(len(rows))) for name in network.inputs}
        yield network, to_tensors(batch)
