"""The shared trunk: pre-norm transformer layers that join columns from layer k on."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from plait.nn.attention import REGISTER, Attending, Attention, RMSNorm, RotaryAngles, attend
from plait.nn.tokens import Tokens
from plait.nn.windowed import pack, unpack, windowed_attend


class SwiGLU(nn.Module):
    """Gated feed-forward layer ``W3 (silu(W1 x) * W2 x)`` (Shazeer 2020, equation 6)."""

    def __init__(self, *, dim: int, hidden: int) -> None:
        super().__init__()
        self.gate_up = nn.Linear(dim, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, dim, bias=False)

    def forward(self, x: Float[Tensor, "*place dim"]) -> Float[Tensor, "*place dim"]:
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class Layer(nn.Module):
    """Pre-norm attention and feed-forward, each added to its input."""

    def __init__(self, *, dim: int, num_heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(dim), RMSNorm(dim)
        self.attention = Attention(dim=dim, num_heads=num_heads)
        self.feed_forward = SwiGLU(dim=dim, hidden=hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None,
        angles: tuple[Tensor, Tensor],
        attending: Attending = attend,
    ) -> Float[Tensor, "batch token dim"]:
        x = x + self.dropout(self.attention(self.norm1(x), mask, angles, attending))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


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
        num_heads: Heads; ``dim / num_heads`` must be a multiple of 4.
        join: First layer that joins columns, in ``[0, depth]``.
        hidden: Width of the feed-forward layers.
        num_registers: Learned tokens, present in every row: no row is ever empty
            (Darcet et al. 2023).
        dropout: On the layers' outputs.
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
        dropout: float = 0.0,
        window: int | None = None,
        recompute: bool = False,
    ) -> None:
        super().__init__()
        self.join, self.window, self.recompute = join, window, recompute
        self.registers = nn.Parameter(torch.randn(num_registers, dim) * 0.02)
        self.angles = RotaryAngles(dim // num_heads)
        self.layers = nn.ModuleList(
            Layer(dim=dim, num_heads=num_heads, hidden=hidden, dropout=dropout)
            for _ in range(depth)
        )
        self.norm = RMSNorm(dim)

    def forward(self, tokens: Tokens, column: Int[Tensor, " token"]) -> Tokens:
        """Return the tokens after all layers, registers first.

        Args:
            tokens: All columns' tokens side by side.
            column: The column number of each token, the same in every row.
        """
        window, num_tokens = self.window, column.shape[0]
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
        angles = self.angles(tokens.positions)
        again = self.recompute and torch.is_grad_enabled()
        x = tokens.values
        for number, layer in enumerate(self.layers):
            mask, attending = apart if number < self.join else joined
            if again:
                x = checkpoint(layer, x, mask, angles, attending, use_reentrant=False)
            else:
                x = layer(x, mask, angles, attending)
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
