"""Reads a tune of ABC text: its fields, then its signs, one after the other.

(The ABC music standard 2.1, 2011.) One voice, with chords; grace notes, chord symbols, slurs and
decorations are left out. What would change the notes and is not known is refused, never guessed.
"""

from __future__ import annotations

import re
from fractions import Fraction

from plait.errors import CellError, LimitError
from plait.modalities.music.abc_fields import (
    ACCIDENTALS,
    key_of_field,
    length_of_field,
    metre_of_field,
    tempo_of_field,
)
from plait.modalities.music.abc_symbols import (
    LENGTH,
    MOST_CHARACTERS,
    Sign,
    length_of,
    played,
    signs_of,
)
from plait.modalities.music.bar_lines import BarLines
from plait.modalities.music.tune import (
    MOST_NOTES,
    STEPS,
    USUAL_VELOCITY,
    Tune,
    made_tune,
)

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SILENT = "ABCDFGHNORSTWZrswtEIU"
_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_NOTE = re.compile(rf"(\^{{1,2}}|_{{1,2}}|=)?([A-Ga-g])([,']*)({LENGTH})(-?)")


def read_abc(text: str) -> Tune:
    """Return the tune of ABC text.

    Onsets are rounded to the steps of `Tune`. Bars that are longer or shorter than the metre are of
    a metre of their own, unless two parts of one make it full, as at repeats; where the last bars
    are not marked at the end of a line, a full bar ends there.

    Raises:
        CellError: What is not ABC, or not understood.
        LimitError: Longer than a tune may be.
    """
    if len(text) > MOST_CHARACTERS:
        raise LimitError(
            "the ABC text is too long",
            expected=f"at most {MOST_CHARACTERS:,} characters",
            received=f"{len(text):,}",
        )
    lines = [
        (number, line)
        for number, whole in enumerate(text.splitlines(), 1)
        if (line := re.sub(r"(?<!\\)%.*", "", whole).strip())
    ]
    if sum(line.startswith("X:") for _, line in lines) > 1:
        raise CellError(
            "the ABC text holds several tunes",
            expected="one tune, with one line X:",
            hint="write each into a cell or a file of its own",
        )
    reader = _Reader()
    head = next((i for i, (_, line) in enumerate(lines) if line.startswith("K:")), None)
    if head is None:
        raise CellError(
            "not ABC text", expected="fields, the last of which is K:, then notes", received=text
        )
    for number, line in lines[: head + 1]:
        if not re.match(r"[A-Za-z]:", line):
            raise CellError(
                "a line before K: is not a field", expected="such as M: 3/4", received=line
            )
        reader.field(Sign("field", line, number), in_header=True)
    body = [
        one for one in lines[head + 1 :]
        if not (one[1][1:2] == ":" and one[1][0] in _SILENT) and not one[1].startswith("w:")
    ]  # fmt: skip
    for sign in played(signs_of(body)):
        reader.take(sign)
    return reader.tune()


class _Reader:
    """Plays signs: keeps the time, and what fields and bar lines have set."""

    def __init__(self) -> None:
        self.time, self.last_line = Fraction(0), Fraction(0)
        self.unit: Fraction | None = None
        self.metre: tuple[int, int] | None = (4, 4)
        self.key: tuple[int, str] | None = None
        self.first_key: tuple[int, str] | None = None
        self.tempo: float | None = None
        self.lines = BarLines()
        self.notes: list[list[Fraction | int]] = []
        self._altered: dict[str, int] = {}
        self._inside: dict[tuple[str, int], int] = {}
        self._tied: dict[int, int] = {}
        self._tuplet = (0, Fraction(1))
        self._broken = Fraction(1)
        self._latest: list[int] = []
        self._since: Fraction = Fraction(0)

    def field(self, sign: Sign, *, in_header: bool) -> None:
        name, _, value = sign.text.strip("[]").partition(":")
        value = value.strip()
        if name == "M":
            self.metre = metre_of_field(value)
            self.lines.metre(self.time, self.metre)
        elif name == "L":
            self.unit = length_of_field(value)
        elif name == "K":
            self._set_key(value, in_header)
        elif name == "Q" and self.tempo is None:
            self.tempo = tempo_of_field(value, self._unit())
        elif name in ("V", "m") or (name == "P" and in_header and value):
            what = {"V": "several voices", "m": "macros", "P": "an order of parts"}[name]
            raise CellError(
                f"ABC text with {what} is not read",
                expected="one voice, in the order in which it is played",
                received=sign.text,
                hint="save it as MIDI, which is read with all its voices",
            )

    def take(self, sign: Sign) -> None:
        """Go on by one sign."""
        kind, text = sign.kind, sign.text
        if kind == "note":
            self._sound([text], "", sign)
        elif kind == "chord":
            inside, _, after = text[1:].rpartition("]")
            self._sound([one.group() for one in _NOTE.finditer(inside)], after, sign)
        elif kind == "rest":
            self._move(length_of(text[1:]) * self._unit(), [])
        elif kind == "rests":
            self._move(int(text[1:] or 1) * self._bar(sign), [])
        elif kind == "tie":
            self._tie()
        elif kind == "broken":
            self._break(text)
        elif kind == "tuplet":
            p, q, r = (*text[1:].split(":"), "", "")[:3]
            beats = int(q) if q else _TUPLETS.get(int(p), 2)
            self._tuplet = int(r or p), Fraction(beats, max(int(p), 1))
        elif kind == "field":
            self.field(sign, in_header=False)
        elif kind == "bar" or self.metre and self.time - self.last_line == self._bar(sign):
            self._bar_line()

    def tune(self) -> Tune:
        """Return what was played."""
        shift, metres = self.lines.counted(self.time)
        rows = []
        for onset, length, pitch in self.notes:
            start, end = (round((x + shift) * STEPS) for x in (onset, onset + length))
            rows.append((start, end - start, int(pitch), USUAL_VELOCITY, 0))
        return made_tune(rows, metres, self.first_key, self.tempo)

    def _unit(self) -> Fraction:
        """Return the unit of lengths in quarters: an eighth, of metres below 3/4 a sixteenth."""
        if self.unit is not None:
            return self.unit
        beats, unit = self.metre or (4, 4)
        return Fraction(1, 4) if beats * 4 < 3 * unit else Fraction(1, 2)

    def _bar(self, sign: Sign) -> Fraction:
        if self.metre is None:
            raise CellError("a rest of whole bars has no metre", received=sign.text)
        return Fraction(4 * self.metre[0], self.metre[1])

    def _sound(self, written: list[str], after: str, sign: Sign) -> None:
        unit, first = self._unit(), len(self.notes)
        factor = length_of(after) * self._factor()
        lengths, tied, continued = [], dict[int, int](), []
        for one in written:
            accidental, letter, octave, length, tie = _NOTE.fullmatch(one).groups()  # type: ignore[union-attr]
            pitch = self._pitch(accidental or "", letter, octave, sign)
            lengths.append(length_of(length) * unit * factor)
            place = self._tied.get(pitch)
            if place is None:
                place = len(self.notes)
                self.notes.append([self.time, lengths[-1], pitch])
            else:
                self.notes[place][1] += lengths[-1]
            continued.append(place)
            if tie:
                tied[pitch] = place
        if first > MOST_NOTES:
            raise LimitError("the tune is too long", expected=f"at most {MOST_NOTES:,} notes")
        self._latest, self._tied = continued, tied
        self._advance(lengths[0])

    def _factor(self) -> Fraction:
        """Return what tuplets and dots before make of the next length."""
        left, ratio = self._tuplet
        self._tuplet = max(left - 1, 0), ratio
        broken, self._broken = self._broken, Fraction(1)
        return (ratio if left else Fraction(1)) * broken

    def _move(self, length: Fraction, sounding: list[int]) -> None:
        self._latest, self._tied = sounding, {}
        self._advance(length * self._factor())

    def _advance(self, length: Fraction) -> None:
        self._since = length
        self.time += length

    def _tie(self) -> None:
        self._tied = {int(self.notes[place][2]): place for place in self._latest}

    def _break(self, text: str) -> None:
        """Lengthen one of two notes by as much as the other is shortened."""
        share = Fraction(1, 2 ** len(text))
        mine, other = (2 - share, share) if text[0] == ">" else (share, 2 - share)
        change = self._since * (mine - 1)
        for place in self._latest:
            self.notes[place][1] += change
        self.time += change
        self._broken = other

    def _bar_line(self) -> None:
        self.lines.line(self.time)
        self.last_line, self._inside = self.time, {}

    def _set_key(self, value: str, in_header: bool) -> None:
        self.key, self._altered = key_of_field(value)
        if in_header:
            self.first_key = self.key

    def _pitch(self, accidental: str, letter: str, octave: str, sign: Sign) -> int:
        upper = letter.upper()
        height = (letter.islower()) + octave.count("'") - octave.count(",")
        said = ACCIDENTALS[accidental]
        if said is not None:
            self._inside[upper, height] = said
        altered = self._inside.get((upper, height), self._altered.get(upper, 0))
        pitch = 60 + _LETTERS[upper] + 12 * height + altered
        if not 0 <= pitch <= 127:
            raise CellError(
                "a note is too low or too high",
                expected="MIDI's pitches 0 to 127",
                received=f"{letter}{octave} in line {sign.line}",
            )
        return pitch
