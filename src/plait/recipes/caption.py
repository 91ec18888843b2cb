"""Caption: a sound or film in, subtitles out; a folder of media in, a caption for each out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plait.data.table import Table, read
from plait.display import cell_text
from plait.errors import CellError, PlaitError, TableError, UsageError, as_path
from plait.listening import heard, listened
from plait.model.asked import modality_of
from plait.model.model import Model
from plait.model.one_target import of_target
from plait.progress import Progress
from plait.recipes.ask import cells_of, open_for_rows
from plait.recipes.medium import ENDINGS, opened_medium
from plait.recipes.outputs import check_output
from plait.recipes.predict import predict
from plait.recipes.words import check_subtitles, told_of_cues, words_of
from plait.subtitles.cues import lay_out
from plait.types import Cell

LONGEST = 7.0
CUTS = ("speech", "scenes")


@listened
def caption(
    bundle: Model | Path | str | None,
    medium: Path | str,
    *,
    out: Path | str | None = None,
    target: str | None = None,
    words: str | None = None,
    language: str | None = None,
    given: Mapping[str, Cell] | None = None,
    cut: str | None = None,
    longest: float = LONGEST,
    temperature: float | None = None,
    seed: int = 0,
    beam: int | None = None,
    force: bool = False,
    progress: Progress | bool | None = None,
) -> dict[str, Any]:
    """Write what a model says of a sound or a film, piece by piece, as subtitles.

    A sound is cut where nobody speaks, a film that the model sees where its scene changes. Each
    piece is a row: its sound, its frames or its middle picture go to the columns that take these,
    and the prediction is laid out in two lines of 42 characters. A folder of pictures, sounds or
    films is a table instead: a row for each file, with the columns ``file`` and ``prediction``.

    With `words`, no model is asked: a front end that is installed on this machine reads the words
    that are said or shown (see `plait.front_ends`), with their times. A table gets a column of
    them for each column of media then, ``clip_speech`` for ``clip``; a folder's is ``speech``.

    Args:
        bundle: A bundle's folder, or its model; None with `words`.
        medium: A sound or film, or a folder of media; with `words` also a picture or a table.
        out: ``.srt`` or ``.vtt``; of a folder a table, as for `plait.predict`. None writes none.
        target: Which is written, of a model of several.
        words: ``speech`` or ``screen``, or another front end's name.
        language: That is spoken, such as ``nl``; None finds it out.
        given: Cells of other columns, by column or modality, the same for every row.
        cut: ``speech`` or ``scenes``; by default what the model sees decides.
        longest: Most seconds of a piece.
        temperature, seed, beam: As for `plait.predict`.
        force: Whether a file at `out` is replaced.
        progress: As for `plait.fit`.

    Returns:
        ``out``, ``cues`` (``start`` and ``end`` in seconds, ``text``), ``pieces`` and ``too_fast``
        (how many cues have more than 17 characters a second). Of a folder, ``out``, ``rows``, and
        without `out` ``captions``: file and prediction; with `words` also ``unread`` and ``notes``,
        of cells that cannot be read or have no sound.

    Raises:
        FrontEndError: What reads the words is not installed, or has no weights here.
        UsageError: What is asked for does not go together, or `out` exists.
        ColumnError: The model takes no such medium, or has no such target.
        TargetError: It has no target, or several of which none is named.
        CellError, LimitError: The medium cannot be read.
    """
    drawn: dict[str, Any] = {"temperature": temperature, "seed": seed, "beam": beam}
    told = heard(progress)
    if words is not None:
        said = {"bundle": bundle, "target": target, "given": given, "cut": cut}
        _check_alone({**said, "temperature": temperature, "beam": beam}, words)
        _check(None, None, longest)
        place = as_path(medium, "a sound, a film, a table or a folder").expanduser()
        return words_of(
            place,
            words,
            out=out,
            longest=longest,
            language=language,
            force=force,
            progress=told,
        )
    if bundle is None or language is not None:
        raise UsageError(
            "a language is that of words" if language else "no bundle says what is there",
            expected="words, or a bundle without a language",
            hint="plait caption talk.mp4 --words speech",
        )
    model = of_target(open_for_rows(bundle), target)
    place = as_path(medium, "a sound, a film or a folder").expanduser()
    if place.is_dir():
        return _folder(
            model, place, out, cells_of(model, given or {}), force, {**drawn, "progress": told}
        )
    _check(out, cut, longest)
    if out is not None:
        check_output(out, place, bundle if not isinstance(bundle, Model) else None, force=force)
    try:
        found = opened_medium(model, place)
        spans = found.spans(cut, longest)
    except PlaitError as error:
        raise of_medium(error, place) from None
    texts: list[str] = []
    if spans:
        cells = cells_of(model, given or {})
        rows = [{**cells, **found.cells(model, span)} for span in spans]
        answer = model.predict(_table(model, rows), **drawn, progress=told)
        texts = [cell_text(said) for said in answer.columns["prediction"]]
    return told_of_cues(lay_out(spans, texts, found.seconds), len(spans), out)


def _folder(
    model: Model,
    folder: Path,
    out: Path | str | None,
    given: Mapping[str, Cell],
    force: bool,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Caption every file of a folder that a column takes."""
    column_of = {
        ending: name
        for name in model.inputs
        for ending in ENDINGS.get(modality_of(model, name), ())
    }
    files = sorted(one for one in folder.rglob("*") if one.suffix.lower() in column_of)
    if not files:
        raise TableError(
            "the folder has no files that the model takes",
            expected="files that end in " + ", ".join(sorted(column_of) or ["(none)"]),
            path=folder,
        )
    names = [one.relative_to(folder).as_posix() for one in files]
    rows = [{"file": name, **given, column_of[Path(name).suffix.lower()]: name} for name in names]
    table = read(rows, root=folder, columns=_kinds(model, {k for row in rows for k in row}))
    try:
        found = predict(model, table, out=out, force=force, **options)
    except CellError as error:
        error.hint = "mend the file, or take it out of the folder"
        raise
    if out is not None:
        return {"out": str(out), "rows": found["rows"]}
    said = [cell_text(one) for one in found.columns["prediction"]]
    captions = [{"file": name, "prediction": one} for name, one in zip(names, said, strict=True)]
    return {"out": None, "rows": len(names), "captions": captions}


def of_medium(error: PlaitError, place: Path) -> PlaitError:
    """Return the error of a medium with its path, and without the hints for cells of a table."""
    if isinstance(error, CellError):
        error.hint = None if place.is_file() else "mend the path"
    return error.at(path=place)


def _check(out: Path | str | None, cut: str | None, longest: float) -> None:
    """Raise `UsageError` for settings that mean nothing."""
    check_subtitles(out)
    if cut is not None and cut not in CUTS:
        raise UsageError("unknown way to cut", expected=" or ".join(CUTS), received=cut)
    if not longest >= 0.5:
        raise UsageError(
            "pieces would be too short", expected="0.5 s or more", received=f"{longest}"
        )


def _check_alone(said: Mapping[str, Any], words: str) -> None:
    """Raise `UsageError` where something was said that a front end does not heed."""
    unheeded = [name for name, value in said.items() if value not in (None, {})]
    if unheeded:
        raise UsageError(
            f"words of kind '{words}' are read without a model",
            expected="the medium alone",
            received=", ".join(unheeded),
            hint=f"plait caption talk.mp4 --words {words}",
        )


def _table(model: Model, rows: Sequence[Mapping[str, Cell]]) -> Table:
    return read(
        [dict(row) for row in rows],
        root=Path.cwd(),
        columns=_kinds(model, {name for row in rows for name in row}),
        on_error="raise",
    )


def _kinds(model: Model, names: set[str]) -> dict[str, str]:
    return {name: modality_of(model, name) for name in sorted(names) if name in model.inputs}
