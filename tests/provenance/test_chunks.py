"""Notices within files: they are found again, and what other readers see does not change."""

import io
import struct
import wave
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from plait.provenance.chunks import FORMATS
from plait.provenance.manifest import manifest_of, told_of
from plait.provenance.notice import SOURCE_TYPE, Notice, notice_from

NOTICE = Notice(
    version="0.1.0", bundle="ab" * 32, target="image", conditions={"name": "röd bil <1> & 2"},
    seed=7, draw=3, settings={"temperature": 1.0},
)  # fmt: skip


def picture(form):
    pixels = np.arange(75, dtype=np.uint8).reshape(5, 5, 3)
    with io.BytesIO() as file:
        frames = [Image.fromarray(pixels + i) for i in range(2)]
        frames[0].save(file, form, **({"save_all": True, "append_images": frames[1:]}
                                      if form == "GIF" else {}))  # fmt: skip
        return file.getvalue()


def sound(num_samples):
    with io.BytesIO() as file:
        with wave.open(file, "wb") as out:
            out.setnchannels(1), out.setsampwidth(1), out.setframerate(8000)
            out.writeframes(bytes(range(num_samples)))
        return file.getvalue()


def tune(num_tracks=2):
    """A file of tracks that hold one note each, written by hand."""
    track = b"\x00\x90\x3c\x40\x60\x80\x3c\x40\x00\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 1, num_tracks, 96)
    return head + num_tracks * (b"MTrk" + struct.pack(">I", len(track)) + track)


def film():
    """Boxes of an ISO media file, of which the last is of 64 bits."""
    box = struct.pack(">I4s", 16, b"ftyp") + b"isom\0\0\0\0"
    return box + struct.pack(">I4sQ", 1, b"mdat", 20) + b"data"


FILES = {
    ".png": picture("PNG"), ".gif": picture("GIF"), ".wav": sound(9), ".mid": tune(),
    ".mp4": film(),
}  # fmt: skip


@pytest.mark.parametrize("ending", FILES)
def test_a_notice_is_found_again_and_only_once(ending):
    form, content = FORMATS[ending], FILES[ending]
    assert [notice_from(text) for text in form.get(content)] == []
    put = form.put(content, NOTICE)
    assert [notice_from(text) for text in form.get(put)] == [NOTICE]
    assert form.put(content, NOTICE) == put, "the same bytes each time"


@pytest.mark.parametrize("ending", [".png", ".gif"])
def test_pictures_keep_their_pixels(ending):
    before = Image.open(io.BytesIO(FILES[ending]))
    after = Image.open(io.BytesIO(FORMATS[ending].put(FILES[ending], NOTICE)))
    assert np.array_equal(np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB")))
    told = after.text["plait"] if ending == ".png" else after.info["comment"].decode()
    assert notice_from(told) == NOTICE
    if ending == ".png":
        assert SOURCE_TYPE in after.getxmp()["xmpmeta"]["RDF"]["Description"]["DigitalSourceType"]


def test_a_sound_of_odd_length_keeps_its_samples():
    put = FORMATS[".wav"].put(FILES[".wav"], NOTICE)
    with wave.open(io.BytesIO(put)) as read:
        assert read.readframes(100) == bytes(range(9))
    assert int.from_bytes(put[4:8], "little") == len(put) - 8


def test_a_tune_keeps_its_events():
    put = FORMATS[".mid"].put(FILES[".mid"], NOTICE)
    size = int.from_bytes(put[18:22], "big")
    assert put[22 + size : 26 + size] == b"MTrk"
    assert put[22 + size - 12 : 22 + size] == tune()[22:34]


@pytest.mark.parametrize("ending", FILES)
def test_other_files_and_broken_ones_have_none_and_stay(ending):
    form = FORMATS[ending]
    for content in (b"", b"hello", FILES[ending][:11], np.random.default_rng(0).bytes(500)):
        assert form.put(content, NOTICE) == content
        assert list(form.get(content)) == []
    put, rng = form.put(FILES[ending], NOTICE), np.random.default_rng(1)
    for _ in range(200):
        broken = bytearray(put)
        broken[rng.integers(len(put))] = rng.integers(256)
        list(form.get(bytes(broken)))  # never fails
        list(form.get(put[: rng.integers(len(put))]))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"plait": 3}', '{"plait": {"version": "1"}}', "[" * 99_999]
)
def test_what_is_no_notice_is_none(text):
    assert notice_from(text) is None
    assert told_of(text, "a", b"") is None


def test_a_manifest_knows_the_very_bytes():
    files = {"a_00.png": b"one", "a_01.png": b"two", "a_02.png": b"two"}
    text = manifest_of(files, [NOTICE, NOTICE, replace(NOTICE, draw=9)])
    assert told_of(text, "b.png", b"two") == (NOTICE, "a_01.png")
    assert told_of(text, "a_02.png", b"two") == (replace(NOTICE, draw=9), "a_02.png")
    assert told_of(text, "a_00.png", b"three") is None
