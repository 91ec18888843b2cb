"""The learning rate over a training: how it rises and falls with the progress."""

from __future__ import annotations

import math


def one_cycle(share: float, warmup: float) -> float:
    """Return the learning rate over its peak: a linear rise, then half a cosine down to 1 %.

    Source: Smith and Topin 2018 (super-convergence); linear warm-up and cosine after Loshchilov
    and Hutter 2017.

    Args:
        share: Progress in [0, 1].
        warmup: Share of the rise.
    """
    if share < warmup:
        return 0.01 + 0.99 * share / warmup
    down = min(1.0, (share - warmup) / max(1 - warmup, 1e-9))
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * down))
