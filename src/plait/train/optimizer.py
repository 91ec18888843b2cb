"""Muon for hidden matrices and kernels, AdamW for all else, as one thing that steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    count as matrices ``[out, in * places]``.
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
            parameters = [one for one in group["params"] if one.grad is not None]
            if parameters:
                self._step_together(parameters, group)

    def _step_together(self, parameters: list[Tensor], group: Mapping[str, Any]) -> None:
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
        found = orthogonal([one.flatten(1) for one in ahead])
        steps = [step.view_as(one) for step, one in zip(found, parameters, strict=True)]
        rate = group["lr"]
        torch._foreach_mul_(steps, [-rate * _scale(one) for one in parameters])
        torch._foreach_mul_(parameters, 1 - rate * group["weight_decay"])
        torch._foreach_add_(parameters, steps)


def _scale(parameter: Tensor) -> float:
    rows = parameter.shape[0]
    return max(1.0, rows * rows / parameter.numel()) ** 0.5


def orthogonal(matrices: Sequence[Float[Tensor, "row column"]]) -> list[Tensor]:
    """Return matrices of the same singular vectors, all singular values within about 0.7 to 1.2.

    Five steps of a Newton-Schulz iteration, whose coefficients rather rise fast at 0 than end at 1
    (Jordan et al. 2024). Each is ``X <- P X`` with a polynomial P of ``G = X X^T``, so that all of
    them commute: G is followed by itself, ``G <- P G P``, and X is multiplied once, by the product
    of them all. Matrices that have their shorter side alike take these steps together, whatever the
    longer one is.
    """
    wide = [one.T if one.shape[0] > one.shape[1] else one for one in matrices]
    norms = torch._foreach_norm(wide)
    torch._foreach_clamp_min_(norms, 1e-7)
    wide = list(torch._foreach_div(wide, norms))
    sides: dict[int, list[int]] = {}
    for number, one in enumerate(wide):
        sides.setdefault(one.shape[0], []).append(number)
    for numbers in sides.values():
        maps = _polynomial(torch.stack([wide[number] @ wide[number].T for number in numbers]))
        for number, one in zip(numbers, maps.unbind(0), strict=True):
            wide[number] = one @ wide[number]
    turned = zip(wide, matrices, strict=True)
    return [x.T if one.shape[0] > one.shape[1] else x for x, one in turned]


def _polynomial(gram: Float[Tensor, "matrix row row"]) -> Float[Tensor, "matrix row row"]:
    """Return what five steps multiply matrices with, by their products with themselves."""
    product = one = _step(gram)
    for _ in range(NUM_ITERATIONS - 1):
        gram = one @ gram @ one
        one = _step(gram)
        product = one @ product
    return product


def _step(gram: Float[Tensor, "matrix row row"]) -> Float[Tensor, "matrix row row"]:
    a, b, c = COEFFICIENTS
    found = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    found.diagonal(dim1=1, dim2=2).add_(a)
    return found


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
