"""Graphs of OpenVINO, made of ONNX graphs in plain operators."""

from __future__ import annotations

from dataclasses import replace

from plait.compress.one_graph.mix import MixGraph
from plait.errors import GraphError
from plait.networks.graphs import OPENVINO, SavedGraph
from plait.networks.openvino_runner import import_openvino
from plait.writing import spare_folder


def to_openvino(mix: MixGraph) -> SavedGraph:
    """Return a graph of ONNX as one of OpenVINO, weights in float32.

    Nothing of it is told to anybody: OpenVINO's own command, which counts its uses, is not run.

    Raises:
        ExtraError: When openvino is not installed.
        GraphError: When it lacks an operator of the graph.
    """
    openvino = import_openvino()
    with spare_folder() as folder:
        (folder / "mix.onnx").write_bytes(mix.graph.model)
        try:
            model = openvino.Core().read_model(folder / "mix.onnx")
            openvino.save_model(model, folder / "mix.xml", compress_to_fp16=False)
        except RuntimeError as error:
            raise GraphError(
                "OpenVINO cannot read the graph of this bundle",
                expected=f"operators that OpenVINO {openvino.__version__} knows",
                received=str(error),
                hint="plait export BUNDLE --to onnx is run by onnxruntime",
            ) from None
        xml, weights = (folder / "mix.xml").read_bytes(), (folder / "mix.bin").read_bytes()
    return replace(mix.graph, model=xml, weights=weights, runtime=OPENVINO)
