"""Stickers' names from voices nobody learned from: names that were learned, and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.cases.fillets import rate
from benchmarks.data.spoken_names import spoken_names
from benchmarks.data.tables import Split
from benchmarks.data.whisper import whisper_encoder
from benchmarks.fits import Outcome, fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import QUICK_ROWS, Settings

BUDGET = "20m"
COLUMNS = {"voice": "audio", "name": "text"}
ASKED = {"known": ("WER", "wer", "<= 0.03"), "unseen": ("CER", "cer", "<= 0.2")}
"""Part of the table -> what is asked of it."""


HEARD_SECONDS = 3
"""By Whisper's encoder; names take .4 to 2.7."""

WAYS: dict[str, Callable[[], Any]] = {
    "from scratch": lambda: "none",
    "Whisper's encoder, frozen": lambda: {"voice": str(whisper_encoder(HEARD_SECONDS))},
}
"""How plait hears, and its encoders."""


def run(settings: Settings) -> list[Row]:
    """Measure plait, beside the text of the nearest training row by the sounds' simple features."""
    table = spoken_names()
    nearest = _fit(table, settings, simple=True, encoders="none")
    if not settings.with_plait:
        return _rows(table, settings, nearest, "", None)
    rows = []
    for way, encoders in WAYS.items():
        ours = _fit(table, settings, baselines=True, encoders=encoders())
        rows += _rows(table, settings, nearest, f", {way}", ours)
    return rows


def _rows(
    table: pa.Table, settings: Settings, nearest: Outcome, way: str, ours: Outcome | None
) -> list[Row]:
    rows = []
    for part, (name, metric, target) in ASKED.items():
        spoken = table.filter(pc.equal(table["part"], part))
        row = Row(
            benchmark="voices", case=f"{spoken.num_rows} {part} names, three unseen voices{way}",
            metric=name, seed=settings.seed, target=target, peer="text of the nearest row",
            peer_value=_rate(nearest, metric, spoken),
        )  # fmt: skip
        if ours is not None:
            other = "cer" if metric == "wer" else "wer"
            note = f"{ours.note}; {other.upper()} {_rate(ours, other, spoken):.4f}"
            row = row.scored(_rate(ours, metric, spoken), ours.seconds, note)
        rows.append(row)
    return rows


def _rate(found: Outcome, metric: str, spoken: pa.Table) -> float:
    said = found.model.predict(spoken.select(["voice"]))["prediction"]
    return rate(metric, list(map(str, said)), spoken["name"].to_pylist())


def _fit(table: pa.Table, settings: Settings, **options: Any) -> Outcome:
    parts = np.array(table["part"].to_pylist())
    chosen = np.flatnonzero((parts == "train") | (parts == "validation"))
    if settings.quick:
        chosen = np.sort(np.random.default_rng(0).permutation(chosen)[:QUICK_ROWS])
    learned = table.take(chosen).select([*COLUMNS]).append_column("split", pa.array(parts[chosen]))
    test = table.filter(pc.equal(table["part"], "unseen")).select([*COLUMNS])
    return fit_and_score(
        Split(learned, test), target="name", columns=COLUMNS, seed=settings.seed,
        budget=settings.budget_or(BUDGET), **options,
    )  # fmt: skip
