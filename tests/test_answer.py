"""Answers: rows, columns, slices, tables; and how they show themselves."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import plait
from plait.answer import Answer
from plait.errors import UsageError


@pytest.fixture
def answer():
    return Answer(
        {
            "prediction": ["boot", "hat", "boot"],
            "confidence": np.array([0.75, 0.5, 1.0], np.float32),
            "p_boot": np.array([0.75, 0.5, 1.0], np.float32),
        }
    )


def test_an_answer_is_a_sequence_of_rows(answer):
    assert len(answer) == 3
    assert answer[1] == {"prediction": "hat", "confidence": 0.5, "p_boot": 0.5}
    assert answer[-1] == answer[2] == list(answer)[2]
    assert [row["prediction"] for row in answer] == ["boot", "hat", "boot"]
    assert type(answer[0]["confidence"]) is float
    with pytest.raises(IndexError):
        answer[3]


def test_an_answer_gives_columns_and_slices(answer):
    assert answer["prediction"] == ["boot", "hat", "boot"]
    assert answer["confidence"] is answer.columns["confidence"]
    assert answer[1:].to_dicts() == answer.to_dicts()[1:]
    assert answer[[2, 0]]["confidence"].tolist() == [1.0, 0.75]
    assert answer[answer["confidence"] > 0.6]["prediction"] == ["boot", "boot"]
    with pytest.raises(UsageError, match="no column 'predictions'"):
        answer["predictions"]


def test_an_answer_becomes_a_table_of_any_kind(answer):
    assert answer.to_arrow().to_pydict() == {k: list(v) for k, v in answer.columns.items()}
    frame = answer.to_pandas()
    assert list(frame.columns) == list(answer.columns)
    assert frame.to_dict("records") == answer.to_dicts()
    assert json.loads(json.dumps(answer.to_dicts())) == answer.to_dicts()
    assert Answer({"prediction": []}).to_dicts() == []
    assert len(Answer()) == 0


def test_without_pandas_the_error_names_what_else_there_is(answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pandas is not installed") as caught:
        answer.to_pandas()
    assert "to_dicts" in caught.value.hint


def test_an_answer_shows_itself_briefly():
    columns = {"prediction": ["x" * 500] * 1000, "confidence": np.zeros(1000)}
    answer = Answer(columns | {f"p_{i}": np.zeros(1000) for i in range(200)})
    assert len(repr(answer)) < 600
    assert "1000 rows, 202 columns" in repr(answer)
    assert "and 996 more rows" in repr(answer)
    assert len(answer._repr_html_()) < 10_000


def test_markup_in_an_answer_is_shown_not_run():
    shown = Answer({"prediction": ["<script>alert(1)</script>"], "<b>": ["&"]})._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown
    assert "&lt;script&gt;" in shown and "&amp;" in shown
    assert "http" not in shown
    assert "background" not in shown and "color:inherit" in shown


def test_it_is_a_public_name():
    assert plait.Answer is Answer
