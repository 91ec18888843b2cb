"""The fitted model: predicts, evaluates, saves itself as a bundle and loads from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

import plait
from plait.answer import Answer
from plait.bundle import write_bundle
from plait.data.prepared import Prepared
from plait.data.schema import Schema
from plait.data.table import Table, read
from plait.errors import TargetError
from plait.listening import heard, listened_if_asked
from plait.modalities import Asked, Codec, TargetCodec
from plait.model.anomalies import anomalies
from plait.model.asked_draws import asked_of
from plait.model.bundling import files_of
from plait.model.classes import classes_of, predict_proba
from plait.model.columns import under_schema
from plait.model.decision import with_threshold
from plait.model.derived_columns import DerivedColumn
from plait.model.embedding import embed, search
from plait.model.ensemble import Ensemble
from plait.model.evaluation import evaluate, score_rows
from plait.model.generator import Generator
from plait.model.importance import importance
from plait.model.judging import leaderboard, top_losses
from plait.model.overview import html_of_model, summary, text_of_model
from plait.model.predictor import Predictor
from plait.model.prepare import outputs_of, prepare
from plait.model.shared_space import SharedSpace
from plait.model.streaming import stream
from plait.model.wants import Wants
from plait.progress import SILENT, Progress

if TYPE_CHECKING:
    from plait.model.forecast import Forecast
    from plait.model.policy import Policy
    from plait.model.recommendation import Recommendation


@dataclass(repr=False)
class Model:
    """A fitted model. Made by `plait.fit` and `load`.

    Attributes:
        schema: Of the table that it was fitted on.
        input_columns: Input column of the table -> the columns that it is read as.
        target: Name of the target column; None when only the shared space was learned.
        parts: What turns prepared rows into outputs; None without a target.
        shared: What turns prepared rows into vectors; None when no shared space was learned.
        derived_columns: Makers of the columns that are not prepared from cells alone.
        shown: Input column -> codec that reads and shows its cells.
        records: What else the bundle tells, by file name without ending: metrics, splits, lineage,
            energy, licences, samples.
        card: The model card, Markdown.
        group: Column of the table whose equal values belong together, when it was named.
        path: Where it was saved or loaded from.
        on_error: What an unreadable cell does where nothing else is said: as at its fit.
        forecast: How rows in time become windows, where the next steps are forecast.
        recommendation: How interactions become histories, where it is told what comes next.
        policy: How steps of episodes become moments, where it is told what to do.
    """

    schema: Schema
    input_columns: Mapping[str, tuple[str, ...]]
    target: str | None
    parts: Predictor | None = None
    shared: SharedSpace | None = None
    derived_columns: tuple[DerivedColumn, ...] = ()
    shown: Mapping[str, Codec] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)
    card: str = ""
    path: Path | None = None
    group: str | None = None
    on_error: str = "raise"
    forecast: Forecast | None = None
    recommendation: Recommendation | None = None
    policy: Policy | None = None

    @property
    def in_time(self) -> Forecast | Recommendation | Policy | None:
        """How rows in time are read, where the model answers what follows them."""
        return self.forecast or self.recommendation or self.policy

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the table's input columns."""
        return tuple(self.input_columns)

    def require_target(self) -> None:
        """Raise `TargetError` when the model has no target."""
        if self.parts is None:
            raise TargetError(
                "this bundle was fitted without a target, so it has nothing to predict",
                hint="plait fit TABLE --target COLUMN --base BUNDLE learns one from it; "
                "plait predict BUNDLE TABLE --classes 'boot,sandal' asks it without labels",
            )

    @property
    def predictor(self) -> Predictor:
        """What predicts. Raises `TargetError` when the model has no target."""
        self.require_target()
        return cast(Predictor, self.parts)

    @property
    def ensemble(self) -> Ensemble:
        """The mix of predictive models. Raises `TargetError` where the target is generated."""
        found = self.predictor
        if not isinstance(found, Ensemble):
            raise TargetError(
                "a generated target has no probabilities, and no numbers to decide by",
                expected="a model whose target is predicted: a category, tags, a number",
                received=f"'{self.target}', a {found.target.modality}",
            )
        return found

    @property
    def generator(self) -> Generator:
        """What generates. Raises `TargetError` where the target is predicted."""
        found = self.predictor
        if not isinstance(found, Generator):
            raise TargetError(
                "nothing is drawn of what is predicted: there is no temperature, and no beam",
                expected="a model whose target is generated",
                received=f"'{self.target}', a {found.target.modality}",
            )
        return found

    @property
    def space(self) -> SharedSpace:
        """What embeds. Raises `TargetError` without a shared space."""
        if self.shared is None:
            raise TargetError(
                "this bundle holds no shared space, so it can neither embed nor search",
                expected="a bundle fitted without a target, or from a base",
                received=f"a model of '{self.target}'",
                hint="plait fit TABLE without --target learns one; --base keeps it",
            ).of_call()
        return self.shared

    @property
    def codecs(self) -> Mapping[str, Codec]:
        """Fitted codecs of every column that the inputs are read as."""
        shared = {} if self.shared is None else self.shared.codecs
        return {**shared, **({} if self.parts is None else self.parts.codecs)}

    @property
    def target_codec(self) -> TargetCodec:
        """The target's codec: what it learned of the target, its task and metrics."""
        return self.predictor.target

    @listened_if_asked
    def predict(
        self,
        rows: Any,
        *,
        on_error: str | None = None,
        root: Any = None,
        strict: bool = False,
        temperature: float | None = None,
        seed: int = 0,
        beam: int | None = None,
        top: int | None = None,
        return_to_go: float | None = None,
        quantiles: Sequence[float] | None = None,
        progress: Progress | bool | None = None,
    ) -> Answer:
        """Return ``prediction`` and the details per row: the columns of the target's `answer`.

        Where rows are in time, see `plait.model.forecast.next_steps`, `Policy.answer` in
        `plait.model.policy`, and `plait.model.recommendation.next_items`.

        Args:
            rows: A `Table`, or anything `plait.read` takes (a path, a DataFrame, dicts, one dict).
                Any input column may be absent or empty. No cell is written to disk, unless a
                pretrained encoder reads a file of many rows.
            on_error: ``raise``, or ``skip``: unreadable cells are missing; default as at the fit.
            root, strict: Folder of the media; whether an absent input column is an error.
            temperature, seed: Of a generated target: 0 takes the likeliest, 1 draws as learned;
                None for 0, or what the fit chose by rows held out (tunes).
            beam: Of a text that a network writes: beginnings kept in the search for the likeliest,
                up to 32; 1 (None) takes the likeliest piece at each place.
            top: Of what comes next: so many items for each; default ten.
            return_to_go: Of a policy: the return to reach; default a high one of training.
            quantiles: Of a forecast: those to tell; default the ends .05 and .95 of its interval.
            progress: Told of the work; True shows it, None and False say nothing.

        Raises `TargetError` for either where it has no meaning, `UsageError` out of range.
        """
        asked = asked_of(self, temperature, seed, beam)
        wants = Wants(top=top, return_to_go=return_to_go, quantiles=quantiles)
        if self.in_time is not None:
            table = read(rows, on_error=on_error, root=root)
            if self.in_time.reads(table):
                return self.in_time.answer(self, table, asked, heard(progress), wants)
        wants.only()
        outputs = self.outputs_of(rows, on_error, root, strict, asked, heard(progress))
        return Answer(self.predictor.answer(outputs))

    def present(self, prepared: Prepared, input_column: str) -> np.ndarray:
        """Return which rows have an input column, bool ``[row]``."""
        columns = [prepared.columns[name].present for name in self.input_columns[input_column]]
        return np.logical_or.reduce([np.asarray(one) for one in columns])

    def truth(self, prepared: Prepared, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the targets of prepared rows."""
        if self.target is None or not len(rows):
            raise TargetError("no row has a target", column=self.target)
        column = prepared.columns[self.target]
        values = [column[int(row)] for row in rows]
        return self.predictor.truth([value for value in values if value is not None])

    def outputs(self, prepared: Prepared, asked: Asked | None = None) -> np.ndarray:
        """Return the outputs of all prepared rows, ``[row, ...]``."""
        return self.predictor.outputs(prepared, np.arange(prepared.num_rows), asked)

    def as_table(
        self, rows: Any, *, on_error: str | None = None, root: Any = None, strict: bool = False
    ) -> Table:
        """Return `rows` as a table under this model's schema; absent inputs count as missing.

        What is not said of unreadable cells is as at the fit. Rows in time become windows, each
        beginning where the last one ends.

        Raises `ColumnError` when it has none of the model's columns, or in strict mode not all.
        """
        table = read(rows, on_error=on_error, root=root)
        table = table.under(table.policy.or_else(self.on_error))
        if self.in_time is not None and self.in_time.reads(table):
            table = self.in_time.judging(self, table)
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
        self.path = write_bundle(path, files_of(self), version=plait.__version__)
        return self.path

    outputs_of = outputs_of
    anomalies = anomalies
    evaluate = evaluate
    score_rows = score_rows
    embed = embed
    search = search
    stream = stream
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
