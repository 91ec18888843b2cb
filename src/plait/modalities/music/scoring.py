"""How far a tune that was made is like the true one, and whether its bars hold their metre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.modalities.music.features import histograms
from plait.modalities.music.tune import LENGTH, ONSET, Tune
from plait.modalities.target import MetricWord

WORDS: Mapping[str, MetricWord] = {
    "likeness": MetricWord(
        name="likeness",
        says="Mean overlap of the pitches (from the tonic), steps and lengths of what was made "
        "with those of the truth; 1 is the same mixture, in whatever order.",
        share=True,
    ),
    "pitches": MetricWord(
        name="pitch overlap",
        says="Share that the histograms of pitch classes, from the tonic, have in common.",
        share=True,
    ),
    "steps": MetricWord(
        name="step overlap",
        says="Share that the histograms of steps from note to note have in common.",
        share=True,
    ),
    "rhythm": MetricWord(
        name="rhythm overlap",
        says="Share that the histograms of lengths have in common.",
        share=True,
    ),
    "metre": MetricWord(
        name="metre right", says="Tunes whose first metre is the true one.", share=True
    ),
    "bars": MetricWord(
        name="bars held",
        says="Bars between the first and the last that notes and rests fill to their line, none "
        "reaching over it, as close to the share of the true tunes as can be.",
        share=True,
    ),
}
"""What is measured of tunes, the headline first."""


def compared(said: Tune, true: Tune) -> np.ndarray:
    """Return overlaps of pitches, steps and rhythm, whether the metre is right, and of both tunes
    how many bars hold, and how many there are, float64 ``[8]``."""
    one, other = histograms(said), histograms(true)
    overlaps = [_overlap(one[name], other[name]) for name in one]
    same = said.metres[:1] == true.metres[:1]
    return np.array([*overlaps, same, *held_bars(said), *held_bars(true)], np.float64)


def resampled(rows: Sequence[np.ndarray], counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics in `WORDS` of many resamples, each float64 ``[resample]``.

    Args:
        rows: As `compared` tells of them.
        counts: ``[resample, row]``: how often each was drawn.
    """
    totals = counts.astype(np.float64) @ np.stack(rows)
    num = counts.sum(axis=1)
    pitches, steps, rhythm, metre = (totals[:, i] / num for i in range(4))
    said, true = (
        np.where(totals[:, i + 1] > 0, totals[:, i] / np.maximum(totals[:, i + 1], 1), 1.0)
        for i in (4, 6)
    )
    return {
        "likeness": (pitches + steps + rhythm) / 3,
        "pitches": pitches,
        "steps": steps,
        "rhythm": rhythm,
        "metre": metre,
        "bars": 1.0 - np.abs(said - true),
    }


def held_bars(tune: Tune) -> tuple[int, int]:
    """Return how many bars hold their metre, and how many there are, the first and last left out.

    A bar holds when what is written from its line on, notes and the rests between them, ends at the
    next line: no note reaches over either of them.
    """
    starts = [start for start, _, _ in tune.bars()]
    if len(starts) < 3:
        return 0, 0
    lines = np.array(starts[1:])
    onsets, ends = tune.notes[:, ONSET], tune.notes[:, ONSET] + tune.notes[:, LENGTH]
    crossed = ((onsets < lines[:, None]) & (ends > lines[:, None])).any(1)
    return int((~(crossed[1:] | crossed[:-1])).sum()), len(lines) - 1


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    if not first.any() or not second.any():
        return float(first.any() == second.any())
    return float(np.minimum(first, second).sum())
