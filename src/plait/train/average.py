"""A moving average of the weights, which generalises better than the last step."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average with a horizon that grows with training.

    ``average += (weights - average) * max(1 / (1 + step), 1 / (share * step))``: an average over
    about the last `share` of the steps, unbiased from the first on (Polyak and Juditsky 1992; the
    growing horizon follows Karras et al. 2023, power-function EMA).

    Args:
        module: Whose trained weights are averaged.
        share: Horizon as a share of the steps so far, in (0, 1].
    """

    def __init__(self, module: nn.Module, *, share: float = 0.05) -> None:
        self.share = share
        self.weights = {k: v.detach().clone() for k, v in module.state_dict().items()}
        self._spare: dict[str, Tensor] | None = None

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after step number `step` (from 1)."""
        rate = min(1.0, max(1.0 / (1 + step), 1.0 / max(self.share * step, 1.0)))
        current = module.state_dict()
        floats = [k for k, v in current.items() if v.is_floating_point()]
        torch._foreach_lerp_([self.weights[k] for k in floats], [current[k] for k in floats], rate)
        for name in current.keys() - set(floats):
            self.weights[name].copy_(current[name])

    def swap_in(self, module: nn.Module) -> None:
        """Put the average into the module, keeping its own weights for `swap_out`."""
        self._spare = {k: v.detach().clone() for k, v in module.state_dict().items()}
        module.load_state_dict(self.weights)

    def swap_out(self, module: nn.Module) -> None:
        """Give the module its own weights back."""
        if self._spare is not None:
            module.load_state_dict(self._spare)
            self._spare = None
