"""Verdicts and warnings: what is said of a bundle follows from its numbers."""

from __future__ import annotations

import pytest

from plait.report.comparison import comparison
from plait.report.hero import hero
from plait.report.scored import (
    best_base_model,
    headline_metric,
    said_pattern,
    split_pattern,
    weakest,
)
from plait.report.verdict import interval_text, verdict, warnings


def bundle(value, interval, base_models, *, task="classify", shipped="deep", **test):
    name = {"classify": "accuracy", "regress": "rmse"}[task]
    found = [{"name": n, "metrics": {name: v}, "intervals": {name: i} if i else {}}
             for n, (v, i) in base_models.items()]  # fmt: skip
    scored = {"rows": 200, "metrics": {name: value}, "intervals": {name: interval}, **test}
    return {
        "model": {"task": task, "inputs": ["a", "b"], "target": "t"},
        "metrics": {"shipped": shipped, "test": scored, "candidates": found},
    }


GUESS = {"majority": (0.5, [0.45, 0.55])}


@pytest.mark.parametrize(
    ("value", "interval", "base_models", "shipped", "said"),
    [
        (0.5, [0.48, 0.56], GUESS, "deep", "No better than guessing"),
        (0.52, [0.48, 0.56], GUESS, "deep", "Not clearly better than guessing"),
        (0.9, [0.88, 0.92], GUESS | {"linear": (0.7, [0.65, 0.75])}, "deep", "clearly better than"),
        (0.9, [0.86, 0.94], GUESS | {"linear": (0.88, [0.84, 0.9])}, "deep", "within the interv"),
        (0.9, [0.86, 0.94], GUESS | {"linear": (0.91, [0.8, 0.9])}, "deep", "does as well"),
        (
            0.9,
            [0.86, 0.94],
            GUESS | {"linear": (0.9, None), "boosted": (0.8, None)},
            "linear",
            "itself a simple model (linear model, 90.0\u00a0%), for nothing beat it",
        ),
        (
            0.9,
            [0.86, 0.94],
            GUESS | {"linear": (0.9, None), "boosted": (0.91, None)},
            "linear",
            "though another (boosted trees, 91.0\u00a0%) did better on these rows",
        ),
        (0.9, [0.86, 0.94], GUESS, "deep", "no simple model was measured"),
        (0.9, None, GUESS | {"linear": (0.8, None)}, "deep", "no interval was computed, and 200"),
        (0.9, [0.8, 1], GUESS | {"linear": (0.8, None)}, "deep", "no interval of the latter"),
        (0.9, [0.8, 1], GUESS | {"linear": (0.9, None)}, "linear", "no other was measured"),
    ],
)
def test_one_sentence(value, interval, base_models, shipped, said):
    assert said in verdict(bundle(value, interval, base_models, shipped=shipped))


def test_a_better_candidate_is_told_beside_a_simple_model_that_ships_whatever_it_is():
    others = GUESS | {"linear": (0.8, None), "boosted": (0.85, None), "deep": (0.7, None)}
    data = bundle(0.8, [0.75, 0.85], others, shipped="linear")
    data["metrics"]["candidates"][2]["complete"] = False
    said = "though another (boosted trees, 85.0\u00a0%, cut off by the clock) did better on these"
    assert said in verdict(data)
    data["metrics"]["candidates"][2]["metrics"]["accuracy"] = 0.7
    assert "for nothing beat it" in verdict(data)
    data["metrics"]["candidates"][3]["metrics"]["accuracy"] = 0.9
    assert "though another (the network, 90.0\u00a0%) did better on these rows" in verdict(data)


def test_lower_is_better_turns_it_round():
    base_models = {"majority": (5.0, [4.8, 5.2]), "linear": (3.0, [2.8, 3.2])}
    assert "clearly better" in verdict(bundle(2.0, [1.9, 2.1], base_models, task="regress"))
    assert "does as well" in verdict(bundle(3.5, [3.4, 3.6], base_models, task="regress"))
    assert "Not clearly" in verdict(bundle(4.9, [4.7, 5.1], base_models, task="regress"))
    assert "No better" in verdict(bundle(5.1, [4.7, 5.3], base_models, task="regress"))


def test_nothing_measured_is_no_promise():
    assert "nothing can be promised" in verdict({})
    assert "nothing can be promised" in verdict({"model": {"space": {}, "target": None}})


def test_a_space_is_held_against_chance():
    test = {"metrics": {"r@10": 0.4}, "retrieval": {"a->b": {"n": 100}, "b->a": {"n": 100}}}
    assert "4.0 times" in verdict({"metrics": {"test": test}})
    test["metrics"]["r@10"] = 0.11
    assert "Little better than chance" in verdict({"metrics": {"test": test}})


def test_a_base_model_cut_off_is_not_compared_and_is_warned_of():
    data = bundle(0.9, [0.86, 0.94], GUESS | {"boosted": (0.8, None), "linear": (0.7, None)})
    data["metrics"]["candidates"][1]["complete"] = False
    assert best_base_model(data)["name"] == "linear"
    assert any("Cut off by the clock" in text and "boosted" in text for text in warnings(data))


@pytest.mark.parametrize(
    ("whole", "cut", "told"), [(0.7, 0.8, True), (0.8, 0.7, False), (None, 0.8, True)]
)
def test_a_better_one_cut_off_is_named_beside_the_best_simple_model(whole, cut, told):
    others = {"boosted": (cut, None)} | ({} if whole is None else {"linear": (whole, [0.6, 0.8])})
    data = bundle(0.9, [0.86, 0.94], GUESS | others)
    data["metrics"]["candidates"][1]["complete"] = False
    said = f"ut off by the clock: boosted trees, {100 * cut:.1f}\u00a0%"
    assert (said in verdict(data)) == told and (said in hero(data)) == told


def test_nothing_is_said_of_intervals_that_were_not_computed():
    said = verdict(bundle(0.9, None, GUESS | {"linear": (0.6, None)}, rows=7))
    assert "within the intervals" not in said and "Far better" not in said
    assert "no interval was computed" in said and "7 rows judged it" in said


def test_a_simple_model_that_ships_is_not_compared_with_itself():
    base_models = GUESS | {"linear": (0.9, [0.86, 0.94]), "boosted": (0.8, None)}
    data = bundle(0.9, [0.86, 0.94], base_models, shipped="linear")
    data["metrics"]["candidates"][1]["complete"] = False
    assert best_base_model(data)["name"] == "boosted" and "best simple model" not in hero(data)
    assert "itself a simple model" in verdict(data)
    assert not any("fair comparison" in text for text in warnings(data))
    assert any("Cut off by the clock, though it ships: linear" in text for text in warnings(data))
    beside = comparison(data)
    assert beside.count('class="bar-name"') == 3 and "linear model, cut off by the clock" in beside


def test_a_part_of_the_mix_that_ships_is_no_unfair_comparison():
    data = bundle(0.9, [0.86, 0.94], GUESS | {"deep": (0.8, None), "linear": (0.7, None)})
    data["metrics"] |= {"shipped": "stack", "weights": {"deep": 0.6, "linear": 0.4}}
    data["metrics"]["candidates"][1]["complete"] = False
    assert not any("fair comparison" in text for text in warnings(data))


def test_what_was_told_comes_first_and_once():
    data = bundle(0.9, [0.86, 0.94], GUESS, rows=20)
    data["metrics"]["warnings"] = [{"kind": "leak", "column": "a", "text": "a leaks"}, "b", "b"]
    assert warnings(data)[:2] == ["a leaks", "b"] and len(warnings(data)) == 3
    assert "20 rows" in warnings(data)[2]


def test_unreadable_cells_are_warned_of_once():
    data = bundle(0.9, [0.86, 0.94], GUESS) | {"lineage": {"num_skipped_cells": 34}}
    assert "34 unreadable cells counted as missing." in warnings(data)
    told = {"kind": "unreadable", "text": "column 'photo': 34 of 830 cells cannot be read"}
    data["metrics"]["warnings"] = [told]
    assert [text for text in warnings(data) if "34" in text] == [told["text"]]


def test_bad_intervals_and_bad_confidence_are_warned_of():
    data = bundle(2.0, [1.9, 2.1], {}, task="regress", coverage=0.55, nominal_coverage=0.9)
    assert any("55.0" in text and "too narrow" in text for text in warnings(data))
    data["metrics"]["test"]["coverage"] = 0.89
    assert not any("narrow" in text or "wider" in text for text in warnings(data))
    assert any("as a probability" in t for t in warnings(bundle(0.9, [0.8, 1], {}, ece=0.2)))


def test_a_coverage_whose_interval_holds_what_is_meant_is_not_warned_of():
    data = bundle(2.0, [1.9, 2.1], {}, task="regress", coverage=0.8, nominal_coverage=0.9)
    assert any("too narrow" in text for text in warnings(data))
    data["metrics"]["test"]["intervals"]["coverage"] = [0.7, 0.91]
    assert not any("narrow" in text for text in warnings(data))


def test_too_few_groups_are_why_there_is_no_interval():
    data = bundle(2.0, None, GUESS, task="regress", coverage=0.99, nominal_coverage=0.9, groups=4)
    test = data["metrics"]["test"]
    assert interval_text("accuracy", test) == "no interval: 4 groups of rows are too few"
    assert not any("wider than needed" in text for text in warnings(data))
    data = bundle(0.9, None, GUESS | {"linear": (0.8, None)}, groups=4)
    assert "rows of only 4 groups judged it" in verdict(data)


def test_a_pattern_no_better_than_guessing_is_warned_of():
    poor = {"a": {"rows": 30, "metrics": {"accuracy": 0.4}}}
    data = bundle(0.9, [0.86, 0.94], GUESS, by_present=poor)
    assert "No better than guessing on rows without b." in warnings(data)


def test_the_weakest_pattern_has_ten_rows_at_least():
    found = {"a+b": {"rows": 90, "metrics": {"accuracy": 0.9}},
             "a": {"rows": 20, "metrics": {"accuracy": 0.6}},
             "b": {"rows": 9, "metrics": {"accuracy": 0.0}}}  # fmt: skip
    data = bundle(0.8, [0.7, 0.9], {}, by_present=found)
    assert weakest(data)[0] == "rows without b"
    assert weakest(bundle(0.8, [0.7, 0.9], {})) is None
    better = bundle(0.5, [0.4, 0.6], {}, by_present=found)
    assert weakest(better) is None and "weakest pattern" not in hero(better)


def test_patterns_are_split_at_names_that_hold_a_plus():
    names = ["a", "a+b", "b", "c"]
    assert split_pattern("a+b+c", ["a+b", "c"]) == ("a+b", "c")
    assert split_pattern("a+b", names) in {("a", "b"), ("a+b",)}
    assert split_pattern("a+b+b", names) == ("a+b", "b")
    assert split_pattern("nothing", names) == () and split_pattern("x+y", []) == ("x", "y")


def test_patterns_in_words():
    every = ["a", "b", "c"]
    assert said_pattern(every, every) == "rows with all columns"
    assert said_pattern(["a"], every) == "rows with only a"
    assert said_pattern(["a", "c"], every) == "rows without b"
    assert said_pattern([], every) == "rows without any column"


def test_the_metric_of_selection_is_the_headline():
    data = bundle(0.9, [0.8, 1.0], {})
    data["metrics"]["test"]["metrics"]["auc"] = 0.95
    assert headline_metric(data) == "accuracy"
    assert headline_metric(data | {"metrics": data["metrics"] | {"metric": "auc"}}) == "auc"
    assert headline_metric(data | {"metrics": data["metrics"] | {"metric": "gone"}}) == "accuracy"
    assert headline_metric({"metrics": {"metric": "drawn"}}) == "drawn", "nothing was measured"


@pytest.mark.parametrize(("rows", "why"), [(9, "too few rows"), (100, "it was not computed")])
def test_a_missing_interval_says_why(rows, why):
    scored = {"rows": rows, "metrics": {"accuracy": 0.97}, "intervals": {}}
    assert interval_text("accuracy", scored) == f"no interval: {why}"


def rare(hits, auc, ends, *, num=12, **test):
    """Return a bundle of 300 rows of which `num` are of the class 'bad', `hits` of them found."""
    share = 1 - num / 300
    data = bundle(share, [0.92, 0.98], {"majority": (share, [0.92, 0.98])})
    data["metrics"]["test"] |= {
        "per_class": [{"label": "good", "rows": 300 - num, "recall": 1.0},
                      {"label": "bad", "rows": num, "recall": hits / num}], **test,
    }  # fmt: skip
    data["metrics"]["test"]["metrics"]["auc"] = auc
    data["metrics"]["test"]["intervals"]["auc"] = ends
    return data


def test_an_accuracy_that_the_majority_reaches_is_said_first_with_what_tells_more():
    data = rare(0, 0.82, [0.7, 0.9])
    said = verdict(data)
    assert said.startswith("No better than guessing: always saying 'good' is right")
    assert (
        "96.0" in said
        and "but finds 0 of" in said
        and "ROC AUC 0.820" in said
        and "0 of 12 rows of 'bad'" in said
    )
    page = hero(data)
    assert "recall of bad" in page and "ROC AUC" in page and "found 0 of 12 rows" in page
    assert "do not rely on it" in verdict(rare(0, 0.55, [0.4, 0.7]))


def test_a_class_that_is_found_is_not_said_to_be_overlooked():
    data = rare(11, 0.82, [0.7, 0.9])
    said = verdict(data)
    assert "Accuracy hides" in said and "finds 11 of 12 rows of 'bad'" in said
    assert "only" not in said and "choose by macro F1" not in said


def test_the_class_of_which_least_is_found_is_named_not_the_rarest():
    data = rare(11, 0.82, [0.7, 0.9])
    worse = {"label": "odd", "rows": 20, "recall": 0.05}
    data["metrics"]["test"]["per_class"].append(worse)
    assert "finds only 1 of 20 rows of 'odd'" in verdict(data)
    assert "recall of odd" in hero(data)


def test_the_verdict_is_about_the_metric_that_the_choice_was_by():
    data = rare(11, 0.82, [0.7, 0.9])
    metrics = data["metrics"]
    metrics["metric"] = "macro_f1"
    metrics["candidates"][0]["metrics"]["macro_f1"] = 0.28
    metrics["test"]["metrics"]["macro_f1"] = 0.42
    metrics["test"]["intervals"]["macro_f1"] = [0.35, 0.49]
    assert verdict(data).startswith("Better than guessing")
    metrics["test"]["intervals"]["macro_f1"] = [0.25, 0.49]
    assert verdict(data) == "Not clearly better than guessing: do not rely on it."


@pytest.mark.parametrize(("num", "ends"), [(12, None), (9, [0.7, 0.9]), (1, None)])
def test_rows_are_not_said_to_be_ordered_by_few_of_the_rare_class_or_without_interval(num, ends):
    data = rare(0, 0.763, ends, num=num)
    said = verdict(data)
    assert "does order" not in said and "0.763" not in said and "do not rely on it" in said
    assert ("of bad only" in hero(data)) == (num < 10)


def test_of_few_groups_it_is_the_groups_that_are_too_few():
    assert "12 rows of 'bad' in only 2 groups, too few" in verdict(rare(11, 0.8, None, groups=2))
    assert "group" not in verdict(rare(11, 0.8, None))


def test_the_majority_is_counted_where_guessing_was_not_scored():
    data = rare(0, 0.82, [0.7, 0.9])
    data["metrics"]["candidates"] = []
    assert verdict(data).startswith("No better than guessing: always")
    data["metrics"]["test"]["metrics"]["accuracy"] = 0.962
    assert verdict(data).startswith("Not clearly better than guessing: always")


def test_costs_of_mistakes_are_the_first_number_beside_those_of_never_and_always_acting():
    decision = {
        "positive": "bad", "false_negative": 20.0, "false_positive": 1.0, "threshold": 0.05,
        "how": "by the costs", "never": 0.8, "always": 0.96,
        "at_threshold": {"cost": 0.85, "recall": 0.5, "precision": 0.1},
        "at_half": {"cost": 0.8}, "intervals": {"cost": [0.5, 1.2], "saved": [-0.3, 0.2]},
    }  # fmt: skip
    data = rare(0, 0.82, [0.7, 0.9], decision=decision)
    assert verdict(data).startswith("It saves nothing: a row costs 0.850 on average, and 0.800 by")
    page = hero(data)
    assert '<p class="large">0.850</p>' in page and "0.500 to 1.20" in page
    assert "never saying bad" in page and "96.0" not in page.split('class="compared"')[0]
    decision["at_threshold"]["cost"] = 0.4
    assert "within chance" in verdict(data)
    decision["intervals"]["saved"] = None
    assert "no interval was computed" in verdict(data) and "within" not in verdict(data)
    decision["intervals"]["saved"] = [0.1, 0.6]
    assert verdict(data).startswith("It saves 50.0")
    decision["false_negative"] = 1.0
    assert verdict(data).startswith("No better than guessing: always")
