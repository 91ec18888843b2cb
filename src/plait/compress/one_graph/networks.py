"""Networks in a graph of a whole mix: their own graphs laid beside, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.baselines.evidence import Evidence
from plait.baselines.evidence_column import EVIDENCE
from plait.compress.one_graph.builder import Builder
from plait.compress.one_graph.features import Features
from plait.compress.one_graph.inputs import Inputs
from plait.compress.one_graph.linear import weighted
from plait.networks.graphs import SavedGraph
from plait.networks.runner import LATENT, OUTPUTS, PART, PRESENT


def network(
    builder: Builder, number: int, graph: SavedGraph, given: Mapping[str, str]
) -> tuple[str, str]:
    """Return a network's outputs, float32 ``[batch, output]``, and what its head answers from,
    ``[batch, dim]``; "" where its graph does not tell that.

    Args:
        builder: Of the graph.
        number: Of the network: its operators' names begin with it.
        graph: The network's own, in floats.
        given: Inputs of it that the graph itself makes -> where.
    """
    import onnx

    model = onnx.load_from_string(graph.model)
    names = {
        info.name: given.get(info.name) or builder.input_like(info) for info in model.graph.input
    }
    for tensor in model.graph.initializer:
        names[tensor.name] = builder.constant(np.array(onnx.numpy_helper.to_array(tensor)))
    prefix = f"network.{number}."
    builder.take_over(
        _renamed(model.graph.node, names, prefix),
        model.functions,
        {one.domain: one.version for one in model.opset_import},
    )
    made = {info.name: names[info.name] for info in model.graph.output}
    return made[OUTPUTS], made.get(LATENT, "")


def _renamed(nodes: Sequence[Any], names: dict[str, str], prefix: str) -> list[Any]:
    """Return operators by other names; what they make is added to `names`."""
    import onnx

    found = []
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = prefix + node.name
        for attribute in copy.attribute:
            if attribute.HasField("g"):
                _rename_inside(attribute.g, names, prefix)
        copy.input[:] = [names.get(one, one) for one in node.input]
        for one in node.output:
            if one:
                names[one] = prefix + one
        copy.output[:] = [names.get(one, one) for one in node.output]
        found.append(copy)
    return found


def _rename_inside(graph: Any, names: Mapping[str, str], prefix: str) -> None:
    """Rename what a branch or a loop is made of, which sees what is around it."""
    inner = dict(names)
    for info in (*graph.input, *graph.initializer):
        inner[info.name] = prefix + info.name
        info.name = inner[info.name]
    nodes = _renamed(graph.node, inner, prefix)
    del graph.node[:]
    graph.node.extend(nodes)
    for info in graph.output:
        info.name = inner.get(info.name, info.name)


def told(builder: Builder, inputs: Inputs, evidence: Evidence) -> dict[str, str]:
    """Return what a network is told by simple models: input of its graph -> where it is made.

    As `Evidence.arrays`; of all columns' dense features in one product.
    """
    features, add = Features(builder, inputs, evidence.scales), builder.add
    num, scores = len(evidence.maps), 2 * evidence.num_outputs
    width = evidence.num_components + scores
    dense, shift = list[np.ndarray](), np.zeros((1, num * width), np.float32)
    parts = {
        name: parts for name, parts in zip(_with_sparse(evidence), features.sparse(), strict=True)
    }
    more = list[str]()
    for number, (name, maps) in enumerate(evidence.maps.items()):
        places = number * width + np.append(
            np.arange(maps.num_components), evidence.num_components + np.arange(scores)
        )
        rows = np.zeros((len(maps.dense), num * width), np.float32)
        rows[:, places] = maps.dense.astype(np.float32)
        dense.append(rows)
        shift[0, places] = maps.shift
        own = np.zeros((0, width), np.float32)
        if name in parts and len(maps.features):
            own = np.zeros((parts[name][3], width), np.float32)
            own[np.ix_(maps.features, places - number * width)] = maps.sparse.astype(np.float32)
            found = weighted(builder, *parts[name][:2], own)
        else:
            found = features.row(np.zeros(width, np.float32))
        more.append(found)
    made = add("Sub", add("MatMul", features.dense, np.concatenate(dense)), shift)
    if parts:
        made = add("Add", made, builder.concat(more))
    made = builder.reshaped(made, -1, num, width)
    seen = builder.concat([features.present([name]) for name in evidence.maps])
    made = add("Mul", made, add("Unsqueeze", seen, np.array([2])))
    here = add("Greater", builder.reshaped(builder.gather(seen, np.array([0])), -1), -1.0)
    return {
        f"{EVIDENCE}:{PART}:components": builder.gather(
            made, np.arange(evidence.num_components), axis=2
        ),
        f"{EVIDENCE}:{PART}:scores": builder.gather(
            made, evidence.num_components + np.arange(scores), axis=2
        ),
        f"{EVIDENCE}:{PRESENT}:": here,
    }


def _with_sparse(evidence: Evidence) -> list[str]:
    return [name for name, scale in evidence.scales.items() if len(scale.plan.sparse)]
