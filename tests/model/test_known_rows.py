"""Which rows a model learned from is told where the table or its ids say it, and else left open."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.cli import app
from plait.model.known_rows import num_learned, places_in_fit

COLUMNS = {"name": "id", "x": "number", "kind": "category"}


def rows(num=80, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {"name": f"row {seed} {i}", "x": float(rng.normal()), "kind": "pq"[int(rng.integers(2))]}
        for i in range(num)
    ]


def without_ids(some):
    return [{name: cell for name, cell in row.items() if name != "name"} for row in some]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    table = plait.read(rows(), columns=COLUMNS)
    out = tmp_path_factory.mktemp("known") / "m.plait"
    plait.fit(table, target="kind", simple=True, baselines=["neighbour"], samples=False, out=out)
    return out, table


def test_the_table_of_the_fit_is_known_again_without_its_test_rows(fitted):
    bundle, table = fitted
    model = plait.load(bundle)
    splits = model.records["splits"]
    learned = len(splits["train"]) + len(splits["validation"])
    assert len(splits["test"]) and learned == 80 - len(splits["test"])
    scores = plait.evaluate(bundle, table)
    assert scores["learned_rows"] == learned
    assert f"learned from, or was chosen by, {learned} of these 80 rows" in " ".join(
        scores["notes"]
    )


def test_rows_of_it_are_known_by_their_ids_beside_new_ones(fitted):
    model = plait.load(fitted[0])
    train, test = (model.records["splits"][part] for part in ("train", "test"))
    some = [*(rows()[i] for i in [*train[:3], *test[:2]]), *rows(5, seed=1)]
    table = plait.read(some, columns=COLUMNS)
    assert places_in_fit(model, table).tolist() == [*train[:3], *test[:2], *[-1] * 5]
    assert plait.evaluate(model, table)["learned_rows"] == 3
    blank = [{**row, "kind": None} if i < 2 else row for i, row in enumerate(some)]
    assert num_learned(model, plait.read(blank, columns=COLUMNS)) == 1
    fresh = plait.evaluate(model, plait.read(rows(20, seed=2), columns=COLUMNS))
    assert fresh["learned_rows"] == 0 and "learned from" not in " ".join(fresh["notes"])


def test_where_nothing_tells_nothing_is_said(fitted):
    scores = plait.evaluate(fitted[0], without_ids(rows()))
    assert scores["learned_rows"] is None and "learned from" not in " ".join(scores["notes"])


def test_the_command_says_it(fitted, tmp_path, capsys):
    lines = [",".join(rows()[0]), *(",".join(map(str, row.values())) for row in rows())]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    call = ["evaluate", str(fitted[0]), str(tmp_path / "t.csv"), "--json"]
    app(call, standalone_mode=False)
    shown = capsys.readouterr()
    num = json.loads(shown.out)["learned_rows"]
    assert 0 < num < 80 and f"note: the model learned from, or was chosen by, {num} of" in shown.err


def test_of_several_targets_each_has_its_own():
    table = plait.read([{**row, "y": 2 * row["x"]} for row in rows()], columns=COLUMNS)
    model = plait.fit(table, target="kind,y", simple=True, budget="4s", samples=False)
    scores = plait.evaluate(model, table)
    assert all(0 < one["learned_rows"] < 80 for one in scores["targets"].values())
    assert any("learned from" in note for note in scores["notes"])
