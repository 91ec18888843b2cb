"""Where bars lie in a tune whose bar lines were written down: its upbeat and its metres."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from fractions import Fraction

from plait.errors import LimitError
from plait.modalities.music.tune import MOST_STEPS, STEPS, bar_steps, metre_of

Metre = tuple[int, int]


class BarLines:
    """Bar lines and metres, as they come in the order of time (in quarters)."""

    def __init__(self) -> None:
        self._lines: list[Fraction] = []
        self._metres: list[tuple[Fraction, Metre | None]] = [(Fraction(0), (4, 4))]

    def line(self, time: Fraction) -> None:
        """Note a bar line."""
        if time > 0 and (not self._lines or time > self._lines[-1]):
            self._lines.append(time)

    def metre(self, time: Fraction, metre: Metre | None) -> None:
        """Note a metre that holds from a time on."""
        if self._metres[-1][0] == time:
            self._metres.pop()
        self._metres.append((time, metre))

    def counted(self, end: Fraction) -> tuple[Fraction, list[tuple[int, int, int]]]:
        """Return how far in its bar the first note lies, in quarters, and the metres as of `Tune`.

        A bar is of a metre of its own where its lines say so: unless a line within it only parts
        two that make it full, or lines are missing between full ones.

        Raises `CellError` where a bar is of no metre, `LimitError` where the tune is too long.
        """
        if any(metre is None for _, metre in self._metres):
            return Fraction(0), []
        shift = self._upbeat(end)
        lines = [round((line + shift) * STEPS) for line in self._lines]
        changes = [(round((at + shift) * STEPS) if at else 0, metre) for at, metre in self._metres]
        last, start, found = round((end + shift) * STEPS), 0, list[tuple[int, int, int]]()
        if last > MOST_STEPS:
            raise LimitError(
                "the tune is too long", expected=f"at most {MOST_STEPS // STEPS:,} quarters"
            )
        begins = [at for at, _ in changes]
        while start < last or not found:
            metre = changes[bisect_right(begins, start) - 1][1] or (4, 4)
            length = self._length(start, bar_steps(*metre), lines, last)
            beats, unit = metre if length == bar_steps(*metre) else metre_of(length, metre[1])
            if not found or found[-1][1:] != (beats, unit):
                found.append((start, beats, unit))
            start += length
        return shift, found

    def _upbeat(self, end: Fraction) -> Fraction:
        beats, unit = self._metres[0][1] or (4, 4)
        bar = Fraction(4 * beats, unit)
        first = self._lines[0] if self._lines else end
        if first >= bar or bar in self._lines or first == end:
            return Fraction(0)
        return bar - first

    @staticmethod
    def _length(start: int, usual: int, lines: list[int], last: int) -> int:
        """Return the length of the bar that begins at a step."""
        place = bisect_right(lines, start)
        following = lines[place] if place < len(lines) else last
        expected = start + usual
        if following in (last, expected) or following >= expected + usual:
            return usual
        line = bisect_left(lines, expected)
        if following < expected and (expected == last or expected in lines[line : line + 1]):
            return usual
        return following - start
