"""OpenCV's template matching: every sticker, at some sizes and turns, laid over every place."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import numpy as np
from PIL import Image

from benchmarks.peers.result import PeerResult, timed

SIDES, TURNS = (32, 40, 48, 56, 64), (-10, 0, 10)
MOST_OF_ONE = 5
LEAST_SCORE = 0.4


def template_peer(
    pictures: Sequence[bytes], truth: Sequence[str], stickers: dict[str, Image.Image]
) -> PeerResult:
    """Return the mAP 50 of normalised cross-correlation with masks, the best places of each kind.

    It learns nothing: it is given the very stickers. Needs opencv-python-headless.
    """
    from plait.modalities import Media, find_codec

    codec = find_codec("boxes")()
    names = list(stickers)

    def score() -> float:
        from pathlib import Path

        media = Media(Path.cwd())
        true = [codec.read(cell, media) for cell in truth]
        fitted = codec.fit(true)
        templates = {name: _templates(stickers[name]) for name in names}
        said = [codec.read(_found(png, templates), media) for png in pictures]
        compared = [fitted.compare(a, b) for a, b in zip(said, true, strict=True)]
        return fitted.metrics(compared)["map50"]

    return timed("OpenCV template matching", score)


def _templates(sticker: Image.Image) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pixels and masks, float32, of a sticker at every size and turn."""
    found = []
    for side in SIDES:
        factor = side / max(sticker.size)
        size = max(1, round(sticker.width * factor)), max(1, round(sticker.height * factor))
        for turn in TURNS:
            turned = sticker.resize(size).rotate(turn, expand=True)
            turned = turned.crop(turned.getbbox())
            pixels = np.asarray(turned, np.float32)
            mask = (pixels[..., 3:] > 127).astype(np.float32).repeat(3, -1)
            found.append((np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(mask)))
    return found


def _found(png: bytes, templates: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> str:
    """Return the best places of every kind as a cell of boxes."""
    import cv2

    from plait.modalities.boxes.matching import distinct

    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float32)
    told = []
    for name, every in templates.items():
        boxes, scores = [], []
        for pixels, mask in every:
            height, width = pixels.shape[:2]
            near = cv2.matchTemplate(picture, pixels, cv2.TM_CCOEFF_NORMED, mask=mask)
            near = np.where(np.isfinite(near), near, 0.0)
            for place in np.argsort(-near, axis=None)[:MOST_OF_ONE]:
                top, left = np.unravel_index(place, near.shape)
                boxes.append([left, top, left + width, top + height])
                scores.append(float(near[top, left]))
        order = np.argsort(-np.array(scores), kind="stable")
        corners, sure = np.array(boxes, float)[order], np.array(scores)[order]
        kept = distinct(corners, np.zeros(len(corners), int), 0.4, MOST_OF_ONE)
        told += [
            {"class": name, "bbox": [*corners[i, :2], *(corners[i, 2:] - corners[i, :2])],
             "score": float(np.clip(sure[i], 0, 1))}
            for i in kept if sure[i] >= LEAST_SCORE
        ]  # fmt: skip
    return json.dumps(told)
