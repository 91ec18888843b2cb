"""Writes and reads the files of a model: weights, base models, feature scales; all plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from plait.baselines.base_models import load_base_model
from plait.baselines.evidence import Evidence, sharing
from plait.baselines.features import FeatureMap
from plait.baselines.linear_space import LinearSpace
from plait.bundle import Bundle
from plait.errors import BundleError
from plait.modalities import (
    Codec,
    GeneratedTarget,
    PredictiveTarget,
    codec_from_dict,
    codec_hash,
    codec_to_dict,
)
from plait.model.calibration import calibration_from
from plait.model.decision import Decision
from plait.model.derived_columns import BACKBONE, DerivedColumn, SpaceColumn
from plait.model.ensemble import BASE_MODELS, DEEP, EVIDENCE, FEATURES, WEIGHTS, Ensemble
from plait.model.generator import load_generator
from plait.model.kept_answers import ANSWERS, KeptAnswers
from plait.model.predictor import Predictor
from plait.model.rehearsal import REHEARSAL, rehearsal_from
from plait.model.shared_space import SharedSpace
from plait.model.space_check import SpaceCheck
from plait.model.versions import how_to_open
from plait.model.word_column import WORDS, WordColumn
from plait.networks.config import SystemConfig
from plait.networks.feature_columns import features_from
from plait.networks.graphs import graph_from
from plait.writing import spare_folder

SPACE = "space.safetensors"
LINEAR = "space-linear"


def load_ensemble(
    bundle: Bundle, about: Mapping[str, Any], codecs: Mapping[str, Codec], target: PredictiveTarget
) -> Ensemble:
    """Rebuild what `Ensemble.files` wrote, from a bundle whose hashes were checked.

    Args:
        bundle: Where the files are.
        about: What `Ensemble.facts` told.
        codecs: Of every column that the inputs are read as.
        target: Codec of the target.
    """
    weights = {str(name): float(weight) for name, weight in about["mix"].items()}
    whole = about.get("whole")
    simple = [] if whole is not None else [name for name in weights if name != DEEP]
    folder = bundle.path / BASE_MODELS
    config, calibration = about.get("system"), about.get("calibration")
    graphs = about.get("graphs", [])
    return Ensemble(
        codecs=codecs,
        target=target,
        weights=weights,
        base_models={name: load_base_model(name, folder / name) for name in simple},
        features=FeatureMap.load(folder / "features", codecs) if simple else None,
        config=None if config is None else SystemConfig(**config),
        tensors=bundle.read_arrays(WEIGHTS) if DEEP in weights and not graphs else {},
        graphs=tuple(
            graph_from(facts, number, bundle.read_bytes) for number, facts in enumerate(graphs)
        ),
        whole=None if whole is None else features_from(whole, bundle.read_bytes(FEATURES)),
        evidence=sharing(
            Evidence.load(bundle.path / EVIDENCE / str(number), codecs)
            for number in range(about.get("evidence", 0))
        ),
        packed=about.get("packed"),
        decision=Decision(**about["decision"]) if about.get("decision") else None,
        calibration=None
        if calibration is None
        else calibration_from(calibration, target, about["input_columns"]),
        answers=KeptAnswers.from_arrays(bundle.read_arrays(ANSWERS)) if ANSWERS in bundle else None,
        rehearsal=rehearsal_from(bundle.read_arrays(REHEARSAL)) if REHEARSAL in bundle else None,
    )


def codecs_facts(codecs: Mapping[str, Codec]) -> dict[str, Any]:
    """Return codecs as JSON-ready data, with the hashes that `codecs_from` compares."""
    return {
        "columns": {name: codec_to_dict(codec) for name, codec in codecs.items()},
        "preprocessing": {name: codec_hash(codec) for name, codec in codecs.items()},
    }


def codecs_from(stored: Mapping[str, Any], path: Path) -> dict[str, Codec]:
    """Rebuild codecs. Raises `BundleError` when they would prepare otherwise than in training."""
    codecs = {}
    for name, fields in stored["columns"].items():
        try:
            codecs[name] = codec_from_dict(fields)
        except BundleError as error:
            error.hint = how_to_open(path)
            raise error.at(column=name, path=path) from None
        if codec_hash(codecs[name]) != stored["preprocessing"][name]:
            raise BundleError(
                "the preprocessing differs from the one the model was trained with",
                expected=f"hash {stored['preprocessing'][name]}",
                received=f"hash {codec_hash(codecs[name])}",
                column=name,
                path=path,
                hint=how_to_open(path),
            )
    return codecs


def space_facts(space: SharedSpace) -> dict[str, Any]:
    """Return what ``model.json`` tells of a shared space."""
    input_columns = {name: list(columns) for name, columns in space.input_columns.items()}
    return {
        "config": dataclasses.asdict(space.config),
        "input_columns": input_columns,
        "codecs": codecs_facts(space.codecs),
        "scale": space.scale,
        "share": space.share,
        "linear": space.linear is not None,
        "key": space.key,
        "check": None if space.check is None else space.check.to_dict(),
    }


def space_files(space: SharedSpace) -> dict[str, bytes]:
    """Return the bundle files of a shared space: name -> content."""
    files = {SPACE: save({k: np.ascontiguousarray(v) for k, v in space.tensors.items()})}
    if space.linear is not None:
        with spare_folder() as folder:
            space.linear.save(folder)
            for file in sorted(folder.iterdir()):
                files[f"{LINEAR}/{file.name}"] = file.read_bytes()
    return files


def load_space(bundle: Bundle, about: Mapping[str, Any]) -> SharedSpace:
    """Rebuild what `space_files` wrote, from a bundle whose hashes were checked.

    Args:
        bundle: Where the files are.
        about: What `space_facts` told.
    """
    input_columns = {name: tuple(columns) for name, columns in about["input_columns"].items()}
    own = codecs_from(about["codecs"], bundle.path)
    config, scale = SystemConfig(**about["config"]), float(about["scale"])
    linear = LinearSpace.load(bundle.path / LINEAR, own, input_columns) if about["linear"] else None
    tensors, share = bundle.read_arrays(SPACE), float(about["share"])
    check = about.get("check")
    check = None if check is None else SpaceCheck.from_dict(check)
    return SharedSpace(own, input_columns, config, tensors, scale, linear, share, check)


def load_derived_column(
    facts: dict[str, Any],
    bundle: Bundle,
    codecs: Mapping[str, Codec],
    shared: SharedSpace | None,
) -> DerivedColumn:
    """Rebuild a derived column from what its `facts` told. Raises `ValueError` when unknown."""
    if facts["kind"] == BACKBONE:
        from plait.model.backbone_column import BackboneColumn

        return BackboneColumn.load(facts, bundle.path, codecs[facts["column"]])
    if facts["kind"] == WORDS:
        return WordColumn.load(facts, bundle.path, codecs[facts["column"]])
    if facts["kind"] != SpaceColumn.kind or shared is None:
        raise ValueError(f"unknown derived column {facts['kind']}")
    return SpaceColumn(shared, str(facts["input_column"]))


def load_parts(
    bundle: Bundle, about: Mapping[str, Any], codecs: Mapping[str, Codec], answer: Codec | None
) -> Predictor | None:
    """Rebuild what predicts `answer`, the target's codec; None without a target."""
    if answer is None:
        return None
    if isinstance(answer, GeneratedTarget):
        return load_generator(bundle, about, codecs, answer)
    if not isinstance(answer, PredictiveTarget):
        raise BundleError("the target's modality has no head", path=bundle.path)
    return load_ensemble(bundle, about, codecs, answer)
