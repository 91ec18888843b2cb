"""The filter language beside plain Python over a list of rows, and what it refuses."""

from __future__ import annotations

import math
import operator
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plait.errors import UsageError
from plait.index.filters import kept_rows

TYPES = {"price": pa.float64(), "stock": pa.int64(), "kind": pa.string(), "sold": pa.bool_()}
OPERATORS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
CELLS = {
    "price": st.sampled_from([None, math.nan, -1.5, 0.0, 2.0, 20.0, math.inf]),
    "stock": st.sampled_from([None, -3, 0, 2, 20, 2**53 + 1, -(2**63)]),
    "kind": st.sampled_from([None, "", "boot", "Boot", "sändal", 'it\'s "new"']),
    "sold": st.sampled_from([None, True, False]),
}
CONSTANTS = {
    "price": st.sampled_from([-1.5, 0, 2, 20.0, 1e400, 3]),
    "stock": st.sampled_from([-3, 0, 2, 20, 2.5, 2**53 + 1, 2**70, -(10**400)]),
    "kind": CELLS["kind"].filter(lambda cell: cell is not None),
    "sold": st.booleans(),
}


def is_missing(cell):
    return cell is None or cell != cell


def unless_missing(name, test):
    return lambda row: None if is_missing(row[name]) else test(row[name])


def kleene_and(one, two):
    return False if False in (one, two) else None if None in (one, two) else True


def kleene_not(one):
    return None if one is None else not one


@st.composite
def comparison(draw):
    """Return a filter's text and the Python function that tells what it means."""
    name = draw(st.sampled_from(list(TYPES)))
    ordered = name != "sold"
    symbol = draw(st.sampled_from(list(OPERATORS) if ordered else ["==", "!="]))
    value, form = draw(CONSTANTS[name]), draw(st.integers(0, 4 if ordered else 2))
    compare = OPERATORS[symbol]
    if form == 0:
        word = draw(st.sampled_from(["is null", "is not None"]))
        return f"{name} {word}", lambda row: is_missing(row[name]) == (word == "is null")
    if form == 1:
        several = draw(st.lists(CONSTANTS[name], max_size=3))
        listed = "[" + ", ".join(map(repr, several)) + "]"
        word = draw(st.sampled_from(["in", "not in"]))
        test = unless_missing(name, lambda cell: (cell in several) == (word == "in"))
        return f"{name} {word} {listed}", test
    if form == 2:
        return f"{name} {symbol} {value!r}", unless_missing(name, lambda cell: compare(cell, value))
    if form == 3:
        return f"{value!r} {symbol} {name}", unless_missing(name, lambda cell: compare(value, cell))
    high = draw(CONSTANTS[name])
    test = unless_missing(name, lambda cell: value <= cell < high)
    return f"{value!r} <= col('{name}') < {high!r}", test


@st.composite
def joined(draw, parts):
    (one, first), (two, second) = draw(parts), draw(parts)
    form = draw(st.sampled_from(["and", "or", "not"]))
    if form == "not":
        return f"not ({one})", lambda row: kleene_not(first(row))
    if form == "and":
        return f"({one}) and ({two})", lambda row: kleene_and(first(row), second(row))
    either = lambda row: kleene_not(  # noqa: E731
        kleene_and(kleene_not(first(row)), kleene_not(second(row)))
    )
    return f"({one}) or ({two})", either


TRUTH = st.sampled_from([("sold", lambda row: row["sold"])])
FILTERS = st.recursive(comparison() | TRUTH, joined, max_leaves=6)
ROWS = st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=8)


@given(ROWS, FILTERS)
@example(
    [{"price": math.nan, "stock": 1, "kind": "", "sold": None}],
    ("not price != 2.0", lambda row: None),
)
@settings(max_examples=250, deadline=None)
def test_filters_mean_what_python_means(rows, case):
    where, test = case
    where = where.replace("inf", "1e400")
    table = pa.table({n: pa.array([row[n] for row in rows], t) for n, t in TYPES.items()})
    assert kept_rows(where, table).tolist() == [test(row) is True for row in rows]


TABLE = pa.table(
    {
        "price": [5.0, 25.0, None, 15.0],
        "cost": [6, 20, 1, 15],
        "category": ["boot", "sandal", "boot", None],
        "sold": [True, False, None, False],
        "unit price": [1, 2, 3, 4],
        "class": ["a", "b", "c", "d"],
        "nothing": pa.nulls(4),
        "tags": [["x"], [], None, ["y"]],
    }
)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ('price < 20 and category == "boot" or not sold', [0, 1, 3]),
        ("price < cost", [0]),
        ("cost <= price", [1, 3]),
        ("10 < price < 20", [3]),
        ("not price < 20", [1]),
        ("not not sold", [0]),
        ("not (price > 100 and cost > 100)", [0, 1, 2, 3]),
        ("sold or cost == 1", [0, 2]),
        ("sold == true", [0]),
        ("sold != False", [0]),
        ("price is null", [2]),
        ("category is not null", [0, 1, 2]),
        ('category in ("boot", "trainer")', [0, 2]),
        ('category not in {"boot"}', [1]),
        ("cost in []", []),
        ("cost not in ()", [0, 1, 2, 3]),
        ('col("unit price") > 2 and col("class") != "d"', [2]),
        ("nothing is null and nothing == 3 or nothing", []),
        ("not (nothing < cost)", []),
        ("tags is null", [2]),
        ("  cost > 15 ", [1]),
        ('category == "1) or (1"', []),
    ],
)
def test_by_hand(where, kept):
    assert np.flatnonzero(kept_rows(where, TABLE)).tolist() == kept


@pytest.mark.parametrize(
    ("values", "where", "kept"),
    [
        (pa.array(["a", "b", "a"]).dictionary_encode(), 'x == "a"', [0, 2]),
        (pa.array(["a", "b"], pa.large_string()), 'x > "a"', [1]),
        (pa.array([0.1, 0.2], pa.float32()), "x == 0.1", [0]),
        (pa.array([0.5, 2.0], pa.float16()), "x < 1", [0]),
        (pa.array([Decimal("1.50"), Decimal("3.00")]), "x > 1.5", [1]),
        (pa.array([0, 2**64 - 1], pa.uint64()), "x > -1", [0, 1]),
        (pa.array([0, 2**64 - 1], pa.uint64()), "x > 18446744073709551614", [1]),
        (pa.array([0, 2**64 - 1], pa.uint64()), "x < 18446744073709551616.0", [0, 1]),
        (pa.array([2**53, 2**53 + 1]), "x == 9007199254740993", [1]),
        (pa.array([2**63 - 1, None]), "x < 9223372036854775808", [0]),
        (pa.array([1, 100], pa.int8()), "x < 1000", [0, 1]),
        (pa.array([date(2024, 1, 5), date(2025, 1, 5)]), 'x >= "2024-06-01"', [1]),
        (pa.array([datetime(2024, 1, 5, 12), None]), 'x < "2024-01-05 13:00"', [0]),
        (pa.array([datetime(2024, 1, 5, 12)], pa.timestamp("us", "UTC")), 'x < "2024-01-06"', [0]),
    ],
)
def test_types_of_columns(values, where, kept):
    assert np.flatnonzero(kept_rows(where, pa.table({"x": values}))).tolist() == kept


@pytest.mark.parametrize(
    "where",
    [
        "", "price <", "price = 3", "price < 20 && sold", "price + 1 < 3", "f(price)", "1 < 2",
        "true", "price.real < 3", "price[0] < 3", "__import__('os').system('x')", "[x for x in y]",
        "lambda: 1", "price if sold else cost", "(price := 3)", "col(price) < 3", "col('price', 1)",
        "col(*'a')", "f'{price}' == 'a'", "price == b'a'", "price == 1j", "price == ...",
        "price == null", "price is 3", "3 is null", "price in cost", "price in (null,)",
        "'a' in 'ab'", "price ** 2 == 3", "await price", "price\0", "price; cost", "~sold",
        "- 'a' == category",
        "-cost < 3", "cost\n> 3",
        "(" * 300 + "sold" + ")" * 300, "not " * 3000 + "sold", "sold or " * 5000 + "sold",
    ],
)  # fmt: skip
def test_everything_else_is_refused(where):
    with pytest.raises(UsageError, match="filter cannot be read") as caught:
        kept_rows(where, TABLE)
    assert "is null" in caught.value.expected and "price < 20" in caught.value.hint


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('price < "20"', "a number"),
        ("price == true", "a number"),
        ("category == 3", "quoted text"),
        ("category in ('boot', 3)", "quoted text"),
        ("category == '\\ud800'", "quoted text"),
        ("sold == 1", "the column itself"),
        ("sold < true", "the column itself"),
        ("not price", "a number"),
        ("category < price", "quoted text"),
        ("sold > sold", "the column itself"),
        ("tags == 3", "is null"),
        ("tags == tags", "is null"),
    ],
)
def test_unlike_things_are_not_compared(where, expected):
    with pytest.raises(UsageError, match="cannot compare column '(price|category|sold|tags)'") as e:
        kept_rows(where, TABLE)
    assert expected in e.value.expected


def test_wrong_times_are_refused():
    table = pa.table({"day": [date(2024, 1, 1)]})
    for where in ('day > "tomorrow"', "day > 3"):
        with pytest.raises(UsageError, match="cannot compare column 'day'") as caught:
            kept_rows(where, table)
        assert "ISO 8601" in caught.value.expected


def test_an_unknown_column_is_named_with_those_that_exist():
    with pytest.raises(UsageError, match="no column 'prise'") as caught:
        kept_rows("prise < 3", TABLE)
    assert "price, cost, category" in caught.value.expected
    with pytest.raises(UsageError, match="no column 'boot'"):
        kept_rows("category == boot", TABLE)


def test_without_columns():
    with pytest.raises(UsageError, match="no columns to filter by"):
        kept_rows("price < 3", None)
