"""Words with times become cues: cut behind sentences and in pauses; readings that recur are one."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.subtitles.cues import MAX_CHARACTERS, MAX_LINES, lay_out
from plait.subtitles.timed import Timed, cues_of_pictures, cues_of_words


def said(text, *, start=0.0, each=0.3):
    """Return the words of a text, one after the other."""
    return [
        Timed(word, start + place * each, start + (place + 1) * each)
        for place, word in enumerate(text.split())
    ]


def test_a_rest_parts_and_times_are_those_of_the_words():
    words = [*said("all aboard now", start=1.0), *said("we leave", start=4.0)]
    spans, texts = cues_of_words(words, 7.0)
    assert texts == ["all aboard now", "we leave"]
    assert [e for s in spans for e in (s.start, s.end)] == pytest.approx([1.0, 1.9, 4.0, 4.6])


def test_long_speech_is_cut_behind_the_sentence_near_its_middle():
    first = "The boat left the harbour early in the morning."
    second = "Nobody on the pier had seen it leave, for all of them slept."
    _, texts = cues_of_words(said(f"{first} {second}"), 20.0)
    assert texts == [first, second]


def test_what_takes_too_long_is_cut_although_it_fits():
    spans, texts = cues_of_words(said("one, two three, four", each=1.0), 2.5)
    assert texts == ["one, two", "three, four"] and spans[1].start == 2.0


def test_times_that_run_back_are_put_right():
    words = [Timed("a", 1.0, 0.5), Timed("b", 0.2, 0.4), Timed("c", 0.3, 2.0)]
    ((span,), (text,)) = cues_of_words(words, 7.0)
    assert text == "a b c" and (span.start, span.end) == (1.0, 2.0)
    assert cues_of_words([], 7.0) == ([], [])


@given(
    words=st.lists(
        st.tuples(st.text("abcdefg,.", min_size=1, max_size=50), st.floats(0, 60)), max_size=60
    ),
    longest=st.floats(0.5, 9.0),
)
@settings(max_examples=60, deadline=None)
def test_every_cue_is_held_by_two_lines_and_no_word_is_lost(words, longest):
    timed = [Timed(text, at, at + 0.4) for text, at in words]
    spans, texts = cues_of_words(timed, longest)
    assert " ".join(texts).split() == [text for text, _ in words]
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    for span, text in zip(spans, texts, strict=True):
        if " " in text:
            assert len(textwrap.wrap(text, MAX_CHARACTERS)) <= MAX_LINES
            assert span.seconds <= longest
    cues = lay_out(spans, texts, 100.0)
    times = [time for cue in cues for time in (cue.start_ms, cue.end_ms)]
    assert times == sorted(times) and all(len(cue.lines) <= MAX_LINES for cue in cues)


def test_what_is_shown_for_a_while_is_one_cue_by_its_longest_reading():
    texts = ["", "Chapter one", "Chapter one.", "Chapter one", "", "", "The end", "The end"]
    spans, found = cues_of_pictures(texts, 8.0)
    assert found == ["Chapter one.", "The end"]
    assert [(s.start, s.end) for s in spans] == [(1.0, 4.0), (6.0, 8.0)]
    assert cues_of_pictures([], 0.0) == ([], [])


def test_a_text_that_returns_after_nothing_is_shown_again():
    spans, found = cues_of_pictures(["Boats", "", "Boats"], 3.0)
    assert found == ["Boats", "Boats"] and len(spans) == 2
