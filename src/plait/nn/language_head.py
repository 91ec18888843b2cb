"""Texts by a frozen language model, told of a row by places that are made of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.nn.conditions import Conditions
from plait.nn.decoder import DecoderLayer, heads_of, memory_of
from plait.nn.language_model import LanguageModel, LanguageWriting
from plait.nn.low_rank import LowRank
from plait.nn.prefix_tree import PrefixTree

ROWS_AT_ONCE, PLACES_AT_ONCE = 16, 512
"""Rows whose states, and places whose logits over all tokens, are in memory at once."""

MOST_PROMPT = 512
"""Tokens of a prompt that are read; of longer ones the last."""

SMALL_START = 0.1
"""What a row's places differ by at first, over what a token's vector varies by."""

Texts = Sequence[Sequence[int]]
"""Texts as tokens of the language model."""


class LanguageHead(nn.Module):
    """Lets a language model go on behind places that tell of a row, and behind a prompt.

    The places are learned (Lester et al. 2021, prompt tuning), and a layer that attends to the
    trunk's tokens and the pooled queries adds to each what a row holds (Li et al. 2023, BLIP-2,
    section 3.2, whose language model is frozen too). Of the model itself, low-rank corrections of
    its queries and values are learned where its `rank` says so.

    Args:
        dim: Of the trunk's tokens.
        language: What writes; no part of this module.
    """

    num_queries = 16
    most_per_step = 8

    def __init__(self, dim: int, language: LanguageModel) -> None:
        super().__init__()
        self.language = language
        self.layer = DecoderLayer(dim=dim, num_heads=heads_of(dim), hidden=2 * dim)
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, language.dim, bias=False)
        nn.init.normal_(self.out.weight, std=SMALL_START * dim**-0.5)
        self.places = nn.Parameter(language.some_vectors(self.num_queries) / language.scale)
        self.corrections = nn.ModuleList(
            LowRank(one.linear.in_features, one.linear.out_features, rank=language.rank)
            for one in language.corrected
        )

    def losses(
        self, conditions: Conditions, prompts: Texts, texts: Texts
    ) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of each text and its end, in nats."""
        told = self._told(conditions)
        found = []
        for first in range(0, len(texts), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            found.append(self._losses(told[part], prompts[part], texts[part]))
        return torch.cat(found)

    def begin(self, conditions: Conditions, prompts: Texts) -> LanguageWriting:
        """Return what writes on, token by token."""
        vectors, num = self._begun(self._told(conditions), prompts)
        return LanguageWriting(self.language, list(self.corrections), vectors, num)

    def shares(
        self, conditions: Conditions, prompts: Texts, tree: PrefixTree
    ) -> Float[Tensor, "batch member"]:
        """Return the log-probability of each member of a closed set, whose shares add up to 1.

        Pieces of the tree are tokens, numbered from 1 on. See `PieceDecoder.shares`.
        """
        told = self._told(conditions)
        found = []
        for first in range(0, len(prompts), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            found.append(self._shares(told[part], prompts[part], tree))
        return torch.cat(found)

    def _told(self, conditions: Conditions) -> Float[Tensor, "batch place dim"]:
        """Return the vectors of the places that tell of each row."""
        memory, mask = memory_of(conditions)
        self.language.to(memory.device)
        asked = conditions.pooled.to(memory.dtype)
        x, _ = self.layer(asked, self.layer.held(memory), mask)
        vectors: Tensor = (self.places + self.out(self.norm(x)).float()) * self.language.scale
        return vectors

    def _begun(self, told: Tensor, texts: Texts) -> tuple[Tensor, Tensor]:
        """Return the vectors of what texts begin with, filled up behind, and how many are real."""
        language, device = self.language, told.device
        size = max(map(len, texts))
        ids = torch.zeros(len(texts), size, dtype=torch.long, device=device)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = torch.tensor(text, dtype=torch.long)
        begin = torch.tensor(language.begin, dtype=torch.long).expand(len(texts), -1)
        vectors = torch.cat([language.vectors(begin), told, language.vectors(ids)], 1)
        before = len(language.begin) + told.shape[1]
        return vectors, torch.tensor([before + len(text) for text in texts], device=device)

    def _losses(self, told: Tensor, prompts: Texts, texts: Texts) -> Tensor:
        language, device = self.language, told.device
        pairs = list(zip(prompts, texts, strict=True))
        vectors, num = self._begun(told, [[*prompt, *text] for prompt, text in pairs])
        with language.with_corrections(list(self.corrections)):
            states = language.states(vectors)
        long = [len(text) + 1 for text in texts]
        rows = torch.arange(len(texts)).repeat_interleave(torch.tensor(long)).to(device)
        places = [range(int(n) - one, int(n)) for n, one in zip(num, long, strict=True)]
        where = torch.tensor(list(chain.from_iterable(places)), device=device)
        true = torch.tensor([t for text in texts for t in (*text, language.end)], device=device)
        costs = self._costs(states[rows, where], true)
        return costs.new_zeros(len(texts)).index_add(0, rows, costs)

    def _costs(
        self, states: Float[Tensor, "place dim"], true: Int[Tensor, " place"]
    ) -> Float[Tensor, " place"]:
        """Return minus the log-likelihood of a token behind each state."""
        parts = zip(states.split(PLACES_AT_ONCE), true.split(PLACES_AT_ONCE), strict=True)
        return torch.cat(
            [
                nn.functional.cross_entropy(
                    self.language.logits(some).float(), wanted, reduction="none"
                )
                for some, wanted in parts
            ]
        )

    def _shares(self, told: Tensor, prompts: Texts, tree: PrefixTree) -> Tensor:
        vectors, num = self._begun(told, prompts)
        language, corrections = self.language, list(self.corrections)
        writing = LanguageWriting(language, corrections, vectors, num)
        nodes, device = len(tree) - 1, told.device
        ids = (tree.pieces[1:] - 1).expand(len(prompts), -1)
        before = writing.mask.bool()[:, None, :].expand(-1, nodes, -1)
        among = tree.among[1:, 1:].to(device).expand(len(prompts), -1, -1)
        seen = torch.cat([before, among], -1)[:, None]
        mask = torch.zeros(seen.shape, device=device).masked_fill(
            ~seen, torch.finfo(torch.float32).min
        )
        places = num[:, None] + tree.depth[1:].to(device) - 1
        with language.with_corrections(corrections):
            states, _ = language.follow(language.vectors(ids), mask, places, writing.kept)
        states = torch.cat([writing.last[:, None], states], 1)
        nexts = torch.where(tree.nexts == 0, language.end, tree.nexts - 1)
        return tree.log_shares(language.scores(states[:, tree.sources.to(device)], nexts))
