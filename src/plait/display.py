"""How results show themselves: a short line in a console, a small table in a notebook."""

from __future__ import annotations

import dataclasses
import html
import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from plait.errors import shorten
from plait.types import Html

IN_UNITS = frozenset({"rmse", "mae"})
"""Metrics in the unit of the target."""

MODELS = {
    "independent_columns": "independent columns",
    "tree_of_columns": "a tree of columns",
    "gaussian_copula": "a Gaussian copula",
    "deep": "the network",
    "majority": "guessing",
    "typical": "the most typical value",
    "neighbour": "nearest neighbours",
    "nearest": "value of the nearest row",
    "popular": "what is popular",
    "last_item": "what follows the last item",
    "item_knn": "item-kNN",
    "ease": "EASE",
    "blend": "blend of simple models",
    "cloned": "behaviour cloning",
    "conditioned": "a simple policy told the return",
    "linear": "linear model",
    "boosted": "boosted trees",
    "trees": "trees on the table",
    "probe": "linear probe of the base",
    "prompts": "prompts to the base",
    "prototypes": "prototypes in the base",
    "in_context": "a tabular foundation model",
}
"""Candidates by the name that bundles use -> the name for people, where it is another."""

_PART = re.compile(r"([a-z_]+) (\d\.\d+)")
"""A part of a mix, ``boosted 0.40``, in the name of what ships."""

Shown = TypeVar("Shown", bound=type)

MAX_SHORT = 300
"""Characters of a short repr, about."""

MAX_ITEM = 60
"""Characters of one field in it, and of one cell of a table."""

NUM_SHOWN = 10
"""Rows of a table in a notebook."""

# Colours come from the page around it, so that the table can be read on light and dark alike.
_CELL = "padding:2px 8px;border-bottom:1px solid rgba(128,128,128,.35)"
_LEFT, _RIGHT = ("text-align:left", "text-align:right;font-variant-numeric:tabular-nums")


def brief(cls: Shown) -> Shown:
    """Give a dataclass a short repr: each field by a few words, large ones by their size.

    >>> import numpy as np
    >>> @brief
    ... @dataclasses.dataclass
    ... class Found:
    ...     labels: tuple
    ...     vectors: object
    >>> Found(tuple("abcdefgh"), np.zeros((2, 3), np.float32))
    Found(labels=('a', 'b', 'c', ... 8 items), vectors=float32 [2, 3])
    """
    cls.__repr__ = _brief_repr  # type: ignore[assignment]
    return cls


def short_text(value: Any) -> str:
    """Return a value in a few words: arrays by type and shape, collections by their first items."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        if not value.shape:
            return shorten(value.item(), MAX_ITEM)
        return f"{value.dtype} [{', '.join(str(num) for num in value.shape)}]"
    if isinstance(value, str | bytes):
        return shorten(repr(value[: 2 * MAX_ITEM]), MAX_ITEM)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _few(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__}(...)"
    return shorten(value, MAX_ITEM)


def number_text(value: Any) -> str:
    """Return a number with four digits, anything else as short text; nothing as a dash.

    >>> number_text(0.912345), number_text(12), number_text(None), number_text(31234.5)
    ('0.9123', '12', '-', '31,234')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return shorten(value if isinstance(value, str) else _plain_text(value), MAX_ITEM)
    if isinstance(value, int):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def with_unit(text: str, unit: str) -> str:
    """Return a number with its unit behind a blank that does not break, where there is one.

    >>> with_unit("12", "kg").replace(chr(160), "_"), with_unit("12", "")
    ('12_kg', '12')
    """
    return f"{text}\u00a0{unit}" if unit else text


def named_in_unit(name: str, unit: str) -> str:
    """Return a metric's name as the head of a column: ``rmse [kg]``, where it is in a unit.

    >>> named_in_unit("rmse", "kg"), named_in_unit("r2", "kg")
    ('rmse [kg]', 'r2')
    """
    return f"{name} [{unit}]" if unit and name in IN_UNITS else name


def with_interval(value: Any, interval: Sequence[float] | None) -> str:
    """Return ``0.91 [0.88, 0.94]``, or the number alone where no interval is known."""
    if interval is None:
        return number_text(value)
    return f"{number_text(value)} [{number_text(interval[0])}, {number_text(interval[1])}]"


def model_name(name: object) -> str:
    """Return in words what a candidate, or what ships, is called in a bundle.

    >>> model_name("product_of_experts"), model_name("stack (deep 0.60 + boosted 0.40)")
    ('product of experts', 'mix (the network 0.60 + boosted trees 0.40)')
    """
    text = str(name)
    if text.startswith("stack ("):
        mixed = _PART.sub(lambda part: f"{model_name(part[1])} {part[2]}", text)
        return mixed.replace("stack", "mix", 1)
    return MODELS.get(text, text.replace("_", " "))


def scores_text(metrics: Mapping[str, Any], intervals: Mapping[str, Any], num: int = 1) -> str:
    """Return the first metrics by name, ``accuracy 0.91 [0.88, 0.94]``."""
    some = list(metrics.items())[:num]
    return ", ".join(f"{name} {with_interval(v, intervals.get(name))}" for name, v in some)


def text_rows(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a few rows as an aligned table of text."""
    cells = [[shorten(name, 24) for name in names]]
    cells += [[shorten(number_text(cell), 24) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
    lines = ("  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def html_table(
    title: str, names: Sequence[str], rows: Sequence[Sequence[Any]], *, note: str = ""
) -> Html:
    """Return a table as a fragment of a page: escaped, self-contained, numbers to the right.

    Args:
        title: One line above it.
        names: Of the columns.
        rows: Their cells; all are written as text, markup in them is shown as it is.
        note: One line below it.
    """
    numeric = [
        any(_is_number(row[i]) for row in rows)
        and all(_is_number(row[i]) or row[i] is None for row in rows)
        for i in range(len(names))
    ]
    sides = [_RIGHT if one else _LEFT for one in numeric]
    head = "".join(
        f'<th scope="col" style="{_CELL};{side}">{_escaped(name)}</th>'
        for name, side in zip(names, sides, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL};{side}">{_escaped(number_text(cell))}</td>'
            for cell, side in zip(row, sides, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    below = f'<div style="opacity:.75">{_escaped(note)}</div>' if note else ""
    return (
        f'<div style="color:inherit;overflow-x:auto"><strong>{_escaped(title)}</strong>'
        f'<table style="border-collapse:collapse;margin:4px 0"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{below}</div>"
    )


def first_rows(num_rows: int, num_shown: int = NUM_SHOWN) -> tuple[range, str]:
    """Return the rows to show of so many, and a note on the rest."""
    shown = range(min(num_rows, num_shown))
    left = num_rows - len(shown)
    return shown, f"and {left:,} more rows" if left else ""


def _brief_repr(self: Any) -> str:
    parts: list[str] = []
    length = len(type(self).__name__) + 2
    names = [item.name for item in dataclasses.fields(self) if item.repr and item.name[0] != "_"]
    for place, name in enumerate(names):
        part = f"{name}={short_text(getattr(self, name))}"
        length += len(part) + 2
        if length > MAX_SHORT and place:
            parts.append(f"... {len(names) - place} more")
            break
        parts.append(part)
    return f"{type(self).__name__}({', '.join(parts)})"


def _few(values: Collection[Any]) -> str:
    """Return the first items of a collection, and how many there are."""
    if isinstance(values, Mapping):
        first, last, texts = "{", "}", [f"{key!r:.40}" for key in list(values)[:4]]
    else:
        first, last = ("[", "]") if isinstance(values, list) else ("(", ")")
        texts = [_item_text(item) for item in list(values)[:4]]
    whole = f"{first}{', '.join(texts)}{last}"
    if len(values) <= 4 and len(whole) <= MAX_ITEM:
        return whole
    kept = texts[:3]
    while len(kept) > 1 and len(", ".join(kept)) > MAX_ITEM - 16:
        kept.pop()
    return f"{first}{shorten(', '.join(kept), MAX_ITEM)}, ... {len(values)} items{last}"


def _item_text(item: Any) -> str:
    if isinstance(item, str | bytes | int | float | None):
        return shorten(repr(item[:40] if isinstance(item, str | bytes) else item), 24)
    return f"{type(item).__name__}(...)" if dataclasses.is_dataclass(item) else shorten(item, 24)


def _plain_text(value: Any) -> str:
    if hasattr(value, "item") and not getattr(value, "shape", (1,)):
        return number_text(value.item())
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, list | tuple):
        return _few(value)
    return short_text(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _escaped(text: Any) -> str:
    return html.escape(str(text))


def cell_text(value: Any) -> str:
    """Return a cell or a prediction as people read it: numbers in short, lists with commas.

    >>> cell_text(0.123456), cell_text(["a", "b"]), cell_text(None)
    ('0.1235', 'a, b', '')
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
