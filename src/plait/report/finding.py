"""The page of a search: what was asked and how, and the rows found, why each was found first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plait.report.hero import warned
from plait.report.page import page
from plait.report.text import cut, escape, is_number, number, plural, term
from plait.types import Html


def render_search(found: Mapping[str, Any]) -> Html:
    """Return the page of a search.

    Args:
        found: ``asked`` (``{"name", "html", "weight"}`` per part of the query), ``where`` (the
            filter, or None), ``warnings``, ``rows`` (how many were searched), ``hits``: ``{"rank",
            "id", "score", "cells": {column: html}, "plain": {column: text}, "parts"}``; ``parts``
            are a column's share of the score, which they add up to.
    """
    hits = found.get("hits") or []
    several = len(found.get("asked") or []) > 1
    asked = "".join(_asked(part, several) for part in found.get("asked") or [])
    where = found.get("where")
    kept = f"Only rows where <code>{escape(where)}</code>." if where else "No filter."
    weights = "Parts of the query count by their weight." if several else ""
    top = max([abs(v) for hit in hits for v in (hit.get("parts") or {}).values()], default=1.0)
    cards = "".join(_card(hit, top or 1.0) for hit in hits)
    how = (
        f"The score is the {term('cosine')} of query and row; the bars say how much of it each "
        "column of the row gives."
    )
    told = [str(text) for text in found.get("warnings") or []]
    box = warned(told) if told else ""
    body = (
        '<header class="hero"><p class="brand">plait</p><h1>Search <small class="from">the '
        f"{plural(len(hits), 'nearest row', 'nearest rows')} of {number(found.get('rows'))}"
        f'</small></h1><div class="asked-for">{asked}</div><p>{kept} {weights}</p>{box}</header>'
        f'<section id="found" aria-labelledby="found-title"><h2 id="found-title">Found</h2>'
        f'<p class="lead">{how}</p><div class="cards hits">{cards}</div></section>'
    )
    if not hits:
        body = body.replace('<div class="cards hits"></div>', '<p class="none">No row.</p>')
    return page("search", body)


def _asked(part: Mapping[str, Any], several: bool) -> Html:
    weight = f" <b>weight {number(float(part.get('weight', 1.0)))}</b>" if several else ""
    return (
        f'<div class="cell-of"><span class="name">{escape(part["name"])}{weight}</span>'
        f"{part['html']}</div>"
    )


def _card(hit: Mapping[str, Any], top: float) -> Html:
    shown = "".join(
        f'<div class="cell-of"><span class="name">{escape(name)}</span>{html}</div>'
        for name, html in (hit.get("cells") or {}).items()
    )
    plain = ", ".join(
        f"{escape(name)}: {escape(cut(text, 80))}"
        for name, text in (hit.get("plain") or {}).items()
    )
    score = f"{round(hit['score'], 2) + 0.0:.2f}".replace("-", "−")
    told = f'<p class="plain-cells">{plain}</p>' if plain else ""
    return (
        f'<article class="hit"><p class="rank"><span>{number(hit["rank"])}. '
        f"{escape(cut(hit['id'], 40))}</span><span>cosine {score}</span></p>"
        f'{_parts(hit.get("parts") or {}, top)}<div class="cells">{shown}</div>{told}</article>'
    )


def _parts(parts: Mapping[str, float], top: float) -> Html:
    """Return how much of the score each column gives, the greatest in bold."""
    known = {name: part for name, part in parts.items() if is_number(part)}
    if not known:
        return ""
    best = max(known, key=lambda name: known[name])
    rows = "".join(
        f'<li{" class=best" if name == best else ""}><span title="{escape(name)}">{escape(name)}'
        '</span><span class="track strong" aria-hidden="true"><i class="fill" style="left:0;'
        f'width:{100 * max(0.0, part) / top:.1f}%"></i></span>'
        f"<span>{f'{round(part, 2) + 0.0:.2f}'.replace('-', '−')}</span></li>"
        for name, part in known.items()
    )
    return f'<div class="match"><ul class="counts">{rows}</ul></div>'
