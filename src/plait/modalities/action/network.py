"""Actions as a token; and decided by a causal transformer over returns, states and actions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from plait.modalities.action.codec import ActionCodec
from plait.modalities.target import Asked
from plait.nn.causal import CausalEncoder
from plait.nn.conditions import Conditions
from plait.nn.tokens import Tokens, length_mask, point_positions
from plait.types import Arrays, ColumnBatch


class Embed(nn.Module):
    """A token."""

    def __init__(self, codec: ActionCodec, dim: int) -> None:
        super().__init__()
        self.layer = nn.Linear(codec.space.width, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        return point_positions(self.layer(parts["action"].to(self.layer.weight.dtype))[:, None])


class Generate(nn.Module):
    """Decides by the state of a causal transformer over the last steps (Chen et al. 2021,
    "Decision Transformer").

    Each step is one place, told its return to go, its state and the action before it, where the
    paper has three: each action is told the same, by a third of the places. In training every step
    learns what was done, and the shared trunk's tokens (a picture of the state) are told at the
    last one, for they are of it. Numbers are chosen among bins, where the paper takes their mean:
    episodes of mixed quality do two things in one state, and what lies between may be worse than
    either.

    Args:
        codec: Gives the space of actions, and how many numbers a state has.
        dim: Of the tokens.
    """

    num_queries = 1

    def __init__(self, codec: ActionCodec, dim: int) -> None:
        super().__init__()
        self.space, self.state_width = codec.space, codec.state_width
        width = self.state_width + 2 + self.space.width + 1
        self.first, self.second = nn.Linear(width, dim), nn.Linear(dim, dim)
        self.encoder = CausalEncoder(dim=dim, depth=2, dropout=0.1)
        self.others = nn.Linear(dim, dim)
        choices, bins = self.space.shape
        self.out = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, choices * bins))

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of what was done, in nats, of each choice.

        In training the mean of all steps of the trajectory.
        """
        wanted = target.parts["action"]
        states, last = self._states(conditions)
        column = self._trajectory(conditions)
        if column is None or not self.training or states.shape[1] == 1:
            ends = states[torch.arange(len(last), device=last.device), last]
            return self._cost(ends, wanted)
        every = column.parts["action"].clone()
        every[torch.arange(len(last), device=last.device), last] = wanted.to(every.dtype)
        real = length_mask(last + 1, every.shape[1]) & (column.parts["known"][..., 0] > 0)
        real[torch.arange(len(last), device=last.device), last] = True
        losses = self._cost(states, every) * real
        return losses.sum(1) / real.sum(1)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Decide per row: what is likeliest, or drawn."""
        states, last = self._states(conditions)
        ends = states[torch.arange(len(last), device=last.device), last]
        logits = self._logits(ends).detach().double().cpu().numpy()
        worth = np.ones(1, np.float32)
        return [
            {"action": self.space.choose(one, rng, asked.temperature), "worth": worth}
            for one, rng in zip(logits, rngs, strict=True)
        ]

    def _cost(self, states: Tensor, wanted: Tensor) -> Tensor:
        shares = self.space.shares(wanted.float())
        found: Tensor = -(shares * self._logits(states).log_softmax(-1)).sum((-2, -1))
        return found

    def _logits(self, states: Tensor) -> Tensor:
        choices, bins = self.space.shape
        found: Tensor = self.out(states).float().unflatten(-1, (choices, bins))
        return found

    def _states(self, conditions: Conditions) -> tuple[Tensor, Tensor]:
        """Return the state of each step, ``[batch, time, dim]``, and the place of the last one.

        A row without a trajectory has one step, of which nothing is told but the trunk's tokens.
        """
        pooled, column = conditions.pooled[:, 0], self._trajectory(conditions)
        num = len(pooled)
        if column is None:
            told = pooled.new_zeros(num, 1, self.first.in_features)
            last = torch.zeros(num, dtype=torch.long, device=pooled.device)
        else:
            done = torch.cat([column.parts["action"], column.parts["known"]], -1)
            acted = nn.functional.pad(done, (0, 0, 1, 0))[:, :-1]
            told = torch.cat([column.parts["state"], column.parts["told"], acted], -1)
            told = told * column.present[:, None, None]
            last = torch.where(column.present, column.lengths["time"] - 1, 0)
        hidden = nn.functional.silu(self.first(told.to(self.first.weight.dtype)))
        states = self.encoder(self.second(hidden))
        ends = torch.zeros(states.shape[:2], dtype=states.dtype, device=states.device)
        ends[torch.arange(num, device=last.device), last] = 1.0
        return states + ends[..., None] * self.others(pooled).to(states.dtype)[:, None], last

    def _trajectory(self, conditions: Conditions) -> ColumnBatch | None:
        """Return the first column that is a trajectory of such states and actions."""
        if not self.state_width:
            return None
        for column in (conditions.inputs or {}).values():
            parts = column.parts
            if {"state", "told", "action", "known"} <= parts.keys():
                return column
        return None
