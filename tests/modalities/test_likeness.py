"""Likeness of pictures, vectors and sketches: light edits are found, other things are not."""

import io

import numpy as np
import pytest
from PIL import Image

from plait.modalities import find_codec
from plait.modalities.alignment import difference
from plait.modalities.image.sketch import fingerprint_pictures
from plait.modalities.likeness import sign_code, smoothed

RNG = np.random.default_rng(0)


def scene(seed: int, size: int = 96) -> np.ndarray:
    """Return a picture: soft blobs of colour, a few of them, on a background."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, : size + 16] / size
    picture = np.full((size, size + 16, 3), rng.uniform(60, 190, 3))
    for _ in range(7):
        centre, reach = rng.uniform(0, 1, 2), rng.uniform(0.05, 0.25)
        blob = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / reach**2)
        picture += blob[..., None] * rng.uniform(-90, 90, 3)
    return picture.clip(0, 255).astype(np.uint8)


def encoded(pixels: np.ndarray, **options) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, **options)
    return np.array(Image.open(buffer).convert("RGB"))


EDITS = {
    "jpeg": lambda p: encoded(p, format="JPEG", quality=50),
    "webp": lambda p: encoded(p, format="WEBP", quality=60),
    "smaller": lambda p: np.array(Image.fromarray(p).resize((70, 60))),
    "cropped": lambda p: p[4:-2, 3:-5],
    "brighter": lambda p: (p * 1.1 + 10).clip(0, 255).astype(np.uint8),
}


def alike(first: np.ndarray, second: np.ndarray) -> bool:
    codec = find_codec("image")()
    one, other = codec.fingerprint(first), codec.fingerprint(second)
    return codec.alike(one.sketch, other.sketch)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_picture_is_alike(edit):
    found = [alike(scene(seed), edit(scene(seed))) for seed in range(8)]
    assert sum(found) >= 7


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_picture_is_proposed(edit):
    codec = find_codec("image")()
    bits = lambda p: np.unpackbits(np.frombuffer(codec.fingerprint(p).code, np.uint8))  # noqa: E731
    assert all((bits(scene(s)) != bits(edit(scene(s)))).sum() <= 40 for s in range(8))


def test_other_pictures_are_not_alike():
    pictures = [scene(seed) for seed in range(12)]
    assert not any(alike(pictures[i], pictures[j]) for i in range(12) for j in range(i))


def test_a_small_thing_before_one_background_makes_another_picture():
    first, second = scene(3), scene(3)
    second[40:52, 30:42] = 255 - second[40:52, 30:42].mean((0, 1)).astype(np.uint8)
    assert not alike(first, second)


def test_another_colour_makes_another_picture():
    shirt = np.full((60, 60, 3), 255, np.uint8)
    shirt[15:45, 20:40] = (200, 40, 40)
    other = shirt.copy()
    other[15:45, 20:40] = (40, 91, 200)
    assert not alike(shirt, other)


def test_a_blank_picture_has_no_copies():
    assert find_codec("image")().fingerprint(np.full((9, 9, 3), 200, np.uint8)) is None


def one_by_one(raw: np.ndarray) -> tuple[bytes, bytes] | None:
    """Code and sketch of a picture, every step by Pillow on this picture alone."""
    small = Image.fromarray(raw).resize((24, 24), Image.Resampling.BILINEAR)
    grey = np.asarray(small.convert("L"))
    if grey.std() < 3:
        return None
    colours = small.resize((6, 6), Image.Resampling.BOX).convert("YCbCr")
    aspect = np.array([np.log(raw.shape[1] / raw.shape[0])], np.float16)
    levels = Image.fromarray(grey.astype(np.float32)).resize((8, 8), Image.Resampling.BILINEAR)
    coarse = np.array(levels)
    sketch = aspect.tobytes() + grey.tobytes() + np.asarray(colours)[..., 1:].tobytes()
    return sign_code((coarse - coarse.mean()).ravel()), sketch


def test_fingerprints_of_many_pictures_are_those_of_each():
    sizes = [(28, 28), (24, 24), (96, 112), (300, 20), (9, 7), (7, 9), (60, 1), (1, 5), (24, 40)]
    raws = []
    for number in range(200):
        height, width = sizes[number % len(sizes)]
        coarse = RNG.integers(0, 256, (5, 5, 3), np.uint8)
        raw = np.asarray(Image.fromarray(coarse).resize((width, height)))
        raw = raw // 64 + RNG.integers(0, 8, raw.shape, np.uint8) if number % 7 == 0 else raw
        raws.append(raw[..., :1].repeat(3, -1) if number % 3 == 0 else raw)
    found = fingerprint_pictures(raws)
    told = [None if one is None else (one.code, one.sketch) for one in found]
    assert told == [one_by_one(raw) for raw in raws] and fingerprint_pictures([]) == []
    assert 0 < told.count(None) < 60


def test_vectors_are_alike_in_one_direction_and_length():
    codec = find_codec("vector")()
    one, two = RNG.normal(size=(2, 1, 300)).astype(np.float32)
    mine, near, longer, other = (
        codec.fingerprint(v).sketch for v in (one, one + 0.01 * two, 2 * one, two)
    )
    assert codec.alike(mine, near)
    assert not codec.alike(mine, longer) and not codec.alike(mine, other)
    assert codec.fingerprint(np.ones((1, 3), np.float32)) is None


def test_codes_differ_in_the_share_of_the_angle():
    one, two = RNG.normal(size=(2, 60))
    between = one / np.linalg.norm(one) + 0.3 * two / np.linalg.norm(two)
    cosine = between @ one / np.linalg.norm(between) / np.linalg.norm(one)
    first, second = (np.unpackbits(np.frombuffer(sign_code(v), np.uint8)) for v in (one, between))
    assert (first != second).mean() == pytest.approx(np.arccos(cosine) / np.pi, abs=0.06)


def test_a_moved_and_stretched_sketch_is_laid_back():
    y, x = np.mgrid[-1:1:24j, -1:1:24j]
    shape = lambda y, x: 50 * np.sin(4 * y + x) + 40 * np.cos(5 * x - y)  # noqa: E731
    fixed, moved = shape(y, x), 1.2 * shape(1.05 * y + 0.08, 0.96 * x - 0.06) + 7
    left = difference(smoothed(fixed, (0, 1)), smoothed(moved, (0, 1)), axes=(0, 1), hopeless=1.0)
    assert left.level < 0.02 and left.detail < 0.05
    assert left.stretch == pytest.approx((1 / 1.05, 1 / 0.96), abs=0.01)
