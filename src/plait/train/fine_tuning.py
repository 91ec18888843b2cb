"""Fine-tuning: a pretrained encoder, or only a probe on its frozen vectors, learns a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from plait.backbones.network import Backbone
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.modalities import Codec, find_network
from plait.networks.system import to_tensors
from plait.spacing import even_sample
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.objective import views_of
from plait.train.precision import autocast
from plait.types import Batch, ColumnBatch

MAX_ROWS_PER_CHECK = 256
"""An encoder is slow: its checks during training are on so many rows, evenly spread."""


class Probe(nn.Module):
    """Norm and linear head on a value's pooled vector.

    Args:
        dim: Length of the vectors.
        target: Fitted codec of the target.
    """

    def __init__(self, dim: int, target: Codec) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.head = find_network(target.modality).Target(target, dim)

    def forward(self, vectors: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch output"]:
        latent = self.norm(vectors)[:, None]
        return self.head(latent.expand(-1, self.head.num_queries, -1))


class Tuner(nn.Module):
    """A probe, and the encoder below it where that learns too.

    Its state is what is trained: of an encoder with adapters, only those.

    Args:
        probe: The head.
        backbone: Its column holds the backbone's inputs; None: it holds frozen vectors, the
            pooled one first.
    """

    def __init__(self, probe: Probe, backbone: Backbone | None = None) -> None:
        super().__init__()
        self.probe, self.backbone = probe, backbone

    def forward(self, column: ColumnBatch) -> Float[Tensor, "batch output"]:
        return self.probe(self.pooled(column))

    def pooled(self, column: ColumnBatch) -> Float[Tensor, "batch dim"]:
        """Return each value's pooled vector."""
        if self.backbone is None:
            return column.parts["vectors"][:, 0]
        return self.backbone(column.parts, column.lengths).values[:, 0]

    def train(self, mode: bool = True) -> Tuner:
        """Set training mode; statistics of batch norms stay those of pre-training."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self

    def state_dict(self, *args: Any, **settings: Any) -> dict[str, Any]:  # type: ignore[override]
        """Return what is trained, by name."""
        found = {f"probe.{name}": value for name, value in self.probe.state_dict().items()}
        trained = {} if self.backbone is None else self.backbone.trained_state()
        return found | {f"backbone.{name}": value for name, value in trained.items()}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> None:
        """Put back what `state_dict` returned."""
        self.probe.load_state_dict(_below("probe.", state_dict))
        if self.backbone is not None:
            self.backbone.load_trained_state(_below("backbone.", state_dict))


class FineTuning:
    """An `Objective`: a `Tuner` learns the target of labelled rows.

    Args:
        tuner: What is trained.
        data: Of one column; rows to learn from and to validate on.
        config: Smoothing and class balance are taken from here.
        work: Names what a step computes.
    """

    least_part: int | None = None

    def __init__(self, tuner: Tuner, data: TrainData, config: TrainConfig, work: str) -> None:
        self.module, self.data, self.work = tuner, data, work
        self.prepared, self.columns, self.rows = data.prepared, data.columns, data.rows
        self.views = views_of(self.rows)
        self.shared: tuple[str, ...] = ()
        self._smoothing = config.smoothing
        weights = data.class_weights(config.balance)
        self._weights = None if weights is None else torch.from_numpy(weights)
        self._checked = even_sample(data.rows_validation, MAX_ROWS_PER_CHECK)
        self.num_checked = len(self._checked)

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        column = views[0][self.columns[0]]
        device = column.present.device
        with autocast(precision, device):
            raw = self.module(column)
        truth = torch.from_numpy(self.data.truth[rows]).to(device)
        weights = None if self._weights is None else self._weights.to(device)
        losses = self.module.probe.head.loss(
            raw.float(), truth, smoothing=self._smoothing, weight=weights
        )
        return losses.mean()

    def after_step(self, share: float) -> None:
        """Nothing follows a step."""

    def cost(self) -> float:
        outputs = tuner_outputs(self.module, self.prepared, self.columns[0], self._checked)
        return float(self.data.codec.cost(outputs, self.data.truth[self._checked]).mean())

    def compile(self) -> None:
        """Leave the encoder as it is: compiling takes longer than most fine-tuning."""


def tuner_outputs(
    tuner: Tuner, prepared: Prepared, column: str, rows: np.ndarray, *, batch_size: int = 32
) -> np.ndarray:
    """Return canonical outputs, float32 ``[row, output]``, in the order of `rows`.

    Arguments are those of `tuner_vectors`.
    """
    vectors = tuner_vectors(tuner, prepared, column, rows, batch_size=batch_size)
    device = next(tuner.parameters()).device
    with torch.inference_mode():
        raw = tuner.probe(torch.from_numpy(vectors).to(device))
        outputs: np.ndarray = tuner.probe.head.outputs(raw).float().cpu().numpy()
    return outputs


@torch.inference_mode()
def tuner_vectors(
    tuner: Tuner, prepared: Prepared, column: str, rows: np.ndarray, *, batch_size: int = 32
) -> np.ndarray:
    """Return pooled vectors, float32 ``[row, dim]``, in the order of `rows`.

    Args:
        tuner: Put into evaluation mode and left in it.
        prepared: Where the column is.
        column: Inputs or frozen vectors; all `rows` have a value.
        rows: Different row numbers, at least one.
        batch_size: Rows at a time.
    """
    tuner.eval()
    device = next(tuner.parameters()).device
    loader = Loader(prepared, rows, [column], batch_size=batch_size, bucket=True)
    found: dict[int, np.ndarray] = {}
    for batch_rows, arrays in loader.epoch(0):
        vectors = tuner.pooled(to_tensors(arrays, device)[column]).float().cpu().numpy()
        found |= zip(batch_rows.tolist(), vectors, strict=True)
    return np.stack([found[row] for row in rows.tolist()])


def _below(prefix: str, state: Mapping[str, Any]) -> dict[str, Any]:
    return {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
