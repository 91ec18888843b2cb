"""Pictures of stickers that no fit was shown, drawn by words, by voice, and from sketches."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image, ImageChops, ImageFilter

from benchmarks.data import Split, halves
from benchmarks.data.backbones import encoders, minilm
from benchmarks.data.stickers import stickers
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET, JUDGE_BUDGET = "80 epochs", "25 epochs"
"""Work, not time: made pictures are worth the same on a machine that others share."""

SIZE_PX, AMONG, STRENGTH = 48, 50, 0.6
"""A sticker's side, things told apart, and how much noise is laid over a sketch."""

PICTURE = {"modality": "image", "settings": {"size_px": SIZE_PX}}
WORDS = ("name", "tags")


def run(settings: Settings) -> list[Row]:
    """Measure; what is learned from holds no test row."""
    if not settings.with_plait:
        return []
    split = _split(settings)
    space = _space(split, settings)
    rows = []
    for how, given in _ways().items():
        drawer = _Drawer.of(split, ("name", "tags", "voice"), given, settings)
        rows += _told(drawer, how, space, settings)
        if given == "none":
            rows += _sketched(drawer, "begun at", space, settings)
    drawer = _Drawer.of(split, ("sketch", *WORDS), "none", settings)
    return [*rows, *_sketched(drawer, "as a column", space, settings)]


def _ways() -> Mapping[str, Any]:
    return {"from scratch": "none", "words by a frozen encoder": {"text": str(minilm())}}


@dataclass(frozen=True)
class _Drawer:
    """A fit that draws pictures, and the rows it was never shown."""

    model: Any
    test: pa.Table
    seconds: float

    @classmethod
    def of(cls, split: Split, inputs: Sequence[str], encoders: Any, settings: Settings) -> _Drawer:
        """Learn to draw a picture by some of the other columns."""
        import plait

        usual = {"image": PICTURE, "sketch": PICTURE, "voice": "audio", "split": "split"}
        columns = {name: usual.get(name, "text") for name in ("image", *inputs, "split")}
        table = plait.read(split.train.select(list(columns)), columns=columns)
        began = time.process_time()
        model = plait.fit(
            table, target="image", budget=settings.budget_or(BUDGET), split="split",
            seed=settings.seed, samples=False, encoders=encoders,
        )  # fmt: skip
        return cls(model, split.test, time.process_time() - began)

    def draw(self, names: Sequence[str], seed: int, **asked: Any) -> tuple[list[np.ndarray], float]:
        """Return a picture for each test row by some of its columns, and the CPU seconds."""
        from plait.modalities import Asked

        prepared = self.model.prepare(self.model.as_table(self.test.select(list(names))))
        began = time.process_time()
        found = self.model.generator.outputs(
            prepared, np.arange(self.test.num_rows), Asked(seed=seed, apart=True, **asked)
        )
        return list(found["raw"]), time.process_time() - began

    def draw_from(self, cells: Sequence[bytes], seed: int) -> list[np.ndarray]:
        """Return a picture for each test row by its words, each begun at a cell."""
        from plait.modalities import Asked

        prepared = self.model.prepare(self.model.as_table(self.test.select(list(WORDS))))
        made = []
        for row, pixels in enumerate(self.read(cells)):
            asked = Asked(seed=seed, begin={"pixels": pixels}, strength=STRENGTH)
            made += list(self.model.generator.outputs(prepared, np.array([row]), asked)["raw"])
        return made

    def read(self, cells: Sequence[bytes]) -> list[np.ndarray]:
        """Return pictures as the target's codec reads them, uint8 ``[height, width, 3]``."""
        from plait.modalities.media import Media

        codec, media = self.model.target_codec, Media(None)
        return [codec.prepare(codec.read(one, media))["pixels"] for one in cells]


def _told(drawer: _Drawer, how: str, space: Any, settings: Settings) -> list[Row]:
    """Draw by words alone, and by a spoken name alone; see whose name the picture is nearest to."""
    rows, chance = [], 1 / AMONG
    names = space.embed([{"name": one} for one in drawer.test["name"].to_pylist()])
    true = _first(_seen(space, drawer.test["image"].to_pylist()), names, settings.seed) / chance
    for said, given, target in (("words", WORDS, ">= 12"), ("a spoken name", ("voice",), ">= 8")):
        made, seconds = drawer.draw(given, settings.seed)
        first = _first(_seen(space, map(_png, made)), names, settings.seed)
        of = _row(settings, drawer, f"stickers by {said}, {how}")
        rows.append(
            of("own name first of 50, times chance", first / chance, target,
               f"true pictures {true:.1f}; {len(made)} pictures, {seconds / len(made):.3f} s each")
        )  # fmt: skip
    rows.append(of("seconds a picture", seconds / len(made), "<= 0.5", ""))
    return rows


def _sketched(drawer: _Drawer, how: str, space: Any, settings: Settings) -> list[Row]:
    """Draw by edges: how like the true picture, and whether it is found by what is drawn."""
    from plait.provenance.marking import ssim

    true, edges = (drawer.test[name].to_pylist() for name in ("image", "sketch"))
    if how == "begun at":
        made = drawer.draw_from(edges, settings.seed)
    else:
        made, _ = drawer.draw(("sketch", *WORDS), settings.seed)
    seen = _seen(space, true)
    first, bare = (
        _first(_seen(space, some), seen, settings.seed) for some in (map(_png, made), edges)
    )
    truth = drawer.read(true)
    like, edges_like = (
        float(np.mean([ssim(a, b) for a, b in zip(some, truth, strict=True)]))
        for some in (made, drawer.read(edges))
    )
    of = _row(settings, drawer, f"stickers by words and edges, {how}")
    return [
        of("the true picture first of 50", first, ">= 0.6", f"by the edges themselves {bare:.2f}"),
        of("structural similarity", like, f">= {edges_like:.4f}", "asked: above that of the edges"),
    ]


def _split(settings: Settings) -> Split:
    """Return stickers that have a picture and a name, with the edges of each picture."""
    split = halves(stickers(), target="group", validation=0.0, seed=settings.seed)
    split = Split(_complete(split.train), _complete(split.test))
    if settings.quick:
        split = Split(split.train.slice(0, 200), split.test.slice(0, AMONG))
    return split


def _complete(table: pa.Table) -> pa.Table:
    pairs = zip(table["image"].to_pylist(), table["name"].to_pylist(), strict=True)
    table = table.filter(pa.array([a is not None and b is not None for a, b in pairs]))
    return table.append_column("sketch", pa.array(map(edges_of, table["image"].to_pylist())))


def edges_of(cell: bytes) -> bytes:
    """Return the edges of a picture that lies on white, dark on white, as PNG."""
    picture = Image.open(io.BytesIO(cell)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    grey = Image.alpha_composite(white, picture).convert("L")
    edges = ImageChops.invert(grey.filter(ImageFilter.FIND_EDGES)).convert("RGB")
    return _png(np.asarray(edges))


def _space(split: Split, settings: Settings) -> Any:
    """Return a shared space with frozen encoders, of the same training rows: it judges."""
    import plait

    columns = {"image": PICTURE, **dict.fromkeys(WORDS, "text")}
    table = plait.read(split.train.select(list(columns)), columns=columns)
    return plait.fit(
        table, budget=settings.budget_or(JUDGE_BUDGET), seed=settings.seed, encoders=encoders()
    )


def _seen(space: Any, pictures: Any) -> np.ndarray:
    return np.asarray(space.embed([{"image": one} for one in pictures]))


def _first(seen: np.ndarray, wanted: np.ndarray, seed: int) -> float:
    """Return for what share of rows their own vector is the nearest of `AMONG`, others by lot."""
    alike = seen @ wanted.T
    rng, right = np.random.default_rng(seed), 0
    for row in range(len(wanted)):
        others = rng.permutation(np.delete(np.arange(len(wanted)), row))[: AMONG - 1]
        right += bool(alike[row, row] > alike[row, others].max())
    return right / len(wanted)


def _png(raw: np.ndarray) -> bytes:
    with io.BytesIO() as file:
        Image.fromarray(raw).save(file, "PNG")
        return file.getvalue()


def _row(settings: Settings, drawer: _Drawer, case: str) -> Any:
    summary = drawer.model.summary()

    def row(metric: str, value: float, target: str, note: str) -> Row:
        shipped = f"shipped: {summary['shipped']}, {summary['num_parameters'] or 0:,} parameters"
        return Row(
            benchmark="draws", case=case, metric=metric, value=value, target=target,
            seconds=drawer.seconds, seed=settings.seed,
            note="; ".join(filter(None, [note, shipped])),
        )  # fmt: skip

    return row
