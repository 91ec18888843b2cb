"""Pairs of bars in a target's panel: the share of what was made, and of what is true."""

from __future__ import annotations

import html

from plait.types import Html

MADE, TRUE = "#d5701a", "#2f7fc1"
"""Colours that are told apart by the colour-blind, on light and on dark pages."""


def mark(colour: str) -> Html:
    """Return a small square of a colour, for a sentence that says what it stands for."""
    style = f"display:inline-block;width:10px;height:10px;background:{colour}"
    return f'<span style="{style}"></span>'


def paired_bars(name: str, said: float, true: float) -> Html:
    """Return two bars under a name: of shares in [0, 1], made above true."""
    drawn = "".join(
        f'<div style="display:flex;align-items:center;gap:8px"><div style="height:10px;'
        f'width:{60 * share:.1f}%;min-width:1px;background:{colour}"></div>'
        f'<span style="font-size:13px">{100 * share:.1f} %</span></div>'
        for share, colour in ((said, MADE), (true, TRUE))
    )
    return (
        f'<div style="margin:8px 0"><div style="font-size:13px">{html.escape(name)}</div>'
        f"{drawn}</div>"
    )
