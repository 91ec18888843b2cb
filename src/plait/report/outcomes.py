"""Sections about what comes out: classes, labels, how far confidence goes, numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.axis import make_axis
from plait.report.chart import Chart, histogram
from plait.report.matrix import confusion
from plait.report.order import class_order
from plait.report.scored import calibration_error, coverage_ends, coverage_of, test_of, wilson
from plait.report.text import (
    escape,
    fold,
    is_number,
    number,
    percent,
    plural,
    section,
    table,
    term,
)
from plait.report.words import METRICS, target_unit, word
from plait.types import Html

OPEN_CLASSES, MAX_CLASSES = 12, 400
NUM_BINS = 24


def classes(data: Mapping[str, Any]) -> Html:
    """Return the confusion matrix and the scores per class, or per label of a tag target."""
    test = test_of(data)
    found = test.get("per_class") or test.get("per_label") or []
    if not found:
        return ""
    tags = not test.get("per_class")
    parts, order = [], list(range(len(found)))
    counts = test.get("confusion")
    if counts and len(counts) == len(found):
        labels = [str(label) for label in test.get("labels") or [c["label"] for c in found]]
        order, how = class_order(labels, counts)
        parts.append("<h3>Taken for what</h3>" + confusion(counts, labels, order, how))
    rows = [_scores(found[place]) for place in order]
    heads = {name: term(name) for name in ("precision", "recall", "f1")}
    what = "label" if tags else "class"
    shown = table(rows[:MAX_CLASSES], raw=["f1 drawn"], heads=heads | {"f1 drawn": "&nbsp;"},
                  caption=f"Scores per {what}")  # fmt: skip
    title = f"Each {what}"
    if len(rows) > OPEN_CLASSES:
        hardest = sorted((f for f in found if f.get("rows")), key=lambda f: f.get("f1") or 0.0)
        weak = table([_scores(f) for f in hardest[:8]], raw=["f1 drawn"],
                     heads=heads | {"f1 drawn": "&nbsp;"},
                     caption="The weakest")  # fmt: skip
        title = f"All {len(rows)}" if len(rows) <= MAX_CLASSES else f"The first {MAX_CLASSES}"
        shown = f"<h3>The weakest of {len(rows):,}</h3>{weak}{fold(title, shown)}"
    else:
        shown = f"<h3>{title}</h3>{shown}"
    lead = (
        "A label is given where its probability is at least 50 %."
        if tags
        else "Rows of the matrix are true classes, columns what was predicted."
    )
    return section("Labels" if tags else "Classes", *parts, shown, lead=lead)


def _scores(entry: Mapping[str, Any]) -> dict[str, Any]:
    f1 = entry.get("f1")
    share = 100 * f1 if is_number(f1) else 0.0
    bar = f'<span class="mini" aria-hidden="true"><i style="width:{share:.0f}%"></i></span>'
    return {
        "class": entry["label"],
        "rows": entry.get("rows"),
        **{name: percent(entry.get(name)) for name in ("precision", "recall")},
        "f1": percent(f1),
        "f1 drawn": bar,
    }


def calibration(data: Mapping[str, Any]) -> Html:
    """Return how far confidence can be trusted: what it foretells by it, and how many rows."""
    test = test_of(data)
    bins = [
        b
        for b in test.get("reliability") or []
        if is_number(b.get("confidence")) and is_number(b.get("accuracy")) and b.get("count")
    ]
    if not bins:
        return ""
    share = word(test["foretells"]).name if test.get("foretells") else "accuracy"
    told = [
        f"{percent(b['confidence'])} sure, {share} {percent(b['accuracy'])}, "
        f"{plural(b['count'], 'row')}"
        for b in bins
    ]
    x = make_axis([0.0, 1.0], "confidence", share=True, num=5)
    chart = Chart(
        x, make_axis([0.0, 1.0], share, share=True, num=5),
        f"{share[0].upper()}{share[1:]} by confidence: " + "; ".join(told),
    )  # fmt: skip
    chart.line([(0, 0), (1, 1)], "ideal")
    for one in bins:
        ends = wilson(one["accuracy"], one["count"])
        if ends is not None:
            chart.whisker(one["confidence"], ends[0], ends[1], "c1")
    chart.line([(b["confidence"], b["accuracy"]) for b in bins], "c1 thin")
    for one, text in zip(bins, told, strict=True):
        chart.dot(one["confidence"], one["accuracy"], "c1", text)
    counts = Chart(x, make_axis([b["count"] for b in bins], "rows", zero=True, num=3),
                   "Rows by confidence", height_px=90)  # fmt: skip
    for one in bins:
        low = math.floor(min(one["confidence"], 0.999) * 10) / 10
        counts.bar(low, low + 0.1, one["count"], "c1", plural(one["count"], "row"))
    said = (
        f"<p>{term('ece')}: <b>{percent(calibration_error(test))}</b>. {_read_by(test, share)}</p>"
    )
    return section(
        "How far confidence can be trusted",
        f'<div class="pair"><div>{chart.html()}</div><div>{counts.html()}{said}</div></div>',
    )


def _read_by(test: Mapping[str, Any], share: str) -> Html:
    """Return how to read the chart; of what is made also how much better the surer half is."""
    claims = "below it the model claims too much, above it too little"
    lines = "Lines are 95 % intervals; fewer than ten rows have none."
    if not test.get("foretells"):
        ideal = "On the dashed line, of the rows that are 80 % sure 8 in 10 are right"
        return f"{ideal}; {claims}. {lines}"
    ideal = f"On the dashed line, rows that are 80 % sure have a mean {escape(share)} of 80 %"
    half = test.get("surest_half")
    better = f" That of the surer half of the rows is <b>{percent(half)}</b>." if half else ""
    return f"{ideal}; {claims}. {lines}{better}"


def numbers(data: Mapping[str, Any]) -> Html:
    """Return true against predicted numbers, how far off they are, and what intervals hold."""
    test = test_of(data)
    points = [p for p in test.get("scatter") or [] if all(map(is_number, p[:2]))]
    if not points:
        return ""
    name = str((data.get("model") or {}).get("target") or "number")
    name += f" in {unit}" if (unit := target_unit()) else ""
    parts = [f"<h3>True against predicted</h3>{_scatter(points, name)}"]
    errors = [p[1] - p[0] for p in points]
    edges, counts = _bins(errors)
    off = histogram(
        edges, counts, label=f"Predicted minus true {name}", x_name=f"predicted − true {name}",
        height_px=160,
    )  # fmt: skip
    beyond = sum(e < edges[0] or e > edges[-1] for e in errors)
    told = f'<p class="none">{plural(beyond, "row")} further off.</p>' if beyond else ""
    parts.append(f"<h3>How far off</h3>{off}{told}{_coverage(test)}")
    drawn = len(points)
    rows = test.get("rows")
    said = f"{drawn:,} of {rows:,} test rows are drawn." if is_number(rows) and rows > drawn else ""
    return section(
        "True and predicted",
        f'<div class="pair">{"".join(f"<div>{part}</div>" for part in parts)}</div>',
        lead=said,
    )


def _scatter(points: Sequence[Sequence[float]], name: str) -> Html:
    """Draw predictions over the truth on equal axes, intervals where they are known."""
    known = [value for p in points for value in p[:2]]
    log = min(known) > 0
    x = make_axis(known, f"true {name}", log=log, num=5)
    y = make_axis(known, f"predicted {name}", log=log, num=5)
    chart = Chart(x, y, f"True against predicted {name}, {plural(len(points), 'row')}")
    chart.line([(x.low, x.low), (x.high, x.high)], "ideal")
    with_ends = [p for p in points if len(p) >= 4 and all(map(is_number, p[:4]))]
    for p in with_ends:
        chart.whisker(p[0], p[2], p[3], "faint" if p[2] <= p[0] <= p[3] else "faint out")
    for p in points:
        missed = len(p) >= 4 and not p[2] <= p[0] <= p[3]
        ends = f", interval {number(p[2])} to {number(p[3])}" if len(p) >= 4 else ""
        title = f"true {number(float(p[0]))}, predicted {number(float(p[1]))}{ends}"
        chart.dot(p[0], p[1], "small c2" if missed else "small c1", title)
    note = "On the dashed line, the prediction is exact."
    if with_ends:
        note += " Lines are 90 % intervals; orange ones miss the truth."
    return f'{chart.html()}<p class="none">{note}</p>'


def _bins(values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Return edges that enclose 98 % of the values, symmetric about zero, and counts."""
    sizes = sorted(map(abs, values))
    reach = sizes[min(len(sizes) - 1, math.ceil(0.98 * len(sizes)) - 1)] or 1.0
    num = max(6, min(NUM_BINS, round(len(values) ** 0.5) * 2)) // 2 * 2
    edges = [-reach + 2 * reach * place / num for place in range(num + 1)]
    counts = [0] * num
    for value in values:
        if abs(value) <= reach:
            counts[min(num - 1, int((value + reach) / (2 * reach) * num))] += 1
    return edges, counts


def _coverage(test: Mapping[str, Any]) -> Html:
    """Return what share of true numbers lies inside the intervals, and what was promised."""
    share = coverage_of(test)
    if share is None:
        return ""
    nominal = test.get("nominal_coverage")
    nominal = float(nominal) if is_number(nominal) else 0.9
    ends = coverage_ends(test)
    spread = f" ({100 * ends[0]:.1f} to {100 * ends[1]:.1f})" if ends else ""
    range_drawn = (
        f'<i class="range" style="left:{100 * ends[0]:.1f}%;'
        f'width:{100 * (ends[1] - ends[0]):.1f}%"></i>'
        if ends
        else ""
    )
    says = escape(METRICS["coverage"].says)
    return (
        f'<h3>What the intervals hold</h3><p><span class="term" tabindex="0" title="{says}">'
        f"Coverage</span>: <b>{percent(share)}</b>{spread} of the true numbers; "
        f"{100 * nominal:.0f}\u00a0% is meant (the mark).</p>"
        f'<span class="track meter" aria-hidden="true"><i class="fill" '
        f'style="left:0;width:{100 * share:.1f}%"></i>{range_drawn}'
        f'<i class="goal" style="left:{100 * nominal:.1f}%"></i></span>'
    )
