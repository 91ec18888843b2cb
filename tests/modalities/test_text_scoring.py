"""Metrics of written texts: those of sacrebleu and jiwer, and what a reader sees of a pair."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from plait.modalities.target import metrics_by
from plait.modalities.text.compared import compared, laid_over
from plait.modalities.text.scoring import WORDS, count_edits, counted, resampled

SAID = ["a red boat on calm water", "two dogs", "the cat sat there", "ünïted 42 , kings !"]
TRUE = ["a red boat sails over calm water", "two dogs", "a dog ran home", "united 42 kings !"]
VOCABULARY = ["a", "red", "boat", "sails", "dog", ",", "7", "ü"]
words = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=9)
texts = words.map(" ".join)


def measure(said, true):
    return metrics_by(resampled, [counted(a, b) for a, b in zip(said, true, strict=True)])


def theirs(said, true):
    return {
        "chrf": CHRF().corpus_score(said, [true]).score / 100,
        "bleu": BLEU(tokenize="none").corpus_score(said, [true]).score / 100,
        "wer": jiwer.wer(true, said),
        "cer": jiwer.cer(true, said),
    }


def test_metrics_are_those_of_well_known_libraries():
    found = measure(SAID, TRUE)
    assert list(found) == list(WORDS)
    for name, value in theirs(SAID, TRUE).items():
        assert found[name] == pytest.approx(value, abs=1e-9), name
    assert found["exact"] == 0.25


@settings(deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_metrics_of_any_texts_are_theirs(pairs):
    said, true = map(list, zip(*pairs, strict=True))
    found = measure(said, true)
    expected = theirs(said, true)
    if all(len(text.split()) >= 4 for text in said):  # of fewer, sacrebleu leaves lengths out
        assert found["bleu"] == pytest.approx(expected["bleu"], abs=1e-9)
    for name in ("chrf", "wer", "cer"):
        assert found[name] == pytest.approx(expected[name], abs=1e-9), name


def test_what_is_right_has_the_best_of_everything():
    found = measure(TRUE, TRUE)
    best = dict.fromkeys(("chrf", "exact", "token_f1", "bleu", "rouge_l"), 1.0)
    assert found.pop("cider_d") > measure(SAID, TRUE)["cider_d"]
    assert found == {**best, "wer": 0.0, "cer": 0.0}


def test_words_in_common_by_hand():
    assert measure(["The boat is red"], ["a red boat"])["token_f1"] == pytest.approx(4 / 7)
    assert measure(["?!"], ["..."])["token_f1"] == 1.0  # neither has a word
    assert measure([""], ["a"])["chrf"] == measure([""], ["a"])["bleu"] == 0.0


def test_a_resample_of_rows_is_one_of_counts():
    pairs = [counted(a, b) for a, b in zip(SAID, TRUE, strict=True)]
    twice = metrics_by(resampled, [pairs[0], pairs[0], pairs[2]])
    assert twice == measure([SAID[0], SAID[0], SAID[2]], [TRUE[0], TRUE[0], TRUE[2]])
    assert {pair.dtype for pair in pairs} == {np.dtype(np.float64)}
    counts = np.array([[1, 1, 1, 1], [2, 0, 1, 0], [0, 0, 0, 3]])
    at_once = resampled(pairs, counts)
    for row, drawn in enumerate(([0, 1, 2, 3], [0, 0, 2], [3, 3, 3])):
        alone = metrics_by(resampled, [pairs[place] for place in drawn])
        del alone["cider_d"]  # how rare runs are is a matter of all pairs
        assert alone == {name: pytest.approx(at_once[name][row], abs=1e-12) for name in alone}
    assert at_once["cider_d"][0] == metrics_by(resampled, pairs)["cider_d"]


@given(st.text("ab ", max_size=20), st.text("ab ", max_size=20))
def test_edits_are_those_of_the_table(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    table[0], table[:, 0] = np.arange(len(b) + 1), np.arange(len(a) + 1)
    for i, one in enumerate(a, 1):
        for j, other in enumerate(b, 1):
            changed = table[i - 1, j - 1] + (one != other)
            table[i, j] = min(changed, table[i - 1, j] + 1, table[i, j - 1] + 1)
    assert count_edits(a, b) == table[-1, -1]


@given(st.text("abc", max_size=12), st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_edits_are_a_distance(a, b, c):
    assert count_edits(a, a) == 0 and count_edits(a, b) == count_edits(b, a)
    assert abs(len(a) - len(b)) <= count_edits(a, b) <= max(len(a), len(b))
    assert count_edits(a, c) <= count_edits(a, b) + count_edits(b, c)


def test_differences_are_marked_and_safe():
    assert laid_over("a b <c>", "a d <c> e") == (
        'a <span class="swap"><del>b</del> <ins>d</ins></span> &lt;c&gt; <ins>e</ins>'
    )
    assert laid_over("a x", "a") == "a <del>x</del>"
    assert laid_over("", "x") == "<ins>x</ins>" and laid_over("x", "x") == "x"
    assert len(laid_over("w " * 5000, "w " * 5000)) < 1000


def test_pairs_are_shown_from_the_best_to_the_worst():
    page = compared(SAID, TRUE)
    assert page.index("two dogs") < page.index("boat") < page.index("cat")
    assert compared([], []) == "" and compared(["a"], ["a"]).count("<tr>") == 2
    assert compared(SAID * 50, TRUE * 50).count("<tr>") == 9
