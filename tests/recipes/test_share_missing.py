"""How much of a column is missing is one number: in the schema, on inspection, in the bundle."""

from __future__ import annotations

import pytest

import plait
from plait.data.inference import infer_schema

FIT = {"target": "kind", "simple": True, "budget": "5s", "on_error": "skip", "scores": False}


@pytest.fixture
def rows():
    """1,200 rows: a tenth of the numbers are the word 'err', one is no number, 12 are empty."""
    found = [
        {"size": "err" if i % 10 == 0 else f"{i % 37}.5 kg", "kind": "ab"[i % 37 > 18], "day": day}
        for i, day in enumerate(["2024-01-01", "2024-03-02", "n/a", "2024-02-03"] * 300)
    ]
    for i in range(1, 120, 10):
        found[i]["size"] = ""
    found[5]["size"] = "???"
    return found


def test_words_for_nothing_are_missing_everywhere(rows):
    columns = {"size": {"modality": "number", "settings": {"null_words": ["err"]}}}
    table = plait.read(rows, columns=columns)
    share = {one.name: one.share_missing for one in infer_schema(table, overrides=columns).columns}
    looked = plait.inspect(table, target="kind")["columns"]
    model = plait.fit(table, **FIT)
    assert share["size"] == pytest.approx(132 / 1200) and share["day"] == pytest.approx(0.25)
    assert {one["name"]: one["share_missing"] for one in looked} == share
    assert {one.name: one.share_missing for one in model.schema.columns} == share


def test_of_a_large_table_the_bundle_tells_the_share_of_all_rows(rows):
    many = [row | {"size": "1.5 kg"} for row in rows * 4]
    for i in range(0, 4800, 9):
        many[i]["size"] = ""
    share = {one["name"]: one["share_missing"] for one in plait.inspect(many)["columns"]}
    model = plait.fit(many, **FIT)
    assert {one.name: one.share_missing for one in model.schema.columns} == share
