"""Boxes: every way in which people write them, what is refused, and what other tools are given."""

from __future__ import annotations

import json

import numpy as np
import pytest

from plait.errors import CellError, LimitError
from plait.modalities import Media
from plait.modalities.boxes.boxes import MOST_BOXES, RELATIVE, Boxes
from plait.modalities.boxes.codec import BoxesCodec
from plait.modalities.boxes.order import survey_order
from plait.types import ColumnSample

VOC = """<annotation><filename>a.jpg</filename>
<size><width>100</width><height>80</height><depth>3</depth></size>
<object><name>dog</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>40</xmax><ymax>60</ymax></bndbox>
</object></annotation>"""
BESIDE = '{"width": 100, "height": 80, "boxes": [["dog", 100.5, 10, 1, 9]]}'
DOG = [[10.0, 20.0, 40.0, 60.0]]


def voc(sides, size=(100, 80)):
    """Return `VOC` with another box, in a picture of another size."""
    numbers = [*zip(("xmin", "ymin", "xmax", "ymax"), DOG[0], sides, strict=True)]
    numbers += zip(("width", "height"), (100, 80), size, strict=True)
    text = VOC
    for name, before, now in numbers:
        text = text.replace(f"<{name}>{before:g}<", f"<{name}>{now:g}<")
    return text


def read(cell, tmp_path, **settings):
    return BoxesCodec(**settings).read(cell, Media(tmp_path))


def sample(cells, name="things"):
    return ColumnSample(name, cells, len(cells), len({str(cell) for cell in cells}))


@pytest.mark.parametrize(
    "cell",
    [
        '[["dog", 10, 20, 30, 40]]',
        '[[10, 20, 30, 40, "dog"]]',
        [["dog", 10, 20, 30, 40]],
        '[{"class": "dog", "bbox": [10, 20, 30, 40]}]',
        '[{"label": "dog", "xmin": 10, "ymin": 20, "xmax": 40, "ymax": 60}]',
        '[{"category": "dog", "x": 10, "y": 20, "width": 30, "height": 40}]',
        '[{"name": "dog", "cx": 25, "cy": 40, "w": 30, "h": 40}]',
        '[{"class": "dog", "box": {"x1": 10, "y1": 20, "x2": 40, "y2": 60}}]',
        {"boxes": [{"class": "dog", "bbox": [10, 20, 30, 40]}]},
        np.array([["dog", 10, 20, 30, 40]], object),
    ],
)
def test_one_box_written_in_many_ways(cell, tmp_path):
    found = read(cell, tmp_path)
    assert found.names == ("dog",) and found.size is None and found.scores is None
    np.testing.assert_array_equal(found.corners, DOG)


def test_orders_of_bare_numbers(tmp_path):
    cell = '[["dog", 10, 20, 40, 60]]'
    np.testing.assert_array_equal(read(cell, tmp_path, order="xyxy").corners, DOG)
    cell = '[["dog", 25, 40, 30, 40]]'
    np.testing.assert_array_equal(read(cell, tmp_path, order="cxcywh").corners, DOG)


def test_nothing_and_no_value_differ(tmp_path):
    assert len(read("[]", tmp_path)) == 0
    assert read("", tmp_path) is None and read(None, tmp_path) is None


def test_shares_of_the_picture_and_scores(tmp_path):
    found = read('[["dog", 0.1, 0.25, 0.3, 0.5, 0.9]]', tmp_path)
    assert found.size == RELATIVE and found.scores.tolist() == [0.9]
    np.testing.assert_allclose(found.sized((100, 80)).corners, DOG)


def test_files_of_voc_yolo_and_csv(tmp_path):
    (tmp_path / "a.xml").write_text(VOC)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 0.25 0.5 0.3 0.5\n")
    (tmp_path / "labels" / "none.txt").write_text("")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    (tmp_path / "a.csv").write_text("class,xmin,ymin,xmax,ymax\ndog,10,20,40,60\n")
    for name in ("a.xml", "labels/a.txt", "a.csv"):
        found = read(name, tmp_path)
        assert found.names == ("dog",)
        np.testing.assert_allclose(found.sized((100, 80)).corners, DOG)
    assert read("a.xml", tmp_path).size == (100, 80)
    assert len(read("labels/none.txt", tmp_path)) == 0
    assert read("labels/a.txt", tmp_path, names=("fox", "bird")).names == ("bird",)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('[["dog", 10, 20, 0, 40]]', "no area"),
        ('[["dog", 10, 20, -5, 40]]', "no area"),
        ('{"width": 30, "height": 50, "boxes": [["dog", 10, 20, 30, 40]]}', "outside the picture"),
        ('[["dog", -10, 20, 30, 40]]', "outside the picture"),
        (BESIDE, "outside the picture"),
        ('[["dog", 1e9, 20, 30, 40]]', "no number of pixels"),
        ('[["", 10, 20, 30, 40]]', "no class"),
        ('[["dog", 10, 20, 30]]', "not boxes"),
        ("[[10, 20, 30, 40]]", "not boxes"),
        ("a dog", "not boxes"),
        ('[["dog", 10, 20, 30, 40, 1.5]]', "out of range"),
        ('[["dog", 1, 2, 3, 4, 0.5], ["dog", 1, 2, 3, 4]]', "some boxes have a score"),
        ('{"width": 0, "height": 50, "boxes": []}', "size is none"),
        ("gone.xml", "does not exist"),
        ("../../etc/x.xml", "out of the table's folder"),
    ],
)
def test_what_is_refused(cell, said, tmp_path):
    with pytest.raises(CellError, match=said):
        read(cell, tmp_path)


def test_too_many_boxes_and_bad_files(tmp_path):
    with pytest.raises(LimitError, match="too many boxes"):
        read([["dog", 1, 2, 3, 4]] * (MOST_BOXES + 1), tmp_path)
    bad = {
        "a.xml": (
            VOC.replace("<annotation>", '<!DOCTYPE a [<!ENTITY b "c">]><annotation>'),
            "type",
        ),
        "b.xml": ("<annotation>", "cannot be read"),
        "c.xml": ("<svg></svg>", "no VOC annotation"),
        "d.xml": (VOC.replace("<xmin>10<", "<xmin>ten<"), "a number of a box is none"),
        "e.txt": ("dog 1 2 3 4\n", "none of YOLO's"),
        "f.txt": ("7 0.5 0.5 0.1 0.1\n", "a class has no name"),
        "g.csv": ("a,b\n1,2\n", "lacks columns"),
    }
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    for name, (text, said) in bad.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(CellError, match=said) as caught:
            read(name, tmp_path)
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("sides", "corners"),
    [
        ((10, 20, 10, 60), (9, 20, 10, 60)),
        ((10, 60, 40, 60), (10, 59, 40, 60)),
        ((1, 1, 1, 1), (0, 0, 1, 1)),
        ((100, 80, 100, 80), (99, 79, 100, 80)),
        ((0, 0, 0, 0), (0, 0, 1, 1)),
    ],
)
def test_voc_counts_pixels_so_that_one_alone_is_a_box(sides, corners, tmp_path):
    (tmp_path / "a.xml").write_text(voc(sides))
    found = read("a.xml", tmp_path)
    np.testing.assert_array_equal(found.corners, [corners])
    for name, content in BoxesCodec().export("voc", [found], ["b.jpg"]).items():
        (tmp_path / name).write_bytes(content)
    assert read("b.xml", tmp_path) == found


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ((40.5, 20, 40.5, 60), (100, 80)),
        ((41, 20, 40, 60), (100, 80)),
        ((1, 0, 1, 1), (1, 1)),
        ((-5, 20, -5, 60), (100, 80)),
    ],
)
def test_what_is_no_pixel_of_voc_has_no_area(sides, size, tmp_path):
    (tmp_path / "a.xml").write_text(voc(sides, size))
    with pytest.raises(CellError, match="has no area"):
        read("a.xml", tmp_path)


@pytest.mark.parametrize("size", [None, (100.0, 80.0), RELATIVE])
def test_a_box_narrower_than_a_hundredth_is_written_as_wide_as_it_is(size, tmp_path):
    raw = Boxes(("dog",), np.array([[0.251, 0.5, 0.254, 0.75]]), None, size)
    for name, content in BoxesCodec().export("voc", [raw], ["b.jpg"]).items():
        (tmp_path / name).write_bytes(content)
    again = read("b.xml", tmp_path)
    np.testing.assert_allclose(again.corners, raw.corners, atol=1e-6)


@pytest.mark.parametrize(("text", "line"), [("cat\n\ndog\n", 2), ("\ncat\ndog\n", 1)])
def test_a_line_without_a_class_shifts_no_numbers(text, line, tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 0.5 0.5 0.1 0.1\n")
    (tmp_path / "labels" / "classes.txt").write_text(text)
    with pytest.raises(CellError, match="has no name") as caught:
        read("labels/a.txt", tmp_path)
    assert f"line {line} of labels/classes.txt" in str(caught.value)
    (tmp_path / "labels" / "classes.txt").write_text("cat\r\ndog\r\n\r\n  \n")
    assert read("labels/a.txt", tmp_path).names == ("dog",)


def test_a_box_that_sticks_out_a_little_is_cut_off(tmp_path):
    found = read('{"width": 100, "height": 80, "boxes": [["dog", -1, 50, 60, 31]]}', tmp_path)
    np.testing.assert_array_equal(found.corners, [[0, 50, 59, 80]])
    whole = read('{"width": 100, "height": 80, "boxes": [["dog", 0, 50, 60, 30]]}', tmp_path)
    (said,) = BoxesCodec().fit([found, whole]).remarks_on_all
    assert said.startswith("1 boxes stick out of their picture")
    assert BoxesCodec().fit([whole, whole]).remarks_on_all == ()


def test_the_order_is_settled_by_the_column():
    rng = np.random.default_rng(0)
    low, sides = rng.integers(0, 300, (30, 2)), rng.integers(5, 60, (30, 2))
    beyond = [
        json.dumps([["a", *map(int, (*a, *(a + b)))]]) for a, b in zip(low, sides, strict=True)
    ]
    wide = [json.dumps([["a", *map(int, (*a, *b))]]) for a, b in zip(low, sides, strict=True)]
    assert survey_order(sample(beyond), "").settings == {"order": "xyxy"}
    assert survey_order(sample(wide), "").settings == {"order": "xywh"}
    assert not survey_order(sample(beyond), "xywh").settings
    assert "none of" in survey_order(sample(wide), "yxyx").refused
    named = [json.dumps([{"class": "a", "bbox": json.loads(one)[0][1:]}]) for one in beyond]
    assert survey_order(sample(named), "").settings == {"order": "xyxy"}
    few = survey_order(sample(beyond[:4]), "")
    assert few.settings == {"order": "xyxy"} and few.ambiguous == "order: xywh"


def test_a_column_of_boxes_is_found():
    codec = BoxesCodec()
    assert codec.detect(sample(['[["a", 1, 2, 3, 4]]', "[]"])) == 1.0
    assert codec.detect(sample(["x/1.xml", "x/2.xml"])) > 0.9
    for others in (
        ["[1, 2, 3, 4]"],
        ["[[1, 2], [3, 4]]"],
        ['["a", "b"]'],
        ["[]"],
        ["dog"],
        ["a.txt"],
    ):
        assert codec.detect(sample(others)) == 0.0


def fitted(raws):
    return BoxesCodec().fit(raws)


def test_what_is_learned_and_decoded(tmp_path):
    raws = [Boxes(("b", "a"), np.array([[0, 0, 10, 20], [5, 5, 25, 25.0]]), None, (100, 50)),
            Boxes((), np.zeros((0, 4)), None, (100, 50))]  # fmt: skip
    codec = fitted(raws)
    assert codec.labels == ("a", "b") and codec.counts == (1, 1)
    assert (codec.width, codec.height, codec.per_picture) == (100, 50, 1.0)
    np.testing.assert_allclose(codec.usual, [0.15, 0.4])
    assert all(codec.decode(codec.prepare(raw)) == raw for raw in raws)
    new = codec.prepare(Boxes(("fox",), np.array([[0, 0, 1, 1.0]])))
    assert new["labels"].tolist() == [3] and codec.decode(new).names == ("another class",)


def test_features_count_and_place_each_class():
    raw = Boxes(("a", "a"), np.array([[0, 0, 10, 10], [20, 20, 40, 40.0]]), None, (100, 100))
    codec = fitted([raw])
    np.testing.assert_allclose(codec.features(codec.prepare(raw)), [2, 0.175, 0.175, 0.15, 0.15, 2])


def detections():
    return Boxes(("dog", "ant"), np.array([[10, 20, 40, 60], [0, 0, 5, 5.5]]), np.array([0.9, 0.3]),
                 (100, 80))  # fmt: skip


def test_what_is_written_for_other_tools_reads_alike(tmp_path):
    codec, raw = fitted([detections()]), detections()
    for order in ("", "xyxy", "cxcywh"):
        assert read(codec.write(raw), tmp_path, order=order) == raw
    coco = json.loads(codec.export("coco", [raw, None], ["p/1.jpg", "2.jpg"])[""])
    assert [one["file_name"] for one in coco["images"]] == ["p/1.jpg", "2.jpg"]
    assert coco["images"][0]["width"] == 100 and len(coco["annotations"]) == 2
    names = {one["id"]: one["name"] for one in coco["categories"]}
    assert names[coco["annotations"][0]["category_id"]] == "dog"
    assert coco["annotations"][0] | {"category_id": 0} == {
        "id": 1, "image_id": 1, "category_id": 0, "bbox": [10, 20, 30, 40], "area": 1200,
        "iscrowd": 0, "score": 0.9,
    }  # fmt: skip
    for form, ending in (("voc", ".xml"), ("yolo", ".txt")):
        files = codec.export(form, [raw, None, raw], ["p/1.jpg", "2.jpg", "q/1.jpg"])
        assert {f"1{ending}", f"1_000002{ending}"} <= files.keys() and f"2{ending}" not in files
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        again = read(f"1{ending}", tmp_path).sized((100, 80))
        assert again.names == raw.names
        np.testing.assert_allclose(again.corners, raw.corners, atol=0.01)


def test_counts_are_of_sure_things():
    codec = fitted([detections()])
    found = codec.answer([detections()])
    assert list(found) == ["prediction", "num_ant", "num_dog"]
    assert (found["num_ant"], found["num_dog"]) == ([0], [1])


def test_drawings_are_escaped_and_placed():
    raw = Boxes(("<b>",), np.array([[10, 20, 40, 60.0]]), None, (100, 80))
    codec = fitted([raw])
    for shown in (codec.show(raw), codec.lay_over("<img>", raw, (200.0, 160.0))):
        assert "<b>" not in shown and "&lt;b&gt;" in shown
    assert 'x="20" y="40" width="60" height="80"' in codec.lay_over("<img>", raw, (200.0, 160.0))
