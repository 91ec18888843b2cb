"""The mark in pictures: found after JPEG, cuts and scaling by its key, in no other picture."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from plait.demo import stickers
from plait.errors import UsageError
from plait.modalities.image.pixels import decoded
from plait.provenance.marking import LEAST_PSNR, LEAST_PX, mark, mark_png, psnr, read_key, ssim
from plait.provenance.watermark import (
    FALSE_POSITIVES,
    PUBLIC_KEY,
    TILE,
    _middle,
    _scores,
    find_mark,
    luma,
    p_value,
    signs_of,
)

SIDE = 80
OTHER_KEY = b"another key, of 16 or more bytes"


def some_stickers(num, side):
    cells = [one for one in pq.read_table(stickers())["image"].to_pylist() if one]
    every = [decoded(one, None) for one in cells[:: len(cells) // num][:num]]
    return [np.asarray(Image.fromarray(one).resize((side, side))) for one in every]


def noise(num, side, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num, side, side, 3), np.uint8)


def as_jpeg(pixels, quality=75):
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        return np.array(Image.open(file).convert("RGB"))


def png(picture):
    with io.BytesIO() as file:
        picture.save(file, "PNG")
        return file.getvalue()


@pytest.fixture(scope="module")
def marked():
    return [(one, mark(one)) for one in some_stickers(6, SIDE)]


def test_the_mark_is_faint_and_outlives_jpeg_cuts_and_scaling(marked):
    for before, found in marked:
        assert found.psnr >= LEAST_PSNR and found.ssim > 0.9
        assert found.psnr == psnr(before, found.pixels)
        cut = SIDE // 10
        pixels = found.pixels
        for one in (pixels, pixels[cut:], pixels[:, cut:], pixels[:-cut], pixels[:, :-cut]):
            assert find_mark(as_jpeg(one)).marked
        small = Image.fromarray(pixels).resize((round(0.8 * SIDE),) * 2, Image.Resampling.BICUBIC)
        large = Image.fromarray(pixels).resize((round(1.25 * SIDE),) * 2, Image.Resampling.BILINEAR)
        told = [find_mark(as_jpeg(np.asarray(one))) for one in (small, large)]
        assert all(one.marked for one in told)
        assert [one.scale for one in told] == pytest.approx([0.8, 1.25], abs=0.04)


def test_only_the_key_finds_it(marked):
    for before, found in marked:
        assert find_mark(found.pixels).marked
        assert not find_mark(found.pixels, OTHER_KEY).marked and not find_mark(before).marked
        own = mark(before, OTHER_KEY).pixels
        assert find_mark(as_jpeg(own), OTHER_KEY).marked and not find_mark(own).marked


def test_pictures_without_it_are_not_called_marked():
    flat = [np.full((80, 50, 3), shade, np.uint8) for shade in (0, 128, 255)]
    every = [*some_stickers(60, 64), *noise(60, 48), *flat]
    assert min(find_mark(one).p_value for one in every) > FALSE_POSITIVES


def test_scores_of_keys_that_made_nothing_are_standard_normal_and_below_their_bound():
    for pixels in (some_stickers(1, 96)[0], noise(1, 64)[0]):
        middle = _middle(luma(pixels), 512)
        keys = [number.to_bytes(2, "big") for number in range(120)]
        scores = np.stack([_scores(*middle, np.fft.rfft2(signs_of(key))) for key in keys])
        assert abs(scores.mean()) < 0.02 and abs(scores.std() - 1) < 0.03
        for height in (1.0, 2.0, 3.0):
            assert (scores > height).mean() <= np.exp(-(height**2) / 2)
        highest = scores.reshape(len(keys), -1).max(1)
        least = np.array([p_value(float(one), TILE**2) / 3 for one in highest])
        assert (least < 0.1).mean() <= 0.2, "chances of the best of all shifts are bounds"


def test_a_large_picture_is_marked_everywhere():
    y, x = np.mgrid[0:300, 0:620]
    pixels = np.stack([x % 256, y % 256, (x + y) // 4 % 256], -1).astype(np.uint8)
    found = mark(pixels)
    assert found.psnr > 40
    for part in (found.pixels[:150, :200], found.pixels[140:, 400:]):
        assert find_mark(as_jpeg(part)).marked


def test_grey_pictures_stay_grey_and_equal_ones_are_marked_equally():
    grey = some_stickers(1, 96)[0].mean(-1, keepdims=True).astype(np.uint8).repeat(3, 2)
    first, second = mark(grey).pixels, mark(grey).pixels
    assert np.array_equal(first, second) and np.ptp(first.astype(int), axis=-1).max() == 0


def test_what_would_not_last_is_refused():
    with pytest.raises(UsageError, match="too small for a watermark") as small:
        mark(some_stickers(1, LEAST_PX - 1)[0])
    assert small.value.received == f"{LEAST_PX - 1} x {LEAST_PX - 1}"
    with pytest.raises(UsageError, match="hides no watermark"):
        mark(noise(1, LEAST_PX)[0])
    clear = png(Image.new("RGBA", (80, 80), (255, 0, 0, 128)))
    with pytest.raises(UsageError, match="opaque PNG"):
        mark_png(clear, PUBLIC_KEY)


def test_a_file_keeps_its_kind():
    content, told = mark_png(png(Image.fromarray(some_stickers(1, 80)[0])), OTHER_KEY)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        assert np.array_equal(np.asarray(picture), told.pixels)


def test_keys(tmp_path):
    assert read_key(None) == PUBLIC_KEY
    file = tmp_path / "my.key"
    with pytest.raises(UsageError, match="no such key file"):
        read_key(file)
    file.write_bytes(b"short")
    with pytest.raises(UsageError, match="this is no key"):
        read_key(file)
    file.write_bytes(bytes(5000))
    with pytest.raises(UsageError, match="this is no key"):
        read_key(file)
    file.write_bytes(OTHER_KEY)
    assert read_key(file) == OTHER_KEY
    assert not np.array_equal(signs_of(OTHER_KEY), signs_of(PUBLIC_KEY))


def test_similarity_of_pictures():
    flat = np.full((16, 16, 3), 100, np.uint8)
    assert psnr(flat, flat) == np.inf and ssim(flat, flat) == 1.0
    striped = flat + np.where(np.arange(16) % 2, 20, 0).astype(np.uint8)[:, None, None]
    assert ssim(flat, striped) < 0.5 and ssim(striped, striped) == 1.0
