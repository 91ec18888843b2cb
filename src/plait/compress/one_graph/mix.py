"""A whole mix as one graph: what each model says, weighed, and corrected by the calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.compress.one_graph.base_models import base_model
from plait.compress.one_graph.builder import Builder
from plait.compress.one_graph.calibration import calibrated
from plait.compress.one_graph.features import Features, masks
from plait.compress.one_graph.inputs import Inputs
from plait.compress.one_graph.networks import network, told
from plait.model.ensemble import BASE_MODELS, DEEP, Ensemble
from plait.networks.feature_columns import FeatureColumn
from plait.networks.graphs import SavedGraph
from plait.writing import spare_folder


@dataclass(frozen=True)
class MixGraph:
    """A graph that answers as a mix does.

    Attributes:
        graph: Its columns are prepared ones, and those of the features.
        features: The simple features that it is given.
    """

    graph: SavedGraph
    features: tuple[FeatureColumn, ...]


def one_graph(
    ensemble: Ensemble, networks: Sequence[SavedGraph] = (), *, plain: bool = False
) -> MixGraph:
    """Return a mix as one ONNX graph.

    Its inputs are flat named arrays (`plait.networks.runner`): of prepared columns, as networks
    read them, and of simple features (`plait.networks.feature_columns`), which codecs make. Its
    output is the mix's own, calibrated: probabilities, or a mean and its quantiles.

    Args:
        ensemble: The mix.
        networks: Its networks as graphs of their own, in floats.
        plain: Whether only operators of ONNX itself are to be used; see `Builder`.

    Raises:
        GraphError: A model of the mix cannot be written as a graph.
        ExtraError: What writes graphs is not installed.
    """
    builder = Builder(plain=plain)
    read = dict.fromkeys(name for one in networks for name in one.columns)
    columns = [name for name in read if name in ensemble.codecs]
    inputs = Inputs(builder, ensemble.codecs, columns)
    parts, latent = _simple(ensemble, builder, inputs), ""
    if DEEP in ensemble.weights:
        parts[DEEP], latent = _mean(ensemble, builder, inputs, networks)
    mixed = ""
    for name, weight in ensemble.weights.items():
        part = parts[name] if weight == 1.0 else builder.add("Mul", parts[name], float(weight))
        mixed = builder.add("Add", mixed, part) if mixed else part
    calibration = ensemble.calibration
    if calibration is not None:
        names = [name for some in calibration.input_columns.values() for name in some]
        given = masks(builder, [inputs.present(name) for name in names])
        present, begin = list[str](), 0
        for some in calibration.input_columns.values():
            present.append(_any(builder, given, range(begin, begin + len(some))))
            begin += len(some)
        mixed = calibrated(builder, calibration, ensemble.target, mixed, present)
    features = tuple(inputs.features)
    columns = [*inputs.prepared, *(one.name for one in features)]
    return MixGraph(SavedGraph(columns=columns, model=builder.model(mixed, latent)), features)


def _simple(ensemble: Ensemble, builder: Builder, inputs: Inputs) -> dict[str, str]:
    """Return the outputs of the mix's simple models, each from the files that it is saved as."""
    names = [name for name in ensemble.weights if name != DEEP]
    if not names or ensemble.features is None:
        return {}
    features = Features(builder, inputs, ensemble.features.scales)
    with spare_folder() as folder:
        ensemble.save_simple(folder)
        return {name: base_model(name, folder / BASE_MODELS / name, features) for name in names}


def _mean(
    ensemble: Ensemble, builder: Builder, inputs: Inputs, networks: Sequence[SavedGraph]
) -> tuple[str, str]:
    """Return the mean of the networks' outputs, and what their heads answer from, side by side."""
    known = ensemble.evidence or [None] * len(networks)
    found = [
        network(builder, number, graph, {} if one is None else told(builder, inputs, one))
        for number, (graph, one) in enumerate(zip(networks, known, strict=True))
    ]
    outputs, latents = zip(*found, strict=True)
    total = outputs[0]
    for one in outputs[1:]:
        total = builder.add("Add", total, one)
    latent = builder.concat(list(latents)) if all(latents) else ""
    return total if len(found) == 1 else builder.add("Mul", total, 1 / len(found)), latent


def _any(builder: Builder, given: str, places: range) -> str:

    found = builder.gather(given, np.arange(places.start, places.stop))
    if len(places) == 1:
        return found
    return builder.add("ReduceMax", found, np.array([1], np.int64), keepdims=1)
