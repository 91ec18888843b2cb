"""Lays words out as subtitles: two lines of 42 characters, in order, long enough to be read."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from plait.subtitles.spans import Span

MAX_CHARACTERS, MAX_LINES = 42, 2

CHARACTERS_PER_SECOND = 17.0
"""Faster than that, many people cannot read."""

LEAST_MS, GAP_MS = 800, 80
"""A cue stands so long, and so long before the next there is none, where there is room."""


@dataclass(frozen=True)
class Cue:
    """What is shown, and when: from `start_ms` to before `end_ms`.

    Attributes:
        start_ms, end_ms: Milliseconds from the start.
        lines: One or two, of at most 42 characters.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]

    @property
    def too_fast(self) -> bool:
        """Whether more than 17 characters a second must be read."""
        characters = sum(map(len, self.lines))
        return characters > CHARACTERS_PER_SECOND * (self.end_ms - self.start_ms) / 1000


def lay_out(spans: Sequence[Span], texts: Sequence[str], seconds: float) -> list[Cue]:
    """Return the cues of what is said in spans of time; none overlaps another.

    A text that two lines cannot hold is shown in parts, each for its share of the span by its
    characters. A cue that would have to be read too fast stays on as long as it meets no other.

    Args:
        spans: Ascending, none overlapping.
        texts: Of each span; where one is empty, nothing is shown.
        seconds: Of the whole.
    """
    cues: list[Cue] = []
    for span, text in zip(spans, texts, strict=True):
        parts = _parts(text)
        total, passed = sum(map(_length, parts)), 0
        for part in parts:
            start = span.start + span.seconds * passed / total
            passed += _length(part)
            end = span.start + span.seconds * passed / total
            start_ms = max(round(start * 1000), cues[-1].end_ms if cues else 0)
            cues.append(Cue(start_ms, max(round(end * 1000), start_ms + 1), part))
    if not cues:
        return []
    ends = [cue.start_ms for cue in cues[1:]] + [max(round(seconds * 1000), 1)]
    return [_long_enough(cue, limit) for cue, limit in zip(cues, ends, strict=True)]


def _long_enough(cue: Cue, limit: int) -> Cue:
    """Return the cue with its end where it can be read, before the limit."""
    wanted = max(LEAST_MS, math.ceil(1000 * _length(cue.lines) / CHARACTERS_PER_SECOND))
    end = max(cue.end_ms, min(cue.start_ms + wanted, limit - GAP_MS))
    return Cue(cue.start_ms, max(min(end, limit), cue.start_ms + 1), cue.lines)


def _parts(text: str) -> list[tuple[str, ...]]:
    """Return a text as pairs of lines, as even as they come."""
    lines = textwrap.wrap(" ".join(text.split()), MAX_CHARACTERS)
    if len(lines) > 1:
        lines = _evened(text, len(lines))
    return [tuple(lines[first : first + MAX_LINES]) for first in range(0, len(lines), MAX_LINES)]


def _evened(text: str, num: int) -> list[str]:
    """Return so many lines, the longest as short as it can be."""
    words = " ".join(text.split())
    for width in range(max(1, len(words) // num), MAX_CHARACTERS + 1):
        lines = textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)
        if len(lines) == num and max(map(len, lines)) <= MAX_CHARACTERS:
            return lines
    return textwrap.wrap(words, MAX_CHARACTERS)


def _length(lines: Sequence[str]) -> int:
    return sum(map(len, lines))
