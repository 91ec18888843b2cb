"""The events that are told apart: those that training tunes hold, the end, and any other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from plait.modalities.music.events import FIRST, NUM_EVENTS, Kind
from plait.modalities.music.grammar import legal_of

END = 0


class Vocabulary:
    """Numbers events from 1 as they are known; 0 is the end, the last number is any other event.

    Args:
        events: Known events, sorted.
    """

    def __init__(self, events: Sequence[int]) -> None:
        self._own = np.array([END, *(one for one in events if one != END)], np.int64)
        self._numbers = np.full(NUM_EVENTS, len(self._own), np.int64)
        self._numbers[self._own] = np.arange(len(self._own))

    def __len__(self) -> int:
        return len(self._own) + 1

    @property
    def other(self) -> int:
        """Number of any event that is not known."""
        return len(self._own)

    @property
    def num_others(self) -> int:
        """How many events are not known."""
        return NUM_EVENTS - len(self._own)

    @cached_property
    def pitches(self) -> tuple[int, ...]:
        """Numbers of the pitches that are known."""
        first, last = FIRST[Kind.PITCH], FIRST[Kind.LENGTH]
        return tuple(int(i) for i, one in enumerate(self._own) if first <= one < last)

    def numbers(self, events: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the numbers of events, int64 ``[event]``."""
        return self._numbers[np.asarray(events, np.int64)]

    def legal(self, places: np.ndarray) -> np.ndarray:
        """Return which numbers may come at places ``[..., 12]``, bool ``[..., number]``: other
        events always."""
        known = legal_of(places, self._own)
        return np.concatenate([known, np.ones((*known.shape[:-1], 1), bool)], -1)

    def composed(self, places: np.ndarray) -> np.ndarray:
        """Return as `legal` has it what may be composed: others only where nothing known may come,
        as where a rest must be shorter than any that is known."""
        legal = self.legal(places)
        legal[..., -1] = ~legal[..., :-1].any(-1)
        return legal

    def event(self, number: int, place: np.ndarray) -> int:
        """Return the event of a number; of others the last that may come at a place."""
        if number < len(self._own):
            return int(self._own[number])
        return int(np.flatnonzero(legal_of(place, np.arange(NUM_EVENTS)))[-1])
