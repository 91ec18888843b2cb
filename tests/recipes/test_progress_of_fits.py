"""From its first moment a timed fit says what it does, and how much of its budget is left."""

from __future__ import annotations

import io

import numpy as np
import pytest

import plait
from plait.progress import STILL_SECONDS, Lines


class Recorder:
    """Remembers tasks in their order, how far each came, and when all of it should end."""

    def __init__(self) -> None:
        self.tasks: dict[str, list[float]] = {}
        self.totals: dict[str, float | None] = {}
        self.end = 0.0

    def task(self, name, total=None):
        self.totals[name], done = total, self.tasks.setdefault(name, [])
        return lambda share, note="": done.append(share)

    def expect(self, end):
        self.end = end


@pytest.fixture(scope="module")
def told():
    rng = np.random.default_rng(0)
    words = rng.integers(0, 300, (200, 20)).astype(str)
    rows = [
        {"note": " ".join(row), "size": float(rng.normal() + i % 2), "kind": f"k{i % 2}"}
        for i, row in enumerate(words)
    ]
    progress = Recorder()
    plait.fit(rows, target="kind", columns={"note": "text"}, budget="3s", progress=progress)
    return progress


def test_every_part_of_a_fit_is_a_task(told):
    names = list(told.tasks)
    assert names[:4] == ["opening", "near-duplicates", "reading", "baselines"] and told.end > 0


def test_tasks_before_learning_reach_their_ends(told):
    for name in ("opening", "near-duplicates", "reading"):
        assert told.tasks[name][-1] == told.totals[name]
        assert told.tasks[name] == sorted(told.tasks[name])


def test_baselines_come_forward_with_every_model(told):
    done = told.tasks["baselines"]
    assert done == sorted(done) and done[-1] == told.totals["baselines"] and len(done) >= 4


def test_a_line_is_there_from_the_first_task_on_though_nothing_is_done_yet():
    """Opening, and looking for near-duplicates, once took half a minute in silence."""
    now, stream = [0.0], io.StringIO()
    lines = Lines(stream, clock=lambda: now[0])
    lines._end = 20.0
    lines.task("opening", 1)
    seen = []
    for tenth in range(1, 101):
        now[0] = tenth / 10
        lines.beat()
        if len(stream.getvalue().splitlines()) > len(seen):
            seen.append(now[0])
    assert np.diff([0.0, *seen]).max() <= STILL_SECONDS + 0.1
    assert stream.getvalue().splitlines()[0] == "opening · 0:18 left"
