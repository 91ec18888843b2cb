"""Simple features of sounds: what is heard at all, and a little of when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.audio.spectrum import cosine_basis, slice_means
from plait.modalities.audio.units import unit_counts

if TYPE_CHECKING:
    from jaxtyping import Float

NUM_COEFFICIENTS = 20


def sound_features(mel: Float[ndarray, "frame mel"]) -> Float[ndarray, " feature"]:
    """Return what is heard at all, and a little of when.

    Mean, spread, quantiles and mean change of every band; 16 coarse bands in each of eight
    slices of time; mean and spread of 20 cepstral coefficients, and spread of their changes
    (MFCC, Davis and Mermelstein 1980); the logarithm of the length; which short patterns
    occur (`unit_counts`).
    """
    cepstrum = mel @ cosine_basis(mel.shape[1], min(NUM_COEFFICIENTS, mel.shape[1]))
    bands = np.array_split(np.arange(mel.shape[1]), min(16, mel.shape[1]))
    coarse = np.stack([mel[:, band].mean(1) for band in bands], axis=1)
    parts = [
        mel.mean(0),
        mel.std(0),
        *np.quantile(mel, [0.1, 0.5, 0.9], axis=0),
        np.abs(_change(mel)).mean(0),
        slice_means(coarse, 8).ravel(),
        cepstrum.mean(0),
        cepstrum.std(0),
        _change(cepstrum).std(0),
        [np.log(len(mel))],
        unit_counts(mel),
    ]
    return np.concatenate(parts).astype(np.float32)


def _change(values: np.ndarray) -> np.ndarray:
    return np.diff(values, axis=0, append=values[-1:])
