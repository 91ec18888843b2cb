"""ROUGE-L as the library has it, and CIDEr-D by hand and as written out in full."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from plait.modalities.text.consensus import cider_d, rouge_l, told_runs, words_of

VOCABULARY = ["a", "red", "boat", "sails", "dog", "7"]
texts = st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join)
pairs_of_texts = st.lists(st.tuples(texts, texts), min_size=1, max_size=6)


def found(pairs):
    return cider_d([told_runs(words_of(said), words_of(true)) for said, true in pairs])


def written_out(pairs):
    """Vedantam et al. 2015, equation 5, term by term."""
    runs = [[[Counter(tuple(w[i : i + n]) for i in range(len(w) - n + 1)) for n in range(1, 5)]
             for w in (said.split(), true.split())] for said, true in pairs]  # fmt: skip
    values = []
    for (said, true), (one, other) in zip(pairs, runs, strict=True):
        total = 0.0
        for n in range(4):
            rare = {
                run: math.log(len(pairs) / max(1, sum(run in true[n] for _, true in runs)))
                for run in one[n] | other[n]
            }
            g, h = ({run: num * rare[run] for run, num in side[n].items()} for side in (one, other))
            norms = math.sqrt(sum(v * v for v in g.values()) * sum(v * v for v in h.values()))
            both = sum(min(g[run], h.get(run, 0.0)) * h.get(run, 0.0) for run in g)
            total += both / norms if norms else 0.0
        gap = max(len(said.split()) - 1, 0) - max(len(true.split()) - 1, 0)
        values.append(10 * total / 4 * math.exp(-(gap**2) / 72))
    return values


@given(pairs_of_texts)
def test_cider_d_is_the_equation(pairs):
    np.testing.assert_allclose(found(pairs), written_out(pairs), atol=1e-9)


def test_cider_d_by_hand():
    pairs = [("a red boat", "a red boat"), ("a dog", "a dog runs"), ("boat", "a boat")]
    # All three true texts have "a", which weighs nothing; two "boat", log 3/2; all else log 3.
    first = 1 + 1 + 1  # words, pairs and triples are those of the truth; there are no fours
    # "a dog": of dog and runs it has dog; of "a dog" and "dog runs" the first; a pair too few.
    second = (1 / math.sqrt(2) + 1 / math.sqrt(2)) * math.exp(-1 / 72)
    third = 1.0 * math.exp(-1 / 72)  # "a" weighs nothing, so that "boat" is all
    expected = [10 * value / 4 for value in (first, second, third)]
    assert found(pairs) == pytest.approx(expected)


def test_cider_d_tells_rows_from_each_other():
    same = found([("a red boat", "a red boat")] * 3)
    assert same.tolist() == [0.0, 0.0, 0.0], "what all rows say tells nothing"
    rare, usual = found([("the boat sails by", "the boat sails by"), ("the", "the dog barks now")])
    assert rare == pytest.approx(10.0) and usual == 0.0


@given(texts, texts)
def test_rouge_l_is_the_librarys(said, true):
    theirs = RougeScorer(["rougeL"]).score(true, said)["rougeL"].fmeasure
    if said or true:
        assert rouge_l(said.split(), true.split()) == pytest.approx(theirs, abs=1e-12)
    assert rouge_l([], []) == 1.0


def test_words_have_neither_case_nor_marks():
    assert words_of("Möwe, a RED-boat!") == ["möwe", "a", "red", "boat"]
