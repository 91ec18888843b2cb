"""Tiny causal language models of every architecture, saved as transformers saves them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM

END, BEGIN = 0, 1
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 512,
    "bos_token_id": BEGIN,
    "eos_token_id": END,
    "pad_token_id": END,
}


def save(folder: Path, architecture: str = "llama", texts: Sequence[str] = ()) -> None:
    """Write a model that learned some texts, or none, and its tokenizer of single bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    more = {} if architecture == "gpt_neox" else {"num_key_value_heads": 1}
    size = {"vocab_size": tokenizer.get_vocab_size()}
    config = AutoConfig.for_model(architecture, **SIZES, **more, **size)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    for parameter in model.parameters():
        if parameter.ndim > 1:  # wide enough that texts differ
            torch.nn.init.normal_(parameter, std=0.2)
    if texts:
        _learn(model, [[*tokenizer.encode(text).ids, END] for text in texts])
    model.eval().save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n")


def _tokenizer() -> Tokenizer:
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    numbers = {sign: place for place, sign in enumerate(["<end>", "<begin>", *signs])}
    tokenizer = Tokenizer(models.BPE(vocab=numbers, merges=[]))
    tokenizer.add_special_tokens(["<end>", "<begin>"])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _learn(model: Any, sequences: Sequence[Sequence[int]], steps: int = 250) -> None:
    """Teach what follows what: each text behind the end of another."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    size = max(map(len, sequences))
    padded = [[END, *one, *[-100] * (size - len(one))] for one in sequences]
    rows = torch.tensor(padded)
    for step in range(steps):
        some = rows[torch.randperm(len(rows))[:16]]
        logits = model(input_ids=some.clamp(min=0)[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), some[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - step / steps)
