"""A tiny encoder that knows which of many words mean the same, and rows in which only it helps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

NUM_WORDS = 240
COLUMNS = {"note": "text", "size": "number", "kind": "category"}


def words(num: int = NUM_WORDS) -> list[str]:
    """Return made-up words that share no pieces with their meaning."""
    rng = np.random.default_rng(3)
    return ["".join(rng.choice(list("bcdfghklmnprstvz"), 7)) for _ in range(num)]


def make_rows(num: int = NUM_WORDS, *, telling: str = "note") -> list[dict[str, Any]]:
    """Return rows of one word each; `telling` says which column the kind depends on."""
    rng = np.random.default_rng(4)
    rows = []
    for place, word in enumerate(words(num)):
        meaning, size = place % 2, float(rng.normal())
        kind = meaning if telling == "note" else int(size > 0)
        rows.append({"note": word, "size": size, "kind": ("low", "high")[kind]})
    return rows


def save_knowing(folder: Path, *, licence: str = "mit", hidden: int = 16) -> Path:
    """Write a BERT whose word vectors point one way for even words, another for odd ones."""
    import torch
    import transformers as hf
    from tokenizers import Tokenizer, models, pre_tokenizers

    known = ["<s>", "<pad>", "</s>", "<unk>", *words()]
    torch.manual_seed(0)
    sizes = {"hidden_size": hidden, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 16, "max_position_embeddings": 16, "pad_token_id": 1}
    model = hf.BertModel(hf.BertConfig(**sizes, vocab_size=len(known)))
    with torch.no_grad():
        table = model.embeddings.word_embeddings.weight
        table.normal_(std=0.05)
        table[4::2] += torch.linspace(-1, 1, hidden)
        table[5::2] -= torch.linspace(-1, 1, hidden)
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    vocabulary = {word: place for place, word in enumerate(known)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n")
    (folder / "modules.json").write_text(json.dumps([]))
    return folder
