"""Sections with words: the headline, rows to look at, the table, how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plait.report.scores import headline_metric
from plait.report.text import escape, facts, metric, number, percent, section, table
from plait.types import Html

SPACE = "shared space"
SHIPPED = "Shipped, as the best on rows that it did not learn from"


def headline(data: Mapping[str, Any]) -> Html:
    """Return what was learned from what, what ships, and the main numbers."""
    model, metrics = data.get("model") or {}, data.get("metrics") or {}
    energy, test = data.get("energy") or {}, metrics.get("test") or {}
    tiles = {
        **(_found(test) if is_space(data) else _scored(headline_metric(data), test)),
        "parameters": number(metrics.get("num_parameters")),
        "size": f"{number(data.get('size_mb'))} MB",
        "time": f"{number(energy.get('seconds'))} s",
        "peak memory": f"{number(energy.get('peak_memory_mb'))} MB",
    }
    shown = "".join(
        f"<div><b>{escape(v)}</b><span>{escape(k)}</span></div>" for k, v in tiles.items()
    )
    goal, link = (SPACE, "of") if is_space(data) else (model.get("target", "?"), "from")
    why = "Learned without labels" if is_space(data) else SHIPPED
    return (
        f'<header><p class="brand">plait</p><h1>{escape(goal)} '
        f"<small>{link} {escape(', '.join(model.get('inputs') or []))}</small></h1>"
        f"<p>{why}: <strong>{escape(metrics.get('shipped', 'not measured'))}</strong>.</p>"
        f'<div class="tiles">{shown}</div></header>'
    )


def is_space(data: Mapping[str, Any]) -> bool:
    """Tell whether the bundle holds a shared space and no target, by its model or its scores."""
    model, test = data.get("model") or {}, (data.get("metrics") or {}).get("test") or {}
    return bool(model.get("space") or "retrieval" in test) and model.get("target") is None


def _scored(name: str, test: Mapping[str, Any]) -> dict[str, str]:
    value = (test.get("metrics") or {}).get(name)
    shown = metric(name, value, (test.get("intervals") or {}).get(name))
    return {name.replace("_", " "): shown, "test rows": number(test.get("rows"))}


def _found(test: Mapping[str, Any]) -> dict[str, str]:
    means = test.get("metrics") or {}
    return {
        "R@10, mean of all directions": percent(means.get("r@10")),
        f"median rank in {number(test.get('rows'))} test rows": number(means.get("median_rank")),
    }


def samples(data: Mapping[str, Any]) -> Html:
    """Return a few test rows as people see them, a third of them the worst mistakes."""
    cards = []
    for sample in data.get("samples") or []:
        right = sample["truth"] == sample["prediction"]
        task = (data.get("model") or {}).get("task")
        mark = "" if task == "regress" else ("✓" if right else "✗")
        cells = "".join(
            f'<div class="cell-of"><span class="name">{escape(name)}</span>{fragment}</div>'
            for name, fragment in sample["cells"].items()
        )
        sure = max(0.0, min(1.0, float(sample.get("confidence") or 0)))
        cards.append(
            f'<article class="{"good" if right or not mark else "bad"}">{cells}'
            f"<p><b>{mark} {escape(sample['prediction'])}</b>"
            + ("" if right else f" <span>true: {escape(sample['truth'])}</span>")
            + f'</p><meter min="0" max="1" value="{sure:.2f}" title="{sure:.0%} sure"></meter>'
            f"</article>"
        )
    if not cards:
        return ""
    lead = "Test rows. The last ones are those that the model got most wrong."
    return section("Rows to look at", f'<div class="cards">{"".join(cards)}</div>', lead=lead)


def table_of(data: Mapping[str, Any]) -> Html:
    """Return what the columns are, and who learned from which rows."""
    schema, splits = data.get("schema") or {}, data.get("splits") or {}
    columns = schema.get("columns") if isinstance(schema, Mapping) else schema
    rows = [
        {
            "column": c.get("name"),
            "is": c.get("modality") or c.get("role"),
            "missing": percent(c.get("share_missing")),
            "why": c.get("why"),
        }
        for c in columns or []
    ]
    sizes = {name: len(splits.get(name) or []) for name in ("train", "validation", "test")}
    moved = splits.get("moved") or []
    lineage = data.get("lineage") or {}
    parts = [table(rows), "<h3>Who learned from what</h3>", facts(sizes)]
    if splits.get("how"):
        parts.append(f"<p>{escape(splits['how'])}.</p>")
    parts.append(
        f"<p>{len(moved)} groups of near-duplicates were kept from straddling the splits; "
        f"{number(lineage.get('num_skipped_cells'))} unreadable cells were skipped.</p>"
    )
    if moved:
        parts.append(f"<details><summary>What was moved</summary>{table(moved[:50])}</details>")
    return section("The table", *parts)


def making(data: Mapping[str, Any]) -> Html:
    """Return licences, lineage, energy, and what makes the same model again."""
    licences, lineage = data.get("licences") or [], data.get("lineage") or {}
    parts = ["<h3>Sources and licences</h3>", table(licences)]
    if lineage:
        parts += [
            "<h3>Made again by</h3>",
            facts(
                {
                    "made": lineage.get("made"),
                    "table": (lineage.get("table") or {}).get("name"),
                    **(lineage.get("settings") or {}),
                    **(lineage.get("versions") or {}),
                }
            ),
        ]
    if data.get("energy"):
        parts += ["<h3>What it cost</h3>", facts(data["energy"])]
    return section("How it was made", *parts)
