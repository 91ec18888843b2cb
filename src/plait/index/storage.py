"""An index on disk: a bundle of NumPy, Arrow and usearch files, checked by hash, then mapped.

Guarantees: as `plait.bundle`: no code, no pickle, every file checked before use, all or nothing.
Does not guarantee: safety from an attacker who rewrites the manifest too; the graph's file is then
read unchecked by usearch's C++. Build an index from someone you do not trust anew.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from plait import __version__
from plait.bundle import (
    MAX_FILE_BYTES,
    Bundle,
    is_bundle,
    read_steadily,
    to_json,
    write_bundle,
)
from plait.errors import BundleError
from plait.index.codes import Codes
from plait.index.graph import Graph
from plait.index.rows import Rows

INDEX = "index.json"
REBUILD = "embed again with this bundle: plait search ... --rebuild"
ARRAYS = ("codes", "norms", "keys")


@dataclass(frozen=True)
class Stored:
    """What is kept of an index.

    Attributes:
        rows: Codes, ids, columns, keys.
        graph: None for an exact index.
        key: Hash of the model and preprocessing.
        auto: Whether the index chooses its kind as it grows.
    """

    rows: Rows
    graph: Graph | None
    key: str
    auto: bool


def save_index(folder: Path | str, stored: Stored) -> None:
    """Write an index; see `plait.index.index.Index.save`."""
    folder = Path(folder)
    if os.path.lexists(folder) and not is_bundle(folder):
        raise BundleError(
            "the place for the index is taken",
            expected="a new path, or an older index to replace",
            received="an index whose manifest is damaged" if (folder / INDEX).is_file() else None,
            path=folder,
            hint="remove it, or name another path with --index",
        )
    if is_bundle(folder) and not (folder / INDEX).is_file():
        raise BundleError(
            "another bundle lies at the place for the index",
            expected="a new path, or an older index to replace",
            path=folder,
            hint="name another path with --index",
        )
    files = _files(stored)
    largest = max(files, key=lambda name: len(files[name]))
    if len(files[largest]) > MAX_FILE_BYTES:
        raise BundleError(
            f"the index's {largest} is too large for a bundle",
            expected=f"at most {MAX_FILE_BYTES:,} bytes",
            received=f"{len(files[largest]):,} bytes",
            path=folder,
            hint="index fewer rows, or vectors of fewer dimensions",
        )
    write_bundle(folder, files, version=__version__)


def load_index(folder: Path | str, *, key: str) -> Stored:
    """Check and map an index; see `plait.index.index.Index.load`."""
    try:
        return read_steadily(folder, lambda bundle: _load(bundle, key))
    except BundleError as error:
        # Advice on bundles is to fetch them again; an index is made anew from what it indexes.
        error.hint = REBUILD
        raise


def _files(stored: Stored) -> dict[str, bytes]:
    rows = stored.rows
    arrays = {"codes": rows.codes.values, "norms": rows.codes.norms, "keys": rows.keys}
    files = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
    files["ids.arrow"] = _arrow(pa.table({"id": rows.ids}))
    if rows.attributes is not None:
        files["attributes.arrow"] = _arrow(rows.attributes)
    if stored.graph is not None:
        files["graph.usearch"] = stored.graph.to_bytes()
    about = {"key": stored.key, "auto": stored.auto}
    shape = {"num_rows": len(rows), "dim": rows.codes.dim}
    return files | {INDEX: to_json(about | shape)}


def _load(bundle: Bundle, key: str) -> Stored:
    about = _about(bundle)
    if about["key"] != key:
        raise BundleError(
            "the index is of another model or another preprocessing",
            expected=f"vectors of {key[:16]}",
            received=f"vectors of {about['key'][:16]}",
            path=bundle.path,
        )
    rows = _rows(bundle, about)
    graph = None
    if "graph.usearch" in bundle:
        graph = Graph(about["dim"], bundle.path / "graph.usearch")
        if len(graph) != len(rows):
            raise _damaged(bundle, f"{len(graph)} rows in the graph, {len(rows)} in the index")
    return Stored(rows, graph, key, about["auto"])


def _about(bundle: Bundle) -> dict[str, Any]:
    if INDEX not in bundle:
        raise BundleError(
            "this bundle is no search index", expected=f"a bundle with {INDEX}", path=bundle.path
        )
    about = bundle.read_json(INDEX)
    types = {"key": str, "auto": bool, "num_rows": int, "dim": int}
    if not isinstance(about, dict) or any(type(about.get(n)) is not t for n, t in types.items()):
        raise _damaged(bundle, f"{INDEX} lacks a field")
    return about


def _rows(bundle: Bundle, about: dict[str, Any]) -> Rows:
    values, norms, keys = (_array(bundle, f"{name}.npy") for name in ARRAYS)
    ids = _table(bundle, "ids.arrow")
    attributes = _table(bundle, "attributes.arrow") if "attributes.arrow" in bundle else None
    num, dim = about["num_rows"], about["dim"]
    shapes = [values.shape, norms.shape, keys.shape, (ids.num_rows,)]
    types = [str(array.dtype) for array in (values, norms, keys)]
    if (
        shapes != [(num, dim), (num,), (num,), (num,)]
        or types != ["int8", "float32", "int64"]
        or ids.schema != pa.schema({"id": pa.large_string()})
        or (attributes is not None and attributes.num_rows != num)
    ):
        raise _damaged(bundle, f"files that do not fit {num} rows: {shapes} {types}")
    names = ids["id"].combine_chunks()
    return Rows(Codes(values, norms), names, attributes, np.asarray(keys))


def _array(bundle: Bundle, name: str) -> np.ndarray:
    _must_have(bundle, name)
    try:
        return np.load(bundle.path / name, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError):
        # An array without rows has no bytes to map.
        return _unmapped(bundle, name)


def _unmapped(bundle: Bundle, name: str) -> np.ndarray:
    try:
        return np.load(io.BytesIO(bundle.read_bytes(name)), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _damaged(bundle, f"{name}: {error}") from None


def _table(bundle: Bundle, name: str) -> pa.Table:
    _must_have(bundle, name)
    try:
        table = pa.ipc.open_file(pa.memory_map(str(bundle.path / name))).read_all()
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise _damaged(bundle, f"{name}: {error}") from None
    return table


def _must_have(bundle: Bundle, name: str) -> None:
    if name not in bundle:
        raise _damaged(bundle, f"no {name}")


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def _arrow(table: pa.Table) -> bytes:
    stream = pa.BufferOutputStream()
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return stream.getvalue().to_pybytes()


def _damaged(bundle: Bundle, received: str) -> BundleError:
    return BundleError("the index is damaged", received=received, path=bundle.path)
