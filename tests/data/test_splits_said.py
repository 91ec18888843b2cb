"""Splits that were said: by group, by time, by both, and what is done with copies across them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_splits import NAMES, copied, parts, split_of, table

from plait.data import make_splits
from plait.data.by_time import allot_groups_in_time, allot_in_time
from plait.data.splits import row_units
from plait.errors import TableError

SHARES = (0.7, 0.15, 0.15)


def test_said_groups_win_over_copies_that_link_them_all():
    who = [f"s{row % 4}" for row in range(80)]
    keys = [f"word {row // 8}" for row in range(80)]
    splits = make_splits(table(80, who=who), copies=copied(row=keys), group="who")
    found = [{who[row] for row in rows} for rows in parts(splits)]
    assert sum(map(len, found)) == 4 and sum(map(len, parts(splits))) == 80
    assert "60 near-duplicates lie in another 'who' than the row that they are like" in str(
        splits.notes
    )
    assert not splits.moved


def test_pairs_that_were_not_compared_are_told():
    keys = [f"word {row // 2}" for row in range(40)]
    found = copied(row=keys)
    assert make_splits(table(40), copies=found).notes == ()
    many = replace(found, num_unseen={"row": 12_345})
    assert "in 'row' 12,345 pairs of values that look alike were not compared" in str(
        make_splits(table(40), copies=many).notes
    )


def test_rows_without_a_group_stay_with_their_copies():
    who = ["a", "b", "c", "d"] * 10 + [None] * 20
    keys = [None] * 30 + ["x"] + [None] * 9 + ["x", "y", "y", "y"] + [None] * 16
    for seed in range(4):
        splits = make_splits(table(60, who=who), copies=copied(row=keys), group="who", seed=seed)
        assert split_of(splits, 40) == split_of(splits, 30)
        assert len({split_of(splits, row) for row in (41, 42, 43)}) == 1
        assert [note for note in splits.notes if "few groups" not in note] == []


def test_copies_that_would_empty_a_given_split_are_kept_and_told():
    words = ["train"] * 3 + ["val"] * 3 + ["test"] * 4
    keys = ["a", "b", "c", "d", "e", "f", "a", "b", "c", "d"]
    splits = make_splits(table(10, part=words), copies=copied(row=keys), by_column="part")
    assert parts(splits) == [{0, 1, 2}, {4, 5}, {6, 7, 8, 9}]
    assert "3 train rows have near-duplicates in a later split and stay" in splits.notes[0]
    assert [(move["from"], move["to"]) for move in splits.moved] == [
        ("train", "kept"),
        ("validation", "dropped"),
    ]


def test_validation_is_carved_out_of_what_is_left():
    words = ["train"] * 12 + ["test"] * 8
    keys = [*"abcdefgh", *"stuv", *"abcdefgh"]
    splits = make_splits(table(20, part=words), copies=copied(row=keys), by_column="part")
    assert parts(splits)[0] | parts(splits)[1] == {8, 9, 10, 11} and len(splits.test) == 8


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=60))
def test_equal_times_never_straddle(days):
    if len(set(days)) == 1:
        with pytest.raises(TableError, match="all times are equal"):
            make_splits(table(len(days), day=days), time="day")
        return
    splits = make_splits(table(len(days), day=days), time="day")
    found = [sorted({days[row] for row in rows}) for rows in parts(splits)]
    assert sum(map(len, found)) == len(set(days)) and found[0] and found[1]
    assert found[0][-1] < found[1][0] and (not found[2] or found[1][-1] < found[2][0])
    assert bool(found[2]) == (len(set(days)) > 2)


def test_periods_come_near_the_shares():
    times = np.repeat(np.arange(100.0), 7)
    found = allot_in_time(times, SHARES, "day")
    assert np.abs(np.bincount(found) / 700 - SHARES).max() <= 0.01


def visits(num_patients, num_visits, seed, spread):
    """Return who and when: patients begin at random days, and come back for a while."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(num_patients), num_visits)
    begin = np.repeat(rng.uniform(0, 1000, num_patients), num_visits)
    return who, (begin + rng.uniform(0, spread, len(who))).round()


@pytest.mark.parametrize("spread", [5, 200, 100_000])
def test_test_rows_are_latest_and_of_new_groups(spread):
    who, when = visits(60, 6, 3, spread)
    data = table(360, who=who.tolist(), when=when.tolist())
    splits = make_splits(data, time="when", group="who")
    rows = [getattr(splits, name) for name in NAMES]
    groups = [set(who[part].tolist()) for part in rows]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert when[rows[0]].max() < when[rows[1]].min() <= when[rows[1]].max() < when[rows[2]].min()
    num_left_out = 360 - sum(map(len, rows))
    assert f"{num_left_out} rows were left out" in splits.notes[0]
    assert len(rows[0]) >= 120 and len(rows[2]) >= 6
    assert "of 'who' that training did not see" in splits.how


def test_groups_of_one_time_cost_no_row():
    who = np.repeat(np.arange(40), 5)
    splits = make_splits(table(200, who=who.tolist(), when=who.tolist()), time="when", group="who")
    assert [len(part) for part in parts(splits)] == [140, 30, 30] and splits.notes == ()


def test_one_group_through_all_of_time_is_refused():
    data = table(30, who=["a"] * 30, when=list(range(30)))
    with pytest.raises(TableError, match="no row is left for"):
        make_splits(data, time="when", group="who")


def test_two_long_groups_give_training_and_validation():
    times = np.arange(40.0)
    found = allot_groups_in_time(times, np.arange(40) % 2, SHARES, "when")
    assert (found == 0).sum() == 14 and (found > 0).any()


def test_values_alike_here_and_there_do_not_chain_a_table_together():
    pictures = [f"picture {row // 2}" for row in range(300)]
    texts = [f"text {(row + 1) // 2}" for row in range(300)]
    units = row_units(300, copied(picture=pictures, text=texts))
    assert np.bincount(units).max() == 10
    splits = make_splits(table(300), copies=copied(picture=pictures, text=texts))
    assert [len(part) for part in parts(splits)] == pytest.approx([210, 45, 45], abs=25)
    apart = sum(split_of(splits, row) != split_of(splits, row + 1) for row in range(299))
    assert f"{apart} near-duplicates are in another split" in splits.notes[0]
