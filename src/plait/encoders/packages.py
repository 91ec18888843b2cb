"""Encoders that installed packages carry: found by what they list of themselves; no code is run."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath
from typing import Any

from plait.backbones.licence import licence_of_metadata, licence_of_text
from plait.encoders.describing import describe
from plait.encoders.files import FolderFiles, ZipFiles, confined
from plait.encoders.found import FoundEncoder
from plait.errors import PlaitError

MARKS = (".safetensors", ".zip,", "efficientnet-lite0")
"""A package whose list of files holds none of these carries no encoder."""

LEAST_ARCHIVE_BYTES = 2**20
MAX_CARRIED = 20
"""Archives and folders that are looked into of one package."""


def carried() -> Iterator[FoundEncoder]:
    """Give the encoders of every installed package."""
    seen: set[str] = set()
    for package in distributions():
        try:
            name = str(package.metadata["Name"] or "")
            if name in seen:
                continue
            seen.add(name)
            listed = package.read_text("RECORD") or ""
            if any(mark in listed for mark in MARKS):
                yield from _of(package, name, listed)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error):
            continue  # a package whose records are damaged is none that carries an encoder


def _of(package: Distribution, name: str, listed: str) -> Iterator[FoundEncoder]:
    root = Path(str(package.locate_file(""))).resolve()
    place = f"package {name} {package.version}"
    licence = licence_of_package(package)
    for path in _candidates(listed)[:MAX_CARRIED]:
        found = confined(root / path, root)
        if found is None:
            continue
        if found.suffix == ".zip":
            yield from _archive(found, place, licence)
        else:
            label = found.name if found.parent != root else name
            one = describe(
                FolderFiles(found, root), name=label, place=place, path=found, licence=licence
            )
            yield from [] if one is None else [_named(one, name)]


def _candidates(listed: str) -> list[str]:
    """Return the archives that may hold an encoder, and the folders of weights, of a package."""
    found: dict[str, None] = {}
    for line in csv.reader(line for line in listed.splitlines() if any(m in line for m in MARKS)):
        path, size = line[0], line[2] if len(line) > 2 else ""
        name = PurePosixPath(path).name
        if name.endswith(".zip") and size.isdecimal() and int(size) >= LEAST_ARCHIVE_BYTES:
            found[path] = None
        elif name.endswith(".safetensors") or name.startswith("efficientnet-lite0"):
            found[PurePosixPath(path).parent.as_posix()] = None
    return list(found)


def _archive(path: Path, place: str, licence: str) -> Iterator[FoundEncoder]:
    try:
        files = ZipFiles(path)
    except PlaitError:
        return
    about: dict[str, Any] = {"place": place, "path": path, "inner": files.folder}
    one = describe(files, name=files.folder or path.stem, licence=licence, **about)
    package = place.split()[1]
    yield from [] if one is None else [_named(one, package)]


def _named(one: FoundEncoder, package: str) -> FoundEncoder:
    """Return it under its package's name where its own says nothing."""
    says_nothing = one.name.lower() in ("", ".", "model", "models", "weights", "data", "assets")
    name = package.removesuffix("-model").removesuffix("-pytorch")
    return replace(one, name=name) if says_nothing else one


def licence_of_package(package: Distribution) -> str:
    """Return the licence that an installed package tells of itself; "" where it tells none."""
    about = package.metadata
    told = licence_of_metadata(
        about["License-Expression"], about["License"], about.get_all("Classifier") or ()
    )
    if told:
        return told
    for name in ("LICENSE", "LICENSE.txt", "LICENSE.md", "licenses/LICENSE", "COPYING"):
        named = licence_of_text(package.read_text(name))
        if named:
            return named
    return ""
