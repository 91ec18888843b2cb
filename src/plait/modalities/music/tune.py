"""A tune: notes on a grid of 24 steps to the quarter, with metre, key and tempo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.errors import CellError, LimitError

if TYPE_CHECKING:
    from jaxtyping import Int32

STEPS = 24
"""Steps of a quarter: semiquavers (6), demisemiquavers (3) and triplets (8, 4, 2) are exact."""

MOST_BAR = 24 * STEPS
"""Steps of a bar, at most: six whole notes."""

MOST_NOTES, MOST_STEPS = 20_000, 20_000 * STEPS
"""Notes of a tune, and steps from its first bar to its last note, at most."""

ONSET, LENGTH, PITCH, VELOCITY, PROGRAM = range(5)
"""Columns of `Tune.notes`."""

DRUMS = 128
"""Program of what MIDI plays on its tenth channel."""

USUAL_VELOCITY, USUAL_TEMPO = 84, 120
MODES = ("maj", "min", "dor", "phr", "lyd", "mix", "loc")
UNITS = (1, 2, 4, 8, 16, 32)
MOST_BEATS = 32
LEAST_TEMPO, TEMPO_STEP, NUM_TEMPOS = 20, 4, 64
VELOCITY_STEP = 8

_ABOVE_MAJOR = {"maj": 0, "min": 9, "dor": 2, "phr": 4, "lyd": 5, "mix": 7, "loc": 11}


@dataclass(frozen=True, eq=False)
class Tune:
    """Notes of a tune, and what they are counted by.

    Attributes:
        notes: int32 ``[note, 5]``, sorted: onset and length in steps, MIDI pitch (60 is middle C),
            velocity (4, 12, ... 124), and program (0 to 127 of General MIDI, or `DRUMS`). Onsets
            count from the line of the first bar, in which the first note lies: a tune with an
            upbeat begins within it.
        metres: (onset, beats, unit) of each metre, the first at 0; (0, 3, 4) is three quarters. ()
            is a free metre, without bars.
        key: Sharps (flats below 0), from -7 to 7, and one of `MODES`; None where not known.
        tempo: Quarters a minute: 20, 24, ... 272; None where not known.
    """

    notes: Int32[ndarray, "note 5"]
    metres: tuple[tuple[int, int, int], ...] = ()
    key: tuple[int, str] | None = None
    tempo: int | None = None

    def __len__(self) -> int:
        return len(self.notes)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Tune)
            and np.array_equal(self.notes, other.notes)
            and (self.metres, self.key, self.tempo) == (other.metres, other.key, other.tempo)
        )

    def __hash__(self) -> int:
        return hash((self.notes.tobytes(), self.metres, self.key, self.tempo))

    @property
    def end(self) -> int:
        """The step at which the last note ends."""
        return int((self.notes[:, ONSET] + self.notes[:, LENGTH]).max(initial=0))

    @property
    def seconds(self) -> float:
        """How long it takes, from its first note on."""
        start = int(self.notes[:, ONSET].min(initial=0))
        return (self.end - start) / STEPS * 60 / (self.tempo or USUAL_TEMPO)

    @property
    def tonic(self) -> int:
        """The pitch between G below and F sharp above middle C that pitches are counted from."""
        return 55 + (tonic_class(self.key) - 7) % 12

    def bars(self) -> Iterator[tuple[int, int, tuple[int, int]]]:
        """Give start, length and metre (beats, unit) of each bar up to the last note."""
        start = 0
        ends = [*(at for at, _, _ in self.metres[1:]), self.end]
        for (_, beats, unit), until in zip(self.metres, ends, strict=False):
            length = bar_steps(beats, unit)
            while start < until:
                yield start, length, (beats, unit)
                start += length


NOTHING = Tune(np.zeros((0, 5), np.int32))


def tonic_class(key: tuple[int, str] | None) -> int:
    """Return the pitch class of a key's tonic; C where no key is known.

    >>> tonic_class((1, "maj")), tonic_class((0, "min")), tonic_class((-1, "dor"))
    (7, 9, 7)
    """
    if key is None:
        return 0
    sharps, mode = key
    return (7 * sharps + _ABOVE_MAJOR[mode]) % 12


def bar_steps(beats: int, unit: int) -> int:
    """Return the steps of a bar of a metre.

    >>> bar_steps(6, 8)
    72
    """
    return beats * 4 * STEPS // unit


def metre_of(steps: int, unit: int = 4) -> tuple[int, int]:
    """Return the metre of a bar of so many steps, in the unit if it can be counted so, else a finer
    one. Raises `CellError` where none of 32 beats and less is as long."""
    for one in (unit, *(other for other in UNITS if other > unit), *reversed(UNITS)):
        beats, rest = divmod(steps * one, 4 * STEPS)
        if not rest and 1 <= beats <= MOST_BEATS and steps <= MOST_BAR:
            return beats, one
    raise CellError(
        "a bar has a length that no metre has",
        expected=f"1 to {MOST_BEATS} beats of a whole to a 32nd, up to six wholes",
        received=f"{Fraction(steps, STEPS)} quarters",
    )


def check_metre(beats: int, unit: int) -> tuple[int, int]:
    """Return a metre. Raises `CellError` where it is none that can be counted by."""
    if unit not in UNITS or not 1 <= beats <= MOST_BEATS or bar_steps(beats, unit) > MOST_BAR:
        raise CellError(
            "not a metre",
            expected="such as 4/4 or 6/8: up to 32 beats of 1, 2, 4, 8, 16 or 32, up to 6/1",
            received=f"{beats}/{unit}",
        )
    return beats, unit


def made_tune(
    notes: Sequence[tuple[int, int, int, int, int]] | ndarray,
    metres: Sequence[tuple[int, int, int]] = (),
    key: tuple[int, str] | None = None,
    tempo: float | None = None,
) -> Tune:
    """Return a tune in its one form: sorted, without empty bars in front, on the grids of velocity
    and tempo, with no note twice and no metre that changes nothing. In a free metre a note ends
    where another begins later than it did.

    Raises `LimitError` for one that is too long.
    """
    found = np.array(notes, np.int64).reshape(-1, 5)
    if len(found) > MOST_NOTES or (len(found) and found[:, :2].sum(1).max() > MOST_STEPS):
        raise LimitError(
            "the tune is too long",
            expected=f"at most {MOST_NOTES:,} notes and {MOST_STEPS // STEPS:,} quarters",
            received=f"{len(found):,} notes",
            hint="cut it into pieces",
        )
    found[:, LENGTH] = np.maximum(found[:, LENGTH], 1)
    found[:, VELOCITY] = found[:, VELOCITY].clip(0, 127) // VELOCITY_STEP * VELOCITY_STEP + 4
    order = np.lexsort((found[:, PITCH], found[:, PROGRAM], found[:, ONSET]))
    found = found[order]
    same = (np.diff(found[:, [ONSET, PITCH, PROGRAM]], axis=0) == 0).all(1)
    found = found[np.append(True, ~same)] if len(found) else found
    if not metres and len(found):
        onsets = np.append(np.unique(found[:, ONSET]), np.iinfo(np.int64).max)
        later = onsets[np.searchsorted(onsets, found[:, ONSET], "right")]
        found[:, LENGTH] = np.minimum(found[:, LENGTH], later - found[:, ONSET])
    if tempo is not None:
        step = round((min(max(tempo, 1.0), 1000.0) - LEAST_TEMPO) / TEMPO_STEP)
        tempo = LEAST_TEMPO + TEMPO_STEP * min(max(step, 0), NUM_TEMPOS - 1)
    tune = Tune(found.astype(np.int32), tuple(metres), key, None if tempo is None else int(tempo))
    return _begun(replace(tune, metres=_changes(tune)))


def _changes(tune: Tune) -> tuple[tuple[int, int, int], ...]:
    """Return the metres that differ from the one before, as far as notes begin."""
    found: list[tuple[int, int, int]] = []
    last = int(tune.notes[:, ONSET].max(initial=0))
    for at, beats, unit in tune.metres:
        if at > last:
            break
        if not found or found[-1][1:] != (beats, unit):
            found.append((at, beats, unit))
    return tuple(found)


def _begun(tune: Tune) -> Tune:
    """Return the tune without what is before the bar of its first note."""
    if not len(tune):
        return tune
    first = int(tune.notes[0, ONSET])
    start, own = (first, ()) if not tune.metres else (0, tune.metres)
    for at, length, metre in tune.bars():
        if at + length > first:
            start = at
            own = (
                (0, *metre),
                *((to - at, beats, unit) for to, beats, unit in tune.metres if to > at),
            )
            break
    if not start:
        return tune
    notes = tune.notes.copy()
    notes[:, ONSET] -= start
    return replace(tune, notes=notes, metres=own)
