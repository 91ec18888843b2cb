"""The shared space: a network that gives every column, and every row, a vector of one space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.modalities import Codec
from plait.networks.config import SystemConfig
from plait.networks.encoder import Encoder
from plait.networks.system import make_trunk, presence
from plait.nn.attention import QueryPool
from plait.nn.tokens import Tokens
from plait.types import Batch


class Space(nn.Module):
    """Encoder, trunk, and a projection of each input column into one space of unit vectors.

    An *input column* is a column as a person sees it. It may be read more than once (a text by its
    own stem and by a pretrained encoder): all of these columns make one vector.

    An input column's vector is made from that input column alone, so that any of them can be a
    query. A row's vector is the normalised mean of those of its input columns: any subset of
    columns gives one.

    Args:
        codecs: Column name -> fitted codec.
        config: Sizes; vectors have ``config.dim`` numbers.
        input_columns: Input column -> the columns that it is read as.
    """

    def __init__(
        self,
        codecs: Mapping[str, Codec],
        config: SystemConfig,
        input_columns: Mapping[str, Sequence[str]],
    ) -> None:
        super().__init__()
        self.config = config
        self.input_columns = {name: tuple(columns) for name, columns in input_columns.items()}
        self.encoder = Encoder(codecs, config)
        self.trunk = make_trunk(config)
        self.pool = QueryPool(dim=config.dim, num_queries=1, num_heads=config.num_heads)
        self.norm = nn.LayerNorm(config.dim)
        self.centres = nn.ModuleList(Centre(config.dim) for _ in input_columns)
        self.projections = nn.Parameter(torch.empty(len(input_columns), config.dim, config.dim))
        for matrix in self.projections:
            nn.init.orthogonal_(matrix)

    def forward(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "input batch dim"], Bool[Tensor, "input batch"]]:
        """Return every input column's unit vectors, and which rows have it; others hold noise."""
        tokens = self.encoder.tokens(batch)
        keep = presence(batch, self.encoder.columns)
        vectors = [self.input_column_vectors(tokens, keep, name) for name in self.input_columns]
        return torch.stack(vectors), self.present(keep)

    def present(self, keep: Bool[Tensor, "batch column"]) -> Bool[Tensor, "input batch"]:
        """Return which input columns have at least one column kept."""
        places = {name: i for i, name in enumerate(self.encoder.columns)}
        found = [
            keep[:, [places[c] for c in columns]].any(1) for columns in self.input_columns.values()
        ]
        return torch.stack(found)

    def input_column_vectors(
        self, tokens: Mapping[str, Tokens], keep: Bool[Tensor, "batch column"], input_column: str
    ) -> Float[Tensor, "batch dim"]:
        """Return one input column's unit vectors from its own tokens alone.

        Args:
            tokens: From ``encoder.tokens``, of all or some of the input column's columns.
            keep: Which columns to use.
            input_column: Which input column.
        """
        own = {name: tokens[name] for name in self.input_columns[input_column] if name in tokens}
        trunk = self.trunk(*self.encoder.join(own, keep))
        pooled = self.pool(trunk.values, trunk.mask)[:, 0] + self.norm(_mean(trunk))
        place = list(self.input_columns).index(input_column)
        centred = self.centres[place](pooled.float(), self.present(keep)[place])
        return F.normalize(centred @ self.projections[place], dim=-1)


class Centre(nn.Module):
    """Batch norm without scale and shift, over the rows that are there.

    It takes away what all vectors have in common, so that cosines start around 0 and cannot all
    drift to 1: without it the sigmoid loss spends its first hundreds of steps undoing that
    (docs/log.md, 2026-11-21).

    Args:
        dim: Of the vectors.
        pace: Weight of a batch in the running statistics.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, dim: int, *, pace: float = 0.05, eps: float = 1e-4) -> None:
        super().__init__()
        self.pace, self.eps = pace, eps
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("variance", torch.ones(dim))

    def forward(
        self, x: Float[Tensor, "batch dim"], present: Bool[Tensor, " batch"]
    ) -> Float[Tensor, "batch dim"]:
        """Return x standardised: by the batch's present rows in training, else by the running."""
        if not self.training or int(present.sum()) < 2:
            return (x - self.mean) * torch.rsqrt(self.variance + self.eps)
        weight = present.to(x.dtype)[:, None] / present.sum()
        mean = (x * weight).sum(0)
        variance = ((x - mean).square() * weight).sum(0)
        with torch.no_grad():
            self.mean.lerp_(mean, self.pace)
            self.variance.lerp_(variance, self.pace)
        return (x - mean) * torch.rsqrt(variance + self.eps)


def _mean(tokens: Tokens) -> Float[Tensor, "batch dim"]:
    weight = tokens.mask[..., None].to(tokens.values.dtype)
    return (tokens.values * weight).sum(1) / weight.sum(1)
