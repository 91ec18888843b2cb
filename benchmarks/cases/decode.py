"""Pictures per second, decoded and from the warm cache, and the wait for input in training."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data import Split, halves
from benchmarks.data.fashion import fashion
from benchmarks.data.stickers import TARGET, stickers
from benchmarks.fits import fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "30s"
BATCH_SIZE = 64
LEAST_SECONDS = 3.0
FASHION_ROWS = 20_000


def run(settings: Settings) -> list[Row]:
    """Measure small grey and larger coloured pictures, then the wait share of a short fit."""
    if not settings.with_plait:
        return []
    coloured = stickers().select(["image", TARGET, "split"])
    grey = fashion().slice(0, 600 if settings.quick else FASHION_ROWS).select(["image"])
    rows = rates("stickers, 64 px", coloured.select(["image"]), settings)
    rows += rates("Fashion-MNIST, 28 px", grey, settings)
    split = halves(coloured, target=TARGET, validation=0.0, seed=settings.seed)
    return [*rows, wait_share(split, settings)]


def rates(case: str, table: pa.Table, settings: Settings) -> list[Row]:
    """Return pictures per second: the first time, from the cache, and augmented as well."""
    import plait
    from plait.data.prepared import fit_codecs, prepare_table

    pictures = plait.read(table, columns={"image": "image"})
    codecs = fit_codecs(pictures, ["image"], range(table.num_rows), seed=settings.seed)
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        prepared = prepare_table(pictures, codecs, cache=Path(folder))
        seconds = time.monotonic() - start
        rows = np.flatnonzero(np.asarray(prepared.columns["image"].present))
        cold = len(rows) / seconds
        warm = loader_rate(prepared, rows, augment=False, seed=settings.seed)
        augmented = loader_rate(prepared, rows, augment=True, seed=settings.seed)
    measured = {
        "warm cache": (warm, ">= 5000"),
        "warm cache, augmented": (augmented, ">= 5000"),
        "decoded the first time": (cold, ""),
    }
    return [
        Row(
            benchmark="decode",
            case=f"{case}, {how}",
            metric="pictures/s",
            value=rate,
            target=target,
            seed=settings.seed,
        )
        for how, (rate, target) in measured.items()
    ]


def loader_rate(
    prepared: Any, rows: Sequence[int] | np.ndarray, *, augment: bool, seed: int
) -> float:
    """Return rows per second through `plait.data.loader.Loader`, for at least three seconds."""
    from plait.data.loader import Loader

    loader = Loader(
        prepared, rows, ["image"], batch_size=BATCH_SIZE, augment=augment, shuffle=True, seed=seed
    )
    for _ in loader.epoch(0):
        pass
    done, epoch, start = 0, 1, time.monotonic()
    while time.monotonic() - start < LEAST_SECONDS:
        done += sum(len(numbers) for numbers, _ in loader.epoch(epoch))
        epoch += 1
    return done / (time.monotonic() - start)


def wait_share(split: Split, settings: Settings) -> Row:
    """Return the share of training time spent waiting for pictures."""
    outcome = fit_and_score(
        split, target=TARGET, columns={"image": "image", TARGET: "category"},
        budget=settings.budget_or(BUDGET), seed=settings.seed, baselines=False,
    )  # fmt: skip
    training = outcome.model.records["metrics"]["training"]
    return Row(
        benchmark="decode", case="stickers, training", metric="input wait / time",
        value=float(training["wait_share"]), target="< 0.05", seconds=outcome.seconds,
        seed=settings.seed,
        note=f"{training['rows_per_second']:,.0f} rows/s, {training['precision']}",
    )  # fmt: skip
