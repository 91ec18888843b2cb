"""Tuned backbones: adapters merged, kept as checkpoints, opened again, the same vectors."""

import json

import numpy as np
import pytest
import torch
from tiny_checkpoints import AUDIO, IMAGE, TEXT

from plait.backbones import encode_column, open_checkpoint
from plait.backbones.bundling import checkpoint_facts, checkpoint_files, checkpoint_from
from plait.backbones.inputs import hold_inputs
from plait.backbones.tuned import keep_tuned, open_tuned
from plait.data.collation import collate
from plait.data.table import read
from plait.modalities import find_codec

RNG = np.random.default_rng(3)
RAWS = {
    "text": ["the cat sails over the red boat", "dog"],
    "image": [RNG.integers(0, 256, (30, 40, 3)).astype(np.uint8) for _ in range(2)],
    "audio": [RNG.normal(size=size).astype(np.float32) for size in (3000, 1800)],
}
CASES = (
    [(name, "text") for name in (*TEXT, "clip", "siglip")]
    + [(name, "image") for name in IMAGE]
    + [(name, "audio") for name in AUDIO]
)


def vectors(backbone, modality):
    preparation = backbone.preparation
    batch = collate([preparation.prepare(raw) for raw in RAWS[modality]], preparation.layout)
    parts = {name: torch.from_numpy(array) for name, array in batch.parts.items()}
    lengths = {name: torch.from_numpy(array) for name, array in batch.lengths.items()}
    with torch.no_grad():
        return backbone(parts, lengths).values[:, 0]


def changed(opened, how):
    """A backbone whose trained weights are a little off, in evaluation mode."""
    torch.manual_seed(1)
    backbone = opened.network(how, num_local=0)
    for parameter in backbone.parameters():
        if parameter.requires_grad:
            parameter.data += 0.05 * torch.randn_like(parameter)
    return backbone.eval()


@pytest.mark.parametrize("how", ["lora", "full"])
@pytest.mark.parametrize("name, modality", CASES)
def test_what_was_learned_is_opened_again(checkpoint, name, modality, how, tmp_path):
    opened = open_checkpoint(checkpoint(name), modality=modality)
    backbone = changed(opened, how)
    expected = vectors(backbone, modality)
    assert (expected - vectors(opened.network(), modality)).abs().max() > 1e-3
    tuned = keep_tuned(opened, backbone, how)
    assert not [n for n, _ in backbone.named_parameters() if n.endswith((".down", ".up"))]
    torch.testing.assert_close(vectors(tuned.network(), modality), expected, atol=1e-4, rtol=1e-4)
    assert tuned.key != opened.key and tuned.source.endswith(f"-{how}")
    for file, content in checkpoint_files(tuned).items():
        (tmp_path / file).write_bytes(content)
    again = checkpoint_from(tmp_path, json.loads(json.dumps(checkpoint_facts(tuned))))
    assert torch.equal(vectors(again.network(), modality), vectors(tuned.network(), modality))


def test_an_efficientnet_is_kept(tmp_path):
    from plait.backbones import efficientnet_folder
    from plait.backbones.efficientnet import EfficientNetLite0

    torch.manual_seed(0)
    torch.save(EfficientNetLite0().state_dict(), tmp_path / f"{efficientnet_folder.NAME}.pth")
    opened = open_checkpoint(tmp_path, modality="image")
    backbone = opened.network("full", num_local=0)
    for parameter in backbone.parameters():
        parameter.data *= 1.1
    expected = vectors(backbone.eval(), "image")
    tuned = keep_tuned(opened, backbone, "full")
    assert {file.name for file in tuned.folder.iterdir()} == {
        "config.json",
        f"{efficientnet_folder.NAME}.safetensors",
    }
    torch.testing.assert_close(vectors(tuned.network(), "image"), expected, atol=1e-3, rtol=1e-3)


def test_equal_weights_have_one_key_and_other_weights_another(checkpoint):
    opened = open_checkpoint(checkpoint("bert"), modality="text")
    first, second = (keep_tuned(opened, changed(opened, "lora"), "lora") for _ in range(2))
    assert first == second
    other = changed(opened, "lora")
    next(p for p in other.parameters() if p.requires_grad).data += 0.1
    assert keep_tuned(opened, other, "lora").key != first.key
    assert open_tuned(opened, "lora", first.folder.name) == first
    assert open_tuned(opened, "lora", "0" * 40) is None


def test_its_vectors_have_their_own_cache(checkpoint):
    opened = open_checkpoint(checkpoint("bert"), modality="text")
    tuned = keep_tuned(opened, changed(opened, "full"), "full")
    table = read({"note": RAWS["text"], "size": [1, 2]}, columns={"note": "text"})
    before, after = (
        encode_column(table, "note", find_codec("text")(), one)[0]["vectors"]
        for one in (opened, tuned)
    )
    assert np.abs(before - after).max() > 1e-3


def test_inputs_are_held_until_there_are_too_many(checkpoint):
    opened = open_checkpoint(checkpoint("bert"), modality="text")
    texts = [None if i == 2 else "the cat sails " * (1 + i % 3) for i in range(300)]
    table = read({"note": texts, "size": list(range(300))}, columns={"note": "text"})
    column = hold_inputs(table, "note", opened, np.array([7, 2, 4]), max_bytes=10**9)
    assert np.flatnonzero(column.present).tolist() == [4, 7]
    assert column[0] is None and column[2] is None
    np.testing.assert_array_equal(column[4]["ids"], opened.preparation.prepare(texts[4])["ids"])
    batch = column.gather(np.array([7, 2, 4]))
    assert batch.present.tolist() == [True, False, True]
    assert batch.lengths["token"].tolist() == [len(column[7]["ids"]), 1, len(column[4]["ids"])]
    assert column.lengths()[[4, 7, 0]].tolist() == [len(column[i]["ids"]) for i in (4, 7)] + [1]
    few = hold_inputs(table, "note", opened, np.arange(300)[::-1], max_bytes=100)
    assert 0 < few.present.sum() < 10 and few.present[299] and not few.present[:280].any()


def test_unreadable_inputs_are_missing(checkpoint):
    opened = open_checkpoint(checkpoint("vit"), modality="image")
    good = find_codec("image")().example(np.random.default_rng(0))
    table = read({"photo": [good, b"no picture"], "x": [1, 2]}, columns={"photo": "image"})
    column = hold_inputs(table, "photo", opened, np.arange(2), max_bytes=10**9)
    assert column.present.tolist() == [True, False]
