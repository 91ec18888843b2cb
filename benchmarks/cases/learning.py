"""Learning on a device: a group of stickers that a bundle never saw, taught by a few examples."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data.stickers import TARGET, stickers
from benchmarks.rows import Row
from benchmarks.settings import Settings

LEFT_OUT = "food-drink"
EXAMPLES, NUM_DRAWS = (5, 10, 20), 5
BUDGET, NETWORK_BUDGET = "60s", "60s"
WORDS = {"name": "text", "tags": "text"}
SHOWN = {"image": "image", **WORDS}

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Task:
    """What a bundle learns from.

    Attributes:
        case: What a reader sees.
        columns: Inputs -> modalities.
        network: Whether a network alone answers, as a graph; else simple models.
    """

    case: str
    columns: Mapping[str, str]
    network: bool = False


TASKS = (
    Task("words", WORDS),
    Task("picture and words, network as graph", SHOWN, network=True),
)


def run(settings: Settings) -> list[Row]:
    """Fit without a group, teach it from a few rows, and ask rows that were set aside."""
    if not settings.with_plait:
        return []
    table = stickers().to_pylist()
    found = []
    with tempfile.TemporaryDirectory(prefix="plait-learning-") as name:
        for task in TASKS[:1] if settings.quick else TASKS:
            found += _measured(task, table, Path(name), settings)
    return found


def _measured(task: Task, table: Rows, folder: Path, settings: Settings) -> list[Row]:
    from plait.edge import Learner, load

    path, seconds = _fitted(task, table, folder, settings)
    edge = load(path)
    own = [row for row in table if row[TARGET] == LEFT_OUT]
    old = [row for row in table if row["split"] == "test" and row[TARGET] != LEFT_OUT]
    told = {"benchmark": "learning", "seconds": seconds, "seed": settings.seed}
    before = _right(edge, task, old)
    rows = [Row(case=task.case, metric="old groups, nothing taught", value=before, **told)]
    for num in EXAMPLES:
        numbers = []
        for draw in range(NUM_DRAWS):
            rng = np.random.default_rng([settings.seed, num, draw])
            drawn = set(rng.choice(len(own), num, replace=False).tolist())
            some = [row for place, row in enumerate(own) if place in drawn]
            new = [row for place, row in enumerate(own) if place not in drawn]
            learner = Learner(edge)
            began = time.perf_counter()
            lesson = learner.add_class(LEFT_OUT, _inputs(task, some), force=True)
            ms = 1000 * (time.perf_counter() - began)
            size = learner.save(folder / "x.delta").stat().st_size
            cost, scores = lesson.check.cost, (_right(learner, task, one) for one in (old, new))
            numbers.append((*scores, ms, size, cost))
        kept, recall, ms, size, cost = np.mean(numbers, axis=0).tolist()
        case, note = f"{task.case}, {num} examples", f"mean of {NUM_DRAWS} draws of them"
        rows += [
            Row(case=case, metric="new group, recall", value=recall, note=note, **told),
            Row(case=case, metric="old groups, accuracy", value=kept, peer="nothing taught",
                peer_value=before, target=">= peer - 0.01", **told),
            Row(case=case, metric="cost by the check", value=cost, **told),
            Row(case=case, metric="ms to teach, rows read too", value=ms, **told),
            Row(case=case, metric="bytes of the delta", value=size, **told),
        ]  # fmt: skip
    return rows


def _fitted(task: Task, table: Rows, folder: Path, settings: Settings) -> tuple[Path, float]:
    """Write a bundle that saw all groups but one; return its path, and the seconds of its fit."""
    import plait
    from plait.compress.exported import export
    from plait.recipes.remembered import with_statistics

    known = [row for row in table if row["split"] != "test" and row[TARGET] != LEFT_OUT]
    rows = [{**row, TARGET: group} for row, group in zip(
        _inputs(task, known), [row[TARGET] for row in known], strict=True)]  # fmt: skip
    read = plait.read(rows, columns={**task.columns, TARGET: "category"})
    told: dict[str, Any] = {"baselines": False} if task.network else {"simple": True}
    budget = settings.budget_or(NETWORK_BUDGET if task.network else BUDGET)
    began = time.perf_counter()
    model = plait.fit(read, target=TARGET, budget=budget, seed=settings.seed, samples=False,
                      label_curve=False, progress=False, **told)  # fmt: skip
    seconds = time.perf_counter() - began
    if task.network:
        model = with_statistics(export(model, model.as_table(read), seed=settings.seed).model, read)
    return model.save(folder / f"{task.case.replace(' ', '-')}.plait"), seconds


def _inputs(task: Task, rows: Rows) -> Rows:
    return [{name: row[name] for name in task.columns} for row in rows]


def _right(answers: Any, task: Task, rows: Rows) -> float:
    """Return the share of rows that are answered right, those of no cell left out."""
    rows = [row for row in rows if any(row[name] is not None for name in task.columns)]
    said = answers.predict(_inputs(task, rows))["prediction"]
    return float(np.mean([one == row[TARGET] for one, row in zip(said, rows, strict=True)]))
