"""Networks of torch as programs of ExecuTorch, lowered to XNNPACK where it knows the operators."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from plait.baselines.evidence import Evidence
from plait.compress.graph_export import Flat, check_dense, ragged_axes
from plait.compress.quiet import quietly
from plait.compress.system_graphs import batches, fullest, layouts_of
from plait.data.prepared import Prepared
from plait.errors import ExtraError, GraphError
from plait.networks.executorch_runner import import_executorch
from plait.networks.graphs import EXECUTORCH, GraphInput, SavedGraph
from plait.networks.runner import flat, nested
from plait.networks.system import System, to_tensors
from plait.types import Layout

MOST_ROWS = 8
"""Of a batch: memory is planned for as many when the program is written. XNNPACK bears one open
axis, which is the batch's; the others are as long as the longest row, and some. From 16 rows on
torch traces a convolution in another way."""

SPARE = 1.25
"""Room along a ragged axis, of the longest row that the program was written on."""


def system_program(
    system: System, prepared: Prepared, rows: np.ndarray, evidence: Evidence | None
) -> SavedGraph:
    """Return a network's program; `plait.compress.exported.Writing`.

    Its inputs are those that the network uses, in the order of `SavedGraph.inputs`; its outputs
    are ``outputs`` and ``latent``.

    Raises:
        ExtraError: When executorch is not installed.
        UsageError: When the network has an attention window.
        GraphError: When ExecuTorch lacks an operator, or cannot lower the network.
    """
    check_dense(system)
    import_executorch()
    layouts = layouts_of(system, prepared, evidence)
    full = fullest(prepared, system.encoder.columns, rows)
    (example, *_) = batches(system.inputs, prepared, full, evidence, batch_size=len(full))
    lengths = _lengths(system, prepared, rows, evidence, layouts)
    whole: dict[str, Any] = flat(to_tensors(nested(example)))
    tensors = {name: _of_lengths(one, lengths.get(name, {})) for name, one in whole.items()}
    with quietly(), torch.no_grad():
        traced = _traced(system, tensors)
        used = _used(traced, tensors)
        program = _lowered(traced if len(used) == len(tensors) else _traced(system, used))
    check_operators(program)
    inputs = tuple(
        GraphInput(
            name=name,
            dtype=one.numpy().dtype.name,
            shape=(MOST_ROWS, *one.shape[1:]),
            ragged=ragged_axes(name, layouts),
        )
        for name, one in used.items()
    )
    return SavedGraph(
        columns=system.inputs, model=bytes(program.buffer), runtime=EXECUTORCH, inputs=inputs
    )


def told_lengths(graphs: Sequence[SavedGraph]) -> str:
    """Return in words how many rows, and how long ones, programs take."""
    inputs = [one for graph in graphs for one in graph.inputs]
    found = dict[str, int]()
    for one in inputs:
        for axis in one.ragged:
            column, _, part = one.name.rsplit(":", 2)
            found[f"{part} of '{column}'"] = one.shape[axis]
    longest = "".join(f", at most {size} places of {name}" for name, size in found.items())
    return f"at most {min(one.shape[0] for one in inputs)} rows at once{longest}"


def _lengths(
    system: System,
    prepared: Prepared,
    rows: np.ndarray,
    evidence: Evidence | None,
    layouts: Mapping[str, Layout],
) -> dict[str, dict[int, int]]:
    """Return input -> ragged axis -> its length in the program."""
    found: dict[str, dict[int, int]] = {}
    for batch in batches(system.inputs, prepared, rows, evidence, batch_size=256):
        for name, array in batch.items():
            for axis in ragged_axes(name, layouts):
                own = found.setdefault(name, {})
                own[axis] = max(own.get(axis, 0), math.ceil(array.shape[axis] * SPARE))
    return found


def _of_lengths(tensor: Tensor, lengths: Mapping[int, int]) -> Tensor:
    """Return a tensor as long as told along some axes, zeros behind."""
    for axis, size in lengths.items():
        gap = [0, 0] * (tensor.ndim - 1 - axis) + [0, size - tensor.shape[axis]]
        tensor = F.pad(tensor, gap)
    return tensor.contiguous()


def _traced(system: System, tensors: Mapping[str, Tensor]) -> Any:
    batch = torch.export.Dim("batch", min=1, max=MOST_ROWS)
    shapes = tuple({0: batch} for _ in tensors)
    network = Flat(system, list(tensors)).eval()
    return torch.export.export(network, tuple(tensors.values()), dynamic_shapes=(shapes,))


def _used(traced: Any, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the inputs that a traced network reads."""
    users = {node.name: len(node.users) for node in traced.graph.nodes if node.op == "placeholder"}
    pairs = zip(traced.graph_signature.user_inputs, tensors.items(), strict=True)
    return {name: one for place, (name, one) in pairs if users[place]}


def _lowered(traced: Any) -> Any:
    """Return a program of what was traced, lowered to XNNPACK where it knows the operators."""
    try:
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
        from executorch.exir.error import ExportError
    except ImportError:
        raise ExtraError("executorch", "writing a program of ExecuTorch") from None
    # What is checked otherwise, that all operators are of the core, XNNPACK's own decide later.
    config = EdgeCompileConfig(_check_ir_validity=False)
    try:
        edge = to_edge_transform_and_lower(
            traced, partitioner=[XnnpackPartitioner()], compile_config=config
        )
        return edge.to_executorch()
    except (RuntimeError, ExportError) as error:
        raise _refused(str(error)) from None


def check_operators(program: Any) -> None:
    """Raise `GraphError` where a program has operators that the runtime lacks: names them."""
    _, runtime = import_executorch()
    known = set(runtime.operator_registry.operator_names)
    wanted = {
        one.name + (f".{one.overload}" if one.overload else "")
        for plan in program.executorch_program.execution_plan
        for one in plan.operators
    }
    lacking = sorted(wanted - known)
    if lacking:
        raise _refused(f"it lacks {', '.join(lacking)}")


def _refused(why: str) -> GraphError:
    return GraphError(
        "ExecuTorch cannot run a network of this bundle",
        expected="a network of operators that ExecuTorch and XNNPACK know",
        received=why,
        hint="plait export BUNDLE --to onnx is run by onnxruntime",
    )
