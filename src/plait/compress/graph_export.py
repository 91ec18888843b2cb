"""Networks of torch as ONNX graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from plait.compress.quiet import quietly
from plait.errors import ExtraError, UsageError
from plait.networks.graphs import OPSET, SavedGraph
from plait.networks.runner import LATENT, OUTPUTS, PART, flat, nested
from plait.networks.system import System, to_tensors
from plait.types import Arrays, Layout


class GraphWriter:
    """Writes networks as graphs; of networks that are built alike, such as those of a mix's folds,
    one is traced, and the others' weights are laid in its graph.
    """

    def __init__(self) -> None:
        self._traced: dict[str, Any] = {}

    def graph_of(
        self, system: System, example: Arrays, layouts: Mapping[str, Layout]
    ) -> SavedGraph:
        """Return a network's graph.

        Args:
            system: In evaluation mode, with one head.
            example: A batch of two rows or more, flat (`plait.networks.runner.flat`): what is
                traced.
            layouts: Column -> what its arrays are: which of their axes are ragged.

        Raises:
            ExtraError: Where what writes graphs is not installed.
            UsageError: When the network has a window: it computes short and long rows in two ways,
                and a graph has one.
        """
        check_dense(system)
        try:
            import onnx  # noqa: F401
            import onnxscript  # noqa: F401
        except ImportError:
            raise ExtraError("export", "writing networks as graphs") from None
        open_axes = {name: (0, *ragged_axes(name, layouts)) for name in example}
        whole: dict[str, Any] = flat(to_tensors(nested(example)))
        tensors = {name: _of_length(one, open_axes[name]) for name, one in whole.items()}
        network = Flat(system, list(tensors)).eval()
        alike = _structure(network, tensors, open_axes)
        if alike not in self._traced:
            self._traced[alike] = _trace(network, tensors, list(open_axes.values()))
        return SavedGraph(columns=system.inputs, model=_with_weights(self._traced[alike], network))


def check_dense(system: System) -> None:
    """Raise `UsageError` for a network with a window: no graph holds it."""
    if system.config.window is not None:
        raise UsageError(
            "a network with an attention window cannot be written as one graph",
            expected="a network that sees all of its tokens (window: none)",
            received=f"a window of {system.config.window} tokens",
            hint="plait compress distils it into a network without one",
        )


class Flat(nn.Module):
    """A network whose inputs are flat, one behind the other."""

    def __init__(self, system: System, names: Sequence[str]) -> None:
        super().__init__()
        self.system, self.names = system, list(names)

    def forward(self, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        batch: dict[str, Any] = dict(zip(self.names, tensors, strict=True))
        return self.system.outputs_and_latent(nested(batch))


def ragged_axes(name: str, layouts: Mapping[str, Layout]) -> tuple[int, ...]:
    """Return the axes of an input whose length is open, the batch's apart."""
    column, kind, key = name.rsplit(":", 2)
    if kind != PART:
        return ()
    shape = layouts[column][key].shape
    return tuple(place for place, size in enumerate(shape, 1) if isinstance(size, str))


def _of_length(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    """Return a tensor of two places or more along some axes, zeros behind: one is traced closed."""
    for axis in axes:
        short = max(2 - tensor.shape[axis], 0)
        tensor = F.pad(tensor, [0, 0] * (tensor.ndim - 1 - axis) + [0, short]) if short else tensor
    return tensor.contiguous()


def _structure(
    network: Flat, tensors: Mapping[str, Tensor], open_axes: Mapping[str, Sequence[int]]
) -> str:
    """Return what two networks have in common whose graphs differ in their weights alone."""
    inputs = [(name, one.dtype, one.ndim, open_axes[name]) for name, one in tensors.items()]
    closed = [
        [size for axis, size in enumerate(one.shape) if axis not in open_axes[name]]
        for name, one in tensors.items()
    ]
    weights = [(name, one.dtype, tuple(one.shape)) for name, one in _weights(network).items()]
    return repr((network.system.config, inputs, closed, weights))


def _weights(network: nn.Module) -> dict[str, Tensor]:
    """Return all numbers of a network by their names: what is learned, and what is not."""
    found = dict(network.named_parameters(remove_duplicate=False))
    return found | dict(network.named_buffers(remove_duplicate=False))


def _trace(
    network: nn.Module, tensors: Mapping[str, Tensor], open_axes: Sequence[Sequence[int]]
) -> Any:
    """Return a network's graph as it is traced, each of its weights under its name."""
    shapes = tuple({axis: torch.export.Dim.DYNAMIC for axis in axes} for axes in open_axes)
    with quietly("torch.onnx"), torch.no_grad():
        program = torch.onnx.export(
            network,
            tuple(tensors.values()),
            input_names=list(tensors),
            output_names=[OUTPUTS, LATENT],
            dynamic_shapes=(shapes,),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            optimize=False,
        )
    if program is None:
        raise ValueError("the exporter gave no program")
    return program.model_proto


def _with_weights(traced: Any, network: nn.Module) -> bytes:
    """Return a traced graph with a network's weights in it, made simpler where it can be."""
    from onnxscript import ir

    program = torch.onnx.ONNXProgram(ir.from_proto(traced), None)
    held = program.model.graph.initializers
    with quietly("torch.onnx"):
        weights = {name: one.detach() for name, one in _weights(network).items()}
        program.apply_weights({name: one for name, one in weights.items() if name in held})
        program.optimize()
    return _plain(program.model_proto)


def _plain(model: Any) -> bytes:
    """Return a model without what its exporter noted of the code that it traced."""
    del model.metadata_props[:], model.graph.value_info[:], model.graph.metadata_props[:]
    for one in (*model.graph.node, *model.graph.input, *model.graph.output):
        one.doc_string = ""
        del one.metadata_props[:]
    return bytes(model.SerializeToString())
