"""Cuts a sound where nobody speaks, and a film where its scene changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8

STEP_SECONDS = 0.02
"""Loudness is looked at in steps of this length."""

SILENT_DB, CLEAR_DB = -60.0, 6.0
"""What is never loud, and how much louder than its background a sound is at least."""

RISE = 0.35
"""Of the way from the background's loudness to that of the loudest steps, what counts as loud."""

PAUSE_SECONDS, LEAST_SECONDS, EDGE_SECONDS = 0.3, 0.1, 0.1
"""Shorter pauses part nothing; shorter sounds are clicks; so much is kept on both sides of one."""

NUM_SHADES, CHANGE = 8, 0.35
"""Shades of a colour that are counted, and the share of pixels that must change theirs in a cut."""


@dataclass(frozen=True)
class Span:
    """A stretch of time, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


def spoken_spans(
    wave: Float[ndarray, " time"], rate_hz: int, *, longest: float = 7.0
) -> list[Span]:
    """Return where a sound is louder than its background, in order, none overlapping.

    Loudness is that of 20 ms; its background is the quietest tenth of all steps. What is longer
    than `longest` seconds is cut where it is quietest.

    Args:
        wave: One channel, in [-1, 1].
        rate_hz: Samples a second.
        longest: Most seconds of a span.
    """
    levels = _levels(wave, rate_hz)
    if not len(levels):
        return []
    quiet, loud = np.quantile(levels, 0.1), np.quantile(levels, 0.98)
    if loud < SILENT_DB:
        return []
    least = max(quiet + max(CLEAR_DB, RISE * (loud - quiet)), SILENT_DB)
    if loud - quiet < CLEAR_DB:  # one level throughout: no pauses to be seen
        least = SILENT_DB
    seconds = len(wave) / rate_hz
    found = []
    for first, last in _runs(levels >= least, round(PAUSE_SECONDS / STEP_SECONDS)):
        if (last - first) * STEP_SECONDS < LEAST_SECONDS:
            continue
        found += [
            Span(a * STEP_SECONDS, min(b * STEP_SECONDS, seconds))
            for a, b in _parts(levels, first, last, max(1, int(longest / STEP_SECONDS)))
        ]
    return _with_edges(found, seconds)


def scene_spans(
    frames: UInt8[ndarray, "frame height width 3"], seconds: float, *, longest: float = 7.0
) -> list[Span]:
    """Return the scenes of a film: all of it, cut where colours change at once.

    Colours are counted in eight shades of each channel, of a ninth of the picture each; a cut is
    where more than a third of the pixels change their shade, and more than twice as many as around
    it (shot boundaries by histograms: Zhang et al. 1993, "Automatic partitioning of full-motion
    video"). Cuts are as exact as the frames lie apart.

    Args:
        frames: Evenly spread over the film.
        seconds: Its length.
        longest: Most seconds of a span; longer scenes are cut evenly.
    """
    counts = np.stack([_colours(frame) for frame in frames])
    changes = np.abs(np.diff(counts, axis=0)).sum(axis=(1, 2)) / 2 / counts.shape[1]
    cuts = [0.0]
    for place, change in enumerate(changes):
        around = np.delete(changes[max(place - 2, 0) : place + 3], min(place, 2))
        if change > CHANGE and change > 2 * float(np.median(around) if len(around) else 0.0):
            cuts.append((place + 1) / len(frames) * seconds)
    found = []
    for start, end in zip(cuts, [*cuts[1:], seconds], strict=True):
        num = max(1, int(np.ceil((end - start) / longest - 1e-9)))
        edges = np.linspace(start, end, num + 1).tolist()
        found += [Span(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True) if b > a]
    return found


def _levels(wave: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return the loudness of each step in decibels of full scale, float64 ``[step]``."""
    size = max(1, round(STEP_SECONDS * rate_hz))
    num = len(wave) // size
    steps = wave[: num * size].reshape(num, size).astype(np.float64)
    steps = steps - steps.mean(axis=1, keepdims=True)
    return 10 * np.log10(np.maximum((steps**2).mean(axis=1), 1e-12))


def _runs(loud: np.ndarray, pause: int) -> list[tuple[int, int]]:
    """Return runs of loud steps, from and to, those with less than a pause between them as one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]])))
    found: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if found and first - found[-1][1] < pause:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


def _parts(levels: np.ndarray, first: int, last: int, most: int) -> list[tuple[int, int]]:
    """Cut a run of more than `most` steps where it is quietest, away from its ends."""
    if last - first <= most:
        return [(first, last)]
    margin = max(1, min((last - first) // 4, most // 2))
    inner = levels[first + margin : last - margin]
    smooth = np.convolve(inner, np.ones(5) / 5, "same") if len(inner) > 5 else inner
    cut = first + margin + int(smooth.argmin()) if len(inner) else (first + last) // 2
    return _parts(levels, first, cut, most) + _parts(levels, cut, last, most)


def _with_edges(spans: Sequence[Span], seconds: float) -> list[Span]:
    """Return the spans a little longer on both sides, where that meets no other span."""
    found: list[Span] = []
    for place, span in enumerate(spans):
        before = spans[place - 1].end if place else -np.inf
        behind = spans[place + 1].start if place + 1 < len(spans) else np.inf
        start = max(span.start - EDGE_SECONDS, (before + span.start) / 2, 0.0)
        end = min(span.end + EDGE_SECONDS, (span.end + behind) / 2, seconds)
        found.append(Span(float(start), float(end)))
    return found


def _colours(frame: np.ndarray) -> np.ndarray:
    """Return shares of shades, float64 ``[part of the picture, channel and shade]``, sum 1 each."""
    shades = frame.astype(np.int64) * NUM_SHADES // 256 + np.arange(3) * NUM_SHADES
    parts = [p for row in np.array_split(shades, 3) for p in np.array_split(row, 3, axis=1)]
    counts = [np.bincount(part.ravel(), minlength=3 * NUM_SHADES) for part in parts if part.size]
    return np.stack([count / max(count.sum(), 1) for count in counts])
