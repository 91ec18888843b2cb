"""Splits what people write in one argument: lists and pairs in which names may be quoted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from plait.errors import UsageError


def names_of(given: Any, argument: str) -> tuple[str, ...]:
    """Return the names that an argument of a verb lists; None lists none.

    Raises:
        UsageError: It is one text, whose letters are no names, or no list of texts.
    """
    found = tuple(given) if isinstance(given, Iterable) else (() if given is None else (given,))
    if isinstance(given, str) or not all(isinstance(name, str) for name in found):
        raise UsageError(
            f"'{argument}' is no list of names",
            expected="a list of texts",
            received=repr(given),
            hint=f"{argument}=['{given}']" if isinstance(given, str) else None,
        )
    return found


def split_list(text: str, separator: str = ",") -> list[str]:
    """Return the parts of a list; a part in double quotes may hold the separator, `""` a quote.

    Blanks around parts are taken off, empty parts left out.

    >>> split_list('a, "b, c" ,d')
    ['a', 'b, c', 'd']

    Raises:
        UsageError: A quotation mark is not closed.
    """
    return [_unquoted(part) for part in _parts(text, separator)]


def join_list(names: Iterable[str]) -> str:
    """Return names as `split_list` takes them apart.

    >>> join_list(["a", "b, c"])
    'a,"b, c"'
    """
    return ",".join(map(_quoted, names))


def split_pairs(text: str, *, last: bool = True) -> list[tuple[str, str]]:
    """Return (name, value) of a list of ``name=value``; both may be quoted.

    >>> split_pairs('"a,b"=text, c=ignore')
    [('a,b', 'text'), ('c', 'ignore')]

    Raises:
        UsageError: A part has no name or no value, or a quotation mark is not closed.
    """
    return [split_pair(part, last=last) for part in _parts(text, ",")]


def split_named(text: str) -> list[tuple[str, str | None]]:
    """Return the names of a list, each with what stands behind its equals sign, if there is one.

    >>> split_named('boot,"a, b"=x|y')
    [('boot', None), ('a, b', 'x|y')]
    """
    found: list[tuple[str, str | None]] = []
    for part in _parts(text, ","):
        place = next((place for place, letter in _outside(part) if letter == "="), None)
        name = _unquoted(part[:place])
        found.append((name, None if place is None else part[place + 1 :]))
    return found


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
    """Yield the places and letters outside of quotes, and of braces behind an equals sign.

    A quote opens only where a name or value begins, so that ``5" pipe`` is a name as it stands.
    """
    quote, fresh, valued, depth = "", True, False, 0
    for place, letter in enumerate(text):
        if quote:
            # Two quotes within quotes close and open again: they are one quote of the name.
            quote = "" if letter == quote else quote
            fresh = not quote and not depth
        elif letter == '"' and (fresh or depth) or letter == "'" and depth:
            quote = letter
        elif depth or (letter == "{" and valued):
            depth += (letter == "{") - (letter == "}")
        else:
            yield place, letter
            valued = (valued or letter == "=") and letter != ","
            fresh = letter in ",=|" or (fresh and letter.isspace())
    if quote or depth:
        what = "a quotation mark" if quote else "a brace"
        raise UsageError(f"{what} is not closed", expected='"name"=value', received=text)


def _quoted(name: str) -> str:
    if name == name.strip() and not any(mark in name for mark in ',"'):
        return name
    return '"' + name.replace('"', '""') + '"'


def _unquoted(part: str) -> str:
    part = part.strip()
    if len(part) >= 2 and part[0] == part[-1] == '"':
        return part[1:-1].replace('""', '"')
    return part
