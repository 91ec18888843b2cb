"""Trains the network of whole rows within what the budget leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from plait.fitting.setup.work import Work
from plait.networks.masked_rows import MaskedRows, build_rows
from plait.networks.weights import SavedRows, tensors_of
from plait.train.budget import Budget
from plait.train.masked_rows import GuessHidden
from plait.train.result import TrainResult
from plait.train.shown import train_shown
from plait.whole_rows.columns import Variable
from plait.whole_rows.drawing import RowDrawer, shares_of

SIZES = ((2_000, 128, 2), (20_000, 192, 3), (10**12, 256, 3))
"""Up to so many rows the network is so wide and so deep; what is said by `size` goes before."""

DIM = 16
JUDGING_SHARE, JUDGING_SECONDS = 0.35, 4.0
"""What of the time is kept for judging what ships."""


@dataclass(frozen=True)
class Trained:
    """A trained network of whole rows.

    Attributes:
        drawer: Which draws by it.
        saved: As it is kept.
        result: How its training went.
    """

    drawer: RowDrawer
    saved: SavedRows
    result: TrainResult


def train_network(
    variables: Sequence[Variable], codes: Mapping[str, np.ndarray], work: Work
) -> Trained:
    """Train on the codes of ``train`` rows, watched by those of ``validation``."""
    torch.manual_seed(work.seed)
    _, width, depth = next(one for one in SIZES if len(codes["train"]) <= one[0])
    sizes = {"width": width, "depth": depth, "dim": DIM}
    network = MaskedRows(variables, **sizes)
    network.begin_at([shares_of(codes["train"][:, i], v.size) for i, v in enumerate(variables)])
    objective = GuessHidden(
        network, np.concatenate([codes["train"], codes["validation"]]), len(codes["train"])
    )
    result = train_shown(
        objective,
        "network",
        work.progress,
        budget=_budget_left(work),
        config=replace(work.train, augment=False),
        seed=work.seed,
        device=work.device,
        folder=work.folder,
    )
    network.cpu()
    saved = SavedRows(variables=tuple(variables), sizes=sizes, tensors=tensors_of(network))
    return Trained(build_rows(saved), saved, result)


def _budget_left(work: Work) -> Budget:
    """Return what is left when what ships will have been judged."""
    if not work.budget.timed:
        return work.budget
    left = work.timetable.left(JUDGING_SECONDS) or 0.0
    return Budget(max((1 - JUDGING_SHARE) * left, 1.0), "seconds")
