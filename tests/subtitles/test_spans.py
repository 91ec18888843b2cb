"""Where a sound is cut, and a film: on sounds and films whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.subtitles.spans import scene_spans, spoken_spans

RATE_HZ = 16_000


def sound(parts, *, noise=0.001, seed=0):
    """Return a wave of pairs: seconds, and whether a voice-like tone is heard."""
    rng = np.random.default_rng(seed)
    found = []
    for seconds, heard in parts:
        time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
        tone = 0.3 * np.sin(2 * np.pi * 180 * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))
        found.append(tone * heard + noise * rng.normal(size=len(time)))
    return np.concatenate(found).astype(np.float32)


def test_what_is_heard_is_found_to_a_tenth_of_a_second():
    parts = [(0.7, 0), (1.2, 1), (0.8, 0), (0.4, 1), (0.5, 0), (2.0, 1), (0.6, 0)]
    spans = spoken_spans(sound(parts), RATE_HZ)
    edges = np.cumsum([0, *(seconds for seconds, _ in parts)])
    true = [(edges[i], edges[i + 1]) for i, (_, heard) in enumerate(parts) if heard]
    assert len(spans) == len(true)
    for span, (start, end) in zip(spans, true, strict=True):
        assert start - 0.12 <= span.start <= start + 0.03 and end - 0.03 <= span.end <= end + 0.12


def test_a_short_pause_and_a_click_part_nothing():
    parts = [(0.5, 0), (0.6, 1), (0.15, 0), (0.6, 1), (1, 0), (0.04, 1), (1, 0)]
    spans = spoken_spans(sound(parts), RATE_HZ)
    assert len(spans) == 1 and spans[0].seconds == pytest.approx(1.35 + 0.2, abs=0.1)


@pytest.mark.parametrize("noise", [0.0, 1e-5])
def test_silence_has_no_spans(noise):
    assert spoken_spans(sound([(3, 0)], noise=noise), RATE_HZ) == []
    assert spoken_spans(np.zeros(0, np.float32), RATE_HZ) == []


def test_a_sound_without_pauses_is_one_span_cut_to_length():
    spans = spoken_spans(sound([(9.0, 1)]), RATE_HZ, longest=4.0)
    assert len(spans) >= 3 and max(span.seconds for span in spans) <= 4.0 + 0.01
    assert spans[0].start == pytest.approx(0, abs=0.05) and spans[-1].end == pytest.approx(
        9, abs=0.05
    )


def test_long_speech_is_cut_where_it_is_quietest():
    wave = sound([(0.5, 0), (5.0, 1), (0.5, 0)])
    quiet = slice(int(2.9 * RATE_HZ), int(3.05 * RATE_HZ))
    wave[quiet] *= 0.02
    first, second = spoken_spans(wave, RATE_HZ, longest=4.5)
    assert 2.9 <= first.end <= 3.05 and first.end == second.start


@given(
    parts=st.lists(st.tuples(st.floats(0.02, 2.0), st.booleans()), min_size=1, max_size=8),
    longest=st.floats(0.5, 5.0),
    noise=st.sampled_from([0.0, 0.001, 0.05]),
)
@settings(max_examples=40, deadline=None)
def test_spans_are_in_order_inside_and_apart(parts, longest, noise):
    wave = sound(parts, noise=noise)
    spans = spoken_spans(wave, RATE_HZ, longest=longest)
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges) and all(span.seconds > 0 for span in spans)
    assert all(0 <= edge <= len(wave) / RATE_HZ + 1e-9 for edge in edges)


def film(scenes, per_scene=12, seed=0):
    """Return frames of scenes: each a colour of its own with things that move."""
    rng = np.random.default_rng(seed)
    found = []
    for colour in scenes:
        frame = np.full((48, 64, 3), colour, np.uint8)
        for place in range(per_scene):
            moved = frame.copy()
            moved[10:20, 4 * place : 4 * place + 10] = 255
            found.append(np.clip(moved + rng.normal(0, 2, frame.shape), 0, 255).astype(np.uint8))
    return np.stack(found)


def test_a_film_is_cut_where_its_scene_changes():
    frames = film([(200, 30, 30), (20, 40, 180), (20, 160, 60)])
    spans = scene_spans(frames, 9.0)
    assert [s.start for s in spans] == pytest.approx([0, 3, 6])
    assert [s.end for s in spans] == pytest.approx([3, 6, 9])


def test_long_scenes_are_cut_evenly_and_nothing_is_lost():
    spans = scene_spans(film([(90, 90, 90)], 20), 20.0, longest=6.0)
    assert [s.seconds for s in spans] == pytest.approx([5.0] * 4)
    assert spans[0].start == 0 and spans[-1].end == 20.0
    one = scene_spans(film([(90, 90, 90)], 1), 0.5)
    assert [(s.start, s.end) for s in one] == [(0.0, 0.5)]


def test_a_film_that_flickers_all_the_time_is_no_row_of_cuts():
    noise = np.random.default_rng(0).integers(0, 256, (30, 48, 64, 3)).astype(np.uint8)
    flicker = np.where((np.arange(30) % 2 == 0)[:, None, None, None], noise, noise // 3)
    assert len(scene_spans(flicker, 6.0)) == 1
