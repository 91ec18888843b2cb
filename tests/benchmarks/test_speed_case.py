"""The benchmark of speed: both loops train the same network, on small pictures."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.cases import fashion, speed
from benchmarks.data import Split
from benchmarks.data.fashion import png_of
from benchmarks.settings import Settings

NUM = 60


def small_split(settings: Settings) -> Split:
    rng = np.random.default_rng(settings.seed)
    table = pa.table(
        {
            "image": [png_of(rng.integers(0, 256, (8, 8), np.uint8)) for _ in range(NUM)],
            "label": ["boot", "coat"] * (NUM // 2),
            "split": (["train"] * 5 + ["validation"]) * (NUM // 6),
        }
    )
    return Split(table, table)


def test_both_loops_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion, "split_of", small_split)
    monkeypatch.setattr(speed, "BATCH_SIZE", 16)
    monkeypatch.setattr(speed, "WARM_UP_STEPS", 1)
    (row,) = speed.run(Settings(quick=True))
    assert row.value > 0 and row.peer_value > 0 and row.metric == "steps/s"
