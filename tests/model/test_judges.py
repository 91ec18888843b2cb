"""Judges: outputs in numbers and generated values are scored by one set of words."""

from types import SimpleNamespace

import numpy as np
import pytest

from plait.modalities import MetricWord
from plait.modalities.category.codec import CategoryCodec
from plait.model.judges import NUM_CALLS, OutputJudge, PairJudge
from plait.model.scores import intervals_of, score


def pair_judge(*, lower=False, share=True):
    calls = []
    word = MetricWord(name="same", says="", lower_is_better=lower, share=share)

    def compare(said, true):
        calls.append((said, true))
        return np.array([said == true])

    codec = SimpleNamespace(
        task="tell",
        words={"same": word},
        compare=compare,
        metrics=lambda compared: {"same": float(np.mean(compared))},
    )
    return PairJudge(codec), calls


def objects(*raws):
    found = np.empty(len(raws), object)
    found[:] = raws
    return found


SAID, TRUE = objects("a", "b", "c", "d"), objects("a", "x", "c", "y")


def test_pairs_are_scored_and_each_compared_once():
    judge, calls = pair_judge()
    assert judge.metrics(SAID, TRUE) == {"same": 0.5}
    assert judge.values(SAID, TRUE, "same").tolist() == [1.0, 0.0, 1.0, 0.0]
    assert judge.metrics(SAID[:1], TRUE[:1]) == {"same": 1.0}
    assert len(calls) == 4


def test_what_was_compared_long_ago_is_forgotten():
    judge, calls = pair_judge()
    told = [objects(*(f"{i} {row}" for row in range(4))) for i in range(NUM_CALLS + 1)]
    for said in told:
        judge.metrics(said, TRUE)
    assert len(judge._memory._known) == 4 * NUM_CALLS
    before = len(calls)
    judge.metrics(told[-1], TRUE)
    assert len(calls) == before
    judge.metrics(told[0], TRUE)
    assert len(calls) == before + 4


@pytest.mark.parametrize(
    ("lower", "share", "costs"),
    [(False, True, [0, 1, 0, 1]), (False, False, [-1, 0, -1, 0]), (True, False, [1, 0, 1, 0])],
)
def test_costs_are_low_where_values_are_good(lower, share, costs):
    judge, _ = pair_judge(lower=lower, share=share)
    assert judge.cost(SAID, TRUE).tolist() == costs
    assert judge.lower_is_better("same") == lower


def test_values_get_intervals_over_rows_and_groups():
    judge, _ = pair_judge()
    said = objects(*("ab"[i % 3 == 0] for i in range(60)))
    true = objects(*["a"] * 60)
    low, high = intervals_of(judge, said, true, groups=None)["same"]
    wide = intervals_of(judge, said, true, groups=np.arange(60) // 3)["same"]
    assert low < 2 / 3 < high and wide[0] <= 2 / 3 <= wide[1]
    assert intervals_of(judge, said[:5], true[:5], groups=None) == {}


def test_scores_of_values_are_told_by_the_columns_present():
    judge, _ = pair_judge()
    present = {"a": np.array([True, True, False, True])}
    found = score(judge, SAID, TRUE, present)
    assert found["task"] == "tell" and found["rows"] == 4
    assert found["by_present"]["nothing"]["metrics"] == {"same": 1.0}
    assert found["by_present"]["a"]["metrics"] == {"same": pytest.approx(1 / 3)}


def test_a_metric_that_is_called_accuracy_is_not_taken_for_that_of_classes():
    judge, _ = pair_judge()
    judge.codec.metrics = lambda compared: {"accuracy": float(np.mean(compared))}
    said = objects(*"ab" * 10)
    assert 0 <= intervals_of(judge, said, said, groups=None)["accuracy"][0] <= 1


def test_outputs_in_numbers_are_judged_by_their_codec():
    codec = CategoryCodec(labels=("x", "y"))
    judge, outputs, truth = (
        OutputJudge(codec),
        np.float32([[0.9, 0.1], [0.4, 0.6]]),
        np.array([0, 0]),
    )
    assert judge.metrics(outputs, truth)["accuracy"] == 0.5
    assert judge.cost(outputs, truth).tolist() == codec.cost(outputs, truth).tolist()
    assert judge.lower_is_better("log_loss") and not judge.lower_is_better("auc")
    assert judge.details(outputs, truth)["labels"] == ["x", "y"] and judge.words == {}
