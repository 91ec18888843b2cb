"""The page of scaling: losses by rows and size, what was foretold, and what pays next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plait.report.chart import curves
from plait.report.page import page
from plait.report.text import escape, number, percent, section, table
from plait.types import Html


def scaling_page(found: Mapping[str, Any]) -> Html:
    """Return the page.

    Args:
        found: What `plait.recipes.scale.scale` returns.
    """
    runs = [run for run in found["runs"] if not run["without"]]
    lines: dict[str, list[tuple[float, float, None]]] = {}
    for run in sorted(runs, key=lambda run: run["rows"]):
        lines.setdefault(run["size"], []).append((run["rows"], run["loss"], None))
    told = found["foretold"]
    low, high = told["interval"]
    body = section(
        "What pays next",
        table([_option(one) for one in found["options"]]),
        lead=escape(found["advice"]),
    )
    body += section(
        "How the loss falls",
        curves(
            lines,
            label="Loss on rows that no run saw, by rows to learn from, a line for each size",
            x_name="rows with a target",
            y_name="loss",
            share=False,
        ),
        f"<p>Foretold of the largest run, which the law was not fitted to: {number(told['loss'])} "
        f"({number(low)} to {number(high)}); measured: {number(told['measured'])}. The interval is "
        "that of the law; a single run varies by its seed besides.</p>",
        table([_run(run) for run in found["runs"]]),
        lead="Networks of three sizes learned from parts of the rows; rows that none of them saw "
        "judge them.",
    )
    return page(f"what pays next – {found['target']}", f"<h1>{escape(found['target'])}</h1>{body}")


def _option(one: Mapping[str, Any]) -> dict[str, Any]:
    ends = one["interval"]
    return {
        "what": one["what"],
        "loss falls by": percent(one["gain"]),
        "95 % interval": "not known"
        if ends is None
        else f"{percent(ends[0])} to {percent(ends[1])}",
        "price": one["price"],
    }


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "network": run["size"],
        "weights": number(run["weights"]),
        "rows": number(run["rows"]),
        "without": run["without"],
        "loss": number(run["loss"]),
        "steps": number(run["steps"]),
        "seconds": number(run["seconds"]),
    }
