"""Series: reading of every kind of cell, the even grid, detection, network."""

from __future__ import annotations

import io
import json
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.errors import CellError, LimitError
from plait.modalities import codec_from_dict, codec_to_dict
from plait.modalities.media import Media
from plait.modalities.series.cells import Series, make_series, series_of_columns
from plait.modalities.series.codec import SeriesCodec
from plait.modalities.series.grid import average_down, lay_on_grid
from plait.modalities.series.network import Embed
from plait.types import ColumnSample

NOWHERE = Media(Path("/nonexistent"))


def read(cell, media=NOWHERE, **settings):
    return SeriesCodec(**settings).read(cell, media)


def fitted(num_channels=2, num=6, **settings):
    rng = np.random.default_rng(0)
    raws = [
        make_series(rng.normal(5, 2, (int(rng.integers(20, 40)), num_channels)).cumsum(0))
        for _ in range(num)
    ]
    return SeriesCodec(**settings).fit(raws), raws


def sample(*values):
    return ColumnSample("x", values, len(values), len(set(map(str, values))))


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "cell",
    [
        "1 2 3.5",
        "1,2, 3.5",
        "1;2;3.5;",
        "[1, 2, 3.5]",
        "[[1], [2], [3.5]]",
        '{"a": [1, 2, 3.5]}',
        [1, 2, 3.5],
        (1.0, 2.0, 3.5),
        np.array([1, 2, 3.5]),
        np.array([[1.0], [2.0], [3.5]]),
        {"a": [1, 2, 3.5]},
        npy(np.array([1, 2, 3.5], np.float32)),
        b"1\n2\n3.5\n",
        b"a\n1\n2\n3.5\n",
    ],
)
def test_every_way_of_writing_three_numbers_reads_the_same(cell):
    series = read(cell)
    np.testing.assert_array_equal(series.values, np.array([[1], [2], [3.5]], np.float32))
    assert series.times is None and series.values.dtype == np.float32


def test_two_channels_and_gaps():
    expected = np.array([[1, 10], [np.nan, 20]], np.float32)
    for cell in (
        "1,10;,20",
        "[[1, 10], [null, 20]]",
        [[1, 10], [None, 20]],
        {"a": [1, None], "b": [10, 20]},
        b"a;b\n1;10\n;20\n",
        b"1 10\nnan 20\n",
        '[{"a": 1, "b": 10}, {"b": 20}]',
    ):
        np.testing.assert_array_equal(read(cell).values, expected)


def test_files_with_a_time_column(tmp_path):
    (tmp_path / "a.csv").write_text("time,x,y\n0,1,4\n2,3,6\n1,2,5\n1,9,9\n")
    series = read("a.csv", Media(tmp_path))
    np.testing.assert_array_equal(series.times, [0, 1, 2])
    np.testing.assert_array_equal(series.values, [[1, 4], [2, 5], [3, 6]])
    assert series.channels == ("x", "y")
    table = pa.table({"when": [0.0, 0.5], "x": [1, 2]})
    pq.write_table(table, tmp_path / "a.parquet")
    series = read("a.parquet", Media(tmp_path), time_column="when")
    np.testing.assert_array_equal(series.times, [0.0, 0.5])
    with pytest.raises(CellError, match="lacks its time column"):
        read("a.csv", Media(tmp_path), time_column="when")


def test_dates_become_seconds():
    series = read(b"date,x\n2024-01-01 00:00:00,1\n2024-01-01 00:01:00,2\n")
    assert series.times[1] - series.times[0] == 60.0
    records = read('[{"t": "2024-01-01T00:00", "x": 1}, {"t": "2024-01-01T00:01", "x": 2}]')
    np.testing.assert_array_equal(records.times, series.times)


def test_decimal_commas():
    np.testing.assert_array_equal(read(b"a;b\n1,5;2\n2,5;3\n").values, [[1.5, 2], [2.5, 3]])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("[1, 2", "not valid JSON"),
        ("[[1, 2], [3]]", "does not hold a series"),
        ('["a", "b"]', "not numeric"),
        ("[NaN, null]", "every value of the series is missing"),
        ("[1, Infinity]", "infinite or too large"),
        ([1.0, 1e31], "infinite or too large"),
        ({"a": [1, 2], "b": [1]}, "do not fit together"),
        ({"time": [0, None], "b": [1, 2]}, "time in the series is missing"),
        (np.zeros((2, 2, 2)), "must be \\[time\\]"),
        (b"\x00\x01\x02\x03", "not a series"),
        (b"a,b\n1,x\n", "not numeric"),
        (b"a,a\n1,2\n", "one name"),
        (b"PAR1 and then nothing", "damaged"),
        (b"\x93NUMPY", "damaged"),
        (npy(np.zeros((4, 2)))[:-8], "truncated"),
        (npy(np.array(["a"])), "does not hold a series"),
        (npy(np.array([{}], object)), "does not hold a series"),
        ("missing.npy", "does not exist"),
    ],
)
def test_bad_cells_say_what_is_wrong(cell, message):
    with pytest.raises(CellError, match=message):
        read(cell)


def test_a_header_that_claims_more_than_the_limit_is_refused_before_allocation():
    small = npy(np.zeros((1, 1), np.float32))
    huge = small.replace(b"(1, 1), }" + b" " * 13, b"(9999999999999, 1), } ")
    assert len(huge) == len(small)
    with pytest.raises(LimitError, match="series is too large"):
        read(huge)


def test_nothing_reads_as_none():
    assert read([]) is None
    assert read("[]") is None
    assert read(b"a,b\n") is None


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_random_bytes_give_a_series_or_a_cell_error(data):
    for cell in (data, b"\x93NUMPY\x01\x00" + data, b"PAR1" + data, data.decode("latin-1")):
        try:
            series = read(cell)
        except CellError:
            continue
        assert series is None or series.values.ndim == 2


def test_grid_by_hand():
    values = np.array([[0.0], [np.nan], [4.0]], np.float32)
    filled, seen = lay_on_grid(values, None, 0.0)
    assert filled.ravel().tolist() == [0, 2, 4] and seen.ravel().tolist() == [True, False, True]
    values, times = np.array([[0.0], [1.0], [5.0]], np.float32), np.array([0.0, 1.0, 5.0])
    filled, seen = lay_on_grid(values, times, 1.0)
    assert filled.ravel().tolist() == [0, 1, 2, 3, 4, 5]
    assert seen.ravel().tolist() == [True, True, False, False, False, True]
    assert average_down(filled, 4).ravel().tolist() == [1.5, 4.5]


def test_scaling_uses_training_means_and_survives_json():
    codec, raws = fitted()
    stacked = np.concatenate([codec.prepare(raw)["values"] for raw in raws])
    np.testing.assert_allclose(stacked.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(stacked.std(0), 1, atol=1e-5)
    again = codec_from_dict(json.loads(json.dumps(codec_to_dict(codec))))
    assert again == codec
    one, two = (c.features(c.prepare(raws[0])) for c in (codec, again))
    np.testing.assert_array_equal(one, two)


def test_uneven_times_are_resampled_to_the_usual_step():
    even = [make_series(np.arange(10.0), np.arange(10.0) * 0.5) for _ in range(3)]
    codec = SeriesCodec().fit(even)
    assert codec.step == 0.5 and not codec.gaps and codec.num_steps == 10
    uneven = make_series(np.array([0.0, 2.0, 9.0]), np.array([0.0, 1.0, 4.5]))
    np.testing.assert_allclose(
        codec.prepare(uneven)["values"], codec.prepare(even[0])["values"], atol=1e-5
    )


def test_long_series_are_averaged_down_to_max_steps():
    codec = SeriesCodec(max_steps=50).fit([make_series(np.arange(1000.0))])
    assert codec.pool == 20 and len(codec.prepare(make_series(np.arange(990.0)))["values"]) == 50


def test_gaps_are_filled_and_told():
    raws = [make_series(np.array([[1.0, 5], [np.nan, 6], [3, np.nan], [4, 5]]))]
    codec = SeriesCodec().fit(raws)
    arrays = codec.prepare(raws[0])
    assert codec.layout.keys() == arrays.keys() == {"values", "moments", "seen"}
    assert arrays["seen"].tolist() == [[1, 1], [0, 1], [1, 0], [1, 1]]
    assert np.isfinite(arrays["values"]).all()


def test_channels_are_matched_by_name():
    codec = SeriesCodec().fit([read({"a": [1, 2, 3], "b": [4, 5, 7]})])
    swapped = codec.read({"b": [4, 5, 7], "a": [1, 2, 3]}, NOWHERE)
    np.testing.assert_array_equal(swapped.values[:, 0], [1, 2, 3])
    lost = codec.read({"b": [4, 5, 7]}, NOWHERE)
    assert np.isnan(lost.values[:, 0]).all()
    assert codec.prepare(lost)["values"][:, 0].tolist() == [0, 0, 0]
    with pytest.raises(CellError, match="channels that training did not see"):
        codec.read({"c": [1, 2]}, NOWHERE)
    with pytest.raises(CellError, match="another number of channels"):
        codec.read([1, 2, 3], NOWHERE)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (["a.npy", "b.npy"], 0.9, 1.0),
        (["[1, 2, 3]", "[[1, 2], [3, 4]]"], 0.9, 1.0),
        (['{"x": [1, 2]}', '{"x": [1]}'], 0.4, 1.0),
        ([[1.0, 2.0], [3.0]], 0.9, 1.0),
        ([np.arange(3.0), np.arange(4.0)], 0.9, 1.0),
        (["1 2 3 4 5 6 7 8 9", "1,2,3,4,5,6,7,8"], 0.9, 1.0),
        (["3", "4.5"], 0.0, 0.0),
        (["2024-01-01", "12:30"], 0.0, 0.0),
        (["good, but dear", "12 monkeys"], 0.0, 0.0),
        ([["a", "b"], ["c"]], 0.0, 0.0),
        (['["a", "b"]', '["c", "d"]'], 0.0, 0.0),
        (["a;b", "b;c"], 0.0, 0.0),
    ],
)
def test_detection(values, low, high):
    assert low <= SeriesCodec().detect(sample(*values)) <= high


def test_verbs_keep_layout_and_meaning():
    codec, raws = fitted()
    rng = np.random.default_rng(0)
    arrays = codec.prepare(raws[0])
    for _ in range(20):
        changed = codec.augment(arrays, rng)
        assert {k: (v.shape, v.dtype) for k, v in changed.items()} == {
            k: (v.shape, v.dtype) for k, v in arrays.items()
        }
        assert np.isfinite(changed["values"]).all()
    assert codec.corrupt(raws[0], 0.0, rng) is raws[0]
    assert np.isfinite(codec.corrupt(raws[0], 1.0, rng).values).all()
    assert np.abs(codec.prepare(codec.neutral())["values"]).max() < 1e-5
    assert codec.read(codec.example(rng), NOWHERE).values.shape[1] == 2


def test_plot_breaks_at_gaps_and_escapes_names():
    series = Series(np.array([[1], [2], [np.nan], [3]], np.float32), None, ("<b>",))
    html = SeriesCodec().show(series)
    assert html.startswith("<figure") and "&lt;b&gt;" in html and "<b>" not in html
    assert html.split('<path d="')[1].split('"')[0].count("M") == 2
    assert "25.0\u00a0% of values missing" in html


def test_plot_tells_channels_units_and_rate():
    time = np.arange(2000) / 400
    values = np.stack([np.sin(40 * time), 1e5 + time, np.full(2000, 3.0)], 1).astype(np.float32)
    columns = {"seconds": time, "shake [m/s²]": values[:, 0], "pressure (Pa)": values[:, 1],
               "speed": values[:, 2]}  # fmt: skip
    html = SeriesCodec().show(series_of_columns(columns))
    assert "2,000 steps, 400 Hz, 4.997 s" in html and "time, s" in html
    assert ">shake</text>" in html and "to 1 m/s²</text>" in html
    assert "100,000 to 100,005 Pa</text>" in html and "constant 3</text>" in html
    assert html.count("currentColor") > 6 and "<text" in html


def test_plot_of_a_long_series_is_its_envelope():
    values = np.zeros((5000, 1), np.float32)
    values[2500] = 9.0
    html = SeriesCodec().show(Series(values))
    bars, line = re.findall(r'<path d="([^"]*)"', html)
    heights = [float(h) for h in re.findall(r"v([\d.]+)", bars)]
    assert len(heights) == 150 and max(heights) > 90 and sorted(heights)[-2] < 1
    assert line.count("L") == 149 and len(html) < 12_000


def test_plot_of_many_channels_says_what_it_leaves_out():
    html = SeriesCodec().show(Series(np.random.default_rng(0).normal(size=(9, 11))))
    assert "8 of 11 channels shown" in html and html.count('<rect x=".5"') == 8
    gone = np.array([[1.0, np.nan], [2.0, np.nan]], np.float32)
    assert "no values" in SeriesCodec().show(Series(gone))


@pytest.mark.parametrize(
    ("name", "column", "unit"),
    [
        ("time_s", [0.0, 0.5], "s"),
        ("time_ms", [0.0, 2.0], "ms"),
        ("t", [0.0, 1.0], ""),
        ("date", np.array(["2024-01-01", "2024-01-02"], "datetime64[D]"), "s"),
    ],
)
def test_units_of_time_are_known_by_name_or_date(name, column, unit):
    found = series_of_columns({name: np.asarray(column), "v": np.array([1.0, 2.0])})
    assert found.unit == unit


def test_series_are_alike_under_light_edits_alone():
    codec, rng = SeriesCodec(), np.random.default_rng(0)
    one, two = (np.cumsum(rng.normal(size=(300, 2)), axis=0) for _ in range(2))
    sketch = lambda values: codec.fingerprint(make_series(values)).sketch  # noqa: E731
    mine = sketch(one)
    for edited in (
        one.round(1),
        one[3:-4],
        1.03 * one,
        one + 0.01 * one.std() * rng.normal(size=one.shape),
    ):
        assert codec.alike(mine, sketch(edited)) and codec.alike(sketch(edited), mine)
    for other in (two, one[::-1], 2 * one, one + 20 * one.std(0), one[:, ::-1]):
        assert not codec.alike(mine, sketch(other))
    assert codec.fingerprint(make_series(np.ones(9))) is None
    assert codec.fingerprint(make_series(np.arange(5.0))) is None


def _appliance(rng):
    """Four interleaved quantities that hardly change, but for a drift and some short spikes."""
    num_steps, levels = 1460, np.array([-0.6, -0.5, 1.6, -0.5])
    drift = np.convolve(np.cumsum(rng.normal(size=num_steps + 99)), np.ones(100) / 100, "valid")
    values = np.tile(levels, num_steps // 4) + 0.02 * (drift - drift.mean()) / drift.std()
    for spike in rng.integers(20, num_steps - 20, 4):
        values[spike : spike + 4] += rng.uniform(0.1, 0.2)
    return values[:, None]


def _resampled(values, num_steps):
    places = np.linspace(0, len(values) - 1, num_steps)
    return np.interp(places, np.arange(len(values)), values[:, 0])[:, None]


def test_spiky_series_are_alike_under_light_edits_alone():
    codec, rng = SeriesCodec(), np.random.default_rng(1)
    series = [_appliance(rng) for _ in range(40)]
    sketch = lambda values: codec.fingerprint(make_series(values)).sketch  # noqa: E731
    mine = [sketch(values) for values in series]
    light = {
        "cut": lambda values: values[13:-30],
        "noise": lambda values: values + 0.01 * values.std() * rng.normal(size=values.shape),
        "gain": lambda values: 1.04 * values,
        "resampled": lambda values: _resampled(values, 1250),
    }
    for name, edit in light.items():
        copies = [sketch(edit(values)) for values in series]
        found = [codec.alike(*pair) for pair in zip(mine, copies, strict=True)]
        assert np.mean(found) >= 0.9, name
    pairs = list(combinations(mine, 2))
    assert not any(codec.alike(one, other) for one, other in pairs)


def test_series_whose_slow_parts_differ_in_size_are_not_alike():
    codec, carrier = SeriesCodec(), np.tile([-0.6, -0.5, 1.6, -0.5], 365)[:, None]
    dip = np.zeros((1460, 1))
    dip[300:420] = 1.0
    once, less, twice = (
        codec.fingerprint(make_series(carrier - depth * dip)).sketch for depth in (0.1, 0.095, 0.15)
    )
    assert codec.alike(once, less)
    assert not codec.alike(once, twice) and not codec.alike(twice, once)


def batch(codec, raws):
    arrays = [codec.prepare(raw) for raw in raws]
    longest = max(len(a["values"]) for a in arrays)
    pad = {
        name: torch.from_numpy(
            np.stack(
                [
                    np.pad(a[name], ((0, longest - len(a[name])), (0, 0)))
                    if name != "moments"
                    else a[name]
                    for a in arrays
                ]
            )
        )
        for name in arrays[0]
    }
    return pad, {"time": torch.tensor([len(a["values"]) for a in arrays])}


def test_a_row_does_not_depend_on_its_neighbours_or_padding():
    codec, raws = fitted()
    torch.manual_seed(0)
    embed = Embed(codec, 32).eval()
    for block in embed.blocks:
        torch.nn.init.normal_(block.conv.weight, std=0.1)
    together = embed(*batch(codec, raws))
    for i, raw in enumerate(raws):
        alone = embed(*batch(codec, [raw]))
        real = together.mask[i]
        assert torch.equal(alone.positions[0], together.positions[i, real])
        torch.testing.assert_close(alone.values[0], together.values[i, real])


@pytest.mark.parametrize("num_steps", [1, 2, 65, 500])
def test_tokens_stay_few_and_finite(num_steps):
    raws = [make_series(np.sin(np.arange(num_steps))), make_series(np.ones(1))]
    codec = SeriesCodec().fit(raws)
    tokens = Embed(codec, 16)(*batch(codec, raws))
    assert tokens.values.shape[1] <= 33 and torch.isfinite(tokens.values).all()
    assert tokens.mask[1].sum() == 2
