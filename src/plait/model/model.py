"""The fitted model: predicts, evaluates, saves itself as a bundle and loads from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

import plait
from plait.answer import Answer
from plait.bundle import Bundle, read_steadily, to_json, write_bundle
from plait.data.prepared import Prepared, is_worth_keeping
from plait.data.schema import Schema
from plait.data.table import Table, read
from plait.errors import BundleError, TargetError
from plait.modalities import Codec, TargetCodec
from plait.model.classes import classes_of, predict_proba
from plait.model.columns import under_schema
from plait.model.decision import with_threshold
from plait.model.ensemble import Ensemble
from plait.model.importance import importance
from plait.model.judging import labelled_rows, leaderboard, said_units, top_losses
from plait.model.overview import html_of_model, summary, text_of_model
from plait.model.prepare import in_parts, prepare
from plait.model.readings import Reading
from plait.model.scores import score
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
from plait.results import Hits, Scores
from plait.types import Cell


@dataclass(repr=False)
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
        on_error: What an unreadable cell does where nothing else is said: as at its fit.
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
    on_error: str = "raise"

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

    def predict(
        self, rows: Any, *, on_error: str | None = None, root: Any = None, strict: bool = False
    ) -> Answer:
        """Return ``prediction``, ``confidence`` and the details per row.

        No cell is written to disk, unless a pretrained encoder reads a file of many rows.

        Args:
            rows: A `Table`, or anything `plait.read` takes: a path, a DataFrame, a list of dicts,
                one row as a dict. Any input column may be absent or empty.
            on_error: ``raise``, or ``skip`` to treat unreadable cells as missing; default as at
                the fit.
            root: Folder of the media, where it is not the table's.
            strict: Whether an absent input column is an error.
        """
        return Answer(self.ensemble.answer(self.outputs_of(rows, on_error, root, strict)))

    def outputs_of(
        self, rows: Any, on_error: str | None = None, root: Any = None, strict: bool = False
    ) -> np.ndarray:
        """Return canonical outputs of any rows, float32 ``[row, output]``; see `predict`."""
        table = self.as_table(rows, on_error=on_error, root=root, strict=strict)
        keep = bool(self.readings) and is_worth_keeping(table)
        parts = [self.outputs(part) for part in in_parts(self, table, keep)]
        return np.concatenate(parts)

    def evaluate(
        self,
        rows: Any,
        *,
        on_error: str | None = None,
        root: Any = None,
        seed: int = 0,
        strict: bool = False,
    ) -> Scores:
        """Return metrics with 95 % intervals, per class, and per set of columns present.

        Rows without a target are left out; `plait.model.unseen.count_unseen` gives the labels that
        training never saw. A model without a target is scored by retrieval, in every direction
        between its columns. Raises `ColumnError` without the target's column, `TargetError` when
        it is empty.
        """
        table = self.as_table(rows, on_error=on_error, root=root, strict=strict)
        if self.parts is None:
            from plait.model.directions import evaluate_space

            return Scores(evaluate_space(self.space, self.prepare(table)))
        prepared, labelled, truth = labelled_rows(self, table)
        groups = said_units(table, self.group, labelled)
        return Scores(self.score_rows(prepared, labelled, truth, groups=groups, seed=seed))

    def score_rows(
        self,
        prepared: Prepared,
        rows: np.ndarray,
        truth: np.ndarray,
        *,
        groups: np.ndarray | None = None,
        seed: int = 0,
        outputs: np.ndarray | None = None,
        intervals: bool = True,
    ) -> dict[str, Any]:
        """Score prepared rows, whole `groups` (int ``[row]``) of them; see `evaluate`.

        Their `outputs` are computed where they are not given; for `intervals` see `score`.
        """
        present = {name: self.present(prepared, name)[rows] for name in self.inputs}
        outputs = self.ensemble.outputs(prepared, rows) if outputs is None else outputs
        codec, decision = self.target_codec, self.ensemble.decision
        found = score(codec, outputs, truth, present, groups=groups, seed=seed, intervals=intervals)
        if decision is not None:
            found["decision"] = decision.measure(codec, outputs, truth)
        return found

    def present(self, prepared: Prepared, source: str) -> np.ndarray:
        """Return which rows have a source, bool ``[row]``."""
        columns = [np.asarray(prepared.columns[name].present) for name in self.sources[source]]
        return np.logical_or.reduce(columns)

    def embed(
        self,
        rows: Any,
        *,
        weights: Mapping[str, float] | None = None,
        on_error: str | None = None,
        root: Any = None,
        progress: Progress = SILENT,
        strict: bool = False,
    ) -> np.ndarray:
        """Return one unit vector per row, float32 ``[row, dim]``, from whatever columns it has.

        Rows without any input column get zeros.

        Args:
            rows: As for `predict`.
            weights: Column -> weight in the row's mean, 1 by default.
            on_error, root, strict: As for `predict`.
            progress: Told of the work.
        """
        space = self.space
        table = self.as_table(rows, on_error=on_error, root=root, strict=strict)
        space.weights_of(weights)
        update, done, found = progress.task("embedding", table.num_rows), 0, []
        for part in in_parts(self, table, is_worth_keeping(table), progress):
            found.append(space.row_vectors(part, np.arange(part.num_rows), weights=weights))
            done += part.num_rows
            update(done)
        return np.concatenate(found)

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
        on_error: str | None = None,
        root: Any = None,
        progress: Progress = SILENT,
        **named: Cell,
    ) -> Hits:
        """Return the nearest of `rows`: ``model.search("shop.csv", text="red boot", top=5)``.

        `rows` are a `Table`, what `plait.read` takes, or None with a kept `index`; the other
        arguments, the result and the errors are those of `plait.search`.
        """
        from plait.model.search import search_rows

        table = None if rows is None else read(rows, on_error=on_error, root=root)
        found = search_rows(
            self,
            table,
            {**(query or {}), **named},
            weights=weights,
            top=top,
            where=where,
            index=index,
            rebuild=rebuild,
            progress=progress,
        )
        return Hits(found)

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

    def as_table(
        self, rows: Any, *, on_error: str | None = None, root: Any = None, strict: bool = False
    ) -> Table:
        """Return `rows` as a table under this model's schema; absent inputs count as missing.

        What is not said of unreadable cells is as at the fit.

        Raises `ColumnError` when it has none of the model's columns, or in strict mode not all.
        """
        table = read(rows, on_error=on_error, root=root)
        table = table.under(table.policy.or_else(self.on_error))
        return under_schema(table, self.schema, self.inputs, strict=strict)

    def prepare(
        self,
        table: Table,
        *,
        target: bool = False,
        progress: Progress = SILENT,
        keep: bool | None = None,
    ) -> Prepared:
        """Return the rows' arrays in this model's preprocessing, missing columns included.

        Args:
            table: From `as_table`.
            target: Whether to read the target too.
            progress: Told of the work.
            keep: Whether the arrays go into the cache on disk; None keeps those of many rows.
        """
        return prepare(self, table, target=target, progress=progress, keep=keep)

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
            "on_error": self.on_error,
            "versions": VERSIONS,
        }

    classes_ = property(classes_of)
    predict_proba = predict_proba
    with_threshold = with_threshold
    leaderboard = leaderboard
    top_losses = top_losses
    importance = importance
    summary = summary
    _repr_html_ = html_of_model

    def __repr__(self) -> str:
        return text_of_model(self)


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
        on_error=str(about.get("on_error", "raise")),
    )
