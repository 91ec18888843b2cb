"""The fields of ABC text that say how its notes are meant: metre, length, tempo and key.

(The ABC music standard 2.1, 2011, sections 3.1.6 to 3.1.14.) What is not known is an error.
"""

from __future__ import annotations

import re
from fractions import Fraction

from plait.errors import CellError
from plait.modalities.music.tune import MODES, check_metre

ACCIDENTALS = {"": None, "=": 0, "^": 1, "^^": 2, "_": -1, "__": -2}
"""Semitones that each sign before a note alters it by."""

_SHARPS_OF = {"C": 0, "D": 2, "E": 4, "F": -1, "G": 1, "A": 3, "B": 5}
_SHARPS_BELOW = {"maj": 0, "min": -3, "dor": -2, "phr": -4, "lyd": 1, "mix": -1, "loc": -5}
_MODE_NAMES = {"": "maj", "ion": "maj", "m": "min", "aeo": "min"} | {mode: mode for mode in MODES}


def metre_of_field(value: str) -> tuple[int, int] | None:
    """Return a metre; None where it is free."""
    if value.lower() in ("none", ""):
        return None
    if value in ("C", "C|"):
        return (4, 4) if value == "C" else (2, 2)
    found = re.fullmatch(r"\(?(\d{1,2}(?:\s*\+\s*\d{1,2})*)\)?\s*/\s*(\d{1,2})", value)
    if found is None:
        raise CellError("not a metre", expected="such as 3/4, C, C| or none", received=value)
    return check_metre(sum(map(int, found[1].split("+"))), int(found[2]))


def length_of_field(value: str) -> Fraction:
    """Return a length, a share of a whole note, in quarters."""
    found = re.fullmatch(r"(\d{1,3})(?:\s*/\s*(\d{1,3}))?", value)
    if found is None or not int(found[1]) or (found[2] and not int(found[2])):
        raise CellError("not a length", expected="such as 1/8", received=value)
    return 4 * Fraction(int(found[1]), int(found[2] or 1))


def tempo_of_field(value: str, unit: Fraction) -> float | None:
    """Return quarters a minute; None where only words tell."""
    said = re.sub(r'"[^"]*"', "", value).strip()
    found = re.fullmatch(r"(?:([\d/\s]+)=)?\s*(\d{1,3}(?:\.\d+)?)", said)
    if found is None:
        if not said:
            return None
        raise CellError("not a tempo", expected="such as 1/4=120", received=value)
    beats = sum(map(length_of_field, found[1].split()), Fraction(0)) if found[1] else unit
    return float(found[2]) * float(beats)


def key_of_field(value: str) -> tuple[tuple[int, str] | None, dict[str, int]]:
    """Return the key, None where there is none, and how much each letter is altered by it."""
    said = re.sub(r"\b(clef|middle|transpose|octave|stafflines|staffscale)=\S+", "", value)
    said = re.sub(r"\b(treble|bass|alto|tenor|perc)\S*", "", said).strip()
    if said.lower() in ("none", ""):
        return None, {}
    if said in ("HP", "Hp"):
        return (2, "maj"), {"F": 1, "C": 1}
    found = re.fullmatch(
        r"([A-G])([#b]?)\s*([A-Za-z]*)((?:\s+(?:\^{1,2}|_{1,2}|=)[a-gA-G])*)", said
    )
    name = found[3].lower() if found else "?"
    mode = _MODE_NAMES.get(name if name == "m" else name[:3])
    if found is None or mode is None:
        raise CellError("not a key", expected="such as G, Bb, F#m or D dorian", received=value)
    sharps = _SHARPS_OF[found[1]] + 7 * (found[2] == "#") - 7 * (found[2] == "b")
    sharps += _SHARPS_BELOW[mode]
    if not -7 <= sharps <= 7:
        raise CellError("a key of more than seven signs", expected="up to seven", received=value)
    order = "FCGDAEB" if sharps > 0 else "BEADGCF"
    altered = dict.fromkeys(order[: abs(sharps)], 1 if sharps > 0 else -1)
    for sign, letter in re.findall(r"(\^{1,2}|_{1,2}|=)([a-gA-G])", found[4]):
        altered[letter.upper()] = ACCIDENTALS[sign] or 0
    return (sharps, mode), altered
