"""The command line: runs benchmarks, prints their tables, keeps the results."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import cases
from benchmarks.machine import describe_machine
from benchmarks.page import section, update_page
from benchmarks.rows import Row
from benchmarks.settings import Settings

RESULTS = Path(__file__).with_name("results")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks named and return 0 when every one gave numbers, 1 otherwise.

    Every result is a JSON object ``{"name", "command", "machine", "rows"}``, kept in ``results/``
    and, unless quick or without plait, written into README.md.
    """
    chosen = _parser().parse_args(arguments)
    # Fits are from scratch on every machine; cases that use encoders name their folders.
    os.environ.setdefault("PLAIT_ENCODERS", "none")
    names = cases.names() if "all" in chosen.names else chosen.names
    failed, results = [], []
    for name in names:
        try:
            result = measure(name, chosen)
        except Exception:  # the benchmarks that follow still run; the exit code tells
            traceback.print_exc()
            failed.append(name)
            continue
        results.append(result)
        _keep(result, to_page=not (chosen.quick or chosen.peers_only))
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
    if failed:
        print("error: no numbers from " + ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


def measure(name: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Run one benchmark with every seed, print its table, and return the result."""
    rows: list[Row] = []
    for seed in range(chosen.seed, chosen.seed + (1 if chosen.quick else chosen.seeds)):
        print(f"{name}, seed {seed} ...", file=sys.stderr, flush=True)
        rows += cases.load(name).run(_settings(chosen, seed))
    result = {
        "name": name,
        "command": _command(name, chosen),
        "machine": describe_machine(),
        "rows": [row.to_dict() for row in rows],
    }
    print(f"\n## {name}\n\n{section(result)}\n", flush=True)
    return result


def _keep(result: dict[str, Any], *, to_page: bool) -> None:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{result['name']}{'' if to_page else '-trial'}.json"
    path.write_text(json.dumps(result, indent=1), encoding="utf-8")
    if to_page:
        update_page(result["name"], section(result))


def _settings(chosen: argparse.Namespace, seed: int) -> Settings:
    return Settings(
        budget=chosen.budget,
        seed=seed,
        quick=chosen.quick,
        with_plait=not chosen.peers_only,
        data=chosen.data,
        peer_python=chosen.peer_python,
    )


def _command(name: str, chosen: argparse.Namespace) -> str:
    """Return the command that repeats this run, without the paths of this machine."""
    words = ["python -m benchmarks", name]
    words += [f"--budget {chosen.budget}"] if chosen.budget else []
    words += ["--quick"] if chosen.quick else [f"--seeds {chosen.seeds}"]
    words += [f"--seed {chosen.seed}"] if chosen.seed else []
    return " ".join(words + (["--peers-only"] if chosen.peers_only else []))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="+",
        choices=[*cases.names(), "all"],
        metavar="NAME",
        help="all, or any of " + ", ".join(cases.names()),
    )
    parser.add_argument("--budget", help="of every fit, such as 5m; default the benchmark's own")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds (default 3)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few rows, short budgets, one seed: to see that it works",
    )
    parser.add_argument("--peers-only", action="store_true", help="leave plait out")
    parser.add_argument("--out", type=Path, help="also write all results to this JSON file")
    given = os.environ.get("PLAIT_BENCH_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(given) if given else None,
        help="folder of signdigits/ and banking77.csv ($PLAIT_BENCH_DATA)",
    )
    parser.add_argument(
        "--peer-python",
        type=Path,
        default=Path(sys.executable),
        help="a Python that has aeon, or faster-whisper (default this one)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
