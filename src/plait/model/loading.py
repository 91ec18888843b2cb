"""Loads whatever kind of model a bundle holds."""

from __future__ import annotations

from pathlib import Path

from plait.bundle import read_steadily
from plait.errors import BundleError, as_path
from plait.model.model import Model
from plait.model.several import model_from


def load(path: Path | str) -> Model:
    """Load a bundle, of several targets as a `Several`: verifies every file, runs no code from it.

    Raises:
        BundleError: When it is not a bundle, or damaged, tampered with, or of another format.
        ExtraError: When the shipped model needs an extra that is not installed.
        UsageError: When `path` is no path.
    """
    path = as_path(path, "a bundle")
    try:
        return read_steadily(path, model_from)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            "the bundle's files do not fit together",
            received=f"{type(error).__name__}: {error}",
            path=path,
            hint="use the version of plait that wrote it, or fit again",
        ) from error
