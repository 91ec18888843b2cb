"""The network: encodes each column, shares one trunk, and answers in the target's modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from plait.baselines.evidence import Evidence
from plait.baselines.evidence_column import EVIDENCE
from plait.modalities import Codec, find_network
from plait.networks.config import CORRECTED, OWN, SystemConfig
from plait.networks.correction import Correction
from plait.networks.encoder import Encoder
from plait.networks.evidence_tokens import EvidenceTokens
from plait.nn.attention import QueryPool
from plait.nn.tokens import Tokens
from plait.nn.transformer import Trunk
from plait.types import Batch, ColumnBatch


class System(nn.Module):
    """Encoder, trunk, pooling, and a head or two.

    A network that is told what simple models know learns with two heads: one that answers by
    itself, and one that corrects what they say together. `keep_head` leaves the better one.

    Args:
        codecs: Input column name -> fitted codec.
        target: Fitted codec of the target column.
        config: Sizes; see `SystemConfig`.
        evidence: What simple models tell of the same columns, in their order; None for nothing.

    Attributes:
        inputs: The columns of a batch: those of the codecs, and the evidence's.
    """

    def __init__(
        self,
        codecs: Mapping[str, Codec],
        target: Codec,
        config: SystemConfig,
        evidence: Evidence | None = None,
    ) -> None:
        super().__init__()
        self.config, self.evidence = config, evidence
        self.encoder = Encoder(codecs, config)
        self.inputs = (*self.encoder.columns, *([] if evidence is None else [EVIDENCE]))
        self.trunk = make_trunk(config)
        make_head = find_network(target.modality).Target
        self.pool = QueryPool(
            dim=config.dim, num_queries=make_head.num_queries, num_heads=config.num_heads
        )
        self.dropout = nn.Dropout(config.dropout)
        self.evidence_tokens = None if evidence is None else _tokens_of(evidence, config.dim)
        self.head = make_head(target, config.dim) if OWN in config.heads else None
        self.correction = None
        if evidence is not None and CORRECTED in config.heads:
            sizes = {"num_columns": len(evidence.columns), "num_outputs": evidence.num_outputs}
            self.correction = Correction(target, config.dim, **sizes)

    def encode(self, batch: Batch, keep: Tensor | None = None) -> Tokens:
        """Return the trunk's tokens, registers first.

        Args:
            batch: Columns as tensors.
            keep: bool ``[batch, column]``: which columns to use; default those present.
        """
        if keep is None:
            keep = presence(batch, self.encoder.columns)
        tokens, column = self.encoder(batch, keep)
        if self.evidence_tokens is not None:
            parts = batch[EVIDENCE].parts
            told, numbers = self.evidence_tokens(parts["components"], parts["scores"], keep)
            told = told._replace(values=told.values.to(tokens.values.dtype))
            pairs = zip(tokens, told, strict=True)
            tokens = Tokens(*(torch.cat(pair, dim=1) for pair in pairs))
            column = torch.cat([column, numbers])
        return self.trunk(tokens, column)

    def forward(
        self, batch: Batch, keep: Tensor | None = None
    ) -> dict[str, Float[Tensor, "batch output"]]:
        """Return raw outputs by head: logits, or standardised mean and quantiles."""
        if keep is None:
            keep = presence(batch, self.encoder.columns)
        return self._raw(self.latent(batch, keep), batch, keep)

    def latent(self, batch: Batch, keep: Tensor | None = None) -> Float[Tensor, "batch query dim"]:
        """Return the pooled queries: what the heads answer from."""
        tokens = self.encode(batch, keep)
        pooled: Tensor = self.dropout(self.pool(tokens.values, tokens.mask))
        return pooled

    def _raw(self, latent: Tensor, batch: Batch, keep: Tensor) -> dict[str, Tensor]:
        found = {} if self.head is None else {OWN: self.head(latent)}
        if self.correction is not None:
            found[CORRECTED] = self.correction(latent, self.said(batch, keep))
        return found

    def said(self, batch: Batch, keep: Tensor | None = None) -> Float[Tensor, "batch said"]:
        """Return what simple models of the columns say together, of a network that corrects it."""
        if self.correction is None:
            raise ValueError("this network corrects nothing")
        if keep is None:
            keep = presence(batch, self.encoder.columns)
        return self.correction.offset(batch[EVIDENCE].parts["scores"], keep)

    def losses(
        self, batch: Batch, keep: Tensor, truth: Tensor, raw: Mapping[str, Tensor], **options: Any
    ) -> Float[Tensor, " batch"]:
        """Return the loss of each row, the mean over heads.

        Args:
            batch: Columns as tensors; evidence is that of fits without the rows.
            keep: Columns that the row has, hidden ones too.
            truth: Targets.
            raw: From `forward`.
            options: As for the loss of the target's ``Target``.
        """
        found = []
        if self.head is not None:
            found.append(self.head.loss(raw[OWN].float(), truth, **options))
        if self.correction is not None:
            said = self.said(batch, keep)
            found.append(self.correction.loss(raw[CORRECTED], said, truth, **options))
        return torch.stack(found).mean(0)

    def truth_losses(
        self, raw: Mapping[str, Tensor], truth: Tensor, **options: Any
    ) -> Float[Tensor, " batch"]:
        """Return the loss of each row by the truth alone, the mean over heads; see `losses`."""
        heads = self._heads
        found = [heads[name].loss(one.float(), truth, **options) for name, one in raw.items()]
        return torch.stack(found).mean(0)

    def distances(
        self, raw: Mapping[str, Tensor], said: Mapping[str, Tensor], weights: Mapping[str, Tensor]
    ) -> Float[Tensor, " batch"]:
        """Return how far each row's raw outputs are from others, by head; the mean over heads.

        Args:
            raw: From `forward`.
            said: As `raw`: what they should be.
            weights: ``[batch]`` by head.
        """
        heads = self._heads
        found = [
            weights[name] * heads[name].distance(one.float(), said[name])
            for name, one in raw.items()
        ]
        return torch.stack(found).mean(0)

    def outputs(
        self, batch: Batch, keep: Tensor | None = None
    ) -> Float[Tensor, "batch *heads output"]:
        """Return canonical outputs: probabilities, or mean and quantiles in the target's unit.

        Of two heads, ``[batch, head, output]``, in the order of the configuration.
        """
        return self._canonical(self(batch, keep))

    def outputs_and_latent(self, batch: Batch) -> tuple[Tensor, Float[Tensor, "batch dim"]]:
        """Return `outputs`, and what the heads answered from, one vector a row."""
        keep = presence(batch, self.encoder.columns)
        latent = self.latent(batch, keep)
        return self._canonical(self._raw(latent, batch, keep)), latent.flatten(1)

    def _canonical(self, raw: Mapping[str, Tensor]) -> Tensor:
        heads = self._heads
        found = [heads[name].outputs(one) for name, one in raw.items()]
        return found[0] if len(found) == 1 else torch.stack(found, 1)

    @property
    def _heads(self) -> dict[str, Any]:
        """What makes raw outputs into answers, by head."""
        found: dict[str, Any] = {} if self.head is None else {OWN: self.head}
        if self.correction is not None:
            found[CORRECTED] = self.correction.head
        return found

    def keep_head(self, name: str) -> None:
        """Leave one head; what is only the other's goes."""
        self.config = replace(self.config, heads=(name,))
        if name == OWN:
            self.correction = None
        else:
            self.head = None

    @property
    def num_parameters(self) -> int:
        """Number of trained weights."""
        return sum(parameter.numel() for parameter in self.parameters())


def with_heads(config: SystemConfig, evidence: Evidence | None) -> SystemConfig:
    """Return the configuration of a network that is to learn: both heads where it is told of simple
    models."""
    return replace(config, heads=(OWN,) if evidence is None else (OWN, CORRECTED))


def _tokens_of(evidence: Evidence, dim: int) -> EvidenceTokens:
    return EvidenceTokens(
        num_columns=len(evidence.columns),
        num_components=evidence.num_components,
        num_outputs=evidence.num_outputs,
        dim=dim,
    )


def make_trunk(config: SystemConfig) -> Trunk:
    """Build the trunk of a configuration."""
    return Trunk(
        dim=config.dim,
        depth=config.depth,
        num_heads=config.num_heads,
        join=config.join,
        hidden=int(config.dim * config.mlp_ratio),
        window=config.window,
        recompute=config.recompute,
    )


def presence(batch: Batch, columns: tuple[str, ...]) -> Bool[Tensor, "batch column"]:
    """Return which columns each row has."""
    return torch.stack([batch[name].present for name in columns], dim=1)


def drop_columns(
    keep: Bool[Tensor, "batch column"], chance: float, generator: torch.Generator | None = None
) -> Bool[Tensor, "batch column"]:
    """Hide each present column with the given chance, but never a row's last one.

    Modality dropout (Neverova et al. 2015): what makes any subset of columns enough. Half of the
    rows are left whole, so that all columns together stay the best-practised case.
    """
    if chance <= 0 or keep.shape[1] == 1:
        return keep
    draw = torch.rand(keep.shape, generator=generator)
    whole = torch.rand(keep.shape[0], 1, generator=generator) < 0.5
    kept = keep & ((draw >= chance) | whole)
    best = torch.zeros_like(keep)
    best.scatter_(1, (draw * keep).argmax(1, keepdim=True), True)
    return torch.where(kept.any(1, keepdim=True), kept, best & keep)


def to_tensors(batch: Mapping[str, Any], device: torch.device | str = "cpu") -> Batch:
    """Turn a loader's numpy batch into tensors on a device; floats become float32."""

    def move(array: Any) -> Tensor:
        tensor = torch.as_tensor(array)
        tensor = tensor.float() if tensor.is_floating_point() else tensor
        return tensor.to(device, non_blocking=True)

    return {
        name: ColumnBatch(
            parts={key: move(value) for key, value in column.parts.items()},
            lengths={key: move(value) for key, value in column.lengths.items()},
            present=move(column.present),
            index=None if column.index is None else move(column.index),
        )
        for name, column in batch.items()
    }
