"""The first screen: one number, its interval, what to compare it with, a verdict, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.display import model_name
from plait.report.bars import axis_of
from plait.report.scored import (
    LEAST_ROWS,
    Scored,
    best_base_model,
    ends_of,
    guessing,
    headline_metric,
    is_simple,
    is_space,
    shipped_alone,
    test_of,
    value_of,
    weakest,
)
from plait.report.text import (
    DASH,
    cut,
    escape,
    figures,
    fold,
    interval_of,
    is_number,
    metric,
    number,
    own_id,
    percent,
    plural,
    term,
)
from plait.report.verdict import (
    chance_at_ten,
    facts_of_hero,
    interval_text,
    verdict,
    warnings,
)
from plait.report.words import direction, word
from plait.report.worth import facts_of_costs, facts_overlooked, priced
from plait.types import Html

SPACE = "shared space"
OPEN_NOTES, OPEN_WARNINGS = 4, 12
MOST_NAMED = 2
"""Parts of a mix that are named where there is little room."""


def hero(data: Mapping[str, Any]) -> Html:
    """Return the header of a bundle's report."""
    model, metrics = data.get("model") or {}, data.get("metrics") or {}
    alone, told = is_space(data), warnings(data)
    notes = [str(note) for note in metrics.get("notes") or []]
    goal, link = (SPACE, "of") if alone else (model.get("target") or "model", "from")
    inputs = ", ".join(model.get("inputs") or [])
    verb = "A" if alone else escape(str(model.get("verb") or "Predicts"))
    return (
        f'<header class="hero"><p class="brand">plait</p>'
        f'<h1><small>{verb}</small> {escape(goal)} <small class="from">{link} '
        f"{escape(cut(inputs, 160))}</small></h1>"
        f'<div class="first">{_number(data)}<div class="beside">'
        f'<p class="verdict">{escape(verdict(data))}</p>{_compared(data)}</div></div>'
        f"{warned(told, [note for note in notes if note not in told])}"
        f"{_tiles(data)}</header>"
    )


def _number(data: Mapping[str, Any]) -> Html:
    """Return the large number, what it is, and its interval beneath."""
    test = test_of(data)
    known = _judged(test, (data.get("model") or {}).get("group"))
    if (decision := priced(data)) is not None:
        return _cost(decision, known)
    name = "r@10" if is_space(data) else headline_metric(data)
    value = value_of(test, name)
    label = term(name, word(name).name)
    if is_space(data):
        label += ", mean of all directions"
    plain, _, unit = metric(name, value).partition("\u00a0")
    figure = escape(plain) + (f'<span class="unit">{escape(unit)}</span>' if unit else "")
    way = f" ({direction(name)})" if word(name).better == "lower" else ""
    interval = interval_text(name, test) if "intervals" in test or not is_space(data) else ""
    return (
        f'<div class="score"><p class="what">{label}{way}</p>'
        f'<p class="large">{figure}</p>'
        + (f'<p class="interval">{escape(interval)}</p>' if value is not None and interval else "")
        + f'<p class="on">on {escape(known)}</p></div>'
    )


def _judged(test: Scored, group: str | None) -> str:
    """Return how many rows judged, and where the person named groups, of how many of these."""
    rows, groups = test.get("rows"), test.get("groups")
    if not is_number(rows):
        return "not measured"
    said = plural(int(rows), "test row")
    if group is None or not is_number(groups):
        return said
    return f"{said}, of {plural(int(groups), 'group')} of '{group}'"


def _cost(decision: Mapping[str, Any], known: str) -> Html:
    """Return what a row costs on average, which counts where mistakes have costs."""
    ends = interval_of((decision.get("intervals") or {}).get("cost"))
    interval = "no interval: too few rows, or it was not computed"
    if ends is not None:
        interval = f"95 % interval {figures(ends[0])} to {figures(ends[1])}"
    missed, alarm = figures(decision["false_negative"]), figures(decision["false_positive"])
    return (
        f'<div class="score"><p class="what">mean cost of a row (lower is better)</p>'
        f'<p class="large">{escape(figures(decision["at_threshold"]["cost"]))}</p>'
        f'<p class="interval">{escape(interval)}</p>'
        f'<p class="on">on {escape(known)}; a missed {escape(cut(decision["positive"], 40))} costs '
        f"{missed}, a false alarm {alarm}</p></div>"
    )


def _compared(data: Mapping[str, Any]) -> Html:
    """Return guessing, simple models and the weakest pattern, and a scale on which they lie."""
    if is_space(data):
        chance, rank = chance_at_ten(test_of(data)), value_of(test_of(data), "median_rank")
        items = [("by chance", percent(chance), "of queries, first ten")]
        items.append(("median rank", number(rank), "of the own item"))
        return _facts(items)
    if (decision := priced(data)) is not None:
        return _facts(facts_of_costs(decision))
    name = headline_metric(data)
    items = facts_of_hero(data)
    more = facts_overlooked(data) if name == "accuracy" else []
    if more:
        return _scale(data, name) + _facts([*items, *more])
    poor = weakest(data)
    if poor is not None:
        said, entry = poor
        note = f"{said}, {plural(int(entry['rows']), 'row')}"
        items.append(("weakest pattern", metric(name, value_of(entry, name)), note))
    elif (worst := _weakest_class(data)) is not None:
        label, recall, rows = worst
        note = f"recall of {cut(label, 40)}, {plural(rows, 'row')}"
        items.append(("weakest class", percent(recall), note))
    return _scale(data, name) + _facts(items)


def _weakest_class(data: Mapping[str, Any]) -> tuple[str, float, int] | None:
    found = [
        (str(one["label"]), float(one["recall"]), int(one["rows"]))
        for one in test_of(data).get("per_class") or []
        if is_number(one.get("recall")) and (one.get("rows") or 0) >= LEAST_ROWS
    ]
    return min(found, key=lambda one: one[1]) if len(found) > 1 else None


def _facts(items: list[tuple[str, str, str]]) -> Html:
    shown = "".join(
        f"<div><dt>{escape(what)}</dt><dd><b>{escape(value)}</b> "
        f"<small>{escape(cut(note, 90))}</small></dd></div>"
        for what, value, note in items
    )
    return f'<dl class="compared">{shown}</dl>' if shown else ""


def _scale(data: Mapping[str, Any], name: str) -> Html:
    """Return a line from zero with the places of guessing, the best simple model and what ships."""
    test = test_of(data)
    value = value_of(test, name)
    if value is None:
        return ""
    marks = [("guessing", value_of(guessing(data), name), "g")]
    if not is_simple(shipped_alone(data)):
        marks.append(("best simple model", value_of(best_base_model(data), name), "s"))
    known = [(said, place, kind) for said, place, kind in marks if place is not None]
    ends = ends_of(test, name)
    axis = axis_of([{"value": v, "interval": None} for _, v, _ in known]
                   + [{"value": value, "interval": ends}], name)  # fmt: skip
    drawn = ""
    if ends is not None:
        low, high = axis.at(ends[0]), axis.at(ends[1])
        drawn += (
            f'<i class="range" style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></i>'
        )
    drawn += "".join(
        f'<i class="at {kind}" style="left:{100 * axis.at(place):.2f}%" title="{escape(said)}"></i>'
        for said, place, kind in known
    )
    drawn += f'<i class="at here" style="left:{100 * axis.at(value):.2f}%" title="shipped"></i>'
    legend = "".join(
        f'<li><i class="at {kind}"></i>{escape(said)}</li>'
        for said, _, kind in [*known, ("this model", value, "here")]
    )
    first, last = axis.written(axis.low), axis.written(axis.high)
    told = "; ".join(f"{said} {metric(name, place)}" for said, place, _ in known)
    return (
        f'<div class="scale" role="img" aria-label="{escape(f"{metric(name, value)}; {told}")}">'
        f'<span class="edge">{first}</span><span class="track">{drawn}</span>'
        f'<span class="edge">{last}</span></div>'
        f'<ul class="scale-legend" aria-hidden="true">{legend}</ul>'
    )


def warned(found: Sequence[str], notes: Sequence[str] = ()) -> Html:
    """Return the box of warnings, and what the fit noted."""
    if found:
        items = [f"<li>{escape(text)}</li>" for text in found]
        more = items[OPEN_WARNINGS:]
        rest = fold(f"{len(more)} more", f"<ul>{''.join(more)}</ul>") if more else ""
        box = (
            f'<aside class="warnings" aria-labelledby="{own_id("warned")}">'
            f'<h2 id="{own_id("warned")}">'
            f"{plural(len(found), 'warning')}</h2>"
            f"<ul>{''.join(items[:OPEN_WARNINGS])}</ul>{rest}</aside>"
        )
    else:
        box = '<aside class="warnings calm"><p>No warnings.</p></aside>'
    if not notes:
        return box
    listed = "".join(f"<li>{escape(text)}</li>" for text in notes)
    inner = f'<ul class="notes">{listed}</ul>'
    if len(notes) > OPEN_NOTES:
        return box + fold(f"{len(notes)} notes of the fit", inner)
    return f'{box}<div class="noted"><h2>Notes of the fit</h2>{inner}</div>'


def _tiles(data: Mapping[str, Any]) -> Html:
    metrics, energy = data.get("metrics") or {}, data.get("energy") or {}
    shipped = metrics.get("shipped")
    size, memory = data.get("size_mb"), energy.get("peak_memory_mb")
    tiles = {
        "ships": _ships(metrics) if shipped else "not measured",
        "parameters of the network": _parameters(metrics),
        "size on disk": f"{number(size)} MB" if is_number(size) else DASH,
        "time to fit": _seconds(energy.get("seconds")),
        "peak memory": f"{number(memory)} MB" if is_number(memory) else DASH,
    }
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in tiles.items()
    )
    return f'<dl class="tiles">{shown}</dl>'


def _ships(metrics: Mapping[str, Any]) -> str:
    """Return what ships in few words: the parts of a large mix are told beside its bar."""
    num = len(metrics.get("weights") or {})
    return f"mix of {num} models" if num > MOST_NAMED else shipped_name(metrics)


def shipped_name(metrics: Mapping[str, Any]) -> str:
    """Return what ships in words: one model, or the parts of a mix with their weights."""
    weights = metrics.get("weights") or {}
    if len(weights) > 1 and all(map(is_number, weights.values())):
        parts = sorted(weights.items(), key=lambda item: -item[1])
        return " + ".join(f"{model_name(name)} {100 * weight:.0f} %" for name, weight in parts)
    return model_name(metrics.get("shipped"))


def _parameters(metrics: Mapping[str, Any]) -> str:
    count = metrics.get("num_parameters")
    return "no network" if count == 0 else number(count)


def _seconds(value: Any) -> str:
    if not is_number(value):
        return DASH
    if value < 120:
        return f"{number(float(value))} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"
