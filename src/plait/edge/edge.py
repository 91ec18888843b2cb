"""A bundle that answers one row or a few, with NumPy and what its columns need, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plait.answer import Answer
from plait.edge.needs import check_answers, check_embeds, models_of
from plait.edge.rows import rows_of
from plait.model.ensemble import Ensemble
from plait.model.loading import load as load_model
from plait.model.model import Model


class Edge:
    """A bundle, loaded to answer.

    Its answers are those of `plait.model.model.Model`, by the same code. Rows are Python's own, or
    in a CSV or JSON lines file; nothing of them is written to disk.

    >>> edge = load("shop.plait")                                # doctest: +SKIP
    >>> edge.predict({"photo": "boot.jpg", "price": 80})[0]      # doctest: +SKIP
    {'prediction': 'boot', 'confidence': 0.93, ...}

    Args:
        model: Loaded; of one target or several, or of a shared space.

    Raises:
        BundleError: When what predicts needs torch, or onnxruntime cannot run its graphs.
        ExtraError: When its graphs need onnxruntime, and that is not installed.
    """

    def __init__(self, model: Model) -> None:
        check_answers(model)
        for one in models_of(model):
            if isinstance(one.parts, Ensemble) and one.parts.graphs:
                _ = one.parts.runners  # opened now: what is missing, or broken, is told at once
        self.model = model

    @property
    def target(self) -> str | None:
        """Name of the target column; of several, all of them; None of a shared space."""
        return self.model.target

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input columns."""
        return self.model.inputs

    def predict(
        self,
        rows: Any,
        *,
        on_error: str | None = None,
        root: Path | str | None = None,
        strict: bool = False,
        temperature: float | None = None,
        seed: int = 0,
        top: int | None = None,
        return_to_go: float | None = None,
    ) -> Answer:
        """Return ``prediction`` and the details per row, as `Model.predict` does.

        Args:
            rows: One row as a dict of cells, a list of dicts, a dict of lists, or the path of a
                CSV, TSV or JSON lines file. Cells are as `plait.read` takes them: numbers, texts,
                paths, bytes, lists and arrays. Any input column may be absent or empty.
            on_error: ``raise``, or ``skip``: unreadable cells are missing; default as at the fit.
            root: Folder that paths are relative to and confined in; default the table's, or the
                working directory.
            strict: Whether an absent input column is an error.
            temperature, seed, top, return_to_go: As for `Model.predict`.

        Raises:
            CellError: An unreadable cell, with column and row, unless skipped.
            ColumnError: The rows have none of the model's columns, or in strict mode not all.
            TableError: The rows cannot be read.
            TargetError: The bundle has no target.
        """
        return self.model.predict(
            rows_of(rows, root=root, on_error=on_error),
            strict=strict,
            temperature=temperature,
            seed=seed,
            top=top,
            return_to_go=return_to_go,
        )

    def embed(
        self,
        rows: Any,
        *,
        weights: Mapping[str, float] | None = None,
        on_error: str | None = None,
        root: Path | str | None = None,
    ) -> np.ndarray:
        """Return one unit vector per row, float32 ``[row, dim]``; zeros without any input column.

        The dot product of two vectors is their cosine: ``edge.embed(items) @ edge.embed(query)[0]``
        is largest where an item is nearest.

        Args:
            rows, on_error, root: As for `predict`.
            weights: Column -> weight in the row's mean, 1 by default.

        Raises:
            BundleError: When the space needs torch.
            TargetError: When the bundle holds no shared space.
        """
        check_embeds(self.model)
        return self.model.embed(rows_of(rows, root=root, on_error=on_error), weights=weights)

    def __repr__(self) -> str:
        return f"Edge({self.model!r})"


def load(path: Path | str) -> Edge:
    """Load a bundle to answer: verifies every file, runs no code from it.

    Raises:
        BundleError: When it is no bundle, or damaged, or what predicts needs torch: says what does.
        ExtraError: When its graphs need onnxruntime, and that is not installed.
        UsageError: When `path` is no path.
    """
    return Edge(load_model(path))
