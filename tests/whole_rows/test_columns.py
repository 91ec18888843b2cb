"""Columns as codes and back: values stay what the table could hold, written as the table writes."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from plait.whole_rows.bins import Bins
from plait.whole_rows.columns import Labels, LabelSets, Numbers, column_from
from plait.whole_rows.written import writing_of

RNG = np.random.default_rng(0)
TABLES = {
    "whole": RNG.integers(-500, 5000, 3000).astype(float),
    "half zero": np.where(RNG.random(3000) < 0.6, 0.0, RNG.lognormal(3, 1, 3000).round(2)),
    "in tens": RNG.integers(0, 900, 3000) * 10.0 + 5,
    "few": RNG.choice([1.5, 2.0, 7.0], 3000),
    "real": RNG.normal(size=3000) * np.pi,
    "one": np.full(40, 3.25),
}


def numbers(values):
    return Numbers(bins=Bins.of(values), writing=writing_of(values, values, moment=False))


@pytest.mark.parametrize("name", TABLES)
def test_numbers_made_of_codes_have_those_codes_and_could_be_in_the_table(name):
    values = TABLES[name]
    column = column_from(numbers(values).facts())
    codes = column.encode([*values, None])
    made = np.array(column.decode(codes[:-1], np.random.default_rng(1).random(len(values))))
    assert column.decode(codes[-1:], np.zeros(1)) == [None] and (codes[-1] == 0).all()
    assert values.min() <= made.min() and made.max() <= values.max()
    same = (column.encode(made)[:, 0] == codes[:-1, 0]).mean()
    assert same > 0.97  # rounding to the lattice may cross the end of a bin
    assert np.abs(np.sort(made) - np.sort(values)).mean() < 0.01 * np.ptp(values) + 1e-9


def test_values_that_recur_are_kept_as_they_are_and_how_often():
    values = TABLES["half zero"]
    column = numbers(values)
    made = np.array(column.decode(column.encode(values), RNG.random(len(values))))
    assert (made == 0).mean() == (values == 0).mean()
    assert np.allclose(made * 100, np.round(made * 100))  # prices have two decimals


def test_values_that_single_rows_have_are_not_made_again():
    values = np.random.default_rng(0).normal(90, 15, 42).round(2)
    column = numbers(values)
    assert len(column.bins.points) == 0
    codes = column.encode(values)
    made = [column.decode(codes, np.random.default_rng(i).random(42)) for i in range(20)]
    assert np.isin(np.array(made), values).mean() < 0.05


def test_numbers_stay_on_the_lattice_of_the_column():
    made = np.array(numbers(TABLES["in tens"]).decode(
        numbers(TABLES["in tens"]).encode(TABLES["in tens"]), RNG.random(3000)
    ))  # fmt: skip
    assert set(made % 10) == {5.0}


@pytest.mark.parametrize(
    ("cells", "raws"),
    [
        (["€ 1,234.50", "€ 0.75", "€ 12.00"], [1234.5, 0.75, 12.0]),
        (["1.234,5 kg", "-3,0 kg", "20,5 kg"], [1234.5, -3.0, 20.5]),
        (["12 %", "7 %", "100 %"], [12.0, 7.0, 100.0]),
        (["1", "2.5", "30"], [1.0, 2.5, 30.0]),
        ([3, 4, 5], [3.0, 4.0, 5.0]),
    ],
)
def test_numbers_are_written_as_the_table_writes_them(cells, raws):
    writing = writing_of(cells, raws, moment=False)
    assert writing.cells([*raws, None]) == [*cells, None] and writing.is_like_table


@pytest.mark.parametrize("pattern", ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y %H:%M"])
def test_dates_are_written_in_the_format_of_the_table(pattern):
    days = [datetime.datetime(2021, 3, 1) + datetime.timedelta(days=9 * i) for i in range(40)]
    raws = [(day - datetime.datetime(1970, 1, 1)).total_seconds() for day in days]
    cells = [day.strftime(pattern) for day in days]
    assert writing_of(cells, raws, moment=True).cells(raws) == cells
    assert writing_of([d.date() for d in days], raws, moment=True).cells(raws)[0] == days[0].date()


def test_a_column_that_is_written_in_many_ways_says_so():
    cells = ["1 kg", "2,0 pounds", "3.00 g", "(4)"] * 5
    assert not writing_of(cells, [1.0, 2.0, 3.0, 4.0] * 5, moment=False).is_like_table


def test_labels_come_back_as_the_cells_they_were():
    column = column_from(Labels.of(["1", "0", "1", None], [True, False, True, None]).facts())
    assert column.write(column.decode(column.encode(["0", "1", "7"]), np.zeros(3))) == [
        False, True, None,
    ]  # fmt: skip
    assert column.knows("0") and not column.knows("7")


def test_sets_of_labels():
    cells = ["red;big", "red", None, "big"]
    raws = [("red", "big"), ("red",), None, ("big",)]
    column = column_from(LabelSets.of(raws, cells).facts())
    back = column.decode(column.encode([*raws, ()]), np.zeros(5))
    assert [None if raw is None else set(raw) for raw in back] == [
        {"red", "big"}, {"red"}, None, {"big"}, set(),
    ]  # fmt: skip
    assert column.write([("red", "big"), (), None]) == ["red;big", "", None]
    assert LabelSets.of(raws, [["red", "big"], ["red"], None, ["big"]]).write(raws)[1] == ["red"]
