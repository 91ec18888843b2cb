"""Where generated values go: rows of a table, one file, a sheet of all, or a file for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from plait.arrow import array
from plait.errors import UsageError
from plait.modalities import MadeFile
from plait.provenance.manifest import manifest_of, manifest_path
from plait.provenance.marking import mark_png
from plait.provenance.notice import Notice
from plait.recipes.made_files import MadeFiles
from plait.recipes.notices import stamped
from plait.recipes.outputs import check_output
from plait.recipes.row_files import PACKINGS, RowWriter, format_of, is_row_file, writing_to
from plait.types import Cell
from plait.writing import write_text, write_whole

TEXT, MARKED = ".txt", ".png"
"""Endings: of what is written as text, and of pictures that a watermark may lie over."""

MADE_BY = "made_by"
"""Column of a table that holds each row's notice, beside the conditions."""


@dataclass(frozen=True)
class Place:
    """Where values go.

    Attributes:
        out: The path that was named.
        form: ``csv``, ``jsonl`` or ``parquet`` of rows; "" of files.
        names: Of the files, one for each value, or one for all.
        walk: Whether one for all is a film, and not a sheet.
        key: By which a watermark is laid over pictures; None for none.
    """

    out: Path
    form: str
    names: tuple[Path, ...]
    walk: bool
    key: bytes | None = None


def check_made(
    codec: Any,
    out: Path | str | None,
    bundle: Any,
    *,
    n: int,
    each: bool,
    walk: bool,
    force: bool,
    key: bytes | None = None,
) -> Place | None:
    """Return where values are to be written, before anything is made; None where nowhere.

    Args:
        codec: Of the target.
        out: As named.
        bundle: Never written over.
        n: How many values.
        each: Whether each gets a file.
        walk: Whether they lead from one to the next: a film, where the target makes films.
        force: Whether files are replaced.
        key: By which a watermark is laid over pictures; None for none.

    Raises `UsageError` for an ending that the target's values are not written in, for several in
    a file that holds one, and for paths that are taken.
    """
    if out is None:
        if each or key is not None:
            raise UsageError("no place for the files is named", hint="name it with --out made.png")
        return None
    path = Path(out)
    if key is not None and path.suffix.lower() != MARKED:
        raise UsageError(
            "a watermark goes into pictures",
            expected=f"an output that ends in {MARKED}",
            received=path.name,
            hint=f"--out made{MARKED}, with --each for a file each",
        )
    if is_row_file(path, None) and not each:
        check_output(path, bundle, force=force)
        return Place(path, format_of(path, None), (), walk)
    names = _named_each(path, n) if each else [path]
    holds_all = _form_of(codec, path.suffix.lower()) or hasattr(codec, "film" if walk else "sheet")
    if n > 1 and not each and not holds_all:
        raise UsageError(
            f"{n} values do not go into one file",
            expected=".csv, .jsonl or .parquet, or a file for each",
            received=path.name,
            hint="add --each",
        )
    for one in names:
        check_output(one, bundle, force=force)
    return Place(path, "", tuple(names), walk, key)


def write_made(
    place: Place,
    codec: Any,
    raws: Sequence[Any],
    answer: Mapping[str, Any],
    cells: Mapping[str, Cell],
    notices: Sequence[Notice],
    target: str,
    *,
    force: bool,
) -> dict[str, Any]:
    """Write values with their notices, and the manifest beside them.

    Args:
        place: From `check_made`.
        codec: Of the target.
        raws: The values.
        answer: The same for people: columns, beginning with ``prediction``.
        cells: What was given.
        notices: Of each value.
        target: Its column.
        force: Whether files are replaced.

    Returns ``files``, names of what was written, ``manifest``, its path, and where pictures were
    marked ``watermark``: the worst ``psnr`` and ``ssim`` beside those without it.

    Raises `UsageError` where the values are not of the form that the ending asks for, and for
    pictures that hide no watermark: nothing is written then.
    """
    if place.form:
        return _write_rows(place, answer, cells, notices, target, force=force)
    if len(place.names) == len(raws):
        values = [_single(codec, raw, place.out.suffix.lower()) for raw in raws]
    else:
        values = [_together(codec, raws, place)]
        first = notices[0]
        notices = [replace(first, settings={**first.settings, "values": float(len(raws))})]
    told: dict[str, Any] = {}
    if place.key is not None:
        marked = [mark_png(value, place.key) for value in values]
        values = [content for content, _ in marked]
        worst = {name: min(getattr(one, name) for _, one in marked) for name in ("psnr", "ssim")}
        told = {"watermark": worst}
    files = {}
    for name, value, notice in zip(place.names, values, notices, strict=True):
        files[name] = stamped(value, name.suffix, notice)
        with write_whole(name) as temporary:
            temporary.write_bytes(files[name])
    manifest = manifest_path(place.out)
    write_text(manifest, manifest_of({name.name: one for name, one in files.items()}, notices))
    return {"files": [str(name) for name in files], "manifest": str(manifest), **told}


def _named_each(out: Path, n: int) -> list[Path]:
    """Return numbered names.

    >>> [path.name for path in _named_each(Path("a.png"), 2)]
    ['a_00.png', 'a_01.png']
    """
    width = max(2, len(str(n - 1)))
    return [out.with_name(f"{out.stem}_{number:0{width}d}{out.suffix}") for number in range(n)]


def _form_of(codec: Any, ending: str) -> str:
    """Return the form of the target's own whose one file, of any number of values, ends so."""
    exports: Mapping[str, str] = getattr(codec, "exports", {})
    return next((form for form, own in exports.items() if own and own == ending), "")


def _together(codec: Any, raws: Sequence[Any], place: Place) -> bytes:
    """Return the bytes of the one file of several values."""
    ending = place.out.suffix.lower()
    if form := _form_of(codec, ending):
        found: bytes = codec.export(form, raws, [""] * len(raws))[""]
        return found
    return _fitting((codec.film if place.walk else codec.sheet)(raws), ending)


def _single(codec: Any, raw: Any, ending: str) -> bytes:
    """Return the bytes of one value's file with that ending: as a cell's is, or of another form,
    of whose folder it is the one file."""
    exports: Mapping[str, str] = getattr(codec, "exports", {})
    for form, own in exports.items():
        if ending in (own, f".{form}"):
            return next(iter(codec.export(form, [raw], [""]).values()))
    value = codec.write(raw)
    if not isinstance(value, MadeFile):
        value = MadeFile((str(value) + "\n").encode(), TEXT)
    return _fitting(value, ending, [own or f".{form}" for form, own in exports.items()])


def _fitting(value: MadeFile, ending: str, others: Sequence[str] = ()) -> bytes:
    if value.ending == ending:
        return value.content
    known = sorted({value.ending, *others})
    raise UsageError(
        "what was made is not written so",
        expected=" or ".join([*known, ".csv", ".jsonl", ".parquet"]),
        received=ending or "no ending",
    )


def _write_rows(
    place: Place,
    answer: Mapping[str, Any],
    cells: Mapping[str, Cell],
    notices: Sequence[Notice],
    target: str,
    *,
    force: bool,
) -> dict[str, Any]:
    """Write a row for each value: the conditions, the value, what is told of it, its notice."""
    known = {name: [notice.conditions[name] for notice in notices] for name in cells}
    told = [notice.to_json() for notice in notices]
    packing = PACKINGS.get(place.out.suffix.lower())
    with (
        writing_to(place.out) as temporary,
        MadeFiles(place.out, lambda _, row: notices[row], force=force) as files,
        RowWriter(temporary, place.form, packing) as writer,
    ):
        values = files.named({"prediction": answer["prediction"]}, 0)["prediction"]
        others = {name: one for name, one in answer.items() if name != "prediction"}
        columns = {**known, target: values, **others, MADE_BY: told}
        writer.write(pa.table({name: array(one) for name, one in columns.items()}))
    return {"files": [str(place.out)], "manifest": None}
