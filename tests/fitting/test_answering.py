"""What an answer costs: rows are asked one by one, and a fit's bundle tells it."""

import time

import numpy as np
import pytest

import plait
from plait.fitting.records.answering import (
    EDGE,
    answers_told,
    as_shipped,
    rows_to_ask,
    time_answers,
)

ROWS = [{"size": i % 7 + 4.0 * (i % 2), "kind": "pq"[i % 2]} for i in range(60)]


def fit(**settings):
    given = {"simple": True, "baselines": ("majority", "linear"), "budget": "5 steps"}
    return plait.fit(ROWS, **given | settings)


def test_rows_are_asked_in_turn_and_at_least_so_often():
    asked = []
    found = time_answers(asked.append, [{"a": 1}, {"a": 2}], least=5, seconds=0.01)
    assert [row["a"] for row in asked[:4]] == [1, 1, 2, 1]  # the first one warms up
    assert 0 < found.ms <= found.ms_slow and found.joules >= 0 and found.method


def test_rows_to_ask_are_cells_of_the_inputs():
    table = plait.read(ROWS)
    assert rows_to_ask(table, ["size"], np.arange(2)) == [{"size": 0.0}, {"size": 5.0}]
    assert len(rows_to_ask(table, ["size"], np.arange(60))) == 32


def test_a_row_whose_cell_is_a_list_is_asked_as_one_row(tmp_path):
    rows = [
        {"walk": [[step + row, step % 3, row % 2] for step in range(12)], "kind": "pq"[row % 2]}
        for row in range(40)
    ]
    table = plait.read(rows, columns={"walk": "series", "kind": "category"})
    model = plait.fit(
        table, target="kind", simple=True, baselines=("linear",), budget="5 steps",
        out=tmp_path / "m.plait",
    )  # fmt: skip
    (row,) = rows_to_ask(table, ["walk"], np.array([3]))
    answer, engine = as_shipped(tmp_path / "m.plait", model, row, tmp_path)
    assert engine == EDGE and list(answer(row)["prediction"]) == ["q"]


def test_a_bundle_tells_what_making_it_and_asking_it_take():
    model = fit(target="kind")
    energy = model.records["energy"]
    assert energy["wh"] == pytest.approx(energy["joules"] / 3600, abs=1e-6)
    assert energy["answers"]["wh_per_1000"] > 0 and energy["answers"]["ms"] > 0
    assert "## What it cost" in model.card and "1,000 answers" in model.card


def test_what_answers_nothing_has_no_answers_to_measure():
    space = fit(budget="5 steps", baselines=True)
    assert "answers" not in space.records["energy"] and "Making it took" in space.card
    searched = fit(target="kind", scores=False)
    assert "answers" not in searched.records["energy"]
    assert answers_told(searched, plait.read(ROWS), np.zeros(0, np.int64)) == {}


def test_a_clock_that_stands_still_ends_it_too(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    asked = []
    time_answers(asked.append, [{"a": 1}], least=2, seconds=1.0, most=7)
    assert len(asked) == 1 + 7
