"""How good rankings are: whether what came is near the top, and what is recommended at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.modalities.target import MetricWord

CUT = 10
"""Of the metrics at a cut: so many are recommended."""

WORDS: Mapping[str, MetricWord] = {
    "ndcg_at_10": MetricWord(
        name="NDCG@10",
        says="What came next counts 1 where it is ranked first, and 1 / log2(rank + 1) down to "
        "rank 10, among all items.",
    ),
    "recall_at_10": MetricWord(
        name="recall@10",
        says="How often what came next is among the ten best of all items (also called hit rate).",
        share=True,
    ),
    "mrr": MetricWord(
        name="MRR",
        says="Mean of 1 / rank of what came next, among all items; 0 beyond rank 1,000.",
    ),
    "catalogue_coverage": MetricWord(
        name="catalogue coverage",
        says="Share of all items that are among anybody's ten best.",
        share=True,
    ),
    "novelty": MetricWord(
        name="novelty",
        says="Mean surprise of what is recommended, in bits: minus log2 of each item's share of "
        "all that training took.",
    ),
    "popularity_bias": MetricWord(
        name="popularity bias",
        says="How many times more popular what is recommended is than what was taken: 1 is alike.",
        lower_is_better=True,
    ),
}
"""What is measured of rankings, the headline first."""


def compared(rank: int, taken: int, best: Sequence[int]) -> np.ndarray:
    """Return what `measured` needs to know of one pair, float64 ``[2 + CUT]``.

    Args:
        rank: Of the true item; 0 where it is not ranked.
        taken: How often training took it.
        best: Numbers of the items that are ranked best, at most `CUT`; 0 is unknown.
    """
    found = np.zeros(2 + CUT)
    found[:2] = rank, taken
    found[2 : 2 + len(best)] = best
    return found


def measured(pairs: Sequence[np.ndarray], counts: Sequence[int], num: int) -> dict[str, float]:
    """Return the metrics in `WORDS` of pairs as `compared` tells of them."""
    table = np.concatenate(pairs).reshape(len(pairs), -1)
    rank, taken = table[:, 0], table[:, 1]
    hit = (rank >= 1) & (rank <= CUT)
    best = np.bincount(table[:, 2:].astype(np.int64).ravel(), minlength=num + 1)[1:]
    known = np.zeros(num)
    known[: len(counts)] = counts
    surprise = -np.log2((known + 1.0) / (known.sum() + num))
    usual, every = max(float(taken.mean()), 1.0), max(int(best.sum()), 1)
    return {
        "ndcg_at_10": float(np.where(hit, 1.0 / np.log2(np.maximum(rank, 1.0) + 1.0), 0.0).mean()),
        "recall_at_10": float(hit.mean()),
        "mrr": float(np.where(rank > 0, 1.0 / np.maximum(rank, 1.0), 0.0).mean()),
        "catalogue_coverage": float((best > 0).sum()) / max(num, 1),
        "novelty": float(best @ surprise) / every,
        "popularity_bias": float(best @ known) / every / usual,
    }
