"""The grammar of events: where in a tune one is after each, and which may come next.

Bars are kept by construction. A bar ends only where what was written in it reaches its line, a rest
ends there too, positions in a bar do not go back, and a metre changes only at a bar line.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cache

import numpy as np

from plait.modalities.music.echo import Echo
from plait.modalities.music.events import KIND_OF, NUM_EVENTS, Event, Kind, event_of
from plait.modalities.music.tune import MOST_BAR, UNITS, bar_steps

COLUMNS = ("legal", "bounded", "low", "high", "place", "left", "bar", "pitch", "length", "in_bar",
           "again", "alike")  # fmt: skip
"""What is told of each place, in this order: see `Walk.told`."""

(LEGAL, BOUNDED, LOW, HIGH, PLACE, LEFT, BAR, LAST_PITCH, LAST_LENGTH, IN_BAR, AGAIN,
 ALIKE) = range(len(COLUMNS))  # fmt: skip

MOST_COUNTED = 32_000
_VOICE = (Kind.PROGRAM, Kind.VELOCITY, Kind.PITCH)


class Walk:
    """Where one is in a tune that is being read or written, event by event.

    Attributes:
        time: Step at which a note begins that is written without a position.
        start, bar: Step of the bar's line, and the bar's steps; 0 in a free metre.
        onset, pitch, length: Of the last note: step, value of its pitch event, steps.
        resting: Whether the last thing was silence.
    """

    def __init__(self) -> None:
        self.time = self.start = self.bar = self.onset = 0
        self.pitch = self.length = self.num_bars = self.num_notes = self.in_bar = 0
        self.resting = False
        self._beats, self._echo = 0, Echo()
        self._next: tuple[Kind, ...] = (Kind.BEATS, Kind.FREE)
        self._bound = (0, 0, 0)

    def take(self, event: Event) -> None:
        """Go on by one event, which should be one that may come next."""
        kind, value = event
        self._bound = (0, 0, 0)
        self._echo.follow(event.number)
        if kind in (Kind.PITCH, Kind.REST):
            self._begin(kind, value)
        elif kind == Kind.LENGTH:
            self._go_on(value + 1)
        elif kind == Kind.BAR:
            self._begin_bar()
        elif kind in (Kind.POSITION, Kind.WITH):
            self.time = self.onset if kind == Kind.WITH else self.start + value
            self._next = _VOICE
        elif kind in (Kind.PROGRAM, Kind.VELOCITY):
            self._next = _VOICE[kind - Kind.PROGRAM + 1 :]
        elif kind in (Kind.BEATS, Kind.UNIT):
            self._metre(kind, value)
        else:
            self._head(kind)

    def told(self) -> list[int]:
        """Return `COLUMNS`.

        Bits of the kinds that may come next; the kind of which only values from low to high may (0
        for none); steps into the bar, and from there to its end; number of the bar; value of the
        last pitch, steps of the last length, and notes in this bar; what came next the last time
        that the tune was like this, and how like (`plait.modalities.music.echo`).
        """
        place = self.time - self.start if self.bar else 0
        counts = (place, max(self.bar - place, 0), self.num_bars, self.pitch, self.length)
        counted = (min(num, MOST_COUNTED) for num in (*counts, self.in_bar))
        return [_bits(self._next), *self._bound, *counted, self._echo.again, self._echo.alike]

    def copied(self) -> Walk:
        """Return one that goes on by itself."""
        found = copy(self)
        found._echo = self._echo.copied()
        return found

    def _head(self, kind: Kind) -> None:
        begins = (Kind.BAR,) if self.bar else _VOICE
        if kind == Kind.SHARPS:
            self._next = (Kind.MODE,)
        elif kind == Kind.TEMPO:
            self._next = begins
        else:
            key = (Kind.SHARPS,) if kind != Kind.MODE else ()
            self._next = (*key, Kind.TEMPO, *begins)

    def _metre(self, kind: Kind, value: int) -> None:
        if kind == Kind.BEATS:
            self._beats, self._next = value + 1, (Kind.UNIT,)
            long = [unit for unit in UNITS if bar_steps(self._beats, unit) > MOST_BAR]
            self._bound = (Kind.UNIT, len(long), len(UNITS) - 1)
            return
        self.bar = min(bar_steps(self._beats, UNITS[value]), MOST_BAR)
        if self.num_bars:
            self._follow()
        else:
            self._head(kind)

    def _begin_bar(self) -> None:
        self.start += self.bar if self.num_bars else 0
        self.time = max(self.time, self.start)
        self.num_bars, self.in_bar, self.resting = self.num_bars + 1, 0, False
        if self.num_notes:
            self._follow()
            self._next = (Kind.BEATS, *self._next)
        else:
            self._next = (Kind.POSITION, *_VOICE)
            self._bound = (Kind.POSITION, 1, self.bar - 1)

    def _begin(self, kind: Kind, value: int) -> None:
        self.resting, self._next = kind == Kind.REST, (Kind.LENGTH,)
        if kind == Kind.PITCH:
            self.onset, self.pitch, self.length = self.time, value, 0
            self.num_notes, self.in_bar = self.num_notes + 1, self.in_bar + 1
        elif self.bar:
            self._bound = (Kind.LENGTH, 0, self.start + self.bar - self.time - 1)

    def _go_on(self, steps: int) -> None:
        self.time += steps
        self.length += 0 if self.resting else steps
        ended = not self.resting
        self._follow()
        if ended:
            self._next = (*self._next, Kind.WITH, Kind.END)
        if steps == MOST_BAR and (ended or not self.bar):
            self._next = (*self._next, Kind.LENGTH)

    def _follow(self) -> None:
        """Say what may follow a note, a rest or a bar line."""
        silence = () if self.resting else (Kind.REST,)
        if not self.bar:
            self._next = (*silence, *_VOICE)
            return
        place = self.time - self.start
        self._next = (Kind.BAR,) if place >= self.bar else (*silence, *_VOICE)
        low, high = max(self.onset - self.start + 1, 0), min(place, self.bar) - 1
        if low <= high and not self.resting:
            self._next = (*self._next, Kind.POSITION)
            self._bound = (Kind.POSITION, low, high)


@cache
def _bits(kinds: tuple[Kind, ...]) -> int:
    return sum(1 << kind for kind in kinds)


def places_of(events: Sequence[int]) -> np.ndarray:
    """Return what is told of the place behind each event, int16 ``[event, 12]``."""
    walk, found = Walk(), []
    for number in events:
        walk.take(event_of(number))
        found.append(walk.told())
    return np.array(found, np.int16).reshape(-1, len(COLUMNS))


FIRST_PLACE = np.array(Walk().told(), np.int16)
"""What is told of the place before the first event."""

_KINDS = np.array(KIND_OF, np.int64)
_VALUES = np.array([event_of(number).value for number in range(NUM_EVENTS)], np.int64)


def legal_of(place: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Return which of some events may come at places, bool ``[..., event]``.

    Args:
        place: As `Walk.told` has it, ``[..., 12]``.
        events: Their numbers, int ``[event]``.
    """
    kinds, values = _KINDS[events], _VALUES[events]
    legal, bounded, low, high = (place[..., i, None].astype(np.int64) for i in range(4))
    outside = (kinds == bounded) & (bounded > 0) & ((values < low) | (values > high))
    return ((legal >> kinds) & 1).astype(bool) & ~outside
