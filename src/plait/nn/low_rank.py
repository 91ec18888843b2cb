"""Low-rank adaptation: frozen linear layers that learn a small correction, merged afterwards."""

from __future__ import annotations

from collections.abc import Collection

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


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
