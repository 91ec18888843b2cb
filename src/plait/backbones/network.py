"""The network of a checkpoint: one pooled vector and a few local ones per value, as tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from plait.backbones.loading import load_tower
from plait.backbones.preprocessing import Preparation
from plait.backbones.towers import TowerOutput
from plait.errors import UsageError
from plait.nn.low_rank import adapt_linears, corrections, merge_linears
from plait.nn.tokens import Tokens, average_spans, grid_tokens, length_mask, line_positions

if TYPE_CHECKING:
    from plait.backbones.checkpoint import Checkpoint

WAYS = ("frozen", "lora", "full")
LORA_RANK = 8
QUERIES_AND_VALUES = ("q_proj", "v_proj", "query", "value", "q_lin", "v_lin", "q", "v")
"""Names of the linear layers of queries and of values in the architectures known."""


class Backbone(nn.Module):
    """A pretrained encoder, `frozen` or learning further.

    Attributes:
        dim: Length of the vectors.
        preparation: What makes its input of a native codec's Raw.
        how: ``frozen``: nothing learns, always in evaluation mode; ``lora``: adapters of rank 8
            at queries and values learn (Hu et al. 2021); ``full``: everything learns.
        num_local: Most local vectors per value; None: a line, one for every two states in time.
        key: 40 hex digits: content of the checkpoint, as `Checkpoint.key`.
    """

    def __init__(
        self,
        tower: nn.Module,
        *,
        preparation: Preparation,
        dim: int,
        key: str,
        how: str = "frozen",
        num_local: int | None = 8,
    ) -> None:
        super().__init__()
        check_way(how)
        self.tower, self.preparation, self.dim = tower, preparation, dim
        self.how, self.num_local, self.key = how, num_local, key
        if how == "lora":
            _add_adapters(tower)
        elif how == "frozen":
            tower.requires_grad_(False)
        self.train(how != "frozen")

    @classmethod
    def load(
        cls, checkpoint: Checkpoint, *, how: str = "frozen", num_local: int | None = 8
    ) -> Backbone:
        """Load a checkpoint's weights. Raises `CheckpointError` when they do not fit."""
        check_way(how)
        return cls(
            load_tower(checkpoint, frozen=how == "frozen"),
            preparation=checkpoint.preparation,
            dim=checkpoint.dim,
            key=checkpoint.key,
            how=how,
            num_local=num_local,
        )

    def train(self, mode: bool = True) -> Backbone:
        """Set training mode; a frozen backbone stays in evaluation mode."""
        super().train(mode and self.how != "frozen")
        return self

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        """Return the pooled vector at (0, 0), then at most `num_local` local ones, float32.

        Local vectors are means of the hidden states: over spans of equal length in texts and
        sounds, at (1, 0), (2, 0), ...; over the cells of the largest square grid in pictures. Where
        a line is asked for, there are as many as a value has pairs of states in time.

        Args:
            parts: Padded batch of `preparation`'s layout.
            lengths: Of its ragged axes.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.how != "frozen"):
            encoded: TowerOutput = self.tower(parts, lengths)
            local = self._local(encoded)
        first = encoded.pooled.float()[:, None]
        real = torch.ones_like(first[:, :, 0], dtype=torch.bool)
        if local is None:
            return Tokens(first, real, first.new_zeros(len(first), 1, 2))
        return Tokens(
            torch.cat([first, local.values], dim=1),
            torch.cat([real, local.mask], dim=1),
            torch.cat([first.new_zeros(len(first), 1, 2), local.positions], dim=1),
        )

    def trained_state(self) -> dict[str, Tensor]:
        """Return what differs from the checkpoint: nothing, the adapters, or everything."""
        if self.how == "frozen":
            return {}
        return self.state_dict() if self.how == "full" else corrections(self)

    def load_trained_state(self, state: dict[str, Tensor]) -> None:
        """Put back what `trained_state` returned. Raises `UsageError` when it does not fit."""
        expected = {name: value.shape for name, value in self.trained_state().items()}
        found = {name: value.shape for name, value in state.items()}
        if found != expected:
            odd = sorted(n for n in {*expected, *found} if expected.get(n) != found.get(n))
            raise UsageError(
                "the trained weights are not those of this backbone",
                expected=f"{len(expected)} arrays for how='{self.how}'",
                received=f"{len(found)}, of which do not fit: " + ", ".join(odd[:5]),
            )
        self.load_state_dict(state, strict=False)

    def merge(self) -> None:
        """Add what adapters learned to the weights, in place; from now on it is frozen."""
        if self.how == "lora":
            merge_linears(self.tower)
        self.how = "frozen"
        self.tower.requires_grad_(False)
        self.train(False)

    def _local(self, encoded: TowerOutput) -> Tokens | None:
        hidden = encoded.hidden.float()
        if self.num_local is None:
            return _line_of(hidden, encoded.counts)
        if self.num_local < 1:
            return None
        if encoded.grid is None:
            line = average_spans(hidden, encoded.counts, self.num_local)
            return line._replace(positions=line.positions + line.positions.new_tensor([1.0, 0.0]))
        height, width = encoded.grid
        side = int(self.num_local**0.5)
        grid = hidden.transpose(1, 2).unflatten(2, (height, width))
        return grid_tokens(F.adaptive_avg_pool2d(grid, (min(side, height), min(side, width))))


def _line_of(hidden: Float[Tensor, "batch place dim"], counts: Int[Tensor, " batch"]) -> Tokens:
    """Return the mean of every two states in time, at (1, 0), (2, 0), ..."""
    hidden = hidden[:, : int(counts.max())]
    real = length_mask(counts, hidden.shape[1])[:, :, None].to(hidden.dtype)
    odd = hidden.shape[1] % 2
    pairs, num = (
        F.pad(one, (0, 0, 0, odd)).unflatten(1, (-1, 2)).sum(2) for one in (hidden * real, real)
    )
    line = line_positions(pairs / num.clamp_min(1.0), (counts + 1) // 2)
    return line._replace(positions=line.positions + line.positions.new_tensor([1.0, 0.0]))


def check_way(how: str) -> None:
    """Raise `UsageError` unless it is one of `WAYS`."""
    if how not in WAYS:
        raise UsageError("unknown way to use a backbone", expected=", ".join(WAYS), received=how)


def _add_adapters(tower: nn.Module) -> None:
    """Add low-rank corrections to queries and values in place; only they learn."""
    if not adapt_linears(tower, QUERIES_AND_VALUES, rank=LORA_RANK):
        raise UsageError(
            "the backbone has no attention that adapters could be added to",
            expected="frozen or full",
            received="lora",
        )
