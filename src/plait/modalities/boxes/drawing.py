"""Boxes drawn: alone, over their picture, and how well each class is found."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from plait.modalities.boxes.boxes import Boxes
from plait.modalities.boxes.scoring import OTHERS, by_class
from plait.types import Html

WIDTH = 160
COLOURS = ("#2f7fc1", "#d5701a", "#3a923a", "#b03a8c", "#8a6d1f", "#5a5ad6", "#c0392b", "#148f8f")
"""Of the classes in turn; names are written beside them as well."""

LETTER = 6.0
"""Width of a letter of a box's name, in lines: a name that would leave the picture ends at its
edge."""

MOST_DRAWN = 200
MOST_CLASSES = 60


def drawn(raw: Boxes, least_score: float) -> Html:
    """Return the boxes in an empty frame of the picture's shape, and how many of each class."""
    width, height = raw.size or _reach(raw)
    frame = _frame(width, height)
    inner = _rectangles(raw, least_score, sorted(set(raw.names)), width, height, WIDTH)
    return (
        f'<svg class="boxes" viewBox="0 0 {width:g} {height:g}" width="{WIDTH}" '
        f'height="{WIDTH * height / width:.0f}" role="img" aria-label="{_told(raw, least_score)}">'
        f"{frame}{inner}</svg> {_told(raw, least_score)}"
    )


def laid_over(
    shown: Html, raw: Boxes, size: tuple[float, float], least_score: float, labels: Sequence[str]
) -> Html:
    """Return a picture with boxes of at least that score over it."""
    width, height = size
    raw = raw.sized(size)
    inner = _rectangles(raw, least_score, list(labels), width, height, 2 * WIDTH)
    return (
        f'<span style="position:relative;display:inline-block;line-height:0">{shown}'
        f'<svg viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none" '
        'style="position:absolute;left:0;top:0;width:100%;height:100%" role="img" '
        f'aria-label="{_told(raw, least_score)}">{inner}</svg></span>'
        f"<br>{_told(raw, least_score)}"
    )


def panel_of(pairs: Sequence[np.ndarray], labels: Sequence[str]) -> Html:
    """Return a table of how well each class is found; "" without any true box."""
    rows = by_class(pairs, labels)
    if not rows:
        return ""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row.values()) + "</tr>"
        for row in rows[:MOST_CLASSES]
    )
    more = len(rows) - MOST_CLASSES
    other = next((row["boxes"] for row in rows if row["class"] == OTHERS), 0)
    unknown = (
        f"<p>{other:,} boxes are of classes that no row to learn from has: all count as missed.</p>"
        if other
        else ""
    )
    return (
        "<p>How well each class is found: average precision where a box counts that overlaps the "
        "true one by half, its mean over overlaps from .50 to .95, and the share that any box "
        "finds.</p><table><thead><tr>"
        f"{head}</tr></thead><tbody>{body}</tbody></table>{unknown}"
        + (f"<p>and {more:,} more classes</p>" if more > 0 else "")
    )


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else html.escape(f"{value}")


def _told(raw: Boxes, least_score: float) -> str:
    sure = raw.take(np.flatnonzero(raw.certainty >= least_score))
    counts = {name: sure.names.count(name) for name in sorted(set(sure.names))}
    told = ", ".join(f"{num} {name}" for name, num in counts.items()) or "nothing"
    return html.escape(told, quote=True)


def _reach(raw: Boxes) -> tuple[float, float]:
    """Return as far as boxes reach, at least one unit."""
    far = raw.corners[:, 2:].max(0) if len(raw) else np.ones(2)
    return max(float(far[0]), 1.0), max(float(far[1]), 1.0)


def _frame(width: float, height: float) -> Html:
    return f'<rect width="{width:g}" height="{height:g}" fill="currentColor" fill-opacity=".06"/>'


def _rectangles(
    raw: Boxes, least_score: float, labels: Sequence[str], width: float, height: float, px: float
) -> Html:
    """Return SVG of boxes, the surest on top; lines and words are of one size on the page."""
    line = max(width, height) / px
    parts = []
    order = np.argsort(raw.certainty, kind="stable")[-MOST_DRAWN:]
    for place in order[raw.certainty[order] >= least_score]:
        left, top, right, bottom = (float(value) for value in raw.corners[place])
        name = raw.names[place]
        number = labels.index(name) if name in labels else len(labels)
        colour = COLOURS[number % len(COLOURS)]
        score = "" if raw.scores is None else f" {raw.scores[place]:.2f}"
        far = left + LETTER * len(name + score) * line > width
        x, anchor = (width - 2 * line, "end") if far else (left + 2 * line, "start")
        parts.append(
            f'<rect x="{left:.4g}" y="{top:.4g}" width="{right - left:.4g}" '
            f'height="{bottom - top:.4g}" fill="none" stroke="{colour}" '
            f'stroke-width="{2 * line:.3g}">'
            f"<title>{html.escape(name + score)}</title></rect>"
            f'<text x="{x:.4g}" y="{min(top + 10 * line, height - 2 * line):.4g}" '
            f'text-anchor="{anchor}" font-size="{9 * line:.3g}" '
            f'font-family="system-ui,sans-serif" fill="{colour}" stroke="#fff" '
            f'stroke-width="{2 * line:.3g}" paint-order="stroke">{html.escape(name + score)}</text>'
        )
    return "".join(parts)
