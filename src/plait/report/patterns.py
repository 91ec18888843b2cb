"""The scores of rows by the columns that they have: a matrix of dots, rare patterns folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.scored import LEAST_ROWS, coverage_ends, ends_of, patterns, test_of, value_of
from plait.report.text import (
    between,
    cut,
    escape,
    fold,
    metric,
    number,
    percent,
    plural,
    scroller,
    section,
    term,
)
from plait.report.words import arrow
from plait.types import Html

OPEN_PATTERNS, MAX_COLUMNS = 10, 40


def present(data: Mapping[str, Any]) -> Html:
    """Return the scores of rows by the columns that they have; "" with a single pattern."""
    found = patterns(data)
    if len(found) < 2:
        return ""
    known = (data.get("model") or {}).get("inputs") or []
    names = list(known) or list(dict.fromkeys(name for columns, _ in found for name in columns))
    if len(names) > MAX_COLUMNS:
        # Of many columns, those that some rows have and others lack.
        parts_of = [set(columns) for columns, _ in found]
        names = [n for n in names if len({n in part for part in parts_of}) > 1][:MAX_COLUMNS]
    often = [one for one in found if (one[1].get("rows") or 0) >= LEAST_ROWS][:OPEN_PATTERNS]
    rare = [one for one in found if one not in often]
    if not often:
        often, rare = found[:OPEN_PATTERNS], found[OPEN_PATTERNS:]
    hidden = len(known) - len(names)
    told = (
        f'<p class="none">{plural(hidden, "column")} that all rows have '
        f"{'is' if hidden == 1 else 'are'} not drawn.</p>"
    )
    parts = [_matrix(often, names, "Scores by the columns a row has")]
    if known and hidden > 0:
        parts.append(told)
    nominal = test_of(data).get("nominal_coverage")
    if nominal is not None:
        parts.append(
            f'<p class="none">Intervals are meant to hold {percent(nominal)} of the true numbers '
            "in every pattern.</p>"
        )
    if rare:
        count = sum(int(entry.get("rows") or 0) for _, entry in rare)
        title = f"{plural(len(rare), 'rare pattern')}, {plural(count, 'row')} in all"
        parts.append(fold(title, _matrix(rare, names, title)))
    return section(
        "By the columns a row has",
        *parts,
        lead="As they occur among the test rows. A full dot: the row has the column. "
        "Small groups have wide intervals.",
    )


def _matrix(
    rows: Sequence[tuple[tuple[str, ...], Mapping[str, Any]]], names: Sequence[str], label: str
) -> Html:
    measured = list(dict.fromkeys(n for _, one in rows for n in one.get("metrics") or {}))
    head = "".join(
        f'<th scope="col" class="turned"><span>{escape(cut(name, 24))}</span></th>'
        for name in names
    )
    head += '<th scope="col" class="figure">rows</th>'
    head += "".join(
        f'<th scope="col" class="figure">{term(name)} {arrow(name)}</th>' for name in measured
    )
    body = "".join(_row(columns, entry, names, measured) for columns, entry in rows)
    return scroller(
        f'<table class="patterns values"><caption>{escape(label)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
        label,
    )


def _row(
    columns: Sequence[str], entry: Mapping[str, Any], names: Sequence[str], measured: Sequence[str]
) -> Html:
    dots = "".join(
        f'<td class="has"><span class="{"full" if name in columns else "empty"}" role="img" '
        f'aria-label="{"has" if name in columns else "lacks"} {escape(name)}" '
        f'title="{"has" if name in columns else "lacks"} {escape(name)}"></span></td>'
        for name in names
    )
    figures = ""
    for name in measured:
        value = value_of(entry, name)
        ends = coverage_ends(entry) if name == "coverage" else ends_of(entry, name)
        spread = f"<small>{between(name, ends)}</small>" if ends is not None else ""
        shown = escape(metric(name, value))
        figures += f'<td class="figure"><span class="value">{shown}{spread}</span></td>'
    return f'<tr>{dots}<td class="figure">{number(entry.get("rows"))}</td>{figures}</tr>'
