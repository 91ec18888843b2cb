"""Maps of flows: where a flow leads by a later time, learned from the flow's own answers."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from plait.nn.conditions import Conditions
from plait.nn.flow_matching import LEAST_LEFT, NUM_WAVES, Flow, as_points, waves
from plait.nn.flow_samplers import points_of

PLACES, MOST_STEPS = 8, 4
"""Even steps that the flow itself is followed by, between which a map's own steps begin and end;
and so many of a map at most: of more the flow's own are as good."""

ROWS_SHARE, LEAST_FOLLOWED = 4, 16
"""One of so many rows is followed, or so many rows if these are more; and so many stretches of the
way of each are learned from."""

STRENGTHS = 1.0, 5.0
"""Of guidance, that are learned."""


class FlowMap(nn.Module):
    """Goes along a guided flow in few questions.

    ``x_s = x_t + (s - t) (D - x_t) / (1 - t)``: the network foresees ``D(x_t, t, s, guidance)``,
    where the straight line from x_t through x_s ends, as the flow's own foresees the value. It
    begins as the flow, and learns where the flow itself, guided, led by s (Luhman and Luhman 2021,
    "Knowledge Distillation in Iterative Generative Models", of any stretch of the way as in Boffi
    et al. 2024, "Flow Map Matching"; the guidance told, as in Meng et al. 2023, "On Distillation of
    Guided Diffusion Models", so that one question is asked where the flow asks two).

    Args:
        flow: Whose network, of the same sizes, it has.
        dim: Of the trunk's tokens.
    """

    learned: Tensor

    def __init__(self, flow: Flow, *, dim: int) -> None:
        super().__init__()
        self.flow = copy.deepcopy(flow)
        self.ahead = nn.Linear(2 * NUM_WAVES + 1, dim)
        for one in self.ahead.parameters():
            nn.init.zeros_(one)
        self.register_buffer("learned", torch.zeros(()))

    def begin(self, flow: Flow) -> None:
        """Begin as a flow that was trained."""
        self.flow.load_state_dict(flow.state_dict())
        self.learned.fill_(1.0)

    def knows(self, steps: int, guidance: float) -> bool:
        """Tell whether it learned to take so many steps, so guided."""
        low, high = STRENGTHS
        return bool(self.learned) and steps <= MOST_STEPS and low <= guidance <= high

    def loss(
        self, flow: Flow, conditions: Conditions, shape: Sequence[int]
    ) -> Float[Tensor, " stretch"]:
        """Return the squared error of the mean velocity over stretches of some rows' ways.

        Args:
            flow: That is followed.
            conditions: Of the rows, of which the first are followed.
            shape: Of a value.
        """
        num, device = len(conditions.pooled), conditions.pooled.device
        num = min(num, max(LEAST_FOLLOWED, num // ROWS_SHARE))
        some = conditions.take(slice(0, num))
        low, high = STRENGTHS
        strengths = low + (high - low) * torch.rand(num, device=device)
        noise = torch.randn(num, *shape, device=device)
        points = points_of(flow.velocity(some, strengths), noise, steps=PLACES)
        rows = torch.arange(num, device=device).repeat(ROWS_SHARE)
        first, last = (one.to(device) for one in stretches(len(rows)))
        start, end = points[first, rows], points[last, rows]
        now, then = first / PLACES, last / PLACES
        seen = [part[rows] for part in self.flow.seen(some, torch.zeros_like(rows[:num]).bool())]
        found = self._ends(seen, start, now, then, strengths[rows])
        left, gone = (as_points(one, start) for one in (1 - now, then - now))
        true = start + left * (end - start) / gone
        return (found - true).square().flatten(1).mean(1) / (1 - now).clamp(min=LEAST_LEFT) ** 2

    @torch.no_grad()
    def draw(
        self,
        conditions: Conditions,
        noise: Float[Tensor, "batch channel *place"],
        *,
        steps: int,
        guidance: float,
    ) -> Float[Tensor, "batch channel *place"]:
        """Return values drawn from noise by so many questions."""
        num, device = len(noise), noise.device
        seen = self.flow.seen(conditions, torch.zeros(num, dtype=torch.bool, device=device))
        strengths = torch.full((num,), guidance, device=device)
        x = noise
        for number in range(steps):
            now, then = (
                torch.full((num,), round(PLACES * place / steps) / PLACES, device=device)
                for place in (number, number + 1)
            )
            ends = self._ends(seen, x, now, then, strengths)
            left, gone = (as_points(one, x) for one in (1 - now, then - now))
            x = x + gone * (ends - x) / left
        return x

    def _ends(
        self, seen: Sequence[Tensor], x: Tensor, now: Tensor, then: Tensor, strengths: Tensor
    ) -> Tensor:
        told = torch.cat([waves(then), strengths[:, None] - 1], 1).to(seen[0].dtype)
        return self.flow.foreseen(seen, x, now, self.ahead(told))


def stretches(num: int) -> tuple[Tensor, Tensor]:
    """Return places on the way where stretches begin and end, int64 ``[stretch]`` each.

    Ways of 1 to `MOST_STEPS` steps are equally frequent, and so are the steps of each.
    """
    steps = torch.randint(1, MOST_STEPS + 1, (num,))
    which = (torch.rand(num) * steps).long().clamp(max=steps - 1)
    first, last = (torch.round(PLACES * one / steps).long() for one in (which, which + 1))
    return first, last
