"""Attention with rotary positions in two coordinates, and pooling by learned queries."""

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


class RMSNorm(nn.Module):
    """``x / sqrt(mean(x^2) + eps) * weight`` over the last axis (Zhang and Sennrich 2019)."""

    def __init__(self, dim: int, *, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Float[Tensor, "*place dim"]) -> Float[Tensor, "*place dim"]:
        return F.rms_norm(x, x.shape[-1:], self.weight.to(x.dtype), self.eps)


class RotaryAngles(nn.Module):
    """Cosines and sines that turn queries and keys by their positions.

    Half of the pairs turn with the first coordinate, half with the second (Su et al. 2021,
    equation 34, along two axes), so a sequence is the special case whose second is 0.

    Args:
        dim_head: Size of a head, a multiple of 4.
        longest: Wavelength of the slowest pair, in positions.
    """

    rates: Tensor

    def __init__(self, dim_head: int, *, longest: float = 1000.0) -> None:
        super().__init__()
        num_pairs = dim_head // 4
        rates = longest ** -(torch.arange(num_pairs) / num_pairs)
        self.register_buffer("rates", rates, persistent=False)

    def forward(
        self, positions: Float[Tensor, "batch token 2"]
    ) -> tuple[Float[Tensor, "batch 1 token pair"], Float[Tensor, "batch 1 token pair"]]:
        """Return (cos, sin), each with ``dim_head / 2`` pairs, to be given to `rotate`."""
        angle = (positions[..., None].float() * self.rates).flatten(-2)[:, None]
        return angle.cos(), angle.sin()


def rotate(
    x: Float[Tensor, "batch head token dim"], cos: Tensor, sin: Tensor
) -> Float[Tensor, "batch head token dim"]:
    """Turn the pairs ``(x[..., i], x[..., i + dim/2])`` by the given angles."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


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


class Attention(nn.Module):
    """Multi-head self-attention through SDPA; queries and keys are normalised per head.

    Source: Vaswani et al. 2017, section 3.2; query-key norm by Henry et al. 2020, which keeps
    logits bounded under bf16 and high learning rates. No dropout on the attention weights: it would
    rule out the fused kernels.
    """

    def __init__(self, *, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.norm_q, self.norm_k = RMSNorm(dim // num_heads), RMSNorm(dim // num_heads)
        self.out = nn.Linear(dim, dim, bias=False)

    def forward(
        self,
        x: Float[Tensor, "batch token dim"],
        mask: Bool[Tensor, "batch *places token"] | None,
        angles: tuple[Tensor, Tensor],
        attending: Attending = attend,
    ) -> Float[Tensor, "batch token dim"]:
        """Attend by `attending` where `mask`, of the shape that it takes, is True.

        `attend` takes ``[batch, 1, query, token]``, or None to attend everywhere.
        """
        batch, token, dim = x.shape
        qkv = self.qkv(x).view(batch, token, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        q, k = rotate(self.norm_q(q), *angles), rotate(self.norm_k(k), *angles)
        y = attending(q, k, v, mask)
        return self.out(y.transpose(1, 2).reshape(batch, token, dim))


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
        self.norm = RMSNorm(dim)

    def forward(
        self, x: Float[Tensor, "batch token dim"], mask: Bool[Tensor, "batch token"]
    ) -> Float[Tensor, "batch query dim"]:
        batch, token, dim = x.shape
        k, v = self.key_value(x).view(batch, token, 2, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        q = self.queries.view(1, -1, self.num_heads, dim // self.num_heads).transpose(1, 2)
        q = q.expand(batch, -1, -1, -1).to(k.dtype)
        pooled = attend(q, k, v, mask[:, None, None, :])
        return self.norm(self.out(pooled.transpose(1, 2).flatten(2)))
