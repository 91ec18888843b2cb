"""Whence: a file in, the notice of where it is from out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from plait.data.table import read
from plait.errors import CellError, LimitError, UsageError, as_path
from plait.modalities.image.pixels import ENDINGS as PICTURES
from plait.modalities.image.pixels import decoded
from plait.provenance.chunks import FORMATS
from plait.provenance.manifest import (
    MOST_MANIFEST_BYTES,
    manifest_path,
    told_of,
)
from plait.provenance.marking import read_key
from plait.provenance.notice import Notice, notice_from
from plait.provenance.watermark import find_mark
from plait.recipes.made_output import MADE_BY
from plait.recipes.row_files import is_row_file

MOST_BYTES = 512 * 2**20
NUMBERED = "_0123456789"
"""What `plait generate --each` puts behind a name."""


def whence(file: Path | str, *, watermark_key: Path | str | None = None) -> dict[str, Any]:
    """Return where a file is from, as far as it tells, or a manifest beside it does.

    Nothing here is signed: a notice tells what made a file to who believes it, and its absence
    says nothing. A notice within goes on through copies, and is lost where a file is made anew; a
    manifest beside it knows the very bytes; a watermark (``plait generate --watermark``) outlives
    JPEG and cut borders, and tells only that it is there.

    Args:
        file: A picture, sound, film, tune, or table of generated rows.
        watermark_key: File of the key of the watermark that is looked for; None for plait's own.

    Returns:
        ``file``; ``found``; ``where`` the notice lies: ``within``, ``beside`` or ``column``; what
        it tells (see `plait.provenance.notice.Notice`); ``unaltered``: whether a manifest beside
        it knows these bytes, None where none lies there; of a table ``rows`` that have one; of a
        picture ``watermark``: whether it is ``found``, and ``p_value``, the chance that a picture
        without it looks so, at most (see `plait.provenance.watermark`); None of what is no picture.

    Raises:
        UsageError: There is no such file, or no such key.
        LimitError: It is too large.
    """
    path = as_path(file, "a file").expanduser()
    if not path.is_file():
        raise UsageError("there is no such file", path=path)
    key = read_key(watermark_key)
    if is_row_file(path, None):
        return {"file": str(file), **_of_table(path)}
    if path.stat().st_size > MOST_BYTES:
        raise LimitError(
            "the file is too large to be looked through",
            expected=f"at most {MOST_BYTES:,} bytes",
            received=f"{path.stat().st_size:,}",
            path=path,
        )
    content = path.read_bytes()
    known = [told_of(text, path.name, content) for text in _manifests(path)]
    beside = next((one for one in known if one is not None), None)
    within = _within(path, content)
    notice = within or (beside and beside[0])
    return {
        "file": str(file),
        "found": notice is not None,
        "where": "within" if within else "beside" if beside else None,
        **({} if notice is None else notice.facts()),
        "unaltered": (beside is not None) if known else None,
        "watermark": _watermark(path, content, key),
    }


def _within(path: Path, content: bytes) -> Notice | None:
    form = FORMATS.get(path.suffix.lower())
    texts = () if form is None else form.get(content)
    return next((found for text in texts if (found := notice_from(text))), None)


def _watermark(path: Path, content: bytes, key: bytes) -> dict[str, Any] | None:
    if path.suffix.lower() not in PICTURES:
        return None
    try:
        found = find_mark(decoded(content, None), key)
    except CellError:  # what cannot be read shows no mark
        return None
    return {"found": found.marked, "p_value": found.p_value, "scale": found.scale}


def _manifests(path: Path) -> list[str]:
    """Return the manifests that may tell of a file: its own, and that of files numbered alike."""
    stem = path.stem.rstrip(NUMBERED)
    places = {manifest_path(path), manifest_path(path.with_name(stem + path.suffix))}
    found = []
    for place in sorted(places):
        if place.is_file() and os.path.getsize(place) <= MOST_MANIFEST_BYTES:
            found.append(place.read_text("utf8", "replace"))
    return found


def _of_table(path: Path) -> dict[str, Any]:
    table = read(path)
    cells = table.column(MADE_BY) if MADE_BY in table.column_names else []
    notices = [found for cell in cells if (found := notice_from(str(cell)))]
    facts = notices[0].facts() if notices else {}
    facts.pop("draw", None)
    return {
        "found": bool(notices),
        "where": "column" if notices else None,
        "rows": len(notices),
        **facts,
    }
