"""The shared space: retrieval, an emergent pair, labels saved, zero-shot, encoders' cache."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.data import halves
from benchmarks.data.backbones import encoders
from benchmarks.data.fashion import fashion
from benchmarks.data.series import series
from benchmarks.data.stickers import INPUTS, stickers
from benchmarks.labels import saved_rows
from benchmarks.retrieval import direction_rows, emergent_row, fit_space, sticker_items
from benchmarks.rows import Row
from benchmarks.settings import Settings

SPACE_BUDGET, SMALL_BUDGET = "4m", "40s"
FASHION_BUDGETS = {0.001: "100s", 0.01: "4m", 0.1: "100s"}
"""Share of the labels -> budget of each of the two fits."""

TEMPLATES = ("{}", "a picture of {}")
DESCRIBED = {
    "activities": "sport, ball, game, music, medal, party, gift, celebration",
    "animals-nature": "animal, bird, fish, insect, plant, flower, tree, cat, dog",
    "food-drink": "fruit, vegetable, dessert, sweet, meal, bread, drink, cup",
    "objects": "tool, clothing, instrument, computer, phone, paper, book, money",
    "people-body": "person, human, woman, man, boy, girl, hand, finger, worker",
    "smileys-emotion": "face, smile, happy, sad, angry, love, heart",
    "symbols": "arrow, sign, button, zodiac, square, circle, latin letter",
    "travel-places": "building, house, vehicle, car, train, weather, sky, clock",
}
"""Words by which a person might describe each group; written once, by someone who had seen the
most frequent tags of all stickers, and not tuned on the held-out ones."""


def run(settings: Settings) -> list[Row]:
    """Measure everything; plait is needed, its peers are closed-form or plait itself."""
    if not settings.with_plait:
        return []
    rows, models = direction_rows(settings, SPACE_BUDGET)
    rows.append(emergent_row(settings, SPACE_BUDGET, models["frozen"]))
    tagged = sticker_items(settings.seed, quick=settings.quick, extra=("tags",)).learn
    scratch, _ = fit_space(tagged, settings.budget_or(SPACE_BUDGET), settings.seed)
    rows += _zero_shot(models | {"from scratch, with tags": scratch}, settings)
    rows += _fashion(settings)
    rows += _small(settings)
    rows.append(_cache(settings))
    return rows


def _fashion(settings: Settings) -> list[Row]:
    table = fashion()
    split = halves(table, target="label", validation=0.0, seed=settings.seed, quick=settings.quick)
    rows = []
    for share in (0.01,) if settings.quick else FASHION_BUDGETS:
        rows += saved_rows(
            "Fashion-MNIST",
            split.train.select(["image", "label"]),
            split.test.select(["image", "label"]),
            target="label",
            columns={"image": "image", "label": "category"},
            budget=settings.budget_or(FASHION_BUDGETS[share]),
            seed=settings.seed,
            share=share,
            times=1,
            gain=0.05 if share == 0.01 else 0.0,
        )
    return rows


def _small(settings: Settings) -> list[Row]:
    rows = []
    for name in ("BasicMotions", "JapaneseVowels"):
        split = halves(series(name), target="label", validation=0.0, seed=settings.seed)
        rows += saved_rows(
            name,
            split.train.select(["series", "label"]),
            split.test.select(["series", "label"]),
            target="label",
            columns={"series": "series", "label": "category"},
            budget=settings.budget_or(SMALL_BUDGET),
            seed=settings.seed,
            share=0.1,
            times=3,
        )
    split = halves(stickers(), target="group", validation=0.0, seed=settings.seed)
    kept = [*INPUTS, "group"]
    for name, pretrained in (("stickers", None), ("stickers with frozen encoders", encoders())):
        rows += saved_rows(
            name,
            split.train.select(kept),
            split.test.select(kept),
            target="group",
            columns={**INPUTS, "group": "category"},
            budget=settings.budget_or(SMALL_BUDGET),
            seed=settings.seed,
            share=0.1,
            times=3,
            encoders=pretrained,
        )
    return rows


def _zero_shot(models: Mapping[str, Any], settings: Settings) -> list[Row]:
    """Return zero-shot accuracy on the groups of held-out stickers."""
    from plait.recipes.zero_shot import zero_shot

    items = sticker_items(settings.seed, quick=settings.quick, extra=("tags", "group"))
    truth = np.array(items.test["group"].to_pylist(), object)
    names = {name: [name.replace("-", " ")] for name in DESCRIBED}
    words = {name: text.split(", ") for name, text in DESCRIBED.items()}
    rows = []
    for case, model in models.items():
        for how, classes in (("names", names), ("descriptions", words)):
            answer = zero_shot(model, items.test, classes=classes, templates=TEMPLATES)
            right = np.array(answer.columns["prediction"], object) == truth
            rows.append(
                Row(
                    benchmark="space",
                    case=f"zero-shot groups by {how}, {case}",
                    metric="accuracy",
                    value=float(right.mean()),
                    peer="chance",
                    peer_value=1 / len(names),
                    target=">= 3 x peer" if case.startswith("from scratch") else "",
                    seed=settings.seed,
                    note=f"{len(names)} groups, {len(truth)} held-out items",
                )
            )
    return rows


def _cache(settings: Settings) -> Row:
    """Return how much faster a second fit with frozen encoders is, both of one step."""
    items = sticker_items(settings.seed, quick=settings.quick)
    seconds = []
    before = os.environ.get("PLAIT_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLAIT_CACHE"] = folder
        try:
            for _ in range(2):
                start = time.monotonic()
                prepared_with_encoders(items.learn)
                seconds.append(time.monotonic() - start)
        finally:
            os.environ.pop("PLAIT_CACHE")
            if before is not None:
                os.environ["PLAIT_CACHE"] = before
    return Row(
        benchmark="space",
        case="frozen encoders, second fit over the same data",
        metric="times faster until training starts",
        value=seconds[0] / seconds[1],
        target=">= 10",
        seconds=seconds[0],
        seed=settings.seed,
        note=f"{seconds[0]:.1f} s, then {seconds[1]:.2f} s",
    )


def prepared_with_encoders(table: Any) -> None:
    """Do what a fit does before it trains: read, decode, encode."""
    import plait
    from plait.fitting.setup.fit_settings import Rows
    from plait.fitting.setup.problem import make_problem
    from plait.progress import SILENT

    make_problem(
        plait.read(table, columns={"image": "image", "name": "text", "voice": "audio"}),
        target=None,
        exclude=(),
        rows=Rows(split="split"),
        seed=0,
        progress=SILENT,
        encoders=encoders(),
    )
