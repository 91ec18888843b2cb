"""Charts: round ticks, bars from zero, points where they belong, text that is no part of SVG."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.report.axis import Axis, make_axis, round_step
from plait.report.bars import bars
from plait.report.chart import Chart, curves, histogram, lines
from plait.report.dates import EPOCH, dated, moment, time_axis
from plait.report.outcomes import calibration
from plait.report.scored import calibration_error, wilson
from plait.report.text import number

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False).filter(lambda v: v == 0 or abs(v) > 1e-9)


@given(st.lists(NUMBERS, min_size=1, max_size=9), st.booleans())
def test_round_ticks_enclose_the_values(values, zero):
    axis = make_axis(values, zero=zero)
    near = 1e-8 * (axis.high - axis.low)
    assert axis.low <= min(values) + near and axis.high >= max(values) - near
    steps = np.diff(axis.ticks)
    assert 2 <= len(axis.ticks) <= 10 and steps.max() == pytest.approx(steps.min(), rel=1e-3)
    assert not zero or axis.low <= 0 <= axis.high
    assert len({axis.written(tick) for tick in axis.ticks}) == len(axis.ticks)


def test_steps_are_round():
    assert [round_step(v) for v in (0.07, 0.21, 1.0, 33.0)] == [0.1, 0.25, 1.0, 50.0]
    written = [make_axis([0.2, 0.93], share=True).written(t) for t in (0.2, 0.4)]
    assert written == ["20\u00a0%", "40\u00a0%"]


def test_shares_do_not_end_above_one():
    axis = make_axis([0.55, 0.98], share=True)
    assert axis.high <= 1.0 and axis.ticks[-1] <= 1.0


def test_prices_get_powers_of_ten():
    axis = make_axis([3.0, 20_000.0], log=True)
    assert axis.log and [axis.written(t) for t in axis.ticks] == ["10", "100", "1,000", "10,000"]
    assert axis.at(3.0) == 0 and axis.at(20_000.0) == 1
    assert axis.at(np.sqrt(3.0 * 20_000.0)) == pytest.approx(0.5)
    assert not make_axis([-1.0, 20_000.0], log=True).log


@pytest.mark.parametrize("name", ["accuracy", "rmse"])
def test_bars_begin_at_zero(name):
    rows = [{"name": "<a>", "value": 0.5, "interval": [0.4, 0.6], "kind": "strong"},
            {"name": "b", "value": 0.25, "interval": None}]  # fmt: skip
    shown = bars(rows, name)
    fills = re.findall(r'class="fill" style="left:([\d.]+)%;width:([\d.]+)%"', shown)
    assert [left for left, _ in fills] == ["0.00", "0.00"]
    assert float(fills[0][1]) == pytest.approx(2 * float(fills[1][1]), abs=0.02)
    assert shown.count('class="range"') == 1 and "<a>" not in shown
    assert ("lower is better" if name == "rmse" else "higher is better") in shown


def test_bars_of_what_was_not_measured():
    shown = bars([{"name": "a", "value": None}, {"name": "b", "value": float("nan")}], "rmse")
    assert "fill" not in shown and shown.count("–") == 2


def test_r_squared_may_be_negative():
    shown = bars([{"name": "a", "value": -0.5}, {"name": "b", "value": 0.5}], "r2")
    (a, wa), (b, wb) = re.findall(r'class="fill" style="left:([\d.]+)%;width:([\d.]+)%"', shown)
    assert float(a) + float(wa) == pytest.approx(float(b), abs=0.02) and wa == wb


def test_points_lie_where_they_belong():
    chart = Chart(Axis(0, 10, (0, 10)), Axis(0, 1, (0, 1)), "x")
    chart.dot(5, 0.25, "c1", "<told>")
    assert 'd="M500.0 750.0h.01"' in chart.html() and "&lt;told&gt;" in chart.html()


def test_text_is_never_part_of_what_is_stretched():
    chart = lines({"a": [(0, 1), (2, 3)], "b": [(1, 2)]}, label="l", x_name="s", y_name="loss")
    for svg in re.findall(r"<svg.*?</svg>", chart, re.S):
        assert "<text" not in svg and 'preserveAspectRatio="none"' in svg
    assert "loss" in chart and 'role="img" aria-label="l"' in chart


def test_charts_of_nothing():
    nothing = float("nan")
    assert "Too few" in lines({"": [(0, nothing)]}, label="x", x_name="s", y_name="y")
    assert "Too few" in curves({}, label="x", x_name="n", y_name="y")
    assert "Too few" in histogram([0.0, 1.0], [0], label="x", x_name="n")
    assert "<svg" in curves({"a": [(5, 1.0, None)]}, label="x", x_name="n", y_name="y")


def test_names_of_curves_do_not_cover_each_other():
    shown = curves({n: [(1, 0.5, None), (9, 0.5, None)] for n in "abc"}, label="x", x_name="n",
                   y_name="y")  # fmt: skip
    tops = sorted(int(t) for t in re.findall(r'class="end c\d" style="top:(-?\d+)px"', shown))
    assert len(tops) == 3 and min(np.diff(tops)) >= 16


def test_histograms_have_a_bar_per_bin_with_its_count():
    shown = histogram([0.0, 1.0, 2.0, 3.0], [4, 0, 2], label="x", x_name="n")
    heights = [float(h) for h in re.findall(r'class="bar c1".*?height="([\d.]+)"', shown)]
    assert heights[1] == 0 and heights[0] == pytest.approx(2 * heights[2])
    assert "0 to 1: 4 rows" in shown


def test_calibration_has_frame_counts_error_and_intervals():
    bins = [{"confidence": 0.55, "accuracy": 0.5, "count": 8},
            {"confidence": 0.95, "accuracy": 0.75, "count": 40}]  # fmt: skip
    shown = calibration({"metrics": {"test": {"reliability": bins}}})
    assert shown.count('class="whisker c1"') == 1 and shown.count('class="bar c1"') == 2
    assert "40 rows" in shown and "ECE" in shown and "ideal" in shown
    by_hand = (8 * 0.05 + 40 * 0.2) / 48
    assert calibration_error({"reliability": bins}) == pytest.approx(by_hand)
    assert f"{100 * by_hand:.1f}" in shown
    assert calibration_error({"reliability": bins, "ece": 0.5}) == 0.5
    assert calibration({"metrics": {"test": {}}}) == ""


def test_wilson_by_hand():
    low, high = wilson(0.5, 10)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert (
        wilson(1.0, 50)[1] == pytest.approx(1.0)
        and wilson(1.0, 50)[0] > 0.9
        and wilson(0.5, 9) is None
    )


@given(st.floats(-60e9, 240e9), st.floats(0, 12))
def test_axes_of_time_have_few_ticks_inside_that_tell_apart(low, size):
    high = min(low + 10**size, 240e9)
    axis = time_axis(low, high, "when")
    written = [axis.written(tick) for tick in axis.ticks]
    assert len(axis.ticks) <= 5 and len(set(written)) == len(written)
    assert all(low <= tick <= high for tick in axis.ticks)


def test_axes_of_time_have_ticks_where_something_begins():
    def seconds(*parts):
        return (datetime(*parts, tzinfo=UTC) - EPOCH).total_seconds()

    months = time_axis(seconds(2026, 1, 1), seconds(2026, 5, 26), "when")
    assert [months.written(tick) for tick in months.ticks] == ["2026-01", "2026-03", "2026-05"]
    years = time_axis(seconds(2019, 5, 1), seconds(2022, 5, 1), "when")
    assert [years.written(tick) for tick in years.ticks] == ["2020", "2021", "2022"]
    hours = time_axis(seconds(2026, 1, 1, 7, 30), seconds(2026, 1, 1, 19), "when")
    assert [hours.written(tick) for tick in hours.ticks] == ["09:00", "12:00", "15:00", "18:00"]
    assert moment(months.ticks[1]) == datetime(2026, 3, 1, tzinfo=UTC)


def test_times_beyond_every_calendar_are_numbers():
    assert time_axis(0.0, 1e15, "when").ticks == (0.0, 1e15)
    assert dated(1e15) == number(1e15) and dated(1_767_225_600.0) == "2026-01-01"


def test_histograms_of_dates_write_dates():
    day = 86_400.0
    shown = histogram([0.0, 40 * day, 80 * day], [3, 1], label="x", x_name="date", dates=True)
    assert "1970-01-01 to 1970-02-10: 3 rows" in shown and "1970-02" in shown
