"""What a target asks of its inputs: told by settings, unless the person or a base settled them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from plait.data.table import read
from plait.fitting.setup.asked_of_inputs import as_asked, fitted_beside, offering
from plait.fitting.setup.reading import input_columns_with
from plait.modalities.audio.codec import AudioCodec
from plait.modalities.boxes.codec import BoxesCodec
from plait.modalities.image.codec import ImageCodec
from plait.modalities.text.codec import TextCodec
from plait.modalities.vector.codec import VectorCodec
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
        input_column="near",
        checkpoint=SimpleNamespace(modality="image"),
        column="near~vectors",
        codec=VectorCodec(dim=4),
    )
    columns = {"near": ("near",)}
    own = offering(codecs, "things")
    assert input_columns_with([made], columns) == {"near": ("near~vectors",)}
    assert input_columns_with([made], columns, own) == {"near": ("near", "near~vectors")}


class Column(list):
    """Prepared values of rows."""

    @property
    def present(self):
        return np.array([one is not None for one in self])


def test_a_sound_says_the_column_whose_texts_are_as_long_as_it_is():
    text, sound = TextCodec(), AudioCodec().as_target()
    names = ["a" * (3 + row) for row in range(12)]
    columns = {
        "tags": Column(text.prepare("red, blue" if row % 2 else "red") for row in range(12)),
        "name": Column(None if row == 5 else text.prepare(one) for row, one in enumerate(names)),
        "voice": Column(
            sound.prepare(np.zeros(1600 * len(one), np.float32)) for one in names
        ),
    }  # fmt: skip
    codecs = {"tags": text, "name": text, "voice": sound}
    prepared = SimpleNamespace(columns=columns)
    found = fitted_beside(codecs, prepared, "voice", np.arange(12))
    assert found["voice"].spoken == "name" and found["name"] is text
    less = {name: codec for name, codec in codecs.items() if name != "name"}
    assert fitted_beside(less, prepared, "voice", np.arange(12))["voice"].spoken == ""
