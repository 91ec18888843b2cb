"""Ranking: made values in, in which order a judge that was fitted elsewhere puts them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plait.errors import ColumnError, TargetError, UsageError
from plait.modalities import Codec, PredictiveTarget
from plait.model.loading import load
from plait.model.model import Model


@dataclass(frozen=True)
class Ranked:
    """Made values as a judge sees them, in the order in which they were made.

    Attributes:
        gap: How far what the judge foretells is from what was asked: its proper cost of the asked
            value, float64 ``[value]``, lower is better.
        foretold: What it foretells, in the words of its target, ``[value]``.
        familiarity: How like the nearest of the judge's training values each is, in [0, 1]; None
            where its codec does not tell.
        inside: Whether that is as high as among most of these themselves, bool ``[value]``: what
            is foretold of others is not to be relied on. All True where it is not told.
    """

    gap: np.ndarray
    foretold: list[Any]
    familiarity: np.ndarray | None
    inside: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """Places of the values, the best first: those inside, the least gap first."""
        return np.lexsort((self.gap, ~self.inside))


def rank(
    made: Sequence[Any],
    column: str,
    judge: Model | Path | str,
    asked: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> Ranked:
    """Rank made values by what a judge foretells of them, beside what was asked.

    The judge is to have learned from other rows than what made the values: of a generator that is
    ranked by itself, its mistakes are what is looked for.

    Args:
        made: Values as cells of a table.
        column: The judge's input column that they are put into.
        judge: A bundle whose target is predicted, or its model.
        asked: What was asked for: column -> value, once for all or for each value. That of the
            judge's target is what values are ranked by; those of its other inputs are told to it.

    Raises:
        TargetError: The judge's target is generated, or there is none.
        ColumnError: The judge does not read the column, or its target was not asked for.
        UsageError: Not one asked for each value.
    """
    model = judge if isinstance(judge, Model) else load(judge)
    target, codec = _target_of(model), model.target_codec
    if column not in model.inputs:
        raise ColumnError(
            "the judge does not read what was made",
            expected=f"one of its inputs: {', '.join(model.inputs)}",
            received=column,
        )
    each = [asked] * len(made) if isinstance(asked, Mapping) else list(asked)
    if len(each) != len(made):
        raise UsageError(
            "each value needs what was asked of it",
            expected=f"{len(made):,} rows",
            received=f"{len(each):,}",
        )
    missing = next((one for one in each if one.get(target) is None), None)
    if missing is not None:
        raise ColumnError(
            f"the judge foretells '{target}', which was not asked for",
            expected=f"a value of '{target}'",
            received=", ".join(missing) or "nothing",
            hint=f"plait generate ... --given {target}=VALUE",
        )
    if not made:
        return Ranked(np.zeros(0), [], None, np.zeros(0, bool))
    rows = [
        {**{name: one.get(name) for name in model.inputs}, column: value, target: one[target]}
        for value, one in zip(made, each, strict=True)
    ]
    prepared = model.prepare(model.as_table(rows), target=True, keep=False)
    outputs = model.outputs(prepared)
    truth = model.truth(prepared, np.arange(len(rows)))
    gap = codec.cost(outputs, truth)  # type: ignore[attr-defined]
    familiarity, inside = _domain(model, column, made)
    foretold = list(model.predictor.answer(outputs)["prediction"])
    return Ranked(np.asarray(gap, np.float64), foretold, familiarity, inside)


def best(ranked: Ranked, made: Sequence[Any], wanted: np.ndarray) -> np.ndarray:
    """Return the place of the best value of each that is wanted, no value twice where there is
    another, int64 ``[number]``.

    Args:
        ranked: From `rank`.
        made: The values.
        wanted: int ``[value]``: the number of the wanted one for which each was made, 0 to n - 1.
    """
    taken = set[Any]()
    found = np.full(int(wanted.max(initial=-1)) + 1, -1, np.int64)
    spare = found.copy()
    for place in ranked.order:
        number, value = int(wanted[place]), made[place]
        if spare[number] < 0:
            spare[number] = place
        if found[number] < 0 and value not in taken:
            found[number] = place
            taken.add(value)
    return np.where(found < 0, spare, found)


def _target_of(model: Model) -> str:
    codec = model.target_codec
    if model.target is None or not isinstance(codec, PredictiveTarget):
        raise TargetError(
            "what generates judges nothing",
            expected="a judge whose target is predicted: a number, a category",
            received=f"'{model.target}', a {codec.modality}",
        )
    return model.target


def _domain(model: Model, column: str, made: Sequence[Any]) -> tuple[np.ndarray | None, np.ndarray]:
    """Return how familiar values are to the judge, and which are inside of what it learned from."""
    codec: Codec = model.shown.get(column) or model.codecs[column]
    every = np.ones(len(made), bool)
    if not hasattr(codec, "familiarity"):
        return None, every
    table = model.as_table([{column: value} for value in made])
    raws = [codec.read(cell, table.media()) for cell in table.column(column, range(len(made)))]
    found = codec.familiarity(raws)
    return found, every if found is None else found >= codec.inside_from  # type: ignore[attr-defined]
