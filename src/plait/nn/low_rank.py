"""Low-rank adaptation: frozen linear layers that learn a small correction, merged afterwards."""

from __future__ import annotations

from collections.abc import Collection

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

STEADY = 4.0
"""How much slower a `LowRank` learns than a fresh layer does."""


class LowRankLinear(nn.Module):
    """``W x + (alpha / rank) B A x`` with W frozen (Hu et al. 2021, LoRA, equation 3).

    B starts at zero, so that the layer starts as the one that it wraps.

    Args:
        linear: The layer to wrap; its weights are frozen.
        rank: Rows of A.
        alpha: Scale of the correction.
    """

    def __init__(self, linear: nn.Linear, *, rank: int = 8, alpha: float = 16.0) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.scale = alpha / rank
        self.down = nn.Parameter(torch.randn(rank, linear.in_features) * linear.in_features**-0.5)
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x: Float[Tensor, "*place dim"]) -> Float[Tensor, "*place out"]:
        return self.linear(x) + self.scale * F.linear(F.linear(x, self.down), self.up)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return the wrapped layer with the correction added to its weights, trainable again."""
        self.linear.weight += self.scale * self.up @ self.down
        return self.linear.requires_grad_(True)


class LowRank(nn.Module):
    """``(alpha / rank) B A x`` alone, to be added to what a frozen layer says (see `Corrected`).

    A and B are kept `STEADY` times as large, and what they say is made as much smaller: a training
    whose rate suits fresh layers then moves what is pretrained in small steps.

    Args:
        num_in, num_out: Of the layer.
        rank: Rows of A.
        alpha: Scale of the correction.
    """

    def __init__(self, num_in: int, num_out: int, *, rank: int, alpha: float = 16.0) -> None:
        super().__init__()
        self.scale = alpha / rank / STEADY**2
        self.down = nn.Parameter(torch.randn(rank, num_in) * STEADY * num_in**-0.5)
        self.up = nn.Parameter(torch.zeros(num_out, rank))

    def forward(self, x: Float[Tensor, "*place dim"]) -> Float[Tensor, "*place out"]:
        return self.scale * F.linear(F.linear(x, self.down), self.up)


class Corrected(nn.Module):
    """A frozen layer that adds a correction kept elsewhere, of whoever uses it now.

    Args:
        linear: The layer; its weights are frozen.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.correction: nn.Module | None = None

    def forward(self, x: Float[Tensor, "*place dim"]) -> Float[Tensor, "*place out"]:
        found: Tensor = self.linear(x)
        return found if self.correction is None else found + self.correction(x)


def correctable(module: nn.Module, names: Collection[str]) -> list[Corrected]:
    """Wrap the linear layers of some names, in place; return them in the order of the module.

    Args:
        module: Its layers are frozen.
        names: The last parts of the layers' paths.
    """
    found = []
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if name in names and isinstance(child, nn.Linear):
                found.append(Corrected(child))
                setattr(parent, name, found[-1])
    return found


def adapt_linears(module: nn.Module, names: Collection[str] | None = None, *, rank: int = 8) -> int:
    """Freeze a module and wrap its linear layers; return how many those are.

    Args:
        module: Changed in place.
        names: Of the layers to wrap, the last part of their paths; None for all.
        rank: See `LowRankLinear`.
    """
    module.requires_grad_(False)
    found = 0
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(parent, LowRankLinear) or (names is not None and name not in names):
                continue
            if isinstance(child, nn.Linear):
                setattr(parent, name, LowRankLinear(child, rank=rank))
                found += 1
    return found


def corrections(module: nn.Module) -> dict[str, Tensor]:
    """Return what wrapped layers learned: path -> weights, as in the module's state."""
    return {
        f"{path}.{part}": getattr(layer, part).detach()
        for path, layer in module.named_modules()
        if isinstance(layer, LowRankLinear)
        for part in ("down", "up")
    }


def merge_linears(module: nn.Module) -> None:
    """Undo `adapt_linears`, keeping what was learned; everything is trainable again."""
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LowRankLinear):
                setattr(parent, name, child.merged())
    module.requires_grad_(True)
