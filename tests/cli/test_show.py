"""Values become short text for people and plain JSON for programs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from plait.cli import evaluate
from plait.cli.show import plain, print_facts, print_table, text_of, with_intervals


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "yes"),
        (0.123456, "0.1235"),
        (float("nan"), "-"),
        (1234567.8, "1,234,568"),
        (["a", 1.5], "a, 1.5"),
        ({"rows": 3}, "rows 3"),
    ],
)
def test_text_of(value, expected):
    assert text_of(value) == expected


def test_plain_turns_everything_into_json_types():
    value = {
        "a": np.float32(1.5),
        "b": np.array([1, 2]),
        "c": (Path("x"), math.inf),
        3: np.array([np.nan]),
        "d": np.bool_(True),
    }
    assert plain(value) == {"a": 1.5, "b": [1, 2], "c": ["x", None], "3": [None], "d": True}


def test_intervals_stand_beside_their_metric():
    shown = with_intervals({"accuracy": 0.9, "auc": 0.8}, {"accuracy": [0.85, 0.95]})
    assert shown == {"accuracy": "0.9 [0.85, 0.95]", "auc": "0.8"}


def test_a_table_shows_every_key_of_every_row(capsys):
    print_table("Scores", [{"model": "a", "accuracy": 0.5}, {"model": "[b]", "auc": 1}])
    out = capsys.readouterr().out
    assert all(word in out for word in ("Scores", "model", "accuracy", "auc", "[b]", "0.5"))


def test_an_empty_table_prints_nothing(capsys):
    print_table("Scores", [])
    assert capsys.readouterr().out == ""


def test_facts_leave_out_what_is_none(capsys):
    print_facts({"task": "classify", "gpu": None, "rows": 3})
    assert capsys.readouterr().out == "task  classify\nrows  3\n"


def test_the_worth_of_columns_names_its_metric_and_unit(capsys):
    worth = {"column": "size", "rows": 3, "metric": "rmse", "unit": "kg", "shuffled": 1.5}
    evaluate.show({"task": "regress", "rows": 3, "importance": [worth]})
    out = capsys.readouterr().out
    assert "how much worse rmse [kg] gets when it is ..." in out
    assert "metric" not in out.partition("Worth of columns")[2]


def test_directions_of_retrieval_show_their_intervals(capsys):
    scored = {"r@1": 0.25, "n": 40, "intervals": {"r@1": [0.14, 0.4]}}
    evaluate.show({"task": "embed", "rows": 40, "retrieval": {"a->b": scored}})
    out = capsys.readouterr().out
    assert "0.25 [0.14, 0.4]" in out and "intervals" not in out and "40" in out
