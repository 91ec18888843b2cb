"""Models in pickles: as the files of their bundles, verified when they come back."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from plait.model.loading import load
from plait.model.model import Model


def packed(model: Model) -> dict[str, bytes]:
    """Return the files of a model's bundle: name -> content."""
    place = model.path
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = model.save(Path(folder) / "model.plait")
        finally:
            model.path = place
        files = (file for file in sorted(path.rglob("*")) if file.is_file())
        return {str(file.relative_to(path)): file.read_bytes() for file in files}


def unpacked(files: Mapping[str, bytes]) -> Model:
    """Undo `packed`; every file's hash is verified."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.plait"
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        model = load(path)
    model.path = None
    return model


class HoldsModel(BaseEstimator):
    """An estimator whose ``model_`` travels as the files of its bundle, in a pickle of it too."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the parameters, and the model as the files of its bundle."""
        state = dict(super().__getstate__())
        if isinstance(state.get("model_"), Model):
            state["model_"] = packed(state["model_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("model_"), dict):
            state = {**state, "model_": unpacked(state["model_"])}
        super().__setstate__(state)
