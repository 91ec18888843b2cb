"""Sections on a tune: what was kept and why, what each setting costs, and every trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.footprint import energy_lines
from plait.report.front import Place, front_plot
from plait.report.text import DASH, escape, facts, metric, number, section, table
from plait.report.words import word
from plait.types import Html

AXES = {
    "ms": "milliseconds of one row",
    "mb": "megabytes of the bundle",
    "wh": "watt-hours of 1,000 answers",
}
"""What the score is drawn over."""


def tuning(found: Mapping[str, Any]) -> Html:
    """Return the sections of a tune; "" where there was none.

    Args:
        found: A bundle's record ``tuning``.
    """
    if not found:
        return ""
    return (
        section(
            "Did tuning pay?",
            _beside(found.get("test") or {}),
            _confirmed(found.get("confirmed")),
            lead=found["sentence"],
        )
        + _fronts(found)
        + section(
            "Every trial",
            table([_row(one) for one in found["trials"]], caption="Trials"),
            lead="Those that came furthest first. Each rung has longer fits and more folds; the "
            "rows of the test are in none of them.",
        )
        + _cost(found)
    )


def _beside(test: Mapping[str, Any]) -> Html:
    if not test:
        return '<p class="none">No rows were set aside as a test.</p>'
    name = test["metric"]
    rows = [
        {"fit": one, word(name).name: metric(name, test[one]["value"], test[one].get("interval"))}
        for one in ("plain", "tuned")
        if one in test
    ]
    return table(rows, caption=f"On {test['rows']:,} rows of the test (95 % interval), told once")


def _confirmed(one: Mapping[str, Any] | None) -> Html:
    if not one:
        return ""
    low, high = one["interval"]
    return facts(
        {
            "judged on new folds, rows": f"{one['rows']:,}",
            "by": word(one["metric"]).name,
            "plain": number(one["plain"]),
            "tuned": number(one["tuned"]),
            "gain": f"{number(one['gain'])} ({number(low)} to {number(high)})",
            "shown": "yes" if one["shown"] else "no: the interval holds no gain for sure",
        }
    )


def _fronts(found: Mapping[str, Any]) -> Html:
    """Draw the score over each other objective, as the first rung told it."""
    trials = [one for one in found["trials"] if one.get("first")]
    names = [name for name in found["objectives"] if name in AXES]
    if not trials or not names:
        return ""
    by = "cost of a row held out ↓"
    if found["metric"] is not None:
        goal = word(found["metric"])
        by = f"{goal.name} {'↓' if goal.better == 'lower' else '↑'}"
    kept = found["winner"] if found["kept"] == "tuned" else 0
    plots = [
        f"<h3>{escape(AXES[name])}</h3>"
        + front_plot(
            [_place(one, name, kept) for one in trials],
            x_name=AXES[name],
            y_name=by,
            label=f"Each trial by {AXES[name]} and the {by}",
        )
        for name in names
    ]
    return section(
        "What each setting costs",
        *plots,
        table([_front_row(one) for one in trials if one["front"]], caption="The front"),
        lead="A dot is a setting, by what its short fits told on the first rung, all on the same "
        "rows: the kept ones, those of the front, which no other beats in all objectives at once, "
        "and the others have a colour each. Point at one to read it.",
    )


def _place(one: Mapping[str, Any], name: str, kept: int) -> Place:
    first = one["first"]
    title = f"{one['settings']}: {number(first['shown'])}, {number(first[name])} {name}"
    return Place(
        first[name], first["shown"], title, chosen=one["trial"] == kept, front=bool(one["front"])
    )


def _front_row(one: Mapping[str, Any]) -> dict[str, Any]:
    first = one["first"]
    return {"trial": one["trial"], "settings": one["settings"], **_costs(first)}


def _costs(told: Mapping[str, Any]) -> dict[str, Any]:
    scored: Sequence[tuple[str, Any]] = list((told.get("metrics") or {}).items())[:1]
    return {
        "cost of a row": number(told.get("cost")),
        **{word(name).name: metric(name, value) for name, value in scored},
        "ms a row": number(told.get("ms")),
        "MB": number(told.get("mb")),
        "Wh of 1,000 answers": number(told.get("wh")),
    }


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    about = {"trial": one["trial"], "settings": one["settings"]}
    if one["why"]:
        return about | {"rung": f"left out: {one['why']}"}
    return about | {
        "rung": str(one["rung"] + 1),
        "rows": number(one.get("rows")),
        **_costs(one),
        "on the front": "yes" if one["front"] else DASH,
    }


def _cost(found: Mapping[str, Any]) -> Html:
    lines = "".join(f"<p>{escape(one)}</p>" for one in energy_lines(found.get("energy") or {}))
    return section("What it cost", lines) if lines else ""
