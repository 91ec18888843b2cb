"""How near written texts come to the true ones: what is counted of a pair, and metrics of many.

Counts of pairs are added up before shares are taken, as ``sacrebleu`` and ``jiwer`` do, whose
numbers these are; so that a resample of rows is a resample of counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import chain

import numpy as np

from plait.modalities.target import MetricWord

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
_PLACES = {"exact": 0, "f1": 1, "words": 2, "letters": 4, "chrf": 6}
_BLEU = _PLACES["chrf"] + 3 * CHRF_ORDER


def counted(said: str, true: str) -> np.ndarray:
    """Return what `measured` needs to know of one pair, float64 ``[36]``.

    Exact or not, the F-score of words, edits and number of words and of letters, then for each
    length of runs of letters, and of words, how many there are in both, in what was said, and in
    the truth.
    """
    words = said.split(), true.split()
    letters = said[:MAX_EDITED], true[:MAX_EDITED]
    found: list[float] = [
        float(said == true),
        _shared_words(said, true),
        count_edits(*words),
        len(words[1]),
        count_edits(*letters),
        len(letters[1]),
    ]
    tight = "".join(words[0]), "".join(words[1])
    for length in range(1, CHRF_ORDER + 1):
        both, one, other = _runs(*tight, length)
        found += both, one if other else 0, other  # what cannot be right is not wrong either
    tokens = _TOKEN.findall(said), _TOKEN.findall(true)
    found += chain.from_iterable(_runs(*tokens, n) for n in range(1, BLEU_ORDER + 1))
    return np.array(found, np.float64)


def measured(pairs: Sequence[np.ndarray]) -> dict[str, float]:
    """Return the metrics in `WORDS` of pairs as `counted` tells of them."""
    rows = np.stack(pairs)
    exact, shared = rows[:, :2].mean(0)
    total = rows.sum(0)
    word_edits, num_words, letter_edits, num_letters = total[2:6]
    return {
        "chrf": _chrf(total[_PLACES["chrf"] : _BLEU].reshape(-1, 3)),
        "exact": float(exact),
        "token_f1": float(shared),
        "bleu": _bleu(total[_BLEU:].reshape(-1, 3)),
        "wer": float(word_edits / max(num_words, 1.0)),
        "cer": float(letter_edits / max(num_letters, 1.0)),
    }


def count_edits(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Return the fewest insertions, deletions and substitutions between two sequences.

    >>> count_edits("kitten", "sitting"), count_edits(["a", "b"], [])
    (3, 2)
    """
    numbers: dict[Hashable, int] = {}
    one, other = (
        np.array([numbers.setdefault(item, len(numbers)) for item in items], np.int64)
        for items in (first, second)
    )
    places = np.arange(len(other) + 1)
    row = places.copy()
    for number, item in enumerate(one, 1):
        changed = np.minimum(row[:-1] + (other != item), row[1:] + 1)
        # What is inserted costs one each: the best of all places before, plus the way from there.
        row = np.minimum.accumulate(np.append(number, changed) - places) + places
    return int(row[-1])


def _shared_words(said: str, true: str) -> float:
    one, other = (Counter(re.findall(r"\w+", text.lower())) for text in (said, true))
    if not one or not other:
        return float(one == other)
    return 2.0 * (one & other).total() / (one.total() + other.total())


def _runs(said: Sequence[str], true: Sequence[str], length: int) -> tuple[int, int, int]:
    """Return how many runs of a length are in both, in what was said, and in the truth."""
    one, other = (
        Counter(tuple(items[i : i + length]) for i in range(len(items) - length + 1))
        for items in (said, true)
    )
    return (one & other).total(), one.total(), other.total()


def _chrf(runs: np.ndarray) -> float:
    """Return the F-score of mean precision and recall over the lengths that both have."""
    both, said, true = runs[(runs[:, 1] > 0) & (runs[:, 2] > 0)].T
    if not both.any():
        return 0.0
    precision, recall = (both / said).mean(), (both / true).mean()
    beta = CHRF_BETA**2
    return float((1 + beta) * precision * recall / (beta * precision + recall))


def _bleu(runs: np.ndarray) -> float:
    """Return the geometric mean of precisions, less brevity; lengths never met count ever less.

    (Chen & Cherry 2014, "A Systematic Comparison of Smoothing Techniques", the third.)
    """
    said, true = runs[0, 1:]
    if not runs[0, 0] or not (runs[:, 1] > 0).all():
        return 0.0
    logs, smooth = [], 1.0
    for both, num, _ in runs:
        smooth *= 1.0 if both else 2.0
        logs.append(np.log(both / num if both else 1.0 / (smooth * num)))
    return float(np.exp(np.mean(logs) + min(0.0, 1.0 - true / said)))
