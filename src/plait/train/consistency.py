"""Rows without a target: what a network is sure of, it is to say of their variations too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from plait.networks.system import System, drop_columns, presence
from plait.train.objective import View
from plait.train.precision import autocast
from plait.types import Batch

TIMES = 2
"""Rows without a target for each with one, in a step."""

SURE, SHARPNESS = 0.7, 2.0
"""From which probability on an answer is taken for a target, and the power that it is raised to."""


PRIOR_ROWS = 64
"""So many rows whose answers would be shared out as targets are count beside those of a batch."""


def views_beside(unlabelled: np.ndarray) -> tuple[View, ...]:
    """Return two views of rows without a target, as they are and varied; none where there are none.

    Args:
        unlabelled: Row numbers.
    """
    if not len(unlabelled):
        return ()
    plain = View(unlabelled, times=TIMES, plain_epochs=None)
    return plain, View(unlabelled, times=TIMES, number=1)


def consistency(
    system: System,
    forward: Callable[..., dict[str, Tensor]],
    plain: Batch,
    varied: Batch,
    precision: str,
    prior: Tensor,
) -> Tensor:
    """Return the mean loss of varied rows whose targets are what the network says of them as they
    are, where it is sure, made surer: a scalar.

    Pseudo-labels of weakly changed inputs for strongly changed ones (Sohn et al. 2020, "FixMatch"),
    soft and sharpened (Berthelot et al. 2019, "MixMatch", equation 7): with few labels the class
    that is likeliest is often wrong, and then the others tell more. Classes are answered about as
    often as they are targets, see `aligned`. Each head learns from itself.

    Args:
        system: Of a target of classes.
        forward: Its forward pass.
        plain, varied: The same rows; of the varied ones columns are hidden too.
        precision: Number format of the passes.
        prior: Share of each class among the targets, ``[class]``, none of them 0.
    """
    there = presence(varied, system.encoder.columns)
    keep = drop_columns(there.cpu(), system.config.drop_column).to(there.device)
    trained = system.training
    system.eval()
    with torch.no_grad(), autocast(precision, there.device):
        said = {name: aligned(raw.float(), prior) for name, raw in system(plain).items()}
    system.train(trained)
    with autocast(precision, there.device):
        raw = forward(varied, keep)
    sure = {name: (one.softmax(-1).amax(-1) >= SURE).float() for name, one in said.items()}
    sharper = {name: SHARPNESS * one for name, one in said.items()}
    return system.distances(raw, sharper, sure).mean()


def aligned(said: Tensor, prior: Tensor) -> Tensor:
    """Return log-odds ``[row, class]`` whose mean shares are nearer to the prior than before.

    A network that learns from its own answers gives more and more of them to the classes it finds
    easy; their shares are divided by how often they are answered (Berthelot et al. 2020,
    "ReMixMatch", section 3.1), here in the batch itself with `PRIOR_ROWS` rows as foreseen.

    Args:
        said: Log-odds, float32 ``[row, class]``.
        prior: Share of each class, ``[class]``, none of them 0.
    """
    foreseen = PRIOR_ROWS * prior
    mean = (said.softmax(-1).sum(0) + foreseen) / (len(said) + PRIOR_ROWS)
    return said + (prior / mean).log()
