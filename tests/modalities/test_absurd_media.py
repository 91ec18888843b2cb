"""Media whose headers promise what cannot be: refused before memory is spent."""

import io
import struct
import zlib

import numpy as np
import pytest
import soundfile
from PIL import Image

from plait.errors import CellError, LimitError
from plait.modalities import Media, find_codec

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8))


def wav(**changes):
    """Return a second of sound with fields of its header overwritten."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000)
    soundfile.write(buffer, noise, 16_000, format="WAV", subtype="PCM_16")
    data = bytearray(buffer.getvalue())
    places = {"riff": (4, "<I"), "channels": (22, "<H"), "rate": (24, "<I"), "data": (40, "<I")}
    for name, value in changes.items():
        place, kind = places[name]
        data[place : place + struct.calcsize(kind)] = struct.pack(kind, value)
    return bytes(data)


def read(modality, data, tmp_path):
    return find_codec(modality)().read(data, Media(tmp_path))


@pytest.mark.parametrize("field", ["riff", "data"])
@pytest.mark.parametrize("size", [2**32 - 1, 2**32 - 16, 2**31, 2**30, 40_000])
def test_a_sound_that_promises_more_than_it_has_is_cut_off(field, size, tmp_path):
    with pytest.raises(CellError, match="cut off"):
        read("audio", wav(**{field: size}), tmp_path)


@pytest.mark.parametrize(
    "changes",
    [{"rate": 0}, {"rate": 1}, {"rate": 2**31 - 1}, {"channels": 0}, {"channels": 2**16 - 1}],
)
def test_absurd_rates_and_channels_are_refused(changes, tmp_path):
    with pytest.raises(CellError):
        read("audio", wav(**changes), tmp_path)


def test_a_whole_sound_is_read(tmp_path):
    assert len(read("audio", wav(), tmp_path)) == 16_000


def saved(kind):
    buffer = io.BytesIO()
    PICTURE.save(buffer, kind)
    return bytearray(buffer.getvalue())


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def absurd(kind, side):
    data = saved(kind)
    if kind == "JPEG":
        place = data.index(b"\xff\xc0") + 5
        data[place : place + 4] = struct.pack(">HH", min(side, 65_535), min(side, 65_535))
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", min(side, 65_535), min(side, 65_535))
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", side, side)
    elif kind == "PNG":
        head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        data = bytes(data[:8]) + chunk(b"IHDR", head) + bytes(data[33:])
    elif kind == "TIFF":
        (place,) = struct.unpack("<I", data[4:8])
        for entry in range(struct.unpack("<H", data[place : place + 2])[0]):
            at = place + 2 + 12 * entry
            if struct.unpack("<H", data[at : at + 2])[0] in (256, 257):
                data[at + 2 : at + 12] = struct.pack("<HII", 4, 1, side)
    else:
        data = f"P6 {side} {side} 255\n".encode() + b"x" * 99
    return bytes(data)


@pytest.mark.parametrize("side", [7_000, 65_535, 2**31 - 1])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM"])
def test_pictures_of_absurd_size_are_refused(kind, side, tmp_path):
    with pytest.raises((LimitError, CellError)) as caught:
        read("image", absurd(kind, side), tmp_path)
    assert caught.value.what in (
        "the picture is too large",
        "decoding would expand the file beyond the decompression limit",
        "the picture cannot be decoded",
    )


def test_text_in_a_picture_that_unpacks_to_far_more_is_refused(tmp_path):
    data = bytes(saved("PNG"))
    bomb = chunk(b"zTXt", b"k\0\0" + zlib.compress(b"x" * 80_000_000))
    with pytest.raises(CellError):
        read("image", data[:33] + bomb + data[33:], tmp_path)


@pytest.mark.parametrize("start", [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"8BPS\0\1", b"SIMPLE  =  T"])
def test_formats_that_are_not_named_are_not_opened(start, tmp_path):
    with pytest.raises(CellError, match="cannot be decoded"):
        read("image", start + b"\n%%BoundingBox: 0 0 9 9\n%%EndComments\n" * 9, tmp_path)


@pytest.mark.parametrize(
    "shape", ["(99999999999,)", "(-1,)", "(3, 99999999999)", "(0,)", "((2,),)"]
)
def test_arrays_of_absurd_shape_are_refused(shape, tmp_path):
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + b"\0" * 40
    try:
        assert read("series", data, tmp_path) is None
    except CellError as error:
        assert error.what
