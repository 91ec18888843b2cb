"""Text written by a language model that was trained elsewhere, behind what its row tells."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from plait.modalities.target import SURENESS, Asked
from plait.modalities.text.alphabet import texts_of
from plait.modalities.text.answers import answered
from plait.modalities.text.codec import TextCodec
from plait.nn.beam import beam_search
from plait.nn.conditions import Conditions
from plait.nn.language_head import MOST_PROMPT, LanguageHead
from plait.nn.language_model import LanguageModel
from plait.nn.piece_by_piece import chosen, written_pieces
from plait.nn.prefix_tree import PrefixTree
from plait.types import Arrays, ColumnBatch

MOST_LEARNED = 512
"""Tokens of a text that are learned."""

TEXT = frozenset(TextCodec().layout)
"""Parts of a column of texts."""


class GenerateBy(LanguageHead):
    """Writes a text by a language model, which reads the row's own texts before it.

    What is in a row's other columns it is told by learned places, as `LanguageHead` says. Sureness
    is as of `Generate`, and so is a closed set of answers.

    Args:
        codec: Gives the answers, and reads what is written.
        dim: Of the trunk's tokens.
        language: What writes.
    """

    def __init__(self, codec: TextCodec, dim: int, language: LanguageModel) -> None:
        super().__init__(dim, language)
        self.codec = codec

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Any:
        """Return minus the log-likelihood of each text, in nats, ``[batch]``; of one of more than
        `MOST_LEARNED` tokens that of its beginning."""
        texts = [self.language.encode(text)[:MOST_LEARNED] for text in texts_of(target)]
        return self.losses(conditions, self._prompts(conditions), texts)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Write a text per row: the likeliest token at each place, drawn, or by a beam search; or
        choose one of a closed set."""
        prompts, codec = self._prompts(conditions), self.codec
        if codec.answers:
            shares = self.shares(conditions, prompts, self._tree)
            return answered(codec, *chosen(shares, rngs, asked.temperature))
        if asked.beam > 1:
            writing, most = self.begin(conditions, prompts), self.language.most
            best = beam_search(writing, num_rows=len(rngs), width=asked.beam, most=most)
            return [self._said(one.pieces, one.log_likelihood / one.length) for one in best]
        ((written, sure),) = deque(self._pieces(conditions, prompts, rngs, asked), maxlen=1)
        return [self._said(*one) for one in zip(written, sure, strict=True)]

    def stream(
        self, conditions: Conditions, rng: np.random.Generator, asked: Asked
    ) -> Iterator[Arrays]:
        """Give the beginnings of the text of one row; the last is what `generate` returns."""
        if self.codec.answers or asked.beam > 1:
            yield from self.generate(conditions, [rng], asked)
            return
        prompts = self._prompts(conditions)
        for written, sure in self._pieces(conditions, prompts, [rng], asked):
            yield self._said(written[0], float(sure[0]))

    def _pieces(
        self,
        conditions: Conditions,
        prompts: Sequence[Sequence[int]],
        rngs: Sequence[np.random.Generator],
        asked: Asked,
    ) -> Iterator[tuple[list[list[int]], np.ndarray]]:
        writing, most = self.begin(conditions, prompts), self.language.most
        return written_pieces(writing, rngs, temperature=asked.temperature, most=most)

    def _said(self, pieces: Sequence[int], sureness: float) -> Arrays:
        text = self.language.decode([piece - 1 for piece in pieces])
        return {**self.codec.prepare(self.codec.cleaned(text)), SURENESS: np.array(sureness)}

    def _prompts(self, conditions: Conditions) -> list[list[int]]:
        texts = prompts_of(conditions)
        return [self.language.encode(text)[-MOST_PROMPT:] for text in texts]

    @cached_property
    def _tree(self) -> PrefixTree:
        answers = [self.language.encode(answer) for answer in self.codec.answers]
        return PrefixTree([[token + 1 for token in one] for one in answers])


def prompts_of(conditions: Conditions) -> list[str]:
    """Return what the language model reads of each row: its texts, a line each, and of several also
    their columns' names; "" where it has none."""
    inputs = (conditions.inputs or {}).items()
    columns = {name: texts_of(one) for name, one in inputs if set(one.parts) == TEXT}
    found = [""] * len(conditions.pooled)
    for name, texts in columns.items():
        label = f"{name}: " if len(columns) > 1 else ""
        for row, text in enumerate(texts):
            found[row] += f"{label}{text}\n" if text else ""
    return found
