"""One model of several targets: a model for each, over inputs and a network that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import plait
from plait.answer import Answer
from plait.bundle import Bundle, write_bundle
from plait.data.free_names import free_name
from plait.data.prepared import is_worth_keeping
from plait.data.table import read
from plait.errors import ColumnError, TargetError
from plait.listening import heard, listened_if_asked
from plait.modalities import Asked, Codec
from plait.model.asked_draws import asked_of
from plait.model.bundling import WHOLE_ROWS, fields_from
from plait.model.columns import Missing, weighed
from plait.model.ensemble import DEEP
from plait.model.generator import Generator
from plait.model.model import Model
from plait.model.prepare import in_parts
from plait.model.several_bundling import COMMON, files_of_several, parts_of
from plait.model.wants import Wants
from plait.progress import Progress
from plait.results import Scores
from plait.types import Html
from plait.words import join_list


@dataclass(repr=False)
class Several(Model):
    """A fitted model of several targets. Made by `plait.fit` and `load`.

    What all have in common is the model's own: schema, inputs, derived columns, shared space.
    ``model["answer"]`` is the model of one target, which does all that a model of one target does.

    Attributes:
        models: Target -> its model.
    """

    models: Mapping[str, Model] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the target columns."""
        return tuple(self.models)

    def __getitem__(self, target: str) -> Model:
        """Return the model of one target. Raises `ColumnError` where it is none."""
        if target not in self.models:
            raise ColumnError(
                f"the model has no target '{target}'",
                expected="one of " + ", ".join(self.models),
                received=str(target),
            )
        return self.models[target]

    def require_target(self) -> None:
        """Raise `TargetError`: there are several."""
        raise TargetError(
            "this model has several targets, so it is not clear which one is meant",
            expected="the model of one of " + ", ".join(self.models),
            hint=f"--target '{self.targets[0]}', of verbs that have it; "
            f"in Python: model['{self.targets[0]}']",
        ).of_call()

    @property
    def codecs(self) -> Mapping[str, Codec]:
        """Fitted codecs of every column that the inputs are read as."""
        return next(iter(self.models.values())).codecs

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
        """Return the answers of all targets, named by `named`; arguments as of `Model.predict`.

        A temperature is for the targets that are generated, a beam for those that a network writes
        piece by piece; `TargetError` where none is.
        """
        Wants(top=top, return_to_go=return_to_go, quantiles=quantiles).only()
        drawn = self._asked(temperature, seed, beam)
        told = heard(progress)
        table = self.as_table(rows, on_error=on_error, root=root, strict=strict)
        keep = bool(self.derived_columns) and is_worth_keeping(table)
        found: dict[str, list[np.ndarray]] = {name: [] for name in self.models}
        update, done = told.task("predicting", table.num_rows), 0
        for part in in_parts(self, table, keep, told):
            for name, model in self.models.items():
                found[name].append(model.outputs(part, drawn[name]))
            done += part.num_rows
            update(done)
        answers = {
            name: model.predictor.answer(np.concatenate(found[name]))
            for name, model in self.models.items()
        }
        return Answer(named(answers))

    def _asked(
        self, temperature: float | None, seed: int, beam: int | None
    ) -> dict[str, Asked | None]:
        """Return how each target is drawn; None where it is not."""
        predictors = {name: model.predictor for name, model in self.models.items()}
        made = {name: one for name, one in predictors.items() if isinstance(one, Generator)}
        drawn = set(made) if temperature is not None else set()
        written = {name for name, one in made.items() if one.by_pieces and beam is not None}
        if (temperature is not None and not drawn) or (beam is not None and not written):
            name = next(iter(made or predictors))  # which cannot, and says so
            asked_of(self.models[name], temperature, seed, beam)
        return {
            name: asked_of(
                model,
                temperature if name in drawn else None,
                seed,
                beam if name in written else None,
            )
            for name, model in self.models.items()
        }

    @listened_if_asked
    def evaluate(
        self,
        rows: Any,
        *,
        on_error: str | None = None,
        root: Any = None,
        seed: int = 0,
        strict: bool = False,
        progress: Progress | bool | None = None,
    ) -> Scores:
        """Return ``targets``: target -> its scores, as `Model.evaluate` gives them.

        Targets that the table lacks are left out. Raises `ColumnError` where it lacks all.
        """
        table = read(rows, on_error=on_error, root=root)
        told = heard(progress)
        return Scores(
            targets={
                name: self.models[name].evaluate(table, seed=seed, strict=strict, progress=told)
                for name in self.targets_in(table.column_names)
            }
        )

    def targets_in(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the targets that a table has; raise `ColumnError` where it has none."""
        there = tuple(name for name in self.models if name in names)
        if not there:
            raise ColumnError(
                "the table lacks all targets, so there is nothing to compare with",
                expected="one of the columns " + ", ".join(self.models),
                received=", ".join(names),
                hint="use predict for rows without a target",
            )
        return there

    def summary(self) -> dict[str, Any]:
        """Return the JSON shape of ``plait fit``: ``targets`` has that of each target.

        There, ``network`` is how the network that was trained for all did on this target, alone.
        """
        energy = self.records.get("energy", {})
        return {
            "bundle": None if self.path is None else str(self.path),
            "targets": {
                name: {**model.summary(), "network": _network_of(model)}
                for name, model in self.models.items()
            },
            "seconds": energy.get("seconds"),
            "peak_memory_mb": energy.get("peak_memory_mb"),
        }

    def save(self, path: Path | str) -> Path:
        """Write one bundle of all targets and return its path. Raises `BundleError`."""
        files = files_of_several(self.target, self.models, self.records)
        self.path = write_bundle(path, files, version=plait.__version__)
        for model in self.models.values():
            model.path = self.path
        return self.path

    def __repr__(self) -> str:
        return "\n".join(["Several:", *(f"  {model!r}" for model in self.models.values())])

    def _repr_html_(self) -> Html:
        return "".join(model._repr_html_() for model in self.models.values())


def named(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the answers of several targets as the columns of one answer.

    A target's prediction has its name, what is told beside it the name and a word: ``answer``,
    ``answer_confidence``. A name that is taken already gets an underscore more.

    >>> named({"a": {"prediction": [1], "confidence": [0.5]}, "b": {"prediction": [2]}})
    {'a': [1], 'b': [2], 'a_confidence': [0.5]}

    Args:
        answers: Target -> its columns, as `plait.model.predictor.Predictor.answer` gives them.
    """
    found = {target: columns["prediction"] for target, columns in answers.items()}
    for target, columns in answers.items():
        for name, values in columns.items():
            if name != "prediction":
                found[free_name(f"{target}_{name}", found)] = values
    return found


def _network_of(model: Model) -> dict[str, Any] | None:
    """Return the record of the network among the candidates; None where none was trained."""
    candidates = model.records.get("metrics", {}).get("candidates") or []
    return next((one for one in candidates if one["name"] == DEEP), None)


def predicted(model: Model) -> dict[str, Model]:
    """Return column of an answer -> the model whose prediction it holds.

    Raises `TargetError` where there is no target.
    """
    if isinstance(model, Several):
        return dict(model.models)
    model.require_target()
    return {"prediction": model}


def weighed_each(model: Model, missing: Missing) -> tuple[list[str], list[str]]:
    """Return warnings and notes of `plait.model.columns.weighed`, of each target there is."""
    if not isinstance(model, Several):
        return weighed(model, missing)
    warnings, notes = [], []
    for name, one in model.models.items():
        warned, noted = weighed(one, missing)
        warnings += [f"{name}: {text}" for text in warned]
        notes += noted
    return warnings, list(dict.fromkeys(notes))


def together(models: Sequence[Model]) -> Model:
    """Return one model of those of several targets, which have their inputs in common.

    The only model there is stays as it is.
    """
    if len(models) == 1:
        return models[0]
    first = models[0]
    return Several(
        schema=first.schema,
        input_columns=first.input_columns,
        target=join_list(str(model.target) for model in models),
        shared=first.shared,
        derived_columns=first.derived_columns,
        shown=first.shown,
        records={name: first.records[name] for name in COMMON if name in first.records},
        path=first.path,
        group=first.group,
        on_error=first.on_error,
        models={str(model.target): model for model in models},
    )


def model_from(bundle: Bundle) -> Model:
    """Return the model that a bundle holds: of one target, of several, or of whole rows.

    Raises as `plait.model.bundling.fields_from`.
    """
    about = bundle.read_json("model.json")
    if about.get("task") == WHOLE_ROWS:
        from plait.model.whole_rows import whole_rows_from

        return whole_rows_from(bundle)
    if "targets" not in about:
        return Model(**fields_from(bundle))
    models: list[Model] = []
    for part in parts_of(bundle):
        like = models[0] if models else None
        model = Model(**fields_from(part, like))
        models.append(replace(model, path=bundle.path))
    return together(models)
