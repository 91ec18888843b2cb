"""Prompt tuning: a few learned tokens before a class's name, all else frozen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from plait.data.collation import collate
from plait.networks.space import Space
from plait.networks.system import to_tensors
from plait.nn.tokens import Tokens

NUM_STEPS, LEARNING_RATE, PULL = 120, 0.05, 1.0


def tune_prompts(
    space: Space,
    column: str,
    codec: object,
    names: Sequence[str],
    points: np.ndarray,
    truth: np.ndarray,
    *,
    scale: float,
    num_context: int = 4,
    seed: int = 0,
) -> np.ndarray:
    """Return a unit vector per class, float32 ``[class, dim]``, of its name behind learned tokens.

    The tokens are shared by all classes and learned by cross-entropy over labelled rows (Zhou et
    al. 2022, CoOp, equation 3), while class vectors are pulled to those of the plain names, so
    that a few rows cannot lead far astray.

    Args:
        space: The network; left as it is.
        column: A text column that is read by its own stem.
        codec: The column's codec.
        names: Class names.
        points: Unit vectors of labelled rows ``[row, dim]``.
        truth: Their classes ``[row]``.
        scale: Of cosines in the softmax.
        num_context: Learned tokens.
        seed: Of their first values.
    """
    space.eval()
    values = [codec.prepare(name) for name in names]  # type: ignore[attr-defined]
    batch = to_tensors({column: collate(values, codec.layout)})  # type: ignore[attr-defined]
    with torch.no_grad():
        tokens = space.encoder.tokens(batch, [column])[column]
    draw = torch.Generator().manual_seed(seed)
    context = torch.randn(num_context, tokens.values.shape[-1], generator=draw) * 0.02
    context.requires_grad_(True)
    with torch.no_grad():
        plain = _vectors(space, column, tokens)
    rows, goal = torch.from_numpy(points), torch.from_numpy(truth)
    optimizer = torch.optim.Adam([context], lr=LEARNING_RATE)
    for _ in range(NUM_STEPS):
        vectors = _vectors(space, column, _behind(context, tokens))
        loss = F.cross_entropy(scale * rows @ vectors.T, goal)
        loss = loss + PULL * (1 - (vectors * plain).sum(-1)).mean()
        context.grad = torch.autograd.grad(loss, context)[0]
        optimizer.step()
    with torch.no_grad():
        return _vectors(space, column, _behind(context, tokens)).numpy()


def _behind(context: Tensor, tokens: Tokens) -> Tokens:
    """Put the learned tokens before every sequence, at places before the first."""
    batch, num = len(tokens.mask), len(context)
    places = tokens.positions.new_zeros(batch, num, 2)
    places[..., 0] = torch.arange(-num, 0)
    return Tokens(
        torch.cat([context.expand(batch, -1, -1), tokens.values], 1),
        torch.cat([tokens.mask.new_ones(batch, num), tokens.mask], 1),
        torch.cat([places, tokens.positions], 1),
    )


def _vectors(space: Space, column: str, tokens: Tokens) -> Tensor:
    input_column = next(name for name, columns in space.input_columns.items() if column in columns)
    keep = torch.zeros(len(tokens.mask), len(space.encoder.columns), dtype=torch.bool)
    keep[:, space.encoder.columns.index(column)] = True
    return space.input_column_vectors({column: tokens}, keep, input_column)
