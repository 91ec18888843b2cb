"""What came next the last time that a tune was where it is: repetition within one tune."""

from __future__ import annotations

import numpy as np

MOST_ALIKE = 16
"""Events that are compared, at most."""


class Echo:
    """Follows a tune event by event, and finds the earlier place that is most like the latest.

    Most like is the place before which the longest run of events is the same, the latest of equals:
    what an induction head learns to look for (Olsson et al. 2022, "In-context Learning and
    Induction Heads").

    Attributes:
        again: The event that followed that place; 0 where no place is like it.
        alike: Length of the run, from 0 to 16.
    """

    def __init__(self) -> None:
        self.again = self.alike = self._num = 0
        self._events = np.zeros(64, np.int32)
        self._runs = np.zeros(65, np.int32)

    def follow(self, event: int) -> None:
        """Go on by one event."""
        num, self._num = self._num, self._num + 1
        if num == len(self._events):
            self._events = np.concatenate([self._events, np.zeros(num, np.int32)])
            self._runs = np.concatenate([self._runs, np.zeros(num, np.int32)])
        runs, events = self._runs, self._events
        runs[1 : num + 1] = (runs[:num] + 1) * (events[:num] == event)
        runs[0], events[num] = 0, event
        self.again = self.alike = 0
        if num:
            runs = np.minimum(runs[num:0:-1], MOST_ALIKE)
            latest = int(runs.argmax())
            if runs[latest]:
                self.again, self.alike = int(events[num - latest]), int(runs[latest])

    def copied(self) -> Echo:
        """Return one that goes on by itself."""
        found = Echo()
        found.again, found.alike, found._num = self.again, self.alike, self._num
        found._events, found._runs = self._events.copy(), self._runs.copy()
        return found
