"""Adversarial learning: values made in one question, told from true ones by a critic."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from plait.nn.conditions import Conditions
from plait.nn.flow_matching import held_noise
from plait.nn.guidance import Unasked

LATENT = 64
"""Numbers of noise that a value is made from."""

PENALTY, PENALTY_EVERY = 0.1, 4
"""Weight of the squared slopes of the critic, and about how often they are looked at."""


class Adversarial(nn.Module):
    """Learns to make values that a critic does not tell from true ones under the same conditions.

    The critic C compares pairs, and so does the network G that makes values (relativistic pairing:
    Jolicoeur-Martineau 2018, "The Relativistic Discriminator"; Huang et al. 2024, "The GAN is Dead;
    Long Live the GAN!", equations 3 to 5): with ``gap = C(made) - C(true)``, C minimises
    ``softplus(gap)`` and half `PENALTY` of its squared slopes at true and at made values (R1 and R2
    of Mescheder et al. 2018, without which training need not converge), G ``softplus(-gap)``. Both
    learn at once from one loss; slopes are looked at by lot, and count the more (Karras et al.
    2019, "StyleGAN2", section 3.1).

    Args:
        network: From ``latent [batch, LATENT]``, ``told [batch, dim]``, ``memory [batch, token,
            dim]`` and ``mask [batch, token]`` to values.
        critic: From values and ``told [batch, dim]`` to a score of each.
        dim: Of the trunk's tokens, of `told` and of `memory`.
        num_queries: Pooled queries that are told.
    """

    def __init__(
        self, network: nn.Module, critic: nn.Module, *, dim: int, num_queries: int
    ) -> None:
        super().__init__()
        self.network, self.critic = network, critic
        self.unasked = Unasked(num_queries=num_queries, dim=dim)
        self.told = nn.Linear(num_queries * dim, dim)
        self.judged = nn.Linear(num_queries * dim, dim)

    def loss(
        self, conditions: Conditions, values: Float[Tensor, "batch channel *place"]
    ) -> Float[Tensor, " batch"]:
        """Return the losses of the critic and of what makes values, added, of each row.

        Of rows held out it is the second alone, by noise that follows from the row's own value.
        """
        conditions = self.unasked.some(conditions)
        told = self.judged(conditions.pooled.flatten(1))
        if self.training:
            latent = torch.randn(len(values), LATENT, device=values.device)
            return paired_losses(self.critic, values, self._made(conditions, latent), told)
        latent = held_noise(values)[0].flatten(1)
        latent = latent.repeat(1, -(-LATENT // latent.shape[1]))[:, :LATENT]
        made = self._made(conditions, latent)
        return F.softplus(self.critic(values, told) - self.critic(made, told))

    @torch.no_grad()
    def draw(
        self, conditions: Conditions, latent: Float[Tensor, "batch latent"]
    ) -> Float[Tensor, "batch channel *place"]:
        """Return a value of each row, made from its noise."""
        return self._made(self.unasked.some(conditions), latent)

    def _made(self, conditions: Conditions, latent: Tensor) -> Tensor:
        told, tokens = self.told(conditions.pooled.flatten(1)), conditions.tokens
        found: Tensor = self.network(latent, told, tokens.values, tokens.mask)
        return found.float()


def paired_losses(
    critic: nn.Module,
    true: Float[Tensor, "batch channel *place"],
    made: Float[Tensor, "batch channel *place"],
    told: Float[Tensor, "batch dim"],
) -> Float[Tensor, " batch"]:
    """Return the losses of a critic and of what made values, added, of each pair.

    The gradient of the second reaches what made them through the critic, but not the critic itself.
    """
    fixed = {name: one.detach() for name, one in critic.named_parameters()}
    score = critic(true, told)
    loss = F.softplus(critic(made.detach(), told) - score)
    seen = functional_call(critic, fixed, (made, told.detach()))
    loss = loss + F.softplus(score.detach() - seen)
    if float(torch.rand(())) < 1 / PENALTY_EVERY:
        slopes = _slopes(critic, true, told) + _slopes(critic, made, told)
        loss = loss + PENALTY_EVERY * PENALTY / 2 * slopes
    return loss


def _slopes(critic: nn.Module, values: Tensor, told: Tensor) -> Float[Tensor, " batch"]:
    """Return the squared length of the slope of a critic at values."""
    values = values.detach().requires_grad_()
    with torch.autocast(values.device.type, enabled=False):
        score = critic(values, told.float()).sum()
    (slopes,) = torch.autograd.grad(score, values, create_graph=True)
    return slopes.square().flatten(1).sum(1)
