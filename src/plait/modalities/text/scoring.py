"""How near written texts come to the true ones: what is counted of a pair, and metrics of many.

Counts of pairs are added up before shares are taken, as ``sacrebleu`` and ``jiwer`` do, whose
numbers these are; so that a resample of rows is a resample of counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from plait.modalities.target import MetricWord
from plait.modalities.text.consensus import cider_d, rouge_l, told_runs, words_of

CHRF_ORDER, BLEU_ORDER = 6, 4
CHRF_BETA = 2.0
MAX_EDITED = 2000
"""Of longer texts the first so many characters are compared letter by letter."""

WORDS: Mapping[str, MetricWord] = {
    "chrf": MetricWord(
        name="chrF",
        says="How far the runs of 1 to 6 letters of what was written are those of the truth: "
        "an F-score that counts what is missing twice (Popović 2015).",
        share=True,
    ),
    "exact": MetricWord(
        name="exact match", says="Share of rows whose text is the truth, letter by letter.",
        share=True,
    ),
    "token_f1": MetricWord(
        name="token F1",
        says="Mean F-score of the words that text and truth have in common, in any order and case.",
        share=True,
    ),
    "bleu": MetricWord(
        name="BLEU",
        says="How many runs of 1 to 4 words are those of the truth, less what is too short "
        "(Papineni et al. 2002).",
        share=True,
    ),
    "rouge_l": MetricWord(
        name="ROUGE-L",
        says="Mean F-score of the longest run of words, with gaps, that text and truth have in the "
        "same order (Lin 2004).",
        share=True,
    ),
    "cider_d": MetricWord(
        name="CIDEr-D",
        says="From 0 to 10: how far runs of 1 to 4 words are those of the truth; the fewer of the "
        "rows scored together have a run, the more it weighs (Vedantam et al. 2015), so that other "
        "rows have another scale. Of one word 2.5 at most.",
    ),
    "wer": MetricWord(
        name="WER",
        says="Words to change, add or take away, per word of the truth.",
        lower_is_better=True,
        share=True,
    ),
    "cer": MetricWord(
        name="CER",
        says="Letters to change, add or take away, per letter of the truth.",
        lower_is_better=True,
        share=True,
    ),
}  # fmt: skip
"""What is measured of texts, the headline first."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PLACES = {"exact": 0, "f1": 1, "rouge": 2, "words": 3, "letters": 5, "chrf": 7}
_BLEU = _PLACES["chrf"] + 3 * CHRF_ORDER
_RUNS = _BLEU + 3 * BLEU_ORDER


def counted(said: str, true: str) -> np.ndarray:
    """Return what `resampled` needs to know of one pair, float64 ``[37 + 4 * runs]``.

    Exact or not, the F-score of words and ROUGE-L, edits and number of words and of letters, then
    for each length of runs of letters, and of words, how many there are in both, in what was said,
    and in the truth; and the runs of words that `told_runs` tells.
    """
    words = said.split(), true.split()
    letters = said[:MAX_EDITED], true[:MAX_EDITED]
    plain = words_of(said), words_of(true)
    found: list[float] = [
        float(said == true),
        _shared_words(*plain),
        rouge_l(*plain),
        count_edits(*words),
        len(words[1]),
        count_edits(*letters),
        len(letters[1]),
    ]
    tight = "".join(words[0]), "".join(words[1])
    for length in range(1, CHRF_ORDER + 1):
        both, one, other = _runs(*tight, length)
        found += both, one if other else 0, other  # what cannot be right is not wrong either
    tokens = tuple(_TOKEN.findall(said)), tuple(_TOKEN.findall(true))
    found += chain.from_iterable(_runs(*tokens, n) for n in range(1, BLEU_ORDER + 1))
    return np.concatenate([np.array(found, np.float64), told_runs(*plain).reshape(-1)])


def resampled(pairs: Sequence[np.ndarray], counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics in `WORDS` of many resamples of pairs, each float64 ``[resample]``.

    How rare a run of words is, which CIDEr-D goes by, is a matter of all pairs.

    Args:
        pairs: As `counted` tells of them.
        counts: ``[resample, row]``: how often each was drawn.
    """
    counts = counts.astype(np.float64)
    rows = np.stack([one[:_RUNS] for one in pairs])
    total, num = counts @ rows, counts.sum(axis=1)
    word_edits, num_words, letter_edits, num_letters = total[:, 3:7].T
    rare = cider_d([one[_RUNS:].reshape(-1, 4) for one in pairs])
    return {
        "chrf": _chrf(total[:, _PLACES["chrf"] : _BLEU].reshape(len(num), -1, 3)),
        "exact": total[:, 0] / num,
        "token_f1": total[:, 1] / num,
        "bleu": _bleu(total[:, _BLEU:].reshape(len(num), -1, 3)),
        "rouge_l": total[:, 2] / num,
        "cider_d": counts @ rare / num,
        "wer": word_edits / np.maximum(num_words, 1.0),
        "cer": letter_edits / np.maximum(num_letters, 1.0),
    }


def count_edits(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Return the fewest insertions, deletions and substitutions between two sequences, by bits.

    (Myers 1999, "A fast bit-vector algorithm for approximate string matching", as in Hyyrö 2003.)
    A bit of `up` and `down` tells whether the distance of a beginning of the first from what was
    read of the second is one more, or one less, than that of the beginning before it.

    >>> count_edits("kitten", "sitting"), count_edits(["a", "b"], [])
    (3, 2)
    """
    places: dict[Hashable, int] = {}
    for place, item in enumerate(first):
        places[item] = places.get(item, 0) | 1 << place
    full, found = (1 << len(first)) - 1, len(first)
    last = 1 << max(len(first) - 1, 0)
    up, down = full, 0
    for item in second:
        same = places.get(item, 0)
        across = (((same & up) + up) ^ up) | same
        more, less = down | ~(across | up) & full, up & across
        found += bool(more & last) - bool(less & last) if first else 1
        more, less = (more << 1 | 1) & full, less << 1 & full
        up, down = less | ~(same | down | more) & full, more & (same | down)
    return found


def _shared_words(said: Sequence[str], true: Sequence[str]) -> float:
    one, other = Counter(said), Counter(true)
    if not one or not other:
        return float(one == other)
    return 2.0 * (one & other).total() / (one.total() + other.total())


def _runs(said: Sequence[Any], true: Sequence[Any], length: int) -> tuple[int, int, int]:
    """Return how many runs of a length are in both, in what was said, and in the truth."""
    one, other = (
        Counter([items[i : i + length] for i in range(len(items) - length + 1)])
        for items in (said, true)
    )
    return (one & other).total(), one.total(), other.total()


def _chrf(runs: np.ndarray) -> np.ndarray:
    """Return the F-score of mean precision and recall over the lengths that both have.

    Args:
        runs: ``[resample, length, 3]``.
    """
    both, said, true = np.moveaxis(runs, 2, 0)
    have = (said > 0) & (true > 0)
    num = np.maximum(have.sum(axis=1), 1)
    precision, recall = (
        np.divide(both, of, out=np.zeros_like(both), where=have).sum(axis=1) / num
        for of in (said, true)
    )
    beta = CHRF_BETA**2
    below = beta * precision + recall
    above = (1 + beta) * precision * recall
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _bleu(runs: np.ndarray) -> np.ndarray:
    """Return the geometric mean of precisions, less brevity; lengths never met count ever less.

    (Chen & Cherry 2014, "A Systematic Comparison of Smoothing Techniques", the third.)

    Args:
        runs: ``[resample, length, 3]``.
    """
    both, said, true = np.moveaxis(runs, 2, 0)
    there = (both[:, 0] > 0) & (said > 0).all(axis=1)
    smooth = 2.0 ** -np.cumsum(both == 0, axis=1)
    shares = np.where(both > 0, both, smooth) / np.maximum(said, 1.0)
    brevity = np.minimum(0.0, 1.0 - true[:, 0] / np.maximum(said[:, 0], 1.0))
    return np.where(there, np.exp(np.log(shares).mean(axis=1) + brevity), 0.0)
