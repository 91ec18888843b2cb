"""Whole mixes in one graph: calibrated, with networks that are told what simple models say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_mix import COLUMNS, NUM_ROWS, TARGETS, known

from plait.baselines.base_models import Linear
from plait.baselines.evidence import Evidence, RawFeatures
from plait.compress.system_graphs import system_graph
from plait.model.calibration import fit_calibration
from plait.model.ensemble import DEEP
from plait.model.held_out import HeldOutRows
from plait.networks.config import CORRECTED, OWN, SystemConfig
from plait.networks.system import System

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
pytest.importorskip("lightgbm")

HEADS = (OWN, CORRECTED)


def calibration_of(table, ensemble, *, lacking):
    """Return a calibration of rows as they are, and of rows from which columns were hidden."""
    every, names = np.arange(NUM_ROWS), list(COLUMNS)
    present = np.stack([table.prepared.columns[n].present for n in names], axis=1)
    outputs, truth = ensemble.outputs(table.prepared, every), table.rows.truth
    hidden = np.zeros(NUM_ROWS, bool)
    rows = HeldOutRows(outputs, truth, present, every, hidden)
    unusual = None
    if lacking:
        some = present.copy()
        some[::2, 0] = some[1::2, 1] = False
        unusual = HeldOutRows(outputs, truth, some, every, ~hidden)
    return fit_calibration(table.target, {name: (name,) for name in names}, rows, unusual)


@pytest.mark.parametrize("lacking", [False, True], ids=["patterns", "lacking"])
@pytest.mark.parametrize("modality", TARGETS)
def test_the_calibration_is_part_of_the_graph(modality, lacking):
    table = known(modality)
    ensemble = table.mix({"linear": table.fitted(Linear())})
    ensemble.calibration = calibration_of(table, ensemble, lacking=lacking)
    factors = ensemble.calibration.factors
    factors += 0.1 * np.arange(factors.size, dtype=np.float32).reshape(factors.shape)
    plain = table.mix(ensemble.base_models)
    every = np.arange(NUM_ROWS)
    moved = ensemble.outputs(table.prepared, every) - plain.outputs(table.prepared, every)
    assert np.abs(moved).max() > 1e-3
    found = table.parity(ensemble)
    assert found.difference < 1e-4 and found.agreement == 1.0


@pytest.mark.usefixtures("unchecked_shapes")
def test_networks_are_told_within_the_graph():
    table = known("category")
    codecs = {name: one.codec for name, one in table.prepared.columns.items()}
    every, systems, told = np.arange(NUM_ROWS), [], []
    raw = RawFeatures(table.prepared, list(codecs), every)
    for seed in range(2):
        evidence = Evidence.fit(
            raw, table.prepared, every[seed::2], table.rows.truth[seed::2], table.target,
            every[seed::2], seed=seed,
        )  # fmt: skip
        torch.manual_seed(seed)
        config = SystemConfig(dim=16, depth=1, num_heads=2, heads=(HEADS[seed],))
        system = System(codecs, table.target, config, evidence).eval()
        with torch.no_grad():  # heads and residual branches begin at zero, and would say nothing
            for parameter in system.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        systems.append(system)
        told.append(evidence)
    graphs = [
        system_graph(system, table.prepared, every, one)
        for system, one in zip(systems, told, strict=True)
    ]
    parts = {"linear": table.fitted(Linear())}
    mix = table.mix(parts, {"linear": 0.4, DEEP: 0.6}, evidence=tuple(told))
    from plait.networks.torch_runners import SystemRunner

    mix._runners = [SystemRunner(one) for one in systems]
    found = table.parity(mix, networks=graphs)
    assert found.difference < 1e-4 and found.agreement == 1.0
