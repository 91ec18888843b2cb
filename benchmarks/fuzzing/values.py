"""Plain values for tables: sound ones, and ones that people and programs really produce."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np

SOUND = ["boot", "sandal", "caf\u00e9 noir", "a, b", 'say "x"', "two\nlines", "12", "3.5", "-1e3"]
ODD_TEXTS = [
    "", " ", "\0", "\ufeffx", "\u202eabc", "\U0001f97e", "NaN", "inf", "-inf", "1e999", "9" * 400,
    "0x1F", "1_000", "1,5", "1.234,5", "2024-02-30", "00:61", "true", "None", "#N/A", "=1+1",
    "x" * 150_000, "1 " * 30_000, "[" * 5_000, "{" * 3_000, '{"a":' * 2_000, "a.png", "../a.png",
    "/etc/passwd", "http://127.0.0.1/x.png", "file:///etc/passwd", "C1CC(", "C" * 900, "\t", "\r",
    "a\rb", "'", '"', '""', ";", "|", "%s%n", "${x}", "\\", "\u0430\u0431", "\u65e5\u672c",
]  # fmt: skip
NAMES = [
    "a", "b", "price", "a,b", "a=b", "", " ", "prediction", "confidence", "p_boot", "q05", "id",
    "split", "\u00fcber", "\U0001f97e", 'x"y', "line\nbreak", "__index_level_0__", "a" * 5_000,
    "~space", "row", "label", "0", "None", "\u200b",
]  # fmt: skip
ODD_VALUES: list[Any] = [
    None, True, False, 0, -1, 2**62, 10**30, 1.5, math.nan, math.inf, -math.inf, 1e308, b"",
    b"\xff", [], [None], [1, "a"], [[1, 2], [3]], [[]], {}, {"a": None},
    {"bytes": b"", "path": None}, {"bytes": b"\x89PNG", "path": "a.png"}, {"path": "../x"},
    "x" * 70_000, [1.0] * 5_000,
    date(2024, 1, 1), datetime(1, 1, 1), time(1, 2), Decimal("1.50"), np.float32(1), np.int8(3),
    np.array([1.0, np.nan]), np.zeros((2, 2, 2)), np.array(["a"]), (1, 2), {1, 2}, 1 + 2j, object(),
]  # fmt: skip


def texts(rng: np.random.Generator, num: int, *, odd: float = 0.08) -> list[str]:
    """Return texts of which a share is odd."""
    return [
        ODD_TEXTS[rng.integers(len(ODD_TEXTS))] if rng.random() < odd else _sound(rng)
        for _ in range(num)
    ]


def names(rng: np.random.Generator, num: int, *, odd: float = 0.3) -> list[str]:
    """Return column names, of which some are odd; mostly, each once."""
    found = [
        NAMES[rng.integers(len(NAMES))] if rng.random() < odd else f"c{place}"
        for place in range(num)
    ]
    return found if rng.random() < 0.1 else list(dict.fromkeys(found))


def value(rng: np.random.Generator) -> Any:
    """Return a value of any type, odd ones among them."""
    if rng.random() < 0.5:
        return ODD_VALUES[rng.integers(len(ODD_VALUES))]
    return [_sound(rng), int(rng.integers(100)), float(rng.normal())][rng.integers(3)]


def _sound(rng: np.random.Generator) -> str:
    return SOUND[rng.integers(len(SOUND))]
