"""What a device learns: new classes, right answers, what it keeps, undoes and merges."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.edge import Edge, Learner, load, merge
from plait.errors import BundleError, ForgettingError, TargetError, UsageError

sys.path.insert(0, str(Path(__file__).parent))

from conftest import KNOWN, fish


def right(learner, kind, seed=7, num=200):
    """Return the share of new rows of a kind that are answered so."""
    said = learner.predict(fish(kind, num, seed))["prediction"]
    return float(np.mean([one == kind for one in said]))


def outputs(learner, rows):
    """Return what is said of rows, ``[row, class]``."""
    columns = learner.predict(rows).columns
    return np.stack([columns[name] for name in columns if name.startswith("p_")], axis=1)


def test_with_nothing_learned_the_answers_are_exactly_the_bundles(fish_edge):
    rows = fish("eel", 20) + [{"x0": 1.0}, {"x1": None, "x2": 3.0}]
    assert Learner(fish_edge).predict(rows).to_dicts() == fish_edge.predict(rows).to_dicts()


def test_a_class_never_seen_is_told_from_ten_examples_and_old_ones_are_kept(fish_edge):
    learner = Learner(fish_edge)
    before = {kind: right(learner, kind) for kind in KNOWN}
    lesson = learner.add_class("sunfish", fish("sunfish", 10, seed=3))
    assert lesson.rows == 10 and lesson.check.passed and lesson.check.metric == "accuracy"
    assert right(learner, "sunfish") >= 0.8
    lost = np.mean([before[kind] - right(learner, kind) for kind in KNOWN])
    assert lost <= 0.01
    answer = learner.predict(fish("sunfish", 1, seed=9))[0]
    total = sum(share for name, share in answer.items() if name.startswith("p_"))
    assert answer["prediction"] == "sunfish" and total == pytest.approx(1.0, abs=1e-5)
    assert learner.labels[-1:] == learner.new_labels == ("sunfish",)


def test_more_examples_of_a_new_class_go_to_the_same_class(fish_edge):
    learner = Learner(fish_edge)
    learner.add_class("sunfish", fish("sunfish", 4, seed=3))
    learner.add_class("sunfish", fish("sunfish", 4, seed=4))
    learner.correct(fish("sunfish", 2, seed=5), ["sunfish", "sunfish"])
    assert learner.new_labels == ("sunfish",) and right(learner, "sunfish") >= 0.8


def test_a_wrong_answer_is_put_right_and_others_stay(fish_edge):
    learner = Learner(fish_edge)
    between = [{"x0": 2.6, "x1": 0.2, "x2": 4.0, "x3": 0.0}]
    wrong = "cod" if learner.predict(between)[0]["prediction"] == "pike" else "pike"
    before = {kind: right(learner, kind) for kind in KNOWN}
    lesson = learner.correct(between, wrong, force=True)
    assert lesson.right == 1.0 and learner.predict(between)[0]["prediction"] == wrong
    assert right(learner, "eel") >= before["eel"] - 0.01


def test_wrong_answers_at_random_are_refused_with_numbers_unless_forced(fish_edge):
    learner = Learner(fish_edge)
    rows = [row for kind in KNOWN for row in fish(kind, 20, seed=5)]
    noise = [KNOWN[i] for i in np.random.default_rng(1).integers(0, 3, len(rows))]
    with pytest.raises(ForgettingError, match="costs too much") as caught:
        learner.correct(rows, noise)
    assert "before" in caught.value.received and "force=True" in caught.value.hint
    assert learner.delta.corrections == ()
    forced = learner.correct(rows, noise, force=True)
    assert not forced.check.passed and forced.check.cost > forced.check.limit
    assert learner.check() == forced.check


def test_the_limit_is_the_persons(fish_edge):
    rows = [row for kind in KNOWN for row in fish(kind, 20, seed=5)]
    noise = [KNOWN[i] for i in np.random.default_rng(1).integers(0, 3, len(rows))]
    assert Learner(fish_edge, max_cost=1.0).correct(rows, noise).check.passed


def test_undone_is_as_if_never_taught(fish_edge):
    learner, rows = Learner(fish_edge), fish("cod", 5) + fish("sunfish", 5)
    kept = learner.add_class("sunfish", fish("sunfish", 6, seed=3))
    before = outputs(learner, rows)
    gone = learner.correct(fish("pike", 3, seed=4), ["pike"] * 3)
    assert not np.array_equal(outputs(learner, rows), before)
    learner.undo(gone.id)
    np.testing.assert_array_equal(outputs(learner, rows), before)
    learner.undo()
    assert learner.predict(rows).to_dicts() == fish_edge.predict(rows).to_dicts()
    with pytest.raises(UsageError, match="so many"):
        learner.undo()
    with pytest.raises(UsageError, match="no such correction"):
        learner.undo(kept.id)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_merging_is_having_learned_both(order, fish_edge):
    def teach(learner, part):
        if part == 0:
            learner.add_class("sunfish", fish("sunfish", 5, seed=3))
            learner.correct(fish("pike", 40, seed=4), ["pike"] * 40)
        else:
            learner.add_class("sunfish", fish("sunfish", 4, seed=5))
            learner.correct(fish("eel", 3, seed=6), ["eel"] * 3)

    whole, parts = Learner(fish_edge), [Learner(fish_edge), Learner(fish_edge)]
    for number, one in enumerate(parts):
        teach(whole, number)
        teach(one, number)
    found = merge(*(parts[number].delta for number in order))
    joined = Learner(fish_edge, delta=merge(found, parts[0].delta))
    rows = [row for kind in (*KNOWN, "sunfish") for row in fish(kind, 10, seed=8)]
    np.testing.assert_allclose(outputs(joined, rows), outputs(whole, rows), atol=1e-6)
    assert len(joined.delta.corrections) == 4


def test_a_number_is_corrected_and_its_check_is_its_error(weigh_edge):
    learner, rows = Learner(weigh_edge), [{"x": 0.5, "y": y} for y in (-1.0, 0.0, 1.0)]
    before = learner.predict(rows)["prediction"]
    with pytest.raises(ForgettingError, match="rmse of known examples"):
        learner.correct(rows, [100.0, 130.0, 90.0])
    lesson = learner.correct(rows, (before + 0.5).tolist(), force=True)
    after = learner.predict(rows)["prediction"]
    assert lesson.check.metric == "rmse" and (np.abs(before + 0.5 - after) < 0.4).all()
    with pytest.raises(UsageError, match="is no new class"):
        learner.add_class("heavy", rows)


def test_rows_that_a_person_gives_stand_in_for_statistics(fish_bundle, tmp_path):
    model = plait.load(fish_bundle)
    bare = dataclasses.replace(model, parts=dataclasses.replace(model.ensemble, rehearsal=None))
    edge = load(bare.save(tmp_path / "bare.plait"))
    with pytest.raises(BundleError, match="no statistics") as caught:
        Learner(edge)
    assert "--rehearsal" in caught.value.hint
    known = [row for kind in KNOWN for row in fish(kind, 20, seed=2)]
    answers = [kind for kind in KNOWN for _ in range(20)]
    with pytest.raises(UsageError, match="too few rows"):
        Learner(edge, rehearsal=(known[:4], answers[:4]))
    learner = Learner(edge, rehearsal=(known, answers))
    learner.add_class("sunfish", fish("sunfish", 10, seed=3))
    assert right(learner, "sunfish") >= 0.8
    learner.save(tmp_path / "own.delta")
    again = Learner(edge, delta=tmp_path / "own.delta")
    rows = fish("sunfish", 9, seed=4)
    assert again.predict(rows).to_dicts() == learner.predict(rows).to_dicts()


@pytest.mark.parametrize(
    ("rows", "answers", "match"),
    [
        ([{"x0": 1.0}], ["cod", "eel"], "not as many answers"),
        ([{"x0": 1.0}], ["codd"], "nobody taught"),
        ([{"x0": 1.0}], [None], "no answer"),
        ([{"x0": 1.0}], {"x0": "cod"}, "answers are a list"),
    ],
)
def test_what_cannot_be_learned_is_a_wrong_call(rows, answers, match, fish_edge):
    with pytest.raises(UsageError, match=match):
        Learner(fish_edge).correct(rows, answers)


@pytest.mark.parametrize("name", ["", "cod", "x" * 201])
def test_a_class_that_cannot_be_new_is_refused(name, fish_edge):
    with pytest.raises(UsageError, match=r"no new class|cannot be added"):
        Learner(fish_edge).add_class(name, fish("sunfish", 2))


def test_targets_that_a_device_cannot_learn_are_named(fish_bundle):
    model = plait.load(fish_bundle)
    with pytest.raises(TargetError, match="nothing is learned") as caught:
        Learner(Edge(dataclasses.replace(model, parts=None, target=None)))
    assert caught.value.received == "no target"


def test_what_was_learned_is_never_saved_as_a_bundle(fish_edge, tmp_path):
    learner = Learner(fish_edge)
    learner.add_class("sunfish", fish("sunfish", 3))
    with pytest.raises(UsageError, match="no part of a bundle"):
        learner.model.save(tmp_path / "x.plait")


def test_the_card_says_what_is_carried(fish_bundle):
    card = (fish_bundle / "card.md").read_text()
    rows = int(plait.load(fish_bundle).ensemble.rehearsal.counts.sum())
    assert "## What it carries to learn on a device" in card and f"of {rows} rows" in card
