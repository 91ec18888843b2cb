"""Generate: what is known of a row in, so many values of its target out, drawn one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from plait.answer import Answer
from plait.errors import TargetError, UsageError
from plait.listening import heard, listened
from plait.modalities import Asked
from plait.model.asked_draws import asked_of, usual_temperature
from plait.model.generator import Generator
from plait.model.loading import load
from plait.model.made import raw_of
from plait.model.model import Model
from plait.model.one_target import of_target
from plait.model.several import predicted
from plait.model.whole_rows import WholeRows
from plait.progress import Progress
from plait.provenance.marking import read_key
from plait.recipes.ask import cells_of, open_for_rows
from plait.recipes.drawn_from import drawn_from
from plait.recipes.drawn_values import drawn_values
from plait.recipes.made_output import check_made, write_made
from plait.recipes.made_rows import make_rows
from plait.recipes.notices import notice_of
from plait.types import Cell

MOST_VALUES = 100_000
TEMPERATURE = 1.0
"""Values are drawn as often as they were learned to occur, where nothing else is said or chosen."""


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
    distinct: bool | None = None,
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
        temperature: 0 takes the likeliest, 1 draws as learned; None for 1, or what the fit chose
            by rows held out.
        seed: Of the draws.
        beam: As for `plait.predict`; nothing is drawn then.
        steps, guidance, begin, strength, mask: See `plait.recipes.drawn_from.drawn_from`; of
            targets that are drawn from noise, such as pictures.
        walk: Whether the values lead from one draw to the next and back: a film, with ``.gif``.
        distinct: Whether what was drawn before is drawn anew, within bounds that a note tells, so
            that all differ; None as the target wants it: molecules and tunes differ, of texts and
            all else any comes as often as it is drawn. Where a judge chooses, it takes none twice.
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
    unsaid = temperature is None and beam in (None, 1)
    if isinstance(opened, WholeRows):
        switches = {"walk": walk, "each": each, "watermark": watermark}
        said = {name: one or None for name, one in switches.items()} | {"distinct": distinct}
        _only_rows({"target": target, "beam": beam, **how, "judge": judge, **said})
        told, hot = heard(progress), TEMPERATURE if unsaid else float(temperature or 0.0)
        return make_rows(
            opened, given, n=n, temperature=hot, seed=seed, out=out, force=force, progress=told
        )
    model = open_for_rows(opened)
    name, one = _chosen(model, target)
    key = read_key(None if watermark is True else watermark) if watermark else None
    codec = one.target_codec
    place = check_made(codec, out, bundle, n=n, each=each, walk=walk, force=force, key=key)
    warm = usual_temperature(one.predictor) or TEMPERATURE if unsaid else temperature
    asked = asked_of(one, warm, seed, beam) or Asked(seed=seed)
    asked = drawn_from(one, asked, **how, between=walk)
    cells = cells_of(one, given)
    drawn = drawn_values(one, name, asked, cells, n, walk, distinct, judge, heard(progress))
    answer = {**one.generator.answer(drawn.made), **drawn.beside}
    if place is None:
        return Answer(answer, tuple(drawn.notes))
    first = notice_of(one, name, asked, {**cells, **_begun(begin, mask)})
    notices = [replace(first, draw=number) for number in drawn.draws]
    raws = list(raw_of(drawn.made))
    written = write_made(place, codec, raws, answer, cells, notices, name, force=force)
    return {"out": str(out), "rows": n, "target": name, **written, "notes": drawn.notes}


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
    models = predicted(model) if target is None else {target: of_target(model, target)}
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
