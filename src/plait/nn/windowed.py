"""Sliding-window attention with global tokens, in blocks: cost grows linearly with the tokens."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from plait.nn.attention import REGISTER, attend
from plait.nn.tokens import Tokens

NOBODY = -2
"""Label of keys that no token sees: padding."""

MAX_LOGITS = 2**22
"""Most logits of a chunk of blocks, over its rows and heads: about 16 MB in float32."""


def windowed_attend(
    q: Float[Tensor, "batch head token dim"],
    k: Float[Tensor, "batch head token dim"],
    v: Float[Tensor, "batch head token dim"],
    mask: Bool[Tensor, "batch token"],
    *,
    column: Int[Tensor, "batch token"] | None,
    num_global: int,
    window: int,
) -> Float[Tensor, "batch head token dim"]:
    """Return exact attention in which token i sees token j where all of the following hold.

    - j is real: ``mask[:, j]``;
    - i or j is global, that is, one of the first `num_global`, or ``|i - j| <= window``;
    - with `column`, both are of the same column, or j is a register (column `REGISTER`), so that
      registers see registers only, as in `plait.nn.transformer.separate_mask`.

    A token that sees nobody gets zeros. Source: Beltagy et al. 2020 (Longformer), section 3.1, with
    the blocks of Zaheer et al. 2020 (BigBird), appendix D: every block of `window` queries looks at
    the globals, at itself and at its two neighbours. Time is ``O(token (window + num_global))``.
    Blocks are taken a chunk at a time; where there are several chunks, the backward pass computes
    them again, so that what is kept is no more than q, k, v and the result.

    Args:
        column: The column of each token while columns are apart; None once they are joined.
        num_global: From 0 to the number of tokens.
        window: Half-width of the window in tokens, at least 1.
    """
    label = torch.full_like(mask, REGISTER, dtype=torch.long) if column is None else column
    keys = _Keys(k, v, label.masked_fill(~mask, NOBODY))
    parts = []
    if num_global:
        near = mask.new_ones(num_global, q.shape[2])
        parts.append(_attend_seen(q[:, :, :num_global], keys, label[:, :num_global], near))
    if q.shape[2] > num_global:
        everywhere, local = keys.between(0, num_global), keys.between(num_global, q.shape[2])
        parts.append(
            _attend_local(q[:, :, num_global:], local, everywhere, label[:, num_global:], window)
        )
    return torch.cat(parts, dim=2)


class _Keys(NamedTuple):
    """Keys and values, and by which queries they are seen: see `_attend_seen`."""

    k: Float[Tensor, "batch head token dim"]
    v: Float[Tensor, "batch head token dim"]
    label: Int[Tensor, "batch token"]

    def between(self, start: int, stop: int) -> _Keys:
        """Return the keys from `start` to before `stop`."""
        return _Keys(self.k[:, :, start:stop], self.v[:, :, start:stop], self.label[:, start:stop])

    def padded(self, before: int, after: int) -> _Keys:
        """Return the keys with unseen ones around them."""
        sides = (0, 0, before, after)
        label = F.pad(self.label, (before, after), value=NOBODY)
        return _Keys(F.pad(self.k, sides), F.pad(self.v, sides), label)


def _attend_local(
    q: Float[Tensor, "batch head token dim"],
    local: _Keys,
    everywhere: _Keys,
    label: Int[Tensor, "batch token"],
    window: int,
) -> Float[Tensor, "batch head token dim"]:
    """Attend from the tokens that are not global, a chunk of blocks at a time."""
    batch, heads, token, _ = q.shape
    window = min(window, token)
    num_blocks = -(-token // window)
    missing = num_blocks * window - token
    q, label = F.pad(q, (0, 0, 0, missing)), F.pad(label, (0, missing), value=REGISTER)
    local = local.padded(window, window + missing)
    logits = batch * heads * window * (3 * window + everywhere.k.shape[2])
    size = max(1, MAX_LOGITS // logits) * window
    again = torch.is_grad_enabled() and size < q.shape[2]
    found = []
    for start in range(0, q.shape[2], size):
        stop = min(start + size, q.shape[2])
        seen = local.between(start, stop + 2 * window)
        chunk = (q[:, :, start:stop], *seen, *everywhere, label[:, start:stop], window)
        found.append(
            checkpoint(_attend_blocks, *chunk, use_reentrant=False, preserve_rng_state=False)
            if again
            else _attend_blocks(*chunk)
        )
    return torch.cat(found, dim=2)[:, :, :token]


def _attend_blocks(
    q: Float[Tensor, "batch head query dim"],
    k: Float[Tensor, "batch head token dim"],
    v: Float[Tensor, "batch head token dim"],
    key_label: Int[Tensor, "batch token"],
    global_k: Float[Tensor, "batch head global dim"],
    global_v: Float[Tensor, "batch head global dim"],
    global_label: Int[Tensor, "batch global"],
    label: Int[Tensor, "batch query"],
    window: int,
) -> Float[Tensor, "batch head query dim"]:
    """Attend from whole blocks; the keys begin a block earlier and end a block later."""
    batch, _, query, _ = q.shape
    keys = _Keys(
        _with_neighbours(k, global_k, window),
        _with_neighbours(v, global_v, window),
        _with_neighbours(key_label[:, None, :, None], global_label[:, None, :, None], window)[
            :, 0, :, 0
        ],
    )
    own = _blocks(label[:, None, :, None], window)[:, 0, :, 0]
    near = _near(global_k.shape[2], window, q.device)
    y = _attend_seen(_blocks(q, window), keys, own, near)
    return y.unflatten(0, (batch, query // window)).transpose(1, 2).flatten(2, 3)


def _blocks(x: Tensor, window: int) -> Tensor:
    """Turn ``[batch, head, token, dim]`` into ``[batch * block, head, window, dim]``."""
    return x.unflatten(2, (-1, window)).transpose(1, 2).flatten(0, 1)


def _with_neighbours(x: Tensor, everywhere: Tensor, window: int) -> Tensor:
    """Return for each block but the first and last: the globals, the block before, it, the next."""
    blocks = x.unflatten(2, (-1, window)).transpose(1, 2)
    num = blocks.shape[1] - 2
    parts = [everywhere[:, None].expand(-1, num, -1, -1, -1)]
    parts += [blocks[:, shift : shift + num] for shift in range(3)]
    return torch.cat(parts, dim=3).flatten(0, 1)


def _near(num_global: int, window: int, device: torch.device) -> Bool[Tensor, "query token"]:
    """Return which of the globals and three blocks lie within reach of the middle block."""
    place = torch.arange(3 * window, device=device)
    band = (place[window : 2 * window, None] - place[None]).abs() <= window
    return torch.cat([band.new_ones(window, num_global), band], dim=1)


def _attend_seen(
    q: Float[Tensor, "batch head query dim"],
    keys: _Keys,
    label: Int[Tensor, "batch query"],
    near: Bool[Tensor, "query token"],
) -> Float[Tensor, "batch head query dim"]:
    """Attend to near keys that bear the query's own label or `REGISTER`; zeros where none do."""
    theirs = keys.label[:, None, :]
    seen = ((theirs == label[:, :, None]) | (theirs == REGISTER)) & near
    # A softmax over nothing is NaN, in the gradient too: who sees nobody looks everywhere instead,
    # and its result is dropped.
    blind = ~seen.any(-1, keepdim=True)
    y = attend(q, keys.k, keys.v, (seen | blind)[:, None])
    return y.masked_fill(blind[:, None], 0.0)


def pack(
    tokens: Tokens, column: Int[Tensor, " token"]
) -> tuple[Tokens, Int[Tensor, "batch token"], Int[Tensor, "batch token"]]:
    """Move each row's real tokens to the front, in order, so that padding takes up no reach.

    Returns:
        The tokens, the column of each, and for each its former place: give it to `unpack`.
    """
    order = (~tokens.mask).int().argsort(dim=1, stable=True)
    values, positions = _take(tokens.values, order), _take(tokens.positions, order)
    return Tokens(values, tokens.mask.gather(1, order), positions), column[order], order


def unpack(
    values: Float[Tensor, "batch token dim"], order: Int[Tensor, "batch token"]
) -> Float[Tensor, "batch token dim"]:
    """Undo `pack`."""
    return _take(values, order.argsort(dim=1))


def _take(x: Tensor, places: Int[Tensor, "batch token"]) -> Tensor:
    """Return the tokens at `places`; `expand` spares the index that `take_along_dim` writes out."""
    return x.gather(1, places[..., None].expand(-1, -1, x.shape[2]))
