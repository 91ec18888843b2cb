"""Reads saved base models: each kind is named by what knows it, and asked for by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plait.baselines.contract import BaseModel
from plait.errors import BundleError

SETS = "reduced_models.json"
"""The file of a folder that holds a base model with its reduced ones."""

_KINDS: dict[str, type[BaseModel]] = {}
_REDUCED: list[type[BaseModel]] = []


def name_kinds(kinds: Mapping[str, type[BaseModel]], with_reduced: type[BaseModel]) -> None:
    """Say which base models there are, by name, and which one has reduced ones beside it."""
    _KINDS.update(kinds)
    _REDUCED[:] = [with_reduced]


def load_base_model(name: str, folder: Path) -> BaseModel:
    """Read a saved base model, reduced ones included. Raises `BundleError` for an unknown name."""
    if (folder / SETS).is_file():
        return _REDUCED[0].load(folder)
    return load_whole(name, folder)


def load_whole(name: str, folder: Path) -> BaseModel:
    """Read a saved base model without reduced ones. Raises `BundleError` for an unknown name."""
    if name not in _KINDS:
        raise BundleError(
            "the bundle mixes in a model of an unknown kind",
            expected=", ".join(_KINDS),
            received=name,
            path=folder,
            hint="use the version of plait that wrote it, or fit again",
        )
    return _KINDS[name].load(folder)
