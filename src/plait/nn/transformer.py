"""The shared trunk: pre-norm transformer layers that join columns from layer k on."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from plait.nn.attention import REGISTER, Attending, Attention, attend
from plait.nn.tokens import Tokens
from plait.nn.windowed import pack, unpack, windowed_attend


class FeedForward(nn.Sequential):
    """``W2 gelu(W1 x)``, whose output starts at zero (Vaswani et al. 2017, section 3.3)."""

    def __init__(self, *, dim: int, hidden: int) -> None:
        out = nn.Linear(hidden, dim)
        nn.init.zeros_(out.weight)
        nn.init.zeros_(out.bias)
        super().__init__(nn.Linear(dim, hidden), nn.GELU(), out)


class Layer(nn.Module):
    """Pre-norm attention and feed-forward, each added to its input; it starts as the identity."""

    def __init__(self, *, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = Attention(dim=dim, num_heads=num_heads)
        self.feed_forward = FeedForward(dim=dim, hidden=hidden)

    def forward(
        self, x: Tensor, mask: Tensor | None, attending: Attending = attend
    ) -> Float[Tensor, "batch token dim"]:
        x = x + self.attention(self.norm1(x), mask, attending)
        return x + self.feed_forward(self.norm2(x))


class Places(nn.Module):
    """Two coordinates as waves, half of the numbers for each, of a learned length per number.

    ``scale * [sin(a w), cos(a w), sin(b w), cos(b w)]`` with w from 1 down to 1 / `longest`
    (Vaswani et al. 2017, section 3.5, along two axes): a sequence is the case of b = 0.

    Args:
        dim: Of tokens, a multiple of 4.
        longest: Steps over which the slowest wave turns by one radian.
    """

    rates: Tensor

    def __init__(self, dim: int, *, longest: float = 1000.0) -> None:
        super().__init__()
        rates = longest ** -(torch.arange(dim // 4) / max(dim // 4 - 1, 1))
        self.register_buffer("rates", rates, persistent=False)
        self.scale = nn.Parameter(torch.full((dim,), 0.1))

    def forward(
        self, positions: Float[Tensor, "batch token 2"]
    ) -> Float[Tensor, "batch token dim"]:
        angle = positions[..., None].float() * self.rates
        return torch.cat([angle.sin(), angle.cos()], -1).flatten(-2) * self.scale


class Trunk(nn.Module):
    """Transformer over the tokens of all columns.

    In layers before `join`, a token sees only its own column (and the registers); from layer
    `join` on it sees every column. ``join = 0`` is early fusion, ``join = depth`` late fusion.

    With a `window`, tokens see only those at most `window` real tokens away, padding not counted,
    and the registers, which see everybody. What a row sees thus never depends on the rows beside
    it. Batches of at most ``window + 1`` tokens, in which nothing is out of reach, take the dense
    way: the same numbers as without a window.

    Args:
        dim: Of tokens.
        depth: Number of layers.
        num_heads: Heads, of which `dim` is a multiple, and of 4.
        join: First layer that joins columns, in ``[0, depth]``.
        hidden: Width of the feed-forward layers.
        num_registers: Learned tokens, present in every row: no row is ever empty
            (Darcet et al. 2023).
        window: Half-width of sliding-window attention in tokens, at least 1; None: dense.
        recompute: Keep only the layers' inputs for the backward pass and compute the rest again
            (Chen et al. 2016): less memory, about a third more time.
    """

    def __init__(
        self,
        *,
        dim: int,
        depth: int,
        num_heads: int,
        join: int,
        hidden: int,
        num_registers: int = 2,
        window: int | None = None,
        recompute: bool = False,
    ) -> None:
        super().__init__()
        self.join, self.window, self.recompute = join, window, recompute
        self.registers = nn.Parameter(torch.randn(num_registers, dim) * 0.02)
        self.places = Places(dim)
        self.layers = nn.ModuleList(
            Layer(dim=dim, num_heads=num_heads, hidden=hidden) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Tokens, column: Int[Tensor, " token"]) -> Tokens:
        """Return the tokens after all layers, registers first.

        Args:
            tokens: All columns' tokens side by side.
            column: The column number of each token, the same in every row.
        """
        window, num_tokens = self.window, column.shape[0]
        places = self.places(tokens.positions).to(tokens.values.dtype)
        tokens = tokens._replace(values=tokens.values + places)
        tokens, column = self._with_registers(tokens, column)
        if window is None or num_tokens <= window + 1:
            x = self._dense(tokens, column)
        else:
            x = self._windowed(tokens, column, window)
        return tokens._replace(values=self.norm(x))

    def _dense(self, tokens: Tokens, column: Tensor) -> Tensor:
        apart = joined = None
        if self.join > 0:
            apart = separate_mask(tokens.mask, column)
        if self.join < len(self.layers):
            joined = tokens.mask[:, None, None, :]
        return self._through(tokens, (apart, attend), (joined, attend))

    def _windowed(self, tokens: Tokens, column: Tensor, window: int) -> Tensor:
        packed, columns, order = pack(tokens, column)
        near = partial(windowed_attend, num_global=self.registers.shape[0], window=window)
        apart = packed.mask, partial(near, column=columns)
        joined = packed.mask, partial(near, column=None)
        return unpack(self._through(packed, apart, joined), order)

    def _through(
        self,
        tokens: Tokens,
        apart: tuple[Tensor | None, Attending],
        joined: tuple[Tensor | None, Attending],
    ) -> Tensor:
        """Apply the layers, each with its mask and its way of attending."""
        again = self.recompute and torch.is_grad_enabled()
        x = tokens.values
        for number, layer in enumerate(self.layers):
            mask, attending = apart if number < self.join else joined
            if again:
                x = checkpoint(layer, x, mask, attending, use_reentrant=False)
            else:
                x = layer(x, mask, attending)
        return x

    def _with_registers(self, tokens: Tokens, column: Tensor) -> tuple[Tokens, Tensor]:
        batch, num = tokens.values.shape[0], self.registers.shape[0]
        registers = self.registers.to(tokens.values.dtype).expand(batch, -1, -1)
        mask = tokens.mask.new_ones(batch, num)
        positions = tokens.positions.new_zeros(batch, num, 2)
        joined = Tokens(
            torch.cat([registers, tokens.values], 1),
            torch.cat([mask, tokens.mask], 1),
            torch.cat([positions, tokens.positions], 1),
        )
        return joined, torch.cat([column.new_full((num,), REGISTER), column])


def separate_mask(
    mask: Bool[Tensor, "batch token"], column: Int[Tensor, " token"]
) -> Bool[Tensor, "batch 1 query token"]:
    """Return where a token may look while columns are apart: its own column and the registers.

    Registers look only at registers, so that nothing passes between columns through them.
    """
    same = (column[:, None] == column[None]) | (column == REGISTER)[None]
    return (same[None] & mask[:, None, :])[:, None]
