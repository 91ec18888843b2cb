"""Splits what people write in one argument: lists and pairs in which names may be quoted."""

from __future__ import annotations

from collections.abc import Iterator

from plait.errors import UsageError


def split_list(text: str, separator: str = ",") -> list[str]:
    """Return the parts of a list; a part in double quotes may hold the separator, `""` a quote.

    Blanks around parts are taken off, empty parts left out.

    >>> split_list('a, "b, c" ,d')
    ['a', 'b, c', 'd']

    Raises:
        UsageError: A quotation mark is not closed.
    """
    return [_unquoted(part) for part in _parts(text, separator)]


def split_pairs(text: str, *, last: bool = True) -> list[tuple[str, str]]:
    """Return (name, value) of a list of ``name=value``; both may be quoted.

    >>> split_pairs('"a,b"=text, c=ignore')
    [('a,b', 'text'), ('c', 'ignore')]

    Raises:
        UsageError: A part has no name or no value, or a quotation mark is not closed.
    """
    return [split_pair(part, last=last) for part in _parts(text, ",")]


def split_pair(text: str, *, last: bool = False) -> tuple[str, str]:
    """Return the name and value of ``name=value``; an equals sign in quotes does not split.

    Args:
        text: One pair.
        last: Whether the last equals sign splits, for values without one; else the first.

    >>> split_pair('"a=b"=3'), split_pair("where=x=y"), split_pair("a=b=text", last=True)
    (('a=b', '3'), ('where', 'x=y'), ('a=b', 'text'))

    Raises:
        UsageError: There is no name or no value.
    """
    places = [place for place, letter in _outside(text) if letter == "="]
    place = places[-1 if last else 0] if places else 0
    name, value = _unquoted(text[:place]), _unquoted(text[place + 1 :])
    if not places or not name or not value:
        raise UsageError(
            f"'{text}' is not of the form NAME=VALUE",
            expected='for example note=text, or "a name, with a comma"=text',
            received=text,
        )
    return name, value


def _parts(text: str, separator: str) -> Iterator[str]:
    start = 0
    for place, letter in _outside(text):
        if letter == separator:
            if text[start:place].strip():
                yield text[start:place].strip()
            start = place + 1
    if text[start:].strip():
        yield text[start:].strip()


def _outside(text: str) -> Iterator[tuple[int, str]]:
    """Yield the places and letters outside of quotes.

    A quote opens only where a name or value begins, so that ``5" pipe`` is a name as it stands.
    """
    quoted, fresh = False, True
    for place, letter in enumerate(text):
        if letter == '"' and (quoted or fresh):
            # Two quotes within quotes close and open again: they are one quote of the name.
            quoted, fresh = not quoted, quoted
            continue
        if not quoted:
            yield place, letter
            fresh = letter in ",=|" or (fresh and letter.isspace())
    if quoted:
        raise UsageError("a quotation mark is not closed", expected='"name"=value', received=text)


def _unquoted(part: str) -> str:
    part = part.strip()
    if len(part) >= 2 and part[0] == part[-1] == '"':
        return part[1:-1].replace('""', '"')
    return part
