"""The map of a shared space: what is drawn, where, and what is said to be nearest."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.errors import CellError
from plait.fitting.space.space_map import find_neighbours, make_map, project
from plait.retrieval import match_ranks


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


class Codec:
    """Shows numbers; ``-1`` cannot be read."""

    def __init__(self, size):
        self.size = size

    def read(self, cell, media):
        if cell == -1:
            raise CellError("damaged")
        return cell

    def show(self, raw):
        return f"<b>{raw}</b>".ljust(self.size)


class Column:
    def __init__(self, cells):
        self.cells = cells
        self.present = np.array([cell is not None for cell in cells])

    def __getitem__(self, row):
        return None if self.cells[row] is None else {"x": np.array([self.cells[row]])}


def fake_problem(size=0, **cells):
    columns = {name: Column(values) for name, values in cells.items()}
    num = len(next(iter(cells.values())))
    return SimpleNamespace(
        input_columns={name: (name,) for name in cells},
        codecs={name: Codec(size) for name in cells},
        prepared=SimpleNamespace(columns=columns, num_rows=num),
        table=SimpleNamespace(
            column=lambda name, rows: [cells[name][row] for row in rows], media=lambda: None
        ),
    )


def drawn(problem, seed=0, dim=4):
    num = problem.prepared.num_rows
    present = np.stack([column.present for column in problem.prepared.columns.values()])
    vectors = unit(np.random.default_rng(1).normal(size=(len(present), num, dim)))
    return make_map(problem, np.arange(num), vectors.astype(np.float32), present, seed=seed)


def test_every_input_column_that_a_row_has_is_a_point_with_its_cell():
    problem = fake_problem(a=[1, 2, None, None], b=[5, None, 6, None])
    found = json.loads(json.dumps(drawn(problem)))
    points = {(point["input_column"], point["row"]) for point in found["points"]}
    assert points == {("a", 0), ("a", 1), ("b", 0), ("b", 2)}
    assert found["cells"] == {
        "0": {"a": "<b>1</b>", "b": "<b>5</b>"}, "1": {"a": "<b>2</b>"}, "2": {"b": "<b>6</b>"},
    }  # fmt: skip
    assert found["rows"] == 3 and found["input_columns"] == ["a", "b"]
    assert all(0 <= point[axis] <= 1 for point in found["points"] for axis in "xy")


def test_row_numbers_are_those_of_the_table():
    problem = fake_problem(a=[1, 2, 3, 4], b=[5, 6, 7, 8])
    vectors = np.tile(np.eye(2, dtype=np.float32), (2, 1, 1))
    found = make_map(problem, np.array([3, 1]), vectors, np.ones((2, 2), bool), seed=0)
    assert {point["row"] for point in found["points"]} == {1, 3}
    assert found["cells"]["3"] == {"a": "<b>4</b>", "b": "<b>8</b>"}
    answer = next(q for q in found["neighbours"] if (q["input_column"], q["row"]) == ("a", 3))
    assert [item["row"] for item in answer["found"]["b"]["items"]] == [3, 1]


def test_the_same_seed_draws_the_same_map():
    problem = fake_problem(a=list(range(400)), b=list(range(400)))
    one, same, other = drawn(problem), drawn(problem), drawn(problem, seed=1)
    assert one == same
    assert len(one["cells"]) >= 300
    assert {p["row"] for p in one["points"]} != {p["row"] for p in other["points"]}
    assert len({p["row"] for p in one["points"]}) == 300


def test_heavy_cells_leave_fewer_rows():
    found = drawn(fake_problem(size=1_000_000, a=list(range(20)), b=list(range(20))))
    assert len({point["row"] for point in found["points"]}) == 2
    assert len(found["neighbours"]) == 1


def test_a_cell_that_cannot_be_read_is_left_out_of_the_card():
    found = drawn(fake_problem(a=[-1, 2], b=[3, 4]))
    assert found["cells"]["0"] == {"b": "<b>3</b>"}


def test_nothing_to_draw():
    assert drawn(fake_problem(a=[None, None])) == {}


def test_only_the_eight_fullest_of_many_input_columns_are_drawn():
    cells = {f"c{i}": [1, 2, 3, None if i in (0, 5) else 4] for i in range(10)}
    assert drawn(fake_problem(**cells))["input_columns"] == [
        f"c{i}" for i in (1, 2, 3, 4, 6, 7, 8, 9)
    ]


def test_few_points_are_drawn_by_pca():
    spots, method = project(np.array([[0.0, 0, 7], [3, 4, 7], [6, 8, 7]]), seed=0)
    assert method == "PCA"
    assert sorted(spots[:, 0]) == pytest.approx([0, 0.5, 1]) and spots[1, 0] == 0.5
    assert spots[:, 1] == pytest.approx(0.5)


def test_one_point_and_equal_points_are_in_the_middle():
    for num in (1, 30):
        assert project(np.ones((num, 4)), seed=0)[0] == pytest.approx(0.5)


def test_tsne_keeps_groups_and_repeats_itself():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    group = np.arange(60) % 3
    vectors = unit(np.eye(8)[group] + rng.normal(0, 0.05, (60, 8)))
    spots, method = project(vectors, seed=0)
    assert method == "t-SNE" and np.array_equal(spots, project(vectors, seed=0)[0])
    far = np.linalg.norm(spots[:, None] - spots[None], axis=-1) + np.eye(60) * 9
    assert (group[far.argmin(1)] == group).all()


def test_without_scikit_learn_the_map_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    spots, method = project(np.random.default_rng(0).normal(size=(30, 5)), seed=0)
    assert method == "PCA, for scikit-learn is not installed"
    assert spots.min() == 0 and spots.max() == 1


def asked(vectors, present=None, contents=None, seed=0):
    num = vectors.shape[1]
    present = np.ones(vectors.shape[:2], bool) if present is None else np.array(present)
    contents = np.tile(np.arange(num), (len(vectors), 1)) if contents is None else contents
    found = find_neighbours(
        "abc"[: len(vectors)], np.arange(num), vectors, present, np.array(contents), seed=seed
    )
    return {(query["input_column"], query["row"]): query["found"] for query in found}


def test_neighbours_by_hand():
    a = np.array([[1.0, 0], [0, 1], [0.6, 0.8]])
    b = np.array([[0.8, 0.6], [1.0, 0], [0, -1]])
    found = asked(np.stack([a, b]))["a", 0]["b"]
    assert (found["rank"], found["among"]) == (2, 3)
    assert [item["row"] for item in found["items"]] == [1, 0, 2]
    assert [item["right"] for item in found["items"]] == [False, True, False]
    assert [item["cosine"] for item in found["items"]] == pytest.approx([1.0, 0.8, 0.0])


def test_equal_content_is_shown_once_and_as_right():
    vectors = np.stack([np.eye(4), np.eye(4)])
    found = asked(vectors, contents=[[0, 1, 2, 3], [7, 7, 8, 9]])["a", 1]["b"]
    assert found["rank"] == 1 and len(found["items"]) == 3
    assert [item["right"] for item in found["items"]] == [True, False, False]


def test_only_rows_with_both_input_columns_are_asked_and_answer():
    present = [[True, True, True, False], [True, True, False, True]]
    found = asked(np.stack([np.eye(4)] * 2), present=present)
    assert set(found) == {("a", 0), ("a", 1), ("b", 0), ("b", 1)}
    assert all(answer["among"] == 2 for one in found.values() for answer in one.values())


def test_collapsed_vectors_rank_in_the_middle():
    found = asked(np.ones((2, 5, 1)))
    assert {answer["rank"] for one in found.values() for answer in one.values()} == {3}


def test_queries_are_drawn_by_the_seed_and_not_by_success():
    rng = np.random.default_rng(0)
    good = np.tile(unit(rng.normal(size=(50, 8))), (3, 1, 1))
    bad = unit(rng.normal(size=(3, 50, 8)))
    assert list(asked(good)) == list(asked(bad))
    assert list(asked(good)) != list(asked(good, seed=1))
    assert [input_column for input_column, _ in asked(good)][:3] == ["a", "b", "c"]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), num=st.integers(2, 12))
def test_ranks_are_those_of_the_metrics(seed, num):
    rng = np.random.default_rng(seed)
    vectors = unit(rng.integers(-2, 3, (2, num, 3)) + 0.5)
    contents = rng.integers(0, 4, (2, num))
    ranks = match_ranks(vectors[0], vectors[1], contents[1])
    found = asked(vectors, contents=contents, seed=seed)
    for (input_column, row), answers in found.items():
        if input_column == "a":
            # dots of one and of many vectors may round apart where cosines tie
            nearest = np.sort(np.abs(np.diff(np.sort(vectors[1] @ vectors[0, row]))))
            if not len(nearest) or nearest[0] > 1e-9:
                assert answers["b"]["rank"] == ranks[row]
