"""What a page is told to learn by: the statistics of a bundle, as text; no row is in them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from plait.errors import TargetError
from plait.model.identity import model_digest
from plait.model.model import Model

FLOATS = ("transform", "centre", "means", "spread", "draws", "outputs")
"""Arrays that are told as base64 of little-endian float32, row by row."""


def learning_facts(model: Model) -> dict[str, Any]:
    """Return the statistics of a model, JSON-ready, and the hashes that deltas are bound to.

    Raises `TargetError` for a model without statistics.
    """
    found = model.ensemble.rehearsal
    if found is None:
        raise TargetError(
            "this model holds no statistics to learn by",
            expected="a bundle that plait compress, or plait export with a table, made",
        )
    classes = found.unit is None
    sizes = {
        "features": found.num_features,
        "raw": len(found.centre),
        "near": found.num_near,
        "outputs": found.outputs.shape[1],
        "corrected": found.outputs.shape[1] if classes else 1,
    }
    return {
        "bundle": model_digest(model),
        "basis": found.digest,
        "target": str(model.target),
        "labels": [str(one) for one in getattr(model.ensemble.target, "labels", ())],
        "unit": found.unit,
        "sizes": sizes,
        "counts": found.counts.tolist(),
        "truth": found.truth.tolist(),
        **{name: _text_of(getattr(found, name)) for name in FLOATS},
    }


def _text_of(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()
