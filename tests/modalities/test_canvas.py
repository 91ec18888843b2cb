"""The finer view of a picture: where the picture lies on it, also when it is moved."""

from __future__ import annotations

import numpy as np
import pytest

from plait.modalities import codec_from_dict, codec_hash, codec_to_dict
from plait.modalities.image.canvas import moved, on_canvas, usual_canvas
from plait.modalities.image.codec import ImageCodec


def spotted(height, width, x, y):
    """A grey picture with a white square of 5 x 5 pixels around a place."""
    pixels = np.full((height, width, 3), 90, np.uint8)
    pixels[y - 2 : y + 3, x - 2 : x + 3] = 255
    return pixels


def spot_on(canvas):
    """Where the white is, as shares of the canvas."""
    white = canvas[..., 0].astype(float) - 90
    white[white < 60] = 0
    rows, columns = np.indices(white.shape)
    total = white.sum()
    at = np.array([(columns * white).sum(), (rows * white).sum()]) / total + 0.5
    return at / white.shape[::-1]


@pytest.mark.parametrize(("height", "width"), [(120, 160), (160, 90), (64, 64)])
def test_the_frame_tells_where_a_place_is(height, width):
    arrays = on_canvas(spotted(height, width, 60, 30), (96, 128))
    place = np.array([60.5 / width, 30.5 / height, 1.0])
    np.testing.assert_allclose(arrays["frame"] @ place, spot_on(arrays["canvas"]), atol=0.012)
    assert arrays["size"].tolist() == [width, height]


@pytest.mark.parametrize("turns", ["none", "mirror", "any"])
@pytest.mark.parametrize("grey", [False, True])
def test_a_moved_canvas_keeps_its_frame_true(turns, grey):
    arrays = on_canvas(spotted(120, 160, 70, 55), (96, 128))
    arrays["canvas"] = arrays["canvas"][..., :1] if grey else arrays["canvas"]
    place, seen, mirrored = np.array([70.5 / 160, 55.5 / 120, 1.0]), 0, 0
    for seed in range(40):
        found = moved(arrays, turns, 1.35, np.random.default_rng(seed))
        at = found["frame"] @ place
        mirrored += np.linalg.det(found["frame"][:, :2]) < 0
        if ((at > 0.05) & (at < 0.95)).all():
            np.testing.assert_allclose(at, spot_on(found["canvas"]), atol=0.012)
            seen += 1
    assert seen > 30
    assert (mirrored == 0) == (turns == "none")


def test_a_codec_prepares_a_canvas_where_it_is_asked_for():
    plain = ImageCodec()
    assert set(plain.layout) == {"pixels"} and ImageCodec.offers["places"] == {"canvas_px": 320}
    pictures = [spotted(300, 400, 60, 30)] * 3
    codec = ImageCodec(canvas_px=320).fit(pictures)
    assert codec.canvas == (240, 320) and usual_canvas([(40, 40)], 320) == (48, 48)
    arrays = codec.prepare(pictures[0])
    assert {name: part.shape for name, part in arrays.items()} == {
        name: spec.shape for name, spec in codec.layout.items()
    }
    changed = codec.augment(arrays, np.random.default_rng(1))
    assert changed["canvas"].shape == arrays["canvas"].shape
    np.testing.assert_array_equal(arrays["canvas"], codec.prepare(pictures[0])["canvas"])


def test_what_was_prepared_without_a_canvas_stays_known():
    assert not {"canvas_px", "canvas", "turns", "zoom"} & set(codec_to_dict(ImageCodec()))
    with_canvas = ImageCodec(canvas_px=320, canvas=(240, 320))
    assert codec_from_dict(codec_to_dict(with_canvas)) == with_canvas
    assert codec_hash(ImageCodec(canvas_px=320)) != codec_hash(ImageCodec())
    assert codec_hash(ImageCodec(turns="any")) != codec_hash(ImageCodec())
    assert codec_hash(ImageCodec(zoom=1.1)) != codec_hash(ImageCodec())


def test_a_large_picture_keeps_its_own_size(tmp_path):
    from PIL import Image

    from plait.modalities import Media

    Image.new("RGB", (2000, 1200)).save(tmp_path / "a.png")
    codec = ImageCodec(canvas_px=320, canvas=(192, 320))
    assert codec.prepare(codec.read("a.png", Media(tmp_path)))["size"].tolist() == [2000, 1200]


def test_how_far_a_picture_is_enlarged_is_a_setting():
    arrays = on_canvas(spotted(120, 160, 70, 55), (96, 128))

    def scales(zoom):
        frames = [moved(arrays, "none", zoom, np.random.default_rng(i))["frame"] for i in range(60)]
        return np.log([np.sqrt(np.linalg.det(frame[:, :2])) for frame in frames])

    assert scales(1.1).std() < 0.6 * scales(1.35).std()
    for wrong in ({"zoom": 0.5}, {"zoom": 99.0}, {"turns": "left"}):
        with pytest.raises(ValueError, match="zoom is 1 to 4|turns is one of"):
            ImageCodec(**wrong)
