"""Dates and times: read as they are written, decided per column, prepared as what varies."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait import read
from plait.data.schema import make_codec
from plait.errors import CellError, SchemaError
from plait.modalities import Media
from plait.modalities.date.codec import PARTS, DateCodec
from plait.modalities.date.months import month_number
from plait.types import ColumnSample

HERE = Media(Path("."))
MARCH = datetime.datetime(2024, 3, 1)
EPOCH = datetime.datetime(1970, 1, 1)


def survey(cells, name="x", **fixed):
    return DateCodec(**fixed).survey(ColumnSample(name, cells, len(cells), len(cells)))


def settled(cells, name="x", **fixed):
    return DateCodec(**{**fixed, **survey(cells, name, **fixed).settings})


def sureness(cells, name="x"):
    return DateCodec().detect(ColumnSample(name, cells, len(cells), len(cells)))


def moments(cells, name="x", **fixed):
    codec = settled(cells, name, **fixed)
    found = [codec.read(cell, HERE) for cell in cells]
    return [None if s is None else EPOCH + datetime.timedelta(seconds=s) for s in found]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-01",
        "2024/3/1",
        "2024.03.01",
        "2024-03",
        "03/2024",
        "1 Mar 2024",
        "1. M\u00e4rz 2024",
        "1st of March 2024",
        "Friday, 1 March 2024",
        "March 1, 2024",
        "Mar 1st, 2024",
        "Mar 2024",
        "01-MAR-24",
        "1 de marzo de 2024",
        "1er mars 2024".replace("1er", "1"),
        datetime.date(2024, 3, 1),
        datetime.datetime(2024, 3, 1),
        np.datetime64("2024-03-01"),
        pd.Timestamp("2024-03-01", tz="Europe/Berlin"),
    ],
)
def test_a_day_is_read(cell):
    assert moments([cell]) == [MARCH]


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("2024-03-01T07:05:06.123Z", 25506.123),
        ("2024-03-01 7:05", 25500),
        ("2024-03-01T07:05+01:00", 25500),
        ("20240301T070506Z", 25506),
        ("01 Mar 2024, 7:05 PM", 68700),
        ("Fri, 01 Mar 2024 07:05:06 +0000", 25506),
    ],
)
def test_a_moment_is_read_on_its_own_clock(cell, seconds):
    assert moments([cell])[0] == MARCH + datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("x", [20240301, 20240302, 20231231], "yyyymmdd"),
        ("x", ["20240301", "20240302", "20231231"], "yyyymmdd"),
        ("created_at", [1709276706, 1609276706], "s"),
        ("timestamp", ["1709276706.5", "1609276706"], "s"),
        ("x", [1709276706123, 1609276706123], "ms"),
    ],
)
def test_bare_numbers_count_from_1970_or_spell_a_day(name, cells, kind):
    assert survey(cells, name).settings["numbers"] == kind
    assert sureness(cells, name) > 0.95 and moments(cells, name)[0].date() == MARCH.date()


@pytest.mark.parametrize(
    ("cells", "order", "doubt"),
    [
        (["01/03/2024", "25/03/2024"], "day", ""),
        (["03/01/2024", "03/25/2024"], "month", ""),
        (["01.03.24", "25.03.24"], "day", ""),
        (["24/03/01", "99/03/01"], "year", ""),
        (["01/03/2024", "02/03/2024"], "day", "order: month"),
        (["03/01/2024 7:05 PM", "03/02/2024 7:05 AM"], "month", "order: day"),
        (["01/01/2024", "02/02/2024"], "day", ""),
    ],
)
def test_what_comes_first_is_decided_by_all_cells(cells, order, doubt):
    found = survey(cells)
    assert found.settings["order"] == order and found.ambiguous == doubt


def test_an_ambiguous_order_is_said_and_can_be_decided():
    cells = [f"0{1 + i % 9}/0{1 + i * 2 % 9}/2024" for i in range(40)]
    column = read({"x": cells}).schema["x"]
    assert column.modality == "date" and "x=date{order: month}" in column.doubt
    stated = read({"x": cells}, columns="x=date{order: month}").schema["x"]
    assert make_codec(stated).order == "month" and not stated.doubt
    with pytest.raises(SchemaError, match="read in two ways"):
        read({"x": cells}, strict=True).schema  # noqa: B018
    with pytest.raises(SchemaError, match="order is one of day, month, year"):
        read({"x": cells}, columns="x=date{order: week}").schema  # noqa: B018


def test_columns_that_mix_orders_are_no_dates_and_say_why():
    column = read({"x": ["25/03/2024", "03/25/2024", "01/02/2024"] * 20}).schema["x"]
    assert column.modality == "category" and "the month in others" in column.why


@pytest.mark.parametrize(
    "cells",
    [
        ["1.2.3", "1.2.10", "2.0.1"],
        ["10.0.0.1", "10.0.0.2"],
        ["75:10", "61:00"],
        ["2024", "2023", "2022"],
        [2019, 2020, 2021],
        ["1.5", "2.25"],
        ["may", "march"],
        ["room 12", "room 13"],
        ["2024-02-30", "2024-13-01"],
        [12345678, 87654321, 99999999],
        ["n/a", "-"],
        [True, False],
    ],
)
def test_what_is_no_date_is_not_taken_for_one(cells):
    assert sureness(cells) == 0


def test_nothing_is_missing_and_nonsense_an_error():
    codec = settled(["2024-03-01", "0000-00-00", "pending"])
    assert codec.read("0000-00-00", HERE) is None and codec.read("pending", HERE) is None
    assert codec.read(pd.NaT, HERE) is None
    for cell, message in (("soon", "not a date"), ("12:30", "time without a date"), (5, "not a d")):
        with pytest.raises(CellError, match=message):
            codec.read(cell, HERE)


def test_times_of_day_go_round_the_clock():
    cells = ["12:30", "23:59:30", "7:05 PM", datetime.time(6, 0)]
    codec = settled(cells)
    raws = [codec.read(cell, HERE) for cell in cells]
    codec = codec.fit(raws)
    assert codec.clock and codec.used == ("minutes",)
    early, late = (codec.features(codec.prepare(raw))[1:] for raw in (60.0, 86_340.0))
    assert np.linalg.norm(early - late) < 0.02
    assert "12:30" in codec.show(raws[0]) and "1970" not in codec.show(raws[0])


def test_only_what_varies_is_used_and_nothing_is_continued():
    days = [f"2024-03-{day:02d}" for day in range(1, 29)]
    codec = settled(days)
    codec = codec.fit([codec.read(day, HERE) for day in days])
    assert codec.used == ("days", "day", "weekday")
    first, last, before, after = (
        codec.prepare(codec.read(day, HERE))["parts"]
        for day in ("2024-03-01", "2024-03-28", "1999-01-01", "2031-01-01")
    )
    assert (first[0], last[0], before[0], after[0]) == (0, 27, 0, 27)
    saturday = codec.features(codec.prepare(codec.read("2024-03-02", HERE)))
    assert saturday[-1] == 1 and codec.features({"parts": first})[-1] == 0
    mixed = settled(days).fit([0.0, 1e9 + 0.5])
    assert mixed.used == PARTS


def test_a_years_end_is_near_its_beginning():
    codec = DateCodec().fit([day * 86_400.0 for day in range(800)])
    place = 2 + codec.used.index("month") - 2
    december, january, june = (
        codec.features(codec.prepare(codec.read(day, HERE)))[place + 1 : place + 3]
        for day in ("1970-12-15", "1971-01-15", "1971-06-15")
    )
    assert np.linalg.norm(december - january) < 0.6 < np.linalg.norm(december - june)


def test_months_are_known_in_several_languages():
    assert [month_number(n) for n in ("Okt", "ao\u00fbt", "dic", "juil", "May", "mrt")] == [
        10, 8, 12, 7, 5, 3,
    ]  # fmt: skip
    assert month_number("jui") is None and month_number("Monday") is None


FORMATS = (
    ("%Y-%m-%d", ""), ("%Y/%m/%d %H:%M", ""), ("%Y-%m-%dT%H:%M:%SZ", ""), ("%d.%m.%Y %H:%M", ""),
    ("%d/%m/%Y", ""), ("%m/%d/%Y %I:%M %p", ""), ("%d %b %Y", ""), ("%B %d, %Y %H:%M:%S", ""),
    ("%a, %d %b %Y %H:%M:%S +0000", ""), ("%Y%m%d", "when"), ("%Y%m%dT%H%M%S", ""),
    ("%d-%b-%y", ""),
)  # fmt: skip


@given(
    found=st.lists(
        st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2060, 1, 1)),
        min_size=1,
        max_size=12,
    ),
    form=st.sampled_from(FORMATS),
)
def test_any_date_in_any_format_is_read_back(found, form):
    pattern, name = form
    evidence = [datetime.datetime(2001, 2, 25, 13, 1), datetime.datetime(2001, 11, 30, 1, 1)]
    cells = [day.strftime(pattern) for day in [*found, *evidence]]
    expected = [datetime.datetime.strptime(cell, pattern) for cell in cells]
    assert moments(cells, name or "x") == [day.replace(tzinfo=None) for day in expected]
    assert sureness(cells, name or "x") >= 0.95
