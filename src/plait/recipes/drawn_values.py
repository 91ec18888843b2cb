"""Values of a row: drawn as often as they occur, none twice, on a walk, or chosen by a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.display import model_name
from plait.errors import CellError
from plait.modalities import Asked, MadeFile
from plait.model.asked import asked_row, of_call
from plait.model.ensemble import DEEP
from plait.model.generator import Generator
from plait.model.model import Model
from plait.progress import Progress
from plait.recipes.distinct import draw_distinct
from plait.recipes.ranking import best, rank
from plait.types import Cell

BEST_OF = 3
"""Draws of which a judge keeps one."""

CHUNK_VALUES = 64
WALK_DRAWS = 4
"""Draws that a walk leads through before it is back at the first."""


@dataclass(frozen=True)
class Drawn:
    """Values that were made of one row.

    Attributes:
        made: Outputs, `plait.model.made.MADE` ``[value]``.
        draws: Number of the draw that each is, from 0.
        notes: What a person should know.
        beside: What a judge tells of each: columns.
    """

    made: np.ndarray
    draws: Sequence[int]
    notes: list[str]
    beside: Mapping[str, Any] = field(default_factory=dict)


def drawn_values(
    model: Model,
    name: str,
    asked: Asked,
    cells: Mapping[str, Cell],
    n: int,
    walk: bool,
    distinct: bool | None,
    judge: Model | Path | str | None,
    progress: Progress,
) -> Drawn:
    """Return `n` values of a row: drawn one after the other, on a walk, anew where they came
    before, or those of several that a judge prefers.

    Args:
        model: Of one generated target.
        name: Its column.
        asked: How to draw.
        cells: What is known of the row.
        n: How many are wanted.
        walk, distinct, judge: See `plait.recipes.generate.generate`.
        progress: Told of the work.

    Raises `CellError` for what cannot be read, and what `plait.recipes.ranking.rank` raises.
    """
    generator, prepared = model.generator, _prepared(model, cells)

    def draw(numbers: np.ndarray) -> np.ndarray:
        return _made(model, prepared, numbers, asked, progress)

    if walk:
        places = np.linspace(0, min(n, WALK_DRAWS), n, endpoint=False)
        return Drawn(draw(places), range(n), _notes(generator, n))
    if judge is not None:
        made = draw(np.arange(BEST_OF * n))
        best_ones, beside = _best(generator, name, made, judge, cells, n)
        notes = [*_notes(generator, n), _judged(beside, BEST_OF * n)]
        return Drawn(made[best_ones], best_ones.tolist(), notes, beside)
    if _differ(generator, asked, distinct):
        found = draw_distinct(draw, lambda made: _contents(generator.answer(made)["prediction"]), n)
        return Drawn(found.made, found.draws.tolist(), found.notes)
    return Drawn(draw(np.arange(n)), range(n), _notes(generator, n))


def _prepared(model: Model, cells: Mapping[str, Cell]) -> Prepared:
    """Return the one row as the model reads it; without cells every column is missing."""
    try:
        known = cells or {next(iter(model.inputs)): None}
        return model.prepare(model.as_table(asked_row(model, known)), keep=False)
    except CellError as error:
        raise of_call(error) from None


def _made(
    model: Model, prepared: Prepared, draws: np.ndarray, asked: Asked, progress: Progress
) -> np.ndarray:
    """Return draws of the row, as outputs, `MADE` ``[draw]``."""
    generator, update = model.generator, progress.task("generating", len(draws))
    parts = list[np.ndarray]()
    for first in range(0, len(draws), CHUNK_VALUES):
        some = draws[first : first + CHUNK_VALUES]
        rows = np.zeros(len(some), np.int64)
        values = generator.values(prepared, rows, asked, some.tolist())
        parts.append(generator.made(values, prepared, rows, asked))
        update(first + len(some))
    return np.concatenate(parts)


def _best(
    generator: Generator,
    column: str,
    made: np.ndarray,
    judge: Model | Path | str,
    cells: Mapping[str, Cell],
    n: int,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the places of the `n` values that a judge prefers, and what it tells of them."""
    values = _contents(generator.answer(made)["prediction"])
    ranked = rank(values, column, judge, cells)
    found = best(ranked, values, np.arange(len(values)) % n)
    told = {
        "foretold": [ranked.foretold[place] for place in found],
        "inside": ranked.inside[found].tolist(),
    }
    return found, told


def _differ(generator: Generator, asked: Asked, distinct: bool | None) -> bool:
    """Tell whether what was drawn before is drawn anew: where it is wanted, and draws differ."""
    wanted = getattr(generator.target, "distinct", False) if distinct is None else distinct
    drawn = asked.temperature > 0 or not generator.by_pieces
    return wanted and drawn and generator.shipped == DEEP


def _contents(said: Sequence[Any]) -> list[Any]:
    """Return cells, of files their bytes."""
    return [one.content if isinstance(one, MadeFile) else one for one in said]


def _judged(told: Mapping[str, Any], num: int) -> str:
    outside = len(told["inside"]) - sum(told["inside"])
    note = f"the judge chose among {num:,} draws"
    if outside:
        note += f"; {outside:,} of those kept are unlike what it learned from, so that what it "
        note += "foretells of them is not to be relied on"
    return note


def _notes(generator: Generator, n: int) -> list[str]:
    if n == 1 or generator.shipped == DEEP:
        return []
    return [
        f"{model_name(generator.shipped)} ships, which draws nothing by lot: all values are "
        "the same"
    ]
