"""Generate: what is known of a row in, so many values of its target out, drawn one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plait.answer import Answer
from plait.data.prepared import Prepared
from plait.display import model_name
from plait.errors import CellError, ColumnError, TargetError, UsageError
from plait.listening import heard, listened
from plait.modalities import Asked, MadeFile
from plait.model.asked import asked_row, of_call
from plait.model.asked_draws import asked_of
from plait.model.ensemble import DEEP
from plait.model.generator import Generator
from plait.model.made import raw_of
from plait.model.model import Model, load
from plait.model.several import predicted
from plait.model.whole_rows import WholeRows
from plait.progress import Progress
from plait.provenance.marking import read_key
from plait.recipes.ask import cells_of, open_for_rows
from plait.recipes.drawn_from import drawn_from
from plait.recipes.made_output import check_made, write_made
from plait.recipes.made_rows import make_rows
from plait.recipes.notices import notice_of
from plait.recipes.ranking import best, rank
from plait.types import Cell

MOST_VALUES = 100_000
BEST_OF = 3
"""Draws of which a judge keeps one."""

CHUNK_VALUES = 64
WALK_DRAWS = 4
"""Draws that a walk leads through before it is back at the first."""

TEMPERATURE = 1.0
"""Values are drawn as often as they were learned to occur, where nothing else is said."""


@listened
def generate(
    bundle: Model | Path | str,
    *,
    given: Mapping[str, Cell] | None = None,
    n: int = 1,
    target: str | None = None,
    temperature: float | None = None,
    seed: int = 0,
    beam: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    begin: Cell = None,
    strength: float | None = None,
    mask: Cell = None,
    walk: bool = False,
    judge: Model | Path | str | None = None,
    out: Path | str | None = None,
    each: bool = False,
    watermark: bool | Path | str = False,
    force: bool = False,
    progress: Progress | bool | None = None,
    **named: Cell,
) -> Any:
    """Make values of a model's target, or whole rows, from what is given of a row, or from nothing.

    >>> plait.generate("stickers.plait", text="red car", n=16, out="cars.png")   # doctest: +SKIP

    The same bundle, conditions and seed make the same values, and files of the same bytes; the
    first of many is the one that is made alone. Every file carries a notice of where it is from
    (`plait.whence` reads it), and a manifest lies beside it.

    Args:
        bundle: A bundle's folder, or its model, of a target that is generated, or of whole rows
            (``plait fit TABLE --whole-rows``), where all but `given`, `n`, `temperature`, `seed`,
            `out` and `force` has no meaning.
        given: What is known, by column or by modality: ``{"text": "red car"}`` is read as every
            text. Files are named from the working directory. Columns that are not given are
            missing.
        n: So many are drawn, up to `MOST_VALUES`.
        target: Which, of a model of several; None where only one is generated.
        temperature: 0 takes the likeliest, 1 (None) draws as learned.
        seed: Of the draws.
        beam: As for `plait.predict`; nothing is drawn then.
        steps, guidance, begin, strength, mask: See `plait.recipes.drawn_from.drawn_from`; of
            targets that are drawn from noise, such as pictures.
        walk: Whether the values lead from one draw to the next and back: a film, with ``.gif``.
        judge: A bundle, or model, that foretells what was asked from what was made, best learned
            from other rows: `BEST_OF` times as many are drawn, and of each so many the one kept of
            which it foretells what is nearest (see `plait.recipes.ranking`). ``foretold`` and
            ``inside``, whether the value is like those that it knows, are told beside.
        out: Where they go: ``.csv``, ``.jsonl`` or ``.parquet``, a row each; or the ending of the
            target's own files, such as ``.png``: one, or a sheet of all.
        each: Whether each gets a file of its own: ``cars_00.png`` and so on.
        watermark: Whether pictures carry a mark that is not seen (`plait.provenance.watermark`):
            True by plait's own key, which is public, or a key file. ``plait.whence`` finds it.
        force: Whether files at `out` are replaced.
        progress: As for `plait.fit`.
        named: More of what is known, by name.

    Returns:
        Without `out` an `Answer` of `n` rows. With it a dict: ``out``, ``files`` (their names),
        ``rows``, ``target``, ``manifest`` and ``notes``; where pictures were marked ``watermark``.

    Raises:
        TargetError: Nothing is generated.
        ColumnError: The model has no such column or modality.
        CellError: What is given cannot be read.
        UsageError: The call does not go together.
    """
    opened = bundle if isinstance(bundle, Model) else load(bundle)
    _check_number(n)
    how = {"steps": steps, "guidance": guidance, "begin": begin, "strength": strength, "mask": mask}
    given = {**(given or {}), **named}
    warm = TEMPERATURE if temperature is None and beam in (None, 1) else temperature
    if isinstance(opened, WholeRows):
        switches = {"walk": walk, "each": each, "watermark": watermark}
        said = {name: one or None for name, one in switches.items()}
        _only_rows({"target": target, "beam": beam, **how, "judge": judge, **said})
        told, drawn = heard(progress), float(warm or 0.0)
        return make_rows(
            opened, given, n=n, temperature=drawn, seed=seed, out=out, force=force, progress=told
        )
    model = open_for_rows(opened)
    name, one = _chosen(model, target)
    key = read_key(None if watermark is True else watermark) if watermark else None
    codec = one.target_codec
    place = check_made(codec, out, bundle, n=n, each=each, walk=walk, force=force, key=key)
    asked = asked_of(one, warm, seed, beam) or Asked(seed=seed)
    asked = drawn_from(one, asked, **how, between=walk)
    cells = cells_of(one, given)
    num = n if judge is None else BEST_OF * n
    draws = np.linspace(0, min(n, WALK_DRAWS), n, endpoint=False) if walk else np.arange(num)
    made = _made(one, _prepared(one, cells), draws, asked, heard(progress))
    notes, beside = _notes(one.generator, n), dict[str, Any]()
    if judge is not None:
        draws, beside = _best(one.generator, name, made, judge, cells, n)
        made = made[draws]
        notes.append(_judged(beside, num))
    answer = {**one.generator.answer(made), **beside}
    if place is None:
        return Answer(answer)
    first = notice_of(one, name, asked, {**cells, **_begun(begin, mask)})
    notices = [replace(first, draw=int(number)) for number in (range(n) if walk else draws)]
    raws = list(raw_of(made))
    written = write_made(place, codec, raws, answer, cells, notices, name, force=force)
    return {"out": str(out), "rows": n, "target": name, **written, "notes": notes}


def _begun(begin: Cell, mask: Cell) -> dict[str, Cell]:
    """Return what values begin at, and what stays, as conditions."""
    said = {"begun at": begin, "mask": mask}
    return {name: cell for name, cell in said.items() if cell is not None}


def _check_number(n: int) -> None:
    if not 1 <= n <= MOST_VALUES:
        raise UsageError(
            "so many cannot be made", expected=f"1 to {MOST_VALUES:,}", received=str(n)
        )


def _only_rows(said: Mapping[str, Any]) -> None:
    """Refuse what has no meaning where whole rows are made. Raises `UsageError`."""
    named = [f"--{name}" for name, value in said.items() if value is not None]
    if named:
        raise UsageError(
            "whole rows are drawn column by column, into one table",
            expected="none of " + ", ".join(f"--{name}" for name in said),
            received=", ".join(named),
        )


def _chosen(model: Model, target: str | None) -> tuple[str, Model]:
    """Return the target that is made, and its model. Raises `TargetError`, `ColumnError`."""
    models = predicted(model)
    if target is not None and target not in models:
        raise ColumnError(
            f"the model has no target '{target}'",
            expected="one of " + ", ".join(models),
            received=target,
        ).of_call()
    if target is not None:
        models = {target: models[target]}
    made = {name: one for name, one in models.items() if isinstance(one.predictor, Generator)}
    if len(made) == 1 and model.in_time is None:
        one = next(iter(made.values()))
        return str(one.target), one
    told = ", ".join(f"'{name}', a {one.target_codec.modality}" for name, one in models.items())
    raise TargetError(
        "several targets are generated: say which" if made and model.in_time is None
        else "this model generates nothing that could be drawn from what is known of a row",
        expected="a target such as a text or a picture",
        received=told,
        hint="--target NAME" if len(made) > 1 else "plait predict BUNDLE TABLE answers rows",
    ).of_call()  # fmt: skip


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
    said = generator.answer(made)["prediction"]
    values = [one.content if isinstance(one, MadeFile) else one for one in said]
    ranked = rank(values, column, judge, cells)
    found = best(ranked, values, np.arange(len(values)) % n)
    told = {
        "foretold": [ranked.foretold[place] for place in found],
        "inside": ranked.inside[found].tolist(),
    }
    return found, told


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
