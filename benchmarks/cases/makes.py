"""Pictures that are made: clothes by their class."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.data import Split, halves
from benchmarks.data.fashion import LABELS, fashion
from benchmarks.fits import Outcome
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "2000 steps"
"""Work, not time: made pictures are worth the same on a machine that others share."""

NUM_MADE, JUDGE_EPOCHS = 10_000, 8
"""Clothes that are made, and passes of the classifier."""

MOST_LEARNED = 10_000
"""Training pictures, evenly taken, among which the nearest of a made one is looked for."""

WAYS: Mapping[str, Mapping[str, tuple[int | None, str]]] = {
    "flow": {
        "the usual steps": (None, ">= 0.92"),
        "8 steps": (8, ">= 0.92"),
        "2 steps": (2, ">= 0.85"),
        "1 step": (1, ""),
    },
    "gan": {"by the GAN, 1 step": (None, ">= 0.88")},
}
"""Generator -> what is asked of it -> steps, and agreement that is asked for."""


REFUSED = "a simple model ships: the network is refused, or does worse on rows held out"


def run(settings: Settings) -> list[Row]:
    """Measure the flow and the GAN; what is learned from holds no test row."""
    if not settings.with_plait:
        return []
    split = halves(
        fashion(), target="label", validation=1 / 12, seed=settings.seed, quick=settings.quick
    )
    columns = {"image": "image", "label": "category"}
    learned, num = _pixels(split.train), 100 if settings.quick else NUM_MADE
    judge = _judge(split.train, learned, settings)
    test = split.test.slice(0, num)
    true, rows = _pixels(test), list[Row]()
    right = float((judge(true[..., 0]) == _classes(test)).mean())
    note = f"a classifier that is right on {right:.1%} of the true ones"
    learned = learned[:: max(1, len(learned) // MOST_LEARNED)]
    for generator, ways in WAYS.items():
        budget = settings.budget_or(BUDGET)
        outcome = _fit(split, columns, budget, settings.seed, generator=generator)
        for words, (steps, target) in ways.items():
            of = _row(settings, outcome, f"Fashion-MNIST by class, {words}")
            if outcome.model.generator.config is None:
                rows.append(of("agreement", None, target, REFUSED))
                continue
            made, seconds = _made(outcome, test.select(["label"]), settings.seed, steps)
            agree = float((judge(made[..., 0]) == _classes(test)).mean())
            told = f"{note}; {len(made)} pictures, {1000 * seconds / len(made):.1f} ms each"
            rows += [of("agreement", agree, target, told), *_likeness(of, made, true, learned)]
    return rows


def _likeness(of: Any, made: np.ndarray, true: np.ndarray, learned: np.ndarray) -> list[Row]:
    """Return the rows that need no classifier, of pictures ``[row, height, width, 3]``."""
    from plait.modalities.drawn_sets import resampled
    from plait.modalities.image.scoring import compared
    from plait.modalities.image.sheet import copies
    from plait.modalities.target import metrics_by

    found = metrics_by(resampled, [compared(a, b) for a, b in zip(made, true, strict=True)])
    near = copies(list(made), list(true), list(learned))
    neighbours = "of each other's 3rd neighbour, in sets of 1,000"
    return [
        of("precision", found["precision"], ">= 0.6", neighbours),
        of("recall", found["recall"], ">= 0.6", neighbours),
        of("kernel distance", found["kid"], "", f"true halves {found['kid_true']:.5f}"),
        of("copy rate", near.rate, "", f"true ones {near.usual:.3f}"),
    ]


def _judge(table: pa.Table, pictures: np.ndarray, settings: Settings) -> Any:
    from benchmarks.peers.clothes import Judge

    return Judge(pictures[..., 0], _classes(table), epochs=JUDGE_EPOCHS, seed=settings.seed)


def _fit(split: Split, columns: dict[str, Any], budget: str, seed: int, **options: Any) -> Outcome:
    import plait

    table = plait.read(split.train, columns={**columns, "split": "split"})
    began = time.process_time()
    model = plait.fit(
        table, target="image", budget=budget, split="split", seed=seed, samples=False,
        encoders="none", **options,
    )  # fmt: skip
    seconds = time.process_time() - began
    return Outcome(model=model, split=split, metrics={}, seconds=seconds)


def _made(
    outcome: Outcome, table: pa.Table, seed: int, steps: int | None
) -> tuple[np.ndarray, float]:
    """Return a picture per row, uint8 ``[row, height, width, 3]``, and the CPU seconds it took."""
    from plait.modalities import Asked

    model = outcome.model
    prepared = model.prepare(model.as_table(table))
    began = time.process_time()
    found = model.generator.outputs(
        prepared, np.arange(table.num_rows), Asked(seed=seed, steps=steps, apart=True)
    )
    return np.stack(list(found["raw"])), time.process_time() - began


def _row(settings: Settings, outcome: Outcome, case: str) -> Any:
    summary = outcome.model.summary()

    def row(metric: str, value: float | None, target: str, note: str) -> Row:
        shipped = f"shipped: {summary['shipped']}, {summary['num_parameters'] or 0:,} parameters"
        return Row(
            benchmark="makes", case=case, metric=metric, value=value, target=target,
            seconds=outcome.seconds, seed=settings.seed, note=f"{note}; {shipped}",
        )  # fmt: skip

    return row


def _pixels(table: pa.Table) -> np.ndarray:
    cells = table["image"].to_pylist()
    return np.stack([np.asarray(Image.open(io.BytesIO(one)).convert("RGB")) for one in cells])


def _classes(table: pa.Table) -> np.ndarray:
    return np.array([LABELS.index(one) for one in table["label"].to_pylist()])
