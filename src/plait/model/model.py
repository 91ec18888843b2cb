"""The fitted model: predicts, evaluates, saves itself as a bundle and loads from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

import plait
from plait.bundle import Bundle, read_steadily, to_json, write_bundle
from plait.data.grouping import join_said, said_groups
from plait.data.prepared import Prepared, prepare_table
from plait.data.schema import Column, Schema
from plait.data.table import Table, read
from plait.errors import BundleError, TableError, TargetError
from plait.modalities import Codec, TargetCodec
from plait.model.directions import evaluate_space
from plait.model.ensemble import Ensemble
from plait.model.heeding import heed
from plait.model.readings import Reading, with_readings
from plait.model.scores import FULL, Effort, score
from plait.model.search import search_rows
from plait.model.shared_space import SharedSpace
from plait.model.storage import (
    codecs_facts,
    codecs_from,
    ensemble_facts,
    ensemble_files,
    load_parts,
    load_reading,
    load_space,
    space_facts,
    space_files,
)
from plait.model.versions import VERSIONS, check_versions
from plait.progress import SILENT, Progress
from plait.types import Answer, Cell


@dataclass
class Model:
    """A fitted model. Made by `plait.fit` and `load`.

    Attributes:
        schema: Of the table that it was fitted on.
        sources: Input column of the table -> the columns that it is read as.
        target: Name of the target column; None when only the shared space was learned.
        parts: What turns prepared rows into outputs; None without a target.
        shared: What turns prepared rows into vectors; None when no shared space was learned.
        readings: Makers of the columns that are not prepared from cells alone.
        shown: Source -> codec that reads and shows its cells.
        records: What else the bundle tells, by file name without ending: metrics, splits, lineage,
            energy, licences, samples.
        card: The model card, Markdown.
        group: Column of the table whose equal values belong together, when it was named.
        path: Where it was saved or loaded from.
    """

    schema: Schema
    sources: Mapping[str, tuple[str, ...]]
    target: str | None
    parts: Ensemble | None = None
    shared: SharedSpace | None = None
    readings: tuple[Reading, ...] = ()
    shown: Mapping[str, Codec] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)
    card: str = ""
    path: Path | None = None
    group: str | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the table's input columns."""
        return tuple(self.sources)

    def require_target(self) -> None:
        """Raise `TargetError` when the model has no target."""
        if self.parts is None:
            raise TargetError(
                "this bundle was fitted without a target, so it has nothing to predict",
                hint="plait fit TABLE --target COLUMN --base BUNDLE learns one from it; "
                "plait predict BUNDLE TABLE --classes 'boot,sandal' asks it without labels",
            )

    @property
    def ensemble(self) -> Ensemble:
        """What predicts. Raises `TargetError` when the model has no target."""
        self.require_target()
        return cast(Ensemble, self.parts)

    @property
    def space(self) -> SharedSpace:
        """What embeds. Raises `TargetError` when no shared space was learned."""
        if self.shared is None:
            raise TargetError(
                "this bundle holds no shared space, so it can neither embed nor search",
                hint="plait fit TABLE without --target learns one; --base keeps it",
            )
        return self.shared

    @property
    def codecs(self) -> Mapping[str, Codec]:
        """Fitted codecs of every column that the inputs are read as."""
        shared = {} if self.shared is None else self.shared.codecs
        return {**shared, **({} if self.parts is None else self.parts.codecs)}

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

        Rows without a target are left out. Raises `TargetError` when none has one. A model without
        a target is scored by retrieval, in every direction between its columns.
        """
        table = self.as_table(rows, root=root)
        if self.parts is None:
            return evaluate_space(self.space, self.prepare(table, on_error=on_error))
        if self.target is None or self.target not in table.column_names:
            raise TargetError(
                "the table lacks the target, so there is nothing to compare with",
                expected=f"a column '{self.target}'",
                received=", ".join(table.column_names),
                hint="use predict for rows without a target",
            )
        prepared = self.prepare(table, on_error=on_error, target=True)
        labelled = np.flatnonzero(prepared.columns[self.target].present)
        truth, groups = self.truth(prepared, labelled), self._groups(table, labelled)
        return self.score_rows(prepared, labelled, truth, groups=groups, seed=seed)

    def _groups(self, table: Table, rows: np.ndarray) -> np.ndarray | None:
        """Return which rows belong together, int32 ``[row]``; None where the table does not say."""
        if self.group is None or self.group not in table.column_names:
            return None
        alone = np.arange(table.num_rows, dtype=np.int32)
        return join_said(said_groups(table, self.group), alone)[rows]

    def score_rows(
        self,
        prepared: Prepared,
        rows: np.ndarray,
        truth: np.ndarray,
        *,
        groups: np.ndarray | None = None,
        seed: int = 0,
        outputs: np.ndarray | None = None,
        effort: Effort = FULL,
    ) -> dict[str, Any]:
        """Score prepared rows, whole `groups` (int ``[row]``) of them; see `evaluate`.

        Their `outputs` are computed where they are not given; for `effort` see `score`.
        """
        present = {name: self.present(prepared, name)[rows] for name in self.inputs}
        outputs = self.ensemble.outputs(prepared, rows) if outputs is None else outputs
        codec = self.target_codec
        return score(codec, outputs, truth, present, groups=groups, seed=seed, effort=effort)

    def present(self, prepared: Prepared, source: str) -> np.ndarray:
        """Return which rows have a source, bool ``[row]``."""
        columns = [np.asarray(prepared.columns[name].present) for name in self.sources[source]]
        return np.logical_or.reduce(columns)

    def embed(
        self,
        rows: Any,
        *,
        weights: Mapping[str, float] | None = None,
        on_error: str = "raise",
        root: Any = None,
        progress: Progress = SILENT,
    ) -> np.ndarray:
        """Return one unit vector per row, float32 ``[row, dim]``, from whatever columns it has.

        Rows without any input column get zeros.

        Args:
            rows: As for `predict`.
            weights: Column -> weight in the row's mean, 1 by default.
            on_error, root: As for `predict`.
            progress: Told of the work.
        """
        space = self.space
        table = self.as_table(rows, root=root)
        prepared = self.prepare(table, on_error=on_error, progress=progress)
        update = progress.task("embedding", table.num_rows)
        every = np.arange(prepared.num_rows)
        return space.row_vectors(prepared, every, weights=weights, progress=update)

    def search(
        self,
        rows: Any = None,
        *,
        query: Mapping[str, Cell] | None = None,
        weights: Mapping[str, float] | None = None,
        top: int = 10,
        where: str | None = None,
        index: Path | str | None = None,
        rebuild: bool = False,
        on_error: str = "raise",
        root: Any = None,
        progress: Progress = SILENT,
        **named: Cell,
    ) -> dict[str, Any]:
        """Return the nearest of `rows`: ``model.search("shop.csv", text="red boot", top=5)``.

        `rows` are a `Table`, what `plait.read` takes, or None with a kept `index`; the other
        arguments, the result and the errors are those of `plait.search`.
        """
        table = rows if rows is None or isinstance(rows, Table) else read(rows, root=root)
        return search_rows(
            self,
            table,
            {**(query or {}), **named},
            weights=weights,
            top=top,
            where=where,
            index=index,
            rebuild=rebuild,
            on_error=on_error,
            progress=progress,
        )

    def truth(self, prepared: Prepared, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the targets of prepared rows."""
        if self.target is None or not len(rows):
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
        table = heed(table, self.schema)
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
        codecs: dict[str, Codec] = dict(self.codecs)
        codecs.pop(str(self.target), None)  # a base may have read what is the target now
        unread = (
            {str(self.target): self.codecs[str(self.target)]} if self.target in self.codecs else {}
        )
        if target and self.target is not None:
            codecs[self.target] = self.target_codec
        made = {reading.column for reading in self.readings}
        codecs = {name: codec for name, codec in codecs.items() if name not in made}
        here = {name: codec for name, codec in codecs.items() if name in table.column_names}
        update = progress.task("reading", table.num_rows)
        prepared = prepare_table(table, here, on_error=on_error, progress=update)
        absent = {n: c for n, c in {**unread, **codecs}.items() if n not in here}
        prepared = prepared.with_empty(absent)
        return with_readings(
            self.readings, table, prepared, on_error=on_error, progress=progress.task
        )

    def save(self, path: Path | str) -> Path:
        """Write the bundle atomically and return its path. Raises `BundleError`."""
        codecs = dict({} if self.parts is None else self.parts.codecs)
        if self.target is not None:
            codecs[self.target] = self.target_codec
        files = {
            "schema.json": to_json(self.schema.to_dict()),
            "codecs.json": to_json({**codecs_facts(codecs), "shown": codecs_facts(self.shown)}),
            "card.md": self.card.encode(),
            "model.json": to_json(self._facts()),
            **({} if self.parts is None else ensemble_files(self.parts)),
            **({} if self.shared is None else space_files(self.shared)),
            **{name: data for reading in self.readings for name, data in reading.files().items()},
            **{f"{name}.json": to_json(value) for name, value in self.records.items()},
        }
        self.path = write_bundle(path, files, version=plait.__version__)
        return self.path

    def _facts(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "group": self.group,
            "inputs": list(self.inputs),
            "sources": {name: list(columns) for name, columns in self.sources.items()},
            **({"task": "share"} if self.parts is None else ensemble_facts(self.parts)),
            "space": None if self.shared is None else space_facts(self.shared),
            "readings": [reading.facts() for reading in self.readings],
            "versions": VERSIONS,
        }

    def summary(self) -> dict[str, Any]:
        """Return the JSON shape of ``plait fit``."""
        metrics, energy = self.records.get("metrics", {}), self.records.get("energy", {})
        scored = metrics.get("test") or metrics.get("validation") or {}
        return {
            "bundle": None if self.path is None else str(self.path),
            "task": "share" if self.parts is None else self.parts.target.task,
            "shipped": metrics.get("shipped"),
            "metrics": scored.get("metrics", {}),
            "intervals": scored.get("intervals", {}),
            "retrieval": scored.get("retrieval", {}),
            "baselines": metrics.get("baselines", []),
            "seconds": energy.get("seconds"),
            "num_parameters": metrics.get("num_parameters"),
            "peak_memory_mb": energy.get("peak_memory_mb"),
            "warnings": metrics.get("warnings", []),
            "notes": metrics.get("notes", []),
        }


def load(path: Path | str) -> Model:
    """Load a bundle: verifies every file, runs no code from it.

    Raises:
        BundleError: When it is not a bundle, or damaged, tampered with, or of another format.
        ExtraError: When the shipped model needs an extra that is not installed.
    """
    try:
        return read_steadily(path, _model_of)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            "the bundle's files do not fit together",
            received=f"{type(error).__name__}: {error}",
            path=path,
            hint="use the version of plait that wrote it, or fit again",
        ) from error


def _model_of(bundle: Bundle) -> Model:
    about = bundle.read_json("model.json")
    check_versions(about, bundle.path)
    stored = bundle.read_json("codecs.json")
    codecs = codecs_from(stored, bundle.path)
    target = about["target"]
    answer = codecs.pop(target) if target is not None else None
    sources = {name: tuple(columns) for name, columns in about["sources"].items()}
    shared = load_space(bundle, about["space"]) if about["space"] else None
    every = {**({} if shared is None else shared.codecs), **codecs}
    for column in [column for columns in sources.values() for column in columns]:
        every[column]  # raises KeyError when the sources name what no codec reads
    known = {"model", "codecs", "schema", "manifest"}
    return Model(
        schema=Schema.from_dict(bundle.read_json("schema.json")),
        sources=sources,
        target=target,
        parts=load_parts(bundle, about, codecs, answer),
        shared=shared,
        shown=codecs_from(stored["shown"], bundle.path),
        readings=tuple(load_reading(f, bundle, every, shared) for f in about["readings"]),
        records={k: v for k, v in bundle.read_all_json().items() if k not in known | {"card"}},
        card=bundle.read_bytes("card.md").decode(),
        path=bundle.path,
        group=about.get("group"),
    )
