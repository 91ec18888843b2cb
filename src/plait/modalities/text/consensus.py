"""CIDEr-D and ROUGE-L: how far a text says what the true one does, by rare runs and by order."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

ORDER, SIGMA = 4, 6.0
MOST = 10.0
"""CIDEr-D of a text of four words or more that is the truth, among others."""

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text, without case or punctuation."""
    return _WORD.findall(text.lower())


def rouge_l(said: Sequence[str], true: Sequence[str]) -> float:
    """Return the F-score of the longest common subsequence of words (Lin 2004, section 3.1).

    >>> rouge_l("a red boat sails".split(), "a boat".split())
    0.6666666666666666
    """
    if not said or not true:
        return float(len(said) == len(true))
    return 2.0 * common_length(said, true) / (len(said) + len(true))


def common_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, by bits (Hyyrö 2004).

    >>> common_length("abcbdab", "bdcaba")
    4
    """
    places: dict[str, int] = {}
    for place, item in enumerate(first):
        places[item] = places.get(item, 0) | 1 << place
    full = (1 << len(first)) - 1
    left = full
    for item in second:
        found = left & places.get(item, 0)
        left = ((left + found) | (left - found)) & full
    return len(first) - left.bit_count()


def told_runs(said: Sequence[str], true: Sequence[str]) -> np.ndarray:
    """Return the runs of 1 to 4 words of either text, float64 ``[run, 4]``.

    Of each the length less one, a number that is its name (of 48 bits, equal on every machine),
    and how often it is in what was said and in the truth.
    """
    found = []
    for order in range(ORDER):
        one, other = (
            Counter(" ".join(words[i : i + order + 1]) for i in range(len(words) - order))
            for words in (said, true)
        )
        found += [(order, _name(run), one[run], other[run]) for run in one | other]
    return np.array(found, np.float64).reshape(-1, 4)


def cider_d(runs: Sequence[np.ndarray]) -> np.ndarray:
    """Return CIDEr-D of each row, float64 ``[row]``, in [0, 10].

    (Vedantam et al. 2015, "CIDEr", equation 5, with one true text.) Runs of words weigh the more
    the fewer of the rows' true texts have them: rows are told from each other. Words are as they
    stand, not stemmed. A row alone has 0.

    Args:
        runs: Of each row, from `told_runs`.
    """
    sizes = [len(one) for one in runs]
    order, name, said, true = np.concatenate(runs).T
    owner = np.repeat(np.arange(len(runs)), sizes)
    _, which = np.unique(name, return_inverse=True)
    known = np.bincount(which[true > 0], minlength=which.max(initial=-1) + 1)
    rare = (np.log(len(runs)) - np.log(np.maximum(known, 1.0)))[which]
    one, other, slot = said * rare, true * rare, owner * ORDER + order.astype(np.int64)
    num = len(runs) * ORDER
    both, own, theirs = (
        np.bincount(slot, weights, num)
        for weights in (np.minimum(one, other) * other, one**2, other**2)
    )
    norm = np.sqrt(own * theirs)
    alike = np.divide(both, norm, out=np.zeros(num), where=norm > 0).reshape(-1, ORDER)
    pairs = order == 1  # so many pairs of words: how long a text is
    longer = np.bincount(owner[pairs], (said - true)[pairs], len(runs))
    return MOST * alike.mean(axis=1) * np.exp(-(longer**2) / (2 * SIGMA**2))


def _name(run: str) -> int:
    return int.from_bytes(hashlib.blake2b(run.encode(), digest_size=6).digest(), "little")
