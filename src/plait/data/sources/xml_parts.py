"""Walks through XML inside zip files, part by part, with limits and without declarations."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Set
from typing import Any
from xml.etree.ElementTree import Element, ParseError, iterparse

from plait.data.sources.zipped import Allowance, Counted

NOTHING: frozenset[str] = frozenset()
DECLARATIONS = tuple(
    word.encode(encoding)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("ascii", "utf-16-le", "utf-16-be")
)
MAX_SMALL_PARTS = 1_000_000


def local(part: Element) -> str:
    """Return an element's name without its namespace, of which there are several dialects."""
    return part.tag.rpartition("}")[2]


def parts(
    file: zipfile.ZipFile,
    member: str,
    allowance: Allowance,
    *,
    ends: Set[str],
    starts: Set[str] = NOTHING,
) -> Iterator[tuple[str, Element]]:
    """Yield ("start" or "end", element) of the elements named; done ones are forgotten.

    Raises:
        ParseError: Not XML, or XML with declarations of its own.
        TableError: More comes out than `allowance` has.
    """
    with file.open(member) as stream:
        path: list[Element] = []
        inside = 0
        for event, part in _events(stream, allowance):
            wanted = local(part) in ends
            if event == "start":
                path.append(part)
                inside += wanted
                if local(part) in starts:
                    yield event, part
                continue
            path.pop()
            inside -= wanted
            if wanted:
                yield event, part
            if path and (wanted or not inside):
                # The parent keeps its attributes, but not the children that are done.
                del path[-1][:]


def root_of(file: zipfile.ZipFile, member: str, allowance: Allowance) -> Element:
    """Return a small document as a whole. Raises as `parts`, and `KeyError` without the member."""
    with file.open(member) as stream:
        num_parts = 0
        root = None
        for event, part in _events(stream, allowance):
            root = part if root is None else root
            num_parts += event == "end"
            if num_parts > MAX_SMALL_PARTS:
                raise ParseError(f"{member} has more than {MAX_SMALL_PARTS} elements")
    if root is None:
        raise ParseError(f"{member} is empty")
    return root


def _events(stream: Any, allowance: Allowance) -> Iterator[tuple[str, Element]]:
    # Documents with declarations, through which entities could multiply, are refused as read.
    return iterparse(_Checked(Counted(stream, allowance)), ("start", "end"))  # noqa: S314


class _Checked:
    """A stream that refuses documents with declarations, which could multiply what they say."""

    def __init__(self, stream: Counted) -> None:
        self._stream, self._seen = stream, b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if len(self._seen) < 4096:
            self._seen += data[:4096]
            if any(word in self._seen for word in DECLARATIONS):
                raise ParseError("the document declares entities of its own")
        return data
