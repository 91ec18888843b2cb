"""Cues: two lines of 42 characters, in order, none over another; read back by public parsers."""

from __future__ import annotations

import io
import math

import srt
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.subtitles.cues import CHARACTERS_PER_SECOND, GAP_MS, MAX_CHARACTERS, Cue, lay_out
from plait.subtitles.files import to_srt, to_vtt
from plait.subtitles.spans import Span

WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "then", "away")


def spans_and_texts(lengths, words):
    """Return spans with pauses between them, and texts of so many words."""
    spans, now = [], 0.0
    for length in lengths:
        spans.append(Span(now, now + length))
        now += length + 0.5
    return spans, [" ".join(WORDS[i % len(WORDS)] for i in range(num)) for num in words], now


def test_a_short_text_is_one_line_and_stays_long_enough():
    (cue,) = lay_out([Span(1.0, 1.2)], ["a red boat on the lake"], 9.0)
    assert cue.lines == ("a red boat on the lake",) and cue.start_ms == 1000
    assert cue.end_ms == 1000 + math.ceil(1000 * 22 / CHARACTERS_PER_SECOND) and not cue.too_fast


def test_a_longer_one_has_two_even_lines():
    (cue,) = lay_out([Span(0, 5)], ["a red boat lies on the lake, and nobody is there"], 5.0)
    assert cue.lines == ("a red boat lies on the", "lake, and nobody is there")


def test_what_two_lines_cannot_hold_is_shown_in_parts():
    spans, texts, end = spans_and_texts([9.0], [40])
    cues = lay_out(spans, texts, end)
    assert len(cues) > 1 and cues[0].start_ms == 0 and cues[-1].end_ms >= 9000
    assert " ".join(line for cue in cues for line in cue.lines) == texts[0]


def test_a_cue_gives_way_to_the_next():
    first, second = lay_out([Span(0, 0.3), Span(0.4, 1)], ["x" * 30, "boat"], 5.0)
    assert first.end_ms == 400 - GAP_MS and first.too_fast and second.start_ms == 400


def test_nothing_is_shown_where_nothing_is_said():
    assert lay_out([Span(0, 1), Span(2, 3)], ["", "  \n "], 3.0) == []
    assert to_srt([]) == "" and to_vtt([]) == "WEBVTT\n"


def test_one_word_longer_than_a_line_is_broken():
    cues = lay_out([Span(0, 9)], ["Donaudampfschifffahrt" * 6], 9.0)
    assert all(len(line) <= MAX_CHARACTERS for cue in cues for line in cue.lines)
    assert "".join(line for cue in cues for line in cue.lines) == "Donaudampfschifffahrt" * 6


@given(
    lengths=st.lists(st.floats(0.01, 8.0), min_size=1, max_size=6),
    words=st.lists(st.integers(0, 60), min_size=6, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_parsers_read_back_what_was_laid_out(lengths, words):
    spans, texts, end = spans_and_texts(lengths, words[: len(lengths)])
    cues = lay_out(spans, texts, end)
    read = list(srt.parse(to_srt(cues)))
    assert [one.content for one in read] == ["\n".join(cue.lines) for cue in cues]
    times = [(one.start.total_seconds(), one.end.total_seconds()) for one in read]
    assert times == [(cue.start_ms / 1000, cue.end_ms / 1000) for cue in cues]
    flat = [time for pair in times for time in pair]
    assert flat == sorted(flat) and all(start < stop for start, stop in times)
    assert all(1 <= len(cue.lines) <= 2 for cue in cues)
    assert all(len(line) <= MAX_CHARACTERS for cue in cues for line in cue.lines)
    again = webvtt.from_buffer(io.StringIO(to_vtt(cues))).captions if cues else []
    assert [one.text for one in again] == [one.content for one in read]


def test_text_that_looks_like_markup_or_times_stays_text():
    cues = [Cue(0, 1000, ("5 < 6 & 7 > 6", "a --> b"))]
    (found,) = webvtt.from_buffer(io.StringIO(to_vtt(cues))).captions
    assert found.raw_text == "5 &lt; 6 &amp; 7 &gt; 6\na --&gt; b"
    (read,) = srt.parse(to_srt(cues))
    assert read.content == "5 < 6 & 7 > 6\na → b"


def test_times_beyond_an_hour():
    (read,) = srt.parse(to_srt([Cue(3_723_004, 3_724_000, ("late",))]))
    assert read.start.total_seconds() == 3723.004
