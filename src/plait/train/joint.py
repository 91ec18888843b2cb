"""Joint learning: several networks that have their encoder and trunk in common learn together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from plait.baselines.evidence_column import EVIDENCE
from plait.networks.embedded import Embedded
from plait.networks.system import to_tensors
from plait.train.data_parallel import LEAST_ROWS
from plait.train.objective import Objective, views_of
from plait.train.precision import autocast
from plait.types import Batch


class Joint:
    """An `Objective`: each network learns its own target, on those rows of a batch that have it.

    The loss is the mean of the targets' losses, each summed over the rows that have that target and
    divided by the rows of the batch: a row that lacks one still teaches the others. What the
    networks have in common is one module, held by each of them.

    Args:
        objectives: Of one target each, over the same prepared rows and the same input columns, but
            for what each network is told by simple models.
    """

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.objectives = objectives
        self.module = nn.ModuleList(one.module for one in objectives)
        self.prepared = objectives[0].prepared
        self.columns = tuple(name for name in objectives[0].columns if name != EVIDENCE)
        self.rows = np.unique(np.concatenate([one.rows for one in objectives]))
        self.shared = objectives[0].shared
        self.views = views_of(self.rows)
        self.least_part: int | None = min(one.least_part or LEAST_ROWS for one in objectives)
        self.num_checked = sum(one.num_checked for one in objectives)
        self._lined = any(getattr(one.module, "lined", False) for one in objectives)

    @property
    def work(self) -> str:
        return " ".join(one.work for one in self.objectives)

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        batch, found = self._embedded(views[0], precision), []
        for one in self.objectives:
            own = np.flatnonzero(np.isin(rows, one.rows))
            if len(own):
                part = _own_view(one, batch, rows, own)
                share = len(own) / len(rows)
                found.append(share * one.loss(rows[own], (part,), precision))
        return torch.stack(found).sum() / len(self.objectives)

    def _embedded(self, batch: Batch, precision: str) -> dict[str, Embedded]:
        """Return the columns with their tokens, which stems make once for all targets."""
        device = next(iter(batch.values())).present.device
        encoder: Any = self.objectives[0].module.encoder
        with autocast(precision, device):
            tokens, maps = encoder.tokens(batch), encoder.maps(batch)
            lines = encoder.lines(batch) if self._lined else {}
        return {
            name: Embedded(
                {},
                {},
                batch[name].present,
                tokens=found,
                map=maps.get(name),
                line=lines.get(name),
                letters=encoder.letters(batch, name),
            )
            for name, found in tokens.items()
        }

    def after_step(self, share: float) -> None:
        for one in self.objectives:
            one.after_step(share)

    def cost(self) -> float:
        """Return the mean of the targets' costs: none has a unit."""
        checked = [one.cost() for one in self.objectives if one.num_checked]
        return sum(checked) / len(checked)

    def compile(self) -> None:
        for one in self.objectives:
            one.compile()


def _own_view(
    one: Objective, batch: Mapping[str, Embedded], rows: np.ndarray, own: np.ndarray
) -> Batch:
    """Return the rows of a batch that an objective learns from, and what its network is told."""
    device = next(iter(batch.values())).present.device
    places = torch.from_numpy(own).to(device)
    found: Batch = {name: column.take(places) for name, column in batch.items()}
    if EVIDENCE in one.columns:
        told = one.prepared.columns[EVIDENCE].gather(rows[own])
        found |= to_tensors({EVIDENCE: told}, device)
    return found
