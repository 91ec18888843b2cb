"""The schema: roles and modalities found, ambiguity, YAML, settings."""

import dataclasses
import datetime
import itertools

import numpy as np
import pytest

from plait import read
from plait.data import Column, Schema, make_codec
from plait.data.checks import inspect_table
from plait.data.inference import sample_rows
from plait.data.overrides import parse_overrides
from plait.data.times import time_reader
from plait.errors import SchemaError, UsageError

N = 60
RNG = np.random.default_rng(0)
COLOURS = RNG.choice(["red", "green", "blue"], N).tolist()


def column_of(cells, name="x", **options):
    return read({name: cells}, **options).schema[name]


@pytest.mark.parametrize(
    ("name", "cells", "role"),
    [
        ("x", list(range(100, 100 + N)), "id"),
        ("sku_id", [str(7 * i + 3) for i in range(N)], "id"),
        ("productId", [f"AB-{i * i}" for i in range(N)], "id"),
        ("x", [f"{i:08x}-0000-4000-8000-{i:012x}" for i in range(N)], "id"),
        ("x", [f"{i:016d}{'ab' * 8}" for i in range(N)], "id"),
        ("part", ["train", "val", "test"] * 20, "split"),
        ("x", [f"+49 30 {100000 + 37 * i}" for i in range(N)], "id"),
        ("patient_id", [f"p{i % 7}" for i in range(N)], "group"),
        ("x", ["same"] * N, "ignore"),
        ("x", [None, ""] * 30, "ignore"),
    ],
)
def test_columns_that_are_no_values_are_told_apart(name, cells, role):
    column = column_of(cells, name)
    assert column.role == role and column.modality is None and column.why


@pytest.mark.parametrize(
    ("name", "cells", "modality"),
    [
        ("x", RNG.normal(size=N).tolist(), "number"),
        ("id", RNG.normal(size=N).tolist(), "number"),
        ("price", [str(v) for v in RNG.integers(0, 10_000, N)], "number"),
        ("x", COLOURS, "category"),
        ("x", ["yes", None] * 30, "category"),
        ("x", [f"pictures/{i}.png" for i in range(N)], "image"),
        ("image_id", [f"{i}.png" for i in range(N)], "image"),
        ("when", [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(N)], "date"),
        ("when", [datetime.datetime(2024, 1, 1 + i % 28) for i in range(N)], "date"),
        ("day", [str(datetime.date(2024, 1, 1) + datetime.timedelta(i)) for i in range(N)], "date"),
        ("x", [20240100 + 100 * (i % 12) + i % 28 + 1 for i in range(N)], "date"),
        ("x", [f"{1 + i % 12:02d}:{i % 60:02d}" for i in range(N)], "date"),
        ("created_at", [1_700_000_000 + 61 * i * i for i in range(N)], "date"),
        ("x", [1_700_000_000_000 + 61 * i * i for i in range(N)], "date"),
        ("dose", [f"{i * 5 % 70} mg" for i in range(N)], "number"),
        ("zip", ["01234", "99084", "10115"] * 20, "category"),
        ("postcode", [10115, 99084, 80331] * 20, "category"),
        ("x", ["10.0.0.1", "192.168.1.2", "10.0.0.7"] * 20, "category"),
        ("x", ["1.2.3", "1.2.10", "2.0.1"] * 20, "category"),
        ("smoker", ["true", "false"] * 30, "category"),
    ],
)
def test_values_are_recognised(name, cells, modality):
    column = column_of(cells, name)
    assert (column.role, column.modality) == ("value", modality)
    assert 0.3 <= column.sure <= 1


def product_names(num_names, num_rows):
    """Names of three words, and how they occur."""
    parts = (("Red", "Blue", "Old", "New", "Slim"), ("Leather", "Wool", "Silk", "Steel"), NOUNS)
    names = [" ".join(words) for words in itertools.product(*parts)]
    rng = np.random.default_rng(0)
    return rng.choice(rng.permutation(names)[:num_names], num_rows).tolist()


NOUNS = ("Boot", "Hat", "Lamp", "Chair", "Bag", "Belt")


@pytest.mark.parametrize(
    ("cells", "modality", "doubtful"),
    [
        (product_names(90, 300), "category", True),
        (product_names(15, 300), "category", False),
        (product_names(90, 3000), "category", False),
        ([f"{w}bury {w}ford" for w in "abcdefghijklmnopqrstuvwxyz"] * 4, "category", False),
        (COLOURS, "category", False),
        ([f"a {name} that is new, number {i}" for i, name in enumerate(COLOURS)], "text", False),
    ],
)
def test_names_of_several_words_could_be_text(cells, modality, doubtful):
    column = column_of(cells)
    assert column.modality == modality
    assert ("--columns x=text reads their words" in column.why) == doubtful
    assert column.doubt == "" and column_of(cells, strict=True).modality == modality


def test_a_rare_value_is_not_a_constant(write):
    cells = ["no"] * 30_000
    cells[12_345] = "yes"
    assert column_of(cells).role == "value"


def test_values_that_few_rows_have_are_found():
    cells = [None] * 30_000
    for row in range(11_111, 11_171):
        cells[row] = COLOURS[row - 11_111]
    column = read({"x": cells}).schema["x"]
    assert column.modality == "category" and column.share_missing > 0.99


def test_share_missing_is_counted():
    assert column_of([None, "n/a", 1.5, 2.5] * 15).share_missing == 0.5


def test_sampled_rows_are_spread_and_within_the_table():
    rows = sample_rows(1_000_000)
    assert len(rows) == 2000 and rows[0] == 0 and rows[-1] == 999_999
    assert sample_rows(10).tolist() == list(range(10))


def test_an_ambiguous_column_is_a_stated_choice_or_an_error(monkeypatch):
    import plait.data.inference as inference

    monkeypatch.setattr(
        inference, "detect_all", lambda s: [("text", 0.8), ("category", 0.75), ("number", 0.2)]
    )
    column = column_of(COLOURS)
    assert column.alternatives == (("category", 0.75),)
    assert "--columns x=category" in column.why
    with pytest.raises(SchemaError, match="several modalities") as caught:
        column_of(COLOURS, strict=True)
    assert caught.value.hint == "say which: --columns x=text or --columns x=category"
    stated = read({"x": COLOURS}, strict=True, columns="x=text")
    assert stated.schema["x"].why == "as you said"


def test_an_unknown_column_is_ignored_or_an_error(monkeypatch):
    import plait.data.inference as inference

    monkeypatch.setattr(inference, "detect_all", lambda s: [("text", 0.1)])
    assert column_of(COLOURS).role == "ignore"
    with pytest.raises(SchemaError, match="no modality recognises"):
        column_of(COLOURS, strict=True)


def test_overrides_decide():
    table = read(
        {"a": COLOURS, "b": list(range(N)), "c": COLOURS},
        columns={
            "a": "ignore",
            "b": "number",
            "c": {"modality": "category", "settings": {"max_labels": 2}},
        },
    )
    assert table.schema["a"].role == "ignore"
    assert table.schema["b"].modality == "number"
    assert make_codec(table.schema["c"]).max_labels == 2


def test_yaml_goes_there_and_back(tmp_path):
    schema = read({"x": COLOURS, "n": RNG.normal(size=N).tolist(), "k": range(N)}).schema
    path = tmp_path / "schema.yaml"
    path.write_text(schema.to_yaml())
    assert Schema.from_yaml(path) == schema == Schema.from_dict(schema.to_dict())
    edited = "columns:\n  x: ignore\n  n: {modality: number}\n"
    path.write_text(edited)
    table = read({"x": COLOURS, "n": [1] * N}, schema=path)
    assert [c.role for c in table.schema.columns] == ["ignore", "value"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", "cannot be read"),
        ("- a\n- b\n", "not a schema"),
        ("a: 3\nb: 4\n", "neither a modality"),
        ("a:\n  !!python/object/apply:os.getcwd []\n", "cannot be read"),
    ],
)
def test_wrong_yaml_is_refused(text, message):
    with pytest.raises(SchemaError, match=message):
        Schema.from_yaml(text)


def test_make_codec_says_what_is_wrong():
    image = Column(name="x", modality="image", settings={"size_px": 96})
    assert make_codec(image).size_px == 96
    with pytest.raises(SchemaError, match="no setting 'sise_px'") as caught:
        make_codec(dataclasses.replace(image, settings={"sise_px": 1}))
    assert caught.value.exit_code == 2 and caught.value.hint == "did you mean 'size_px'?"
    with pytest.raises(SchemaError, match="has no modality"):
        make_codec(Column(name="x", modality=None, role="id"))
    with pytest.raises(UsageError, match="no modality 'smell'"):
        make_codec(Column(name="x", modality="smell"))


def test_describe_lines_up():
    lines = read({"x": COLOURS, "long name": range(N)}).schema.describe().splitlines()
    assert (
        len(lines) == 3
        and len(
            {
                line.index("is" if i == 0 else word)
                for i, (line, word) in enumerate(zip(lines, ["", "category", "id"], strict=True))
            }
        )
        == 1
    )


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("1970-01-02", 86400),
        ("1970/1/2", 86400),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01 1:00", 3600),
        (datetime.date(1970, 1, 2), 86400),
        (12.5, 12.5),
        ("12", 12),
        ("soon", None),
        ("1970-13-01", None),
        (None, None),
    ],
)
def test_times_are_parsed(cell, seconds):
    table = read({"x": [cell, "2024-03-01"]}, columns="x=time")
    assert time_reader(table, "x")(cell) == seconds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a=text,b=image", {"a": "text", "b": "image"}),
        (
            "a=number{decimal: ',', unit: kg} , b=text",
            {"a": {"modality": "number", "settings": {"decimal": ",", "unit": "kg"}}, "b": "text"},
        ),
        ("when=date{order: day}", {"when": {"modality": "date", "settings": {"order": "day"}}}),
        ("a=number{null_words: [x, '}']}", {"a": {"modality": "number", "settings": {
            "null_words": ["x", "}"]}}}),
    ],
)  # fmt: skip
def test_columns_may_be_given_with_settings(text, found):
    assert parse_overrides(text) == found


@pytest.mark.parametrize("text", ["a=number{decimal: ','", "a=number{1: 2}", "a=number{x}y", "a"])
def test_settings_that_cannot_be_read_are_refused(text):
    with pytest.raises(UsageError):
        parse_overrides(text)


def test_doubts_of_columns_are_warnings_of_an_inspection():
    cells = [f"{1 + i % 9},{100 + i}" for i in range(N)]
    found = inspect_table(read({"x": cells, "day": ["01/02/2024", "03/04/2024"] * (N // 2)}))
    warnings = " ".join(found.warnings)
    assert "column 'x': '1,100' is read as 1100" in warnings
    assert "column 'day': the day is taken to come first in '01/02/2024'" in warnings
