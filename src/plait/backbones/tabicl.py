"""Asks a TabICL network: rows with their targets, and rows without, in one pass and no training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import nn

from plait.backbones.folder import CheckpointError
from plait.backbones.table_model import TableModel
from plait.errors import ExtraError

NUM_VIEWS = 4
"""Orders of the features, and of the classes, that answers are averaged over."""

TEMPERATURE = 0.9
"""Of the softmax, as the package has it."""

QUANTILES = [0.05, 0.5, 0.95]
CHUNK_ROWS = 1024
"""Rows that are asked about at once, each time with all that were told."""

PARTS = ("COL_CONFIG", "ROW_CONFIG", "ICL_CONFIG")


def load_tabicl(model: TableModel) -> nn.Module:
    """Load a network by the package tabicl (Qu et al. 2025, "TabICL"), which holds its code.

    Raises:
        ExtraError: That is not installed.
        CheckpointError: Settings or weights are not those of such a network.
    """
    try:
        from tabicl._model.tabicl import TabICL
    except ImportError:
        raise ExtraError("tabular", "a tabular foundation model") from None
    try:
        network: nn.Module = TabICL(**model.settings)
        network.load_state_dict(model.tensors())
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            "the checkpoint's weights do not fit its settings",
            expected="settings and weights of a network of the package tabicl",
            received=f"{type(error).__name__}: {error}",
            path=model.folder,
        ) from None
    return network.eval()


def class_probabilities(
    network: nn.Module,
    table: Float[np.ndarray, "row feature"],
    truth: Int[np.ndarray, " row"],
    asked: Float[np.ndarray, "other feature"],
) -> Float[np.ndarray, "other class"]:
    """Return probabilities of the classes 0 ... n - 1, all of which occur in `truth`."""
    num = int(truth.max()) + 1
    found = []
    for rows in _chunks(asked):
        total = torch.zeros(len(rows), num)
        for view, order in enumerate(_orders(table.shape[1])):
            x = torch.from_numpy(np.concatenate([table, rows])[:, order])[None]
            y = torch.from_numpy((truth + view) % num).float()[None]
            with torch.inference_mode():
                told = network(X=x, y_train=y, return_logits=True, inference_config=_plainly())
            total += told[0, :, (torch.arange(num) + view) % num].float()
        found.append(torch.softmax(total / NUM_VIEWS / TEMPERATURE, dim=1).numpy())
    return np.concatenate(found)


def number_quantiles(
    network: Any,
    table: Float[np.ndarray, "row feature"],
    truth: Float[np.ndarray, " row"],
    asked: Float[np.ndarray, "other feature"],
) -> Float[np.ndarray, "other 4"]:
    """Return mean, and 5, 50 and 95 % quantile, of numbers; `truth` has mean 0 and spread 1."""
    found = []
    for rows in _chunks(asked):
        total = torch.zeros(len(rows), 4)
        for order in _orders(table.shape[1]):
            x = torch.from_numpy(np.concatenate([table, rows])[:, order])[None]
            with torch.inference_mode():
                told = network.predict_stats(
                    x,
                    torch.from_numpy(truth)[None],
                    output_type=["mean", "quantiles"],
                    alphas=QUANTILES,
                    inference_config=_plainly(),
                )
            total += torch.cat([told["mean"][0, :, None], told["quantiles"][0]], dim=1).float()
        found.append((total / NUM_VIEWS).numpy())
    return np.concatenate(found)


def _chunks(asked: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(asked), CHUNK_ROWS):
        yield asked[first : first + CHUNK_ROWS]


def _orders(num_features: int) -> list[np.ndarray]:
    """Return the same orders each time, the given one first."""
    rng = np.random.default_rng(0)
    every = np.arange(num_features)
    return [every, *(rng.permutation(every) for _ in range(NUM_VIEWS - 1))]


def _plainly() -> Any:
    """Return how the package is to work: on the processor, in float32, all in memory."""
    from tabicl import InferenceConfig

    config = InferenceConfig()
    plain = {"device": "cpu", "use_amp": False, "use_fa3": False, "offload": False}
    config.update_from_dict({part: plain for part in PARTS})
    return config
