"""10,000 damaged tables of every kind: read, inspected, predicted; a result or an error."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzzing.probe import MAX_SECONDS, kind_of
from benchmarks.rows import Row
from benchmarks.settings import Settings

NUM_CASES = 10_000
NUM_QUICK = 100
BATCH = 500
SPARE_SECONDS = 60.0


def run(settings: Settings) -> list[Row]:
    """Run the cases in processes of their own and count what is not as it should be."""
    if not settings.with_plait:
        return []
    num, started = NUM_QUICK if settings.quick else NUM_CASES, time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        bundle = _bundle(Path(place), settings.seed)
        results = list(_all_cases(settings.seed, num, bundle))
    found = [result for result in results if result["finding"]]
    for result in found:
        print(f"case {result['case']} ({result['how']}): {result['finding']}", file=sys.stderr)
    outcomes = Counter(result["outcome"].partition(":")[0] for result in results)
    slowest = max(results, key=lambda result: result["seconds"])
    facts = {
        "tracebacks, silent guesses, half-written files": (float(len(found)), "<= 0", ""),
        "read or predicted": (float(outcomes["read"] + outcomes["predicted"]), "", ""),
        "refused with an error that helps": (float(_refused(outcomes)), "", _most(outcomes)),
        "slowest case, s": (slowest["seconds"], f"<= {MAX_SECONDS:g}", slowest["how"]),
    }
    seconds = time.monotonic() - started
    return [
        Row(
            benchmark="fuzz",
            case=f"{num:,} damaged tables, {len({kind_of(n) for n in range(num)})} kinds",
            metric=metric,
            value=value,
            target=target,
            seconds=seconds,
            seed=settings.seed,
            note=note,
        )
        for metric, (value, target, note) in facts.items()
    ]


def _bundle(place: Path, seed: int) -> Path:
    """Fit a small model on columns that the damaged tables have too."""
    from plait.recipes.fit import fit

    rng = np.random.default_rng(seed)
    rows = [
        {
            "a": f"{word} of row {row % 7}",
            "b": ("red", "blue")[row % 2],
            "c0": f"a longer text about a {word}, number {row}",
            "c1": float(rng.normal() + (word == "boot")),
            "x": ["alpha", "beta"][int(rng.random() < 0.5)] + f" and more words {row % 5}",
            "size": float(rng.normal()),
            "label": word,
        }
        for row, word in enumerate(rng.choice(["boot", "hat"], 60))
    ]
    out = place / "fuzz.plait"
    fit(rows, target="label", budget="20 steps", size="tiny", fusion="late", seed=seed, out=out)
    return out


def _all_cases(seed: int, num: int, bundle: Path) -> Iterator[dict[str, Any]]:
    first = 0
    while first < num:
        count = min(BATCH, num - first)
        results, begun = _batch(seed, first, count, bundle)
        yield from results
        first += len(results)
        if len(results) < count:
            yield {
                "case": begun, "how": kind_of(begun), "outcome": "crash",
                "finding": "the process ended or hung", "seconds": MAX_SECONDS,
            }  # fmt: skip
            first += 1


def _batch(seed: int, first: int, count: int, bundle: Path) -> tuple[list[dict[str, Any]], int]:
    """Run cases in a process; return the results, and the case that was begun last."""
    words = [sys.executable, "-m", "benchmarks.fuzzing", str(seed), str(first), str(count)]
    process = subprocess.Popen([*words, str(bundle)], stdout=subprocess.PIPE, text=True)
    results: list[dict[str, Any]] = []
    begun = first
    try:
        output, _ = process.communicate(timeout=count * 2 + SPARE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    for line in output.splitlines():
        data = json.loads(line)
        if "begun" in data:
            begun = data["begun"]
        else:
            results.append(data)
    return results, begun


def _refused(outcomes: Counter[str]) -> int:
    return sum(n for name, n in outcomes.items() if name not in ("read", "predicted", "crash"))


def _most(outcomes: Counter[str]) -> str:
    return ", ".join(f"{n} {name}" for name, n in outcomes.most_common(6))
