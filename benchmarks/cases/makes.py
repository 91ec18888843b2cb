"""Pictures that are made: clothes by their class, stickers by words that no fit was shown."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.data import Split, halves
from benchmarks.data.fashion import LABELS, fashion
from benchmarks.data.stickers import stickers
from benchmarks.fits import Outcome
from benchmarks.rows import Row
from benchmarks.settings import Settings

CLOTHES_BUDGET, STICKERS_BUDGET, SPACE_BUDGET = "2000 steps", "40 epochs", "25 epochs"
"""Work, not time: made pictures are worth the same on a machine that others share."""

NUM_MADE, JUDGE_EPOCHS, SIZE_PX, AMONG = 10_000, 8, 48, 50
"""Clothes that are made, passes of the classifier, a sticker's side, and names told apart."""

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

COLUMNS = {"image": {"modality": "image", "settings": {"size_px": SIZE_PX}}}


def run(settings: Settings) -> list[Row]:
    """Measure both; what is learned from holds no test row."""
    if not settings.with_plait:
        return []
    return [*_clothes(settings), *_stickers(settings)]


def _clothes(settings: Settings) -> list[Row]:
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
        budget = settings.budget_or(CLOTHES_BUDGET)
        outcome = _fit(split, columns, budget, settings.seed, generator=generator)
        for words, (steps, target) in ways.items():
            made, seconds = _made(outcome, test.select(["label"]), settings.seed, steps)
            agree = float((judge(made[..., 0]) == _classes(test)).mean())
            told = f"{note}; {len(made)} pictures, {1000 * seconds / len(made):.1f} ms each"
            of = _row(settings, outcome, f"Fashion-MNIST by class, {words}")
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


def _stickers(settings: Settings) -> list[Row]:
    split = halves(stickers(), target="group", validation=0.0, seed=settings.seed)
    kept = ["image", "name", "tags", "split"]
    split = Split(_complete(split.train.select(kept)), _complete(split.test.select(kept)))
    if settings.quick:
        split = Split(split.train.slice(0, 200), split.test.slice(0, AMONG))
    columns = {**COLUMNS, "name": "text", "tags": "text"}
    budget = settings.budget_or(STICKERS_BUDGET)
    outcome = _fit(split, columns, budget, settings.seed)
    made, seconds = _made(outcome, split.test.select(["name", "tags"]), settings.seed, None)
    space = _space(split, settings)
    names = split.test["name"].to_pylist()
    first, true = (
        _first_share(space, pictures, names, settings.seed)
        for pictures in ([_png(one) for one in made], split.test["image"].to_pylist())
    )
    of = _row(settings, outcome, f"stickers by name and tags, {SIZE_PX} px")
    chance = 1 / AMONG
    return [
        of("own name first of 50, times chance", first / chance, ">= 12",
           f"by plait's own space, to which true pictures are {true / chance:.1f}"),
        of("seconds a picture", seconds / len(made), "<= 0.5", f"{len(made)} together"),
    ]  # fmt: skip


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


def _space(split: Split, settings: Settings) -> Any:
    import plait

    table = plait.read(split.train, columns={**COLUMNS, "name": "text", "tags": "text"})
    return plait.fit(
        table, budget=settings.budget_or(SPACE_BUDGET), seed=settings.seed, encoders="none"
    )


def _first_share(space: Any, pictures: Sequence[bytes], names: Sequence[str], seed: int) -> float:
    """Return for what share of pictures the own name is nearest of `AMONG`, others drawn by lot."""
    seen = space.embed([{"image": one} for one in pictures])
    said = space.embed([{"name": one} for one in names])
    alike = seen @ said.T
    rng, right = np.random.default_rng(seed), 0
    for row in range(len(names)):
        others = rng.permutation(np.delete(np.arange(len(names)), row))[: AMONG - 1]
        right += bool(alike[row, row] > alike[row, others].max())
    return right / len(names)


def _row(settings: Settings, outcome: Outcome, case: str) -> Any:
    summary = outcome.model.summary()

    def row(metric: str, value: float, target: str, note: str) -> Row:
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


def _complete(table: pa.Table) -> pa.Table:
    there = [a is not None and b is not None for a, b in
             zip(table["image"].to_pylist(), table["name"].to_pylist(), strict=True)]  # fmt: skip
    return table.filter(pa.array(there))


def _png(raw: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(raw).save(buffer, "PNG")
    return buffer.getvalue()
