"""Where a verb may write: never over another file unless told so, never over what it reads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from plait.bundle import check_place, is_bundle
from plait.data.table import Table
from plait.errors import UsageError
from plait.model.model import Model


def check_output(out: Path | str, *inputs: Any, force: bool = False) -> Path:
    """Return the path to write, symbolic links followed; nothing is written yet.

    Args:
        out: As named.
        inputs: What is read meanwhile (tables, bundles, paths, None): it is never written over,
            neither under its own name nor by a link to it.
        force: Whether another file there may be replaced.

    Raises:
        UsageError: The path is an input, lies in an input folder or a bundle, is a folder, or is
            taken and `force` is not given.
    """
    path = Path(os.path.realpath(Path(out).expanduser()))
    for one in filter(None, map(_place, inputs)):
        if _is_within(path, one):
            raise UsageError(
                "the output would be written over what is read",
                expected="another path than the input's",
                path=out,
                hint="name another file with --out",
            )
    if path.is_dir():
        raise UsageError("the output is a folder", expected="a file", path=out)
    inside = next((folder for folder in path.parents if is_bundle(folder)), None)
    if inside is not None:
        raise UsageError(
            "the output would be written into a bundle, which it would damage",
            expected="a path outside of it",
            path=out,
        )
    if path.is_file() and not force:
        raise UsageError(
            "the output file exists already",
            expected="a new path",
            path=out,
            hint="name another with --out, or replace it with --force",
        )
    return path


def check_bundle_place(out: Path | str, target: str | None, *, force: bool = False) -> None:
    """Refuse to write a bundle over that of another target.

    An older bundle of the same target is replaced: who fits once more wants the newer one.

    Raises:
        BundleError: Something else than a bundle lies there.
        UsageError: A model of another target does, and `force` is not given.
    """
    check_place(out)
    if force or not is_bundle(out):
        return
    try:
        there = json.loads((Path(out) / "model.json").read_bytes())["target"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if there != target:
        raise UsageError(
            "the bundle's place is taken by a model of another target",
            expected="a new path, or an older bundle of "
            + ("a shared space" if target is None else f"'{target}'"),
            received="a shared space" if there is None else f"a model of '{there}'",
            path=out,
            hint="name another with --out, or replace it with --force",
        )


def _place(source: Any) -> Path | None:
    """Return the file or folder that a source is read from, when it is one."""
    if isinstance(source, Table):
        source = source.root / source.name
    if not isinstance(source, str | os.PathLike):
        return None
    path = Path(source).expanduser()
    return path if path.exists() else None


def _is_within(path: Path, source: Path) -> bool:
    """Tell whether a path is the source, by any name, or a file that lies in its folder."""
    if not path.exists():
        return False
    if os.path.samefile(path, source):
        return True
    return source.is_dir() and path.is_relative_to(os.path.realpath(source))


def place_beside(out: Path | str, model: Model, *, force: bool = False) -> Path:
    """Return where a bundle made of another one is written: never over that one.

    Raises:
        BundleError: Something else than a bundle lies there.
        UsageError: The bundle itself does, or a model of another target and `force` is not given.
    """
    if model.path is not None and os.path.realpath(out) == os.path.realpath(model.path):
        raise UsageError(
            "the bundle would be written over the one that it is made of",
            expected="another path than the bundle's",
            path=out,
            hint="name another with --out",
        )
    check_bundle_place(out, model.target, force=force)
    return Path(out)
