"""Every modality as a graph: what its engine says of rows is what the network says of them."""

import numpy as np
import pytest
import torch

import plait
from plait.compress.executorch_program import system_program
from plait.compress.system_graphs import graph_parity, system_graph
from plait.data.prepared import fit_codecs, prepare_rows
from plait.modalities import find_network, modalities
from plait.model.ensemble import DEEP, Ensemble
from plait.networks.config import SystemConfig
from plait.networks.system import System
from plait.testing.examples import example_cells

READ = [name for name in modalities() if hasattr(find_network(name), "Embed")]
EARLY = SystemConfig(dim=16, depth=1, num_heads=2, join=0)
MID = SystemConfig(dim=16, depth=2, num_heads=2, join=1)
APART = {"early": (READ[::2], EARLY), "mid": (READ[1::2], MID)}
"""Half of the modalities in each of two networks: an export takes seconds."""

PROGRAMS = "category", "image", "number", "text"
"""Modalities whose networks were run as programs of ExecuTorch; see docs/executorch.md."""


def network_of(names, config):
    """Return a network of some modalities, rows that lack some of them, and the mix it is alone."""
    num = 20
    cells = {name: example_cells(name, num) for name in names}
    kinds = ["small", "large"] * (num // 2)
    rows = [
        {
            name: None if row % 5 == place % 5 else cells[name][row]
            for place, name in enumerate(names)
        }
        | {"kind": kinds[row]}
        for row in range(num)
    ]
    table = plait.read(rows, columns={name: name for name in names} | {"kind": "category"})
    every = np.arange(num)
    codecs = fit_codecs(table, names, every)
    target = fit_codecs(table, ["kind"], every, as_target=True)["kind"]
    torch.manual_seed(0)
    system = System(codecs, target, config).eval()
    with torch.no_grad():  # heads and residual branches begin at zero, and would say nothing
        for parameter in system.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    ensemble = Ensemble(codecs=codecs, target=target, weights={DEEP: 1.0})
    return system, prepare_rows(table, codecs), ensemble


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(("names", "config"), APART.values(), ids=APART)
def test_a_graph_says_what_its_network_says_of_every_modality(names, config):
    pytest.importorskip("onnxscript")
    system, prepared, ensemble = network_of(names, config)
    every = np.arange(prepared.num_rows)
    graph = system_graph(system, prepared, every, None)
    found = graph_parity(ensemble, system, graph, prepared, every, None)
    assert found.difference < 1e-4 and found.agreement == 1.0
    assert found.num_rows == 20 + 16 + 20 * len(names)


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_what_its_network_says(name):
    pytest.importorskip("executorch.runtime")
    system, prepared, ensemble = network_of([name], EARLY)
    every = np.arange(prepared.num_rows)
    program = system_program(system, prepared, every, None)
    found = graph_parity(ensemble, system, program, prepared, every, None)
    assert found.difference < 1e-4 and found.agreement == 1.0
    assert found.num_rows == 20 + 16 + 20
