"""A fitted model in Python: probabilities, leaderboard, worst rows, worth of columns, reprs."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.errors import ColumnError, TableError, TargetError, UsageError
from plait.progress import Progress
from plait.types import SPACE_MARK


def rows_of(num: int, seed: int = 0) -> list[dict]:
    """Give rows whose kind follows from `size` alone; `idle` says nothing, `note` is long."""
    rng = np.random.default_rng(seed)
    words = [f"word{i}" for i in range(400)]
    return [
        {
            "size": float(x),
            "idle": float(rng.normal()),
            "note": " ".join(rng.choice(words, 9)),
            "kind": "big" if x > 0 else "small",
            "cost": float(3 * x),
        }
        for x in rng.normal(size=num)
    ]


@pytest.fixture(scope="module")
def model():
    table = plait.read(rows_of(160), columns="note=text,cost=ignore")
    return plait.fit(table, target="kind", budget="3 steps", size="tiny", samples=False)


@pytest.fixture(scope="module")
def numeric():
    table = plait.read(rows_of(120), columns="note=ignore,kind=ignore")
    return plait.fit(table, target="cost", budget="3 steps", size="tiny", samples=False)


def test_one_dict_is_one_row(model):
    one = model.predict({"size": 2.0, "note": "red"})
    assert len(one) == 1
    assert one[0] == model.predict([{"size": 2.0, "note": "red"}])[0]
    assert one[0]["prediction"] == "big"


def test_a_pandas_series_is_one_row_too(model):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows_of(3))
    assert model.predict(frame.iloc[1])[0] == model.predict(frame)[1]
    with pytest.raises(TableError, match="taken as one row") as caught:
        model.predict(frame["size"])
    assert "to_frame" in caught.value.hint


def test_a_dict_of_lists_is_a_table_still():
    assert plait.read({"a": [1, 2], "b": ["x", "y"]}).num_rows == 2
    assert plait.read({"a": 1, "b": None, "wave": [1.0, 2.0]}).column("wave") == [[1.0, 2.0]]
    assert plait.read({"a": b"x"}).column("a") == [b"x"]
    assert plait.read({"a": np.float64(2)}).column("a") == [2.0]
    assert plait.read({"a": np.array([1, 2])}).num_rows == 2


def test_probabilities_are_those_of_the_answer(model):
    rows = rows_of(7, seed=1)
    shares = model.predict_proba(rows)
    assert shares.shape == (7, 2) and np.allclose(shares.sum(1), 1)
    answer = model.predict(rows)
    for place, label in enumerate(model.classes_):
        assert np.array_equal(shares[:, place], answer[f"p_{label}"])
    best = [model.classes_[i] for i in shares.argmax(1)]
    assert best == list(answer["prediction"])


def test_a_number_has_no_probabilities(numeric):
    with pytest.raises(TargetError, match="a number has no classes") as caught:
        numeric.predict_proba([{"size": 1.0}])
    assert "q05" in caught.value.hint


def test_the_leaderboard_lists_candidates_the_cheapest_first(model):
    board = model.leaderboard()
    alone = [row for row in board if not row["name"].startswith("stack")]
    assert {"deep", "majority", "linear"} <= {row["name"] for row in alone}
    costs = [row["cost"] for row in alone]
    assert costs == sorted(costs)
    assert sum(row["weight"] for row in alone) == pytest.approx(1.0)
    assert board[0]["accuracy_low"] <= board[0]["accuracy"] <= board[0]["accuracy_high"]
    assert len(board.to_pandas()) == len(board)
    assert len(repr(board)) < 1200 and "accuracy" in repr(board)
    assert json.loads(json.dumps(list(board)))[0]["name"] == board[0]["name"]


def test_top_losses_are_the_rows_of_the_highest_cost(model):
    rows = rows_of(40, seed=2)
    rows[11]["kind"] = "big" if rows[11]["kind"] == "small" else "small"
    rows[12]["kind"] = None
    worst = model.top_losses(rows, k=3)
    assert worst[0]["row"] == 11 and worst[0]["truth"] == rows[11]["kind"]
    assert worst[0]["prediction"] != worst[0]["truth"]
    assert worst[0]["cells"]["size"] == rows[11]["size"]
    assert [one["cost"] for one in worst] == sorted((o["cost"] for o in worst), reverse=True)
    assert len(model.top_losses(rows, k=99)) == 39
    with pytest.raises(UsageError, match="nothing to list"):
        model.top_losses(rows, k=0)
    with pytest.raises(ColumnError, match="lacks the target"):
        model.top_losses([{"size": 1.0}])


def test_importance_finds_the_column_that_tells(model):
    found = model.importance(rows_of(150, seed=3), repeats=3)
    worth = {one["column"]: one for one in found}
    assert found[0]["column"] == "size"
    assert worth["size"]["shuffled"] > 0.2 > 4 * worth["size"]["shuffled_error"]
    assert worth["size"]["removed"] > 0.2
    assert abs(worth["idle"]["shuffled"]) < 0.1
    assert worth["size"]["rows"] == 150
    assert "accuracy" in repr(found)


def test_importance_shuffles_only_among_rows_that_have_a_value(model):
    """With one value there is nothing to shuffle, while taking it away still costs its row."""
    rows = rows_of(30, seed=4)
    for row in rows[1:]:
        row["size"] = None
    worth = {one["column"]: one for one in model.importance(rows, repeats=2)}
    assert worth["size"]["rows"] == 1
    assert worth["size"]["shuffled"] == 0.0


def test_importance_takes_other_metrics_and_their_direction(numeric):
    rows = rows_of(60, seed=5)
    errors = {one["column"]: one for one in numeric.importance(rows, repeats=2)}
    shares = {one["column"]: one for one in numeric.importance(rows, metric="r2", repeats=2)}
    assert errors["size"]["shuffled"] > 0.5
    assert shares["size"]["shuffled"] > 0.5
    with pytest.raises(UsageError, match="unknown metric") as caught:
        numeric.importance(rows, metric="auc")
    assert "rmse" in caught.value.expected


class Told(Progress):
    """Remembers what it was told of each task."""

    def __init__(self):
        self.tasks = {}

    def task(self, name, total=None):
        told = self.tasks[name] = (total, [])
        return lambda done, note="": told[1].append((done, note))


def test_importance_says_how_far_it_is_and_of_what(model, numeric):
    told = Told()
    found = model.importance(rows_of(30, seed=6), repeats=2, progress=told)
    total, steps = told.tasks["worth of columns"]
    assert total == 1 + 3 * 3 and steps[-1][0] == total
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert "size, shuffle 2 of 2" in [note for _, note in steps]
    assert {one["metric"] for one in found} == {"accuracy"} and "unit" not in found[0]
    assert {one["metric"] for one in numeric.importance(rows_of(30), repeats=1)} == {"rmse"}


def test_importance_is_in_the_unit_of_the_target():
    rows = [{**row, "cost": f"{row['cost']:.3f} kg"} for row in rows_of(80)]
    table = plait.read(rows, columns="note=ignore,kind=ignore")
    model = plait.fit(table, target="cost", budget="3 steps", simple=True, samples=False)
    found = model.importance(table, repeats=1)
    assert found[0]["unit"] == "kg" and "\u00a0kg on 80 rows" in repr(found)


def test_importance_repeats_itself(model):
    rows = rows_of(40, seed=6)
    assert list(model.importance(rows)) == list(model.importance(rows))


def plait_objects(value, path="model", seen=None, depth=0):
    """Yield what is reachable from a value and of plait's own classes."""
    seen = {} if seen is None else seen
    if id(value) in seen or depth > 6:
        return
    seen[id(value)] = value
    inner = {}
    if type(value).__module__.startswith("plait."):
        yield path, value
        inner = vars(value) if hasattr(value, "__dict__") else {}
    elif isinstance(value, dict):
        inner = value
    elif isinstance(value, list | tuple) and len(value) < 50:
        inner = dict(enumerate(value))
    for name, part in inner.items():
        if str(name).startswith("_"):
            continue
        yield from plait_objects(part, f"{path}.{name}", seen, depth + 1)


def test_nothing_of_a_model_has_a_long_repr(model):
    table = model.as_table(rows_of(9))
    found = dict(plait_objects(model))
    found |= dict(plait_objects(table, "table")) | dict(plait_objects(model.prepare(table), "rows"))
    found |= dict(plait_objects(model.predict(table), "answer"))
    found["scores"] = model.evaluate(rows_of(30))
    assert len(found) > 20
    assert {k: len(repr(v)) for k, v in found.items() if len(repr(v)) > 700} == {}


def test_a_model_tells_what_it_is(model, numeric):
    assert repr(model).startswith("Model('kind' from size (number), idle (number), note (text);")
    assert "accuracy" in repr(model) and len(repr(model)) < 400
    assert "rmse" in repr(numeric)
    shown = model._repr_html_()
    assert "guessing" in shown and len(shown) < 10_000
    assert SPACE_MARK not in shown


def test_tables_and_schemas_show_themselves():
    rows = [{"a<b>": "<script>", "n": i} for i in range(30)]
    table = plait.read(rows, columns={"a<b>": "text", "n": "number"})
    assert "<script>" not in table._repr_html_() and "&lt;script&gt;" in table._repr_html_()
    assert "20 more rows" in table._repr_html_()
    assert repr(table.schema) == "Schema('a<b>': text, 'n': number)"
    assert "a&lt;b&gt;" in table.schema._repr_html_()
    wide = plait.read({f"column {i}": [1.5, 2.5] for i in range(500)})
    assert len(repr(wide.schema)) < 400 and "494 more" in repr(wide.schema)
    assert len(wide._repr_html_()) < 20_000
