"""Multi-head attention, and pooling by learned queries."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

REGISTER = -1
"""Column number of register tokens."""

Attending = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]
"""Queries, keys, values and a mask to results, such as `attend`."""


def attend(
    q: Float[Tensor, "batch head query dim"],
    k: Float[Tensor, "batch head token dim"],
    v: Float[Tensor, "batch head token dim"],
    mask: Bool[Tensor, "batch 1 queries token"] | None,
) -> Float[Tensor, "batch head query dim"]:
    """Return ``softmax(q k^T / sqrt(dim)) v`` where `mask` is True, by the fastest exact way.

    That is SDPA, save on CPUs in bf16, where its backward pass is several times slower than the
    written-out form for up to 256 tokens (docs/log.md, 2026-11-21).
    """
    if q.device.type != "cpu" or q.dtype != torch.bfloat16:
        return F.scaled_dot_product_attention(q, k, v, mask)
    if k.shape[2] > 256:
        return F.scaled_dot_product_attention(q.float(), k.float(), v.float(), mask).to(q.dtype)
    logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        logits = logits.masked_fill(~mask, float("-inf"))
    return torch.softmax(logits, dim=-1, dtype=torch.float32).to(v.dtype) @ v


def split_heads(
    x: Float[Tensor, "batch token all"], *, num_parts: int, num_heads: int
) -> tuple[Float[Tensor, "batch head token dim"], ...]:
    """Cut tokens into parts, such as queries, keys and values, and each of these into heads."""
    batch, token, _ = x.shape
    return x.view(batch, token, num_parts, num_heads, -1).permute(2, 0, 3, 1, 4).unbind(0)


def merge_heads(x: Float[Tensor, "batch head token dim"]) -> Float[Tensor, "batch token all"]:
    """Lay the heads of each token side by side."""
    return x.transpose(1, 2).flatten(2)


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2) whose output starts at zero."""

    num_heads: int

    def __init__(self, *, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(
        self,
        x: Float[Tensor, "batch token dim"],
        mask: Bool[Tensor, "batch *places token"] | None,
        attending: Attending = attend,
    ) -> Float[Tensor, "batch token dim"]:
        """Attend by `attending` where `mask`, of the shape that it takes, is True.

        `attend` takes ``[batch, 1, query, token]``, or None to attend everywhere.
        """
        q, k, v = split_heads(self.qkv(x), num_parts=3, num_heads=self.num_heads)
        return self.out(merge_heads(attending(q, k, v, mask)))


class QueryPool(nn.Module):
    """Learned queries that gather a set of tokens by cross-attention (Lee et al. 2019, PMA).

    Args:
        dim: Of tokens and queries.
        num_queries: Vectors returned per row.
        num_heads: Attention heads.
    """

    def __init__(self, *, dim: int, num_queries: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.queries = nn.Parameter(torch.randn(num_queries, dim) * dim**-0.5)
        self.key_value = nn.Linear(dim, 2 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        self.norm = nn.LayerNorm(dim)

    def forward(
        self, x: Float[Tensor, "batch token dim"], mask: Bool[Tensor, "batch token"]
    ) -> Float[Tensor, "batch query dim"]:
        batch, _, dim = x.shape
        k, v = split_heads(self.key_value(x), num_parts=2, num_heads=self.num_heads)
        q = self.queries.view(1, -1, self.num_heads, dim // self.num_heads).transpose(1, 2)
        q = q.expand(batch, -1, -1, -1).to(k.dtype)
        pooled = attend(q, k, v, mask[:, None, None, :])
        return self.norm(self.out(merge_heads(pooled)))
