"""Values that recur by a table's nature are told from copies: who may be learned from, and why."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_splits import copied, table

from plait import read
from plait.data import Copies, find_copies, make_splits
from plait.data.fingerprints import fingerprints
from plait.data.recurring import agreement_of_labels, agreement_of_numbers, with_recurring
from plait.data.schema import make_codec

NAMES = [
    "amber",
    "basil",
    "cedar",
    "dahlia",
    "ebony",
    "fennel",
    "ginger",
    "hazel",
    "indigo",
    "jasmine",
]
RNG = np.random.default_rng(0)


def asked(num_things=80, num_questions=5):
    """Rows that each ask something else about a thing: the answer is not the thing's alone."""
    things = np.repeat(np.arange(num_things), num_questions)
    answers = RNG.choice(["yes", "no"], len(things))
    words = np.array(["train", "train", "val", "test"])[RNG.integers(0, 4, len(things))]
    return things.tolist(), answers.tolist(), words.tolist()


def found_in(data, keys, target):
    return with_recurring(copied(row=keys), data, () if target is None else (target,))


def test_questions_about_one_thing_are_no_copies_of_each_other():
    things, answers, words = asked()
    data = table(len(things), answer=answers, part=words)
    copies = found_in(data, things, "answer")
    assert copies.recurring == {"row"}
    splits = make_splits(data, copies=copies, by_column="part")
    assert len(splits.train) == words.count("train") and not splits.moved
    assert "values of 'row' recur in most rows and say little of the target" in splits.notes[0]
    apart = make_splits(data, copies=copies)
    assert not {things[row] for row in apart.train} & {things[row] for row in apart.test}


def test_copies_with_the_same_answer_are_left_out_and_that_is_said():
    things, _, words = asked()
    data = table(len(things), answer=[f"class {one % 3}" for one in things], part=words)
    copies = found_in(data, things, "answer")
    assert not copies.recurring
    splits = make_splits(data, copies=copies, by_column="part")
    tested = {things[row] for row in splits.test}
    assert not {things[row] for row in splits.train} & tested
    assert "train rows were left out: in 'row' they are near-duplicates" in str(splits.notes)


@pytest.mark.parametrize("noise", [0.0, 0.15])
def test_several_labels_of_one_thing_by_people_are_copies(noise):
    things = np.repeat(np.arange(120), 3)
    truth = (things % 2).astype(bool) ^ (RNG.random(len(things)) < noise)
    data = table(len(things), answer=[str(one) for one in truth])
    assert not found_in(data, things.tolist(), "answer").recurring


def test_numbers_recur_as_labels_do():
    things = np.repeat(np.arange(100), 4)
    free, tied = RNG.normal(size=400), things + RNG.normal(size=400)
    for target, recurs in ((free, True), (tied, False)):
        data = table(400, dose=target.tolist())
        assert bool(found_in(data, things.tolist(), "dose").recurring) is recurs


def test_few_copies_and_tables_without_a_target_are_left_as_they_are():
    things, answers, _ = asked()
    alone = [*things[:100], *range(1000, 1000 + len(things) - 100)]
    data = table(len(things), answer=answers)
    assert not found_in(data, alone, "answer").recurring
    assert not found_in(data, things, None).recurring


@pytest.mark.parametrize(("times", "tells", "common"), [
    (31, "little", True), (8, "little", False), (31, "all", False),
])  # fmt: skip
def test_texts_that_recur_as_categories_do_are_common(times, tells, common):
    texts = [f"is there {one} in it, and of {two}?" for one in NAMES for two in NAMES]
    column = texts * times
    answers = RNG.choice(["yes", "no"], len(column))
    told = (
        answers
        if tells == "little"
        else [f"kind {row % len(texts) % 7}" for row in range(len(column))]
    )
    data = read({"question": column, "answer": list(told)}, columns={"question": "text"})
    found = find_copies(fingerprints(data, {"question": make_codec(data.schema["question"])}))
    assert found.num_recurring == {"question": len(column)}
    assert found.num_values == {"question": len(texts)} and len(found.groups) == len(texts)
    copies = with_recurring(found, data, ("answer",))
    assert (copies.groups == []) is common and bool(copies.num_common) is common
    assert (copies.recurring == {"question"}) is (tells == "little" and not common)


def test_agreement_by_hand():
    labels, groups = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 0, 1, 1, 2])
    # Pairs: of the first group (1/2, 1/2, 0), of the second none; the last row is alone.
    within, chance = (0.5 + 0.5 + 0 + 0 + 0) / 5, (3 / 5) ** 2 + (2 / 5) ** 2
    assert agreement_of_labels(labels, groups) == pytest.approx((within - chance) / (1 - chance))
    values = np.array([1.0, 3.0, 10.0, 14.0])
    share = agreement_of_numbers(values, np.array([0, 0, 1, 1]))
    assert share == pytest.approx(1 - ((2 + 2 + 8 + 8) / 4) / values.var())


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(2, 5), st.integers(0, 9))
def test_agreement_is_zero_by_chance_and_one_where_groups_tell(size, num_labels, seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(600), size)
    by_chance = agreement_of_labels(rng.integers(0, num_labels, len(groups)), groups)
    assert abs(by_chance) < 0.2  # five standard errors of 600 pairs
    assert agreement_of_labels(groups % num_labels, groups) == pytest.approx(1.0)
    assert abs(agreement_of_numbers(rng.normal(size=len(groups)), groups)) < 0.2


def test_nothing_alike_agrees_in_all():
    assert agreement_of_labels(np.zeros(3, int), np.arange(3)) == 1.0
    assert agreement_of_numbers(np.zeros(3), np.arange(3)) == 1.0
    assert Copies().recurring == frozenset()
