"""Numbers as people write them: signs, units, limits and words, decided for the whole column."""

from __future__ import annotations

import datetime
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait import read
from plait.data.schema import make_codec
from plait.errors import CellError, SchemaError
from plait.modalities import Media, codec_from_dict, codec_to_dict
from plait.modalities.number.codec import NumberCodec
from plait.modalities.number.limit import Limit
from plait.modalities.number.units import conversion
from plait.types import ColumnSample

HERE = Media(Path("."))


def surveyed(cells, **fixed):
    codec = NumberCodec(**fixed)
    return codec.survey(ColumnSample("x", cells, len(cells), len(set(cells))))


def settled(cells, **fixed):
    settings = surveyed(cells, **fixed).settings
    frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    return NumberCodec(**{**fixed, **frozen})


def values(cells, **fixed):
    codec = settled(cells, **fixed)
    return [codec.read(cell, HERE) for cell in cells]


def sureness(cells, name="x"):
    return NumberCodec().detect(ColumnSample(name, cells, len(cells), len(set(cells))))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["$1,200.50", "$3", "($12)", "-$4", "$-5", "$1.2M"], [1200.5, 3, -12, -4, -5, 1.2e6]),
        (["\u20ac12", "12 \u20ac", "EUR 13,5", "1.200,5\u20ac"], [12, 12, 13.5, 1200.5]),
        (["1.234,5", "1.234", "1,5"], [1234.5, 1234, 1.5]),
        (["1,234.5", "1,234", "1.5"], [1234.5, 1234, 1.5]),
        (["1 234", "2\u2009345", "3\u00a0456,5", "1'000"], [1234, 2345, 3456.5, 1000]),
        (["12,34,567", "1,00,000", "7"], [1234567, 100000, 7]),
        (["12 %", "13%", "0.5 percent"], [12, 13, 0.5]),
        (["3 kg", "300 g", "2", "4.5kg"], [3, 0.3, 2, 4.5]),
        (["36.6 \u00b0C", "99.5 \u00b0F", "37 \u00b0C"], [36.6, 37.5, 37]),
        (["12 mg/dl", "0.2 g/l", "5 mg/dL"], [12, 20, 5]),
        (["90 s", "2 min", "30 s", "500 ms"], [90, 120, 30, 0.5]),
        (["4.5 x10^9/L", "5 x10^9/L"], [4.5, 5]),
        (["1e3", "1.5\u00d710^3", "\u22125", "7-", "+8", "-.5"], [1000, 1500, -5, -7, 8, -0.5]),
        (["120 mmHg", "118 mm Hg"], [120, 118]),
        (["0 days 00:07:06", "1 days 00:00:00.5", "-1 days +23:59:00"], [426, 86400.5, -60]),
        ([datetime.timedelta(minutes=2), "90 s", "1 min"], [120, 90, 60]),
    ],
)
def test_a_column_is_read_in_its_own_signs_and_unit(cells, expected):
    assert sureness(cells) > 0
    assert values(cells) == pytest.approx(expected)


def test_limits_and_words_keep_a_number_and_a_side():
    cells = ["<30", ">100", "\u22655", "~12", "ND", "not detected", "pending", "n/d.", "42", "7+"]
    cells.remove("n/d.")
    found = values(cells)
    assert found == [30, 100, 5, 12, 30, 30, None, 42, 7]
    assert [getattr(v, "side", None) for v in found] == [-1, 1, 1, None, -1, -1, None, None, 1]
    shown = [settled(cells).show(v) for v in found if hasattr(v, "side")]
    assert "&lt;30<" in shown[0] and ">ND<" in shown[3] and ">not detected<" in shown[4]
    survey = surveyed(cells)
    assert survey.facts["num_below"] == 3 and survey.facts["num_above"] == 3
    assert survey.facts["num_null_words"] == 1 and survey.facts["num_about"] == 1
    said = "; ".join(survey.said)
    assert "some are only limits, such as <30" in said and "such as >" in said
    assert "'nd', 'not detected' taken as too little" in said and "'pending' taken as" in said


def test_a_limit_is_a_feature_of_its_own_and_travels_as_json():
    codec = settled(["<30", "41", "55"]).fit([Limit(30, -1), 41.0, 55.0])
    assert codec.marked and set(codec.layout) == {"value", "exact", "limit"}
    rebuilt = codec_from_dict(json.loads(json.dumps(codec_to_dict(codec))))
    for one in (codec, rebuilt):
        limit, plain = (one.prepare(one.read(cell, HERE)) for cell in ("<30", "30"))
        assert one.features(limit).tolist() == [30, -1] and one.features(plain).tolist() == [30, 0]
    assert "&lt;30" in codec.show(codec.read("<30", HERE))
    weighed = settled(["<30 kg", "41 kg", "55 kg"]).fit([Limit(30, -1), 41.0, 55.0])
    shown = [weighed.show(weighed.read(cell, HERE)) for cell in ("<30", "> 2 t", "41 kg")]
    assert ["&lt;30 kg" in shown[0], "&gt; 2 t" in shown[1], "41 kg" in shown[2]] == [True] * 3


def test_plain_columns_are_prepared_as_ever():
    codec = NumberCodec().fit([1.0, 2.0, 4.0])
    assert set(codec.layout) == {"value", "exact"} and codec.features(codec.prepare(2.0)) == [2.0]
    assert surveyed(["1.5", "2", "-3.25"]).settings == {}
    old = {"mean": 1.0, "scale": 2.0, "low": 0.0, "high": 3.0, "log": False}
    assert codec_from_dict({"modality": "number", "version": 1, **old}).read("2.5", HERE) == 2.5


@pytest.mark.parametrize(
    "cells",
    [
        ["01234", "99084", "10115"],
        ["+49 30 1234567", "+49 40 7654321"],
        ["(030) 123 4567", "(040) 765 4321"],
        ["1.2.3", "1.2.10"],
        ["10.0.0.1", "192.168.100.200"],
        ["12:30", "7:05"],
        ["2024-03-01", "2023-12-31"],
        ["01.03.2024", "17.11.2023"],
        ["1/2", "3/4"],
        ["12 Main St", "4 Elm Rd"],
        ["1234 AB", "5678 CD"],
        ["2024_01", "2024_02"],
        ["A12", "B13"],
        ["3 kg", "5 cm", "2 kg", "7 cm"],
        ["1st", "2nd"],
        ["?", "-", "n.a."],
        [True, False],
    ],
)
def test_what_is_no_amount_is_not_swallowed(cells):
    assert sureness(cells) == 0


def test_the_decimal_sign_is_never_decided_by_the_cell():
    codec = settled(["1,5", "2,25", "3.000,5"])
    assert codec.read("4.125", HERE) == 4125
    with pytest.raises(CellError, match="signs are not those of its column"):
        codec.read("1.5", HERE)
    with pytest.raises(CellError, match="signs are not those"):
        NumberCodec().read("1,5", HERE)
    assert values(["1,5", "1.5", "2"], decimal=".,") == [1.5, 1.5, 2]


def test_an_ambiguous_column_is_said_and_can_be_decided():
    cells = [f"{1 + i},{100 + 7 * i}" for i in range(40)]
    column = read({"x": cells}).schema["x"]
    assert "1,100" in column.doubt and "decimal: ','" in column.doubt
    assert make_codec(column).read(cells[0], HERE) == 1100
    stated = read({"x": cells}, columns="x=number{decimal: ','}").schema["x"]
    assert make_codec(stated).read(cells[0], HERE) == 1.1 and not stated.doubt
    with pytest.raises(SchemaError, match="read in two ways") as caught:
        read({"x": cells}, strict=True).schema  # noqa: B018
    assert "x=number{decimal: ','}" in str(caught.value.hint)
    assert read({"x": [f"{cell} \u20ac" for cell in cells]}).schema["x"].doubt == ""


def test_units_that_do_not_convert_name_their_rows():
    column = read({"x": ["1 kg", "30 cm", "4 kg"] * 20}).schema["x"]
    assert column.modality == "category"
    assert "'1 kg' in row 0, '30 cm' in row 1" in column.why
    codec = make_codec(read({"x": ["1 kg", "30 cm", "4 kg"]}, columns="x=number").schema["x"])
    with pytest.raises(CellError, match="'cm' does not convert"):
        codec.read("30 cm", HERE)


def test_the_person_decides_words_and_units(tmp_path):
    cells = ["<0.1", "ND", "0.5 mg", "2 g", "900"] * 12
    path = tmp_path / "schema.yaml"
    path.write_text("x: {modality: number, settings: {unit: g, null_words: [nd]}}\n")
    codec = make_codec(read({"x": cells}, schema=path).schema["x"])
    found = [codec.read(cell, HERE) for cell in cells[:5]]
    assert found == [pytest.approx(0.1), None, pytest.approx(0.0005), 2, 900]
    path.write_text(read({"x": cells}).schema.to_yaml())
    again = read({"x": cells}, schema=path).schema["x"]
    assert again.settings["unit"] in ("mg", "g") and again.why.count("taken as too little") == 1


@pytest.mark.parametrize(
    ("unit", "to", "value", "expected"),
    [
        ("\u03bcg", "mg", 5.0, 0.005),
        ("lb", "kg", 1.0, 0.45359237),
        ("\u00b0C", "\u00b0F", 100.0, 212.0),
        ("km/h", "m/s", 36.0, 10.0),
        ("ML", "l", 1.0, 0.001),
        ("EUR", "\u20ac", 3.0, 3.0),
        ("mmol/l", "\u00b5mol/L", 0.1, 100.0),
    ],
)
def test_units_convert(unit, to, value, expected):
    factor, offset = conversion(unit, to)
    assert value * factor + offset == pytest.approx(expected)
    back, shift = conversion(to, unit)
    assert expected * back + shift == pytest.approx(value)


@pytest.mark.parametrize(
    ("unit", "to"), [("kg", "cm"), ("$", "\u20ac"), ("bpm", "rpm"), ("mg", ""), ("mg/l", "mol/l")]
)
def test_units_of_other_things_do_not(unit, to):
    assert conversion(unit, to) is None


STYLES = {
    "plain": lambda text, group: text,
    "english": lambda text, group: group(text, ",", "."),
    "german": lambda text, group: group(text, ".", ","),
    "french": lambda text, group: group(text, "\u202f", ","),
    "swiss": lambda text, group: group(text, "\u2019", "."),
}
WRITTEN = ("{}", "{} kg", "{} %", "\u20ac{}", "{}\u00a0\u20ac", "<{}", "\u2265 {}", "~{}")


def grouped(text, thousands, decimal):
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, part = digits.partition(".")
    blocks = []
    while whole:
        whole, block = whole[:-3], whole[-3:]
        blocks.insert(0, block)
    return sign + thousands.join(blocks) + (decimal + part if part else "")


@given(
    numbers=st.lists(
        st.decimals(-9_999_999, 9_999_999, places=2, allow_nan=False), min_size=1, max_size=20
    ),
    style=st.sampled_from(sorted(STYLES)),
    written=st.sampled_from(WRITTEN),
)
def test_any_number_in_any_style_is_read_back(numbers, style, written):
    texts = [f"{abs(n) if '<' in written else n:.2f}" for n in numbers]
    evidence = ["0.25", "1234567.75"]
    cells = [written.format(STYLES[style](text, grouped)) for text in [*texts, *evidence]]
    found = values(cells)
    assert [float(v) for v in found] == pytest.approx([float(t) for t in [*texts, *evidence]])
    assert all(math.isfinite(v) for v in found)
