"""How values are written on pages: escaped, rounded, with a dash for what is not known."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from plait.types import Html

DASH = "–"
SHARES = {
    "accuracy",
    "macro_f1",
    "micro_f1",
    "auc",
    "coverage",
    "precision",
    "recall",
    "f1",
    "share_missing",
}
"""Metrics that are written as percent."""


def escape(value: Any) -> Html:
    """Return `value` as text that is safe in a page."""
    return html.escape(str(value), quote=True)


def number(value: Any) -> str:
    """Return a number with three significant digits; a dash when it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return DASH
    if isinstance(value, int) or 1000 <= abs(value) < 1e9:
        return f"{round(value):,}"
    return f"{value:.3g}"


def percent(value: Any) -> str:
    """Return a share as ``87.3 %``."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return DASH
    return f"{100 * value:.1f} %"


def metric(name: str, value: Any, interval: Sequence[float] | None = None) -> str:
    """Return a metric with its interval: ``87.3 % (85.1 to 89.2)``."""
    shown = percent(value) if name in SHARES else number(value)
    if not interval or shown == DASH:
        return shown
    low, high = interval
    if name in SHARES:
        return f"{shown} ({100 * low:.1f} to {100 * high:.1f})"
    return f"{shown} ({number(low)} to {number(high)})"


def table(rows: Sequence[Mapping[str, Any]], *, raw: Sequence[str] = ()) -> Html:
    """Return rows as a table, a column per key of the first; columns in `raw` are HTML already."""
    if not rows:
        return '<p class="none">None.</p>'
    names = list(rows[0])
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(n), n in raw)}</td>" for n in names) + "</tr>"
        for row in rows
    )
    inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table>{inner}</table></div>'


def facts(values: Mapping[str, Any]) -> Html:
    """Return names and values as a definition list; nested values are written as JSON-like text."""
    items = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{_cell(value, False)}</dd>"
        for name, value in values.items()
    )
    return f"<dl>{items}</dl>"


def section(title: str, *parts: Html, lead: str = "") -> Html:
    """Return a titled section; `lead` says in a sentence what to look at."""
    anchor = escape(title.lower().replace(" ", "-"))
    said = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>{said}{"".join(parts)}</section>'


def _cell(value: Any, is_html: bool) -> str:
    if is_html:
        return str(value)
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping):
        return escape(", ".join(f"{key} {_plain(item)}" for key, item in value.items())) or DASH
    if isinstance(value, list | tuple):
        return escape(", ".join(_plain(item) for item in value)) or DASH
    return escape(value) or DASH


def _plain(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)
