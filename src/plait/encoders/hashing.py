"""Hashes of weights: SHA-256, read once and kept by the file's size and time."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from plait.backbones.licence import PUBLISHED
from plait.data.cache import cache_folder
from plait.data.sources.zipped import Allowance, Counted, opened_zip
from plait.encoders.found import FoundEncoder
from plait.errors import PlaitError
from plait.writing import write_text

PIECE = 2**20
MAX_KEPT = 2000
VERSION = 1


def weights_hash(encoder: FoundEncoder) -> str | None:
    """Return the SHA-256 of an encoder's weights, 64 hex digits; None where they cannot be read.

    One file has the hash of its content, as hubs tell it, also where it lies in an archive; several
    have that of their names and hashes.
    """
    key = _key(encoder)
    if key is None or not encoder.weights:
        return None
    kept = _kept()
    if key not in kept:
        try:
            kept[key] = _read(encoder)
        except (OSError, PlaitError):
            return None
        _keep(kept)
    return str(kept[key])


def _read(encoder: FoundEncoder) -> str:
    parts = [_one(encoder, name) for name in encoder.weights]
    if len(parts) == 1:
        return parts[0]
    text = "".join(f"{n}|{one}|" for n, one in zip(encoder.weights, parts, strict=True))
    return hashlib.sha256(text.encode()).hexdigest()


def _one(encoder: FoundEncoder, name: str) -> str:
    if not encoder.is_packed:
        with (encoder.path / name).open("rb") as stream:
            return _digest(stream)
    member = f"{encoder.inner}/{name}" if encoder.inner else name
    with opened_zip(encoder.path, "zip archive") as archive, archive.open(member) as stream:
        return _digest(Counted(stream, Allowance(encoder.path)))


def _digest(stream: BinaryIO | Any) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _key(encoder: FoundEncoder) -> str | None:
    """Return what changes with the files of weights; None where they are gone."""
    files = [encoder.path] if encoder.is_packed else [encoder.path / n for n in encoder.weights]
    told = [f"{VERSION}", encoder.inner, *encoder.weights]
    try:
        for file in files:
            stat = file.stat()
            told.append(f"{file.resolve()}|{stat.st_size}|{stat.st_mtime_ns}")
    except OSError:
        return None
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _file() -> Path:
    return cache_folder("encoders") / "hashes.json"


def _kept() -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(_file().read_text("utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _keep(kept: dict[str, Any]) -> None:
    write_text(_file(), json.dumps(dict(list(kept.items())[-MAX_KEPT:])))


def licence_of(encoder: FoundEncoder) -> str:
    """Return an encoder's licence: as told, else that under which these weights were published."""
    return encoder.licence or PUBLISHED.get(weights_hash(encoder) or "", "")
