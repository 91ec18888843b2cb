"""The stickers that plait bundles, with two numbers measured on their pictures and names."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

INPUTS = {"image": "image", "name": "text", "tags": "text", "voice": "audio"}
"""Input columns and their modalities; ``subgroup`` gives the target away and is left out."""

TARGET = "group"


def stickers() -> pa.Table:
    """Return the inputs, ``group`` and ``split``: 997 + 213 + 215 rows."""
    import plait.demo

    table = pq.read_table(plait.demo.stickers())
    return table.select([*INPUTS, TARGET, "split"])


def with_numbers(table: pa.Table) -> pa.Table:
    """Return picture, name, group and split, and the numbers ``inked`` and ``letters``.

    ``inked`` is the share of the picture that is not white, ``letters`` the length of the name;
    each is missing where its source is.
    """
    inked = [None if cell is None else inked_share(cell) for cell in table["image"].to_pylist()]
    letters = [None if name is None else len(name) for name in table["name"].to_pylist()]
    kept = table.select(["image", "name", TARGET, "split"])
    return kept.append_column("inked", pa.array(inked)).append_column("letters", pa.array(letters))


def inked_share(png: bytes) -> float:
    """Return the share of a picture's pixels that are not white when laid on white."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    pixels = np.asarray(Image.alpha_composite(white, picture).convert("L"))
    return float((pixels < 250).mean())
