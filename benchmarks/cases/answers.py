"""Answers that are written: names of stickers from pictures and voices, Danish from Norwegian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data import halves
from benchmarks.data.backbones import encoders
from benchmarks.data.sister_names import sister_names
from benchmarks.data.stickers import stickers
from benchmarks.fits import Outcome, fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "3m"
BEAM = 4
WRITTEN = {
    "stickers' names from the picture": ("image", "image", "name"),
    "stickers' names from the voice": ("voice", "audio", "name"),
    "Danish names from Norwegian": ("norwegian", "text", "danish"),
}
"""What is written, from a column, its modality, and which column it is."""


def run(settings: Settings) -> list[Row]:
    """Measure each beside the nearest training row's text, and a beam beside greedy writing."""
    if not settings.with_plait:
        return []
    found = []
    for case in WRITTEN:
        found += [_beside_the_nearest(settings, case), *_by_beam(settings, case)]
    return [*found, *_by_encoders(settings)]


def _by_encoders(settings: Settings) -> list[Row]:
    """Measure names from pictures whose frozen vectors the network and the nearest row both see."""
    case = next(iter(WRITTEN))
    row = _beside_the_nearest(settings, case, encoders={"image": encoders()["image"]})
    return [replace(row, case=row.case.replace(",", ", frozen EfficientNet-Lite0,"))]


def _beside_the_nearest(settings: Settings, case: str, **options: Any) -> Row:
    """Measure the network beside the text of the nearest row, where both are candidates."""
    found = _fit(settings, case, **options)
    told = {one["name"]: one["metrics"] for one in found.model.records["metrics"]["candidates"]}
    row = _row(settings, f"{case}, the network alone", "chrF, rows set aside")
    note = f"{found.note}; what ships has {found.metrics['chrf']:.4f} on the test; CIDEr-D "
    ciders = (told.get(one, {}).get("cider_d") for one in ("deep", "nearest"))
    note += " and ".join("none" if one is None else f"{one:.3f}" for one in ciders)
    scored = row.scored(told.get("deep", {}).get("chrf", 0.0), found.seconds, note)
    nearest = told.get("nearest", {}).get("chrf")
    return replace(scored, peer="text of the nearest row", peer_value=nearest, target="> peer")


def _by_beam(settings: Settings, case: str) -> list[Row]:
    """Measure a beam beside greedy writing by one network, and what its confidence sorts."""
    found = _fit(settings, case, baselines=False)
    model, test = found.model, found.split.test
    true = test[WRITTEN[case][2]].to_pylist()
    judge = model.predictor.judge
    said = model.predict(test, beam=BEAM)["prediction"]
    greedy, wide = found.metrics, judge.metrics(_texts(said), _texts(true))
    note = "; ".join(
        f"{name} {greedy[name]:.4f} greedy, {wide[name]:.4f} by beam"
        for name in ("exact", "wer", "cer", "cider_d")
    )
    row = _row(settings, f"{case}, beam of {BEAM}", "chrF, test")
    beam = row.scored(wide["chrf"], found.seconds, note)
    scores = model.evaluate(test)
    row = _row(settings, f"{case}, the surer half", "mean chrF of a row, test")
    sure = row.scored(
        scores["surest_half"], found.seconds, f"calibration error {scores['ece']:.4f}"
    )
    every = judge.values(_texts(model.predict(test)["prediction"]), _texts(true), "chrf").mean()
    return [
        replace(beam, peer="greedy", peer_value=greedy["chrf"], target="> peer"),
        replace(sure, peer="all rows", peer_value=float(every), target="> peer"),
    ]


def _fit(settings: Settings, case: str, **options: Any) -> Outcome:
    column, modality, target = WRITTEN[case]
    table = _table(column, target)
    split = halves(table, target=target, validation=0.15, seed=settings.seed, quick=settings.quick)
    return fit_and_score(
        split, target=target, columns={column: modality, target: "text"},
        budget=settings.budget_or(BUDGET), seed=settings.seed, **options,
    )  # fmt: skip


def _table(column: str, target: str) -> pa.Table:
    """Return the two columns and a split: of names in two languages every fifth row is a test."""
    if target == "name":
        table = stickers().select([column, target, "split"])
        return table.filter(pc.is_valid(table[target]))
    table = sister_names()
    words = ["test" if row % 5 == 0 else "train" for row in range(table.num_rows)]
    return table.append_column("split", pa.array(words))


def _texts(values: Sequence[str]) -> np.ndarray:
    return np.array([*values, None], object)[:-1]


def _row(settings: Settings, case: str, metric: str) -> Row:
    return Row(benchmark="answers", case=case, metric=metric, seed=settings.seed)
