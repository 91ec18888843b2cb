"""The report of a bundle: one page that says what was learned, how well, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from plait.report import scores, story
from plait.report.text import escape
from plait.types import Html


def render_report(data: Mapping[str, Any]) -> Html:
    """Return the page of a bundle.

    Args:
        data: The bundle's JSON files by name without ending, ``card``, ``name`` and ``size_mb``;
            whatever is absent is said to be not measured.
    """
    model = data.get("model") or {}
    title = f"{model.get('target', 'model')} – {data.get('name', 'plait')}"
    sections = [
        story.headline(data),
        scores.comparison(data),
        scores.subsets(data),
        story.samples(data),
        scores.present(data),
        scores.classes(data),
        scores.numbers(data),
        scores.training(data),
        story.table_of(data),
        story.making(data),
    ]
    return page(title, "".join(sections))


def page(title: str, body: Html) -> Html:
    """Return a whole page: no script, no request to anywhere."""
    style = resources.files("plait.report").joinpath("page.css").read_text(encoding="utf8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
