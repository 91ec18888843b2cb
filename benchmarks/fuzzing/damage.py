"""Damages bytes and texts as disks, networks, editors and attackers do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HEADER_BYTES = 96

Damage = Callable[[bytes, np.random.Generator], bytes]


def none(data: bytes, rng: np.random.Generator) -> bytes:
    """Leave it as it is: what is sound must be read."""
    return data


def flip(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip a few bits anywhere."""
    found = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        if found:
            found[rng.integers(len(found))] ^= 1 << int(rng.integers(8))
    return bytes(found)


def number(data: bytes, rng: np.random.Generator) -> bytes:
    """Write a number that often breaks things over one near the start."""
    found = bytearray(data)
    width = int(rng.choice([1, 2, 4, 8]))
    place = int(rng.integers(max(1, min(len(found), HEADER_BYTES))))
    order: str = str(rng.choice(["little", "big"]))
    value = int(rng.choice(INTERESTING)) % 256**width
    found[place : place + width] = value.to_bytes(width, order)  # type: ignore[arg-type]
    return bytes(found)


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """Lose the end."""
    return data[: int(rng.integers(len(data) + 1))]


def lose(data: bytes, rng: np.random.Generator) -> bytes:
    """Lose a piece in the middle."""
    first, last = sorted(rng.integers(0, len(data) + 1, 2))
    return data[:first] + data[last:]


def repeat(data: bytes, rng: np.random.Generator) -> bytes:
    """Say a piece many times."""
    first = int(rng.integers(len(data) + 1))
    piece = data[first : first + int(rng.integers(1, 64))]
    return data[:first] + piece * int(rng.integers(2, 2000)) + data[first:]


def insert(data: bytes, rng: np.random.Generator) -> bytes:
    """Put bytes in: random ones, zeros, or those of a text in another encoding."""
    kinds = [
        rng.bytes(int(rng.integers(1, 40))),
        b"\0" * 9,
        "\u00e4\u20ac".encode("utf-16"),
        b"\xe9",
    ]
    place = int(rng.integers(len(data) + 1))
    return data[:place] + kinds[rng.integers(len(kinds))] + data[place:]


def join(data: bytes, rng: np.random.Generator) -> bytes:
    """Follow it by itself, or by the start of another kind of file."""
    others = [
        data,
        b"PK\x03\x04",
        b"\x1f\x8b\x08\0",
        b"PAR1",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\xff\xff\xff\xff",
    ]
    other = others[rng.integers(len(others))]
    return data + other if rng.random() < 0.5 else other + data


def recode(data: bytes, rng: np.random.Generator) -> bytes:
    """Write a text in another encoding."""
    encodings = [
        "utf-16",
        "utf-16-le",
        "cp1252",
        "latin-1",
        "utf-32",
        "utf-8-sig",
        "cp1251",
        "shift_jis",
    ]
    encoding = encodings[rng.integers(len(encodings))]
    return data.decode("utf-8", "replace").encode(encoding, "replace")


SOUND_OUTSIDE = 0.6
"""Share of files of several layers that stay sound outside: their damage lies within."""

BYTES: Sequence[Damage] = (none, flip, number, cut, lose, repeat, insert, join)
TEXT: Sequence[Damage] = (*BYTES, recode, recode)


def damaged(data: bytes, rng: np.random.Generator, kinds: Sequence[Damage]) -> tuple[bytes, str]:
    """Return bytes damaged once or twice, and how."""
    done = []
    for _ in range(1 + (rng.random() < 0.3)):
        damage = kinds[rng.integers(len(kinds))]
        data = damage(data, rng)
        done.append(damage.__name__)
    return data, "+".join(done)
