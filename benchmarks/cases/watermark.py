"""The mark in pictures: how often it is found again, how faint it is, and in what it never lay."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from benchmarks.data.fashion import fashion
from benchmarks.data.given import signdigits
from benchmarks.data.stickers import stickers
from benchmarks.rows import Row
from benchmarks.settings import Settings
from plait.errors import UsageError
from plait.modalities.image.pixels import decoded
from plait.provenance.marking import LEAST_PX, Marked, mark
from plait.provenance.watermark import FALSE_POSITIVES, find_mark

SIDES = (64, 96, 128, 256)
NUM_MARKED, NUM_NOISE, NUM_CLOTHES = 100, 800, 400

Change = Callable[[np.ndarray], np.ndarray]


def run(settings: Settings) -> list[Row]:
    """Measure: pictures without a mark, and marked ones after what happens to pictures."""
    if not settings.with_plait:
        return []
    row = Row(benchmark="watermark", case="", metric="", seed=settings.seed)
    num = 10 if settings.quick else NUM_MARKED
    drawn = _stickers()
    found = _unmarked_rows(row, drawn, settings)
    for side in SIDES:
        found += _marked_rows(row, f"stickers at {side} px", _scaled(drawn, side, num))
    if settings.data is not None:
        photos = _photos(settings, num)
        found += _marked_rows(row, f"photos of hands, {photos[0].shape[0]} px", photos)
    return found


def _unmarked_rows(row: Row, drawn: Sequence[np.ndarray], settings: Settings) -> list[Row]:
    """Return how many pictures that nobody marked are called marked, and how near the nearest is to
    it."""
    rng = np.random.default_rng(settings.seed)
    kinds: Mapping[str, Iterator[np.ndarray]] = {
        "stickers": iter(drawn),
        "clothes, enlarged to 84 px": (
            decoded(one, None).repeat(3, 0).repeat(3, 1)
            for one in fashion()["image"].slice(0, NUM_CLOTHES).to_pylist()
        ),
        "noise, 32 to 128 px": (
            rng.integers(0, 256, (*rng.integers(32, 129, 2), 3), np.uint8) for _ in range(NUM_NOISE)
        ),
    }
    start, chances = time.process_time(), list[float]()
    for pictures in kinds.values():
        for number, one in enumerate(pictures):
            if number % (40 if settings.quick else 1) == 0:
                chances.append(find_mark(one).p_value)
    wrong = float(np.mean(np.array(chances) <= FALSE_POSITIVES))
    case = f"{len(chances):,} pictures without it: " + ", ".join(kinds)
    row = replace(row, case=case, seconds=time.process_time() - start)
    return [
        replace(row, metric="called marked", value=wrong, target="<= 0"),
        replace(row, metric="least chance of any, at most", value=min(chances)),
    ]


def _marked_rows(row: Row, case: str, pictures: Sequence[np.ndarray]) -> list[Row]:
    """Return how many hide a mark, how faint it is, and in how many of these it is found again."""
    start, marked = time.process_time(), list[Marked]()
    for one in pictures:
        try:
            marked.append(mark(one))
        except UsageError:
            continue
    row = replace(row, case=case, seconds=time.process_time() - start)
    rows = [replace(row, metric="hides a mark", value=len(marked) / len(pictures))]
    if not marked:
        return rows
    rows += [
        replace(row, metric="PSNR, median", value=float(np.median([one.psnr for one in marked]))),
        replace(row, metric="PSNR, least", value=min(one.psnr for one in marked), target=">= 33"),
        replace(row, metric="SSIM, median", value=float(np.median([one.ssim for one in marked]))),
        replace(row, metric="SSIM, least", value=min(one.ssim for one in marked)),
    ]
    for name, change in CHANGES.items():
        share = np.mean([find_mark(change(one.pixels)).marked for one in marked])
        target = ">= 1" if name in PROMISED else ""
        rows.append(replace(row, metric=f"found after {name}", value=float(share), target=target))
    return rows


def as_jpeg(pixels: np.ndarray, quality: int = 75) -> np.ndarray:
    """Return a picture as it comes out of a JPEG file."""
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        return np.array(Image.open(file).convert("RGB"))


def _cut(pixels: np.ndarray, share: float) -> np.ndarray:
    """Cut a share of the side off above and on the left."""
    return pixels[round(share * pixels.shape[0]) :, round(share * pixels.shape[1]) :]


def _by(pixels: np.ndarray, scale: float) -> np.ndarray:
    sides = [round(side * scale) for side in pixels.shape[1::-1]]
    return np.asarray(Image.fromarray(pixels).resize(sides, Image.Resampling.BICUBIC))


CHANGES: Mapping[str, Change] = {
    "JPEG 75": as_jpeg,
    "JPEG 75, a tenth cut off above, JPEG 75": lambda one: as_jpeg(
        as_jpeg(one)[round(0.1 * len(one)) :]
    ),
    "JPEG 75, a tenth cut off on the right, JPEG 75": lambda one: as_jpeg(
        as_jpeg(one)[:, : one.shape[1] - round(0.1 * one.shape[1])]
    ),
    "scaled to 0.8, JPEG 75": lambda one: as_jpeg(_by(one, 0.8)),
    "JPEG 75, a tenth cut off above and left, JPEG 75": lambda one: as_jpeg(
        _cut(as_jpeg(one), 0.1)
    ),
    "a quarter cut off above and left, JPEG 75": lambda one: as_jpeg(_cut(one, 0.25)),
    "scaled to 0.9, JPEG 75": lambda one: as_jpeg(_by(one, 0.9)),
    "scaled to 1.25, JPEG 75": lambda one: as_jpeg(_by(one, 1.25)),
    "JPEG 50": lambda one: as_jpeg(one, 50),
    "mirrored": lambda one: one[:, ::-1],
}
"""What happens to pictures, by name."""

PROMISED = tuple(CHANGES)[:4]


def _stickers() -> list[np.ndarray]:
    return [decoded(one, None) for one in stickers()["image"].to_pylist() if one]


def _scaled(pictures: Sequence[np.ndarray], side: int, num: int) -> list[np.ndarray]:
    some = pictures[:: max(1, len(pictures) // num)][:num]
    return [np.asarray(Image.fromarray(one).resize((side, side))) for one in some]


def _photos(settings: Settings, num: int) -> list[np.ndarray]:
    table, root = signdigits(settings.data)
    files = table["image"].to_pylist()
    read = [decoded((root / one).read_bytes(), None) for one in files[:: len(files) // num][:num]]
    return [one for one in read if min(one.shape[:2]) >= LEAST_PX]
