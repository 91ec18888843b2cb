"""What a browser makes of cells is what Python makes of the same cells, modality by modality."""

from __future__ import annotations

import base64
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL import __version__ as pillow_version

from plait.errors import CellError
from plait.modalities import find_codec
from plait.modalities.audio.codec import AudioCodec
from plait.modalities.categories.codec import CategoriesCodec
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.date.codec import DateCodec
from plait.modalities.image.codec import ImageCodec
from plait.modalities.media import Media
from plait.modalities.number.codec import NumberCodec
from plait.modalities.series.codec import SeriesCodec
from plait.modalities.text.codec import TextCodec
from plait.testing.examples import example_cells
from plait.types import is_missing
from plait.web.facts import column_facts

sys.path.insert(0, str(Path(__file__).parent))

from in_node import READ_IN_BROWSERS, flat_rows, needs_node

pytestmark = needs_node
MEDIA = Media(Path("."))

CLOSE = {"float16": 0.002, "float32": 2e-5}
"""How far numbers may be apart; whole numbers may not. Half a step of 16-bit numbers near 2."""


SAME_PIXELS = 1e-6 if int(pillow_version.partition(".")[0]) >= 13 else 0.01
"""Earlier versions scale tall pictures in another order, and so round a few shades otherwise."""


def in_python(codec, cell):
    raw = None if is_missing(cell) else codec.read(cell, MEDIA)
    return None if raw is None else codec.prepare(raw)


def told(cell):
    """Return a cell as a page has it."""
    if isinstance(cell, bytes):
        return {"name": "file", "bytes": base64.b64encode(cell).decode()}
    return None if cell is None else str(cell)


def in_browser(codec, cells):
    """Return what a page makes of cells: parts, None for nothing, or the text of an error."""
    rows = flat_rows([column_facts("x", codec)], [{"x": told(cell)} for cell in cells])
    return [row["error"] if "error" in row else _parts(codec, row) for row in rows]


def _parts(codec, row):
    if not row["x:present:"][0]:
        return None
    found = {}
    for name, spec in codec.layout.items():
        axis = spec.shape[0]
        num = int(row[f"x:length:{axis}"][0]) if isinstance(axis, str) else axis
        found[name] = row[f"x:part:{name}"][0, :num]
    return found


def check_same(codec, cells, close=None):
    """Assert that pages and Python make the same of cells; return the largest distance seen."""
    far = 0.0
    for cell, found in zip(cells, in_browser(codec, cells), strict=True):
        try:
            wanted = in_python(codec, cell)
        except CellError:
            assert isinstance(found, str), f"{cell!r:.80} was read as {found}"
            continue
        assert not isinstance(found, str), f"{cell!r:.80}: {found}"
        assert (found is None) == (wanted is None), repr(cell)
        for name, part in (wanted or {}).items():
            assert found[name].shape == part.shape, name
            allowed = close or CLOSE.get(str(part.dtype), 0)
            gap = np.abs(found[name].astype(float) - part.astype(float)).max(initial=0)
            assert gap <= allowed * max(1, np.abs(part.astype(float)).max(initial=0)), (name, cell)
            far = max(far, float(gap))
    return far


def fitted(codec, cells):
    raws = [codec.read(cell, MEDIA) for cell in cells if not is_missing(cell)]
    return codec.fit([raw for raw in raws if raw is not None])


@pytest.mark.parametrize("modality", READ_IN_BROWSERS)
def test_every_modality_prepares_its_examples_alike(modality):
    cells = [cell if isinstance(cell, bytes) else str(cell) for cell in example_cells(modality, 12)]
    codec = fitted(find_codec(modality)(), cells)
    check_same(codec, [*cells, None, "", "null"] if isinstance(cells[0], str) else [*cells, None])


TEXTS = (
    "The red boat sails. It's 12 o'clock, don't wait!",
    "  Zürich – naïve café\u0301, ½ ＡＢＣ  ",
    "日本語のテキスト、123 и кириллица ١٢٣ हिन्दी",
    "emoji 👩‍👩‍👧 and 🇨🇭 flags\r\nnew line\ttab\u00a0no-break\u2028line",
    "control \x07 and \ufeff marks \x85 next",
    "İstanbul ΣΟΦΟΣ straße",
    "a" * 3000,
    "   ",
    "\u200b\u200b",
    "NaN",
    "notes.txt",
    "see notes.txt",
)


WORDS = ("the", "Red", "boat", "sails", "over", "calm", "water", "Zürich", "café", "12", "123")


@pytest.mark.parametrize("settings", [{}, {"fold_case": False, "max_tokens": 16}], ids=str)
def test_texts_become_the_same_tokens_and_bytes(settings):
    rng = np.random.default_rng(0)
    seen = [" ".join(rng.choice(WORDS, 9)) for _ in range(300)]
    codec = fitted(TextCodec(**settings), seen)
    assert codec.merges.count("\n") > 30
    strange = ["".join(map(chr, rng.integers(32, 0x2FF, 40))) for _ in range(40)]
    files = ["a text in a file\n".encode(kind) for kind in ("utf-8", "utf-8-sig", "utf-16")]
    check_same(codec, [*TEXTS, *seen[:20], *strange, *files])


def test_a_text_that_is_no_utf8_is_refused():
    assert "UTF-8" in in_browser(TextCodec(), [b"caf\xe9"])[0]


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("", ["red", "Blue", "1", "01"]),
        ("int", ["1", "0", "12"]),
        ("float", ["1.5", "2.0", "-3.25"]),
        ("bool", ["True", "False"]),
    ],
)
def test_labels_in_any_spelling_are_the_same_number(kind, labels):
    codec = CategoryCodec(labels=tuple(labels), kind=kind)
    others = [" red ", "RED", "1.0", "+1", "-0", "true", "FALSE", "2", "-3.250", "01", "x" * 1001]
    check_same(codec, [*labels, *others])


def test_sets_of_labels_are_the_same_numbers():
    cells = ["a;b|c", "b, a", '["a", "c"]', "[]", "new;a;a", "1.0;1", "x" * 201, "[1", ";;"]
    for separator in ("", ","):
        codec = CategoriesCodec(labels=("a", "b", "c", "1"), separator=separator)
        check_same(codec, cells)


NUMBERS = (
    "3", "-3.50", " 12 ", "1,234.5", "1.234,5", "12,34,567", "+7", "−5", "1e3", "2.5E-2", ".5",
    "5.", "<30", "≥ 12", "12 kg", "12 furlongs", "abc", "1 000", "1'000.5", "1,2,3", "0x10", "1e40",
    "nd", "pending", "12 34", "1.5.2",
)  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"decimal": ",", "thousands": "."},
        {"thousands": ",' ", "unit": "kg"},
        {"low": 0.0, "high": 10.0, "mean": 1.0, "scale": 0.5, "log": True},
        {"marked": True, "below_words": ("nd",), "floor": 0.5, "null_words": ("pending",)},
    ],
    ids=str,
)
def test_numbers_in_the_signs_of_their_column_are_the_same(settings):
    codec = NumberCodec(**settings)
    marked = [one for one in NUMBERS if one[0] not in "<≥"] if not codec.marked else NUMBERS
    forms = [one for one in marked if one not in ("nd", "pending") or codec.marked]
    check_same(codec, forms)


def test_dates_of_form_fields_are_the_same():
    days = ["2024-03-01", "2024-02-29T23:59", "1999-12-31 07:05:30", "0001-01-01", "9999-12-31"]
    wrong = ["2023-02-29", "2024-13-01", "07:05", "soon", "2024-03-01T25:00"]
    check_same(fitted(DateCodec(), days), [*days, *wrong, "2024-06-01T12:00"])
    times = ["07:05", "23:59:59", "00:00"]
    check_same(fitted(DateCodec(clock=True), times), [*times, "24:01", "2024-03-01T07:05"])


def png(pixels, mode=None, **settings):
    buffer = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels, mode)
    picture.save(buffer, "PNG", **settings)
    return buffer.getvalue()


def drawing(height=90, width=130, channels=3):
    rng = np.random.default_rng(1)
    ramp = np.linspace(0, 200, width)[None, :, None] + np.linspace(0, 40, height)[:, None, None]
    noise = rng.integers(0, 16, (height, width, channels))
    return np.clip(ramp * (1 + 0.2 * np.arange(channels)) + noise, 0, 255).astype(np.uint8)


def pictures():
    rgba, grey = drawing(channels=4), Image.fromarray(drawing()[..., 0])
    palette = Image.fromarray(drawing()).quantize(37)
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "rgb": png(drawing()),
        "rgba": png(rgba),
        "grey": png(grey),
        "grey and alpha": png(Image.fromarray(rgba).convert("LA")),
        "one bit": png(grey.convert("1")),
        "palette": png(palette),
        "clear palette": png(palette, transparency=bytes(range(37))),
        "clear colour": png(Image.fromarray(drawing() // 32 * 32), transparency=(64, 64, 64)),
        "16 bits": png(Image.fromarray(drawing()[..., 0].astype(np.uint16) * 251)),
        "turned": png(drawing(), exif=exif),
        "one pixel": png(drawing(1, 1)),
        "tall": png(drawing(200, 3)),
        "interlaced": interlaced(drawing(21, 13)),
    }


def interlaced(pixels):
    """Return a PNG file in Adam7's seven passes, which Pillow reads but does not write."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
    lines = b""
    for x, y, right, down in [*passes, (0, 1, 1, 2)]:
        part = pixels[y::down, x::right]
        lines += b"".join(b"\0" + row.tobytes() for row in part if row.size)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize(
    "codec",
    [ImageCodec(size_px=32), ImageCodec(size_px=24, grey=True), ImageCodec(canvas_px=64)],
    ids=["colour", "grey", "canvas"],
)
def test_png_files_of_every_kind_become_the_same_pixels(codec):
    assert check_same(codec, list(pictures().values()), close=SAME_PIXELS) <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright_alike(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    check_same(ImageCodec(size_px=16), [png(drawing(12, 16), exif=exif)], close=SAME_PIXELS)


def test_a_picture_larger_than_is_kept_is_averaged_and_scaled_alike():
    check_same(
        ImageCodec(size_px=64), [png(drawing(40, 4500)), png(drawing(1500, 700))], close=SAME_PIXELS
    )


def test_damaged_pictures_are_refused():
    good = png(drawing())
    for broken in (good[:200], good[:-20], b"no picture", good[:60] + b"\0" * 60 + good[120:]):
        assert isinstance(in_browser(ImageCodec(size_px=16), [broken])[0], str)


def wav(rate, subtype, channels=1, seconds=0.6):
    import soundfile

    time = np.arange(int(rate * seconds)) / rate
    rng = np.random.default_rng(2)
    wave = 0.4 * np.sin(2 * np.pi * (300 * time + 900 * time**2)) + 0.02 * rng.normal(
        size=len(time)
    )
    buffer = io.BytesIO()
    both = np.stack([wave, 0.5 * wave[::-1]], axis=1)[:, :channels]
    soundfile.write(buffer, both, rate, format="WAV", subtype=subtype)
    return buffer.getvalue()


def test_wav_files_of_every_kind_become_the_same_spectrogram():
    kinds = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
    cells = [wav(16_000, kind, channels) for kind in kinds for channels in (1, 2)]
    check_same(AudioCodec(max_seconds=1.0), cells)


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000, 44_099])
def test_sounds_at_other_rates_become_nearly_the_same_spectrogram(rate):
    check_same(AudioCodec(max_seconds=0.5), [wav(rate, "PCM_16")], close=0.03)


def test_damaged_sounds_are_refused():
    good = wav(16_000, "PCM_16")
    for broken in (good[:2000], good[:30], b"RIFF....WAVE", b"no sound", wav(16_000, "ULAW")):
        assert isinstance(in_browser(AudioCodec(), [broken])[0], str)


WRITTEN_SERIES = (
    "1, 2, 3, 4", "1;2;;4;5", "1 2 3", "[1, 2, NaN, 4]", "[[1, 10], [2, 20]]", "1,10;2,20;3,30",
    '{"a": [1, 2, 3], "b": [4, 5, 6]}', '[{"a": 1, "b": 2}, {"a": 3}]', "words", "[1,", "nan, nan",
    '{"time": [0, 1, 3, 2], "a": [1, 2, 3, 4], "b": [1, 1, 2, 2]}', '{"a": [1, 2], "b": [1]}',
)  # fmt: skip
SERIES_FILES = (
    b"a,b\n1,2\n3,4\n5,6\n",
    b"1;2,5\n3;4,5\n",
    b"time\ta\tb\n0\t1\t2\n0.5\t2\t3\n2\t3\t4\n",
    b"when,a,b\n2024-03-01 10:00:00,1,2\n2024-03-01 10:00:10,2,3\n2024-03-01 10:00:30,,4\n",
    b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n",
    b"a,b\n1\n",
    b"\x00\x01",
)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_channels": 1, "means": (2.0,), "scales": (3.0,)},
        {"num_channels": 2, "channels": ("a", "b"), "gaps": True, "step": 1.0},
        {"num_channels": 2, "pool": 2, "num_steps": 2, "gaps": True},
    ],
    ids=["any", "one channel", "named with times", "averaged"],
)
def test_series_become_the_same_steps(settings):
    check_same(SeriesCodec(**settings), [*WRITTEN_SERIES, *SERIES_FILES])


def test_long_series_are_averaged_down_alike():
    rng = np.random.default_rng(3)
    long = "[" + ", ".join(f"{value:.4f}" for value in rng.normal(5, 2, 3000)) + "]"
    codec = fitted(SeriesCodec(max_steps=256), [long])
    check_same(codec, [long, long[:8000].rpartition(",")[0] + "]"])
