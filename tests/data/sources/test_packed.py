"""Compressed tables, archives and standard input: the same rows, and no bomb, link or way out."""

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import time
import zipfile
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet
import pytest
from spreadsheets import xlsx
from spreadsheets import zipped as zip_of

from plait import read
from plait.data.sources import packed, standard_input, zipped
from plait.errors import TableError, UsageError
from plait.modalities import limits

TEXT = b"a,b\n1,x\n2,y\n"


def arrow_packed(codec, data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


PACKERS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: arrow_packed("zstd", data),
    "lz4": lambda data: arrow_packed("lz4", data),
}


@pytest.mark.parametrize("ending", PACKERS)
def test_a_compressed_table_is_its_table(write, cache, ending):
    path = write(f"shop.csv.{ending}", PACKERS[ending](TEXT))
    table = read(path)
    assert table.column("b") == ["x", "y"] and table.name == path.name
    assert table.root == path.parent
    assert read(path).key == table.key
    assert len(list((cache / "unpacked").iterdir())) == 1


def test_the_inner_ending_decides(write):
    assert read(write("a.jsonl.gz", gzip.compress(b'{"a": 1}\n'))).column("a") == [1]
    assert read(write("a.xlsx.gz", gzip.compress(xlsx({"S": [["a"], [1]]})))).column("a") == ["1"]
    buffer = io.BytesIO()
    pa.parquet.write_table(pa.table({"a": [1]}), buffer)
    assert read(write("a.parquet.gz", gzip.compress(buffer.getvalue()))).column("a") == [1]
    assert read(write("a.gz", gzip.compress(TEXT))).column("a") == ["1", "2"]


@pytest.mark.parametrize("name", ["a.tgz", "a.tar.gz"])
def test_a_compressed_shard_is_a_shard(write, name):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("1.txt")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"one"))
    assert read(write(name, buffer.getvalue())).column("text") == ["one"]


@pytest.mark.parametrize(
    ("ending", "damage"),
    [(ending, damage) for ending in PACKERS for damage in ("cut", "other")]
    # What Arrow writes has no checksum, so that only these can tell.
    + [(ending, "flipped") for ending in ("gz", "bz2", "xz")],
)
def test_damaged_files_are_refused_and_leave_nothing(write, cache, ending, damage):
    data = PACKERS[ending](TEXT * 100)
    half = len(data) // 2
    broken = {
        "cut": data[: half + 3],
        "other": TEXT,
        "flipped": data[:half] + bytes([data[half] ^ 0xFF]) + data[half + 1 :],
    }[damage]
    path = write(f"a.csv.{ending}", broken)
    with pytest.raises(TableError) as caught:
        read(path)
    assert caught.value.path == str(path)
    assert list((cache / "unpacked").iterdir()) == []


@pytest.mark.parametrize("ending", PACKERS)
def test_a_bomb_is_refused_and_leaves_nothing(write, cache, ending, monkeypatch):
    monkeypatch.setattr(zipped, "LIMITS", limits.Limits(free_bytes=50_000, decompression_ratio=3))
    path = write(f"a.csv.{ending}", PACKERS[ending](b"a,b\n" + b"1,2\n" * 500_000))
    with pytest.raises(TableError, match="expand the file beyond the limit") as caught:
        read(path)
    assert "unpack it yourself" in caught.value.hint
    assert list((cache / "unpacked").iterdir()) == []


def test_layers_have_a_bound(write):
    data, name = TEXT, "a.csv"
    for _ in range(packed_layers := 4):
        data, name = gzip.compress(data), name + ".gz"
    with pytest.raises(TableError, match="packed too often"):
        read(write(name, data))
    assert packed_layers == 4


def test_errors_name_the_file_that_people_know(write):
    path = write("a.csv.gz", gzip.compress(b"a,b\n1,2\n3\n"))
    with pytest.raises(TableError, match="wrong number of fields") as caught:
        read(path)
    assert caught.value.path == str(path)


def test_a_zip_of_a_table_and_its_media_is_a_folder(write, tmp_path, picture):
    data = (tmp_path / picture("p.png")).read_bytes()
    members = {
        "shop/metadata.csv": "photo,label\nimg/1.png,x\n",
        "shop/img/1.png": data,
        "__MACOSX/shop/._1.png": "junk",
    }
    table = read(write("shop.zip", zip_of(members)))
    assert table.column("label") == ["x"]
    assert table.media().read_bytes("img/1.png") == data
    assert table.name == "shop.zip" and table.schema["photo"].modality == "image"


def test_a_zip_of_classes_is_a_folder_of_media(write, tmp_path, picture):
    data = (tmp_path / picture("p.png")).read_bytes()
    table = read(write("a.zip", zip_of({"boot/1.png": data, "hat/2.png": data})))
    assert table.column("label") == ["boot", "hat"]


def test_a_zip_of_one_table_is_that_table(write):
    assert read(write("a.zip", zip_of({"x.csv": TEXT}))).column("b") == ["x", "y"]
    assert read(write("b.zip", zip_of({"x.csv.gz": gzip.compress(TEXT)}))).num_rows == 2


@pytest.mark.parametrize(
    "name", ["../out.csv", "/etc/out.csv", "a/../../out.csv", "..\\out.csv", "C:/out.csv"]
)
def test_names_that_lead_out_are_refused(write, cache, name):
    with pytest.raises(TableError, match="leads out of it") as caught:
        read(write("a.zip", zip_of({"x.csv": TEXT, name: TEXT})))
    assert caught.value.received == name.replace("\\", "/")
    assert list((cache / "unpacked").iterdir()) == []
    assert not list(cache.rglob("out.csv"))


def test_links_and_doubled_names_are_refused(write):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        link = zipfile.ZipInfo("x.csv")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(TableError, match="a link or device"):
        read(write("a.zip", buffer.getvalue()))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "w") as file:
        file.writestr("x.csv", TEXT)
        file.writestr("x.csv", TEXT)
    with pytest.raises(TableError, match="two files of one name"):
        read(write("b.zip", buffer.getvalue()))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (zip_of({}), "archive is empty"),
        (zip_of({"a/": b""}), "archive is empty"),
        (zip_of({"x.csv": TEXT})[:-30], "cannot be read"),
        (b"PK\x03\x04", "cannot be read"),
        (zip_of({"x.unknown": b"?"}), "holds no media and no table"),
    ],
    ids=["nothing", "a folder", "cut", "a mark alone", "nothing known"],
)
def test_archives_that_are_no_table_are_refused(write, content, what):
    with pytest.raises(TableError, match=what):
        read(write("a.zip", content))


def test_a_zip_bomb_and_a_crowd_are_refused(write, monkeypatch):
    monkeypatch.setattr(zipped, "LIMITS", limits.Limits(free_bytes=10_000, decompression_ratio=3))
    with pytest.raises(TableError, match="expand the file beyond the limit"):
        read(write("a.zip", zip_of({"x.csv": b"a\n" + b"0\n" * 100_000})))
    monkeypatch.setattr(zipped, "MAX_MEMBERS", 3)
    with pytest.raises(TableError, match="too many members"):
        read(write("b.zip", zip_of({f"{i}.csv": TEXT for i in range(4)})))


def test_an_archive_with_a_password_is_said_to_have_one(write):
    data = bytearray(zip_of({"x.csv": TEXT}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(TableError, match="protected by a password"):
        read(write("a.zip", bytes(data)))


def piped(monkeypatch, data, *, tty=False):
    buffer = io.BytesIO(data)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer, isatty=lambda: tty))


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        TEXT.replace(b",", b"\t"),
        b'{"a": "1", "b": "x"}\n{"a": "2", "b": "y"}\n',
        b'[{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]',
        gzip.compress(TEXT),
        arrow_packed("zstd", TEXT),
        xlsx({"S": [["a", "b"], [1, "x"], [2, "y"]]}),
    ],
    ids=["csv", "tsv", "json lines", "json", "gz", "zst", "xlsx"],
)
def test_standard_input_is_told_by_its_content(monkeypatch, data):
    piped(monkeypatch, data)
    table = read("-")
    assert table.column("a") == ["1", "2"] and table.column("b") == ["x", "y"]
    assert table.name == "standard input"


def test_standard_input_leaves_no_file(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    piped(monkeypatch, TEXT)
    read("-")
    assert list(tmp_path.iterdir()) == []


def test_standard_input_that_is_no_table_is_refused(monkeypatch):
    piped(monkeypatch, b"")
    with pytest.raises(TableError, match="standard input is empty"):
        read("-")
    piped(monkeypatch, TEXT, tty=True)
    with pytest.raises(UsageError, match="nothing is piped"):
        read("-")
    piped(monkeypatch, b"a,b\n1\n")
    with pytest.raises(TableError, match="wrong number of fields") as caught:
        read("-")
    assert caught.value.path == "standard input"
    monkeypatch.setattr(standard_input, "MAX_STDIN_BYTES", 5)
    piped(monkeypatch, TEXT)
    with pytest.raises(TableError, match="holds too much"):
        read("-")


def test_an_unpacked_entry_is_used_again_and_marked(write, cache):
    path = write("a.csv.gz", gzip.compress(TEXT))
    read(path)
    entry = next((cache / "unpacked").iterdir())
    old = time.time() - 9999
    os.utime(entry, (old, old))
    read(path)
    assert entry.stat().st_mtime > old + 1000
    assert packed.unpacked(path).parent.parent == entry
