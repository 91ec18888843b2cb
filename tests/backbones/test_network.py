"""Networks: each architecture gives what transformers gives, alone and in a batch."""

import numpy as np
import pytest
import torch
import transformers as hf
from tiny_checkpoints import AUDIO, IMAGE, TEXT, save_sentence_encoder

from plait.backbones import CheckpointError, open_checkpoint
from plait.data.collation import collate
from plait.errors import UsageError
from plait.nn.tokens import average_spans

RNG = np.random.default_rng(5)
TEXTS = ["the cat sails over the red boat . we wait here", "dog", "calm water while a cat"]
PICTURES = [RNG.integers(0, 256, size).astype(np.uint8) for size in ((30, 40, 3), (24, 24, 3))]
WAVES = [
    (np.sin(np.arange(num) * pitch) * np.linspace(0, 1, num)).astype(np.float32)
    for num, pitch in ((5000, 0.3), (1200, 1.7), (3333, 0.01), (1200, 0.9))
]
RAWS = {"text": TEXTS, "image": PICTURES, "audio": WAVES}
CASES = (
    [(name, "text") for name in (*TEXT, "clip", "siglip")]
    + [(name, "image") for name in IMAGE]
    + [(name, "audio") for name in AUDIO]
)


def run(backbone, raws):
    preparation = backbone.preparation
    batch = collate([preparation.prepare(raw) for raw in raws], preparation.layout)
    parts = {name: torch.from_numpy(array) for name, array in batch.parts.items()}
    return backbone(parts, {name: torch.from_numpy(a) for name, a in batch.lengths.items()})


def own_output(folder, name, modality, raw, preparation):
    """What transformers itself computes for one value, pooled."""
    arrays = preparation.prepare(raw)
    with torch.no_grad():
        if modality == "text":
            ids = torch.from_numpy(arrays["ids"]).long()[None]
            if name == "clip":
                return hf.CLIPModel.from_pretrained(folder).get_text_features(ids).pooler_output[0]
            if name == "clip_text":
                model = hf.CLIPTextModelWithProjection.from_pretrained(folder)
                return model(ids).text_embeds[0]
            model = hf.SiglipTextModel if name.startswith("siglip") else hf.AutoModel
            found = model.from_pretrained(folder).eval()(ids)
            siglip = name.startswith("siglip")
            return found.pooler_output[0] if siglip else found.last_hidden_state[0].mean(0)
        if modality == "image":
            pixels = torch.from_numpy(np.ascontiguousarray(preparation.values(arrays)))[None]
            if name == "clip":
                features = hf.CLIPModel.from_pretrained(folder).get_image_features(pixels)
                return features.pooler_output[0]
            model = hf.SiglipVisionModel if name == "siglip" else hf.AutoModel
            found = model.from_pretrained(folder).eval()(pixels)
            return found.last_hidden_state[0, 0] if name == "vit" else found.pooler_output[0]
        if name == "whisper":
            extract = hf.WhisperFeatureExtractor.from_pretrained(folder)
            mel = extract(raw, sampling_rate=16_000, return_tensors="pt").input_features
            hidden = hf.WhisperModel.from_pretrained(folder).eval().encoder(mel).last_hidden_state
            return hidden[0, : (len(arrays["mel"]) + 1) // 2].mean(0)
        wave = torch.from_numpy(arrays["wave"])[None]
        return hf.AutoModel.from_pretrained(folder).eval()(wave).last_hidden_state[0].mean(0)


@pytest.mark.parametrize("name, modality", CASES)
def test_the_pooled_vector_is_the_checkpoints_own(checkpoint, name, modality):
    opened = open_checkpoint(checkpoint(name), modality=modality)
    tokens = run(opened.network(), RAWS[modality])
    assert tokens.values.shape[2] == opened.dim and tokens.values.dtype == torch.float32
    for row, raw in enumerate(RAWS[modality]):
        expected = own_output(checkpoint(name), name, modality, raw, opened.preparation)
        torch.testing.assert_close(tokens.values[row, 0], expected, atol=2e-4, rtol=2e-4)
    assert float((tokens.values[0, 0] - tokens.values[1, 0]).abs().max()) > 1e-3


@pytest.mark.parametrize("name, modality", CASES)
def test_a_value_is_the_same_alone_and_in_a_batch(checkpoint, name, modality):
    backbone = open_checkpoint(checkpoint(name), modality=modality).network(num_local=4)
    together = run(backbone, RAWS[modality])
    assert together.values.shape[1] <= 5
    assert together.positions[:, 0].abs().sum() == 0
    for row, raw in enumerate(RAWS[modality]):
        alone = run(backbone, [raw])
        real = together.mask[row]
        torch.testing.assert_close(
            together.values[row][real], alone.values[0][alone.mask[0]], atol=1e-4, rtol=1e-4
        )


def test_sentence_encoders_have_length_1(copy):
    folder = copy("mpnet")
    save_sentence_encoder(folder)
    plain = run(open_checkpoint(copy_of(folder), modality="text").network(), TEXTS).values[:, 0]
    found = run(open_checkpoint(folder, modality="text").network(), TEXTS).values[:, 0]
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(found, plain / plain.norm(dim=1, keepdim=True))


def copy_of(folder):
    import shutil

    other = folder.with_name("plain")
    shutil.copytree(folder, other)
    (other / "modules.json").unlink()
    return other


def test_cls_pooling_takes_the_first_token(copy):
    folder = copy("bert")
    save_sentence_encoder(folder, mode="cls_token")
    found = run(open_checkpoint(folder, modality="text").network(), TEXTS[:1]).values[0, 0]
    ids = open_checkpoint(folder, modality="text").preparation.prepare(TEXTS[0])["ids"]
    with torch.no_grad():
        hidden = hf.BertModel.from_pretrained(folder).eval()(torch.from_numpy(ids).long()[None])
    expected = hidden.last_hidden_state[0, 0]
    torch.testing.assert_close(found, expected / expected.norm(), atol=1e-5, rtol=1e-5)


def test_spans_by_hand():
    hidden = torch.tensor(
        [[[1.0], [2.0], [3.0], [4.0], [100.0]], [[7.0], [9.0], [0.0], [0.0], [0.0]]]
    )
    tokens = average_spans(hidden, torch.tensor([4, 1]), 2)
    assert tokens.values[0, :, 0].tolist() == [1.5, 3.5]
    assert tokens.values[1, 0, 0] == 7.0
    assert tokens.mask.tolist() == [[True, True], [True, False]]


def test_local_vectors_of_pictures_are_means_of_cells(checkpoint):
    opened = open_checkpoint(checkpoint("siglip_vision"), modality="image")
    local = run(opened.network(num_local=8), PICTURES)
    assert local.values.shape == (2, 5, 16)
    assert local.positions[0].tolist() == [[0, 0], [0, 0], [0, 1], [1, 0], [1, 1]]
    every = run(opened.network(num_local=16), PICTURES)
    cells = every.values[:, 1:].reshape(2, 4, 4, 16)
    torch.testing.assert_close(local.values[:, 1], cells[:, :2, :2].mean((1, 2)))
    assert run(opened.network(num_local=0), PICTURES).values.shape == (2, 1, 16)


@pytest.mark.parametrize(
    "name, modality",
    [("bert", "text"), ("distilbert", "text"), ("mpnet", "text"), ("clip", "text")]
    + [("vit", "image"), ("siglip", "image"), ("whisper", "audio"), ("hubert", "audio")],
)
def test_lora_trains_adapters_only(checkpoint, name, modality):
    opened = open_checkpoint(checkpoint(name), modality=modality)
    backbone = opened.network("lora").eval()
    before = run(backbone, RAWS[modality]).values
    torch.testing.assert_close(before, run(opened.network(), RAWS[modality]).values)
    learning = {n: p for n, p in backbone.named_parameters() if p.requires_grad}
    # Two layers, queries and values, two matrices each.
    assert len(learning) == 8 and all(n.endswith((".down", ".up")) for n in learning)
    assert {min(p.shape) for p in learning.values()} == {8}
    backbone.train()
    run(backbone, RAWS[modality]).values.square().sum().backward()
    assert any(float(p.grad.abs().max()) > 0 for p in learning.values())
    with torch.no_grad():
        for parameter in learning.values():
            parameter.add_(0.05)
    after = run(backbone.eval(), RAWS[modality]).values
    assert float((after - before).detach().abs().max()) > 1e-4
    other = opened.network("lora").eval()
    state = backbone.trained_state()
    assert len(state) == 8
    other.load_trained_state(state)
    torch.testing.assert_close(run(other, RAWS[modality]).values, after)


def test_frozen_learns_nothing_and_stays_in_evaluation_mode(checkpoint):
    backbone = open_checkpoint(checkpoint("bert"), modality="text").network()
    backbone.train()
    assert not any(module.training for module in backbone.modules())
    assert not any(p.requires_grad for p in backbone.parameters())
    assert not run(backbone, TEXTS).values.requires_grad
    assert backbone.trained_state() == {}


def test_full_learns_everything(checkpoint):
    backbone = open_checkpoint(checkpoint("vit"), modality="image").network("full")
    assert all(module.training for module in backbone.modules())
    run(backbone, PICTURES).values.square().sum().backward()
    assert all(p.grad is not None for p in backbone.parameters())
    assert backbone.trained_state().keys() == backbone.state_dict().keys()


def test_wrong_states_and_ways_are_refused(checkpoint):
    opened = open_checkpoint(checkpoint("bert"), modality="text")
    with pytest.raises(UsageError, match="unknown way to use a backbone"):
        opened.network("half")
    backbone = opened.network()
    with pytest.raises(UsageError, match="not those of this backbone") as caught:
        backbone.load_trained_state({"x": torch.zeros(1)})
    assert "x" in str(caught.value)


def test_weights_of_other_sizes_and_missing_weights_are_refused(copy):
    import json

    from safetensors.torch import load_file, save_file

    folder = copy("bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 25}))
    with pytest.raises(CheckpointError, match="do not fit its config.json"):
        open_checkpoint(folder, modality="text").network()
    (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    gone = weights.pop("encoder.layer.1.output.dense.weight")
    assert gone.shape == (16, 24)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="do not fit its config.json") as caught:
        open_checkpoint(folder, modality="text").network()
    assert "encoder.layer.1.output.dense.weight" in str(caught.value)


@pytest.mark.parametrize("name", ["whisper", "wav2vec2"])
def test_a_line_is_the_mean_of_every_two_states(checkpoint, name):
    opened = open_checkpoint(checkpoint(name), modality="audio")
    whole = run(opened.network(num_local=10_000), WAVES)
    line = run(opened.network(num_local=None), WAVES)
    assert torch.equal(line.values[:, 0], whole.values[:, 0])
    for row in range(len(WAVES)):
        states = whole.values[row, 1:][whole.mask[row, 1:]]
        found = line.values[row, 1:][line.mask[row, 1:]]
        expected = [states[place : place + 2].mean(0) for place in range(0, len(states), 2)]
        torch.testing.assert_close(found, torch.stack(expected), atol=1e-5, rtol=1e-5)
