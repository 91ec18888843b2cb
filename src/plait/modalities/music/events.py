"""The events that a tune is written in, one after the other, and which of them may follow.

They are those of REMI (Huang and Yang 2020, "Pop Music Transformer"): metre, key and tempo first,
then bar, position, pitch, length, and velocity where it changes. Differences: pitches are counted
from the tonic, so that a tune is written alike in every key; a place in the bar is told only where
it is not where the note before ended; silence is told as a rest.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from plait.modalities.music.tune import MODES, MOST_BAR, MOST_BEATS, NUM_TEMPOS, UNITS


class Kind(IntEnum):
    """Kinds of events, in the order of their numbers."""

    END = 0
    BAR = 1
    BEATS = 2
    UNIT = 3
    FREE = 4
    SHARPS = 5
    MODE = 6
    TEMPO = 7
    POSITION = 8
    PROGRAM = 9
    VELOCITY = 10
    WITH = 11
    REST = 12
    PITCH = 13
    LENGTH = 14


LOWEST = -66
"""Semitones from a tune's tonic, which is from 55 to 66, of the lowest pitch that is told."""

SIZES = (1, 1, MOST_BEATS, len(UNITS), 1, 15, len(MODES), NUM_TEMPOS, MOST_BAR, 129, 16, 1, 1,
         139, MOST_BAR)  # fmt: skip
"""Values of each kind."""

FIRST = tuple(sum(SIZES[:kind]) for kind in Kind)
"""Number of each kind's first event."""

NUM_EVENTS = sum(SIZES)
KIND_OF = tuple(kind for kind in Kind for _ in range(SIZES[kind]))
"""Kind of each event."""


class Event(NamedTuple):
    """An event: its kind, and its value from 0.

    Values: beats less 1; place in `UNITS`; sharps + 7; place in `MODES`; steps of tempo; steps into
    the bar; program; step of velocity; semitones above the tonic less `LOWEST`; steps less 1.
    """

    kind: Kind
    value: int = 0

    @property
    def number(self) -> int:
        """In [0, `NUM_EVENTS`)."""
        return FIRST[self.kind] + self.value


def event_of(number: int) -> Event:
    """Return the event of a number.

    >>> event_of(Event(Kind.UNIT, 2).number)
    Event(kind=<Kind.UNIT: 3>, value=2)
    """
    kind = KIND_OF[number]
    return Event(kind, number - FIRST[kind])
