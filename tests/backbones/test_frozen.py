"""Derived columns: what the network gives, computed once, with gaps and unreadable cells."""

import numpy as np
import pytest
import torch
from PIL import Image

from plait.backbones import encode_column, frozen, open_checkpoint
from plait.data.table import read
from plait.errors import CellError, SchemaError, UsageError
from plait.modalities import find_codec

TEXTS = ["the cat sails", None, "a red boat over calm water while we wait", "dog", "the cat sails"]


def table(texts=TEXTS):
    return read({"note": texts, "size": list(range(len(texts)))}, columns={"note": "text"})


@pytest.fixture
def opened(checkpoint):
    return open_checkpoint(checkpoint("bert"), modality="text")


def test_rows_are_what_the_network_gives_alone(opened):
    backbone = opened.network(num_local=3)
    column = encode_column(table(), "note", find_codec("text")(), backbone, batch_size=2)
    assert column.present.tolist() == [True, False, True, True, True]
    assert column.codec.dim == 16 and column.codec.num_tokens == 4
    for row, text in enumerate(TEXTS):
        if text is None:
            assert column[row] is None
            continue
        ids = torch.from_numpy(opened.preparation.prepare(text)["ids"])[None]
        tokens = backbone({"ids": ids}, {"token": torch.tensor([ids.shape[1]])})
        expected = tokens.values[0].numpy()
        assert column[row]["vectors"].dtype == np.float16
        np.testing.assert_allclose(column[row]["vectors"], expected, atol=4e-3)
    batch = column.gather(np.array([3, 2, 1]))
    assert batch.parts["vectors"].shape == (3, 4, 16)
    assert not batch.present[2] and not batch.parts["vectors"][2].any()


def test_the_second_time_nothing_is_loaded_or_run(opened, monkeypatch):
    codec = find_codec("text")()
    first = encode_column(table(), "note", codec, opened)

    def fail(*_, **__):
        raise AssertionError("the network was loaded again")

    monkeypatch.setattr(frozen._Encoder, "__init__", fail)
    monkeypatch.setattr(type(opened), "network", fail)
    again = encode_column(table(), "note", codec, opened)
    np.testing.assert_array_equal(again[2]["vectors"], first[2]["vectors"])
    with pytest.raises(AssertionError, match="loaded again"):
        encode_column(table(), "note", codec, opened, num_local=2)
    with pytest.raises(AssertionError, match="loaded again"):
        encode_column(table(["other"]), "note", codec, opened)


def test_another_checkpoint_has_another_entry(opened, checkpoint):
    codec = find_codec("text")()
    other = open_checkpoint(checkpoint("mpnet"), modality="text")
    one = encode_column(table(), "note", codec, opened)[0]["vectors"]
    two = encode_column(table(), "note", codec, other)[0]["vectors"]
    assert np.abs(one - two).max() > 0.01


def test_equal_cells_are_encoded_once(opened, monkeypatch):
    backbone = opened.network()
    seen = []
    real = backbone.tower.forward

    def count(parts, lengths):
        seen.append(len(parts["ids"]))
        return real(parts, lengths)

    monkeypatch.setattr(backbone.tower, "forward", count)
    done = []
    encode_column(table(TEXTS * 4), "note", find_codec("text")(), backbone, progress=done.append)
    assert sum(seen) == 3 and done == [20]


def test_an_interrupted_run_leaves_nothing(opened, cache, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    codec = find_codec("text")()
    with pytest.raises(KeyboardInterrupt):
        encode_column(table(), "note", codec, opened, progress=interrupt)
    assert list((cache / "prepared").iterdir()) == []
    assert encode_column(table(), "note", codec, opened).present.sum() == 4


def test_unreadable_pictures_are_raised_with_their_row_or_skipped(checkpoint, tmp_path):
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (40, 30), colour).save(tmp_path / name)
    (tmp_path / "bad.png").write_bytes(b"nonsense")
    cells = ["a.png", "bad.png", None, "b.png", "bad.png"]
    pictures = read({"x": cells}, root=tmp_path, columns={"x": "image"})
    opened, codec = open_checkpoint(checkpoint("clip"), modality="image"), find_codec("image")()
    with pytest.raises(CellError, match="picture cannot be decoded") as caught:
        encode_column(pictures, "x", codec, opened)
    assert (caught.value.column, caught.value.row) == ("x", 1)
    assert "data of no known picture format" in str(caught.value)
    column = encode_column(pictures.told(on_error="skip"), "x", codec, opened)
    assert column.present.tolist() == [True, False, False, True, False]
    assert column.num_bad == 2 and [cell["row"] for cell in column.bad] == [1, 4]
    assert "picture cannot be decoded" in column.bad[0]["error"]
    with pytest.raises(CellError, match="picture cannot be decoded"):
        encode_column(pictures, "x", codec, opened)


def test_a_changed_picture_is_encoded_anew(checkpoint, tmp_path):
    opened, codec = open_checkpoint(checkpoint("vit"), modality="image"), find_codec("image")()
    found = []
    for size, colour in ((30, "red"), (44, "blue")):
        Image.new("RGB", (size, 30), colour).save(tmp_path / "a.png")
        pictures = read({"x": ["a.png"]}, root=tmp_path, columns={"x": "image"})
        found.append(encode_column(pictures, "x", codec, opened)[0]["vectors"])
    assert np.abs(found[0] - found[1]).max() > 0.01


def test_sounds_are_encoded(checkpoint):
    codec = find_codec("audio")()
    cells = [codec.example(np.random.default_rng(seed)) for seed in range(3)]
    sounds = read({"x": cells}, columns={"x": "audio"})
    for name in ("whisper", "wav2vec2"):
        opened = open_checkpoint(checkpoint(name), modality="audio")
        column = encode_column(sounds, "x", codec, opened)
        assert column.present.all() and column[0]["vectors"].shape == (9, 16)


def test_what_does_not_fit_is_refused(checkpoint, opened):
    with pytest.raises(SchemaError, match="does not fit the column") as caught:
        encode_column(table(), "note", find_codec("image")(), opened)
    assert caught.value.column == "note"
    hears = open_checkpoint(checkpoint("hubert"), modality="audio")
    with pytest.raises(SchemaError, match="does not fit the column") as caught:
        encode_column(table(), "note", find_codec("audio")(rate_hz=8000), hears)
    assert "16000 Hz" in str(caught.value) and "8000 Hz" in str(caught.value)
    with pytest.raises(UsageError, match="only a frozen backbone"):
        encode_column(table(), "note", find_codec("text")(), opened.network("full"))
