"""Every modality, fed broken cells: a value or an error of ours, never anything else."""

import json
import math
import os
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plait.errors import CellError, LimitError, TableError
from plait.modalities import Media, find_codec, modalities
from plait.testing.examples import example_cells, fitted
from plait.types import ColumnSample

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
        data = bytes((37 * i + cut) % 256 for i in range(200))
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


def series_files(folder):
    """Files that hold a series badly; returns their names."""
    arrays = {
        "nan": np.full((5, 2), np.nan), "inf": np.array([1, np.inf]), "none": np.zeros((0, 3)),
        "complex": np.ones(4) + 1j, "text": np.array(["a", "b"]), "cube": np.ones((2, 2, 2)),
        "scalar": np.array(3.0), "huge": np.array([1e300, -1e300]),
        "object": np.array([{"a": 1}], object),
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=True)
    texts = {
        "ragged": "a,b\n1,2\n3\n",
        "empty": "",
        "header": "time,x\n",
        "words": "time,x\nfoo,3\n",
    }
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "junk.parquet").write_bytes(b"PAR1junkPAR1")
    (folder / "junk.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    (folder / "junk.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (folder / "junk.png").write_text("hello")
    (folder / "folder").mkdir()
    return [path.name for path in folder.iterdir()]


ODD_CELLS = [
    0, -1, True, 3.5, math.inf, 1e308, 10**400, np.float32(3), np.int64(2**62), object(),
    "", " ", "\0", "a\0b", "x" * 5000, "9" * 5000, "\ud800", "é" * 10, ".", "..", "~", "/dev/zero",
    "1 2 nan", "1e999 2", "[1, 2", "[[1,2],[3]]", "[[[1]]]", "[" * 5000, "[" + "9" * 5000 + "]",
    '{"a":1}', "[null]", "C1CC", "C" * 3000, "(((((", "[U+99]",
    [], [1], [None], [math.nan], [[1, 2], [3]], [[]], ["a"], [{"a": 1}], [10**400], (1, 2), {1, 2},
    {}, {"bytes": b""}, {"bytes": None, "path": None}, {"path": "junk.png"}, {"bytes": 5}, {"a": 1},
    b"", b"\xff\xfe", bytearray(b"ab"), np.array([1.0, np.nan]), np.ones((2, 2, 2)),
    np.array(["a"]), "file:///etc/passwd", "http://x", "HTTPS://x.y/z",
]  # fmt: skip


@pytest.mark.parametrize("modality", modalities())
def test_odd_cells(modality, tmp_path):
    codec, _ = fitted(modality, 4)
    for cell in [*ODD_CELLS, *series_files(tmp_path)]:
        try:
            raw = codec.read(cell, Media(tmp_path))
        except CellError as error:
            assert str(error)
            continue
        if raw is not None:
            arrays = codec.prepare(raw)
            floats = [part for part in arrays.values() if part.dtype.kind == "f"]
            assert all(np.isfinite(part).all() for part in floats), cell
            assert all(part.size for part in arrays.values()), cell
            assert np.isfinite(codec.features(arrays)).all(), cell


@pytest.mark.parametrize("modality", modalities())
def test_odd_columns_are_judged(modality):
    codec = find_codec(modality)()
    columns = [[cell] for cell in ODD_CELLS] + [list(ODD_CELLS), []]
    for values in columns:
        sure = codec.detect(ColumnSample("x", values, len(values), len(values)))
        assert 0.0 <= sure <= 1.0


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@quick
@given(places=st.lists(st.integers(0, 10_000), min_size=1, max_size=4), cut=st.floats(0, 1))
def test_damaged_tables(kind, places, cut, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    from plait.data.table import read

    rows = [{"a": i, "b": f"word {i}", "c": 0.5 * i} for i in range(20)]
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        pa.parquet.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        path.write_text("a,b,c\n" + "\n".join(f"{r['a']},{r['b']},{r['c']}" for r in rows))
    data = bytearray(path.read_bytes())
    for place in places:
        data[place % len(data)] ^= 0xA5
    path.write_bytes(data[: int(cut * len(data)) + 1])
    try:
        table = read(path)
        for name in table.column_names:
            assert len(table.column(name)) == table.num_rows
        table.schema  # noqa: B018
    except TableError as error:
        assert str(path) in str(error)


def test_a_real_decompression_bomb_is_refused(tmp_path):
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 100_000
    with pytest.raises(LimitError):
        find_codec("image")().read(buffer.getvalue(), Media(tmp_path))
