"""Fit of whole rows: simple ways and a network learn them; what foretells held-out rows ships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from plait.errors import SchemaError, TableError
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.fitting.whole_rows.judging import judge, most_rows
from plait.fitting.whole_rows.telling import make_card, metrics_of, training_of, verdict
from plait.model.ensemble import DEEP
from plait.model.whole_rows import WholeRows
from plait.spacing import even_sample
from plait.whole_rows.columns import CodedColumn, Labels, Numbers, sizes_of, spans_of
from plait.whole_rows.copula import Copula
from plait.whole_rows.drawing import RowDrawer
from plait.whole_rows.made import RowMaker, encode
from plait.whole_rows.reading import coded, left_out, read_raws
from plait.whole_rows.tree import Tree

LEAST_ROWS = 20
"""Rows to learn from; of fewer, nothing that was made could be told from copies."""

MOST_ROWS = 200_000
"""That are learned from, an even sample of more."""

MOST_VARIABLES = 400


@dataclass(frozen=True)
class _Candidate:
    drawer: RowDrawer
    likelihood: np.ndarray
    sizes: Mapping[str, int]
    training: Any = None


def learn_rows(problem: Problem, work: Work) -> tuple[WholeRows, dict[str, Any]]:
    """Return the model of whole rows, and its records.

    Raises `TableError` where there are too few rows.
    """
    splits = problem.splits
    if len(splits.train) < LEAST_ROWS:
        raise TableError(
            "there are too few rows to learn whole rows from",
            expected=f"{LEAST_ROWS} rows and more, beside those that judge",
            received=f"{len(splits.train)} of {problem.table.num_rows}",
        )
    with work.timetable.part("reading"):
        columns, raws, notes = _read(problem)
    codes = {part: encode(columns, one) for part, one in raws.items()}
    most = most_rows(len(sizes_of(columns)))
    judged = {part: codes[part][:: -(-len(codes[part]) // most)] for part in ("validation", "test")}
    candidates = _candidates(columns, codes, judged["validation"], work)
    best = max(candidates, key=lambda name: candidates[name].likelihood.mean())
    ships = candidates[best]
    maker = RowMaker(columns=columns, drawer=ships.drawer)
    model = WholeRows(
        schema=problem.table.schema,
        input_columns=dict.fromkeys(columns, ()),
        target=None,
        shown={name: problem.codecs[name] for name in columns},
        maker=maker,
        sizes=ships.sizes,
    )
    with work.timetable.part("scoring"):
        simple = RowMaker(columns=columns, drawer=candidates[next(iter(candidates))].drawer)
        found = judge(maker, simple, raws, work)
        test = ships.drawer.log_likelihood(judged["test"])
    told = {name: one.likelihood for name, one in candidates.items()}
    metrics = metrics_of(problem, told, best, test, found, notes)
    metrics |= {"num_parameters": sum(one.size for one in ships.drawer.arrays().values())}
    network = candidates[DEEP].training if DEEP in candidates else None
    if network is not None:
        metrics |= {"curve": network.curve, "training": training_of(network)}
    metrics["verdict"] = verdict(metrics)
    model.card = make_card(problem, metrics)
    return model, {"metrics": metrics}


def _read(
    problem: Problem,
) -> tuple[dict[str, CodedColumn], dict[str, dict[str, list[Any]]], list[str]]:
    """Return how columns are told, what rows of each part hold, and what is to be noted."""
    parts = {
        "train": even_sample(problem.splits.train, MOST_ROWS),
        "validation": problem.validation,
        "test": problem.judged,
    }
    codecs = {name: problem.codecs[name] for name in problem.inputs}
    raws = {part: read_raws(problem.table, codecs, rows) for part, rows in parts.items()}
    columns: dict[str, CodedColumn] = {}
    notes = []
    for name, codec in codecs.items():
        cells = problem.table.column(name, parts["train"])
        one = coded(codec, cells, raws["train"][name])
        if one is None:
            notes.append(f"'{name}' has no value in the rows that are learned from: left out")
            continue
        columns[name] = one
        notes += _notes_on(name, one, raws["train"][name])
    without = left_out(problem.table.schema)
    if without:
        told = "; ".join(f"{name} ({why})" for name, why in without.items())
        notes.insert(0, f"made rows do not have {told}")
    num = len(sizes_of(columns))
    if not columns or num > MOST_VARIABLES:
        raise SchemaError(
            "rows of this table are too wide to be made, or hold nothing",
            expected=f"up to {MOST_VARIABLES} variables: one a label of a set, two a column of "
            "numbers, one any other column",
            received=f"{num} of {len(columns)} columns",
            hint="leave columns out with --exclude",
        )
    return columns, {p: {n: one[n] for n in columns} for p, one in raws.items()}, notes


def _notes_on(name: str, column: CodedColumn, raws: Sequence[Any]) -> list[str]:
    """Return what to know of how a column's values are made."""
    if isinstance(column, Labels):
        single = sum(count == 1 for label, count in Counter(raws).items() if label is not None)
        said = f"'{name}': {single} of its labels are of a single row each, and made rows may have "
        return [f"{said}them: leave it out where they tell who somebody is"] if single else []
    if isinstance(column, Numbers) and not column.writing.is_like_table:
        share = 100 * column.writing.share
        like = column.write([column.bins.low])[0]
        return [f"'{name}' is written in several ways, made values as {like} is ({share:.0f} %)"]
    return []


def _candidates(
    columns: Mapping[str, CodedColumn],
    codes: Mapping[str, np.ndarray],
    held: np.ndarray,
    work: Work,
) -> dict[str, _Candidate]:
    """Return name -> what was learned, with the log-likelihood of held-out rows of codes."""
    variables, spans = sizes_of(columns), spans_of(columns)
    found = dict[str, _Candidate]()
    learned = codes["train"], variables, spans
    simple: tuple[Callable[[], RowDrawer], ...] = (
        partial(Tree.fit, *learned, joined=False),
        partial(Tree.fit, *learned, joined=True),
        partial(Copula.fit, *learned),
    )
    update = work.progress.task("simple models", len(simple))
    with work.timetable.part("simple models"):
        for number, fit in enumerate(simple, 1):
            drawer = fit()
            likelihood = drawer.log_likelihood(held)
            found[drawer.name] = _Candidate(drawer, likelihood, {})
            update(number)
    if work.simple:
        return found
    from plait.fitting.whole_rows.network import train_network  # which loads torch

    with work.timetable.part("network"):
        trained = train_network(variables, codes, work)
        likelihood = trained.drawer.log_likelihood(held)
        found[DEEP] = _Candidate(trained.drawer, likelihood, trained.saved.sizes, trained.result)
    return found
