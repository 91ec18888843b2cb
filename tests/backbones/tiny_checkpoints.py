"""Tiny randomly initialised checkpoints of every architecture, saved as transformers saves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from tiny_series import SERIES as SERIES
from tiny_series import save_series
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

TEXT = ("bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "clip_text", "siglip_text")
IMAGE = ("vit", "dinov2", "clip_vision", "siglip_vision", "clip", "siglip")
AUDIO = ("whisper", "wav2vec2", "wav2vec2-layer", "hubert")

WORDS = [
    "the",
    "a",
    "red",
    "boat",
    "sails",
    "over",
    "calm",
    "water",
    "while",
    "we",
    "wait",
    "here",
    "cat",
    "dog",
    ".",
]
SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
TOWER: dict[str, Any] = SIZES | {"projection_dim": 12}
WORD: dict[str, Any] = {"vocab_size": 32, "max_position_embeddings": 24, "pad_token_id": 1}
PICTURE: dict[str, Any] = {"image_size": 24, "patch_size": 6}
CLIP_WORD: dict[str, Any] = WORD | {"bos_token_id": 0, "eos_token_id": 2}
WAVE: dict[str, Any] = SIZES | {
    "conv_dim": (8, 8),
    "conv_kernel": (10, 4),
    "conv_stride": (5, 3),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "vocab_size": 5,
}


def save(architecture: str, folder: Path) -> None:
    """Write an architecture's model, and its tokenizer or processor, into a folder."""
    if architecture in SERIES:
        return save_series(architecture, folder)
    torch.manual_seed(0)
    model = _make(architecture).eval()
    for parameter in model.parameters():
        # Wide enough that rows differ: the usual initialisation barely tells them apart.
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    if architecture in (*TEXT, "clip", "siglip"):
        save_tokenizer(folder)
    if architecture in IMAGE:
        processor(architecture).save_pretrained(folder)
    if architecture in AUDIO:
        extractor(architecture).save_pretrained(folder)


def _make(name: str) -> Any:
    if name == "bert":
        return hf.BertModel(hf.BertConfig(**SIZES, **WORD))
    if name == "roberta":
        return hf.RobertaForMaskedLM(hf.RobertaConfig(**SIZES, **WORD))
    if name == "xlm-roberta":
        return hf.XLMRobertaModel(hf.XLMRobertaConfig(**SIZES, **WORD))
    if name == "mpnet":
        return hf.MPNetModel(hf.MPNetConfig(**SIZES, **WORD))
    if name == "distilbert":
        config = hf.DistilBertConfig(dim=16, n_layers=2, n_heads=2, hidden_dim=24, **WORD)
        return hf.DistilBertModel(config)
    if name == "clip_text":
        return hf.CLIPTextModelWithProjection(hf.CLIPTextConfig(**TOWER, **CLIP_WORD))
    if name == "siglip_text":
        return hf.SiglipTextModel(hf.SiglipTextConfig(**SIZES, **WORD, projection_size=12))
    return _make_picture(name) or _make_sound(name)


def _make_picture(name: str) -> Any:
    if name == "vit":
        return hf.ViTForImageClassification(hf.ViTConfig(**SIZES, **PICTURE))
    if name == "dinov2":
        return hf.Dinov2Model(hf.Dinov2Config(**SIZES, image_size=36, patch_size=6))
    if name == "clip_vision":
        return hf.CLIPVisionModel(hf.CLIPVisionConfig(**TOWER, **PICTURE))
    if name == "siglip_vision":
        return hf.SiglipVisionModel(hf.SiglipVisionConfig(**SIZES, **PICTURE))
    if name == "clip":
        text = hf.CLIPTextConfig(**TOWER, **CLIP_WORD)
        vision = hf.CLIPVisionConfig(**TOWER, **PICTURE)
        return hf.CLIPModel(
            hf.CLIPConfig(
                text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=12
            )
        )
    if name == "siglip":
        words = hf.SiglipTextConfig(**SIZES, **WORD)
        pixels = hf.SiglipVisionConfig(**SIZES, **PICTURE)
        return hf.SiglipModel(
            hf.SiglipConfig(text_config=words.to_dict(), vision_config=pixels.to_dict())
        )
    return None


def _make_sound(name: str) -> Any:
    if name == "whisper":
        sizes = {"encoder_layers": 2, "decoder_layers": 1, "d_model": 16, "vocab_size": 32}
        heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
        widths = {"encoder_ffn_dim": 24, "decoder_ffn_dim": 24}
        tokens = {"pad_token_id": 1, "bos_token_id": 2, "eos_token_id": 3}
        tokens |= {"decoder_start_token_id": 2}
        config = hf.WhisperConfig(
            **sizes, **heads, **widths, **tokens, num_mel_bins=8, max_source_positions=100
        )
        return hf.WhisperForConditionalGeneration(config)
    if name == "hubert":
        return hf.HubertModel(hf.HubertConfig(**WAVE))
    norm = "layer" if name.endswith("layer") else "group"
    return hf.Wav2Vec2Model(hf.Wav2Vec2Config(**WAVE, feat_extract_norm=norm))


def save_tokenizer(folder: Path) -> None:
    """Write a word tokenizer with truncation and padding set, as published ones have."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({p: i for i, p in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>", length=12)
    tokenizer.save(str(folder / "tokenizer.json"))


def save_sentence_encoder(folder: Path, *, mode: str = "mean_tokens", dim: int = 16) -> None:
    """Add the files of a sentence encoder: pooling, and normalising."""
    kind = "sentence_transformers.models."
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": kind + name}
        for i, (path, name) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    pooling = {"word_embedding_dimension": dim, f"pooling_mode_{mode}": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 10}')


def processor(name: str) -> Any:
    """Return the picture processor that the published checkpoints of an architecture have."""
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    exact = {"height": 24, "width": 24}
    if name == "vit":
        return ViTImageProcessorPil(size=exact)
    if name.startswith("siglip"):
        return SiglipImageProcessorPil(size=exact)
    side = 30 if name == "dinov2" else 24
    return CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": 24, "width": 24}
    )


def extractor(name: str) -> Any:
    """Return the sound processor of an architecture."""
    if name == "whisper":
        return hf.WhisperFeatureExtractor(feature_size=8, chunk_length=2)
    return hf.Wav2Vec2FeatureExtractor(do_normalize=True)
