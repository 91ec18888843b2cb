"""COCO's JSON as a table: a row per picture, what is on it in one cell."""

from __future__ import annotations

import json

import pytest

from plait.data.table import read
from plait.errors import TableError

TOLD = {
    "images": [
        {"id": 7, "file_name": "a.jpg", "width": 100, "height": 80},
        {"id": 9, "file_name": "b.jpg"},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 30, 40], "iscrowd": 0},
        {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 90, 70], "iscrowd": 1},
    ],
    "categories": [{"id": 3, "name": "dog"}],
}


def test_pictures_and_boxes_are_columns(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "told.json").write_text(json.dumps(TOLD))
    table = read(tmp_path / "told.json")
    assert table.column("image") == ["images/a.jpg", "b.jpg"]
    first, second = map(json.loads, table.column("boxes"))
    assert first == {
        "width": 100,
        "height": 80,
        "boxes": [{"class": "dog", "bbox": [1, 2, 30, 40]}],
    }
    assert second == []
    assert any("crowds" in note for note in table.notes)
    assert (table.schema["image"].modality, table.schema["boxes"].modality) == ("image", "boxes")


@pytest.mark.parametrize(
    "change",
    [{"image_id": 1}, {"category_id": 1}, {"bbox": [1, 2]}, {"bbox": None}, {"bbox": 5},
     {"bbox": "1234"}, {"image_id": [7]}, {"category_id": {}}],
)  # fmt: skip
def test_an_annotation_of_nothing_is_refused(change, tmp_path):
    told = {**TOLD, "annotations": [TOLD["annotations"][0] | change]}
    (tmp_path / "told.json").write_text(json.dumps(told))
    with pytest.raises(TableError, match="an annotation is of no image"):
        read(tmp_path / "told.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"categories": [{"id": 3}]}, "a category has no name"),
        ({"categories": [{"name": "dog"}]}, "one of 'categories' has no id"),
        ({"images": [{"id": 7, "file_name": "a.jpg"}] * 2}, "one of 'images' has no id, or that"),
        ({"images": {"id": 7}}, "'images' is not a list"),
        ({"categories": None}, "'categories' is not a list"),
    ],
)
def test_what_is_no_coco_is_refused_with_its_path(change, said, tmp_path):
    (tmp_path / "told.json").write_text(json.dumps({**TOLD, **change}))
    with pytest.raises(TableError, match=said) as caught:
        read(tmp_path / "told.json")
    assert "told.json" in str(caught.value.path)


def test_other_json_is_read_as_before(tmp_path):
    (tmp_path / "rows.json").write_text('[{"images": 1, "annotations": 2, "categories": 3}]')
    assert read(tmp_path / "rows.json").column_names == ("images", "annotations", "categories")
