"""plait evaluate: score a bundle on a table, with 95 % intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Decision, Reading, grouped
from plait.cli.options import Json, Quiet, Seed
from plait.cli.show import emit, print_facts, print_table, print_warnings, say_notes, with_intervals

EXAMPLE = "Example: plait evaluate shop.plait shop_test.csv"


@grouped
def evaluate(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    table: Annotated[str, typer.Argument(help="Table that holds the target column.")],
    importance: Annotated[
        bool,
        typer.Option("--importance", help="Tell what each input column is worth to the model."),
    ] = False,
    *,
    decision: Decision,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score a bundle on a table, with 95 % intervals.

    Over all rows, per class, and per set of columns that is present. A bundle fitted without a
    target is scored by retrieval, in every direction between its columns.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.evaluate import evaluate as run_evaluate

    with bars_on_terminal(quiet=quiet) as progress:
        result = run_evaluate(
            bundle,
            table,
            seed=seed,
            importance=importance,
            **decision,
            **reading,
            progress=progress,
        )
    print_warnings(result)
    say_notes(result)
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the metrics with intervals, per set of present columns, and per class."""
    if "targets" in result:
        for name, one in result["targets"].items():
            print(f"target: {name}\n")
            show(one)
        return
    cost = {"mean loss of a row": result["cost"]} if "cost" in result else {}
    print_facts({"task": result.get("task"), "rows": result.get("rows"), **cost})
    if "retrieval" in result:
        show_retrieval(result)
        return
    unit = result.get("unit", "")
    print_table("Metrics [95 % interval]", [_row("all rows", result, unit)])
    present = result.get("by_present") or {}
    _show_trust(result)
    _show_forecast(result)
    print_table("By the columns that are present", [_row(k, v, unit) for k, v in present.items()])
    print_table("By class", result.get("per_class") or [])
    show_decision(result.get("decision"))
    _show_importance(result.get("importance") or [])


def _show_trust(result: dict[str, Any]) -> None:
    """Print how far the confidence of what was made can be trusted."""
    if "foretells" not in result:
        return
    name = result["foretells"]
    print_facts(
        {
            "confidence foretells": name,
            "and is off by, on average": result["ece"],
            f"{name} of the surer half": result["surest_half"],
        }
    )


def _show_forecast(result: dict[str, Any]) -> None:
    """Print the scores of forecasts with their intervals."""
    if "forecast" not in result:
        return
    scores = result["forecast"]
    print_facts(
        {
            "CRPS": scores["crps"],
            "pinball loss": scores["pinball"],
            "MASE": scores["mase"],
            "share in 90 % intervals": result["coverage"],
        }
    )


def _show_importance(worth: list[dict[str, Any]]) -> None:
    """Print how much worse the metric gets without each column, in the metric's unit."""
    from plait.display import named_in_unit

    if not worth:
        return
    metric = named_in_unit(worth[0]["metric"], worth[0].get("unit", ""))
    rows = [{k: v for k, v in one.items() if k not in ("metric", "unit")} for one in worth]
    print_table(f"Worth of columns: how much worse {metric} gets when it is ...", rows)


def show_decision(decision: dict[str, Any] | None) -> None:
    """Print what the decision threshold does beside one at 0.5."""
    if not decision:
        return
    rows = [
        {"threshold": decision["threshold"], **decision["at_threshold"]},
        {"threshold": 0.5, **decision["at_half"]},
    ]
    print_table(f"Deciding for '{decision['positive']}', {decision['how']}", rows)
    print_facts({f"cost of {word} saying it": decision.get(word) for word in ("never", "always")})


def show_retrieval(result: dict[str, Any]) -> None:
    """Print retrieval: the mean of all directions, each, and per set of columns of a query."""
    mean = with_intervals(result.get("metrics") or {}, result.get("intervals"))
    print_table("Mean of all directions [95 % interval]", [mean] if mean else [])
    for title, key in (("Retrieval", "retrieval"), ("By the columns of the query", "by_present")):
        found = result.get(key) or {}
        rows = [{"query -> item": k, **with_intervals(*_apart(v))} for k, v in found.items()]
        print_table(f"{title} [95 % interval]", rows)


def _apart(scored: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the metrics of a direction, and their intervals."""
    return {k: v for k, v in scored.items() if k != "intervals"}, scored.get("intervals") or {}


def _row(name: str, part: dict[str, Any], unit: str) -> dict[str, Any]:
    scores = with_intervals(part.get("metrics", {}), part.get("intervals"), unit)
    return {"rows of": name, "rows": part.get("rows"), **scores}
