"""The low-rank Gaussian has the likelihood of the full one, of what is known alone."""

from __future__ import annotations

import torch
from torch.distributions import MultivariateNormal

from plait.nn.low_rank_gaussian import negative_log_likelihood


def test_it_is_the_likelihood_of_the_whole_covariance():
    torch.manual_seed(0)
    gap, log_scale = torch.randn(3, 7).double(), 0.5 * torch.randn(3, 7).double()
    shapes = torch.randn(3, 7, 2).double()
    found = negative_log_likelihood(
        gap.float(), log_scale.float(), shapes.float(), torch.ones(3, 7)
    )
    covariance = torch.diag_embed(torch.exp(2 * log_scale)) + shapes @ shapes.transpose(1, 2)
    expected = -MultivariateNormal(torch.zeros(7).double(), covariance).log_prob(gap)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


def test_what_is_not_known_does_not_count():
    torch.manual_seed(1)
    gap, log_scale, shapes = torch.randn(2, 6), torch.randn(2, 6), torch.randn(2, 6, 3)
    known = torch.tensor([[1.0, 1, 0, 1, 0, 1]]).repeat(2, 1)
    kept = known[0] > 0
    found = negative_log_likelihood(gap, log_scale, shapes, known)
    alone = negative_log_likelihood(
        gap[:, kept], log_scale[:, kept], shapes[:, kept], torch.ones(2, 4)
    )
    torch.testing.assert_close(found, alone)
