"""How values are written on pages: escaped, rounded, with a dash for what is not known."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeGuard

from plait.display import IN_UNITS, with_unit
from plait.report.words import FACTS, TERMS, target_unit, word
from plait.types import Html

DASH = "–"
_among: ContextVar[tuple[int, str] | None] = ContextVar("target", default=None)
_FIGURES = re.compile(r"^[–+−-]?[\d,.]*(\s?%|\u00a0\S+)?(\s\([^)]*\))?$")


def escape(value: Any) -> Html:
    """Return `value` as text that is safe in a page."""
    return html.escape(str(value), quote=True)


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a finite number, and no yes or no."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any) -> str:
    """Return a number with three significant digits; a dash when it is not one."""
    if not is_number(value):
        return DASH
    if isinstance(value, int) or 1000 <= abs(value) < 1e9:
        text = f"{round(value):,}"
    elif value and not 1e-4 <= abs(value) < 1e9:
        text = f"{value:.2e}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−", 1) if value < 0 else text


def figures(value: Any) -> str:
    """Return a measured number with three digits, closing zeros kept: ``0.960``."""
    if not is_number(value) or not 1e-3 <= abs(value) < 1000 or isinstance(value, int):
        return number(value)
    return f"{value:#.3g}".rstrip(".").replace("-", "−", 1)


def percent(value: Any) -> str:
    """Return a share as ``87.3 %``."""
    if not is_number(value):
        return DASH
    text = f"{100 * value:.1f}\u00a0%"
    return text.replace("-", "−", 1)


def metric(name: str, value: Any, interval: Sequence[float] | None = None) -> str:
    """Return a metric with its unit and its interval: ``87.3 % (85.1 to 89.2)``, ``1.20 kg``.

    An R² below -1 is only said to be so: its size tells nothing.
    """
    if name == "r2" and is_number(value) and value < -1:
        return "below −1"
    shown = percent(value) if word(name).share else _measured(name, value)
    ends = interval_of(interval)
    if shown == DASH:
        return shown
    spread = "" if ends is None else f" ({between(name, ends)})"
    return with_unit(shown, target_unit() if name in IN_UNITS else "") + spread


def between(name: str, ends: Sequence[float]) -> str:
    """Return the ends of an interval as ``85.1 to 89.2``, without the sign of percent."""
    low, high = ends
    if word(name).share:
        return f"{100 * low:.1f} to {100 * high:.1f}".replace("-", "−")
    if name == "r2" and low < -1:
        return f"below −1 to {_measured(name, high)}"
    return f"{_measured(name, low)} to {_measured(name, high)}"


def _measured(name: str, value: Any) -> str:
    if not word(name).scaled or not is_number(value):
        return figures(value)
    return f"{value:z.3f}".replace("-", "−", 1)


def interval_of(interval: Any) -> tuple[float, float] | None:
    """Return an interval's two finite ends; None when there is none."""
    if isinstance(interval, list | tuple) and len(interval) == 2 and all(map(is_number, interval)):
        return float(interval[0]), float(interval[1])
    return None


def term(name: str, shown: str | None = None) -> Html:
    """Return a metric or term with its meaning as a tooltip, reachable by keyboard."""
    says = word(name).says or TERMS.get(name, "")
    text = escape(shown if shown is not None else word(name).name)
    if not says:
        return text
    return f'<span class="term" tabindex="0" title="{escape(says)}">{text}</span>'


def table(
    rows: Sequence[Mapping[str, Any]],
    *,
    raw: Sequence[str] = (),
    heads: Mapping[str, Html] | None = None,
    caption: str = "",
    kind: str = "",
) -> Html:
    """Return rows as a table, a column per key of the first; columns of figures are right-aligned.

    Args:
        rows: Values by column.
        raw: Columns that are HTML already.
        heads: HTML of a column's head, where it is not its name.
        caption: What the table holds, for those who cannot see it.
        kind: CSS class.
    """
    if not rows:
        return '<p class="none">None.</p>'
    names = list(rows[0])
    right = {n for n in names if n not in raw and _all_figures([row.get(n) for row in rows])}
    titles = {n: (heads or {}).get(n) or escape(_plain_name(n)) for n in names}
    head = "".join(f'<th scope="col"{_figure(n in right)}>{titles[n]}</th>' for n in names)
    body = "".join(
        "<tr>"
        + "".join(f"<td{_figure(n in right)}>{cell(row.get(n), n in raw)}</td>" for n in names)
        + "</tr>"
        for row in rows
    )
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    inner = f"{said}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return scroller(f'<table class="{kind or "plain"}">{inner}</table>', caption or "table")


def scroller(inner: Html, label: str) -> Html:
    """Return what may be wider than the page, in a box that scrolls by itself, by keyboard too."""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">{inner}</div>'
    )


def facts(values: Mapping[str, Any]) -> Html:
    """Return names and values as a definition list; nested values are written as JSON-like text."""
    items = "".join(
        f"<div><dt>{escape(_plain_name(name))}</dt><dd>{cell(value, False)}</dd></div>"
        for name, value in values.items()
    )
    return f"<dl>{items}</dl>"


def fold(summary: str, inner: Html) -> Html:
    """Return what is shown only when asked for."""
    return f"<details><summary>{escape(summary)}</summary>{inner}</details>"


def copyable(command: str) -> Html:
    """Return a command with a button that copies it, where scripts run."""
    return (
        f'<div class="command"><pre tabindex="0"><code>{_unbroken(command)}</code></pre>'
        '<button type="button" class="copy" hidden>Copy</button></div>'
    )


def section(title: str, *parts: Html, lead: str = "") -> Html:
    """Return a titled section; `lead` says in a sentence what to look at.

    Among several targets its title says of which it is.
    """
    place, name = _among.get() or (None, "")
    anchor = own_id(escape(re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")))
    title = title if place is None else f"{title}: {name}"
    said = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    return (
        f'<section id="{anchor}" aria-labelledby="{anchor}-title">'
        f'<h2 id="{anchor}-title">{escape(title)}</h2>{said}{"".join(parts)}</section>'
    )


@contextmanager
def among_targets(place: int, name: str) -> Iterator[None]:
    """Write sections of one target on a page of several, inside the block.

    Args:
        place: The target's, of the page.
        name: Of the target.
    """
    before = _among.set((place, name))
    try:
        yield
    finally:
        _among.reset(before)


def own_id(anchor: str) -> str:
    """Return an id of an element, another for each target of a page of several."""
    told = _among.get()
    return anchor if told is None else f"target-{told[0]}-{anchor}"


def cell(value: Any, is_html: bool) -> str:
    """Return what stands in a cell of a table."""
    if is_html:
        return str(value) if value is not None else DASH
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


def cut(text: Any, num: int) -> str:
    """Return text of at most `num` characters."""
    text = str(text)
    return text if len(text) <= num else text[: num - 1] + "…"


def plural(count: int, one: str, many: str = "") -> str:
    """Return ``1 row`` or ``1,200 rows``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _plain_name(name: str) -> str:
    return word(name).name if word(name).says else FACTS.get(name, name.replace("_", " "))


def _unbroken(command: str) -> Html:
    """Return a command whose options are not broken after their dashes."""
    return " ".join(
        f"<span>{escape(word)}</span>" if word.startswith("--") else escape(word)
        for word in command.split(" ")
    )


def _figure(is_figure: bool) -> str:
    return ' class="figure"' if is_figure else ""


def _all_figures(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None and value != DASH]
    return bool(known) and all(
        is_number(v) or (isinstance(v, str) and bool(_FIGURES.match(v))) for v in known
    )


def _plain(item: Any) -> str:
    if isinstance(item, bool):
        return "yes" if item else "no"
    return number(item) if isinstance(item, float) else str(item)
