"""Time and memory of a small trunk's training step on up to 65,536 tokens, by sliding windows.

Each length runs in its own process: ``python -m benchmarks.cases.long TOKENS WINDOW SEED``, where
a window of 0 is dense attention.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.cases.memory import peak_mb
from benchmarks.rows import Row
from benchmarks.settings import Settings

DIM = 64
DEPTH = 2
WINDOW = 128
LENGTHS = (4_096, 16_384, 65_536)
QUICK_WINDOW = 16
QUICK_LENGTHS = (512, 2_048, 8_192)
NUM_ROUNDS = 5
TIME, MEMORY = "seconds, forward and backward", "peak MB above start"


def run(settings: Settings) -> list[Row]:
    """Compare the longest length with the one a quarter as long, and both shorter with dense."""
    if not settings.with_plait:
        return []
    lengths = QUICK_LENGTHS if settings.quick else LENGTHS
    window = QUICK_WINDOW if settings.quick else WINDOW
    found = {length: step_apart(length, window, settings.seed) for length in lengths}
    rows = []
    for length in lengths[:2]:
        dense = step_apart(length, 0, settings.seed)
        rows += _rows(length, found[length], "dense attention", dense, "", settings.seed)
    quarter, full = lengths[1:]
    peer = f"{quarter:,} tokens"
    return rows + _rows(full, found[full], peer, found[quarter], "<= 4.8 x peer", settings.seed)


def _rows(
    length: int,
    ours: dict[str, float],
    peer: str,
    theirs: dict[str, float],
    target: str,
    seed: int,
) -> list[Row]:
    """Return a row of seconds and one of memory."""
    return [
        Row(
            benchmark="long",
            case=f"{length:,} tokens",
            metric=metric,
            value=ours[key],
            peer=peer,
            peer_value=theirs[key],
            target=target,
            seed=seed,
            note=f"window {ours['window']:.0f}; {ours['start_mb']:.0f} MB at start",
        )
        for metric, key in ((TIME, "seconds"), (MEMORY, "added_mb"))
    ]


def step_apart(length: int, window: int, seed: int) -> dict[str, float]:
    """Measure a length in a process of its own; a `window` of 0 is dense attention."""
    arguments = [str(number) for number in (length, window, seed)]
    command = [sys.executable, "-m", "benchmarks.cases.long", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _step_here(length: int, window: int, seed: int) -> dict[str, Any]:
    """Return the seconds of the fastest of `NUM_ROUNDS` steps, and the memory that they added."""
    import torch
    import torch._dynamo  # what every optimiser and checkpoint imports belongs to the start

    from plait.nn.transformer import Trunk

    torch.manual_seed(seed)
    trunk = Trunk(
        dim=DIM, depth=DEPTH, num_heads=4, join=0, hidden=2 * DIM, window=window or None
    )  # fmt: skip
    _seconds(trunk, 512)
    start_mb = peak_mb()
    seconds = min(_seconds(trunk, length) for _ in range(NUM_ROUNDS))
    return {
        "window": window,
        "start_mb": start_mb,
        "added_mb": peak_mb() - start_mb,
        "seconds": seconds,
    }


def _seconds(trunk: Any, length: int) -> float:
    """Return the seconds of one forward and backward pass on one row of random tokens."""
    import torch

    from plait.nn.tokens import line_positions

    tokens = line_positions(torch.randn(1, length, DIM), torch.tensor([length]))
    column = torch.zeros(length, dtype=torch.long)
    start = time.monotonic()
    trunk(tokens, column).values.square().mean().backward()
    return time.monotonic() - start


if __name__ == "__main__":
    print(json.dumps(_step_here(*(int(number) for number in sys.argv[1:4]))))
