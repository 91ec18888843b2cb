"""A bundle judged in one sentence, and what a reader must be warned of before any number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plait.display import model_name
from plait.report.scored import (
    LEAST_ROWS,
    best_base_model,
    better_cut_off,
    calibration_error,
    candidates,
    coverage_ends,
    coverage_of,
    ends_of,
    few_groups,
    guessing,
    headline_metric,
    is_better,
    is_simple,
    is_space,
    is_whole,
    patterns,
    said_pattern,
    shipped_alone,
    shipped_parts,
    test_of,
    value_of,
)
from plait.report.text import cut, is_number, metric, number, percent, plural
from plait.report.words import word
from plait.report.worth import beats, guessed, overlooked, priced, verdict_of_costs

FEW_ROWS = 50
NOMINAL = 0.9
BADLY_CALIBRATED = 0.1


def verdict(data: Mapping[str, Any]) -> str:
    """Return one sentence: is it worth using, and is it better than a simple model?"""
    if is_space(data):
        return _verdict_of_space(data)
    name, test = headline_metric(data), test_of(data)
    value = value_of(test, name)
    if value is None:
        return "Nothing was measured, so nothing can be promised."
    if (decision := priced(data)) is not None:
        return verdict_of_costs(decision)
    guess = guessed(data, name)
    if guess is not None and not beats(name, test, guess):
        return overlooked(data, name, value, guess)
    start = "Measured" if guess is None else _better(name, test, value, guess)
    if is_simple(shipped_alone(data)):
        return f"{start}; {_of_simple(data, name, value)}"
    return _beside_simple(data, name, value, start)


def _beside_simple(data: Mapping[str, Any], name: str, value: float, start: str) -> str:
    """Return how what ships compares with simple models, those cut off by the clock told apart."""
    test, cut_off = test_of(data), better_cut_off(data)
    end = "" if cut_off is None else f" Cut off by the clock: {_scored(cut_off, name)}."
    base_model = best_base_model(data)
    told = value_of(base_model, name)
    if base_model is None or told is None:
        return f"{start}; no simple model was measured beside it.{end}"
    simple = _scored(base_model, name)
    if not is_better(name, value, told):
        return f"{start}, but a simple model alone ({simple}) does as well on these rows.{end}"
    apart = _apart(name, test, base_model)
    if apart is None:
        judged, groups = plural(int(test.get("rows") or 0), "row"), few_groups(test)
        judged += f" of only {plural(groups, 'group')}" if groups is not None else ""
        last = "" if ends_of(test, name) is None else " of the latter"
        return (
            f"{start}; ahead of the best simple model ({simple}), which may be chance: no interval"
            f"{last} was computed, and {judged} judged it.{end}"
        )
    if apart:
        return f"{start}, and clearly better than the best simple model ({simple}).{end}"
    return f"{start}; its lead over the best simple model ({simple}) is within the intervals.{end}"


def _scored(one: Mapping[str, Any], name: str) -> str:
    return f"{model_name(one['name'])}, {metric(name, value_of(one, name))}"


def _better(name: str, test: Mapping[str, Any], value: float, guess: float) -> str:
    """Return how much better than guessing a value is; without an interval nothing is far."""
    if ends_of(test, name) is None:
        return "Better than guessing on these rows, without an interval"
    return "Far better than guessing" if _halves(name, value, guess) else "Better than guessing"


def _of_simple(data: Mapping[str, Any], name: str, value: float) -> str:
    """Return what is said of a simple model that ships, and of the best other candidate."""
    said = f"{model_name(shipped_alone(data))}, {metric(name, value)}"
    said = f"what ships is itself a simple model ({said})"
    others = [one for one in candidates(data) if one.get("name") != shipped_alone(data)]
    told = value_of(others[0], name) if others else None
    if told is not None and is_better(name, told, value):
        cut_off = "" if is_whole(others[0]) else ", cut off by the clock"
        other = f"{_scored(others[0], name)}{cut_off}"
        return f"{said}, though another ({other}) did better on these rows."
    alone = len([one for one in candidates(data) if one is not guessing(data)]) < 2
    return f"{said}; no other was measured." if alone else f"{said}, for nothing beat it."


def _verdict_of_space(data: Mapping[str, Any]) -> str:
    test = test_of(data)
    recall = value_of(test, "r@10")
    if recall is None:
        return "Retrieval was not measured, so nothing can be promised."
    chance = chance_at_ten(test)
    if chance is None:
        return f"{percent(recall)} of queries find their own item among the first ten."
    if recall < 1.5 * chance:
        return "Little better than chance: search by it finds next to nothing."
    return (
        f"{percent(recall)} of queries find their own item among the first ten, "
        f"{recall / chance:.1f} times as many as by chance."
    )


def chance_at_ten(test: Mapping[str, Any]) -> float | None:
    """Return the mean share that guessing finds among the first ten, over all directions."""
    found = [one.get("n") or 0 for one in (test.get("retrieval") or {}).values()]
    found = [count for count in found if count]
    return sum(min(1.0, 10 / count) for count in found) / len(found) if found else None


def warnings(data: Mapping[str, Any]) -> list[str]:
    """Return what was warned of when the model was made, and what its numbers themselves show."""
    metrics = data.get("metrics") or {}
    told = [_said(one) for one in metrics.get("warnings") or []]
    found = told + [*_of_rows(data), *_of_base_models(data), *_of_patterns(data), *_of_trust(data)]
    return list(dict.fromkeys(text for text in found if text))


def _said(warning: Any) -> str:
    return str(warning.get("text") or "") if isinstance(warning, Mapping) else str(warning)


def _of_rows(data: Mapping[str, Any]) -> list[str]:
    rows = test_of(data).get("rows")
    told = [one for one in (data.get("metrics") or {}).get("warnings") or [] if one]
    known = any(isinstance(one, Mapping) and one.get("kind") == "unreadable" for one in told)
    skipped = (data.get("lineage") or {}).get("num_skipped_cells") or 0
    found = []
    if is_number(rows) and 0 < rows < FEW_ROWS:
        found.append(f"Judged on only {plural(int(rows), 'row')}: every number here is rough.")
    if skipped and not known:
        found.append(f"{plural(skipped, 'unreadable cell')} counted as missing.")
    return found


def _of_base_models(data: Mapping[str, Any]) -> list[str]:
    short = [one.get("name") for one in candidates(data) if not is_whole(one)]
    ours = [model_name(name) for name in short if name in shipped_parts(data)]
    others = [model_name(name) for name in short if name not in shipped_parts(data)]
    found = []
    if ours:
        told = ", ".join(ours)
        found.append(f"Cut off by the clock, though it ships: {told}. A longer budget may help it.")
    if others:
        found.append(
            f"Cut off by the clock, so no fair comparison: {', '.join(others)}. A longer budget "
            "measures it."
        )
    return found


def _of_patterns(data: Mapping[str, Any]) -> list[str]:
    """Return the patterns on which the model is no better than guessing is on all rows."""
    name, guess = headline_metric(data), value_of(guessing(data), headline_metric(data))
    every = list((data.get("model") or {}).get("inputs") or [])
    if guess is None:
        return []
    poor = [
        said_pattern(columns, every)
        for columns, entry in patterns(data)
        if (entry.get("rows") or 0) >= 20
        and (value_of(entry, name) is not None)
        and not is_better(name, value_of(entry, name) or 0.0, guess)
    ]
    return [f"No better than guessing on {cut(poor[0], 200)}."] if poor else []


def _of_trust(data: Mapping[str, Any]) -> list[str]:
    test, found = test_of(data), []
    error = calibration_error(test)
    if error is not None and error > BADLY_CALIBRATED and (test.get("rows") or 0) >= FEW_ROWS:
        found.append(
            f"Confidence is off by {percent(error)} on average: do not read it as a probability."
        )
    nominal = test.get("nominal_coverage") or NOMINAL
    coverage, ends = coverage_of(test), coverage_ends(test)
    if coverage is not None and ends is not None and not ends[0] <= nominal <= ends[1]:
        way = "too narrow" if coverage < nominal else "wider than needed"
        found.append(
            f"Intervals meant to hold {100 * nominal:.0f} % of true numbers hold "
            f"{percent(coverage)}: they are {way}."
        )
    return found


def facts_of_hero(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return ``(what, value, note)`` of guessing and the best simple model."""
    name, found = headline_metric(data), []
    guess = guessing(data)
    base_model = None if is_simple(shipped_alone(data)) else best_base_model(data)
    if guess is not None:
        found.append(("guessing", metric(name, value_of(guess, name)), "the least to beat"))
    if base_model is not None:
        shown = metric(name, value_of(base_model, name))
        cut_off = better_cut_off(data)
        more = "" if cut_off is None else f"; cut off by the clock: {_scored(cut_off, name)}"
        found.append(("best simple model", shown, model_name(base_model.get("name")) + more))
    return found


def _halves(name: str, value: float, guess: float) -> bool:
    """Tell whether at least half of what guessing gets wrong is right."""
    if word(name).better == "lower":
        return value <= guess / 2
    return 1 - value <= (1 - guess) / 2


def _apart(name: str, test: Mapping[str, Any], base_model: Mapping[str, Any]) -> bool | None:
    """Tell whether two intervals do not meet; None where one was not computed."""
    one, other = ends_of(test, name), ends_of(base_model, name)
    if one is None or other is None:
        return None
    return one[1] < other[0] if word(name).better == "lower" else one[0] > other[1]


def interval_text(name: str, scored: Mapping[str, Any]) -> str:
    """Return the interval of a metric as a line of its own; why there is none otherwise."""
    ends = ends_of(scored, name)
    if ends is None:
        rows, groups = scored.get("rows"), few_groups(scored)
        few = is_number(rows) and rows < LEAST_ROWS
        if groups is not None and not few:
            return f"no interval: {plural(groups, 'group')} of rows are too few"
        return "no interval: too few rows" if few else "no interval: it was not computed"
    if word(name).share:
        return f"95 % interval {100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"
    return f"95 % interval {number(ends[0])} to {number(ends[1])}"
