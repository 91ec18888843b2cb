"""Boxes: blood cells in microscope pictures, and twenty kinds of stickers scattered about."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.util import find_spec

from benchmarks.data import Split
from benchmarks.data.given import bccd
from benchmarks.data.scattered import kinds, scattered
from benchmarks.fits import Outcome, fit_and_score
from benchmarks.peers.templates import template_peer
from benchmarks.rows import Row
from benchmarks.settings import Settings

CELLS_BUDGET, STICKERS_BUDGET = "10m", "8m"
QUICK_ROWS = 48
CELLS = {
    "image": {"modality": "image", "settings": {"turns": "any", "zoom": 1.1}},
    "boxes": "boxes",
}
"""Under a microscope nothing is upright and all is of one scale, and the person says so."""

STICKERS = {"picture": "image", "boxes": "boxes"}


def run(settings: Settings) -> list[Row]:
    """Measure both; scores are of the official test rows, which no fit is shown."""
    return [*_cells(settings), *_stickers(settings)]


def _cells(settings: Settings) -> list[Row]:
    if not settings.with_plait:
        return []
    table, root = bccd(settings.data)
    split = _split(table, settings, root)
    found = _fit(split, CELLS, settings.budget_or(CELLS_BUDGET), settings.seed)
    row = Row(benchmark="boxes", case="BCCD blood cells", metric="mAP 50", seed=settings.seed)
    return [
        replace(_of(row, found, "map50"), target=">= 0.88"),
        replace(_of(replace(row, metric="mAP 50-95"), found, "map"), target=">= 0.58"),
        replace(row, metric="pictures per second", target=">= 15").scored(*_pace(found)),
    ]


def _stickers(settings: Settings) -> list[Row]:
    split = _split(scattered(), settings, None)
    row = Row(
        benchmark="boxes", case="scattered stickers, 20 kinds", metric="mAP 50", seed=settings.seed,
        target=">= 0.95",
    )  # fmt: skip
    if settings.with_plait:
        budget = settings.budget_or(STICKERS_BUDGET)
        row = _of(row, _fit(split, STICKERS, budget, settings.seed), "map50")
    if find_spec("cv2") is None:
        return [row]
    pictures, truth = (split.test[name].to_pylist() for name in ("picture", "boxes"))
    peer = template_peer(pictures, truth, kinds())
    return [replace(row, peer=peer.name, peer_value=peer.score)]


def _split(table, settings, root) -> Split:  # type: ignore[no-untyped-def]
    """Return what is learned from and the official test, both cut short where it is to be quick."""
    import pyarrow.compute as pc

    learned, test = (
        table.filter(chosen)
        for chosen in (pc.not_equal(table["split"], "test"), pc.equal(table["split"], "test"))
    )
    if settings.quick:
        step = max(1, learned.num_rows // QUICK_ROWS)
        learned = learned.take(list(range(0, learned.num_rows, step)))
        test = test.slice(0, QUICK_ROWS // 2)
    return Split(learned, test.drop_columns(["split"]), root)


def _fit(split: Split, columns: dict, budget: str, seed: int) -> Outcome:  # type: ignore[type-arg]
    return fit_and_score(split, target="boxes", columns=columns, budget=budget, seed=seed)


def _of(row: Row, found: Outcome, metric: str) -> Row:
    return row.scored(found.metrics[metric], found.seconds, found.note)


def _pace(found: Outcome) -> tuple[float, float, str]:
    """Return pictures per second from files to boxes, of the test, and what that took."""
    began = time.monotonic()
    found.model.predict(found.split.test, root=found.split.root, progress=False)
    seconds = time.monotonic() - began
    return found.split.test.num_rows / seconds, seconds, "from JPEG files to boxes"
