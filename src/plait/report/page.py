"""The shell of every page: one file that asks nothing of the network, with a list of contents."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from plait.report import (
    comparison,
    compression,
    deciding,
    making,
    outcomes,
    patterns,
    retrieval,
    rows,
    space,
    tuning,
    whole_rows,
)
from plait.report.hero import SPACE, hero
from plait.report.palette import style
from plait.report.scored import is_space, unit_of
from plait.report.text import escape
from plait.report.words import brought_along, measured_in
from plait.types import Html

_SECTION = re.compile(r'<section id="([^"]+)"[^>]*><h2[^>]*>(.*?)</h2>')


def render_report(data: Mapping[str, Any]) -> Html:
    """Return the page of a bundle.

    Args:
        data: The bundle's JSON files by name without ending, ``card``, ``name`` and ``size_mb``;
            whatever is absent is said to be not measured.
    """
    words = (data.get("metrics") or {}).get("words") or {}
    with brought_along(words), measured_in(unit_of(data)):
        return _page_of(data)


def _page_of(data: Mapping[str, Any]) -> Html:
    alone = is_space(data)
    model = data.get("model") or {}
    goal = SPACE if alone else model.get("target", "model")
    if whole_rows.is_whole_rows(data):
        made = [*whole_rows.sections(data), making.table_of(data), making.making(data)]
        body = "".join(made)
        name = data.get("name", "plait")
        return page(f"whole rows – {name}", body + making.glossary(body))
    sections = [
        hero(data),
        *([] if alone else of_target(data)),
        compression.compression(data),
        tuning.tuning(data.get("tuning") or {}),
        *(_of_space(data) if alone or model.get("space") else []),
        retrieval.label_efficiency(data),
        retrieval.learning(data) if alone else making.training(data),
        making.table_of(data),
        making.making(data),
    ]
    body = "".join(sections)
    return page(f"{goal} – {data.get('name', 'plait')}", body + making.glossary(body))


def of_target(data: Mapping[str, Any]) -> list[Html]:
    """Return the sections on how well a target is known."""
    return [
        comparison.comparison(data),
        deciding.decision(data),
        deciding.weighted(data),
        comparison.subsets(data),
        rows.samples(data),
        patterns.present(data),
        outcomes.classes(data),
        outcomes.calibration(data),
        outcomes.numbers(data),
        rows.panel(data),
    ]


def _of_space(data: Mapping[str, Any]) -> list[Html]:
    return [
        space.space_map(data),
        space.neighbours(data),
        retrieval.alignment_matrix(data),
    ]


def page(title: str, body: Html) -> Html:
    """Return a whole page: nothing from elsewhere, and no script but our own, by its hash.

    The script copies commands, shows tooltips to touch and keyboard, and opens folds for print;
    without it the page shows the same.
    """
    script = _file("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    found = _SECTION.findall(body)
    entries = "".join(f'<li><a href="#{a}">{name}</a></li>' for a, name in found)
    contents = (
        f'<nav class="contents" aria-labelledby="contents-title"><h2 id="contents-title">Contents'
        f"</h2><ol>{entries}</ol></nav>"
        if len(found) > 2
        else ""
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="generator" content="plait">'
        f"<title>{escape(title)}</title><style>{style()}{_file('page.css')}</style></head>"
        '<body><a class="skip" href="#main">Skip to the page</a>'
        f'<div class="shell">{contents}<main id="main">{body}</main></div>'
        f"<script>{script}</script></body></html>"
    )


@cache
def _file(name: str) -> str:
    return resources.files("plait.report").joinpath(name).read_text(encoding="utf8")
