"""Networks of torch as runners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from plait.baselines.start import START
from plait.data.prepared import Prepared
from plait.modalities import Asked
from plait.networks.embed import row_vectors
from plait.networks.heads import Heads
from plait.networks.infer import row_outputs
from plait.networks.runner import OUTPUTS, PRESENT, VECTORS, nested
from plait.networks.space import Space
from plait.networks.system import System, to_tensors
from plait.nn.conditions import Conditions
from plait.types import Arrays, Batch, ColumnBatch


class SystemRunner:
    """Runs a network of a predictive target.

    Args:
        system: Put into evaluation mode and left in it.
        device: Where it is.
    """

    def __init__(self, system: System, device: torch.device | str = "cpu") -> None:
        self._system, self._device = system.eval(), device
        self.columns = system.inputs

    @torch.inference_mode()
    def __call__(self, arrays: Arrays) -> Arrays:
        outputs = self._system.outputs(to_tensors(nested(arrays), self._device))
        return {OUTPUTS: _to_numpy(outputs)}


class SpaceRunner:
    """Runs the network of a shared space.

    Args:
        space: Put into evaluation mode and left in it.
        input_column: The only one to be embedded, by its own stems; None for all.
        device: Where the network is.
    """

    def __init__(
        self, space: Space, input_column: str | None = None, device: torch.device | str = "cpu"
    ) -> None:
        self._space, self._input_column, self._device = space.eval(), input_column, device
        self.columns = (
            space.encoder.columns if input_column is None else space.input_columns[input_column]
        )

    @torch.inference_mode()
    def __call__(self, arrays: Arrays) -> Arrays:
        batch = to_tensors(nested(arrays), self._device)
        if self._input_column is None:
            vectors, present = self._space(batch)
        else:
            vectors, present = self._of_one(batch, self._input_column)
        return {VECTORS: _to_numpy(vectors), PRESENT: present.cpu().numpy()}

    def _of_one(self, batch: Batch, input_column: str) -> tuple[torch.Tensor, torch.Tensor]:
        every = self._space.encoder.columns
        there = torch.stack([batch[name].present for name in self.columns], 1)
        keep = torch.zeros(len(there), len(every), dtype=torch.bool, device=there.device)
        keep[:, [every.index(name) for name in self.columns]] = there
        tokens = self._space.encoder.tokens(batch, self.columns)
        return self._space.input_column_vectors(tokens, keep, input_column)[None], keep.any(1)[None]


class HeadsRunner:
    """Draws values of one target of a network that may have several.

    Args:
        network: Put into evaluation mode and left in it.
        target: Which of its targets.
        device: Where it is.
        started: Whether it begins at what a simple model says, which a batch then tells.
    """

    def __init__(
        self,
        network: Heads,
        target: str,
        device: torch.device | str = "cpu",
        *,
        started: bool = False,
    ) -> None:
        self._network, self._target, self._device = network.eval(), target, device
        self.columns = (*network.encoder.columns, *([START] if started else []))

    @torch.inference_mode()
    def draw(
        self, arrays: Arrays, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> Sequence[Arrays]:
        conditions = self._conditions(arrays)
        made: Sequence[Arrays] = self._network.head(self._target).generate(conditions, rngs, asked)
        return made

    @torch.inference_mode()
    def stream(self, arrays: Arrays, rng: np.random.Generator, asked: Asked) -> Iterator[Arrays]:
        yield from self._network.head(self._target).stream(self._conditions(arrays), rng, asked)

    def _conditions(self, arrays: Arrays) -> Conditions:
        batch = to_tensors(nested(arrays), self._device)
        tokens, offered = self._network.encode(batch), self._network.offered(batch)
        return self._network.conditions(self._target, tokens, batch, offered)

    @torch.inference_mode()
    def losses(self, arrays: Arrays, wanted: ColumnBatch) -> np.ndarray:
        batch = to_tensors(nested(arrays), self._device)
        truth = to_tensors({self._target: wanted}, self._device)
        losses = self._network(batch, truth)[self._target]
        return np.asarray(losses.double().cpu().numpy())


def system_outputs(
    system: System,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Return a network's canonical outputs of rows, float32 ``[row, output]``; see `row_outputs`.

    The network is told what its own evidence says.
    """
    runner = SystemRunner(system, device)
    return row_outputs(runner, prepared, rows, evidence=system.evidence, batch_size=batch_size)


def embed_input_columns(
    space: Space,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """Return a space's unit vectors ``[input, row, dim]``, and who has them; see `row_vectors`."""
    runner, shape = SpaceRunner(space, device=device), (len(space.input_columns), space.config.dim)
    return row_vectors(runner, prepared, rows, shape=shape, batch_size=batch_size)


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    return np.asarray(tensor.float().cpu().numpy())
