"""Sections about what counts: the decision between two classes, and scores of rows by weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plait.report.scored import test_of
from plait.report.text import escape, figures, metric, percent, section, table, term
from plait.report.words import word
from plait.types import Html

SHARES = ("recall", "precision", "specificity", "f1", "accuracy")


def decision(data: Mapping[str, Any]) -> Html:
    """Return from which probability on a row counts as the class looked for, and what that does."""
    found = test_of(data).get("decision")
    if not found:
        return ""
    rows = [
        {
            "counts from": percent(threshold),
            **{name: percent(scores.get(name)) for name in SHARES},
            "mean cost": figures(scores.get("cost")),
        }
        for threshold, scores in (
            (found["threshold"], found["at_threshold"]),
            (0.5, found["at_half"]),
        )
    ]
    missed, alarm = found.get("false_negative", 1.0), found.get("false_positive", 1.0)
    said = (
        f"<p>A row counts as <b>{escape(found['positive'])}</b> from "
        f"<b>{percent(found['threshold'])}</b> on: {escape(found['how'])}. A missed one costs "
        f"{figures(missed)}, a false alarm {figures(alarm)}. The scores elsewhere on this "
        "page are of the more probable class.</p>"
    )
    heads = {name: term(name) for name in ("precision", "recall", "f1")}
    shown = table(rows, heads=heads, caption="As decided, and as by the more probable class")
    return section("The decision", said, shown)


def weighted(data: Mapping[str, Any]) -> Html:
    """Return the scores in which rows count by their weights, beside those in which all count."""
    test = test_of(data)
    heavy, plain = test.get("weighted"), test.get("metrics") or {}
    if not heavy:
        return ""
    intervals = test.get("intervals") or {}
    rows = [
        {
            "metric": word(name).name,
            "rows by weight": metric(name, value),
            "all rows alike": metric(name, plain.get(name), intervals.get(name)),
        }
        for name, value in heavy.items()
    ]
    lead = (
        "Rows were learned from, and candidates chosen, by weight; the numbers elsewhere on this "
        "page count all rows alike."
    )
    return section("Rows by weight", table(rows), lead=lead)
