"""What a series owes to what is known of its steps ahead: a linear effect, the same at each step.

A linear map M continues what came before. Where the series is ``s = u + k b``, of what is known k
and a rest u that M continues, its error is that of u plus ``(k ahead - M k before) b``, which gives
b by least squares; M is then fitted to the rest, and again (Cochrane and Orcutt 1949, "Application
of Least Squares Regression to Relationships Containing Auto-correlated Error Terms").
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plait.modalities.series.ridge import Ridge

NUM_ROUNDS = 3

PULL = 1e-3
"""Ridge penalty on the effect, per number it is learned from."""

USUAL_PENALTY = 0.1
"""Of the map that continues, per row."""


def learn_effect(
    before: np.ndarray,
    ahead: np.ndarray,
    known_before: np.ndarray,
    known_ahead: np.ndarray,
) -> np.ndarray:
    """Return the effect of each known channel on each channel of a series, ``[known, channel]``.

    Args:
        before, ahead: The series, ``[row, channel, step]``.
        known_before, known_ahead: What is known, ``[row, step, known]``.
    """
    num_rows, num_channels, num_steps = ahead.shape
    num_known = known_ahead.shape[2]
    effect = np.zeros((num_known, num_channels))
    for _ in range(NUM_ROUNDS):
        rest = before - np.einsum("rsk,kc->rcs", known_before, effect)
        after = ahead - np.einsum("rsk,kc->rcs", known_ahead, effect)
        go_on = _continue(rest.reshape(-1, rest.shape[2]), after.reshape(-1, num_steps))
        nothing = go_on(np.zeros((1, before.shape[2])))
        told = known_before.transpose(0, 2, 1).reshape(-1, before.shape[2])
        moved = (go_on(told) - nothing).reshape(num_rows, num_known, num_steps)
        news = known_ahead.transpose(0, 2, 1) - moved
        gap = ahead - go_on(before.reshape(-1, before.shape[2])).reshape(ahead.shape)
        weight = 1.0 / np.maximum((gap**2).mean(axis=0), 1e-12)
        for channel in range(num_channels):
            heavy = news * weight[channel]
            gram = np.einsum("rks,rls->kl", heavy, news)
            pull = PULL * max(float(np.trace(gram)) / num_known, 1e-12)
            along = np.einsum("rks,rs->k", heavy, gap[:, channel])
            effect[:, channel] = np.linalg.solve(gram + pull * np.eye(num_known), along)
    return effect


def _continue(before: np.ndarray, ahead: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a linear map of steps before to steps ahead, both without the level before."""
    level = before.mean(axis=1, keepdims=True)
    found = Ridge((before - level).astype(np.float32), ahead - level).solved(USUAL_PENALTY)

    def go_on(steps: np.ndarray) -> np.ndarray:
        level = steps.mean(axis=1, keepdims=True)
        return found(steps - level) + level

    return go_on
