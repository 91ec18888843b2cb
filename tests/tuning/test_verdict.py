"""What is said of a tune: what is kept and why, and what the test told."""

import pytest

from plait.tuning.verdict import sentence

CONFIRMED = {
    "metric": "cost", "gain": 0.12, "interval": [0.05, 0.19], "plain": 0.6, "tuned": 0.48,
    "rows": 240, "shown": True,
}  # fmt: skip
TEST = {
    "metric": "accuracy", "rows": 50, "gain": 0.04, "interval": [-0.02, 0.1],
    "plain": {"value": 0.8, "interval": [0.7, 0.9]}, "tuned": {"value": 0.84, "interval": None},
}  # fmt: skip


def told(**changes):
    return {"kept": "tuned", "winner": 3, "confirmed": CONFIRMED, "test": TEST} | changes


def test_a_gain_is_told_with_its_interval_and_the_test():
    said = sentence(told())
    assert said.startswith("The tuned fit is kept: on 240 rows in folds that chose nothing")
    assert "a row costs less by 0.12 (0.05 to 0.19, 95 %)" in said
    assert "accuracy 0.84 tuned, 0.8 (0.7 to 0.9) plain" in said


@pytest.mark.parametrize("winner", [None, 3])
def test_no_gain_keeps_the_plain_fit_and_says_so(winner):
    confirmed = CONFIRMED | {"interval": [-0.1, 0.3], "shown": False}
    said = sentence(told(kept="plain", winner=winner, confirmed=confirmed, test={}))
    assert "plain fit is kept" in said.replace("\n", " ").lower() or "kept." in said
    assert "No rows were set aside as a test." in said
    assert ("no clear gain" in said) == (winner is not None)


def test_a_named_metric_is_told_by_its_name():
    said = sentence(told(confirmed=CONFIRMED | {"metric": "macro_f1"}))
    assert "is better by 0.12" in said and "macro" in said
