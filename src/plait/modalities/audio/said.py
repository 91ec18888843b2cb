"""Which column of letters sounds say: the one whose texts are long where sounds are long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

LEAST_ALIKE = 0.5
"""Correlation of the lengths of texts and sounds, at least."""

LEAST_ROWS = 8
LEAST_SPREAD = 0.05
"""Of lengths, as a share of their mean: of what always takes as long nothing can be told."""

LEAST_FITTING, SAMPLES_A_LETTER = 0.9, 160
"""Share of the rows in which a letter has so many samples, at least."""


def said_column(num_samples: Sequence[int], num_letters: Mapping[str, np.ndarray]) -> str:
    """Return the column whose letters are said in sounds; "" where none is.

    What is said takes as long as its letters are many; a label, or a caption that tells of a sound
    in its own words, has little to do with how long it sounds.

    Args:
        num_samples: Of each row's sound.
        num_letters: Column -> how many letters each row has, int ``[row]``; 0 where it has none.

    >>> said_column(range(4000, 14000, 1000), {"name": np.arange(4, 14), "kind": np.full(10, 5)})
    'name'
    """
    samples = np.asarray(num_samples, np.float64)
    alike = {name: _alike(samples, letters) for name, letters in num_letters.items()}
    best = max(alike, key=lambda name: alike[name], default="")
    return best if best and alike[best] >= LEAST_ALIKE else ""


def _alike(samples: np.ndarray, letters: np.ndarray) -> float:
    """Return the correlation of lengths; 0 where letters cannot be what is said."""
    there = letters > 0
    samples, letters = samples[there], letters[there].astype(np.float64)
    if len(letters) < LEAST_ROWS:
        return 0.0
    if (samples >= SAMPLES_A_LETTER * letters).mean() < LEAST_FITTING:
        return 0.0
    if min(samples.std() / samples.mean(), letters.std() / letters.mean()) < LEAST_SPREAD:
        return 0.0
    return float(np.corrcoef(samples, letters)[0, 1])
