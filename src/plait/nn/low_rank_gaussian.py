"""A Gaussian over many numbers that vary together in a few ways, and each a little by itself."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor


def negative_log_likelihood(
    gap: Float[Tensor, "batch number"],
    log_scale: Float[Tensor, "batch number"],
    shapes: Float[Tensor, "batch number rank"],
    known: Float[Tensor, "batch number"],
) -> Float[Tensor, " batch"]:
    """Return minus the log-likelihood of each row, in nats, under ``N(mean, D + V V^T)``.

    By the matrix inversion and determinant lemmas, in time linear in the numbers (Salinas et al.
    2019, "High-dimensional multivariate forecasting with low-rank Gaussian copula processes").

    Args:
        gap: Truth minus mean.
        log_scale: Half the logarithm of D.
        shapes: V.
        known: 1 where there is a truth, 0 where the number does not count.
    """
    weight = known * torch.exp(-2 * log_scale)
    rank = shapes.shape[-1]
    weighted = shapes * weight[..., None]
    inner = torch.eye(rank, device=gap.device) + shapes.transpose(1, 2) @ weighted
    factor = torch.linalg.cholesky(inner)
    along = torch.linalg.solve_triangular(
        factor, (weighted.transpose(1, 2) @ gap[..., None]), upper=False
    )[..., 0]
    squares = (weight * gap**2).sum(1) - (along**2).sum(1)
    log_determinant = 2 * (known * log_scale).sum(1)
    log_determinant = log_determinant + 2 * factor.diagonal(dim1=1, dim2=2).log().sum(1)
    return 0.5 * (squares + log_determinant + known.sum(1) * math.log(2 * math.pi))
