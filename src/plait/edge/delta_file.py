"""Deltas as files: one JSON, checked when it is read, signed where there is a key.

Guarantees: reading runs no code and unpickles nothing; the file's size, the number and shape of
everything in it are limited and checked, and all numbers are finite, before any is used. A SHA-256
finds damage. With a key (HMAC-SHA256, RFC 2104) a file that was changed, or written by anybody who
has not the key, is refused. Does not guarantee: anything against who has the key (it is one secret
that signs and verifies, so it does not tell which of its holders signed), or that a file is the
newest one: an older delta of the same key is as good. Nothing is encrypted. Without a key, who can
change the file can write its SHA-256 anew.

The file holds ``plait_delta`` (its version), ``content`` (a text, which is JSON again), ``sha256``
of that text in UTF-8, and ``hmac_sha256``, null where it was not signed. Arrays are base64 of
little-endian float64, row by row.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plait.edge.delta import (
    KINDS,
    MAX_CORRECTIONS,
    MAX_LABEL,
    MAX_NEW_CLASSES,
    ClassSum,
    Correction,
    Delta,
)
from plait.errors import BundleError, UsageError, as_path
from plait.model.rehearsal import Rehearsal, rehearsal_from
from plait.model.rehearsing import MAX_CLASSES
from plait.writing import write_text

VERSION = 1
MAX_BYTES = 32 * 2**20
MAX_FEATURES, MAX_ROWS, MAX_NUMBER = 4096, 10**9, 1e12
"""Features of a row, rows of a correction, and the size of any number."""

LEAST_KEY_BYTES, MAX_KEY_BYTES = 16, 4096
HEXADECIMAL = frozenset("0123456789abcdef")


def write_delta(delta: Delta, path: Path | str, *, key: bytes | Path | str | None = None) -> Path:
    """Write a delta whole or not at all, signed where there is a key; return its path.

    Raises `StorageError` when it cannot be written, `UsageError` for what is no key.
    """
    content = json.dumps(_told(delta), ensure_ascii=False, allow_nan=False)
    data = content.encode()
    signature = None if key is None else _signature(data, key_of(key))
    whole = {
        "plait_delta": VERSION,
        "sha256": hashlib.sha256(data).hexdigest(),
        "hmac_sha256": signature,
        "content": content,
    }
    write_text(path, json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
    return Path(path)


def read_delta(path: Path | str, *, key: bytes | Path | str | None = None) -> Delta:
    """Read a delta.

    Args:
        path: The file.
        key: With which it must be signed; None takes any that is whole.

    Raises:
        BundleError: When it is no delta, damaged, of another version, beyond the limits, or not
            signed by the key.
        UsageError: For what is no key, or no path.
    """
    path = as_path(path, "a delta")
    secret = None if key is None else key_of(key)
    try:
        content = _content(path, secret)
        return _delta_from(content)
    except (KeyError, TypeError, ValueError, RecursionError, binascii.Error) as error:
        raise BundleError(
            "the delta is damaged", received=f"{type(error).__name__}: {error}", path=path
        ) from None
    except BundleError as error:
        raise error.at(path=path) from None


def make_key(path: Path | str) -> Path:
    """Write a new key that its owner alone can read, where there is none; return its path."""
    path = as_path(path, "a key")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(32) + "\n")
    return path


def key_of(key: bytes | Path | str) -> bytes:
    """Return the bytes of a key, read from its file. Raises `UsageError` for what is none."""
    if not isinstance(key, bytes):
        path = as_path(key, "a key")
        if not path.is_file():
            raise UsageError(
                "there is no key at this path",
                expected=f"a file of {LEAST_KEY_BYTES} bytes or more that nobody else knows",
                path=path,
                hint="plait learn BUNDLE EXAMPLES --key FILE writes a new one",
            )
        with path.open("rb") as stream:
            key = stream.read(MAX_KEY_BYTES + 1).strip()
    if not LEAST_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise UsageError(
            "this is no key",
            expected=f"{LEAST_KEY_BYTES} to {MAX_KEY_BYTES} bytes",
            received=f"{len(key)} bytes or more",
        )
    return key


def _content(path: Path, key: bytes | None) -> dict[str, Any]:
    """Return what a delta holds, once its size, version, hash and signature were checked."""
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        absent = not path.is_file()
        raise BundleError(
            "this is no delta",
            expected=f"a file of at most {MAX_BYTES // 2**20} MB, which plait learn wrote",
            received="no file" if absent else f"{path.stat().st_size} bytes",
        ).of_call(absent)
    whole = json.loads(path.read_text(encoding="utf8"))
    if not isinstance(whole, dict) or whole.get("plait_delta") != VERSION:
        raise BundleError(
            "this is no delta, or of another version",
            expected=f"version {VERSION}",
            received=whole.get("plait_delta") if isinstance(whole, dict) else "other JSON",
            hint="use the version of plait that wrote it",
        )
    data = str(whole["content"]).encode()
    if not hmac.compare_digest(hashlib.sha256(data).hexdigest(), str(whole["sha256"])):
        raise BundleError(
            "the delta was changed after it was saved",
            expected=f"SHA-256 {str(whole['sha256'])[:16]}...",
            received=f"{hashlib.sha256(data).hexdigest()[:16]}...",
        )
    if key is not None:
        told = whole["hmac_sha256"]
        if told is None or not hmac.compare_digest(_signature(data, key), str(told)):
            raise BundleError(
                "the delta is not signed by this key",
                expected="a delta that was saved with the same key",
                received="no signature" if told is None else "another signature",
            )
    content: dict[str, Any] = json.loads(data)
    return content


def _signature(data: bytes, key: bytes) -> str:
    return hmac.new(key, data, hashlib.sha256).hexdigest()


def _told(delta: Delta) -> dict[str, Any]:
    own = delta.statistics
    return {
        "bundle": delta.bundle,
        "basis": delta.basis,
        "target": delta.target,
        "num_features": delta.num_features,
        "num_near": delta.num_near,
        "num_outputs": delta.num_outputs,
        "corrections": [
            {
                "id": one.id,
                "kind": one.kind,
                "num": one.num,
                "design": _text_of(one.design),
                "residuals": _text_of(one.residuals),
                "sums": [
                    {"label": each.label, "num": each.num, "total": _text_of(each.total)}
                    for each in one.sums
                ],
            }
            for one in delta.corrections
        ],
        "statistics": None if own is None else _statistics_told(own),
    }


def _statistics_told(statistics: Rehearsal) -> dict[str, Any]:
    return {
        name: {"shape": list(array.shape), "data": _text_of(array)}
        for name, array in statistics.arrays().items()
    }


def _delta_from(content: Mapping[str, Any]) -> Delta:
    features = _whole(content["num_features"], 0, MAX_FEATURES)
    near = _whole(content["num_near"], 0, features)
    outputs = _whole(content["num_outputs"], 1, MAX_CLASSES)
    told = content["corrections"]
    if len(told) > MAX_CORRECTIONS:
        raise ValueError(f"more than {MAX_CORRECTIONS} corrections")
    corrections = tuple(_correction_from(one, features, near, outputs) for one in told)
    if len({one.id for one in corrections}) < len(corrections):
        raise ValueError("two corrections of one id")
    own = content["statistics"]
    found = Delta(
        bundle=_digits(content["bundle"], 64),
        basis=_digits(content["basis"], 64),
        target=_word(content["target"]),
        num_features=features,
        num_near=near,
        num_outputs=outputs,
        corrections=corrections,
        statistics=None if own is None else rehearsal_from(_statistics_arrays(own)),
    )
    if len(found.labels) > MAX_CLASSES + MAX_NEW_CLASSES:
        raise ValueError("more classes than a delta may have")
    if found.statistics is not None and found.statistics.digest != found.basis:
        raise ValueError("its statistics are not those that it names")
    return found


def _correction_from(told: Mapping[str, Any], features: int, near: int, outputs: int) -> Correction:
    if told["kind"] not in KINDS:
        raise ValueError(f"a correction of kind {told['kind']}")
    design = _array_of(told["design"], (-1, 1 + features))
    if len(design) > 1 + features:
        raise ValueError("a correction of more rows than it needs")
    sums = tuple(
        ClassSum(
            _word(one["label"]),
            _whole(one["num"], 1, MAX_ROWS),
            _array_of(one["total"], (near,)),
        )
        for one in told["sums"]
    )
    return Correction(
        id=_digits(told["id"], 16),
        kind=told["kind"],
        num=_whole(told["num"], 1, MAX_ROWS),
        design=design,
        residuals=_array_of(told["residuals"], (len(design), outputs)),
        sums=sums,
    )


def _statistics_arrays(told: Mapping[str, Any]) -> dict[str, np.ndarray]:
    found = {}
    for name, one in told.items():
        shape = tuple(_whole(size, 0, MAX_ROWS) for size in one["shape"])
        found[str(name)] = _array_of(one["data"], shape)
    return found


def _text_of(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, "<f8").tobytes()).decode()


def _array_of(text: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array. Raises `ValueError` where it is of another shape, or not finite."""
    found = np.frombuffer(base64.b64decode(text, validate=True), "<f8").reshape(shape)
    if not (np.abs(found) <= MAX_NUMBER).all():
        raise ValueError("numbers that are not finite, or very large")
    return found.astype(np.float64)


def _whole(value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{value} is no whole number from {least} to {most}")
    return value


def _digits(value: Any, num: int) -> str:
    if not isinstance(value, str) or len(value) != num or not set(value) <= HEXADECIMAL:
        raise ValueError(f"not {num} hexadecimal digits")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LABEL:
        raise ValueError(f"not a text of 1 to {MAX_LABEL} characters")
    return value
