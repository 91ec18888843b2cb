"""Unpacks compressed tables (.gz, .zst, .bz2, .xz, .lz4) and zip archives into the cache, safely.

Guarantees: nothing is written outside of the entry's own folder, whatever names an archive holds;
links are refused; what comes out is limited in bytes, in ratio, and in number of files.
Does not guarantee: that the content is what its name says; the readers check that.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import pyarrow as pa

from plait.data.cache import cache_folder, mark_used, new_entry
from plait.data.sources.spool import file_key
from plait.data.sources.zipped import BROKEN, Allowance, Counted, opened_zip
from plait.errors import TableError

MAGIC = {
    ".gz": b"\x1f\x8b",
    ".bz2": b"BZh",
    ".xz": b"\xfd7zXZ\0",
    ".zst": b"\x28\xb5\x2f\xfd",
    ".lz4": b"\x04\x22\x4d\x18",
}
PACKED_ENDINGS = frozenset({*MAGIC, ".tgz", ".zip"})
SHORT = {".tgz": ".tar"}
CONTENT, SIZES = "content", "sizes.json"
"""Of an entry of the cache: the folder of what was unpacked, and each file's bytes."""

UNSAFE = (*BROKEN, lzma.LZMAError, pa.ArrowException)


def unpacked(path: Path, into: Path | None = None) -> Path:
    """Return the file inside of a compressed one, or the folder inside of a zip archive.

    Args:
        path: The packed file.
        into: Folder to unpack into; default an entry of the cache, made once per content.

    Raises:
        TableError: Damaged, cut off, protected, beyond the limits, or with names that lead out.
    """
    if into is not None:
        return _unpack(path, into)
    folder, name = cache_folder("unpacked"), file_key(path, "unpacked 2")[:32]
    entry = folder / name
    if _is_whole(entry):
        mark_used(entry)
    else:
        with new_entry(folder, name) as fresh:
            (fresh / CONTENT).mkdir()
            _unpack(path, fresh / CONTENT)
            (fresh / SIZES).write_text(json.dumps(_sizes(fresh / CONTENT)), encoding="utf8")
    return _content(path, entry / CONTENT)


def _is_whole(entry: Path) -> bool:
    """Tell whether an entry has the files that were unpacked, of the sizes that they had."""
    try:
        noted: object = json.loads((entry / SIZES).read_text(encoding="utf8"))
        return noted == _sizes(entry / CONTENT)
    except (OSError, ValueError):
        return False


def _sizes(folder: Path) -> dict[str, int]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def _content(path: Path, entry: Path) -> Path:
    return entry if path.suffix.lower() == ".zip" else entry / _inner_name(path)


def _inner_name(path: Path) -> str:
    ending = path.suffix.lower()
    return (path.name[: -len(ending)] or "table") + SHORT.get(ending, "")


def _unpack(path: Path, into: Path) -> Path:
    if path.suffix.lower() == ".zip":
        _unpack_zip(path, into)
    else:
        _unpack_stream(path, into / _inner_name(path))
    return _content(path, into)


def _unpack_stream(path: Path, target: Path) -> None:
    ending = {".tgz": ".gz"}.get(path.suffix.lower(), path.suffix.lower())
    with path.open("rb") as file:
        if not file.read(8).startswith(MAGIC[ending]):
            raise _broken(path, "another kind of file")
    try:
        with OPENERS[ending](path) as stream, target.open("wb") as out:
            _copy(Counted(stream, Allowance(path)), out)
    except TableError:
        raise
    except UNSAFE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise _broken(path, str(error) or type(error).__name__) from None


def _arrow_stream(codec: str) -> Callable[[Path], Any]:
    return lambda path: pa.CompressedInputStream(pa.OSFile(str(path)), codec)


OPENERS: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _arrow_stream("zstd"),
    ".lz4": _arrow_stream("lz4"),
}


def _copy(stream: Counted, out: BinaryIO) -> None:
    while piece := stream.read(2**20):
        out.write(piece)


def _unpack_zip(path: Path, into: Path) -> None:
    with opened_zip(path, "zip archive") as file:
        allowance, seen = Allowance(path), set[str]()
        for member in file.infolist():
            name = member.filename.replace("\\", "/")
            if name.startswith("__MACOSX/") or name.endswith("/"):
                continue
            _check_member(member, name, seen, path)
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with file.open(member) as stream, target.open("xb") as out:
                _copy(Counted(stream, allowance), out)
        if not seen:
            raise TableError("the zip archive is empty", expected="a table, or media", path=path)


def _check_member(member: zipfile.ZipInfo, name: str, seen: set[str], path: Path) -> None:
    """Refuse names that lead out, links, and two files of one name, which would hide one."""
    parts = PurePosixPath(name).parts
    kind = stat.S_IFMT(member.external_attr >> 16)
    what = None
    if name.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in name:
        what = "a name in the zip archive leads out of it"
    elif kind not in (0, stat.S_IFREG):
        what = "the zip archive holds a link or device"
    elif os.path.normcase(name) in seen:
        what = "the zip archive holds two files of one name"
    if what is not None:
        raise TableError(
            what,
            expected="plain files under the archive's own folder",
            received=name,
            path=path,
            hint="make the archive anew from a folder",
        )
    seen.add(os.path.normcase(name))


def _broken(path: Path, received: str) -> TableError:
    return TableError(
        "the compressed file cannot be unpacked",
        expected=f"a whole {path.suffix.lower()} file",
        received=received,
        path=path,
        hint="was it copied to its end, and has it the right ending?",
    )
