"""What a bundle of whole rows tells of its making: scores, words, and the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.display import model_name
from plait.fitting.setup.problem import Problem
from plait.sampling_error import standard_error

HEADLINE = "log_likelihood"


def metrics_of(
    problem: Problem,
    candidates: Mapping[str, np.ndarray],
    best: str,
    test: np.ndarray,
    found: Mapping[str, Any],
    notes: Sequence[str],
) -> dict[str, Any]:
    """Return the record ``metrics``.

    Args:
        problem: Of the fit.
        candidates: Name -> log-likelihood of each validation row, in nats.
        best: What ships.
        test: Log-likelihood by what ships, of each row that judges.
        found: Of `plait.fitting.whole_rows.judging.judge`.
        notes: What to know.
    """
    made = {name: one for name, one in found.items() if name not in ("warnings", "notes")}
    return {
        "shipped": best,
        "metric": HEADLINE,
        "candidates": [
            {"name": name, "rows": len(one), "metrics": {HEADLINE: float(one.mean())}}
            for name, one in candidates.items()
        ],
        "test": {"rows": len(test), **_scored(test)},
        "made": made,
        "warnings": [*found["warnings"], *problem.warnings],
        "notes": [*notes, *found.get("notes", ()), *problem.notes],
    }


def training_of(result: Any) -> dict[str, Any]:
    """Return how a network's training went."""
    return {
        "steps": result.steps,
        "precision": result.precision,
        "rows_per_second": result.rows_per_second,
        "wait_share": result.wait_share,
    }


def verdict(metrics: Mapping[str, Any]) -> str:
    """Return what made rows are worth in a sentence or two."""
    made, said = metrics["made"], []
    apart = (made.get("told_apart") or {}).get("made", {}).get("auc")
    if apart is not None:
        said.append(f"Trees tell made rows from real ones with an AUC of {apart:.2f} (0.5 is best)")
    learned = made.get("learned_from") or []
    if learned:
        gap = float(np.mean([one["real"] - one["made"] for one in learned]))
        said.append(
            f"learned from made rows, {len(learned)} columns are predicted {abs(gap):.3f} "
            f"{'worse' if gap >= 0 else 'better'} on average than from as many real ones"
        )
    privacy = made["privacy"]
    said.append(
        f"{100 * privacy['copies']:.1f} % of made rows are copies of training rows "
        f"({100 * privacy['copies_held']:.1f} % of real ones that were held out)"
    )
    return "; ".join(said) + "."


def make_card(problem: Problem, metrics: Mapping[str, Any]) -> str:
    """Return the model card as Markdown."""
    made = metrics["made"]
    alone, pairs = made["marginals"], made["associations"]["gap"]
    lines = [
        f"# Model card: whole rows of {problem.table.name}",
        "",
        f"Makes rows of {', '.join(problem.inputs)}. Shipped: {model_name(metrics['shipped'])}. "
        f"Learned from {len(problem.splits.train)} rows.",
        "",
        f"How rows were split: {problem.splits.how}.",
        "",
        f"**{verdict(metrics)}**",
        "",
        "| learned by | log-likelihood of a held-out row, nats |",
        "|---|---|",
    ]
    for one in metrics["candidates"]:
        lines.append(f"| {model_name(one['name'])} | {one['metrics'][HEADLINE]:.3f} |")
    lines += [
        "",
        f"Shares of a column differ from held-out rows by {alone['made']:.3f} (total variation; "
        f"as many real rows by {alone['real']:.3f}), associations of pairs by "
        f"{pairs['made']:.3f} ({pairs['real']:.3f}).",
        "",
        "## What to know",
        "",
        *(f"- {one['text']}" for one in metrics["warnings"]),
        *(f"- {note}" for note in metrics["notes"]),
        "- Rows are not differentially private: distances to the nearest training rows are a "
        "check, no proof.",
        "",
    ]
    return "\n".join(lines)


def _scored(test: np.ndarray) -> dict[str, Any]:
    mean, spread = float(test.mean()), 1.96 * standard_error(test)
    return {
        "metrics": {HEADLINE: mean},
        "intervals": {HEADLINE: [mean - spread, mean + spread]} if np.isfinite(spread) else {},
    }
