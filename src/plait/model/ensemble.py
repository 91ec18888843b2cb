"""The shipped mix: a weighted mean of the outputs of the network and of base models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from plait.baselines.base_models import BaseModel
from plait.baselines.evidence import Evidence
from plait.baselines.features import FeatureMap
from plait.baselines.stack import mix_outputs
from plait.data.prepared import Prepared
from plait.display import brief
from plait.errors import TargetError
from plait.modalities import Asked, Codec, PredictiveTarget
from plait.model.calibration import Calibration
from plait.model.decision import Decision
from plait.model.judges import OutputJudge
from plait.model.kept_answers import KeptAnswers
from plait.model.rehearsal import Rehearsal
from plait.networks.config import SystemConfig
from plait.networks.feature_columns import (
    FeatureColumn,
    features_facts,
    features_file,
    with_features,
)
from plait.networks.graphs import FOLDER, SavedGraph, graph_files
from plait.networks.infer import row_arrays, row_outputs
from plait.networks.opening import open_graphs, open_systems
from plait.networks.runner import LATENT, OUTPUTS, Runner
from plait.networks.weights import SavedSystems
from plait.packing import pack
from plait.types import Arrays
from plait.writing import spare_folder

DEEP = "deep"
"""Name of the network among the base models."""

WEIGHTS = "model.safetensors"
BASE_MODELS, EVIDENCE = "base-models", "evidence"
FEATURES = f"{FOLDER}/features.safetensors"
"""Of a bundle: the file of the network's weights, the folders of the simple models, and of what
they tell the network, and the file of which features a graph of the whole mix is given."""


@brief
@dataclass
class Ensemble:
    """What turns prepared rows into outputs.

    Attributes:
        codecs: Every column that the inputs are read as -> fitted codec.
        target: Fitted codec of the target.
        weights: Base model name -> its weight in the mix; they sum to 1.
        base_models: Fitted base models that the mix needs.
        features: Makes the base models' features; None when the mix is the network alone.
        config: Sizes of the network; None when the mix has none.
        tensors: Weights of the networks as NumPy arrays, float32: number of the network, a dot,
            name. The networks are of one shape; the mean of their outputs counts.
        graphs: The networks as ONNX graphs, which then answer in place of `tensors`; empty where
            torch runs them.
        whole: The simple features that the only graph is given, which then answers in place of the
            whole mix, calibrated; None where each model of the mix answers by itself.
        evidence: What each network is told by simple models; empty where they are told nothing.
        packed: Bits of a number in which simple models are saved; None saves floats.
        decision: When a row counts as one of two classes; None takes the more probable class.
        calibration: Corrects the mix for the columns that a row has; None where it is not known.
        answers: Out-of-fold answers for rows of the fit, that students learn from; None where none
            were kept.
        rehearsal: Statistics of the rows of the fit, by which what is learned on a device forgets
            nothing; None where none were made.
    """

    codecs: Mapping[str, Codec]
    target: PredictiveTarget
    weights: Mapping[str, float]
    base_models: Mapping[str, BaseModel] = field(default_factory=dict)
    features: FeatureMap | None = None
    config: SystemConfig | None = None
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    graphs: tuple[SavedGraph, ...] = ()
    whole: tuple[FeatureColumn, ...] | None = None
    evidence: tuple[Evidence, ...] = ()
    packed: int | None = None
    decision: Decision | None = None
    calibration: Calibration | None = None
    answers: KeptAnswers | None = None
    rehearsal: Rehearsal | None = None
    _runners: list[Runner] | None = None

    @property
    def judge(self) -> OutputJudge:
        """What scores outputs."""
        return OutputJudge(self.target)

    def outputs(
        self, prepared: Prepared, rows: np.ndarray, asked: Asked | None = None
    ) -> np.ndarray:
        """Return calibrated canonical outputs of the mix, float32 ``[row, output]``.

        Nothing is drawn: `asked` does not matter.
        """
        if self.whole is not None:
            return row_outputs(self.runners[0], with_features(prepared, self.whole), rows)
        found = {name: self.outputs_of(name, prepared, rows) for name in self.weights}
        return self._mixed(found, prepared, rows)

    def outputs_and_points(
        self, prepared: Prepared, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return `outputs`, and a point of each row, float32 ``[row, dim]``, by which rows that are
        alike are near to each other.

        It is the simple models' features, projected where they are many, and what the heads of
        networks answer from, where their graphs tell it; of no width where there is neither. A
        graph of the whole mix tells what the heads of its networks answer from.
        """
        if self.whole is not None:
            told = row_arrays(self.runners[0], with_features(prepared, self.whole), rows)
            return told[OUTPUTS], told.get(LATENT, np.zeros((len(rows), 0), np.float32))
        simple = {name: self.outputs_of(name, prepared, rows) for name in self.weights_of_simple}
        points = [np.zeros((len(rows), 0), np.float32)]
        if self.features is not None:
            points.append(self.features.matrices(prepared, rows).compact)
        if DEEP not in self.weights:
            return self._mixed(simple, prepared, rows), np.concatenate(points, axis=1)
        arrays = self._network_arrays(prepared, rows)
        found = {**simple, DEEP: _mean([one[OUTPUTS] for one in arrays])}
        points += [one[LATENT] for one in arrays if LATENT in one]
        return self._mixed(found, prepared, rows), np.concatenate(points, axis=1)

    @property
    def weights_of_simple(self) -> Mapping[str, float]:
        """The weights of all but the network."""
        return {name: weight for name, weight in self.weights.items() if name != DEEP}

    def _mixed(
        self, found: Mapping[str, np.ndarray], prepared: Prepared, rows: np.ndarray
    ) -> np.ndarray:
        mixed = mix_outputs(found, self.weights)
        return mixed if self.calibration is None else self.calibration.apply(mixed, prepared, rows)

    def truth(self, values: Sequence[Arrays]) -> np.ndarray:
        """Return prepared targets as the target's codec stacks them."""
        return self.target.truth(values)

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        """Return outputs as columns for people, by the decision where there is one."""
        if self.decision is None:
            return self.target.answer(outputs)
        return self.decision.answer(self.target, outputs)

    def beside(
        self,
        prepared: Prepared,
        rows: np.ndarray,
        outputs: np.ndarray,
        truth: np.ndarray,
        *,
        groups: np.ndarray | None = None,
        intervals: bool = True,
    ) -> dict[str, Any]:
        """Return what the decision does on rows of known truth, where there is one."""
        if self.decision is None:
            return {}
        found = self.decision.measure(
            self.target, outputs, truth, groups=groups, intervals=intervals
        )
        return {"decision": found}

    def outputs_of(self, name: str, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
        """Return the outputs of one base model, or of the network under the name ``deep``."""
        if self.whole is not None:
            raise KeyError(f"one graph answers in place of {name}")
        if name != DEEP:
            if self.features is None:
                raise KeyError(f"no features for base model {name}")
            return self.base_models[name].outputs(self.features.matrices(prepared, rows))
        return _mean([one[OUTPUTS] for one in self._network_arrays(prepared, rows)])

    def _network_arrays(self, prepared: Prepared, rows: np.ndarray) -> list[Arrays]:
        """Return what each network says of rows, by name."""
        told = self.evidence or [None] * len(self.runners)
        pairs = zip(self.runners, told, strict=True)
        found = [row_arrays(one, prepared, rows, evidence=known) for one, known in pairs]
        return found if len(rows) else [{OUTPUTS: np.zeros((0, 1), np.float32)}]

    def files(self) -> dict[str, bytes]:
        """Return the files of a bundle: name -> content."""
        files = graph_files(self.graphs)
        if self.whole is not None:
            files[FEATURES] = features_file(self.whole)
        if self.config is not None and not self.graphs:
            files[WEIGHTS] = save({k: np.ascontiguousarray(v) for k, v in self.tensors.items()})
        for number, one in enumerate(self.evidence):
            files |= {f"{EVIDENCE}/{number}/{n}": data for n, data in one.files().items()}
        files |= folder_files(self.save_simple)
        files = files if self.packed is None else _packed(files, self.packed)
        files |= {} if self.answers is None else self.answers.files()
        return files | ({} if self.rehearsal is None else self.rehearsal.files())

    def facts(self) -> dict[str, Any]:
        """Return what ``model.json`` tells."""
        return {
            "task": self.target.task,
            "verb": self.target.verb,
            "headline": self.target.form.choosable[0],
            "mix": dict(self.weights),
            "system": None if self.config is None else dataclasses.asdict(self.config),
            "evidence": len(self.evidence),
            "packed": self.packed,
            "graphs": [graph.facts() for graph in self.graphs],
            "whole": None if self.whole is None else features_facts(self.whole, self.codecs),
            **({} if self.decision is None else {"decision": self.decision.to_dict()}),
            "calibration": None if self.calibration is None else self.calibration.facts(),
        }

    def save_simple(self, folder: Path) -> None:
        """Write the simple models of the mix, and what makes their features, into a folder."""
        if self.features is not None:
            self.features.save(folder / BASE_MODELS / "features")
        for name, fitted in self.base_models.items():
            if name in self.weights:
                fitted.save(folder / BASE_MODELS / name)

    @property
    def systems(self) -> SavedSystems:
        """The networks as they are saved.

        Raises `KeyError` when the mix has none, `TargetError` where all that is left are graphs.
        """
        if self.config is None:
            raise KeyError("this model ships no network")
        if self.graphs:
            raise TargetError(
                "the networks of this bundle are graphs, which answer but cannot be changed",
                expected="a bundle as plait fit wrote it",
                received=f"{len(self.graphs)} ONNX graphs",
                hint="use the bundle that it was exported from",
            )
        return SavedSystems(
            codecs=self.codecs,
            target=self.target,
            config=self.config,
            tensors=self.tensors,
            evidence=self.evidence,
        )

    @property
    def runners(self) -> list[Runner]:
        """What runs the networks, built once. Raises `KeyError` when the mix has none."""
        if self._runners is None:
            graphs = self.graphs
            self._runners = open_graphs(graphs) if graphs else open_systems(self.systems)
        return self._runners


def _mean(outputs: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.mean(outputs, axis=0), np.float32) if len(outputs) > 1 else outputs[0]


def _packed(files: Mapping[str, bytes], bits: int) -> dict[str, bytes]:
    """Return files of a bundle with the arrays of simple models in fewer bits."""
    return {
        name: save(pack(load(content), bits)) if name.endswith(".safetensors") else content
        for name, content in files.items()
    }


def folder_files(write: Callable[[Path], None]) -> dict[str, bytes]:
    """Return what `write` writes into a folder: name below it -> content."""
    with spare_folder() as folder:
        write(folder)
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
