"""Decisions between two classes: thresholds by costs, measured, kept in the bundle, changeable."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import TargetError, UsageError
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec
from plait.model.decision import Decision, make_decision, positive_label
from plait.report.model_verdict import verdict_of

CODEC = CategoryCodec(labels=("well", "ill"))
GIVEN = {"threshold": None, "costs": None, "positive": None}


def shares(*ill: float) -> np.ndarray:
    """Return outputs of rows by their probability of being ill."""
    return np.array([[1 - p, p] for p in ill], np.float32)


def test_a_decision_changes_prediction_and_confidence_only():
    outputs = shares(0.1, 0.3, 0.6)
    answer = Decision(positive="ill", threshold=0.25).answer(CODEC, outputs)
    plain = CODEC.answer(outputs)
    assert answer["prediction"] == ["well", "ill", "ill"]
    assert np.allclose(answer["confidence"], [0.9, 0.3, 0.6])
    assert np.array_equal(answer["p_ill"], plain["p_ill"])


def test_a_decision_is_measured_beside_one_at_a_half():
    decision = Decision(positive="ill", threshold=0.25, false_negative=10, false_positive=1)
    outputs, truth = shares(0.1, 0.3, 0.6, 0.3, 0.9), np.array([0, 1, 1, 0, -1])
    found = decision.measure(CODEC, outputs, truth)
    assert found["at_threshold"] == pytest.approx(
        {"accuracy": 0.75, "precision": 2 / 3, "recall": 1, "specificity": 0.5, "f1": 0.8,
         "cost": 0.25}
    )  # fmt: skip
    assert found["at_half"]["recall"] == 0.5 and found["at_half"]["cost"] == 2.5
    assert (found["never"], found["always"]) == (5.0, 0.5) and found["intervals"] == {}
    assert json.loads(json.dumps(found)) == found


def test_what_a_decision_saves_has_an_interval_that_groups_widen():
    decision = Decision(positive="ill", threshold=0.1, false_negative=9, false_positive=1)
    outputs, truth = calibrated(400)
    alone = decision.measure(CODEC, outputs, truth)["intervals"]
    low, high = alone["saved"]
    cheapest = min(decision.measure(CODEC, outputs, truth)[word] for word in ("never", "always"))
    cost = decision.measure(CODEC, outputs, truth)["at_threshold"]["cost"]
    assert low < cheapest - cost < high and alone["cost"][0] < cost < alone["cost"][1]
    twice, groups = np.repeat(outputs, 10, axis=0), np.repeat(np.arange(400), 10)
    grouped = decision.measure(CODEC, twice, np.repeat(truth, 10), groups=groups)["intervals"]
    plain = decision.measure(CODEC, twice, np.repeat(truth, 10))["intervals"]
    assert np.diff(grouped["cost"]) > 2 * np.diff(plain["cost"])


def calibrated(num: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ill = rng.random(num) * 0.5
    return shares(*ill), (rng.random(num) < ill).astype(np.int64)


def test_calibrated_probabilities_keep_the_threshold_of_the_costs():
    costs = {"false_negative": 9, "false_positive": 1}
    outputs, truth = calibrated(4000)
    decision = make_decision(CODEC, outputs, truth, **{**GIVEN, "costs": costs})
    assert decision.threshold == pytest.approx(0.1)
    assert "the rarer class" in decision.how
    found = decision.measure(CODEC, outputs, truth)
    assert found["at_threshold"]["cost"] < 0.6 * found["at_half"]["cost"]


def test_probabilities_that_are_off_move_it():
    """All are half of what they should be: the best threshold is half of that of the costs."""
    outputs, truth = calibrated(6000)
    outputs = shares(*(outputs[:, 1] / 2))
    costs = {"false_negative": 3, "false_positive": 1}
    decision = make_decision(CODEC, outputs, truth, **{**GIVEN, "costs": costs})
    assert decision.threshold == pytest.approx(0.125, abs=0.03)
    assert "held-out rows" in decision.how
    few = make_decision(CODEC, outputs[:30], truth[:30], **{**GIVEN, "costs": costs})
    assert few.threshold == 0.25


def test_nothing_is_decided_unless_asked():
    assert make_decision(CODEC, shares(0.5), np.array([0]), **GIVEN) is None
    asked = make_decision(CODEC, shares(0.5), np.array([0]), **{**GIVEN, "positive": "well"})
    assert (asked.positive, asked.threshold) == ("well", 0.5)


def test_the_class_that_is_looked_for():
    assert positive_label(CategoryCodec(labels=("yes", "no")), None)[0] == "yes"
    assert positive_label(CODEC, None)[0] == "ill"
    assert positive_label(CODEC, "well")[0] == "well"
    with pytest.raises(UsageError, match="no class 'dead'"):
        positive_label(CODEC, "dead")
    with pytest.raises(TargetError, match="for two classes") as caught:
        positive_label(CategoryCodec(labels=tuple("abc")), None)
    assert caught.value.received == "3 classes"
    with pytest.raises(TargetError, match="for two classes"):
        positive_label(NumberCodec(), None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 1.5}, "no probability"),
        ({"costs": {"false_negativ": 2}}, "no mistake 'false_negativ'"),
        ({"costs": {"false_negative": 0}}, "has to cost something"),
        ({"threshold": 0.5, "costs": {"false_negative": 2}}, "not both"),
    ],
)
def test_wrong_decisions_are_refused_before_the_work(given, message):
    with pytest.raises(UsageError, match=message):
        plait.fit(ROWS, target="kind", simple=True, **given)
    with pytest.raises(UsageError, match="no target to predict"):
        plait.fit(ROWS, threshold=0.5)


ROWS = [
    {"size": float(x), "kind": "ill" if x + y > 1.0 else "well"}
    for x, y in np.random.default_rng(0).normal(size=(200, 2))
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("d") / "d.plait"
    costs = {"false_negative": 10, "false_positive": 1}
    plait.fit(ROWS, target="kind", budget="5s", simple=True, costs=costs, out=path)
    return path


def test_the_bundle_keeps_its_decision(bundle):
    model = plait.load(bundle)
    decision = model.ensemble.decision
    assert decision.positive == "ill" and decision.threshold < 0.3
    answer = model.predict(ROWS)
    said = np.asarray(answer["p_ill"]) >= decision.threshold
    assert answer["prediction"] == ["ill" if one else "well" for one in said]
    told = model.evaluate(ROWS)["decision"]
    assert told["at_threshold"]["recall"] > told["at_half"]["recall"]
    assert "Deciding for" in model.evaluate(ROWS)._repr_html_()
    assert "A row counts as 'ill'" in model.card
    assert f"**{verdict_of(model)}**" in model.card and "costs" in verdict_of(model)
    assert model.summary()["decision"]["positive"] == "ill"


def test_the_decision_can_be_another_at_predict(bundle, tmp_path, capsys):
    model = plait.load(bundle)
    strict = plait.predict(model, ROWS, threshold=0.9)
    loose = plait.predict(model, ROWS, threshold=0.01)
    assert list(strict["prediction"]).count("ill") < list(loose["prediction"]).count("ill")
    assert model.ensemble.decision.threshold < 0.3
    other = model.with_threshold(0.9, positive="well").predict(ROWS)
    assert list(other["prediction"]).count("well") < list(strict["prediction"]).count("well")
    table = tmp_path / "t.jsonl"
    table.write_text("\n".join(json.dumps(row) for row in ROWS))
    assert run(["evaluate", str(bundle), str(table), "--threshold", "0.9", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decision"]["threshold"] == 0.9
