"""What a bundle's numbers say before anything is drawn: headline, guessing, baselines, patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.text import interval_of, is_number
from plait.report.words import word

EARLIER_HEADLINES = ("accuracy", "macro_f1", "rmse")
"""Of bundles that do not tell theirs: the first of these that was measured."""

GUESSES, NETWORK = ("popular", "majority", "typical"), "deep"
LEAST_ROWS = 10
"""Fewer rows have no interval, and are not named as the weakest pattern or class."""

Scored = Mapping[str, Any]


def test_of(data: Mapping[str, Any]) -> Scored:
    """Return the scores of the shipped model."""
    return (data.get("metrics") or {}).get("test") or {}


def is_space(data: Mapping[str, Any]) -> bool:
    """Tell whether the bundle holds a shared space and no target, by its model or its scores."""
    model = data.get("model") or {}
    return bool(model.get("space") or "retrieval" in test_of(data)) and model.get("target") is None


def headline_metric(data: Mapping[str, Any]) -> str:
    """Return the metric that is shown first: what selection went by, else that of the target."""
    measured = test_of(data).get("metrics") or {}
    told = (data.get("metrics") or {}).get("metric"), (data.get("model") or {}).get("headline")
    for name in told:
        if isinstance(name, str) and (name in measured or not measured):
            return name
    return next((name for name in EARLIER_HEADLINES if name in measured), EARLIER_HEADLINES[0])


def unit_of(data: Mapping[str, Any]) -> str:
    """Return the unit of a target of numbers; "" where it has none."""
    columns = (data.get("codecs") or {}).get("columns") or {}
    codec = columns.get((data.get("model") or {}).get("target")) or {}
    return str(codec.get("unit") or "")


def value_of(scored: Scored | None, name: str) -> float | None:
    """Return a metric of something scored; None when it is not a finite number."""
    value = ((scored or {}).get("metrics") or {}).get(name)
    return float(value) if is_number(value) else None


def ends_of(scored: Scored | None, name: str) -> tuple[float, float] | None:
    """Return the interval of a metric of something scored; None when there is none, or few rows."""
    rows = (scored or {}).get("rows")
    if is_number(rows) and rows < LEAST_ROWS:
        return None
    return interval_of(((scored or {}).get("intervals") or {}).get(name))


def few_groups(scored: Scored | None) -> int | None:
    """Return of how many groups something scored is, where they are too few for an interval."""
    groups = (scored or {}).get("groups")
    return int(groups) if is_number(groups) and groups < LEAST_ROWS else None


def coverage_of(scored: Scored) -> float | None:
    """Return what share of true numbers lies inside their intervals; None where it is not known."""
    told = scored.get("coverage")
    return float(told) if is_number(told) else value_of(scored, "coverage")


def coverage_ends(scored: Scored) -> tuple[float, float] | None:
    """Return the interval of a coverage: as recorded, else Wilson's where rows are independent."""
    share, known = coverage_of(scored), ends_of(scored, "coverage")
    if share is None or known is not None or few_groups(scored) is not None:
        return known
    return wilson(share, int(scored.get("rows") or 0))


def is_better(name: str, one: float, other: float) -> bool:
    """Tell whether a value of a metric is better than another."""
    return one < other if word(name).better == "lower" else one > other


def candidates(data: Mapping[str, Any]) -> list[Scored]:
    """Return every candidate, best first; those without a number last."""
    name = headline_metric(data)
    found = [one for one in (data.get("metrics") or {}).get("candidates") or [] if one]
    sign = 1.0 if word(name).better == "lower" else -1.0

    def place(one: Scored) -> tuple[bool, float]:
        value = value_of(one, name)
        return value is None, 0.0 if value is None else sign * value

    return sorted(found, key=place)


def guessing(data: Mapping[str, Any]) -> Scored | None:
    """Return the candidate that only guesses."""
    known = {str(one.get("name")): one for one in candidates(data)}
    return next((known[name] for name in GUESSES if name in known), None)


def best_base_model(data: Mapping[str, Any]) -> Scored | None:
    """Return the best simple model that was measured to the end and does not ship itself."""
    name, shipped = headline_metric(data), shipped_alone(data)
    simple = [one for one in candidates(data) if is_simple(str(one.get("name") or ""))]
    known = [one for one in simple if value_of(one, name) is not None and is_whole(one)]
    return next((one for one in known if one.get("name") != shipped), None)


def better_cut_off(data: Mapping[str, Any]) -> Scored | None:
    """Return the best simple model cut off by the clock, where it beats all that were not.

    One that ships alone is none.
    """
    name, shipped = headline_metric(data), shipped_alone(data)
    simple = [one for one in candidates(data) if is_simple(str(one.get("name") or ""))]
    best = next(
        (o for o in simple if value_of(o, name) is not None and o.get("name") != shipped), None
    )
    return None if best is None or is_whole(best) else best


def shipped_alone(data: Mapping[str, Any]) -> str:
    """Return the name of the candidate that ships, where it is one and no mix; else ""."""
    shipped = str((data.get("metrics") or {}).get("shipped") or "")
    return shipped if any(one.get("name") == shipped for one in candidates(data)) else ""


def shipped_parts(data: Mapping[str, Any]) -> set[str]:
    """Return the names of the candidates of which what ships is made."""
    weights = (data.get("metrics") or {}).get("weights") or {}
    mixed = {str(name) for name, weight in weights.items() if weight}
    return mixed | {shipped_alone(data)}


def is_simple(name: str) -> bool:
    """Tell whether a candidate is a simple model: no network, and no guess."""
    return name not in ("", *GUESSES, NETWORK)


def is_whole(candidate: Scored) -> bool:
    """Tell whether a candidate was measured to the end, not cut off by the clock."""
    return candidate.get("complete") is not False


def patterns(data: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Scored]]:
    """Return the columns that rows have, and the scores of those rows, most frequent first."""
    found = test_of(data).get("by_present") or {}
    names = list((data.get("model") or {}).get("inputs") or [])
    return [(split_pattern(key, names), entry) for key, entry in found.items()]


def split_pattern(key: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a pattern ``one+two``, whose names may hold a plus themselves.

    >>> split_pattern("a+b+c", ["a+b", "c"]), split_pattern("nothing", ["a"])
    (('a+b', 'c'), ())
    """
    if key == "nothing":
        return ()
    if not any("+" in name for name in names):
        return tuple(key.split("+"))
    left: list[tuple[str, int, tuple[str, ...]]] = [(key, 0, ())]
    while left:
        rest, first, taken = left.pop()
        if not rest:
            return taken
        for place in range(len(names) - 1, first - 1, -1):
            name = names[place]
            if rest == name or rest.startswith(name + "+"):
                left.append((rest[len(name) + 1 :], place + 1, (*taken, name)))
    return tuple(key.split("+"))


def weakest(data: Mapping[str, Any]) -> tuple[str, Scored] | None:
    """Return the pattern of at least ten rows with the worst headline, and how to say it.

    None where it is not worse than all rows are.
    """
    name = headline_metric(data)
    known = [
        (columns, entry)
        for columns, entry in patterns(data)
        if (entry.get("rows") or 0) >= LEAST_ROWS and value_of(entry, name) is not None
    ]
    if len(known) < 2:
        return None
    sign = 1.0 if word(name).better == "lower" else -1.0
    columns, entry = max(known, key=lambda one: sign * (value_of(one[1], name) or 0.0))
    whole, worst = value_of(test_of(data), name), value_of(entry, name)
    if whole is not None and worst is not None and not is_better(name, whole, worst):
        return None
    every = list((data.get("model") or {}).get("inputs") or [])
    return said_pattern(columns, every), entry


def said_pattern(columns: Sequence[str], every: Sequence[str]) -> str:
    """Return a pattern in words: ``without image``, ``only text``, ``all columns``."""
    known = set(columns)
    gone = [name for name in every if name not in known]
    if not columns:
        return "rows without any column"
    if not gone:
        return "rows with all columns"
    if len(columns) < len(gone):
        return f"rows with only {', '.join(columns)}"
    return f"rows without {', '.join(gone)}"


def calibration_error(test: Scored) -> float | None:
    """Return the expected calibration error: as measured, else from the bins (Guo et al. 2017)."""
    for found in (test.get("ece"), (test.get("metrics") or {}).get("ece")):
        if is_number(found):
            return float(found)
    bins = [b for b in test.get("reliability") or [] if b.get("count")]
    total = sum(b["count"] for b in bins)
    if not total:
        return None
    return float(sum(b["count"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / total)


def wilson(share: float, count: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share of `count` rows (Wilson 1927); None below ten rows."""
    if count < LEAST_ROWS:
        return None
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * (share * (1 - share) / count + z * z / (4 * count**2)) ** 0.5 / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)
