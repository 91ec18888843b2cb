"""Tunes as events, and events as tunes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.modalities.music.events import LOWEST, Event, Kind, event_of
from plait.modalities.music.grammar import Walk
from plait.modalities.music.tune import (
    LEAST_TEMPO,
    MODES,
    MOST_BAR,
    NOTHING,
    TEMPO_STEP,
    UNITS,
    USUAL_VELOCITY,
    VELOCITY_STEP,
    Tune,
    made_tune,
    tonic_class,
)


class _Pen:
    """Writes events down, and knows where in the tune it is."""

    def __init__(self) -> None:
        self.events: list[int] = []
        self.walk = Walk()

    def put(self, kind: Kind, value: int = 0) -> None:
        event = Event(kind, value)
        self.events.append(event.number)
        self.walk.take(event)

    def last(self, steps: int) -> None:
        """Let the note or rest take so many steps."""
        while steps > MOST_BAR:
            self.put(Kind.LENGTH, MOST_BAR - 1)
            steps -= MOST_BAR
        self.put(Kind.LENGTH, steps - 1)

    def metre(self, beats: int, unit: int) -> None:
        self.put(Kind.BEATS, beats - 1)
        self.put(Kind.UNIT, UNITS.index(unit))

    def rest(self, until: int) -> None:
        if self.walk.time < until:
            steps = until - self.walk.time
            self.put(Kind.REST)
            self.last(steps)


def events_of(tune: Tune, most: int | None = None) -> list[int]:
    """Return the numbers of a tune's events; with `most`, writing ends soon after so many."""
    pen, tonic = _Pen(), tune.tonic
    changes = {at: (beats, unit) for at, beats, unit in tune.metres}
    if tune.metres:
        pen.metre(*changes[0])
    else:
        pen.put(Kind.FREE)
    if tune.key is not None:
        pen.put(Kind.SHARPS, tune.key[0] + 7)
        pen.put(Kind.MODE, MODES.index(tune.key[1]))
    if tune.tempo is not None:
        pen.put(Kind.TEMPO, (tune.tempo - LEAST_TEMPO) // TEMPO_STEP)
    if tune.metres and len(tune):
        pen.put(Kind.BAR)
    sound = {Kind.PROGRAM: 0, Kind.VELOCITY: USUAL_VELOCITY // VELOCITY_STEP}
    for onset, steps, pitch, velocity, program in tune.notes.tolist():
        if most is not None and len(pen.events) > most:
            break
        _move(pen, onset, changes)
        for kind, value in ((Kind.PROGRAM, program), (Kind.VELOCITY, velocity // VELOCITY_STEP)):
            if sound[kind] != value:
                sound[kind] = value
                pen.put(kind, value)
        pen.put(Kind.PITCH, pitch - tonic - LOWEST)
        pen.last(steps)
    return pen.events


def _move(pen: _Pen, onset: int, changes: dict[int, tuple[int, int]]) -> None:
    """Write bar lines, rests and positions up to a note."""
    walk = pen.walk
    while walk.bar and onset >= walk.start + walk.bar:
        pen.rest(walk.start + walk.bar)
        pen.put(Kind.BAR)
        if walk.start in changes:
            pen.metre(*changes[walk.start])
    if walk.num_notes and onset == walk.onset:
        pen.put(Kind.WITH)
    elif walk.bar and (onset < walk.time or not walk.num_notes):
        if onset > walk.start or walk.num_notes:
            pen.put(Kind.POSITION, onset - walk.start)
    else:
        pen.rest(onset)


def tune_of(events: Sequence[int]) -> Tune:
    """Return the tune of events; what they end in the middle of is left out. Never fails on events
    that the grammar allows."""
    walk = Walk()
    notes: list[list[int]] = []
    metres: list[tuple[int, int, int]] = []
    beats, sharps, key, tempo, program = 1, 0, None, None, 0
    velocity, pitch, before = USUAL_VELOCITY, 0, Kind.END
    for number in events:
        kind, value = event = event_of(int(number))
        walk.take(event)
        if kind == Kind.BEATS:
            beats = value + 1
        elif kind == Kind.UNIT:
            metres.append((walk.start, beats, UNITS[value]))
        elif kind == Kind.SHARPS:
            sharps = value - 7
        elif kind == Kind.MODE:
            key = (sharps, MODES[value])
        elif kind == Kind.TEMPO:
            tempo = LEAST_TEMPO + TEMPO_STEP * value
        elif kind == Kind.PROGRAM:
            program = value
        elif kind == Kind.VELOCITY:
            velocity = VELOCITY_STEP * value + 4
        elif kind == Kind.PITCH:
            pitch = value + LOWEST + 55 + (tonic_class(key) - 7) % 12
        elif kind == Kind.LENGTH and not walk.resting:
            if before == Kind.PITCH:
                notes.append([walk.onset, 0, min(max(pitch, 0), 127), velocity, program])
            notes[-1][1] += value + 1
        before = kind
    if not notes:
        return Tune(NOTHING.notes, tuple(metres[:1]), key, tempo)
    return made_tune(np.array(notes), metres, key, tempo)
