"""The signs of ABC text: cut into notes, bar lines and the like, and repeats played out.

(The ABC music standard 2.1, 2011, sections 3 and 4.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from plait.errors import CellError, LimitError

MOST_CHARACTERS, MOST_SIGNS = 500_000, 200_000
"""Of a tune's text, and signs of it when repeats are played out."""

LENGTH = r"(?:\d{1,4})?(?:/{1,6}\d{0,4})?"
NOTE = r"(?:\^{1,2}|_{1,2}|=)?[A-Ga-g][,']*"

_SIGN = re.compile(
    rf"""
    (?P<space>[\s`y\\$]+)
  | (?P<remark>"[^"\n]*"|![^!\n]*!|\+[^+\n]*\+|[.~HLMOPSTuvJR](?=[\^_=A-Ga-gzx(\[{{.~HLMOPSTuv]))
  | (?P<grace>\{{[^}}\n]*\}})
  | (?P<field>\[[A-Za-z]:[^\]\n]*\])
  | (?P<bar>:*\.?(?:\|\]|\|\||\[\||\|)[|\]]*:*(?:\[?[1-9][0-9,\-]*)?|::+|\[[1-9][0-9,\-]*)
  | (?P<tuplet>\(\d(?::\d?){{0,2}})
  | (?P<slur>[()])
  | (?P<chord>\[(?:{NOTE}{LENGTH}-?|\s)+\]{LENGTH})
  | (?P<note>{NOTE}{LENGTH})
  | (?P<rest>[zx]{LENGTH})
  | (?P<rests>[ZX]\d{{0,3}})
  | (?P<tie>-)
  | (?P<broken>>{{1,3}}|<{{1,3}})
    """,
    re.VERBOSE,
)
_JUMP = re.compile(r"(?i)[!+](d\.?c\.?.*|d\.?s\.?.*|da ?capo|dal ?segno|fine|coda|dacoda)[!+]")


@dataclass(frozen=True)
class Sign:
    """A sign of a tune: its kind, as it was written, and the line that it stands on."""

    kind: str
    text: str
    line: int


def signs_of(lines: Sequence[tuple[int, str]]) -> list[Sign]:
    """Return the signs of the lines of a tune's body: fields, notes, bar lines, and line breaks.

    Raises `CellError` for what is not understood: it is not guessed at.

    Args:
        lines: (number, text) of each line, remarks and fields without sound left out.
    """
    found: list[Sign] = []
    for number, line in lines:
        if re.match(r"[A-Za-z]:", line):
            found.append(Sign("field", line, number))
            continue
        place = 0
        while place < len(line):
            match = _SIGN.match(line, place)
            if match is None:
                raise CellError(
                    "a sign of the ABC text is not understood",
                    expected="notes, rests, chords, bar lines, repeats, ties, tuplets, fields",
                    received=f"{line[place : place + 20]!r} in line {number}",
                    hint="take it out: overlaid voices (&) and macros are not read",
                )
            kind, text = str(match.lastgroup), match.group()
            if kind == "remark" and _JUMP.fullmatch(text):
                raise _refused(f"{text} in line {number}")
            if kind not in ("space", "remark", "grace", "slur"):
                found.append(Sign(kind, text, number))
            place = match.end()
        if not line.endswith("\\"):
            found.append(Sign("break", "", number))
    return found


def played(signs: Sequence[Sign]) -> list[Sign]:
    """Return the signs in the order in which they sound: repeats, with first and second endings.

    A part is repeated from ``|:``, or else from the last repeat's end or the beginning. Raises
    `CellError` for endings that do not follow each other, `LimitError` where it grows too long.
    """
    found: list[Sign] = []
    start, ending_at, ending = 0, None, 0
    for place, sign in enumerate(signs):
        if sign.kind != "bar":
            found.append(sign)
            continue
        said = re.search(r"[1-9][0-9,\-]*$", sign.text)
        marks = sign.text[: said.start()] if said else sign.text
        twice = marks.startswith(":")
        if twice:
            last = ending_at if ending_at is not None else place
            found += [sign, *signs[start:last]]
            if len(found) > MOST_SIGNS:
                raise LimitError("the tune is too long when its repeats are played out")
        if said:
            if said.group() != str(ending + 1) or (ending and not twice):
                raise _refused(f"ending {said.group()} in line {sign.line}")
            ending, ending_at = ending + 1, place + 1 if ending_at is None else ending_at
        elif twice or marks.endswith(":") or (ending > 1 and len(marks) > 1):
            start, ending_at, ending = place + 1, None, 0
        found.append(sign)
    return found


def length_of(text: str) -> Fraction:
    """Return the factor that a length is written as.

    >>> [str(length_of(text)) for text in ("", "3", "/", "3/2", "//")]
    ['1', '3', '1/2', '3/2', '1/4']
    """
    whole, slash, parts = text.partition("/")
    slashes = 1 + (len(parts) - len(parts.lstrip("/"))) if slash else 0
    parts = parts.lstrip("/")
    below = int(parts) if parts else 2**slashes if slashes else 1
    if below == 0 or whole == "0":
        raise CellError("a note of no length", expected="a length above 0", received=text)
    return Fraction(int(whole or 1), below)


def _refused(what: str) -> CellError:
    return CellError(
        "the order in which the ABC text is to be played is not understood",
        expected="repeats |: :| with endings 1, 2, 3 that follow each other",
        received=what,
        hint="write the tune out as it is played",
    )
