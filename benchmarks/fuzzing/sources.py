"""Files of every kind that plait reads, and tables in memory: made, and damaged inside and out."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from benchmarks.fuzzing import damage, sheets
from benchmarks.fuzzing.values import names, texts, value
from plait.modalities import modalities
from plait.testing.examples import example_cells

ENDINGS_OF = {"image": "png", "audio": "wav", "series": "csv", "video": "mkv", "text": "txt"}


class Made(NamedTuple):
    """A source to read, and what is known of it.

    Attributes:
        source: A path, or a table in memory.
        how: For reports: the kind, and how it was damaged.
        is_cut: Whether its container lost a good part of its end, which must not go unseen.
    """

    source: Any
    how: str
    is_cut: bool = False


def make(kind: str, folder: Path, rng: np.random.Generator) -> Made:
    """Make a source of a kind in an empty folder."""
    return KINDS[kind](folder, rng)


def _csv_text(rng: np.random.Generator) -> bytes:
    buffer, found = io.StringIO(), names(rng, int(rng.integers(1, 7)))
    ends = ["\n", "\r\n", "\r"]
    writer = csv.writer(
        buffer,
        delimiter=str(rng.choice([",", ";", "\t", "|"])),
        lineterminator=ends[rng.integers(3) if rng.random() < 0.3 else 0],
    )
    writer.writerow(found)
    for _ in range(int(rng.integers(0, 30))):
        odd = rng.random() < 0.01
        writer.writerow(texts(rng, len(found) + (int(rng.integers(-1, 2)) if odd else 0)))
    return buffer.getvalue().encode("utf-8", "surrogatepass")


def _json_lines(rng: np.random.Generator) -> bytes:
    found = names(rng, int(rng.integers(1, 6)))
    rows = [{name: _json_value(rng) for name in found} for _ in range(int(rng.integers(0, 20)))]
    if rng.random() < 0.3:
        return json.dumps(rows).encode()
    return "\n".join(json.dumps(row, ensure_ascii=rng.random() < 0.5) for row in rows).encode(
        "utf-8", "surrogatepass"
    )


def _json_value(rng: np.random.Generator) -> Any:
    kinds: list[Callable[[], Any]] = [
        lambda: texts(rng, 1)[0],
        lambda: float(rng.normal()),
        lambda: [1, 10**40, float("nan"), float("inf"), True, None][rng.integers(6)],
        lambda: [[1, [2, [3]]], {"a": {"b": []}}, [], {}, [1, "a", None]][rng.integers(5)],
    ]
    return kinds[rng.integers(len(kinds))]()


def _arrow_table(rng: np.random.Generator) -> pa.Table:
    num = int(rng.integers(0, 12))
    arrays: list[Callable[[], pa.Array]] = [
        lambda: pa.array(texts(rng, num)),
        lambda: pa.array(rng.normal(size=num)),
        lambda: pa.array(texts(rng, num)).dictionary_encode(),
        lambda: pa.nulls(num),
        lambda: pa.array([rng.bytes(9) for _ in range(num)]),
        lambda: pa.array([[1.0, None]] * num, pa.list_(pa.float32())),
        lambda: pa.array([{"a": 1, "b": [{"c": "x"}]}] * num),
        lambda: pa.array([[("k", 1)]] * num, pa.map_(pa.string(), pa.int64())),
        lambda: pa.array(np.arange(num), pa.int64()).cast(pa.timestamp("ns", "UTC")),
        lambda: pa.array(np.arange(num), pa.int32()).cast(pa.date32()),
        lambda: pa.array(np.arange(num), pa.int64()).cast(pa.duration("us")),
        lambda: pa.array(np.arange(num), pa.int32()).cast(pa.time32("s")),
        lambda: pa.array(np.arange(num) % 9, pa.int64()).cast(pa.decimal128(30, 3)),
        lambda: pa.array(texts(rng, num), pa.large_string()),
        lambda: pa.array([b"ab"] * num, pa.binary(2)),
        lambda: pa.array(rng.normal(size=num).astype(np.float16)),
        lambda: pa.array([True, None] * num)[:num],
        lambda: pa.array(np.arange(num) * 10**17, pa.uint64()),
    ]
    found = names(rng, int(rng.integers(0, 6)))
    columns = [arrays[rng.integers(len(arrays))]() for _ in found]
    return pa.Table.from_arrays(columns, names=found)


def _parquet(rng: np.random.Generator) -> bytes:
    buffer = io.BytesIO()
    try:
        pa.parquet.write_table(_arrow_table(rng), buffer)
    except (pa.ArrowException, ValueError):
        pa.parquet.write_table(pa.table({"a": [1, 2]}), buffer)
    return buffer.getvalue()


def _arrow(rng: np.random.Generator) -> bytes:
    table, buffer = _arrow_table(rng), io.BytesIO()
    opener = pa.ipc.new_file if rng.random() < 0.5 else pa.ipc.new_stream
    with opener(buffer, table.schema) as out:
        out.write_table(table)
    return buffer.getvalue()


def _tar(rng: np.random.Generator) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in _media_files(rng):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _zip(rng: np.random.Generator) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        if rng.random() < 0.5:
            file.writestr("metadata.csv", _csv_text(rng))
        for name, data in _media_files(rng):
            file.writestr(name, data)
    return buffer.getvalue()


def _media_files(rng: np.random.Generator) -> list[tuple[str, bytes]]:
    found = []
    for place in range(int(rng.integers(0, 5))):
        kind = str(rng.choice(list(ENDINGS_OF)))
        cell = example_cells(kind, 1, seed=int(rng.integers(1000)))[0]
        data = cell if isinstance(cell, bytes) else str(cell).encode()
        if rng.random() < 0.4:
            data, _ = damage.damaged(data, rng, damage.BYTES)
        place_in = str(rng.choice(["", "boot/", "hat/", "train/a/", "x/"]))
        if rng.random() < 0.03:
            place_in = str(rng.choice(["../", "/", "x/../y/", "..\\"]))
        found.append((f"{place_in}{place}.{ENDINGS_OF[kind]}", data))
    return found


def _zst(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def _file(
    name: str, content: Callable[[np.random.Generator], bytes], *, whole: bool = False
) -> Callable[[Path, np.random.Generator], Made]:
    """Return a maker of a file; `whole` is whether a reader can tell that its end is lost."""
    kinds = (
        damage.TEXT if name.rpartition(".")[2] in ("csv", "tsv", "jsonl", "json") else damage.BYTES
    )

    def maker(folder: Path, rng: np.random.Generator) -> Made:
        sound = content(rng)
        sound_outside = (whole or name.endswith("tar")) and rng.random() < damage.SOUND_OUTSIDE
        data, how = (sound, "") if sound_outside else damage.damaged(sound, rng, kinds)
        path = folder / name
        path.write_bytes(data)
        return Made(path, f"{name} {how}", whole and how == "cut" and len(data) < 0.7 * len(sound))

    return maker


def _packed(
    name: str, content: Callable[[np.random.Generator], bytes], pack: Callable[[bytes], bytes]
) -> Callable[[Path, np.random.Generator], Made]:
    """Return a maker of a compressed file, damaged within or without."""

    def inside(rng: np.random.Generator) -> bytes:
        data = content(rng)
        return pack(damage.damaged(data, rng, damage.TEXT)[0] if rng.random() < 0.5 else data)

    return _file(name, inside, whole=True)


def _folder(folder: Path, rng: np.random.Generator) -> Made:
    inner = folder / "things"
    inner.mkdir()
    for name, data in _media_files(rng):
        path = (inner / name.replace("../", "up/").lstrip("/")).resolve()
        if path.is_relative_to(inner.resolve()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    if rng.random() < 0.3:
        data, _ = damage.damaged(_csv_text(rng), rng, damage.TEXT)
        (inner / "metadata.csv").write_bytes(data)
    return Made(inner, "folder")


def _memory(folder: Path, rng: np.random.Generator) -> Made:
    found = names(rng, int(rng.integers(1, 5)))
    num = int(rng.integers(0, 9))
    if rng.random() < 0.2:
        return Made(_arrow_table(rng), "Arrow table")
    if rng.random() < 0.5:
        return Made([{name: value(rng) for name in found} for _ in range(num)], "list of dicts")
    return Made({name: [value(rng) for _ in range(num)] for name in found}, "dict of lists")


def _cells_of(modality: str) -> Callable[[Path, np.random.Generator], Made]:
    """Return a maker of tables with a column of one modality: bytes, paths, or text, damaged."""

    def maker(folder: Path, rng: np.random.Generator) -> Made:
        cells = [_one_cell(modality, folder, rng) for _ in range(int(rng.integers(3, 9)))]
        rows = [{"x": cell, "size": float(rng.normal())} for cell in cells]
        return Made(rows, f"cells of {modality}")

    return maker


def _one_cell(modality: str, folder: Path, rng: np.random.Generator) -> Any:
    cell = example_cells(modality, 1, seed=int(rng.integers(1000)))[0]
    if not isinstance(cell, str | bytes):
        return cell if rng.random() < 0.5 else value(rng)
    if rng.random() < 0.1:
        return value(rng)
    data = cell if isinstance(cell, bytes) else cell.encode()
    data, _ = damage.damaged(data, rng, damage.BYTES)
    if isinstance(cell, str):
        return data.decode("utf-8", "replace")
    how = rng.integers(3)
    if how == 0:
        return data
    if how == 1:
        return {"bytes": data, "path": None}
    path = folder / f"{rng.integers(10**9)}.{ENDINGS_OF.get(modality, 'bin')}"
    path.write_bytes(data)
    return path.name


KINDS: dict[str, Callable[[Path, np.random.Generator], Made]] = {
    "csv": _file("t.csv", _csv_text),
    "tsv": _file("t.tsv", _csv_text),
    "json lines": _file("t.jsonl", _json_lines),
    "json": _file("t.json", _json_lines),
    "parquet": _file("t.parquet", _parquet, whole=True),
    "arrow": _file("t.arrow", _arrow),
    "xlsx": _file("t.xlsx", sheets.xlsx, whole=True),
    "ods": _file("t.ods", sheets.ods, whole=True),
    "gz": _packed("t.csv.gz", _csv_text, gzip.compress),
    "zst": _packed("t.jsonl.zst", _json_lines, _zst),
    "bz2": _packed("t.csv.bz2", _csv_text, bz2.compress),
    "xz": _packed("t.csv.xz", _csv_text, lzma.compress),
    "zip": _file("t.zip", _zip, whole=True),
    "tar": _file("t.tar", _tar),
    "tgz": _packed("t.tgz", _tar, gzip.compress),
    "folder": _folder,
    "memory": _memory,
    **{f"cells of {name}": _cells_of(name) for name in modalities()},
}
"""Kind of source -> what makes one, damaged."""
