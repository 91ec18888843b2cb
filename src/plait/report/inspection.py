"""The page of an inspected table: what each column is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.plots import dots
from plait.report.text import escape, number, percent, section, table
from plait.types import Html


def render_inspection(found: Mapping[str, Any], examples: Mapping[str, Sequence[Html]]) -> Html:
    """Return the page of `plait.data.checks.Inspection.to_dict`, with rendered example cells."""
    from plait.report.page import page

    warnings = "".join(f"<li>{escape(text)}</li>" for text in found.get("warnings") or [])
    title = f"{found.get('name', 'table')}: {number(found.get('num_rows'))} rows"
    body = [
        f'<header><p class="brand">plait</p><h1>{escape(title)}</h1></header>',
        section("To know", f"<ul>{warnings}</ul>") if warnings else "",
        section("Columns", _columns(found, examples)),
        _classes(found),
        _list("Columns that give the target away", found.get("leaks")),
        _list("Near-duplicates", found.get("duplicates")),
    ]
    return page(title, "".join(body))


def _columns(found: Mapping[str, Any], examples: Mapping[str, Sequence[Html]]) -> Html:
    rows = []
    for column in found.get("columns") or []:
        error = column.get("first_error") or {}
        unreadable = number(column.get("num_unreadable") or 0)
        rows.append(
            {
                "column": escape(column["name"]),
                "is": escape(column.get("modality") or column.get("role") or ""),
                "missing": percent(column.get("share_missing")),
                "distinct": number(column.get("num_distinct")),
                "unreadable": escape(f"{unreadable}, row {error['row']}: {error['error']}")
                if error
                else unreadable,
                "why": escape(column.get("why") or ""),
                "examples": '<div class="cards">'
                + "".join(examples.get(column["name"], []))
                + "</div>",
            }
        )
    return table(rows, raw=list(rows[0]) if rows else [])


def _classes(found: Mapping[str, Any]) -> Html:
    counts = dict(list((found.get("class_counts") or {}).items())[:40])
    if not counts:
        return ""
    rows = [
        {"name": name, "value": count, "shown": number(count)} for name, count in counts.items()
    ]
    top = max(counts.values())
    return section("Rows per class", dots(rows, label="Rows per class", low=0, high=top))


def _list(title: str, entries: Any) -> Html:
    return section(title, table(entries)) if entries else ""
