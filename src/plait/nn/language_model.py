"""A frozen causal language model: its tokens, its states, and texts that it goes on writing."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.nn.low_rank import Corrected, correctable

ATTENTION = ("q_proj", "v_proj", "query_key_value", "qkv_proj")
"""Names of the linear layers that low-rank corrections are added to: queries and values, in some
architectures together with keys."""


@runtime_checkable
class Tokenizer(Protocol):
    """What cuts texts into a model's tokens, such as `tokenizers.Tokenizer`."""

    def encode(self, sequence: str, *, add_special_tokens: bool = True) -> Any:
        """Return what has the tokens' numbers in ``ids``."""

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """Return the text of tokens."""


class LanguageModel:
    """A causal language model as it was trained, which networks use and none of them owns.

    It is no part of the module that uses it: its weights are not trained, averaged, saved with it
    or copied. Its linear layers of attention add corrections that the user brings along.

    Args:
        network: A ``...ForCausalLM`` of transformers; frozen here.
        tokenizer: Its own.
        begin: Tokens before every text.
        end: The token that ends a text.
        rank: Of the low-rank corrections that its user should learn; 0 for none.
        most: Tokens of a text, at most.

    Attributes:
        corrected: Layers that corrections can be added to, none with `rank` 0.
        dim: Length of the vectors of its tokens.
        scale: Standard deviation of the numbers in these.
    """

    def __init__(
        self,
        network: Any,
        tokenizer: Tokenizer,
        *,
        begin: Sequence[int],
        end: int,
        rank: int = 8,
        most: int = 256,
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.tokenizer, self.begin, self.end = tokenizer, tuple(begin), end
        self.rank, self.most = rank, most
        self.corrected: list[Corrected] = correctable(network, ATTENTION) if rank else []
        self._table: nn.Embedding = network.get_input_embeddings()
        self._out: nn.Linear = network.get_output_embeddings()
        self._base: Any = network.base_model
        told = inspect.signature(self._base.forward).parameters
        self._cache = "cache" if "cache" in told else "past_key_values"
        self.dim, self.scale = self._table.embedding_dim, float(self._table.weight.std())

    def __deepcopy__(self, memo: dict[int, Any]) -> LanguageModel:
        """Return itself: whoever is copied goes on using the same one."""
        return self

    @property
    def num_weights(self) -> int:
        """How many weights it has."""
        return sum(one.numel() for one in self.network.parameters())

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self._table.weight.device

    def to(self, device: torch.device) -> None:
        """Move it, where it is elsewhere."""
        if self.device != device:
            self.network.to(device)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without any that begin or end it."""
        found: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens; half a character at its end is left out."""
        return self.tokenizer.decode(list(tokens), skip_special_tokens=True).rstrip("\ufffd")

    def vectors(self, tokens: Int[Tensor, "*place"]) -> Float[Tensor, "*place dim"]:
        """Return the vectors of tokens."""
        found: Tensor = self._table(tokens.to(self.device))
        return found

    def some_vectors(self, num: int) -> Float[Tensor, "place dim"]:
        """Return the vectors of tokens that are drawn (Lester et al. 2021, "The Power of Scale for
        Parameter-Efficient Prompt Tuning", section 3.2)."""
        return self.vectors(torch.randint(self._table.num_embeddings, (num,))).detach().clone()

    def states(self, vectors: Float[Tensor, "batch place dim"]) -> Float[Tensor, "batch place dim"]:
        """Return the states of places, each of which sees those before it."""
        found: Tensor = self._base(inputs_embeds=vectors, use_cache=False).last_hidden_state
        return found

    def follow(
        self, vectors: Tensor, mask: Tensor, places: Int[Tensor, "batch place"], kept: Any = None
    ) -> tuple[Float[Tensor, "batch place dim"], Any]:
        """Return the states of places that follow those that were kept, and all that is kept now.

        Args:
            vectors: ``[batch, place, dim]``.
            mask: int64 ``[batch, kept + place]``, 1 where a place is real; or additive, float32
                ``[batch, 1, place, kept + place]``.
            places: Which place each is.
            kept: Keys and values of the places before; None for none.
        """
        told = {} if kept is None else {self._cache: kept}
        found = self._base(
            inputs_embeds=vectors, attention_mask=mask, position_ids=places, use_cache=True, **told
        )
        return found.last_hidden_state, found[self._cache]

    def logits(self, states: Float[Tensor, "*place dim"]) -> Float[Tensor, "*place token"]:
        """Return the logits of what follows places."""
        found: Tensor = self._out(states)
        return found

    def scores(
        self, states: Float[Tensor, "batch edge dim"], tokens: Int[Tensor, " edge"]
    ) -> Float[Tensor, "batch edge"]:
        """Return the logit of one token behind each of some states."""
        tokens = tokens.to(self.device)
        found = (states.float() * self._out.weight[tokens]).sum(-1)
        return found if self._out.bias is None else found + self._out.bias[tokens]

    @contextmanager
    def with_corrections(self, corrections: Sequence[nn.Module]) -> Iterator[None]:
        """Let its layers add these corrections meanwhile, one for each of `corrected`."""
        try:
            for layer, correction in zip(self.corrected, corrections, strict=True):
                layer.correction = correction
            yield
        finally:
            for layer in self.corrected:
                layer.correction = None


class LanguageWriting:
    """Texts that a language model is writing, see `plait.nn.beam.Writes`.

    Its pieces are tokens, numbered from 1 on; 0 begins and ends.

    Args:
        language: What writes.
        corrections: That it adds.
        vectors: Of the places that texts begin with, filled up behind.
        num: How many of these are real.
    """

    def __init__(
        self,
        language: LanguageModel,
        corrections: Sequence[nn.Module],
        vectors: Float[Tensor, "batch place dim"],
        num: Int[Tensor, " batch"],
    ) -> None:
        self._language, self._corrections = language, corrections
        self.device, self.num = vectors.device, num
        order = torch.arange(vectors.shape[1], device=self.device)
        self.mask = (order < num[:, None]).long()
        with language.with_corrections(corrections):
            states, self.kept = language.follow(vectors, self.mask, order.expand_as(self.mask))
        self.last = states[torch.arange(len(num), device=self.device), num - 1]
        self._begun = False

    def follow(self, pieces: Int[Tensor, " batch"]) -> Float[Tensor, "batch piece"]:
        """Write a piece in each row, and return the logits of the next one."""
        if self._begun:
            self.mask = torch.cat([self.mask, torch.ones_like(self.mask[:, :1])], 1)
            vectors = self._language.vectors((pieces - 1).clamp(min=0))[:, None]
            with self._language.with_corrections(self._corrections):
                states, self.kept = self._language.follow(
                    vectors, self.mask, self.num[:, None], self.kept
                )
            self.last, self.num = states[:, 0], self.num + 1
        self._begun = True
        logits, end = self._language.logits(self.last).float(), self._language.end
        ends = logits[:, end : end + 1].clone()
        logits[:, end] = -torch.inf
        return torch.cat([ends, logits], 1)

    def take(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with some of the rows, in this order; a row may be taken more than once."""
        self.mask, self.num, self.last = self.mask[rows], self.num[rows], self.last[rows]
        self.kept.batch_select_indices(rows)

    def reorder(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with what was written in other rows, each of which has the same conditions."""
        self.take(rows)
