"""Boxes as a target: what a picture shows is found, with gaps, beside other columns and targets."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.errors import CellError, TargetError, UsageError
from plait.modalities.boxes.codec import BoxesCodec
from plait.train.config import TrainConfig

sys.path.insert(0, str(Path(__file__).parent))

from boxed_scenes import scenes

ROWS = 90


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    rows = scenes(ROWS)
    for row in range(5, ROWS, 9):
        rows[row] = {**rows[row], "picture": None}
    out = tmp_path_factory.mktemp("boxes") / "things.plait"
    return plait.fit(
        rows, target="things", budget="60 steps", seed=1, out=out, progress=False,
        columns={"picture": {"modality": "image", "settings": {"size_px": 16}}},
    )  # fmt: skip


def test_the_network_finds_what_simple_models_cannot(model):
    told = model.records["metrics"]
    scores = {one["name"]: one["metrics"]["map50"] for one in told["candidates"]}
    assert told["shipped"] == "deep" and scores["deep"] > 0.5 > 0.3 > scores["nearest"]
    assert "AP 50-95" in told["panel"]


def test_it_learns_to_the_end_for_losses_of_different_steps_cannot_be_compared(model):
    told = model.records["metrics"]
    assert told["training"]["steps"] == 60
    assert [one["step"] for one in told["curve"]] == [60] and "validation" not in told["curve"][0]


def test_boxes_are_drawn_over_their_pictures(model):
    samples = model.records["samples"]
    over = [one for one in samples if "picture" in one["cells"]]
    assert over and all("<img" in one["made"] and "<rect" in one["true"] or "nothing" in one["true"]
                        for one in over)  # fmt: skip


def test_the_picture_says_where_and_how_large(model):
    answer = model.predict(scenes(6, seed=5), progress=False).columns
    for cell, squares in zip(answer["prediction"], answer["num_square"], strict=True):
        found = json.loads(cell)
        assert (found["width"], found["height"]) == (64, 48)
        sure = [one for one in found["boxes"] if one["score"] >= 0.4]
        assert squares == sum(one["class"] == "square" for one in sure)


def test_a_row_without_a_picture_is_answered_by_what_is_usual(model):
    answer = model.predict([{"picture": None}, *scenes(2, seed=5)], progress=False)
    assert json.loads(answer.columns["prediction"][0])["boxes"] is not None


def test_drawn_by_temperature_a_seed_says_the_same(model):
    rows = scenes(8, seed=6)
    first, again, plain = (
        model.predict(rows, temperature=t, seed=3, progress=False).columns["prediction"]
        for t in (1.0, 1.0, 0.0)
    )
    assert list(first) == list(again) != list(plain)


def test_a_bundle_says_the_same(model, tmp_path):
    model.save(tmp_path / "again.plait")
    rows = scenes(4, seed=7)
    again = plait.load(tmp_path / "again.plait").predict(rows, progress=False)
    before = model.predict(rows, progress=False)
    assert list(again.columns["prediction"]) == list(before.columns["prediction"])


def test_written_as_coco_voc_and_yolo(model, tmp_path):
    rows, folder = scenes(3, seed=8), tmp_path / "voc"
    told = plait.predict(model, rows, out=tmp_path / "boxes.json", progress=False)
    coco = json.loads((tmp_path / "boxes.json").read_text())
    assert told["files"] == 1 and len(coco["images"]) == 3
    assert {one["name"] for one in coco["categories"]} == {"disc", "square"}
    plait.predict(model, rows, out=folder, format="voc", progress=False)
    assert sorted(file.name for file in folder.iterdir()) == ["row 0.xml", "row 1.xml", "row 2.xml"]
    with pytest.raises(UsageError, match="exists already"):
        plait.predict(model, rows, out=folder, format="voc", progress=False)
    plait.predict(model, rows, out=folder, format="yolo", force=True, progress=False)
    assert (folder / "classes.txt").read_text() == "disc\nsquare\n"
    with pytest.raises(UsageError, match="standard output"):
        plait.predict(model, rows, out="-", format="yolo", progress=False)
    (folder / "notes.md").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        plait.predict(model, rows, out=folder, format="voc", force=True, progress=False)


def test_a_form_that_no_target_knows_is_refused(tmp_path):
    rows = [{"x": i % 7 / 2, "kind": "ab"[i % 2]} for i in range(40)]
    model = plait.fit(rows, target="kind", simple=True, budget="10 steps", progress=False)
    with pytest.raises(UsageError, match="unknown kind of output"):
        plait.predict(model, rows, out=tmp_path / "a.json", progress=False)


def few_steps(rows, **settings):
    return plait.fit(rows, budget="3 steps", progress=False, **settings)


def test_two_columns_of_pictures_and_a_class_beside_boxes():
    rows = scenes(40)
    for number, row in enumerate(rows):
        row["other"] = rows[(number + 1) % 40]["picture"] if number % 4 else None
        row["shop"] = "north" if number % 2 else "south"
    model = few_steps(rows, target="things,shop")
    answer = model.predict(rows[:3], progress=False).columns
    assert {"things", "things_num_disc", "shop"} <= set(answer)


def test_boxes_tell_a_class_too():
    rows = [{**row, "many": str(len(json.loads(row["things"])) > 1)} for row in scenes(60)]
    for row in rows:
        row["picture"] = None
    model = plait.fit(rows, target="many", exclude=["picture"], simple=True, budget="20 steps",
                      progress=False)  # fmt: skip
    assert model.records["metrics"]["test"]["metrics"]["macro_f1"] == 1.0


def test_boxes_outside_of_their_picture_are_refused_or_counted():
    rows = scenes(40)
    rows[7]["things"] = '[{"class": "disc", "bbox": [60, 10, 30, 20]}]'
    with pytest.raises(CellError, match="outside the picture") as caught:
        few_steps(rows, target="things")
    assert (caught.value.column, caught.value.row) == ("things", 7)
    rows[8]["things"] = '[{"class": "disc", "bbox": [50, 10, 15, 20]}]'
    model = few_steps(rows, target="things", on_error="skip")
    notes = model.records["metrics"]["notes"]
    assert any("1 rows have a 'things'" in note for note in notes)
    assert any("1 rows have 'things' that stick out" in note for note in notes)


def test_no_picture_at_all_is_said():
    rows = [{"size": float(i % 5), "things": row["things"]} for i, row in enumerate(scenes(40))]
    model = few_steps(rows, target="things")
    assert any("no input tells of places" in note for note in model.records["metrics"]["notes"])
    with pytest.raises(TargetError, match="no box to learn from"):
        few_steps([{**row, "things": "[]" if row["size"] else " []"} for row in rows],
                  target="things", columns={"things": "boxes"})  # fmt: skip


def test_a_picture_with_nothing_on_it_is_no_missing_row():
    rows = scenes(40)
    empty = sum(row["things"] == "[]" for row in rows)
    assert empty > 3
    model = few_steps(rows, target="things")
    parts = model.records["splits"]
    assert sum(len(parts[name]) for name in ("train", "validation", "test")) == len(rows)
    assert np.isfinite(model.records["metrics"]["test"]["metrics"]["map"])


def test_pictures_are_laid_together_where_a_person_asks_for_it(monkeypatch):
    """From the second epoch on; the same seed learns the same."""
    rows, calls, laid = scenes(40), [], BoxesCodec.varied_together

    def counted(*args):
        calls.append(len(args[0]))
        return laid(*args)

    monkeypatch.setattr(BoxesCodec, "varied_together", staticmethod(counted))

    def cost(share):
        model = plait.fit(rows, target="things", budget="8 steps", progress=False, seed=2,
                          train=TrainConfig(together_share=share), baselines=False,
                          samples=False)  # fmt: skip
        return model.records["metrics"]["validation"]["costs"]["deep"]

    plain = cost(0.0)
    assert not calls
    mixed = cost(1.0)
    assert len(calls) >= 4
    assert mixed == cost(1.0) != plain
