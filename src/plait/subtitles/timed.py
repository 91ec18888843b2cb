"""Cuts words with times into what one cue holds, and joins what is shown for a while."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from plait.subtitles.cues import MAX_CHARACTERS, MAX_LINES
from plait.subtitles.spans import Span

REST_SECONDS = 0.6
"""Nobody speaks for so long: what follows has a cue of its own."""

SENTENCE, CLAUSE = (".", "?", "!", "…", "。"), (",", ";", ":", "–", "、")
LIKENESS = 0.8
"""Two texts that are shown one after the other and differ less are one, read a little wrong."""


@dataclass(frozen=True)
class Timed:
    """A word and when it is said, in seconds from the start of the whole."""

    text: str
    start: float
    end: float


def cues_of_words(words: Sequence[Timed], longest: float) -> tuple[list[Span], list[str]]:
    """Return spans and their texts, each of which two lines hold.

    Words between two rests are one text. Where that is too much for a cue, or takes too long, it is
    cut in two near its middle: best behind a sentence, else behind a clause or before a pause.

    Args:
        words: In the order in which they are said; times that run back are put right.
        longest: Most seconds of a span of several words.
    """
    groups: list[list[Timed]] = []
    for word in _ascending(words):
        if groups and word.start - groups[-1][-1].end < REST_SECONDS:
            groups[-1].append(word)
        else:
            groups.append([word])
    parts = [part for group in groups for part in _cut(group, longest)]
    spans = [Span(part[0].start, part[-1].end) for part in parts]
    return spans, [" ".join(word.text for word in part) for part in parts]


def cues_of_pictures(texts: Sequence[str], seconds: float) -> tuple[list[Span], list[str]]:
    """Return how long each text is shown, and the text: the longest reading of it.

    Args:
        texts: Read in pictures that are evenly spread over the whole.
        seconds: Of the whole.
    """
    each = seconds / max(len(texts), 1)
    spans: list[Span] = []
    found: list[str] = []
    for place, text in enumerate(texts):
        span = Span(place * each, (place + 1) * each)
        if spans and spans[-1].end == span.start and _alike(found[-1], text):
            spans[-1] = Span(spans[-1].start, span.end)
            found[-1] = max(found[-1], text, key=len)
        elif text:
            spans.append(span)
            found.append(text)
    return spans, found


def _ascending(words: Sequence[Timed]) -> list[Timed]:
    """Return words whose times never run back, of at least a hundredth of a second each."""
    found: list[Timed] = []
    for word in words:
        start = max(word.start, found[-1].end if found else 0.0)
        found.append(Timed(word.text, start, max(word.end, start + 0.01)))
    return found


def _cut(words: list[Timed], longest: float) -> list[list[Timed]]:
    text = " ".join(word.text for word in words)
    short = words[-1].end - words[0].start <= longest
    if len(words) == 1 or (short and len(textwrap.wrap(text, MAX_CHARACTERS)) <= MAX_LINES):
        return [words]
    places = range(1, len(words))
    best = max(places, key=lambda place: _worth(words, place, len(text)))
    return _cut(words[:best], longest) + _cut(words[best:], longest)


def _worth(words: Sequence[Timed], place: int, length: int) -> float:
    """Return how good a cut before a word is: 0 in the middle, less towards the ends."""
    before = sum(len(word.text) + 1 for word in words[:place])
    last, gap = words[place - 1].text, words[place].start - words[place - 1].end
    bonus = 0.5 * last.endswith(SENTENCE) + 0.25 * last.endswith(CLAUSE) + min(gap, 0.5)
    return bonus - 2 * abs(before / length - 0.5)


def _alike(first: str, second: str) -> bool:
    return difflib.SequenceMatcher(None, first, second).ratio() >= LIKENESS
