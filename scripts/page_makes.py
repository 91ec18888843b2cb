"""Makes README's sheet of made pictures: clothes by their class, labelled, with its notice."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw, ImageFont

import plait
from plait.modalities import Asked
from plait.modalities.image.sheet import sheet
from plait.recipes.notices import notice_of, stamped

NUM_EACH, NUM_LEARNED, NUM_HELD, NUM_COLOURS = 12, 20_000, 200, 64
NAME_PX, FONT_PX, SHADE = 96, 15, (29, 35, 48)
SEED = 1


def make_sheet(out: Path, budget: str) -> bytes:
    """Return the sheet as PNG: a line of pictures for each class, drawn by one model.

    Args:
        out: Folder of the bundle, which is fitted once.
        budget: Of the fit.
    """
    from benchmarks.data.fashion import LABELS

    bundle = out / "clothes.plait"
    if not bundle.exists():
        columns = {"image": "image", "label": "category", "split": "split"}
        plait.fit(
            plait.read(_clothes(), columns=columns), target="image", split="split",
            budget=budget, out=bundle, samples=False, encoders="none",
        )  # fmt: skip
    model = plait.load(bundle)
    lines = [_line(model, label) for label in LABELS]
    height, width = lines[0].shape[:2]
    whole = Image.new("RGB", (NAME_PX + width, height * len(lines)), "white")
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(FONT_PX)
    for number, (label, line) in enumerate(zip(LABELS, lines, strict=True)):
        middle = number * height + height // 2
        whole.paste(Image.fromarray(line), (NAME_PX, number * height))
        pen.text((NAME_PX - 8, middle), label, SHADE, font, anchor="rm")
    buffer = io.BytesIO()
    whole.quantize(NUM_COLOURS).save(buffer, "PNG", optimize=True)
    asked = Asked(temperature=1.0, seed=SEED)
    return stamped(buffer.getvalue(), ".png", notice_of(model, "image", asked))


def _clothes() -> pa.Table:
    """Return training rows alone, a few of which choose what ships."""
    from benchmarks.data.fashion import fashion

    table = fashion()
    parts = np.array(table["split"].to_pylist())
    rows = np.flatnonzero(parts == "train")[:NUM_LEARNED]
    words = ["validation" if row < NUM_HELD else "train" for row in range(len(rows))]
    kept = table.take(pa.array(rows)).select(["image", "label"])
    return kept.append_column("split", pa.array(words))


def _line(model: plait.Model, label: str) -> np.ndarray:
    """Return pictures of a class side by side."""
    made = plait.generate(model, given={"label": label}, n=NUM_EACH, seed=SEED)["prediction"]
    pictures = [np.asarray(Image.open(io.BytesIO(one.content)).convert("RGB")) for one in made]
    return sheet([[one] for one in pictures], NUM_EACH)
