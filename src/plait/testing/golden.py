"""What codecs prepare their examples to, written down: a change without a new version shows.

Numbers are compared by mean, spread and a few fixed projections, within what processors differ by;
whole numbers (tokens, codes) exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.testing.examples import example_cells, fitted

NUM_SHOWN = 3
"""Examples whose arrays are written down, the first of those that the codec was fitted on."""

WAVES = (0.1, 0.7, 1.9)
"""Frequencies of the projections: a moved, swapped or scaled value changes at least one."""

TOLERANCE = 2e-3
"""Difference, as a share of the values' own size, that counts as none."""

BITS = 3
"""Bits of a fingerprint's code in which machines may differ."""

Golden = dict[str, Any]
"""``version``, ``cells`` (hash of the examples), ``arrays``, ``features``, ``prints``,
``sketches``."""


def golden_of(modality: str) -> Golden:
    """Return what the modality's codec makes of its own examples now, JSON-ready."""
    codec, raws = fitted(modality)
    arrays = [codec.prepare(raw) for raw in raws[:NUM_SHOWN]]
    arrays.append(codec.prepare(codec.neutral()))
    prints = [codec.fingerprint(raw) for raw in raws[:NUM_SHOWN]]
    cells = repr(example_cells(modality, NUM_SHOWN)).encode()
    return {
        "version": codec.version,
        "cells": hashlib.sha256(cells).hexdigest()[:16],
        "arrays": [{name: _summary(part) for name, part in one.items()} for one in arrays],
        "features": [_summary(codec.features(one)) for one in arrays],
        "prints": [None if one is None else one.code.hex() for one in prints],
        "sketches": [None if one is None else _sketch_summary(one.sketch) for one in prints],
    }


def differences(now: Golden, kept: Golden) -> list[str]:
    """Return where two goldens of one modality differ by more than machines do, in words."""
    found = ["version"] if now["version"] != kept["version"] else []
    for what in ("arrays", "features"):
        for place, (one, other) in enumerate(zip(now[what], kept[what], strict=True)):
            parts = {what: (one, other)}
            if what == "arrays":
                parts = {name: (one.get(name), other.get(name)) for name in {*one, *other}}
            found += [
                f"{name} of example {place}" for name, pair in parts.items() if not _alike(*pair)
            ]
    sketches = zip(now["sketches"], kept["sketches"], strict=True)
    codes = zip(now["prints"], kept["prints"], strict=True)
    for place, (code, sketch) in enumerate(zip(codes, sketches, strict=True)):
        same = sketch[0] == sketch[1] if None in sketch else _alike(*sketch)
        if not (_alike_prints(*code) and same):
            found.append(f"fingerprint of example {place}")
    return found


def _sketch_summary(sketch: bytes) -> dict[str, Any]:
    """Return the length, and the mean and spread of the bytes: levels may differ by one."""
    values = np.frombuffer(sketch, np.uint8).astype(np.float64)
    numbers = [_round(float(values.mean())), _round(float(values.std()))]
    return {"shape": [len(values)], "size": _round(float(values.mean())), "numbers": numbers}


def _summary(array: np.ndarray) -> dict[str, Any]:
    about: dict[str, Any] = {"dtype": str(array.dtype), "shape": list(array.shape)}
    if array.dtype.kind in "iub" and array.dtype != np.uint8:
        content = np.ascontiguousarray(array).tobytes()
        return about | {"hash": hashlib.sha256(content).hexdigest()[:16]}
    values = array.astype(np.float64).ravel()
    steps = np.arange(len(values))
    size = max(float(np.abs(values).mean()), 1e-6)
    waves = [float((values * np.cos(wave * steps)).sum() / len(values) ** 0.5) for wave in WAVES]
    numbers = [float(values.mean()), float(values.std()), *waves, *values[:: _stride(values)][:8]]
    return about | {"size": _round(size), "numbers": [_round(number) for number in numbers]}


def _stride(values: np.ndarray) -> int:
    return max(1, len(values) // 8)


def _round(number: float) -> float:
    return float(f"{number:.6g}")


def _alike(now: Mapping[str, Any] | None, kept: Mapping[str, Any] | None) -> bool:
    if now is None or kept is None or now.keys() != kept.keys():
        return False
    if now.get("shape") != kept.get("shape") or now.get("dtype") != kept.get("dtype"):
        return False
    if "numbers" not in now:
        return now == kept
    near = TOLERANCE * kept["size"]
    return bool(np.allclose(now["numbers"], kept["numbers"], rtol=TOLERANCE, atol=near))


def _alike_prints(now: str | None, kept: str | None) -> bool:
    if now is None or kept is None or len(now) != len(kept):
        return now == kept
    return (int(now or "0", 16) ^ int(kept or "0", 16)).bit_count() <= BITS
