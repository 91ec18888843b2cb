"""Folders as YOLO and VOC lay them out: what tells of a picture lies in its row."""

from __future__ import annotations

import pytest

from plait.data.table import read

VOC = (
    "<annotation><object><name>dog</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax>"
    "<ymax>9</ymax></bndbox></object></annotation>"
)


@pytest.mark.parametrize("names", ["classes.txt", "data.yaml"])
def test_a_tree_of_images_and_labels(names, tmp_path):
    for part in ("train", "val"):
        for kind in ("images", "labels"):
            (tmp_path / kind / part).mkdir(parents=True)
        (tmp_path / "images" / part / "a.jpg").write_bytes(b"\xff\xd8\xff")
        (tmp_path / "labels" / part / "a.txt").write_text("1 0.5 0.5 0.2 0.2\n")
    (tmp_path / "images" / "train" / "b.jpg").write_bytes(b"\xff\xd8\xff")
    text = "cat\ndog\n" if names == "classes.txt" else "names: {0: cat, 1: dog}\n"
    (tmp_path / names).write_text(text)
    table = read(tmp_path, columns={"boxes": "boxes"})
    assert table.column("image") == ["images/train/a.jpg", "images/train/b.jpg", "images/val/a.jpg"]
    assert table.column("boxes") == ["labels/train/a.txt", None, "labels/val/a.txt"]
    assert table.column("split") == ["train", "train", "val"] and table.num_rows == 3
    from plait.modalities.boxes.codec import BoxesCodec

    assert BoxesCodec().read("labels/train/a.txt", table.media()).names == ("dog",)


def test_pascal_vocs_folders(tmp_path):
    for kind in ("JPEGImages", "Annotations"):
        (tmp_path / kind).mkdir()
    (tmp_path / "JPEGImages" / "a.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "Annotations" / "a.xml").write_text(VOC)
    table = read(tmp_path)
    assert table.column_names == ("boxes", "image") and table.num_rows == 1
    assert table.schema["boxes"].modality == "boxes"


def test_xml_beside_its_picture(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "a.xml").write_text(VOC)
    assert read(tmp_path).column("boxes") == ["a.xml"]


def test_a_class_that_is_called_labels_is_one(tmp_path):
    for kind in ("labels", "shoes"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "a.txt").write_text("words")
    table = read(tmp_path)
    assert table.column("label") == ["labels", "shoes"] and table.column("text") == ["words"] * 2
