"""Lays a table out as lines of text: columns as wide as their glyphs, long cells folded."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

INDENT, GAP, RULE = "  ", "   ", "\u2500"
LEAST_WIDTH = 8
"""Columns are not made narrower to fit a screen."""

_CONTROLS = {code: None for code in (*range(9), *range(11, 32), *range(127, 160))} | {9: " "}
"""Characters that a terminal would obey are dropped."""


def grid(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[bool], width: int
) -> Iterator[str]:
    """Yield the lines of a table: its head, a rule, its rows.

    Args:
        names: Heads of the columns.
        rows: Cells, as many as there are names.
        numeric: Which columns stand to the right.
        width: Glyphs that fit beside each other; the widest columns are folded.
    """
    names = [_shown(name) for name in names]
    rows = [[_shown(cell) for cell in row] for row in rows]
    columns = [[name, *cells] for name, *cells in zip(names, *rows, strict=True)]
    widths = _fitted([max(map(_widest, column)) for column in columns], width)
    yield from _folded(names, widths, numeric)
    yield (" " + RULE * (sum(widths) + len(GAP) * (len(widths) - 1) + 2)).rstrip()
    for row in rows:
        yield from _folded(row, widths, numeric)


def glyphs(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    >>> glyphs("abc"), glyphs("\u6f22\u5b57"), glyphs("e\u0301")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_glyph, text))


def _glyph(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _shown(text: str) -> str:
    return text if text.isprintable() else text.translate(_CONTROLS)


def _widest(text: str) -> int:
    return glyphs(text) if "\n" not in text else max(map(glyphs, text.split("\n")))


def _fitted(widths: list[int], width: int) -> list[int]:
    """Return the widths, the widest of them cut to one that lets all fit."""
    room = width - len(INDENT) - 1 - len(GAP) * (len(widths) - 1)
    most = min(max(widths), max(room, LEAST_WIDTH))
    while most > LEAST_WIDTH and sum(min(one, most) for one in widths) > room:
        most -= 1
    return [min(one, most) for one in widths]


def _folded(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> Iterator[str]:
    """Yield the lines of one row: more than one where a cell is wider than its column."""
    parts = [
        [cell] if "\n" not in cell and glyphs(cell) <= width else list(_wrapped(cell, width))
        for cell, width in zip(cells, widths, strict=True)
    ]
    for number in range(max(map(len, parts))):
        line = [part[number] if number < len(part) else "" for part in parts]
        padded = [
            " " * (width - glyphs(text)) + text if right else text + " " * (width - glyphs(text))
            for text, width, right in zip(line, widths, numeric, strict=True)
        ]
        yield (INDENT + GAP.join(padded)).rstrip()


def _wrapped(cell: str, width: int) -> Iterator[str]:
    """Yield pieces that fit: broken at blanks, within a word only where it alone is too wide."""
    for text in cell.split("\n"):
        line = ""
        for word in text.split(" "):
            if line and glyphs(f"{line} {word}") <= width:
                line = f"{line} {word}"
                continue
            if line:
                yield line
            while glyphs(word) > width:
                size = next(
                    n for n in range(len(word), 0, -1) if n == 1 or glyphs(word[:n]) <= width
                )
                yield word[:size]
                word = word[size:]
            line = word
        yield line
