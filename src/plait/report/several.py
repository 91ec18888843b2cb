"""The page of several targets: an overview, all of each, and what is of the fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from plait.report import making
from plait.report.hero import hero, shipped_name
from plait.report.page import of_target, page
from plait.report.scored import (
    NETWORK,
    best_base_model,
    candidates,
    ends_of,
    headline_metric,
    test_of,
    unit_of,
    value_of,
)
from plait.report.text import among_targets, cut, escape, metric, table
from plait.report.verdict import verdict
from plait.report.words import brought_along, measured_in, word
from plait.types import Html


def render_several(targets: Sequence[Mapping[str, Any]]) -> Html:
    """Return the page of a bundle of several targets.

    Args:
        targets: What the bundle tells of each, as `plait.report.page.render_report` takes it; what
            is of the fit, and not of a target, is the same in all.
    """
    names = [str((data.get("model") or {}).get("target")) for data in targets]
    first = targets[0]
    whole = {**first, "model": {**(first.get("model") or {}), "targets": names}}
    parts = [_overview(targets, names)]
    for place, (name, data) in enumerate(zip(names, targets, strict=True)):
        with _in_words(data), among_targets(place, name):
            first_screen = f'<div class="own-target" id="{_place_id(place)}">{hero(data)}</div>'
            parts += [first_screen, *of_target(data), making.training(data)]
    parts += [making.table_of(whole), making.making(whole)]
    body = "".join(parts)
    title = f"{', '.join(names)} – {first.get('name', 'plait')}"
    words = [(data.get("metrics") or {}).get("words") or {} for data in targets]
    with brought_along({name: told for one in words for name, told in one.items()}):
        return page(title, body + making.glossary(body))


def _overview(targets: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Html:
    """Return the header: a row for each target with its number, its verdict, the network's own."""
    rows = []
    for place, (name, data) in enumerate(zip(names, targets, strict=True)):
        with _in_words(data):
            rows.append(_row(place, name, data))
    inputs = ", ".join((targets[0].get("model") or {}).get("inputs") or [])
    return (
        '<header class="hero"><p class="brand">plait</p>'
        f"<h1><small>Several targets</small> {escape(', '.join(names))} "
        f'<small class="from">from {escape(cut(inputs, 160))}</small></h1>'
        '<p class="lead">One network was trained for all of them; what ships was chosen for each.'
        f"</p>{table(rows, raw=['target'], caption='Targets')}</header>"
    )


def _place_id(place: int) -> str:
    return f"target-{place}"


def _row(place: int, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    headline, test = headline_metric(data), test_of(data)
    network = next((one for one in candidates(data) if one.get("name") == NETWORK), None)
    return {
        "target": f'<a href="#{_place_id(place)}"><b>{escape(cut(name, 40))}</b></a>',
        "metric": word(headline).name,
        "shipped": metric(headline, value_of(test, headline), ends_of(test, headline)),
        "network": metric(headline, value_of(network, headline)),
        "best simple model": metric(headline, value_of(best_base_model(data), headline)),
        "ships": shipped_name(data.get("metrics") or {}),
        "verdict": verdict(data),
    }


@contextmanager
def _in_words(data: Mapping[str, Any]) -> Iterator[None]:
    """Know a target's metrics and its unit, inside the block."""
    words = (data.get("metrics") or {}).get("words") or {}
    with brought_along(words), measured_in(unit_of(data)):
        yield
