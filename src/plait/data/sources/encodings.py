"""Tells how a text file is encoded: by what was said, by its mark, else by all of its bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plait.errors import TableError, UsageError

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CHUNK_BYTES = 2**20
HEAD_BYTES = 2**16
WESTERN = "cp1252"

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_LETTERS = re.compile(rb"[A-Za-z]")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_WHOLE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True)
class Encoding:
    """How a file's bytes become text.

    Attributes:
        name: Python's name of it; ``utf-8`` also where there is a mark to leave out.
        note: For people, where it was neither said nor marked nor UTF-8; else empty.
    """

    name: str
    note: str = ""


class NotText(Exception):
    """No encoding that is told without being named fits the file; holds what to tell people."""

    def __init__(self, error: TableError) -> None:
        super().__init__(str(error))
        self.error = error


def encoding_of(path: Path, said: str | None = None) -> Encoding:
    """Return the encoding of a text file: the one said, that of its mark, UTF-8, or Windows-1252.

    UTF-16 without a mark is taken where every other byte of the head is zero. What is not UTF-8 is
    Windows-1252 (of which Latin-1 text is a part) where its bytes look like a western language:
    no control codes, more plain letters than others, and hardly a sequence that would be UTF-8.

    Raises:
        UsageError: There is no encoding of the name that was said.
        NotText: None of these fits; the row is for whoever reads the file to tell.
    """
    if said is not None:
        return Encoding(named_encoding(said))
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    marked = next((name for mark, name in MARKS if head.startswith(mark)), None)
    if marked is not None and marked != "utf-8":
        return Encoding(marked)
    unmarked = None if marked else _utf_16_without_mark(head)
    if unmarked is not None:
        note = f"the file is read as {unmarked.upper()}, which it does not say: --encoding decides"
        return Encoding(unmarked, note)
    place = _first_not_utf8(path)
    return Encoding("utf-8") if place is None else _western(path, place)


def named_encoding(said: str) -> str:
    """Return Python's name of an encoding of text. Raises `UsageError` when there is none."""
    try:
        found = codecs.lookup(said)
        found.incrementaldecoder(errors="strict").decode(b"")
        is_text = getattr(found, "_is_text_encoding", True)
    except (LookupError, TypeError, ValueError, UnicodeError):
        is_text = False
    if not is_text or "\0" in said:
        raise UsageError(
            f"there is no encoding '{said}'",
            expected="a name such as utf-8, utf-16, latin-1 or cp1252",
            hint="say it with --encoding",
        )
    return "utf-8" if found.name in {"utf-8", "utf-8-sig"} else found.name


def _utf_16_without_mark(head: bytes) -> str | None:
    even, odd = head[0:4096:2], head[1:4096:2]
    if len(odd) < 4:
        return None
    zeros = even.count(0) / len(even), odd.count(0) / len(odd)
    if zeros[1] > 0.7 and zeros[0] < 0.05:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > 0.7 and zeros[1] < 0.05 else None


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            yield data


def _first_not_utf8(path: Path) -> int | None:
    """Return the place of the first byte that no UTF-8 text has, or None."""
    decoder, place = codecs.getincrementaldecoder("utf-8")(), 0
    for data in _chunks(path):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data)
        except UnicodeDecodeError as error:
            return place - pending + error.start
        place += len(data)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return place - 1
    return None


def _western(path: Path, place: int) -> Encoding:
    """Return Windows-1252 where the file looks like it. Raises `NotText`."""
    num_letters = num_others = num_runs = num_whole = 0
    for data in _chunks(path):
        if _CONTROLS.search(data):
            raise _not_text("bytes that are no text at all")
        if _UNDEFINED.search(data):
            raise _not_text("bytes that are neither UTF-8 nor Windows-1252")
        num_letters += len(_LETTERS.findall(data))
        for run in _BEYOND_ASCII.findall(data):
            num_others += len(run)
            num_runs += 1
            num_whole += _WHOLE.fullmatch(run) is not None or len(_WHOLE.findall(run)) > 1
    if num_whole * 4 > num_runs:
        raise _not_text("UTF-8 in which some bytes are damaged")
    if num_others > num_letters:
        raise _not_text("text of an encoding that is not western")
    return Encoding(
        WESTERN,
        f"the file is not UTF-8 (byte {place}); it is read as Windows-1252: if letters look wrong, "
        "name its encoding with --encoding",
    )


def _not_text(found: str) -> NotText:
    error = TableError(
        "the table is not UTF-8 text",
        expected="text in UTF-8, or the encoding named",
        received=found,
        hint="name the encoding, for example --encoding latin-1, cp1251, shift_jis or gb18030",
    )
    return NotText(error)
