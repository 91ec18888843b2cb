"""The demo as a user runs it: what ships in two minutes, and the network alone beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import plait
from benchmarks.data.backbones import encoders
from benchmarks.rows import Row
from benchmarks.settings import Settings
from plait.demo import stickers
from plait.model.ensemble import DEEP
from plait.recipes.demo import LEFT_OUT, TARGET

BUDGET = "2m"
SHIPPED, SHIPPED_WITH, ALONE = ">= 0.83", ">= 0.87", ">= 0.79"


def run(settings: Settings) -> list[Row]:
    """Fit from scratch; with plait's own table of words, as it comes where no encoder is at hand;
    and with the two encoders that `plait[encoders]` brings."""
    if not settings.with_plait:
        return []
    rows = _fit("demo, from scratch", SHIPPED, settings)
    with _found(), patch("plait.fitting.encoders.found_encoders.find_encoders", return_value=()):
        rows += _fit("demo, as it comes", SHIPPED, settings)
    with _found(*encoders().values()):
        return rows + _fit("demo, with encoders", SHIPPED_WITH, settings)


def _fit(case: str, target: str, settings: Settings) -> list[Row]:
    model = plait.fit(
        plait.read(stickers(), columns={"voice": "audio"}),
        target=TARGET,
        exclude=LEFT_OUT,
        budget=settings.budget_or(BUDGET),
        seed=settings.seed,
        samples=False,
    )
    summary, told = model.summary(), model.records["metrics"]
    row = Row(benchmark="demo", case=case, metric="accuracy", seed=settings.seed)
    note = f"shipped: {summary['shipped']}, {summary['num_parameters'] or 0:,} parameters"
    shipped = row.scored(told["test"]["metrics"]["accuracy"], summary["seconds"], note)
    deep = next((one for one in told["candidates"] if one["name"] == DEEP), None)
    alone = replace(row, case=f"{case}, the network alone", target=ALONE)
    if deep is not None:
        steps = f"{told['training']['steps']:,} steps of each of {told['training']['num_networks']}"
        alone = alone.scored(deep["metrics"]["accuracy"], deep["seconds"], steps)
    return [replace(shipped, target=target), alone]


@contextmanager
def _found(*folders: str) -> Iterator[None]:
    """Let fits find the encoders of some folders, inside the block."""
    before = os.environ.get("PLAIT_ENCODERS", "none")
    os.environ["PLAIT_ENCODERS"] = os.pathsep.join(folders)
    try:
        yield
    finally:
        os.environ["PLAIT_ENCODERS"] = before
