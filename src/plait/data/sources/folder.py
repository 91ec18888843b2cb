"""Reads a folder of media: one class per sub-folder, and files of one stem side by side."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from plait.data.sources.encodings import NotText, encoding_of
from plait.data.sources.formats import Format
from plait.data.sources.kinds import TEXT_ENDINGS, column_names, is_table, kind_of_ending
from plait.data.sources.rows import MemoryRows
from plait.errors import TableError
from plait.modalities.media import check_num_bytes
from plait.types import Cell

PAIRED = {"labels": "images", "Annotations": "JPEGImages"}
"""Folder of files that tell of pictures, as YOLO and VOC have them -> folder of the pictures."""

NAMES_FILES = frozenset({"classes.txt"})
"""Of such a tree: what names classes is no row."""

SPLIT_NAMES = frozenset({"train", "training", "validation", "val", "valid", "dev", "test"})


def table_inside(folder: Path) -> Path | None:
    """Return the table that describes the folder: ``metadata.csv``, or its only table file.

    A lone series beside a picture of the same stem is a value, not the table.
    """
    tables = [f for f in sorted(folder.iterdir()) if is_table(f)]
    named = [file for file in tables if file.stem.lower() in {"metadata", folder.name.lower()}]
    if named:
        return named[0]
    alone = len(tables) == 1 and not any(
        file.stem == tables[0].stem and file != tables[0] for file in folder.iterdir()
    )
    return tables[0] if alone else None


def read_folder(folder: Path, said: Format | None = None) -> MemoryRows:
    """Return one row per stem: a column per kind of file, ``label`` and ``split`` if in folders.

    ``boots/1.png`` gives ``image`` and ``label``; ``1.png``, ``1.txt`` and ``1.wav`` side by
    side give ``image``, ``text`` and ``audio`` in one row. Folders named train, validation and
    test at the top give ``split``. Media cells are paths relative to the folder, a text cell is
    the file's content. In a tree of ``images`` and ``labels`` (YOLO), or ``JPEGImages`` and
    ``Annotations`` (VOC), files of both lie in one row as if they lay side by side, and text files
    of labels are ``boxes``.

    Raises:
        TableError: No media in the folder, or a text file that is not text.
    """
    said = said or Format()
    said.refuse("delimiter", "sheet", kind="a folder of media", path=folder)
    rows: dict[tuple[str, ...], dict[str, Cell]] = {}
    notes: list[str] = []
    digest = hashlib.sha256()
    for file in _media_files(folder):
        relative = file.relative_to(folder)
        kind = kind_of_ending(file.suffix.lower()) or ""
        inner, told = _unpaired(folder, relative)
        if told and file.suffix.lower() in TEXT_ENDINGS:
            kind = "boxes"
        if inner is not None and file.name in NAMES_FILES:
            continue
        key: tuple[str, ...] = (*(inner or relative).parts[:-1], file.stem)
        if kind in rows.get(key, {}):
            key = relative.parts
        cells = rows.setdefault(key, {})
        as_text = (file.suffix.lower() in TEXT_ENDINGS or kind == "label") and not told
        cells[kind] = _content(file, said.encoding, notes) if as_text else relative.as_posix()
        stat = file.stat()
        digest.update(f"{relative}|{stat.st_size}|{stat.st_mtime_ns}\n".encode(errors="replace"))
    if not rows:
        raise _no_media(folder)
    _add_folder_names(rows)
    names = column_names(kind for cells in rows.values() for kind in cells)
    columns: dict[str, list[Cell]] = {
        name: [cells.get(name) for cells in rows.values()] for name in names
    }
    found = MemoryRows(dict(columns), key=digest.hexdigest())
    found.notes = tuple(notes[:1])
    return found


def _unpaired(folder: Path, relative: Path) -> tuple[Path | None, bool]:
    """Return a path of a tree of `PAIRED` folders without that folder, and whether it is of the one
    that tells of pictures; None of a path outside of such folders, but for those beside them."""
    for place, part in enumerate(relative.parts[:-1]):
        other = PAIRED.get(part) or next((k for k, v in PAIRED.items() if v == part), None)
        if other is not None and folder.joinpath(*relative.parts[:place], other).is_dir():
            rest = relative.parts[:place] + relative.parts[place + 1 :]
            return Path(*rest), part in PAIRED
    beside = relative.parent
    paired = any(
        (folder / beside / one).is_dir() and (folder / beside / two).is_dir()
        for one, two in PAIRED.items()
    )
    return (relative if paired else None), False


def _media_files(folder: Path) -> Iterator[Path]:
    """Walk in sorted order; hidden files and unknown endings are left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(place) / name
            if not name.startswith(".") and _is_media(file):
                yield file


def _is_media(file: Path) -> bool:
    return kind_of_ending(file.suffix.lower()) is not None


def _add_folder_names(rows: dict[tuple[str, ...], dict[str, Cell]]) -> None:
    """Add ``split`` and ``label`` from the names of the folders that rows lie in."""
    tops = {key[0] if len(key) > 1 else "" for key in rows}
    has_splits = tops <= SPLIT_NAMES
    for key, cells in rows.items():
        folders = key[:-1]
        if has_splits:
            cells["split"], folders = folders[0], folders[1:]
        if folders and "label" not in cells:
            cells["label"] = folders[0]


def _content(file: Path, said: str | None, notes: list[str]) -> str:
    check_num_bytes(file.stat().st_size, file)
    try:
        found = encoding_of(file, said)
        text = file.read_bytes().decode(found.name)
    except NotText as failure:
        failure.error.what = "a text file is not UTF-8 text"
        raise failure.error.at(path=file) from None
    except UnicodeError as error:
        raise TableError(
            "a text file is not of the encoding named",
            expected=str(said),
            received=str(error),
            path=file,
            hint="name the encoding, for example --encoding latin-1",
        ) from None
    notes += [f"{file.name}: {found.note}"] if found.note else []
    return text.removeprefix("\ufeff").strip()


def _no_media(folder: Path) -> TableError:
    return TableError(
        "the folder holds no media and no table",
        expected="class/file.ext, files of one stem side by side, or a metadata.csv",
        received=", ".join(sorted(p.name for p in folder.iterdir())[:5]) or "an empty folder",
        path=folder,
    )
