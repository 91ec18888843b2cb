"""Stickers that move in eight ways: short clips of the stickers that plait bundles."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.data.stickers import stickers
from benchmarks.data.tables import cached

MOTIONS: Mapping[str, tuple[float, float, float, float]] = {
    "right": (1.0, 0.0, 0.0, 1.0),
    "left": (-1.0, 0.0, 0.0, 1.0),
    "down": (0.0, 1.0, 0.0, 1.0),
    "up": (0.0, -1.0, 0.0, 1.0),
    "clockwise": (0.0, 0.0, -150.0, 1.0),
    "anticlockwise": (0.0, 0.0, 150.0, 1.0),
    "grows": (0.0, 0.0, 0.0, 2.0),
    "shrinks": (0.0, 0.0, 0.0, 0.5),
}
"""Motion -> how far it goes from the first frame to the last, to the right and down, in units of
`PATH_PX`; by how many degrees it turns; and how many times as large it is at the end."""

NUM_FRAMES, SIZE_PX, SECONDS = 16, 32, 2.0
STICKER_PX, PATH_PX = 22, 10
"""Side of a sticker, and how far one goes that goes somewhere."""

NUM_TAKES, NUM_HELD = 2, 64
"""Motions of each sticker that is learned from, by lot; and validation rows, of one each."""

JITTER_PX = 1.5


def moving_stickers() -> pa.Table:
    """Return columns ``clip`` (MP4 bytes), ``first`` (PNG bytes of its first frame), ``kind`` (one
    of eight), ``motion`` (one of `MOTIONS`), ``name`` and ``split``: about 2,200 rows."""
    return cached("moving-stickers", _make)


def _make() -> pa.Table:
    from plait.modalities.video.encoding import encode_mp4

    rng, names = np.random.default_rng(0), list(MOTIONS)
    columns: dict[str, list[object]] = {
        one: [] for one in ("clip", "first", "kind", "motion", "name", "split")
    }
    num_held = 0
    for row in stickers().to_pylist():
        num_held += row["split"] == "validation"
        if row["image"] is None or (row["split"] == "validation" and num_held > NUM_HELD):
            continue
        num = NUM_TAKES if row["split"] == "train" else 1
        for motion in rng.permutation(names)[:num]:
            frames = moved(_upright(row["image"]), str(motion), rng)
            columns["clip"].append(encode_mp4(frames, SECONDS))
            columns["first"].append(_png(frames[0]))
            columns["motion"].append(str(motion))
            columns["kind"].append(row["group"])
            columns["name"].append(row["name"])
            columns["split"].append(row["split"])
    return pa.table(columns)


def moved(sticker: Image.Image, motion: str, rng: np.random.Generator) -> np.ndarray:
    """Return a sticker that moves, uint8 ``[frame, height, width, 3]``, on white.

    Args:
        sticker: With transparency.
        motion: A key of `MOTIONS`.
        rng: Of where it is about.
    """
    right, down, turn, times = MOTIONS[motion]
    middle = SIZE_PX / 2 + rng.uniform(-JITTER_PX, JITTER_PX, 2)
    frames = []
    for share in np.linspace(0.0, 1.0, NUM_FRAMES):
        scale = times ** (share - 0.5) if times != 1.0 else 1.0
        side = max(2, round(STICKER_PX * scale))
        place = middle + (share - 0.5) * PATH_PX * np.array([right, down])
        drawn = sticker.rotate(turn * share, Image.Resampling.BICUBIC).resize(
            (side, side), Image.Resampling.LANCZOS
        )
        ground = Image.new("RGBA", (SIZE_PX, SIZE_PX), "white")
        corner = np.rint(place - side / 2).astype(int)
        ground.alpha_composite(_on(drawn, corner))
        frames.append(np.asarray(ground.convert("RGB")))
    return np.stack(frames)


def _on(drawn: Image.Image, corner: np.ndarray) -> Image.Image:
    whole = Image.new("RGBA", (SIZE_PX, SIZE_PX), (255, 255, 255, 0))
    whole.paste(drawn, (int(corner[0]), int(corner[1])))
    return whole


def _upright(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGBA")


def _png(frame: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "PNG")
    return buffer.getvalue()
