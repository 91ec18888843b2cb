"""What a target asks of its inputs: told by settings, unless the person or a base settled them."""

from __future__ import annotations

from types import SimpleNamespace

from plait.data.table import read
from plait.fitting.setup.asked_of_inputs import as_asked, offering
from plait.fitting.setup.reading import input_columns_with
from plait.modalities.boxes.codec import BoxesCodec
from plait.modalities.image.codec import ImageCodec
from plait.model.backbone_column import BackboneColumn

COLUMNS = {"near": "image", "far": {"modality": "image", "settings": {"canvas_px": 640}},
           "note": "text", "things": "boxes", "kind": "category"}  # fmt: skip
ROWS = [dict.fromkeys(COLUMNS, "[]")] * 3
INPUTS = ("near", "far", "note")


def told(targets, known=()):
    table, notes = as_asked(read(ROWS, columns=COLUMNS), INPUTS, targets, known)
    return {one.name: one.settings.get("canvas_px") for one in table.schema.columns}, notes


def test_pictures_tell_of_places_where_a_target_asks():
    found, notes = told(["things"])
    assert found == {"near": 320, "far": 640, "note": None, "things": None, "kind": None}
    assert notes == []
    assert told(["kind"])[0]["near"] is None


def test_what_a_base_settled_stays_and_is_said():
    found, notes = told(["things", "kind"], known=["near"])
    assert found["near"] is None and found["far"] == 640
    assert notes == ["'near' is read as in the base, and tells nothing of places"]


def test_no_input_that_could_tell_is_said():
    table = read(ROWS, columns=COLUMNS)
    again, notes = as_asked(table, ("note",), ["things"])
    assert again is table and "no input tells of places" in notes[0]


def test_an_encoder_takes_no_place_that_the_target_asks_for():
    codecs = {"near": ImageCodec(), "things": BoxesCodec()}
    assert offering(codecs, "things") == ("near",) and offering(codecs, None) == ()
    made = BackboneColumn.__new__(BackboneColumn)
    made.__dict__.update(
        input_column="near", checkpoint=SimpleNamespace(modality="image"), column="near~vectors"
    )
    columns = {"near": ("near",)}
    own = offering(codecs, "things")
    assert input_columns_with([made], columns) == {"near": ("near~vectors",)}
    assert input_columns_with([made], columns, own) == {"near": ("near", "near~vectors")}
