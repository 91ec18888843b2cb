"""Graphs of networks that are built alike: one is traced, the others lay their weights in it."""

import numpy as np
import pytest
import torch

import plait
from plait.compress import graph_export
from plait.compress.graph_export import GraphWriter
from plait.compress.system_graphs import system_graph
from plait.data.prepared import fit_codecs, prepare_rows
from plait.networks.config import SystemConfig
from plait.networks.system import System

pytest.importorskip("onnxscript")

ROWS = [
    {"size": row / 7, "colour": ("red", "blue")[row % 2], "kind": "abc"[row % 3]}
    for row in range(12)
]
INPUTS = ("size", "colour")


@pytest.fixture
def systems():
    """Two networks that are built alike, and a wider one; with the rows they read."""
    table = plait.read(ROWS, columns={"size": "number", "colour": "category", "kind": "category"})
    every = np.arange(len(ROWS))
    codecs = fit_codecs(table, INPUTS, every)
    target = fit_codecs(table, ["kind"], every, as_target=True)["kind"]
    made = []
    for seed, dim in enumerate((8, 8, 16)):
        torch.manual_seed(seed)
        system = System(codecs, target, SystemConfig(dim=dim, depth=1, num_heads=2)).eval()
        with torch.no_grad():  # heads and residual branches begin at zero, and would say nothing
            for parameter in system.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        made.append(system)
    return made, prepare_rows(table, codecs), every


@pytest.mark.usefixtures("unchecked_shapes")
def test_of_networks_that_are_built_alike_one_is_traced(systems, monkeypatch):
    (first, second, _), prepared, every = systems
    traced, trace = [], graph_export._trace

    def watched(network, *some):
        traced.append(network.system)
        return trace(network, *some)

    monkeypatch.setattr(graph_export, "_trace", watched)
    writer = GraphWriter()
    graphs = [system_graph(one, prepared, every, None, writer) for one in (first, second)]
    assert traced == [first] and graphs[0].model != graphs[1].model
    assert graphs[1].model == system_graph(second, prepared, every, None).model


def test_a_network_of_another_width_is_traced_anew(systems, monkeypatch):
    made, prepared, every = systems
    traced = []
    monkeypatch.setattr(graph_export, "_trace", lambda network, *_: traced.append(network.system))
    monkeypatch.setattr(graph_export, "_with_weights", lambda *_: b"")
    writer = GraphWriter()
    for one in made:
        system_graph(one, prepared, every, None, writer)
    assert traced == [made[0], made[2]]
