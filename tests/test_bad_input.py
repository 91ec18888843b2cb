"""Every modality, fed broken cells: a value or an error of ours, never anything else."""

import os
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plait.errors import CellError, LimitError, TableError
from plait.modalities import Media, find_codec, modalities
from plait.testing.examples import example_cells, fitted

quick = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def damaged(cell, kind, place):
    data = cell if isinstance(cell, bytes) else str(cell).encode()
    cut = int(place * len(data))
    if kind == "cut":
        data = data[:cut]
    elif kind == "flipped" and data:
        data = data[: cut % len(data)] + bytes([data[cut % len(data)] ^ 0x5A]) + data[cut + 1 :]
    else:
        data = os.urandom(0) + bytes((37 * i + cut) % 256 for i in range(200))
    return data if isinstance(cell, bytes) else data.decode("utf8", "replace")


@pytest.mark.parametrize("modality", modalities())
@quick
@given(kind=st.sampled_from(["cut", "flipped", "garbage"]), place=st.floats(0, 1))
def test_broken_cells(modality, kind, place, tmp_path):
    codec, _ = fitted(modality, 4)
    for cell in example_cells(modality, 2, seed=1):
        try:
            raw = codec.read(damaged(cell, kind, place), Media(tmp_path))
            if raw is not None:
                codec.prepare(raw)
        except CellError as error:
            assert error.what


MEDIA = ("image", "audio", "video")


@pytest.mark.parametrize("modality", MEDIA)
@pytest.mark.parametrize("path", ["../secret.bin", "/etc/passwd", "link.bin"])
def test_paths_stay_inside(modality, path, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.bin").write_bytes(b"secret")
    os.symlink(tmp_path / "secret.bin", root / "link.bin")
    with pytest.raises(CellError, match="leads out of the table's folder"):
        find_codec(modality)().read(path, Media(root))


@pytest.mark.parametrize("modality", MEDIA)
def test_urls_need_permission(modality, tmp_path):
    with pytest.raises(CellError, match="network is not allowed"):
        find_codec(modality)().read("https://example.com/a.png", Media(tmp_path))


@pytest.mark.parametrize("modality", MEDIA)
def test_empty_and_absent_files(modality, tmp_path):
    (tmp_path / "empty.bin").touch()
    with pytest.raises(CellError, match="file is empty"):
        find_codec(modality)().read("empty.bin", Media(tmp_path))
    with pytest.raises(CellError, match="does not exist"):
        find_codec(modality)().read("absent.bin", Media(tmp_path))


def test_a_decompression_bomb_is_refused(tmp_path):
    def chunk(name, data):
        body = name + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    side = 30_000
    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(LimitError, match="too large"):
        find_codec("image")().read(bomb, Media(tmp_path))


@pytest.mark.parametrize("cell", [float("inf"), "1e999", "-inf", 1e300, "twelve", b"12\xff", []])
def test_numbers_that_are_none(cell, tmp_path):
    with pytest.raises(CellError):
        find_codec("number")().read(cell, Media(tmp_path))


@pytest.mark.parametrize("cell", ["NA", "?", "-", " n.a. ".replace(".", "")])
def test_numbers_that_are_missing(cell, tmp_path):
    assert find_codec("number")().read(cell, Media(tmp_path)) is None


def test_sounds_that_are_not_finite(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "nan.wav", np.full(800, np.nan, np.float32), 8000, subtype="FLOAT")
    with pytest.raises(CellError, match="not finite"):
        find_codec("audio")().read("nan.wav", Media(tmp_path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a,a\n1,2\n", "a"),
        (b"a,b\n1,2\n3\n", "row|field"),
        (b"", "empty"),
        (b"a,b\n\xff\xfe\xfa,1\n", "utf-8|encod|byte"),
    ],
)
def test_broken_tables(text, message, tmp_path):
    from plait.data.table import read

    (tmp_path / "t.csv").write_bytes(text)
    with pytest.raises(TableError, match=message):
        read(tmp_path / "t.csv").schema  # noqa: B018
