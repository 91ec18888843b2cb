"""Rows to look at: a card per test row, the prediction first, mistakes unmistakable."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from plait.display import with_unit
from plait.report.axis import make_axis
from plait.report.text import cut, escape, fold, is_number, metric, number, plural, section
from plait.report.words import target_unit, word
from plait.types import Html

OPEN_CELLS = 6
_BARE = re.compile(r"[-+−]?\d[\d.,' ]*(e[-+]?\d+)?")
"""A number without a unit."""
_COMMA = re.compile(r"[-+]?\d+,\d+")
_WHOLE = re.compile(r"^([-+−]?)([1-9]\d{3,8})(?=$|\s|\.(?!\d{3}\b))")
"""The thousands of a number, written without a mark between them."""


def samples(data: Mapping[str, Any]) -> Html:
    """Return a few test rows as people see them, the costliest mistakes apart."""
    found = data.get("samples") or []
    if not found:
        return ""
    groups = {
        "Drawn by lot": [one for one in found if one.get("drawn") == "lot"],
        "What came out best": [one for one in found if one.get("drawn") == "best"],
        "Where the model errs most": [one for one in found if one.get("drawn") == "worst"],
        "": [one for one in found if one.get("drawn") not in ("lot", "best", "worst")],
    }
    parts = [
        (f"<h3>{title}</h3>" if title else "")
        + f'<div class="cards">{"".join(_card(one) for one in group)}</div>'
        for title, group in groups.items()
        if group
    ]
    return section("Rows to look at", *parts, lead="Test rows, which the model did not learn from.")


def panel(data: Mapping[str, Any]) -> Html:
    """Return what the target's own modality draws of all test rows; nothing where it does not."""
    drawn = (data.get("metrics") or {}).get("panel")
    goal = str((data.get("model") or {}).get("target"))
    made, true = _beside(next(iter(data.get("samples") or []), {}))
    return section(f"All of {goal}, {made} and {true}", str(drawn)) if drawn else ""


def cells_of(cells: Mapping[str, Html]) -> Html:
    """Return a row's cells with their names; those past the sixth unfold."""
    shown = [
        f'<div class="cell-of"><span class="name">{escape(name)}</span>{fragment}</div>'
        for name, fragment in cells.items()
    ]
    rest = shown[OPEN_CELLS:]
    more = fold(plural(len(rest), "more column"), "".join(rest)) if rest else ""
    return "".join(shown[:OPEN_CELLS]) + more


def _card(sample: Mapping[str, Any]) -> Html:
    right = sample.get("right")
    if "made" in sample:
        told = _made(sample)
    elif "q05" in sample or "true" in sample:
        told = _number(sample)
    else:
        truth, said = str(sample.get("truth", "")), str(sample.get("prediction", ""))
        right = truth == said if right is None else bool(right)
        told = _label(sample, right, truth, said)
    kind = "" if right is None else "good" if right else "bad"
    none = '<p class="none">cells left out: the page would grow too large</p>'
    cells = cells_of(sample.get("cells") or {}) or none
    row = sample.get("row")
    foot = f'<p class="foot">row {number(row)}</p>' if is_number(row) else ""
    return f'<article class="{kind}">{told}<div class="cells">{cells}</div>{foot}</article>'


def _made(sample: Mapping[str, Any]) -> Html:
    """Return a generated value beside the true one, and how near it came."""
    value, name = sample.get("value"), str(sample.get("metric", ""))
    near = f"{escape(word(name).name)} {metric(name, value)}" if is_number(value) else ""
    sure = sample.get("confidence")
    sure = f"<span>{100 * sure:.0f} % sure</span>" if is_number(sure) else ""
    made, true = _beside(sample)
    return (
        f'<p class="mark-of">{near}{sure}</p><div class="made">'
        f'<div class="cell-of"><span class="name">{escape(made)}</span>{sample["made"]}</div>'
        f'<div class="cell-of"><span class="name">{escape(true)}</span>{sample["true"]}</div></div>'
    )


def _beside(sample: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is said of a generated value and of the true one beside it."""
    made, true = sample.get("beside") or ("made", "true")
    return str(made), str(true)


def _label(sample: Mapping[str, Any], right: bool, truth: str, said: str) -> Html:
    mark = "✓ right" if right else "✗ wrong"
    of_set = "missed" in sample or "extra" in sample
    shown = cut(said.replace(";", ", ") if of_set else said, 90) or "no label"
    sure = sample.get("confidence")
    sure = f"{100 * max(0.0, min(1.0, sure)):.0f} % sure" if is_number(sure) else ""
    lines = ""
    if of_set:
        lines += _labels("missed", sample.get("missed") or [])
        lines += _labels("too many", sample.get("extra") or [])
    elif not right:
        lines += f'<p class="true">true: <b>{escape(cut(truth, 90))}</b></p>'
    second = sample.get("second")
    if second:
        share = f"{100 * second['probability']:.0f} %"
        lines += f'<p class="second">then: {escape(cut(second["label"], 60))}, {share}</p>'
    return (
        f'<p class="mark-of">{mark}<span>{sure}</span></p>'
        f'<p class="said">{escape(shown)}</p>{lines}'
    )


def _labels(title: str, labels: Sequence[str]) -> Html:
    if not labels:
        return ""
    return f'<p class="true">{title}: <b>{escape(cut(", ".join(labels), 90))}</b></p>'


def _number(sample: Mapping[str, Any]) -> Html:
    """Return a predicted number, its interval with the truth marked, and how far off it is."""
    low, high, true = sample.get("q05"), sample.get("q95"), sample.get("true")
    said = f'<p class="said">{escape(_in_unit(sample.get("prediction", "")))}</p>'
    truth = f'<p class="true">true: <b>{escape(cut(_in_unit(_read(sample)), 40))}</b></p>'
    if low is None or high is None or not is_number(low) or not is_number(high):
        return said + truth
    inside = is_number(true) and low <= true <= high
    mark = "✓ inside its interval" if inside else "✗ outside its interval"
    drawn = ""
    if is_number(true):
        axis = make_axis([low, high, true])
        a, b, at = (100 * axis.at(value) for value in (low, high, true))
        drawn = (
            f'<span class="track meter" aria-hidden="true"><i class="span" '
            f'style="left:{a:.1f}%;width:{max(b - a, 0.5):.1f}%"></i>'
            f'<i class="goal" style="left:{at:.1f}%"></i></span>'
        )
    return (
        f'<p class="mark-of">{mark}</p>{said}'
        f'<p class="second">{number(float(low))} to '
        f"{escape(_in_unit(number(float(high))))} in 90 % of cases</p>"
        f"{drawn}{truth}"
    )


def _read(sample: Mapping[str, Any]) -> str:
    """Return the true number as its cell says it; with a point where it has a decimal comma."""
    text, true = str(sample.get("truth", "")), sample.get("true")
    point = text.strip().replace(",", ".")
    if not _COMMA.fullmatch(text.strip()) or not is_number(true):
        return text
    return point if math.isclose(float(point), true, rel_tol=1e-6) else text


def _in_unit(text: Any) -> str:
    """Return a number as pages write it, with the target's unit where its cell says none."""
    text = _WHOLE.sub(lambda found: f"{found[1]}{int(found[2]):,}", str(text))
    return with_unit(text, target_unit()) if _BARE.fullmatch(text.strip()) else text
