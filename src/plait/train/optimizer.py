"""Muon for hidden matrices and kernels, AdamW for all else, as one thing that steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from plait.nn.low_rank import LowRankLinear
from plait.train.checkpoint import pack, pack_optimizer, unpack, unpack_optimizer
from plait.train.config import TrainConfig

NUM_ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)

APART = frozenset({"first", "head"})
"""Names of layers that see raw values or answer: their matrices are no maps between features."""


class Muon(torch.optim.Optimizer):
    """Steepest descent in the spectral norm: momentum, made orthogonal before it is added.

    ``B = m B + G``, then ``W = (1 - rate decay) W - rate s O(G + m B)``, where s is
    ``sqrt(max(1, rows / columns))`` and O brings all singular values near 1 (`orthogonal`). Kernels
    count as matrices ``[out, in * places]``. All matrices of one shape take their step together.
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".

    Args:
        parameters: Matrices and kernels.
        lr: Length of a step.
        momentum: m.
        weight_decay: Decoupled, times the rate.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step; parameters without a gradient are left alone."""
        for group in self.param_groups:
            shapes: dict[tuple[int, int], list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    matrix = parameter.flatten(1)
                    shapes.setdefault((matrix.shape[0], matrix.shape[1]), []).append(parameter)
            for shape, parameters in shapes.items():
                self._step_together(parameters, shape, group)

    def _step_together(
        self, parameters: list[Tensor], shape: tuple[int, int], group: Mapping[str, Any]
    ) -> None:
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        buffers = []
        for parameter in parameters:
            state = self.state[parameter]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(parameter)
            buffers.append(state["momentum"])
        torch._foreach_mul_(buffers, group["momentum"])
        torch._foreach_add_(buffers, gradients)
        ahead = torch._foreach_add(gradients, buffers, alpha=group["momentum"])
        steps = orthogonal(torch.stack([one.flatten(1) for one in ahead]))
        rate = group["lr"]
        torch._foreach_mul_(parameters, 1 - rate * group["weight_decay"])
        length = rate * max(1.0, shape[0] / shape[1]) ** 0.5
        moved = [one.view_as(p) for one, p in zip(steps.unbind(0), parameters, strict=True)]
        torch._foreach_add_(parameters, moved, alpha=-length)


def orthogonal(
    matrices: Float[Tensor, "matrix row column"],
) -> Float[Tensor, "matrix row column"]:
    """Return matrices of the same singular vectors, all singular values within about 0.7 to 1.2.

    Five steps of a Newton-Schulz iteration, whose coefficients rather rise fast at 0 than end at 1
    (Jordan et al. 2024).
    """
    a, b, c = COEFFICIENTS
    wide = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if wide else matrices
    x = x / x.flatten(1).norm(dim=1).clamp(min=1e-7)[:, None, None]
    for _ in range(NUM_ITERATIONS):
        gram = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.transpose(1, 2) if wide else x


class Optimizer:
    """Two optimizers that go by one schedule: `Muon` and AdamW.

    Args:
        module: What is trained; parameters without gradient are left alone.
        config: Rates and decay; without a `muon_rate`, AdamW takes all.
    """

    def __init__(self, module: nn.Module, config: TrainConfig) -> None:
        hidden = hidden_matrices(module) if config.muon_rate > 0 else []
        numbers = {id(parameter) for parameter in hidden}
        others = [p for p in module.parameters() if p.requires_grad and id(p) not in numbers]
        self._parts: dict[str, tuple[torch.optim.Optimizer, float]] = {}
        if hidden:
            muon = Muon(
                hidden,
                lr=config.muon_rate,
                momentum=config.momentum,
                weight_decay=config.muon_decay,
            )
            self._parts["muon"] = muon, config.muon_rate
        groups: list[dict[str, Any]] = [
            {"params": [p for p in others if p.ndim >= 2], "weight_decay": config.weight_decay},
            {"params": [p for p in others if p.ndim < 2], "weight_decay": 0.0},
        ]
        if others:
            rate = config.learning_rate
            adamw = torch.optim.AdamW(groups, lr=rate, betas=(config.momentum, 0.98), fused=True)
            self._parts["adamw"] = adamw, rate

    def step(self, share: float) -> None:
        """Take one step at a share of the peak rates, and forget the gradients."""
        for optimizer, peak in self._parts.values():
            for group in optimizer.param_groups:
                group["lr"] = peak * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimizer, _ in self._parts.values():
            optimizer.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """Return the state, for a checkpoint."""
        found: dict[str, Tensor] = {}
        for name, (optimizer, _) in self._parts.items():
            found |= pack(name, pack_optimizer(optimizer))
        return found

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` returned."""
        for name, (optimizer, _) in self._parts.items():
            unpack_optimizer(optimizer, unpack(name, tensors))


def hidden_matrices(module: nn.Module) -> list[nn.Parameter]:
    """Return the weights of linear layers and convolutions between features, each once.

    Not those of layers under a name of `APART`, of convolutions of each channel alone, and of
    low-rank corrections.
    """
    apart = {
        id(m) for one in module.modules() if isinstance(one, LowRankLinear) for m in [one.linear]
    }
    found: dict[int, nn.Parameter] = {}
    for path, layer in module.named_modules():
        maps = isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d)
        if not maps or id(layer) in apart or APART & set(path.split(".")):
            continue
        if getattr(layer, "groups", 1) == 1 and layer.weight.requires_grad:
            found[id(layer.weight)] = layer.weight
    return list(found.values())
