"""Sections with numbers: the comparison, subsets of columns, classes, training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.plots import dots, heat_map, lines, scatter
from plait.report.text import SHARES, escape, metric, percent, section, table
from plait.types import Html

HEADLINE = {"classify": "accuracy", "tag": "macro_f1", "regress": "rmse"}
MAX_CLASSES = 80


def headline_metric(data: Mapping[str, Any]) -> str:
    """Return the name of the metric that is shown first for the bundle's task."""
    return HEADLINE.get(str((data.get("model") or {}).get("task")), "accuracy")


def comparison(data: Mapping[str, Any]) -> Html:
    """Return the shipped model beside the network and the baselines."""
    metrics = data.get("metrics") or {}
    rows = [{"name": "shipped", **(metrics.get("test") or {})}]
    rows += [{**entry} for entry in metrics.get("candidates") or []]
    rows = [row for row in rows if row.get("metrics")]
    if not rows:
        return section("Beside simple models", '<p class="none">Not measured.</p>')
    notes = "".join(f"<li>{escape(note)}</li>" for note in metrics.get("notes") or [])
    lead = "The same test rows for all. The dot is the value, the line its 95 % interval."
    return section(
        "Beside simple models",
        _dots(rows, headline_metric(data), "Test score of every candidate", strong=0),
        table([_line(row) for row in rows]),
        f"<ul>{notes}</ul>" if notes else "",
        lead=lead,
    )


def subsets(data: Mapping[str, Any]) -> Html:
    """Return the shipped model with columns hidden."""
    found = (data.get("metrics") or {}).get("subsets") or []
    if len(found) < 2:
        return ""
    words = {"all": "all columns", "alone": "only {}", "missing": "without {}"}
    everything = found[0]["columns"]
    rows = []
    for entry in found:
        hidden = [name for name in everything if name not in entry["columns"]]
        named = entry["columns"] if entry["kind"] == "alone" else hidden
        rows.append({**entry, "name": words[entry["kind"]].format(", ".join(named))})
    return section(
        "What each column adds",
        _dots(rows, headline_metric(data), "Score by the columns that are shown", strong=0),
        lead="One model throughout; only what it sees changes.",
    )


def present(data: Mapping[str, Any]) -> Html:
    """Return the scores of rows by the columns that they have."""
    found = ((data.get("metrics") or {}).get("test") or {}).get("by_present") or {}
    if len(found) < 2:
        return ""
    rows = [{"name": name, **entry} for name, entry in found.items()]
    return section(
        "By the columns a row has",
        table([{"columns": row["name"], "rows": row["rows"], **_shown(row)} for row in rows]),
        lead="As they occur among the test rows; small groups have wide intervals.",
    )


def classes(data: Mapping[str, Any]) -> Html:
    """Return scores per class, the confusion matrix, and how far confidence can be trusted."""
    test = (data.get("metrics") or {}).get("test") or {}
    if not test.get("per_class"):
        return ""
    rows = [
        {
            "class": entry["label"],
            "rows": entry["rows"],
            **{name: percent(entry.get(name)) for name in ("precision", "recall", "f1")},
        }
        for entry in test["per_class"]
    ]
    parts = []
    if test.get("confusion") and len(rows) <= MAX_CLASSES:
        parts.append("<h3>Taken for what</h3>")
        parts.append(heat_map(test["confusion"], test["labels"], label="Confusion matrix"))
    if test.get("reliability"):
        points = [[bin["confidence"], bin["accuracy"]] for bin in test["reliability"]]
        parts.append("<h3>How far confidence can be trusted</h3>")
        parts.append("<p>On the diagonal, 80 % sure is right 8 times in 10.</p>")
        parts.append(
            scatter(
                [*points], label="Accuracy by confidence", x_label="confidence", y_label="accuracy"
            )
        )
    shown = table(rows)
    if len(rows) > 15:
        shown = f"<details><summary>{len(rows)} classes</summary>{shown}</details>"
    return section("Classes", shown, *parts)


def numbers(data: Mapping[str, Any]) -> Html:
    """Return true against predicted numbers."""
    points = ((data.get("metrics") or {}).get("test") or {}).get("scatter")
    if not points:
        return ""
    drawn = scatter(points, label="True against predicted numbers", x_label="true", y_label="said")
    return section("True and predicted", drawn)


def training(data: Mapping[str, Any]) -> Html:
    """Return the training curve, the choice of fusion, and how encoders were tuned."""
    metrics = data.get("metrics") or {}
    curve: Sequence[Mapping[str, Any]] = metrics.get("curve") or []
    series: dict[str, Sequence[tuple[float, float]]] = {
        name: [(point["seconds"], point[name]) for point in curve if point.get(name) is not None]
        for name in ("loss", "validation")
    }
    parts = [lines(series, label="Loss over time", x_label="seconds")] if curve else []
    if metrics.get("fusion"):
        parts.append("<h3>Where the columns meet</h3>")
        parts.append(table(metrics["fusion"]))
    if metrics.get("tuned"):
        parts.append("<h3>How the pretrained encoders learned</h3>")
        parts.append(table(metrics["tuned"]))
    how = metrics.get("training") or {}
    if how:
        parts.append(table([how]))
    return section("Training of the network", *parts) if parts else ""


def _dots(rows: Sequence[Mapping[str, Any]], name: str, label: str, *, strong: int) -> Html:
    drawn = []
    for place, row in enumerate(rows):
        value = (row.get("metrics") or {}).get(name)
        interval = (row.get("intervals") or {}).get(name)
        shown = percent(value) if name in SHARES else metric(name, value)
        drawn.append(
            {
                "name": row["name"],
                "value": value,
                "interval": interval,
                "strong": place == strong,
                "shown": shown,
            }
        )
    ends = [v for row in drawn for v in (row["value"], *(row["interval"] or ())) if v is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    if name in SHARES:
        low, high = math.floor(low * 10) / 10, min(1.0, math.ceil(high * 10) / 10)
    return dots(drawn, label=f"{label}: {name}", low=low, high=high)


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    seconds = {"seconds": row.get("seconds")}
    return {"model": row["name"], **_shown(row), **seconds}


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    intervals = row.get("intervals") or {}
    return {
        name: metric(name, value, intervals.get(name))
        for name, value in (row.get("metrics") or {}).items()
    }
