"""Words of media by a front end: subtitles of a sound or film, a column of a folder or table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plait.data.table import Table, read
from plait.errors import CellError, ColumnError, UsageError
from plait.front_ends import FrontEnd, front_end_named
from plait.front_ends.timed_text import timed_text
from plait.modalities.media import Media
from plait.progress import Progress
from plait.recipes.medium import ENDINGS
from plait.recipes.outputs import check_output
from plait.recipes.parts import parts_of
from plait.recipes.row_files import PACKINGS, RowWriter, chunk_of, format_of, kinds_of, writing_to
from plait.subtitles.cues import Cue, lay_out
from plait.subtitles.files import WRITERS
from plait.types import Cell, is_missing
from plait.writing import write_text

HOLD = {"audio": ("audio", "video"), "image": ("image", "video")}
"""What a front end reads -> modalities that hold it."""

CHUNK_ROWS = 16
"""Rows that are read between two words about how far the work is."""


def words_of(
    medium: Path,
    words: str,
    *,
    out: Path | str | None,
    longest: float,
    language: str | None,
    force: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Write the words of a medium as subtitles, of a folder or table as a column.

    See `plait.recipes.caption.caption`.
    """
    front_end = front_end_named(words, language)
    modality = modality_of_file(medium)
    if modality in ("audio", "video"):
        return _subtitles(front_end, medium, modality, out, longest, language, force, progress)
    return _with_words(front_end, medium, out, language, force, progress)


def modality_of_file(place: Path) -> str:
    """Return what a file is by its ending: ``audio``, ``video``, ``image``, or "" for neither."""
    ending = place.suffix.lower()
    return next((one for one, endings in ENDINGS.items() if ending in endings), "")


def check_subtitles(out: Path | str | None) -> None:
    """Raise `UsageError` where subtitles are not written to files of this ending."""
    if out is not None and Path(out).suffix.lower() not in WRITERS:
        raise UsageError(
            "subtitles have another ending",
            expected=" or ".join(WRITERS),
            received=Path(out).suffix or Path(out).name,
        )


def told_of_cues(cues: list[Cue], num_pieces: int, out: Path | str | None) -> dict[str, Any]:
    """Write cues, where a file is named, and return what verbs tell of them."""
    if out is not None:
        write_text(Path(out), WRITERS[Path(out).suffix.lower()](cues))
    return {
        "out": None if out is None else str(out),
        "pieces": num_pieces,
        "too_fast": sum(cue.too_fast for cue in cues),
        "cues": [
            {"start": c.start_ms / 1000, "end": c.end_ms / 1000, "text": "\n".join(c.lines)}
            for c in cues
        ],
    }


def _subtitles(
    front_end: FrontEnd,
    medium: Path,
    modality: str,
    out: Path | str | None,
    longest: float,
    language: str | None,
    force: bool,
    progress: Progress,
) -> dict[str, Any]:
    if modality not in HOLD[front_end.reads]:
        raise UsageError(
            f"there is no {front_end.purpose} in this kind of file",
            expected="a file of " + " or ".join(HOLD[front_end.reads]),
            received=modality,
            path=medium,
        )
    check_subtitles(out)
    if out is not None:
        check_output(out, medium, force=force)
    update = progress.task(f"reading {front_end.purpose}", 1.0)
    media = Media(root=medium.resolve().parent)
    try:
        found = timed_text(
            front_end,
            medium.name,
            modality,
            media,
            longest=longest,
            language=language,
            progress=update,
        )
    except CellError as error:
        raise error.at(path=medium) from None
    update(1.0)
    cues = lay_out(found.spans, found.texts, found.seconds)
    return told_of_cues(cues, len(found.spans), out)


def _rows(source: Path, kinds: tuple[str, ...], modality: str) -> tuple[Table, dict[str, str]]:
    """Return rows, and column of media -> its modality; "" where a file's ending tells.

    The rows of a table, those of a folder's files that may hold words, or the one of a picture.
    """
    if not source.is_dir() and not modality:
        table = read(source)
        columns = {column.name: column.modality or "" for column in table.schema.columns}
        found = {name: kind for name, kind in columns.items() if kind in kinds}
        if not found:
            raise ColumnError(
                "no column of the table may hold such words",
                expected="a column of " + " or ".join(kinds),
                received=", ".join(f"{name} ({kind})" for name, kind in columns.items()),
                path=source,
            )
        return table, found
    root = source if source.is_dir() else source.resolve().parent
    files = sorted(source.rglob("*")) if source.is_dir() else [root / source.name]
    names = [one.relative_to(root).as_posix() for one in files if modality_of_file(one) in kinds]
    if not names:
        raise UsageError(
            "nothing here may hold such words",
            expected="files that end in " + ", ".join(e for kind in kinds for e in ENDINGS[kind]),
            received=source.name,
            path=source,
        )
    return read([{"file": name} for name in names], root=root), {"file": ""}


@dataclass
class _Column:
    """Reads the words of rows.

    Attributes:
        front_end, language: What reads them.
        media: Column of media -> its modality, or "".
        unread: What was wrong with cells, and with how many.
    """

    front_end: FrontEnd
    language: str | None
    media: Mapping[str, str]
    unread: Counter[str] = field(default_factory=Counter)

    def of(self, rows: Table) -> dict[str, list[str | None]]:
        """Return column -> words of each row: ``clip_speech`` for ``clip``, of files ``speech``."""
        kind = self.front_end.name
        return {
            f"{name}_{kind}" if modality else kind: [
                self._read(cell, modality, rows.media()) for cell in rows.column(name)
            ]
            for name, modality in self.media.items()
        }

    def _read(self, cell: Cell, modality: str, media: Media) -> str | None:
        if is_missing(cell):
            return None
        modality = modality or modality_of_file(Path(str(cell)))
        try:
            found = timed_text(
                self.front_end, cell, modality, media, longest=math.inf, language=self.language
            )
        except CellError as error:
            self.unread[error.what] += 1
            return None
        return " ".join(found.texts)


def _with_words(
    front_end: FrontEnd,
    source: Path,
    out: Path | str | None,
    language: str | None,
    force: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Write rows with a column of words for each column of media; return files with their words.

    Cells that are empty have none, nor have those that cannot be read or have no sound: these are
    counted.
    """
    place, form = None, ""
    if out is not None:
        form = format_of(Path(out), None)
        place = check_output(out, source, force=force)
    table, media = _rows(source, HOLD[front_end.reads], modality_of_file(source))
    if place is None and "" not in media.values():
        raise UsageError(
            "a table with its words is written to a file",
            expected="--out words.csv, .jsonl or .parquet",
            path=source,
        )
    column = _Column(front_end, language, media)
    task = f"reading {front_end.purpose}"
    parts = (part for _, part in parts_of(table, progress, task, CHUNK_ROWS))
    result: dict[str, Any] = {"out": None if out is None else str(out), "rows": table.num_rows}
    if place is None:
        said = [column.of(part)[front_end.name] for part in parts]
        pairs = zip(table.column("file"), [text for part in said for text in part], strict=True)
        result["captions"] = [{"file": name, "prediction": text or ""} for name, text in pairs]
    else:
        kinds = kinds_of(table, form, chunk_rows=CHUNK_ROWS)
        packing = PACKINGS.get(place.suffix.lower())
        with writing_to(place) as temporary, RowWriter(temporary, form, packing) as writer:
            for part in parts:
                writer.write(chunk_of(part, column.of(part), kinds)[0])
    notes = [f"{num} cells have no words: {what}" for what, num in column.unread.items()]
    return {**result, "unread": column.unread.total(), "notes": notes}
