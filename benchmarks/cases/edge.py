"""The edge: a small installation in a fresh environment, what it weighs, and how fast it answers.

The installation asks a package index. Bundles are made here, by plait as it is installed here, and
answer there, where neither torch nor Arrow nor LightGBM is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cases.start import MEGABYTE, shop, size_of
from benchmarks.data.stickers import INPUTS, TARGET, stickers
from benchmarks.rows import Row
from benchmarks.settings import Settings

ALONE = ("onnxruntime",)
"""Installed without what they declare: sympy and protobuf are for tools that write graphs."""

PACKAGES = ("numpy", "pillow", "safetensors", "soundfile", "soxr")
SIZE_TARGET, COLD_TARGET = "<= 250", "<= 1"
BUDGET, NETWORK_BUDGET = "20s", "60s"
NUM_ROWS, QUICK_ROWS, ASKED_ROWS = 1200, 200, 100

Words = tuple[str, ...]
"""An interpreter, and its options."""


@dataclass(frozen=True)
class Task:
    """What a bundle learns and is asked.

    Attributes:
        case: What a reader sees.
        rows: To learn from.
        columns: Inputs -> modalities.
        most_ms: Of one row, warm, at the median.
        target: Column to predict.
        network: Whether a network alone answers, as a graph; else simple models.
    """

    case: str
    rows: list[dict[str, Any]]
    columns: Mapping[str, str]
    most_ms: float
    target: str = TARGET
    network: bool = False


def run(settings: Settings) -> list[Row]:
    """Install, answer the contract's tables, and measure bundles of every kind of input."""
    if not settings.with_plait:
        return []
    with tempfile.TemporaryDirectory(prefix="plait-edge-") as name:
        folder = Path(name)
        python, size = installed(folder)
        rows = [_sized(size, settings.seed), _contract(folder, python, settings)]
        for task in tasks(settings):
            rows += _measured(task, _fitted(task, folder, settings), python, settings)
    return rows


def installed(folder: Path) -> tuple[Words, Mapping[str, float]]:
    """Return the interpreter of a fresh environment, and the MB of each package in it.

    The interpreter heeds no variables, such as those that name other packages or forbid bytecode.
    """
    place = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = str(place / "bin" / "python")
    [packages] = place.glob("lib/python3*/site-packages")
    before = {path.name for path in packages.iterdir()}
    pip = (python, "-m", "pip", "install", "--quiet")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    root = Path(__file__).parents[2]
    for words in (("--no-deps", str(root), *ALONE), PACKAGES):
        subprocess.run((*pip, *words), check=True, env=environment)
    new = [path for path in packages.iterdir() if path.name not in before]
    return (python, "-I"), {path.name: size_of(path) / MEGABYTE for path in new}


def tasks(settings: Settings) -> list[Task]:
    """Return a task for every kind of input."""
    num = QUICK_ROWS if settings.quick else NUM_ROWS
    goods = [{k: v for k, v in row.items() if k != "note"} for row in shop(num, settings.seed)]
    numbers = {"price": "number", "weight": "number", "shelf": "category"}
    table = stickers().slice(0, num).to_pylist()
    words, picture = {"tags": "text"}, {"image": "image"}
    return [
        Task("numbers and categories", goods, numbers, 5.0, "kind"),
        Task("text", table, words, 5.0),
        Task("sound", table, {"voice": "audio"}, 15.0),
        Task("picture", table, picture, 15.0),
        Task("picture, texts and sound", table, INPUTS, 15.0),
        Task("text, network as graph", table, words, 5.0, network=True),
        Task("picture, network as graph", table, picture, 15.0, network=True),
    ]


def _fitted(task: Task, folder: Path, settings: Settings) -> Path:
    """Write the bundle of a task and return its path."""
    import plait
    from plait.compress.exported_mix import export_mix

    path = folder / f"{task.case.replace(' ', '-')}.plait"
    table = plait.read(_only(task.rows, (*task.columns, task.target)),
                       columns={**task.columns, task.target: "category"})  # fmt: skip
    told: dict[str, Any] = {"baselines": False} if task.network else {"simple": True}
    budget = settings.budget_or(NETWORK_BUDGET if task.network else BUDGET)
    model = plait.fit(table, target=task.target, budget=budget, seed=settings.seed,
                      samples=False, progress=False, **told)  # fmt: skip
    if task.network:
        model = export_mix(model, model.as_table(table), seed=settings.seed).model
    return model.save(path)


def _only(rows: list[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return some columns of the rows that have a value in any but the last, the target."""
    here = [row for row in rows if any(row[name] is not None for name in names[:-1])]
    return [{name: row[name] for name in names} for row in here]


def _measured(task: Task, path: Path, python: Words, settings: Settings) -> list[Row]:
    from plait.bundle import size_mb
    from plait.edge.bench import Load, measure

    load = Load(
        rows=_only(task.rows[:ASKED_ROWS], (*task.columns, task.target)),
        root=path.parent,
        seconds=0.2 if settings.quick else 2.0,
        cold_runs=1 if settings.quick else 5,
        batch_sizes=(64,),
        python=python,
    )
    found = measure(path, "edge", load, threads=1)
    mb, memory = size_mb(path), found["peak_memory_mb"]
    note = f"p95 {found['p95_ms']:.2f}, p99 {found['p99_ms']:.2f}, processor time "
    note += f"{found['cpu_ms']:.2f}; 64 rows: "
    note += f"{found['batches'][0]['ms_per_row']:.3f} ms each; bundle {mb:.2f} MB"
    told = {"benchmark": "edge", "case": task.case, "seed": settings.seed}
    return [
        Row(
            metric="ms, one row, warm, median",
            value=found["p50_ms"],
            target=f"<= {task.most_ms:g}",
            note=note,
            **told,
        ),
        Row(
            metric="s, process to first answer",
            value=found["cold_seconds"],
            target=COLD_TARGET,
            note=f"peak memory {memory:.0f} MB",
            **told,
        ),
    ]


def _contract(folder: Path, python: Words, settings: Settings) -> Row:
    """Ask a bundle of each modality's contract table there, and compare with the answers here."""
    import plait
    from plait.modalities import modalities
    from plait.testing.apart import edge_rows
    from plait.testing.edge import answers_apart, check_alike
    from plait.testing.examples import example_table

    names = [name for name, codec in modalities().items() if codec.extra is None]
    for name in names[: 3 if settings.quick else None]:
        path = folder / f"contract-{name}.plait"
        columns = {"x": name, "size": "number", "kind": "category"}
        model = plait.fit(
            plait.read(example_table(name), columns=columns), target="kind", budget="5s",
            simple=True, out=path, progress=False,
        )  # fmt: skip
        wanted = model.predict(edge_rows(name), on_error="skip").to_dicts()
        check_alike(answers_apart(path, name, python), wanted, name)
    return Row(
        benchmark="edge",
        case="contract tables, one of each modality",
        metric="answered as with everything installed",
        value=float(len(names[: 3 if settings.quick else None])),
        seed=settings.seed,
        note="molecule and video need packages of their own",
    )


def _sized(size: Mapping[str, float], seed: int) -> Row:
    largest = sorted(size, key=lambda name: -size[name])[:6]
    return Row(
        benchmark="edge",
        case="installation with onnxruntime",
        metric="MB in site-packages",
        value=sum(size.values()),
        target=SIZE_TARGET,
        seed=seed,
        note=", ".join(f"{name} {size[name]:.0f}" for name in largest) + "; bytecode included",
    )
