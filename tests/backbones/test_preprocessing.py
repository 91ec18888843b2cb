"""Preprocessing: number for number what transformers makes of the same input."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_checkpoints import AUDIO, IMAGE, TEXT, extractor, processor, save_sentence_encoder
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor

from plait.backbones import (
    AudioPreparation,
    ImagePreparation,
    TextPreparation,
    open_checkpoint,
    preparation_from_dict,
    preparation_to_dict,
)
from plait.errors import BundleError


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", IMAGE)
@pytest.mark.parametrize("size", [(40, 61), (61, 40), (24, 24), (7, 9), (31, 30)])
def test_pictures_are_prepared_as_transformers_does(checkpoint, name, size):
    preparation = open_checkpoint(checkpoint(name), modality="image").preparation
    raw = picture(*size)
    arrays = preparation.prepare(raw)
    assert arrays["pixels"].shape == preparation.layout["pixels"].shape
    assert arrays["pixels"].dtype == np.uint8
    expected = processor(name)(raw, return_tensors="np")["pixel_values"][0]
    np.testing.assert_allclose(preparation.values(arrays), expected, atol=2e-6)


def test_what_is_smaller_than_the_crop_is_laid_on_black_as_transformers_does():
    from transformers.image_transforms import center_crop

    preparation = ImagePreparation(height_px=9, width_px=8, resize="none", crop=True)
    for size in [(4, 5), (5, 4), (20, 3), (9, 8)]:
        raw = picture(*size)
        expected = center_crop(raw, (9, 8), input_data_format="channels_last")
        np.testing.assert_array_equal(preparation.prepare(raw)["pixels"], expected)


@pytest.mark.parametrize("name", TEXT)
def test_texts_get_the_numbers_that_transformers_gives(checkpoint, name):
    folder = checkpoint(name)
    preparation = open_checkpoint(folder, modality="text").preparation
    fast = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token="<pad>", eos_token="</s>"
    )
    padding = "max_length" if name.startswith("siglip") else False
    longest = 22 if "roberta" in name or name == "mpnet" else 24
    for text in ["The CAT sails.", "", "dragon", "red boat " * 40]:
        expected = fast(text, truncation=True, max_length=longest, padding=padding)["input_ids"]
        assert preparation.prepare(text)["ids"].tolist() == expected


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 700), st.integers(0, 99))
def test_spectrograms_are_whispers_own(num_samples, seed):
    preparation = AudioPreparation(kind="mel", max_seconds=2.0, num_mels=8)
    wave = np.random.default_rng(seed).normal(0, 0.1, num_samples * 60).astype(np.float32)
    found = preparation.prepare(wave)["mel"]
    reference = WhisperFeatureExtractor(feature_size=8, chunk_length=2)
    padded = np.pad(wave[:32_000], (0, max(0, 32_000 - len(wave))))
    expected = reference._np_extract_fbank_features(padded[None], "cpu")[0].T
    whole = np.full_like(expected, preparation.silence(float(found.max())))
    whole[: len(found)] = found
    np.testing.assert_allclose(whole, expected, atol=1e-5)


def test_spectrograms_of_30_seconds_agree_with_torch_too():
    wave = np.random.default_rng(0).normal(0, 0.1, 9_000).astype(np.float32)
    found = AudioPreparation(kind="mel").prepare(wave)["mel"]
    expected = WhisperFeatureExtractor()(wave, sampling_rate=16_000)["input_features"][0].T
    assert found.shape == (58, 80) and expected.shape == (3000, 80)
    np.testing.assert_allclose(found, expected[:58], atol=2e-5)
    np.testing.assert_allclose(
        expected[58:], AudioPreparation().silence(float(found.max())), atol=2e-5
    )


def test_silence_gives_a_flat_spectrogram():
    preparation = AudioPreparation(kind="mel")
    mel = preparation.prepare(np.zeros(1600, np.float32))["mel"]
    assert np.allclose(mel, -1.5) and preparation.silence(-1.5) == -1.5


@pytest.mark.parametrize("name", [name for name in AUDIO if name != "whisper"])
def test_waveforms_are_normalised_as_transformers_does(checkpoint, name):
    preparation = open_checkpoint(checkpoint(name), modality="audio").preparation
    wave = np.random.default_rng(0).normal(0.1, 0.2, 3000).astype(np.float32)
    expected = extractor(name)(wave, sampling_rate=16_000)["input_values"][0]
    np.testing.assert_allclose(preparation.prepare(wave)["wave"], expected, atol=1e-6)
    # Two convolutions of kernels 10 and 4 and strides 5 and 3: (4 - 1) * 5 + 10 samples.
    assert preparation.prepare(wave[:3])["wave"].shape == (25,)


def test_pooling_and_length_come_from_the_sentence_encoders_files(copy):
    folder = copy("bert")
    plain = open_checkpoint(folder, modality="text").preparation
    assert (plain.pooling, plain.unit, plain.max_tokens) == ("mean", False, 24)
    save_sentence_encoder(folder, mode="cls_token")
    found = open_checkpoint(folder, modality="text").preparation
    assert (found.pooling, found.unit, found.max_tokens) == ("cls", True, 10)
    assert len(found.prepare("cat " * 50)["ids"]) == 10


@pytest.mark.parametrize(
    "name, modality", [("mpnet", "text"), ("clip", "image"), ("whisper", "audio")]
)
def test_a_preparation_survives_json_and_its_hash_sees_every_setting(checkpoint, name, modality):
    preparation = open_checkpoint(checkpoint(name), modality=modality).preparation
    data = preparation_to_dict(preparation)
    again = preparation_from_dict(json.loads(json.dumps(data)))
    assert again == preparation and again.hash == preparation.hash
    for field in dataclasses.fields(preparation):
        other = changed(getattr(preparation, field.name))
        assert dataclasses.replace(preparation, **{field.name: other}).hash != preparation.hash


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return (*value[:-1], value[-1] + 0.5)
    return value + ("x" if isinstance(value, str) else 1)


def test_a_damaged_preparation_is_refused():
    with pytest.raises(BundleError, match="preprocessing of a backbone cannot be read") as caught:
        preparation_from_dict({"modality": "text", "nonsense": 1})
    assert "nonsense" in str(caught.value)
    with pytest.raises(BundleError, match="cannot be read"):
        preparation_from_dict({"modality": "smell"})


def test_the_tokenizers_own_truncation_and_padding_are_dropped(checkpoint):
    preparation = open_checkpoint(checkpoint("bert"), modality="text").preparation
    assert isinstance(preparation, TextPreparation)
    assert (
        '"truncation":null' in preparation.tokenizer and '"padding":null' in preparation.tokenizer
    )
    assert preparation.prepare("the cat").keys() == preparation.layout.keys()
