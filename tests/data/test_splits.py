"""Splits: shares, classes, whole groups, time, given columns, and no duplicate on both sides."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait import read
from plait.data import Copies, Splits, make_splits
from plait.data.duplicates import equal_rows
from plait.errors import TableError, UsageError

NAMES = ("train", "validation", "test")


def table(num_rows=100, **columns):
    return read({"row": list(range(num_rows)), **columns})


def copied(**columns):
    """Copies where keys are equal; None is like nothing."""
    found = Copies()
    for name, keys in columns.items():
        labels = [f"row {row}" if key is None else f"key {key!r}" for row, key in enumerate(keys)]
        equal_rows(found, name, np.array(labels))
    return found


def parts(splits):
    return [set(getattr(splits, name).tolist()) for name in NAMES]


def split_of(splits, row):
    return next((n for n, rows in zip(NAMES, parts(splits), strict=True) if row in rows), None)


def test_random_splits_keep_the_shares_and_cover_all_rows():
    splits = make_splits(table(1000))
    assert [len(rows) for rows in parts(splits)] == [700, 150, 150]
    assert set.union(*parts(splits)) == set(range(1000))
    again = make_splits(table(1000))
    other = make_splits(table(1000), seed=1)
    assert parts(again) == parts(splits) != parts(other)
    assert "at random (seed 0)" in splits.how


def test_classes_keep_their_shares_and_rare_ones_are_in_train():
    labels = ["a"] * 700 + ["b"] * 280 + ["c"] * 19 + ["d"]
    splits = make_splits(table(1000), stratify=labels)
    counts = Counter(labels[row] for row in splits.train)
    assert abs(counts["a"] - 490) <= 2 and abs(counts["b"] - 196) <= 2
    assert counts["d"] == 1 and 11 <= counts["c"] <= 15


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(0, 5), st.data())
def test_no_duplicate_straddles(num_rows, seed, data):
    keys = data.draw(
        st.lists(
            st.sampled_from([None, *(bytes([i]) for i in range(20))]),
            min_size=num_rows,
            max_size=num_rows,
        )
    )
    try:
        splits = make_splits(table(num_rows), copies=copied(row=keys), seed=seed)
    except TableError:
        assert len(set(keys)) == 1
        return
    assert len(splits.train) and len(splits.validation)
    assert sum(map(len, parts(splits))) == num_rows
    for key, count in Counter(keys).items():
        if key is not None and 2 <= count <= 10:
            assert len({split_of(splits, row) for row in range(num_rows) if keys[row] == key}) == 1


def test_duplicates_linked_through_two_columns_stay_together():
    one = [b"x", b"x", None, *[None] * 97]
    two = [None, b"y", b"y", *[None] * 97]
    for seed in range(5):
        splits = make_splits(table(), copies=copied(one=one, two=two), seed=seed)
        assert len({split_of(splits, row) for row in (0, 1, 2)}) == 1


def test_what_was_moved_is_told():
    keys = [bytes([i // 2]) for i in range(100)]
    splits = make_splits(table(), copies=copied(row=keys))
    assert splits.moved
    for move in splits.moved:
        assert move["column"] == "row" and move["from"] != move["to"]
        assert all(split_of(splits, row) == move["to"] for row in move["rows"])


def test_values_shared_by_very_many_rows_are_no_duplicates():
    keys = [b"no comment"] * 50 + [None] * 50
    splits = make_splits(table(), copies=copied(note=keys))
    assert "1 values of 'note' are shared" in splits.how
    assert len(splits.train) == 70 and not splits.moved


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=3, max_size=40), st.integers(0, 3))
def test_groups_are_never_cut(sizes, seed):
    groups = [f"p{number}" for number, size in enumerate(sizes) for _ in range(size)]
    splits = make_splits(table(len(groups), patient=groups), group="patient", seed=seed)
    found = [{groups[row] for row in rows} for rows in parts(splits)]
    assert not found[0] & found[1] and not found[0] & found[2] and not found[1] & found[2]
    assert len(splits.train) and len(splits.validation)


def test_groups_keep_shares_within_reason():
    groups = [f"p{i % 100}" for i in range(1000)]
    splits = make_splits(table(1000, patient=groups), group="patient")
    assert np.abs(np.array([len(r) for r in parts(splits)]) - [700, 150, 150]).max() <= 50
    assert splits.notes == ()


@pytest.mark.parametrize(("num_groups", "num_test"), [(24, 8), (30, 10), (50, 10), (60, 10)])
def test_few_groups_have_a_larger_test(num_groups, num_test):
    groups = [f"m{i % num_groups}" for i in range(20 * num_groups)]
    splits = make_splits(table(len(groups), machine=groups), group="machine")
    assert len({groups[row] for row in splits.test}) == num_test
    assert len(splits.train) > len(splits.test) > len(splits.validation) > 0
    (note,) = splits.notes
    assert "few groups" in note and f"of the {num_groups} 'machine'" in note


@pytest.mark.parametrize("num_groups", [4, 12, 19])
def test_very_few_groups_are_needed_to_learn_from(num_groups):
    groups = [f"m{i % num_groups}" for i in range(20 * num_groups)]
    splits = make_splits(table(len(groups), machine=groups), group="machine")
    assert len({groups[row] for row in splits.test}) <= 3 and splits.notes == ()


def test_a_test_that_was_given_stays_as_it_is():
    words = ["train"] * 80 + ["test"] * 20
    groups = [f"p{i // 10}" for i in range(100)]
    splits = make_splits(table(100, part=words, who=groups), by_column="part", group="who")
    assert len(splits.test) == 20 and not any("few groups" in note for note in splits.notes)


def test_time_puts_the_latest_rows_into_the_test():
    days = [f"2024-01-{1 + (7 * i) % 31:02d}" for i in range(31)]
    splits = make_splits(table(31, day=days), time="day")
    last = {name: [days[row] for row in getattr(splits, name)] for name in NAMES}
    assert max(last["train"]) < min(last["validation"]) <= max(last["validation"])
    assert max(last["validation"]) < min(last["test"])


def test_a_given_column_is_kept_and_train_gives_validation():
    words = ["train"] * 80 + ["test"] * 20
    splits = make_splits(table(100, part=words), by_column="part")
    assert parts(splits)[2] == set(range(80, 100))
    assert len(splits.train) == 66 and len(splits.validation) == 14
    assert "validation taken out of train" in splits.how


def test_rows_that_a_column_leaves_out_are_in_no_part():
    words = ["train"] * 60 + ["out"] * 15 + ["test"] * 25
    found = make_splits(table(place=words), by_column="place")
    parts = [set(part.tolist()) for part in (found.train, found.validation, found.test)]
    assert set().union(*parts) == {*range(60), *range(75, 100)}
    assert any(note.startswith("15 rows were left out") for note in found.notes)


def test_validation_is_taken_by_whole_groups():
    words = ["train"] * 80 + ["test"] * 20
    groups = [f"p{i // 8}" for i in range(100)]
    splits = make_splits(table(100, part=words, who=groups), by_column="part", group="who")
    assert not {groups[r] for r in splits.train} & {groups[r] for r in splits.validation}


def test_training_copies_of_given_test_rows_are_dropped():
    words = ["train"] * 6 + ["val", "val", "test", "test"]
    keys = [b"a", b"b", b"c", b"d", b"e", b"f", b"a", b"g", b"b", b"g"]
    splits = make_splits(table(10, part=words), copies=copied(row=keys), by_column="part")
    assert parts(splits) == [{2, 3, 4, 5}, {6}, {8, 9}]
    assert splits.moved == (
        {"rows": [0, 1], "from": "train", "to": "dropped", "column": "row"},
        {"rows": [7], "from": "validation", "to": "dropped", "column": "row"},
    )


@pytest.mark.parametrize("num_rows", range(2, 12))
def test_tiny_tables_have_train_and_validation(num_rows):
    for seed in range(3):
        splits = make_splits(table(num_rows), seed=seed)
        assert len(splits.train) >= 1 and len(splits.validation) >= 1
        assert sum(map(len, parts(splits))) == num_rows


@pytest.mark.parametrize(
    ("columns", "options", "kind", "message"),
    [
        ({"x": [1]}, {}, TableError, "one row cannot be split"),
        ({"x": ["p"] * 9}, {"group": "x"}, TableError, "no row is left for validation"),
        ({"x": ["train", "tset"]}, {"by_column": "x"}, TableError, "something else than a split"),
        ({"x": ["test", "test"]}, {"by_column": "x"}, TableError, "names no training rows"),
        ({"x": ["train", "test"]}, {"by_column": "x"}, TableError, "too few to take validation"),
        ({"x": ["2024-01-01", "soon"]}, {"time": "x"}, TableError, "a time cannot be read"),
        ({"x": ["2024-01-01", None]}, {"time": "x"}, TableError, "a time cannot be read"),
        ({"x": [1, 2]}, {"time": "x", "by_column": "x"}, UsageError, "by time or by a column"),
        ({"x": [7] * 9}, {"time": "x"}, TableError, "all times are equal"),
        ({"x": [1, 2]}, {"fractions": (0.5, 0.1, 0.1)}, UsageError, "fractions of the splits"),
        ({"x": [1, 2]}, {"group": "y"}, UsageError, "no column 'y'"),
    ],
)
def test_impossible_splits_are_refused(columns, options, kind, message):
    with pytest.raises(kind, match=message):
        make_splits(read(columns), **options)


def test_a_bad_row_is_named():
    with pytest.raises(TableError) as caught:
        make_splits(read({"x": ["train", "train", "?"]}), by_column="x")
    assert (caught.value.column, caught.value.row, caught.value.received) == ("x", 2, "?")


def test_splits_go_to_json_and_back():
    splits = make_splits(table(30), copies=copied(row=[bytes([i // 3]) for i in range(30)]))
    again = Splits.from_dict(splits.to_dict())
    assert parts(again) == parts(splits) and again.moved == splits.moved
    with pytest.raises(TableError, match="not splits"):
        Splits.from_dict({"train": 3})


@pytest.mark.parametrize(
    ("cell", "mend"), [("soon", "write it like the others"), (None, "fill it")]
)
def test_a_time_that_cannot_be_read_comes_with_what_mends_it(cell, mend):
    with pytest.raises(TableError) as caught:
        make_splits(read({"x": ["2024-01-01", cell, "2024-01-02"]}), time="x")
    assert caught.value.row == 1 and mend in caught.value.hint
