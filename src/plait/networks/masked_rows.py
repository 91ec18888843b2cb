"""A network of whole rows: it guesses every hidden variable of a row from whichever are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from plait.networks.weights import SavedRows
from plait.whole_rows.columns import Variable
from plait.whole_rows.drawing import drawn

NETWORK = "network"
CHUNK_ROWS = 1024


class MaskedRows(nn.Module):
    """Shares of the codes of all variables, in sight of some of them.

    An order-agnostic autoregressive model (Uria et al. 2014; Hoogeboom et al. 2022): as it answers
    every set of known variables, rows are drawn one variable after the other in any order, and
    whatever a person gives comes first. Each variable is an embedding, with a place for "not
    known"; a residual perceptron joins them. Codes in an order begin at waves of their rank, so
    that neighbours are alike from the start.

    Args:
        variables: Of a row.
        width: Of the residual stream.
        depth: Its blocks.
        dim: Of each variable's embedding.
    """

    def __init__(self, variables: Sequence[Variable], *, width: int, depth: int, dim: int) -> None:
        super().__init__()
        self.sizes = [one.size for one in variables]
        tables = [nn.Embedding(size + 1, dim) for size in self.sizes]
        for table, variable in zip(tables, variables, strict=True):
            if variable.ordered:
                with torch.no_grad():
                    table.weight[1:-1] += _waves(variable.size - 1, dim)
        self.tables = nn.ModuleList(tables)
        self.enter = nn.Linear(dim * len(self.sizes), width)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, sum(self.sizes))

    def forward(self, codes: Tensor, known: Tensor) -> list[Tensor]:
        """Return logits ``[row, code]`` of each variable.

        Args:
            codes: int64 ``[row, variable]``.
            known: bool ``[row, variable]``; what is not known is not looked at.
        """
        hidden = torch.tensor(self.sizes, device=codes.device)
        seen = torch.where(known, codes, hidden)
        parts = [table(seen[:, place]) for place, table in enumerate(self.tables)]
        x = self.enter(torch.cat(parts, 1))
        for block in self.blocks:
            x = block(x)
        return list(self.leave(self.norm(x)).split(self.sizes, 1))

    def losses(self, codes: Tensor, known: Tensor) -> Tensor:
        """Return minus the log-likelihood of each variable that is not known, else 0, in nats."""
        found = [
            F.cross_entropy(logits.float(), codes[:, place], reduction="none")
            for place, logits in enumerate(self(codes, known))
        ]
        return torch.stack(found, 1) * ~known

    @torch.no_grad()
    def begin_at(self, shares: Sequence[np.ndarray]) -> None:
        """Let it begin at how often each code occurs by itself, ``[code]`` of each variable."""
        self.leave.weight.mul_(0.1)
        self.leave.bias.copy_(torch.from_numpy(np.log(np.concatenate(shares))).float())


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.narrow(F.gelu(self.widen(self.norm(x))))
        return x + changed


class NetworkOfRows:
    """Draws rows by a trained network; a `plait.whole_rows.drawing.RowDrawer`.

    Args:
        network: Put into evaluation mode and left in it.
        saved: What it is saved as.
    """

    name: ClassVar[str] = NETWORK

    def __init__(self, network: MaskedRows, saved: SavedRows) -> None:
        self._network, self._saved = network.eval(), saved

    @torch.inference_mode()
    def draw(
        self, codes: np.ndarray, given: np.ndarray, places: np.ndarray, temperature: float
    ) -> np.ndarray:
        found, known = torch.from_numpy(codes.copy()), torch.from_numpy(given.copy())
        for place in range(codes.shape[1]):
            if given[:, place].all():
                continue
            shares = self._network(found, known)[place].double().softmax(1).numpy()
            made = torch.from_numpy(drawn(shares, places[:, place], temperature))
            found[:, place] = torch.where(known[:, place], found[:, place], made)
            known[:, place] = True
        return found.numpy()

    @torch.inference_mode()
    def log_likelihood(self, codes: np.ndarray) -> np.ndarray:
        total = np.zeros(len(codes))
        for first in range(0, len(codes), CHUNK_ROWS):
            rows = torch.from_numpy(codes[first : first + CHUNK_ROWS])
            known = torch.zeros_like(rows, dtype=torch.bool)
            for place in range(rows.shape[1]):
                logits = self._network(rows, known)[place].double()
                costs = F.cross_entropy(logits, rows[:, place], reduction="none")
                total[first : first + CHUNK_ROWS] -= costs.numpy()
                known[:, place] = True
        return total

    def arrays(self) -> Mapping[str, np.ndarray]:
        return self._saved.tensors


def build_rows(saved: SavedRows) -> NetworkOfRows:
    """Return the drawer of a saved network."""
    network = MaskedRows(saved.variables, **saved.sizes)
    tensors = {name: torch.from_numpy(array.copy()) for name, array in saved.tensors.items()}
    network.load_state_dict(tensors)
    return NetworkOfRows(network, saved)


def _waves(num: int, dim: int) -> Tensor:
    """Return cosines of ranks in [0, 1], ``[rank, dim]``, from half a wave to `dim` half waves."""
    ranks = (torch.arange(num) + 0.5) / max(num, 1)
    return torch.cos(torch.pi * ranks[:, None] * torch.arange(1, dim + 1))
