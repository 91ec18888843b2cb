"""Checkpoints in bundles: packed as safetensors, opened again elsewhere, the same vectors."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from tiny_checkpoints import save_sentence_encoder

from plait.backbones import encode_column, open_checkpoint
from plait.backbones.bundling import checkpoint_facts, checkpoint_files, checkpoint_from
from plait.data.table import read
from plait.modalities import find_codec
from plait.testing.examples import example_cells

CASES = [("bert", "text"), ("mpnet", "text"), ("vit", "image"), ("whisper", "audio")]


def vectors(checkpoint, modality):
    known = ["the cat sails", "a dog"]  # words of the tiny tokenizer
    cells = known if modality == "text" else example_cells(modality, 2)
    table = read({"x": cells}, columns={"x": modality})
    column = encode_column(table, "x", find_codec(modality)(), checkpoint)
    return np.concatenate([column[row]["vectors"] for row in range(2)])


def packed(checkpoint, folder):
    """Write a checkpoint's files as a bundle does; returns the facts as JSON gives them back."""
    folder.mkdir()
    for name, content in checkpoint_files(checkpoint).items():
        (folder / name).write_bytes(content)
    return json.loads(json.dumps(checkpoint_facts(checkpoint)))


@pytest.mark.parametrize(("name", "modality"), CASES)
def test_a_packed_checkpoint_opens_and_gives_the_same(
    name, modality, checkpoint, tmp_path, monkeypatch
):
    opened = open_checkpoint(checkpoint(name), modality=modality)
    before = vectors(opened, modality)
    facts = packed(opened, tmp_path / "packed")
    again = checkpoint_from(tmp_path / "packed", facts)
    assert (again.key, again.dim, again.architecture) == (
        opened.key, opened.dim, opened.architecture,
    )  # fmt: skip
    assert again.preparation == opened.preparation
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    np.testing.assert_array_equal(before, vectors(again, modality))


def test_pooling_of_sentence_encoders_is_kept(copy, tmp_path, monkeypatch):
    folder = copy("bert")
    plain = vectors(open_checkpoint(folder, modality="text"), "text")
    save_sentence_encoder(folder)
    opened = open_checkpoint(folder, modality="text")
    again = checkpoint_from(tmp_path / "packed", packed(opened, tmp_path / "packed"))
    before = vectors(opened, "text")
    assert not np.array_equal(plain, before)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    np.testing.assert_array_equal(before, vectors(again, "text"))


def test_a_safe_pickle_becomes_safetensors(copy, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    folder = copy("bert")
    weights = load_file(folder / "model.safetensors")
    expected = vectors(open_checkpoint(folder, modality="text"), "text")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    opened = open_checkpoint(folder, modality="text")
    files = checkpoint_files(opened)
    assert set(files) == {"config.json", "model.safetensors"}
    again = checkpoint_from(tmp_path / "packed", packed(opened, tmp_path / "packed"))
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    np.testing.assert_array_equal(expected, vectors(again, "text"))


def test_facts_name_no_place_of_this_machine(checkpoint):
    opened = open_checkpoint(checkpoint("bert"), modality="text")
    facts = checkpoint_facts(opened)
    assert facts["source"] == checkpoint("bert").name
    assert str(checkpoint("bert").parent) not in json.dumps(facts)


def test_an_efficientnet_is_packed_as_safetensors(tmp_path, monkeypatch):
    torch.manual_seed(0)
    from plait.backbones import efficientnet_folder
    from plait.backbones.efficientnet import EfficientNetLite0

    folder = tmp_path / "lite"
    folder.mkdir()
    model = EfficientNetLite0()
    torch.save(model.state_dict(), folder / f"{efficientnet_folder.NAME}.pth")
    opened = open_checkpoint(folder, modality="image")
    files = checkpoint_files(opened)
    assert set(files) == {"config.json", f"{efficientnet_folder.NAME}.safetensors"}
    again = checkpoint_from(tmp_path / "packed", packed(opened, tmp_path / "packed"))
    before = vectors(opened, "image")
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    np.testing.assert_array_equal(before, vectors(again, "image"))
