"""One trunk, a head per target: conditions, losses and generated values of one or more targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from plait.baselines.start import START
from plait.modalities import (
    Codec,
    GeneratedTarget,
    PredictiveTarget,
    TargetCodec,
    find_generate,
    find_network,
)
from plait.networks.config import SystemConfig
from plait.networks.encoder import Encoder
from plait.networks.system import make_trunk, presence
from plait.nn.attention import QueryPool
from plait.nn.conditions import Conditions, Offered
from plait.nn.feature_map import FeatureMap, MapPool
from plait.nn.language_model import LanguageModel
from plait.nn.reader import Letters
from plait.nn.time_line import TimeLine, first_line
from plait.nn.tokens import Tokens
from plait.types import Arrays, Batch, ColumnBatch, Layout


class Heads(nn.Module):
    """Encoder and trunk, once; pooling queries and a head for each target.

    Args:
        codecs: Input column name -> fitted codec.
        targets: Target column name -> fitted codec: generated or predictive, in any mixture.
        config: Sizes; see `SystemConfig`.
        languages: Target column name -> the language model that writes it, of those that are
            written by one; no part of this network.
    """

    def __init__(
        self,
        codecs: Mapping[str, Codec],
        targets: Mapping[str, TargetCodec],
        config: SystemConfig,
        languages: Mapping[str, LanguageModel] | None = None,
    ) -> None:
        super().__init__()
        self.config, self.targets = config, tuple(targets)
        self.encoder = Encoder(codecs, config)
        self.trunk = make_trunk(config)
        self.languages = dict(languages or {})
        self.heads = nn.ModuleList(
            _make_head(codec, config.dim, self.languages.get(name))
            for name, codec in targets.items()
        )
        self.pools = nn.ModuleList(
            QueryPool(dim=config.dim, num_queries=num, num_heads=config.num_heads)
            for num in (int(head.num_queries) for head in self.heads)  # type: ignore[arg-type]
        )
        num_maps = len(self.encoder.mapped) if self._asked("asks_for_map") else 0
        self.map_pool = MapPool(num_maps) if num_maps else None
        self.lined = bool(self.encoder.lined) and self._asked("asks_for_line")

    def encode(self, batch: Batch, keep: Bool[Tensor, "batch column"] | None = None) -> Tokens:
        """Return the trunk's tokens; `keep` tells which columns to use, by default those there."""
        if keep is None:
            keep = presence(batch, self.encoder.columns)
        tokens, column = self.encoder(batch, keep)
        return self.trunk(tokens, column)

    def _asked(self, what: str) -> bool:
        return any(getattr(head, what, False) for head in self.heads)

    def offered(self, batch: Batch, keep: Bool[Tensor, "batch column"] | None = None) -> Offered:
        """Return one map and one line of the columns that are used and offer them; None for what no
        head asks for."""
        return Offered(self._map(batch, keep), self._line(batch, keep))

    def _map(self, batch: Batch, keep: Tensor | None) -> FeatureMap | None:
        if self.map_pool is None:
            return None
        found = [
            one._replace(present=self._used(name, one.present, keep))
            for name, one in self.encoder.maps(batch).items()
        ]
        pooled: FeatureMap = self.map_pool(found)
        return pooled

    def _line(self, batch: Batch, keep: Tensor | None) -> TimeLine | None:
        if not self.lined:
            return None
        return first_line(
            [
                one._replace(present=self._used(name, one.present, keep))
                for name, one in self.encoder.lines(batch).items()
            ]
        )

    def _used(self, name: str, present: Tensor, keep: Tensor | None) -> Tensor:
        return present if keep is None else keep[:, self.encoder.columns.index(name)]

    def conditions(
        self,
        target: str,
        tokens: Tokens,
        batch: Batch,
        offered: Offered | None = None,
        keep: Bool[Tensor, "batch column"] | None = None,
    ) -> Conditions:
        """Return what a target's head sees: the trunk's tokens, the columns that are kept, and what
        is offered, or said letter by letter, if it asks."""
        pool = self.pools[self.targets.index(target)]
        inputs = {name: batch[name].apart() for name in self.encoder.columns}
        if keep is not None:
            places = enumerate(inputs.items())
            inputs = {name: replace(one, present=keep[:, place]) for place, (name, one) in places}
        head, pooled = self.head(target), pool(tokens.values, tokens.mask)
        offered = offered or Offered()
        placed = offered.map if getattr(head, "asks_for_map", False) else None
        line = offered.line if getattr(head, "asks_for_line", False) else None
        said = self._letters(getattr(head, "asks_for_letters", ""), batch, keep)
        return Conditions(tokens, pooled, inputs, placed, line, batch.get(START), said)

    def _letters(self, name: str, batch: Batch, keep: Tensor | None) -> Letters | None:
        found = self.encoder.letters(batch, name) if name else None
        if found is None:
            return None
        return found._replace(present=self._used(name, found.present, keep))

    def head(self, target: str) -> Any:
        """Return a target's head: its ``Generate``, or an `AnswerHead`."""
        return self.heads[self.targets.index(target)]

    def forward(
        self,
        batch: Batch,
        wanted: Mapping[str, ColumnBatch],
        keep: Bool[Tensor, "batch column"] | None = None,
    ) -> dict[str, Float[Tensor, " batch"]]:
        """Return target -> loss of each row, 0 where the row has no value of that target.

        Args:
            batch: Input columns.
            wanted: Target column -> its values.
            keep: As for `encode`.
        """
        tokens, offered, found = self.encode(batch, keep), self.offered(batch, keep), {}
        for name, column in wanted.items():
            seen = self.conditions(name, tokens, batch, offered, keep)
            losses = self.head(name).loss(seen, column)
            found[name] = torch.where(column.present, losses.float(), 0.0)
        return found

    @property
    def num_parameters(self) -> int:
        """Number of trained weights."""
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def num_frozen(self) -> int:
        """Number of weights that are at work and no part of it: those of language models."""
        return sum(one.num_weights for one in self.languages.values())


class AnswerHead(nn.Module):
    """The head of a predictive target among others: its ``Target``, which sees the pooled queries.

    Args:
        codec: Fitted codec of the target.
        dim: Size of tokens.
    """

    def __init__(self, codec: PredictiveTarget, dim: int) -> None:
        super().__init__()
        self.codec = codec
        self.target = find_network(codec.modality).Target(codec, dim)
        self.num_queries: int = self.target.num_queries

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return the loss of each row."""
        truth = self.codec.truth(cut_apart(target, self.codec.layout))
        device = conditions.pooled.device
        raw = self.target(conditions.pooled).float()
        losses: Tensor = self.target.loss(raw, torch.from_numpy(truth).to(device))
        return losses

    def outputs(self, conditions: Conditions) -> Float[Tensor, "batch output"]:
        """Return canonical outputs."""
        outputs: Tensor = self.target.outputs(self.target(conditions.pooled))
        return outputs


def cut_apart(column: ColumnBatch, layout: Layout) -> list[Arrays]:
    """Return the values of a padded batch of tensors, each as it was prepared."""
    parts = {name: part.cpu().numpy() for name, part in column.parts.items()}
    lengths = {axis: found.cpu().numpy() for axis, found in column.lengths.items()}
    num = len(column.present)
    return [
        {
            name: parts[name][row][_real(spec.shape, lengths, row)].astype(spec.dtype)
            for name, spec in layout.items()
        }
        for row in range(num)
    ]


def _real(shape: Sequence[str | int], lengths: Mapping[str, Sequence[int]], row: int) -> object:
    """Return the slices of a row's part that are not padding."""
    return tuple(
        slice(0, int(lengths[axis][row])) if isinstance(axis, str) else slice(None)
        for axis in shape
    )


def _make_head(codec: TargetCodec, dim: int, language: LanguageModel | None) -> nn.Module:
    if language is not None:
        written: nn.Module = find_network(codec.modality).GenerateBy(codec, dim, language)
        return written
    if isinstance(codec, GeneratedTarget):
        head: nn.Module = find_generate(codec)(codec, dim)
        return head
    return AnswerHead(codec, dim)  # type: ignore[arg-type]
