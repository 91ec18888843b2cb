"""Sections about a shared space in numbers: what finds what, what labels buy, how it learned."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.chart import curves, lines
from plait.report.matrix import shaded
from plait.report.space import input_columns_of
from plait.report.text import DASH, escape, facts, fold, metric, number, section, table
from plait.report.words import arrow, direction, word
from plait.types import Html

SHARES = ("r@1", "r@5", "r@10")
CHANCE = "by chance, R@1, 5, 10"


def alignment_matrix(data: Mapping[str, Any]) -> Html:
    """Return recall among the first ten from every input column to every other, and all numbers."""
    test = (data.get("metrics") or {}).get("test") or {}
    found = test.get("retrieval") or {}
    if not found:
        return ""
    known = input_columns_of(data)
    names = [a for a in known if any({f"{a}->{b}", f"{b}->{a}"} & found.keys() for b in known)]
    values = [[(found.get(f"{a}->{b}") or {}).get("r@10") for b in names] for a in names]
    parts = [
        "<h3>Found among the first ten</h3>",
        shaded(
            values,
            names,
            names,
            label="R@10 in percent, from every column to every other",
            axes=("asks ↓", "answers →"),
        ),
        table(
            [_numbers(key, one) | {CHANCE: _chance(one)} for key, one in found.items()],
            caption="Retrieval in every direction",
        ),
    ]
    if test.get("by_present"):
        several = [_numbers(key, one) for key, one in test["by_present"].items()]
        title = "Asked by several columns at once"
        parts.append(fold(title, table(several, caption=title)))
    return section(
        "What finds what",
        *parts,
        lead="Rows of the matrix ask, columns answer: the share of queries whose own item, or one "
        "of equal content, is among the first ten; in brackets 95 % intervals.",
    )


def label_efficiency(data: Mapping[str, Any]) -> Html:
    """Return the score by number of labels, a line per way to learn; "" when not measured."""
    found = (data.get("metrics") or {}).get("label_efficiency") or {}
    points = sorted(found.get("points") or [], key=lambda point: point["labels"])
    if not points:
        return ""
    series: dict[str, list[tuple[float, float, Sequence[float] | None]]] = defaultdict(list)
    for point in [*points, *filter(None, [found.get("shipped")])]:
        series[point["name"]].append((point["labels"], point["value"], point.get("interval")))
    metric = str(found["metric"])
    name, way = word(metric).name, direction(metric)
    if not way and found.get("lower_is_better"):
        way = "lower is better"
    drawn = curves(
        series,
        label=f"{name} by number of labels",
        x_name="labels",
        y_name=f"{name} {arrow(metric)}".strip(),
        share=word(metric).share,
    )
    return section(
        "What the labels buy",
        f"<h3>{escape(name)}{', ' * bool(way)}{way}</h3>{drawn}",
        f'<p class="none">{escape(_how_measured(found))}</p>',
        lead=_sentence(found.get("said") or ""),
    )


def learning(data: Mapping[str, Any]) -> Html:
    """Return which losses were measured and kept, whether vectors collapsed, and the curve."""
    metrics = data.get("metrics") or {}
    parts = []
    if metrics.get("trials"):
        parts += [
            "<h3>Which losses help</h3>",
            table([_trial(one) for one in metrics["trials"]], caption="Losses"),
        ]
    if metrics.get("collapse"):
        parts.append(f"<h3>Has it collapsed?</h3><p>{_spread(metrics['collapse'])}</p>")
    parts += _curves(metrics.get("curve") or [])
    if metrics.get("training"):
        parts += ["<h3>How it was trained</h3>", facts(metrics["training"])]
    return section("How the space was learned", *parts) if parts else ""


def _how_measured(found: Mapping[str, Any]) -> str:
    """Return what the curves are of, and what their bars mean."""
    said = f"Judged on the same {number(found.get('rows'))} rows, none of them learned from. "
    if found.get("learner"):
        said += (
            "Both lines are simple models of nested parts of the training rows: linear on the "
            f"columns' own features, and {found['learner']}, chosen by validation rows. "
        )
    most = max(point["labels"] for point in found["points"])
    if most < (found.get("num_labels") or 0):
        said += f"{number(most)} of {number(found['num_labels'])} labels were used, to save time. "
    if not any(point.get("interval") for point in found["points"]):
        return said + "A dot is one draw of labels."
    return said + "Dots are the mean of several draws of labels, bars go from lowest to highest."


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _numbers(key: str, one: Mapping[str, Any]) -> dict[str, str]:
    ends = one.get("intervals") or {}
    return {
        "query → item": key.replace("->", " → "),
        **{name.upper(): metric(name, one.get(name), ends.get(name)) for name in SHARES},
        "median rank": number(one.get("median_rank")),
        "queries": number(one.get("n")),
    }


def _chance(one: Mapping[str, Any]) -> str:
    """Return what guessing reaches, k / n, among as many items as there are queries."""
    among = one.get("n") or 0
    if not among:
        return DASH
    return ", ".join(f"{100 * min(1.0, k / among):.1f}" for k in (1, 5, 10)) + " %"


def _trial(one: Mapping[str, Any]) -> dict[str, Any]:
    cost = one.get("cost")
    known = isinstance(cost, int | float) and math.isfinite(cost)
    return {
        "losses": one["recipe"],
        "mean reciprocal rank": f"{1 - cost:.3f}" if known and cost is not None else DASH,
        "used": "yes" if one.get("chosen") else "",
    }


def _curves(curve: Sequence[Mapping[str, Any]]) -> list[Html]:
    """Return the loss over time, and what validation rows said.

    That is 1 - mean reciprocal rank; below 0 it is minus the spread of the vectors, where no two
    input columns occur together (see `plait.train.shared.Shared.cost`).
    """
    loss = [(p["seconds"], p["loss"]) for p in curve if p.get("loss") is not None]
    costs = [(p["seconds"], p["validation"]) for p in curve if p.get("validation") is not None]
    alone = any(cost < 0 for _, cost in costs)
    name = "Spread of the vectors" if alone else "Mean reciprocal rank"
    said = [(seconds, -cost if alone else 1 - cost) for seconds, cost in costs]
    parts = []
    for title, line in (("Training loss", loss), (f"{name} on validation rows", said)):
        if len(line) > 1:
            drawn = lines({"": line}, label=f"{title} over time", x_name="seconds", y_name=title)
            parts.append(f"<h3>{title}</h3>{drawn}")
    return parts


def _spread(collapse: Mapping[str, Any]) -> str:
    std, rank = collapse.get("std"), collapse.get("rank")
    return (
        f"{escape(collapse.get('said') or '')} The vectors of different rows spread by "
        f"{number(std)} (1 fills the sphere, 0 is a single point) and use {number(rank)} "
        "independent directions (1 is a line)."
    )
