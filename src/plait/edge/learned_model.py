"""A model that answers as its bundle does, and what was learned beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.edge.learned import Learned
from plait.errors import UsageError
from plait.modalities import Asked
from plait.model.ensemble import Ensemble
from plait.model.model import Model


@dataclass
class LearnedEnsemble(Ensemble):
    """A mix whose outputs are corrected.

    Attributes:
        learned: The correction; its new classes are the last ones of the target.
    """

    learned: Learned | None = None

    def outputs(
        self, prepared: Prepared, rows: np.ndarray, asked: Asked | None = None
    ) -> np.ndarray:
        if self.learned is None:
            return super().outputs(prepared, rows, asked)
        outputs, points = self.outputs_and_points(prepared, rows)
        features = self.learned.rehearsal.features(outputs, points)
        return self.learned.apply(features, outputs)

    def files(self) -> dict[str, bytes]:
        raise UsageError(
            "what a device learned is no part of a bundle",
            expected="a bundle as it was fitted, and a delta beside it",
            hint="learner.save(PATH) writes the delta",
        )


def learned_model(model: Model, learned: Learned) -> Model:
    """Return a model with a correction; itself, where nothing was learned."""
    if not learned:
        return model
    ensemble = model.ensemble
    own: dict[str, Any] = {one.name: getattr(ensemble, one.name) for one in fields(Ensemble)}
    if learned.new_labels:
        labels = (*own["target"].labels, *learned.new_labels)
        own |= {"target": replace(own["target"], labels=labels), "decision": None}
    return replace(model, parts=LearnedEnsemble(**own, learned=learned))
