"""Bundles on disk: a folder of JSON, safetensors and text with a manifest of hashes; never code.

Guarantees: reading runs no code from the bundle and unpickles nothing; every file is checked
against the manifest's SHA-256 and size before use; names cannot leave the folder; a bundle appears
whole or not at all. Does not guarantee: who wrote it. The hashes find damage and careless edits; an
attacker who can rewrite the folder can rewrite the manifest too. A bundle that is replaced while it
is read is read again (`read_steadily`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from plait.errors import BundleError, PlaitError
from plait.writing import write_folder

FORMAT = 1
MANIFEST = "manifest.json"
MAX_FILE_BYTES = 8 * 2**30
MAX_READS = 25
"""A bundle that was replaced while it was read so often is given up."""

_Made = TypeVar("_Made")


class Bundle:
    """A bundle that was opened and whose manifest was checked.

    Args:
        path: The folder.

    Raises:
        BundleError: When it is no bundle, of another format, or a file was changed, cut or added.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.manifest = _read_manifest(self.path)
        for name, entry in self.manifest["files"].items():
            _check_file(self.path, name, entry)
        _check_nothing_added(self.path, self.manifest["files"])

    def __contains__(self, name: str) -> bool:
        return name in self.manifest["files"]

    def names(self, folder: str = "") -> list[str]:
        """Return the names of the files, those below `folder` when given."""
        return [name for name in self.manifest["files"] if name.startswith(folder)]

    def read_bytes(self, name: str) -> bytes:
        """Return a file's bytes. Raises `BundleError` when the bundle has no such file."""
        if name not in self:
            raise BundleError(f"the bundle has no {name}", path=self.path)
        return (self.path / name).read_bytes()

    def read_json(self, name: str) -> Any:
        """Return a JSON file's content."""
        try:
            return json.loads(self.read_bytes(name))
        except ValueError as error:
            raise BundleError(f"{name} is not JSON", received=str(error), path=self.path) from None

    def read_arrays(self, name: str) -> dict[str, np.ndarray]:
        """Return the arrays of a safetensors file."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            return load(self.read_bytes(name))
        except SafetensorError as error:
            raise BundleError(f"{name} is damaged", received=str(error), path=self.path) from None

    def read_all_json(self) -> dict[str, Any]:
        """Return every JSON file by its name without ending, for the report."""
        found = {Path(n).stem: self.read_json(n) for n in self.names() if n.endswith(".json")}
        if "card.md" in self:
            found["card"] = self.read_bytes("card.md").decode()
        return found | {"manifest": self.manifest}


def write_bundle(path: Path | str, files: Mapping[str, bytes], *, version: str) -> Path:
    """Write a bundle atomically and return its path.

    Args:
        path: Folder to write; an older bundle there is replaced, anything else is left alone.
        files: Relative name -> content.
        version: Of plait, kept in the manifest.

    Raises:
        BundleError: When `path` is something else than a bundle.
        StorageError: When it cannot be written: the earlier bundle stays as it is.
    """
    path = Path(path)
    check_place(path)
    num_bytes = sum(len(content) for content in files.values())
    with write_folder(path, num_bytes=num_bytes) as folder:
        for name, content in files.items():
            _write_file(folder / name, content)
        entries = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())
        }
        manifest = {"format": FORMAT, "plait": version, "files": entries}
        _write_file(folder / MANIFEST, to_json(manifest))
    return path


def read_steadily(path: Path | str, make: Callable[[Bundle], _Made]) -> _Made:
    """Open a bundle, make something of it, and do so again if it was replaced meanwhile.

    Args:
        path: The folder.
        make: Reads the bundle's files.

    Raises:
        BundleError: As `Bundle`; or it is replaced again and again.
    """
    for _ in range(MAX_READS):
        before = _identity(Path(path))
        try:
            made = make(Bundle(path))
        except (PlaitError, OSError, KeyError, TypeError, ValueError):
            if _identity(Path(path)) == before:
                raise
            continue
        if _identity(Path(path)) == before:
            return made
    raise BundleError(
        "the bundle was replaced again and again while it was read",
        path=path,
        hint="wait until the program that writes it is done",
    )


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Return what tells one bundle at a place from the next; None where there is none."""
    try:
        found = (path / MANIFEST).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def check_place(path: Path | str) -> None:
    """Raise `BundleError` when something other than a bundle lies at `path`."""
    if os.path.lexists(path) and not is_bundle(path):
        raise BundleError(
            "the place for the bundle is taken",
            expected="a new path, or an older bundle to replace",
            path=path,
            hint="name another path with --out",
        ).of_call()


def is_bundle(path: Path | str) -> bool:
    """Tell whether a folder is a bundle, whole or damaged: its manifest is one of ours.

    Many folders that are not bundles hold a ``manifest.json``; replacing those would lose data.
    """
    try:
        found = json.loads((Path(path) / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"format", "plait", "files"} <= found.keys()


def to_json(value: Any) -> bytes:
    """Return `value` as readable JSON; NumPy scalars and arrays become numbers and lists."""
    return json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False).encode()


def size_mb(path: Path | str) -> float:
    """Return the size of a folder in megabytes (10^6 bytes)."""
    return sum(f.stat().st_size for f in Path(path).rglob("*") if f.is_file()) / 1e6


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def _read_manifest(path: Path) -> dict[str, Any]:
    if not (path / MANIFEST).is_file():
        absent = not path.exists()
        raise BundleError(
            "this is not a plait bundle",
            expected=f"a folder with {MANIFEST}",
            received="nothing at this path" if absent else "no manifest",
            path=path,
            hint="check the path" if absent else None,
        ).of_call(absent)
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST).read_bytes())
        files = manifest["files"]
        format_number = manifest["format"]
        if not isinstance(files, dict) or not all(isinstance(e, dict) for e in files.values()):
            raise TypeError("files is not a mapping of mappings")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(
            "the manifest is damaged",
            expected="JSON, as it was saved",
            received=str(error),
            path=path,
            hint="copy the bundle again from its source",
        ) from None
    if format_number != FORMAT:
        raise BundleError(
            "the bundle has another format",
            expected=f"format {FORMAT}",
            received=f"format {format_number}",
            path=path,
            hint="use the version of plait that wrote it, or fit again",
        )
    return manifest


def _check_file(folder: Path, name: str, entry: Mapping[str, Any]) -> None:
    if os.path.isabs(name) or ".." in Path(name).parts or "\0" in name:
        raise BundleError(
            "a file name in the manifest leads out of the bundle", received=name, path=folder
        )
    file = folder / name
    if not file.is_file() or _is_linked(folder, name):
        raise BundleError(
            f"the bundle's {name} is missing",
            expected="every file that the manifest names, none of them a link",
            path=folder,
            hint="copy the bundle again from its source",
        )
    size = file.stat().st_size
    if size != entry.get("bytes") or size > MAX_FILE_BYTES:
        raise BundleError(
            f"the bundle's {name} was cut or changed",
            expected=f"{entry.get('bytes')} bytes",
            received=f"{size} bytes",
            path=folder,
            hint="copy the bundle again from its source",
        )
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != entry.get("sha256"):
        raise BundleError(
            f"the bundle's {name} was changed after it was saved",
            expected=f"SHA-256 {str(entry.get('sha256'))[:16]}...",
            received=f"{digest[:16]}...",
            path=folder,
            hint="copy the bundle again from its source",
        )


def _is_linked(folder: Path, name: str) -> bool:
    direct = os.path.join(os.path.realpath(folder), os.path.normpath(name))
    return os.path.realpath(folder / name) != direct


def _check_nothing_added(folder: Path, files: Mapping[str, Any]) -> None:
    """Refuse files that the manifest does not name; hidden ones (``.DS_Store``) are never read."""
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        known = name == MANIFEST or name in files or file.name.startswith(".")
        if not known and (file.is_symlink() or not file.is_dir()):
            raise BundleError(
                f"the bundle's {name} was added after it was saved",
                expected="only the files that its manifest names",
                path=folder,
                hint="move it out of the bundle",
            )


def _write_file(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
