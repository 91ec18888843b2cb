"""Pictures laid together of several rows': every box is where its thing is, and what is hidden is
none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from plait.data.together import varied_together
from plait.modalities import find_codec
from plait.modalities.boxes import together
from plait.modalities.boxes.boxes import Boxes
from plait.modalities.collage import Piece
from plait.modalities.image.codec import ImageCodec
from plait.modalities.image.laid import laid

HEIGHT, WIDTH, ROWS = 96, 128, 6
COLOURS = [(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)][1:7]
"""A colour, and a class, for each row: its squares have no other's."""


def planted(row, rng):
    """A grey picture of two squares of the row's colour and their boxes."""
    pixels, corners = np.full((HEIGHT, WIDTH, 3), 128, np.uint8), []
    for left, top in ((8, 8), (70, 50)):
        x, y = left + int(rng.integers(0, 20)), top + int(rng.integers(0, 12))
        side = int(rng.integers(14, 24))
        pixels[y : y + side, x : x + side] = COLOURS[row]
        corners.append([x, y, x + side, y + side])
    names = (f"colour {row}",) * 2
    return pixels, Boxes(names, np.array(corners, float), None, (WIDTH, HEIGHT))


@pytest.fixture
def rows():
    rng = np.random.default_rng(4)
    pictures, boxes = zip(*(planted(row, rng) for row in range(ROWS)), strict=True)
    image = ImageCodec(canvas_px=WIDTH).fit(pictures)
    codec = find_codec("boxes")().fit(boxes)
    return image, codec, [*map(image.prepare, pictures)], [*map(codec.prepare, boxes)]


def only(monkeypatch, *, mosaics, pasted):
    monkeypatch.setattr(together, "MOSAICS", mosaics)
    monkeypatch.setattr(together, "PASTED", pasted)


def varied(rows, seed):
    image, codec, pictures, boxes = rows
    vary = varied_together({"picture": image}, "boxes", codec)
    found = vary({"picture": pictures, "boxes": boxes}, np.random.default_rng(seed))
    return found["picture"], found["boxes"]


def coloured(canvas, label):
    """Which pixels are of a class's colour, or nearly."""
    return np.abs(canvas.astype(int) - COLOURS[label - 1]).max(-1) < 60


def looked_at(pictures, boxes, slack):
    """Compare each box with the pixels of its colour near it; return how many were compared.

    Not those with another of their colour so near that pixels do not tell them apart.
    """
    num = 0
    for picture, found in zip(pictures, boxes, strict=True):
        canvas, labels = picture["canvas"], found["labels"]
        assert canvas.shape == (HEIGHT, WIDTH, 3)
        assert picture["frame"].tolist() == [[1, 0, 0], [0, 1, 0]]
        every = found["corners"] / np.tile(found["size"], 2) * np.tile([WIDTH, HEIGHT], 2)
        for place in np.flatnonzero(labels):
            box, others = (
                every[place],
                np.delete(every, place, 0)[np.delete(labels, place) == labels[place]],
            )
            low, high = np.maximum(box[:2].astype(int) - 3, 0), box[2:].astype(int) + 4
            if ((others[:, :2] < high) & (others[:, 2:] > low)).all(1).any():
                continue
            y, x = np.nonzero(coloured(canvas, labels[place])[low[1] : high[1], low[0] : high[0]])
            at = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1]) + np.tile(low, 2)
            np.testing.assert_allclose(at, box, atol=slack)
            num += 1
    return num


def test_boxes_of_a_mosaic_are_where_their_things_are(rows, monkeypatch):
    only(monkeypatch, mosaics=1.0, pasted=0.0)
    num = sum(looked_at(*varied(rows, seed), 1.6) for seed in range(8))
    assert num > 100


def test_boxes_of_what_is_pasted_are_where_it_is(rows, monkeypatch):
    only(monkeypatch, mosaics=0.0, pasted=1.0)
    monkeypatch.setattr(together, "MOST_HIDDEN", 0.0)
    found = [varied(rows, seed) for seed in range(8)]
    assert sum(looked_at(*one, 1.6) for one in found) > 2 * ROWS * 8 + 40
    foreign = [
        set(boxes["labels"]) - {row + 1} for _, some in found for row, boxes in enumerate(some)
    ]
    assert sum(map(bool, foreign)) > 30


def test_what_is_seen_has_its_box(rows, monkeypatch):
    only(monkeypatch, mosaics=1.0, pasted=1.0)
    for picture, found in zip(*varied(rows, 3), strict=True):
        corners = found["corners"] * np.tile([WIDTH, HEIGHT], 2)
        for label in range(1, ROWS + 1):
            left = coloured(picture["canvas"], label)
            for box in corners[found["labels"] == label].astype(int):
                low, high = np.maximum(box[:2] - 2, 0), box[2:] + 3
                left[low[1] : high[1], low[0] : high[0]] = False
            parts = np.bincount(ndimage.label(left)[0].ravel())[1:]
            assert parts.max(initial=0) < 0.33 * (1.2 * 24) ** 2


def test_the_same_seed_lays_the_same(rows):
    first, again, other = (varied(rows, seed) for seed in (5, 5, 6))
    for one, two in zip(first[0] + first[1], again[0] + again[1], strict=True):
        assert all(np.array_equal(one[name], two[name]) for name in one)
    assert any(
        not np.array_equal(one["canvas"], two["canvas"])
        for one, two in zip(first[0], other[0], strict=True)
    )


def pieces_over(window):
    return [Piece(0, 1.0, (0, 0), (0, 0, 1, 1)), Piece(1, 1.0, (0, 0), window)]


def test_what_is_hidden_and_what_has_no_area_is_none(rows):
    codec = rows[1]
    corners = np.array([[0.1, 0.1, 0.3, 0.3], [0.1, 0.6, 0.5, 0.8], [0.7, 0.7, 0.7, 0.9]])
    own = codec.made(corners, np.array([1, 2, 3]), np.full(3, -1.0), np.ones(2))
    none = codec.made(np.zeros((0, 4)), np.zeros(0), np.zeros(0), np.ones(2))
    placed = [corners, np.zeros((1, 4))]
    for window, left in [
        ((0.0, 0.0, 0.3, 0.3), [2]),  # all of the first
        ((0.0, 0.0, 0.25, 0.3), [2]),  # three quarters
        ((0.0, 0.0, 0.15, 0.3), [1, 2]),  # a quarter
        ((0.0, 0.0, 1.0, 1.0), [0]),  # everything: a box of no class says so
    ]:
        found = together.boxes_of(pieces_over(window), placed, [own, none])
        assert found["labels"].tolist() == left


def test_soft_edges_fade():
    ground, bright = np.zeros((40, 40, 1), np.uint8), np.full((40, 40, 1), 200, np.uint8)
    pieces = [*pieces_over((0, 0, 0, 0))[:1], Piece(1, 1.0, (0, 0), (0.25, 0.25, 0.75, 0.75), 0.2)]
    line = laid([ground, bright], pieces)[20, :, 0].astype(int)
    assert line[:6].tolist() == [0] * 6 and line[10:30].tolist() == [200] * 20
    assert (np.diff(line[5:11]) > 0).all() and (np.diff(line[29:35]) < 0).all()


def test_rows_that_lack_something_stay_as_they_are(rows):
    image, codec, pictures, boxes = rows
    pictures[1], boxes[2] = None, None
    seen, said = varied((image, codec, pictures, boxes), 0)
    assert seen[1] is None and said[2] is None
    assert said[1] is boxes[1] and seen[2] is pictures[2]
    used = {label for one in said if one is not None for label in one["labels"]}
    assert 3 not in used


def test_a_picture_beside_other_columns_is_not_mixed(rows):
    image, codec, *_ = rows
    assert varied_together({"picture": image}, "boxes", codec) is not None
    assert (
        varied_together({"picture": image, "ward": find_codec("category")()}, "boxes", codec)
        is None
    )
    assert varied_together({"picture": ImageCodec()}, "kind", find_codec("category")()) is None
