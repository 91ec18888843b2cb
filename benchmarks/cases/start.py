"""How long plait takes to begin: processes from cold, one row from warm; and the base install.

Each command runs once to warm the disk and the bytecode, then `RUNS` times; the median counts, and
``python -c pass`` in turn with it says what the machine was like. ``$PLAIT_BENCH_INSTALL=0``
leaves out the install, which asks a package index.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.rows import Row
from benchmarks.settings import Settings

RUNS, QUICK_RUNS = 7, 1
WARM_CALLS, QUICK_CALLS = 200, 20
NUM_ROWS = 400
WIDE_COLUMNS, WIDE_ROWS, QUICK_COLUMNS = 5000, 100, 200
PLAIT = (sys.executable, "-m", "plait")
PASS = (sys.executable, "-c", "pass")
MEGABYTE = 1e6


@dataclass(frozen=True)
class Command:
    """A command line, what it must end with, and how long it may take.

    Attributes:
        case: What a reader sees.
        words: Behind ``plait``.
        seconds: The most that it may take.
        code: Its exit code.
        said: Words that it must print.
    """

    case: str
    words: tuple[str, ...]
    seconds: float
    code: int = 0
    said: str = ""


@dataclass(frozen=True)
class Timing:
    """Medians over the runs of a command: of it, of ``python -c pass``, and its least CPU time."""

    seconds: float
    beside: float
    cpu_seconds: float


def run(settings: Settings) -> list[Row]:
    """Time the commands, one row from warm models, and measure the base install."""
    if not settings.with_plait:
        return []
    with tempfile.TemporaryDirectory(prefix="plait-start-") as name:
        folder = Path(name)
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPYCACHEPREFIX": f"{name}/bytecode", "PLAIT_CACHE": f"{name}/cache"}
        prepare(folder, settings)
        runs = QUICK_RUNS if settings.quick else RUNS
        rows = [
            _row(command, timed(command, folder, environment, runs), settings.seed)
            for command in commands()
        ]
        rows += [_warm(folder, kind, settings) for kind in ("table", "text")]
        if not settings.quick and os.environ.get("PLAIT_BENCH_INSTALL", "1") != "0":
            rows.append(_installed(folder, settings.seed))
    return rows


def commands() -> list[Command]:
    """Return what is timed; all run in the folder that `prepare` filled."""
    out = ("--out", "answers.csv", "--force")
    return [
        Command("plait --help", ("--help",), 0.2, said="Commands:"),
        Command("a mistyped verb", ("fti",), 0.3, code=2, said="Did you mean 'fit'?"),
        Command(
            "a mistyped option",
            ("fit", "shop.csv", "--taget", "kind"),
            0.3,
            code=2,
            said="--target",
        ),
        Command("doctor", ("doctor",), 3.0, said="ready"),
        Command(
            "predict, one row, linear model of words and numbers",
            ("predict", "linear.plait", "one.csv", *out),
            0.8,
            said="1 rows",
        ),
        Command(
            "predict, one row, boosted trees",
            ("predict", "boosted.plait", "one.csv", *out),
            0.8,
            said="1 rows",
        ),
        Command(
            f"search in {NUM_ROWS} rows, kept index",
            ("search", "space.plait", "--table", "shop.csv", "--text", "red boot"),
            1.0,
            said="Nearest of",
        ),
        Command(
            f"inspect, {WIDE_COLUMNS:,} columns x {WIDE_ROWS} rows",
            ("inspect", "wide.csv"),
            5.0,
            said="looks like number",
        ),
    ]


def prepare(folder: Path, settings: Settings) -> None:
    """Write the tables, and fit the bundles that the commands need: simple models, in steps."""
    import plait

    rows = shop(NUM_ROWS, settings.seed)
    for name, some in (("shop", rows), ("one", rows[:1])):
        _write_csv(folder / f"{name}.csv", some)
    num_columns = QUICK_COLUMNS if settings.quick else WIDE_COLUMNS
    numbers = np.random.default_rng(settings.seed).normal(size=(WIDE_ROWS, num_columns))
    wide = [{f"c{i}": f"{value:.4f}" for i, value in enumerate(row)} for row in numbers]
    _write_csv(folder / "wide.csv", wide)
    table = plait.read(folder / "shop.csv", columns={"note": "text"})
    told: dict[str, Any] = {"simple": True, "budget": "1 steps", "seed": settings.seed}
    for name in ("linear", "boosted"):
        plait.fit(table, target="kind", baselines=[name], out=folder / f"{name}.plait", **told)
    plait.fit(table, exclude=("kind",), out=folder / "space.plait", **told)
    plain = {"target": "kind", "baselines": ["linear"], "exclude": ("note",)}
    plait.fit(table, out=folder / "table.plait", **plain, **told)


def shop(num_rows: int, seed: int) -> list[dict[str, Any]]:
    """Return rows of words, numbers and categories that tell a kind."""
    rng = np.random.default_rng(seed)
    kinds, colours = ["boot", "sandal", "hat"], ["red", "blue", "worn", "soft"]
    rows = []
    for _ in range(num_rows):
        kind = str(rng.choice(kinds))
        words = [rng.choice(colours), kind if rng.random() < 0.8 else "thing", rng.choice(colours)]
        rows.append(
            {
                "note": " ".join(map(str, words)),
                "price": round(float(rng.lognormal(3 + 0.3 * kinds.index(kind), 0.5)), 2),
                "weight": round(float(rng.normal(kinds.index(kind), 1)), 3),
                "shelf": str(rng.choice(list("ABCD"))),
                "kind": kind,
            }
        )
    return rows


def timed(command: Command, folder: Path, environment: dict[str, str], runs: int) -> Timing:
    """Run a command and ``python -c pass`` in turn.

    Raises `RuntimeError` where the command does not end as it should.
    """
    own, beside = [], []
    for number in range(runs + 1):
        seconds, cpu = _once((*PLAIT, *command.words), folder, environment, command)
        other, _ = _once(PASS, folder, environment, None)
        if number:
            own.append((seconds, cpu))
            beside.append(other)
    return Timing(median(s for s, _ in own), median(beside), min(cpu for _, cpu in own))


def _once(
    words: Sequence[str], folder: Path, environment: dict[str, str], command: Command | None
) -> tuple[float, float]:
    """Return the seconds and CPU seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = done.stdout.decode()
    if command and (done.returncode != command.code or command.said not in printed):
        raise RuntimeError(
            f"plait {' '.join(command.words)} ended with {done.returncode}: {printed}"
        )
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu


def _row(command: Command, found: Timing, seed: int) -> Row:
    return Row(
        benchmark="start",
        case=command.case,
        metric="s, whole process",
        value=found.seconds,
        peer="python -c pass",
        peer_value=found.beside,
        target=f"<= {command.seconds:g}",
        seed=seed,
        note=f"{found.seconds / found.beside:.0f} x that; {found.cpu_seconds:.2f} s of CPU",
    )


def _warm(folder: Path, kind: str, settings: Settings) -> Row:
    """Time one row in memory, by a model that has answered before."""
    import plait

    model = plait.load(folder / ("table.plait" if kind == "table" else "linear.plait"))
    rows = shop(NUM_ROWS, settings.seed + 1)
    for row in rows:
        row.pop("kind")
    calls = QUICK_CALLS if settings.quick else WARM_CALLS
    seconds = []
    for row in rows[: calls + 1]:
        began = time.perf_counter()
        model.predict([row])
        seconds.append(time.perf_counter() - began)
    return Row(
        benchmark="start",
        case=f"predict, one row in memory, warm, {'words too' if kind == 'text' else 'no words'}",
        metric="ms, median",
        value=1e3 * median(seconds[1:]),
        target="<= 10",
        seed=settings.seed,
        note=f"{calls} calls",
    )


def _installed(folder: Path, seed: int) -> Row:
    """Install plait without extras into a fresh environment, and measure what that adds."""
    place = folder / "base"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    [packages] = place.glob("lib/python3*/site-packages")
    before = {path.name for path in packages.iterdir()}
    root = Path(__file__).parents[2]
    pip = (place / "bin" / "python", "-m", "pip", "install", "--quiet", root)
    subprocess.run(pip, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    sizes = {
        path.name: size_of(path) / MEGABYTE
        for path in packages.iterdir()
        if path.name not in before
    }
    largest = sorted(sizes, key=lambda name: -sizes[name])[:6]
    hub = [name for name in ("huggingface_hub", "hf_xet", "tokenizers", "torch") if name in sizes]
    told = ", ".join(f"{name} {sizes[name]:.0f}" for name in largest)
    return Row(
        benchmark="start",
        case="pip install, no extras",
        metric="MB in site-packages",
        value=sum(sizes.values()),
        target="<= 250",
        seed=seed,
        note=f"{told}; bytecode included; {', '.join(hub) or 'nothing'} of torch or a hub",
    )


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
