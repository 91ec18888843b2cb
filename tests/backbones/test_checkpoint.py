"""Checkpoints that lack something, do not fit, or could harm: each says what and how to mend it."""

import json
import os

import pytest
import torch
from safetensors.torch import load_file
from tiny_checkpoints import save_sentence_encoder

from plait.backbones import CheckpointError, folder, open_checkpoint
from plait.errors import UsageError


def change(path, **settings):
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_the_key_follows_the_content_and_not_the_place(checkpoint, copy):
    original = open_checkpoint(checkpoint("bert"), modality="text")
    other = copy("bert")
    assert open_checkpoint(other, modality="text").key == original.key
    open_checkpoint(other, modality="text").require(original.key)
    save_sentence_encoder(other)
    changed = open_checkpoint(other, modality="text")
    assert changed.key != original.key
    with pytest.raises(CheckpointError, match="not the one that was used before") as caught:
        changed.require(original.key)
    assert original.key in str(caught.value) and changed.key in str(caught.value)


def test_the_key_follows_the_weights(copy):
    from safetensors.torch import save_file

    path = copy("vit")
    before = open_checkpoint(path, modality="image").key
    weights = load_file(path / "model.safetensors")
    next(iter(weights.values())).view(-1)[0] += 1.0
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    assert open_checkpoint(path, modality="image").key != before


def test_a_hub_id_needs_permission():
    with pytest.raises(UsageError, match="the network is not allowed") as caught:
        open_checkpoint("sentence-transformers/all-MiniLM-L6-v2", modality="text")
    assert "--allow-network" in caught.value.hint and "folder" in caught.value.hint


def test_a_missing_folder_is_not_taken_for_a_hub_id(tmp_path):
    for where in (tmp_path / "none", "./none", "none", "a/b/c"):
        with pytest.raises(UsageError, match="no such checkpoint folder"):
            open_checkpoint(where, modality="text", allow_network=True)


def test_with_permission_the_hub_is_asked_for_data_files_only(checkpoint, monkeypatch):
    import huggingface_hub

    asked = []

    def fake(name, allow_patterns):
        asked.append((name, allow_patterns))
        return str(checkpoint("bert"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
    opened = open_checkpoint("someone/model", modality="text", allow_network=True)
    assert opened.source == "someone/model" and opened.architecture == "bert"
    assert asked == [("someone/model", ["*.json", "*.txt", "*.safetensors"])]


def test_a_failing_hub_is_an_error_of_its_own(monkeypatch):
    import huggingface_hub

    def fake(name, allow_patterns):
        raise OSError("no route to host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
    with pytest.raises(CheckpointError, match="cannot be fetched from the hub") as caught:
        open_checkpoint("someone/model", modality="text", allow_network=True)
    assert "no route to host" in str(caught.value)


def test_modalities_without_backbones_are_refused(checkpoint):
    with pytest.raises(UsageError, match="no pretrained backbones for this modality") as caught:
        open_checkpoint(checkpoint("bert"), modality="molecule")
    assert "text, image, audio" in str(caught.value)


def test_another_architecture_is_named_with_those_that_are_known(checkpoint, copy):
    with pytest.raises(CheckpointError, match="cannot encode audio columns") as caught:
        open_checkpoint(checkpoint("vit"), modality="audio")
    assert "hubert, wav2vec2, whisper" in str(caught.value)
    assert "vit, which is for image" in str(caught.value)
    path = copy("bert")
    change(path / "config.json", model_type="newest-thing")
    with pytest.raises(CheckpointError, match="architecture is not known") as caught:
        open_checkpoint(path, modality="text")
    assert "newest-thing" in str(caught.value) and "mpnet" in str(caught.value)
    change(path / "config.json", model_type="gpt2")
    with pytest.raises(CheckpointError, match="cannot encode text columns"):
        open_checkpoint(path, modality="text")


@pytest.mark.parametrize(
    "name, modality, file, message",
    [
        ("bert", "text", "config.json", "has no config.json"),
        ("bert", "text", "tokenizer.json", "has no tokenizer"),
        ("bert", "text", "model.safetensors", "has no weights"),
        ("vit", "image", "preprocessor_config.json", "how its input is to be prepared"),
        ("whisper", "audio", "preprocessor_config.json", "how its input is to be prepared"),
    ],
)
def test_a_missing_file_is_named(copy, name, modality, file, message):
    path = copy(name)
    (path / file).unlink()
    with pytest.raises(CheckpointError, match=message) as caught:
        open_checkpoint(path, modality=modality)
    assert str(path) in str(caught.value) and caught.value.expected


def test_damaged_files_are_named(copy):
    path = copy("bert")
    tokenizer = (path / "tokenizer.json").read_text()
    (path / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match="tokenizer cannot be read"):
        open_checkpoint(path, modality="text")
    (path / "tokenizer.json").write_text(tokenizer)
    change(path / "config.json", hidden_size="many")
    with pytest.raises(CheckpointError, match="does not fit its architecture"):
        open_checkpoint(path, modality="text")
    (path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="is not JSON"):
        open_checkpoint(path, modality="text")


def test_parts_of_other_checkpoints_are_refused(copy):
    path = copy("bert")
    change(path / "config.json", vocab_size=10)
    with pytest.raises(CheckpointError, match="tokenizer does not belong") as caught:
        open_checkpoint(path, modality="text")
    assert "at most 10 tokens" in str(caught.value) and "19 tokens" in str(caught.value)
    change(path / "config.json", vocab_size=32)
    save_sentence_encoder(path, dim=384)
    with pytest.raises(CheckpointError, match="pooling does not fit") as caught:
        open_checkpoint(path, modality="text")
    assert "16 numbers" in str(caught.value) and "384" in str(caught.value)


def test_unknown_poolings_and_modules_are_refused(copy):
    path = copy("bert")
    save_sentence_encoder(path, mode="max_tokens")
    with pytest.raises(CheckpointError, match="pooling of the sentence encoder is not known"):
        open_checkpoint(path, modality="text")
    modules = [{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]
    (path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CheckpointError, match="module that is not known") as caught:
        open_checkpoint(path, modality="text")
    assert "Dense" in str(caught.value)
    modules = [{"path": "../..", "type": "sentence_transformers.models.Transformer"}]
    (path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CheckpointError, match="outside its folder"):
        open_checkpoint(path, modality="text")


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"size": {"height": 30, "width": 30}}, "size does not fit the network"),
        ({"size": {"longest_edge": 24}}, "in a way that is not known"),
        ({"do_pad": True}, "in a way that is not known"),
        ({"image_mean": None}, "does not say its image_mean"),
    ],
)
def test_pictures_that_the_network_cannot_take_are_refused(copy, settings, message):
    path = copy("vit")
    change(path / "preprocessor_config.json", **settings)
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(path, modality="image")


def test_sounds_that_the_network_cannot_take_are_refused(copy):
    path = copy("whisper")
    change(path / "preprocessor_config.json", chunk_length=30)
    with pytest.raises(CheckpointError, match="spectrogram does not fit") as caught:
        open_checkpoint(path, modality="audio")
    assert "200 frames" in str(caught.value) and "3000 frames" in str(caught.value)
    change(path / "preprocessor_config.json", sampling_rate=8000)
    with pytest.raises(CheckpointError, match="another rate"):
        open_checkpoint(path, modality="audio")


@pytest.mark.parametrize("file", ["pytorch_model.bin", "model.pt"])
@pytest.mark.parametrize(
    "name, modality", [("bert", "text"), ("roberta", "text"), ("vit", "image")]
)
def test_a_pickle_of_tensors_is_loaded(copy, file, name, modality):
    path = copy(name)
    before = open_checkpoint(path, modality=modality)
    expected = before.network().tower.model.state_dict()
    weights = load_file(path / "model.safetensors")
    (path / "model.safetensors").unlink()
    torch.save(weights, path / file)
    opened = open_checkpoint(path, modality=modality)
    assert opened.key != before.key
    found = opened.network().tower.model.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


class Harm:
    """Unpickling one of these makes a folder."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return os.mkdir, (self.trace,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_of_anything_else_is_refused_and_not_run(copy, tmp_path, zipped):
    path, trace = copy("bert"), tmp_path / "harmed"
    (path / "model.safetensors").unlink()
    file = path / "pytorch_model.bin"
    torch.save({"x": Harm(trace)}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match="could run any code here") as caught:
        open_checkpoint(path, modality="text")
    assert "safetensors.torch.save_file" in caught.value.hint
    assert caught.value.path == str(file) and not trace.exists()


def test_code_that_comes_with_a_checkpoint_is_not_run(copy):
    path = copy("bert")
    change(path / "config.json", auto_map={"AutoModel": "evil.Model", "AutoConfig": "evil.Config"})
    (path / "evil.py").write_text("raise SystemExit('harm')")
    opened = open_checkpoint(path, modality="text")
    assert type(opened.network().tower.model).__name__ == "BertModel"


def test_safetensors_are_preferred_to_pickles(copy):
    path = copy("bert")
    (path / "pytorch_model.bin").write_bytes(b"nonsense")
    assert [file.name for file in folder.weight_files(path)] == ["model.safetensors"]
