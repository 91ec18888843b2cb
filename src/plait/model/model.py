"""The fitted model: predicts, evaluates, saves itself as a bundle and loads from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import plait
from plait.bundle import Bundle, to_json, write_bundle
from plait.data.prepared import Prepared, prepare_table
from plait.data.schema import Column, Schema
from plait.data.table import Table, read
from plait.errors import BundleError, TableError, TargetError
from plait.modalities import Codec, TargetCodec, codec_from_dict, codec_hash, codec_to_dict
from plait.model.ensemble import Ensemble
from plait.model.scores import score
from plait.model.storage import ensemble_files, load_ensemble
from plait.progress import SILENT, Progress
from plait.types import Answer


@dataclass
class Model:
    """A fitted model. Made by `plait.fit` and `load`.

    Attributes:
        schema: Of the table that it was fitted on.
        inputs: Names of the input columns.
        target: Name of the target column.
        ensemble: Turns prepared rows into outputs.
        records: What else the bundle tells, by file name without ending: metrics, splits, lineage,
            energy, licences, samples.
        card: The model card, Markdown.
        path: Where it was saved or loaded from.
    """

    schema: Schema
    inputs: tuple[str, ...]
    target: str
    ensemble: Ensemble
    records: dict[str, Any] = field(default_factory=dict)
    card: str = ""
    path: Path | None = None

    @property
    def target_codec(self) -> TargetCodec:
        """The target's codec: its labels or scale, its task and metrics."""
        return self.ensemble.target

    def predict(self, rows: Any, *, on_error: str = "raise", root: Any = None) -> Answer:
        """Return ``prediction``, ``confidence`` and the details per row.

        Args:
            rows: A `Table`, anything `plait.read` takes, or a list of dicts; any input column may
                be absent or empty.
            on_error: ``raise``, or ``skip`` to treat unreadable cells as missing.
            root: Folder of the media, where it is not the table's.
        """
        table = self.as_table(rows, root=root)
        outputs = self.outputs(self.prepare(table, on_error=on_error))
        return Answer(self.target_codec.answer(outputs))

    def evaluate(
        self, rows: Any, *, on_error: str = "raise", root: Any = None, seed: int = 0
    ) -> dict[str, Any]:
        """Return metrics with 95 % intervals, per class, and per set of columns present.

        Rows without a target are left out. Raises `TargetError` when none has one.
        """
        table = self.as_table(rows, root=root)
        if self.target not in table.column_names:
            raise TargetError(
                "the table lacks the target, so there is nothing to compare with",
                expected=f"a column '{self.target}'",
                received=", ".join(table.column_names),
                hint="use predict for rows without a target",
            )
        prepared = self.prepare(table, on_error=on_error, target=True)
        labelled = np.flatnonzero(prepared.columns[self.target].present)
        return self.score_rows(prepared, labelled, self.truth(prepared, labelled), seed=seed)

    def score_rows(
        self, prepared: Prepared, rows: np.ndarray, truth: np.ndarray, *, seed: int = 0
    ) -> dict[str, Any]:
        """Score prepared rows against their truth; see `evaluate`."""
        present = {name: np.asarray(prepared.columns[name].present)[rows] for name in self.inputs}
        outputs = self.ensemble.outputs(prepared, rows)
        return score(self.target_codec, outputs, truth, present, seed=seed)

    def truth(self, prepared: Prepared, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the targets of prepared rows."""
        if not len(rows):
            raise TargetError("no row has a target", column=self.target)
        column = prepared.columns[self.target]
        values = [column[int(row)] for row in rows]
        return self.target_codec.truth([value for value in values if value is not None])

    def outputs(self, prepared: Prepared) -> np.ndarray:
        """Return canonical outputs of all prepared rows, float32 ``[row, output]``."""
        return self.ensemble.outputs(prepared, np.arange(prepared.num_rows))

    def as_table(self, rows: Any, *, root: Any = None) -> Table:
        """Return `rows` as a table under this model's schema; absent inputs count as missing.

        Raises `TableError` when it has none of the model's columns.
        """
        table = rows if isinstance(rows, Table) else read(rows, root=root)
        known = [c for c in self.schema.columns if c.name in table.column_names]
        if not any(column.name in self.inputs for column in known):
            raise TableError(
                "the table has none of the columns that the model reads",
                expected=", ".join(self.inputs),
                received=", ".join(table.column_names),
            )
        listed = {column.name for column in known}
        others = [
            Column(name=name, modality=None, role="ignore", why="the model does not read it")
            for name in table.column_names
            if name not in listed
        ]
        return table.with_schema(Schema((*known, *others)))

    def prepare(
        self,
        table: Table,
        *,
        on_error: str = "raise",
        target: bool = False,
        progress: Progress = SILENT,
    ) -> Prepared:
        """Return the rows' arrays in this model's preprocessing, missing columns included."""
        codecs: dict[str, Codec] = dict(self.ensemble.codecs)
        if target:
            codecs[self.target] = self.target_codec
        here = {name: codec for name, codec in codecs.items() if name in table.column_names}
        update = progress.task("reading", table.num_rows)
        prepared = prepare_table(table, here, on_error=on_error, progress=update)
        return prepared.with_empty({n: c for n, c in codecs.items() if n not in here})

    def save(self, path: Path | str) -> Path:
        """Write the bundle atomically and return its path. Raises `BundleError`."""
        codecs = {**self.ensemble.codecs, self.target: self.target_codec}
        hashes = {name: codec_hash(codec) for name, codec in codecs.items()}
        files = {
            "schema.json": to_json(self.schema.to_dict()),
            "codecs.json": to_json(
                {
                    "columns": {name: codec_to_dict(codec) for name, codec in codecs.items()},
                    "preprocessing": hashes,
                }
            ),
            "card.md": self.card.encode(),
            **ensemble_files(self.ensemble, self.target, self.inputs),
            **{f"{name}.json": to_json(value) for name, value in self.records.items()},
        }
        self.path = write_bundle(path, files, version=plait.__version__)
        return self.path

    def summary(self) -> dict[str, Any]:
        """Return the JSON shape of ``plait fit``."""
        metrics, energy = self.records.get("metrics", {}), self.records.get("energy", {})
        scored = metrics.get("test") or metrics.get("validation") or {}
        return {
            "bundle": None if self.path is None else str(self.path),
            "task": self.target_codec.task,
            "shipped": metrics.get("shipped"),
            "metrics": scored.get("metrics", {}),
            "intervals": scored.get("intervals", {}),
            "baselines": metrics.get("baselines", []),
            "seconds": energy.get("seconds"),
            "num_parameters": metrics.get("num_parameters"),
            "peak_memory_mb": energy.get("peak_memory_mb"),
            "notes": metrics.get("notes", []),
        }


def load(path: Path | str) -> Model:
    """Load a bundle: verifies every file, runs no code from it.

    Raises:
        BundleError: When it is not a bundle, or damaged, tampered with, or of another format.
        ExtraError: When the shipped model needs an extra that is not installed.
    """
    bundle = Bundle(path)
    try:
        return _model_of(bundle)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            "the bundle's files do not fit together",
            received=f"{type(error).__name__}: {error}",
            path=bundle.path,
            hint="use the version of plait that wrote it, or fit again",
        ) from error


def _model_of(bundle: Bundle) -> Model:
    about = bundle.read_json("model.json")
    stored = bundle.read_json("codecs.json")
    codecs = _load_codecs(stored, bundle.path)
    target = str(about["target"])
    answer = codecs.pop(target)
    if not isinstance(answer, TargetCodec):
        raise BundleError("the target's modality has no head", path=bundle.path)
    known = {"model", "codecs", "schema", "manifest"}
    return Model(
        schema=Schema.from_dict(bundle.read_json("schema.json")),
        inputs=tuple(about["inputs"]),
        target=target,
        ensemble=load_ensemble(bundle, about, codecs, answer),
        records={k: v for k, v in bundle.read_all_json().items() if k not in known | {"card"}},
        card=bundle.read_bytes("card.md").decode(),
        path=bundle.path,
    )


def _load_codecs(stored: Mapping[str, Any], path: Path) -> dict[str, Codec]:
    codecs = {name: codec_from_dict(fields) for name, fields in stored["columns"].items()}
    for name, codec in codecs.items():
        if codec_hash(codec) != stored["preprocessing"][name]:
            raise BundleError(
                "the preprocessing differs from the one the model was trained with",
                expected=f"hash {stored['preprocessing'][name]}",
                received=f"hash {codec_hash(codec)}",
                column=name,
                path=path,
                hint="use the version of plait that wrote the bundle",
            )
    return codecs
