"""Cells that cannot be read are told where they count as missing, and how to mend them is said."""

from __future__ import annotations

import pytest

import plait
from plait.errors import CellError, PlaitError, TargetError
from plait.modalities.media import Media
from plait.recipes.evaluate import evaluate
from plait.recipes.predict import predict

ROWS = [{"size": str(i % 7), "kind": "pq"[i % 2]} for i in range(40)]
COLUMNS = {"size": "number", "kind": "category"}


@pytest.fixture(scope="module")
def model():
    table = plait.read(ROWS, columns=COLUMNS)
    return plait.fit(table, target="kind", budget="3s", simple=True, baselines=("linear",))


def broken(num_rows=9000):
    return [{"size": "err" if i in (3, 8999) else "2", "kind": "p"} for i in range(num_rows)]


def test_skipped_cells_are_counted_over_all_parts(model, tmp_path):
    told = predict(model, broken(), out=tmp_path / "p.csv", on_error="skip")
    (warning,) = told["warnings"]
    assert warning.startswith("column 'size': 2 cells count as missing, being unreadable (")
    assert "err" in warning
    scores = evaluate(model, broken(30), on_error="skip")
    assert scores["warnings"] == [warning.replace("2 cells count", "1 cell counts")]
    whole = [row for row in broken(30) if row["size"] != "err"]
    assert evaluate(model, whole, on_error="skip")["warnings"] == []


def test_the_hint_names_the_column_and_the_word():
    with pytest.raises(PlaitError) as caught:
        plait.fit(
            plait.read([*ROWS[1:], {"size": "err", "kind": "p"}], columns=COLUMNS),
            target="kind", budget="2s", simple=True,
        )  # fmt: skip
    assert '--columns "size=number{null_words: [err]}"' in str(caught.value.hint)
    mended = plait.read(
        [*ROWS, {"size": "err", "kind": "p"}],
        columns="size=number{null_words: [err]},kind=category",
    )
    plait.fit(mended, target="kind", budget="2s", simple=True, baselines=("linear",))


@pytest.mark.parametrize("cell", ["ecg/one.csv", "{outside}/ecg/one.csv"])
def test_the_folder_that_is_named_opens_what_was_refused(tmp_path, cell):
    (tmp_path / "media" / "ecg").mkdir(parents=True)
    (tmp_path / "media" / "ecg" / "one.csv").write_text("1\n2\n")
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "ecg").symlink_to(tmp_path / "media" / "ecg")
    cell = cell.format(outside=tmp_path / "media")
    with pytest.raises(CellError) as caught:
        Media(tmp_path / "table").locate(cell)
    root = str(caught.value.hint).split("--root ")[1].split(",")[0]
    assert Media(root).locate(cell).is_file()


def test_a_target_of_one_value_is_said_to_be_one():
    rows = [{"size": i, "kind": "p"} for i in range(30)]
    with pytest.raises(TargetError, match="the same value in every row"):
        plait.fit(rows, target="kind", budget="2s")


def test_a_target_without_any_value_is_said_to_be_one():
    rows = [{"size": i, "kind": None} for i in range(30)]
    with pytest.raises(TargetError, match="no value in any row") as caught:
        plait.fit(rows, target="kind", budget="2s")
    assert caught.value.hint == "name another with --target"


def test_nothing_is_said_of_a_column_left_out(model):
    rows = [{**row, "same": 1} for row in ROWS]
    said = plait.fit(rows, target="kind", exclude=["same"], budget="2s", simple=True)
    assert not any("same" in one["text"] for one in said.records["metrics"]["warnings"])
    said = plait.fit(rows, target="kind", budget="2s", simple=True)
    assert any("same" in one["text"] for one in said.records["metrics"]["warnings"])


def test_a_model_of_another_target_is_not_written_over(model, tmp_path):
    place = tmp_path / "m.plait"
    settings = {"budget": "2s", "simple": True, "out": place}
    plait.fit(ROWS, target="kind", **settings)
    plait.fit(ROWS, target="kind", **settings)
    with pytest.raises(PlaitError, match="a model of another target") as caught:
        plait.fit(ROWS, target="size", **settings)
    assert caught.value.received == "a model of 'kind'" and plait.load(place).target == "kind"
    plait.fit(ROWS, target="size", force=True, **settings)
    assert plait.load(place).target == "size"
