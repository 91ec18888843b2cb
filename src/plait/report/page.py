"""The report of a bundle: one page that says what was learned, how well, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from plait.report import scores, space, story
from plait.report.text import escape
from plait.types import Html


def render_report(data: Mapping[str, Any]) -> Html:
    """Return the page of a bundle.

    Args:
        data: The bundle's JSON files by name without ending, ``card``, ``name`` and ``size_mb``;
            whatever is absent is said to be not measured.
    """
    alone = story.is_space(data)
    model = data.get("model") or {}
    goal = story.SPACE if alone else model.get("target", "model")
    sections = [
        story.headline(data),
        *([] if alone else _of_target(data)),
        *(_of_space(data) if alone or model.get("space") else []),
        space.label_efficiency(data),
        space.learning(data) if alone else scores.training(data),
        story.table_of(data),
        story.making(data),
    ]
    return page(f"{goal} – {data.get('name', 'plait')}", "".join(sections))


def _of_target(data: Mapping[str, Any]) -> list[Html]:
    return [
        scores.comparison(data),
        scores.subsets(data),
        story.samples(data),
        scores.present(data),
        scores.classes(data),
        scores.numbers(data),
    ]


def _of_space(data: Mapping[str, Any]) -> list[Html]:
    return [
        space.space_map(data),
        space.neighbours(data),
        space.alignment_matrix(data),
    ]


def page(title: str, body: Html) -> Html:
    """Return a whole page: no script, no request to anywhere."""
    style = resources.files("plait.report").joinpath("page.css").read_text(encoding="utf8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
