"""Learns what the sureness of what ships is worth: of rows as they are, and with columns hidden."""

from __future__ import annotations

import numpy as np

from plait.display import model_name
from plait.fitting.choice.generated_choice import Generated
from plait.fitting.choice.subsets import hide, subsets_of
from plait.fitting.setup.problem import Problem
from plait.modalities import Asked, foretold_of
from plait.model.generator import Generator
from plait.model.trust import Trust, fit_trust
from plait.model.trust_by_columns import TrustByColumns, usual_patterns
from plait.spacing import evenly_spaced

MOST_HIDDEN = 120
"""Rows of which columns are hidden, each way, at most."""

MOST_SETS = 12
"""Sets of columns that these rows are shared out among."""


def learn_trust(
    problem: Problem, generator: Generator, chosen: Generated, *, most: int
) -> tuple[str, ...]:
    """Let a generator's answers have a confidence, where that can be learned; return notes.

    Args:
        problem: With a generated target.
        generator: What ships.
        chosen: What was made of the rows that it was chosen by.
        most: Rows that there is time to make values of.
    """
    metric = foretold_of(generator.target)
    if metric is None:
        return ()
    if generator.temperature > 0:
        return ("answers have no confidence: they are drawn by lot",)
    made, groups = chosen.outputs[generator.shipped], problem.groups[chosen.rows]
    shares = generator.judge.values(made, chosen.truth, metric)
    usual = fit_trust(metric, made["sureness"], shares, groups)
    if not np.isfinite(made["sureness"]).any():
        return (f"answers have no confidence: {model_name(generator.shipped)} tells none",)
    if usual is None:
        num = len(chosen.rows)
        return (f"answers have no confidence: {num} rows to choose by are too few to learn it",)
    some = evenly_spaced(len(chosen.rows), min(MOST_HIDDEN, most))
    lines = {
        kind: _with_hidden(problem, generator, chosen, some, kind, metric)
        for kind in ("missing", "alone")
    }
    patterns = usual_patterns(problem.prepared, problem.input_columns, chosen.rows)
    generator.trust = TrustByColumns(problem.input_columns, patterns, usual, **lines)
    return ()


def _with_hidden(
    problem: Problem,
    generator: Generator,
    chosen: Generated,
    places: np.ndarray,
    kind: str,
    metric: str,
) -> Trust | None:
    """Learn from rows with columns hidden, ``missing`` one or ``alone`` one left; None without any.

    Args:
        problem, generator, chosen, metric: As for `learn_trust`.
        places: Of the rows among the chosen ones.
        kind: Which columns are hidden; each row has one set of them.
    """
    sets = [kept for one, kept in subsets_of(tuple(problem.input_columns)) if one == kind]
    if not sets:
        return None
    some = evenly_spaced(len(sets), MOST_SETS)
    sureness, shares = np.zeros(len(places)), np.zeros(len(places))
    for number, which in enumerate(some):
        mine = np.arange(number, len(places), len(some))
        gone = [
            column
            for name, columns in problem.input_columns.items()
            if name not in sets[which]
            for column in columns
        ]
        rows, truth = chosen.rows[places[mine]], chosen.truth[places[mine]]
        made = generator.outputs(hide(problem.prepared, gone), rows, Asked(apart=True))
        sureness[mine] = made["sureness"]
        shares[mine] = generator.judge.values(made, truth, metric)
    return fit_trust(metric, sureness, shares, problem.groups[chosen.rows[places]])
