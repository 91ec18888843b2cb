"""Budgets, schedules and averages; and that an interrupted run ends like an uninterrupted one."""

import numpy as np
import pytest
import torch
from torch import nn

from plait.baselines.evidence import Evidence, RawFeatures
from plait.baselines.evidence_column import EVIDENCE
from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_table
from plait.data.table import read
from plait.errors import BundleError, UsageError
from plait.networks.config import SystemConfig
from plait.networks.system import System, drop_columns, with_heads
from plait.train import loop
from plait.train.average import WeightAverage
from plait.train.budget import Budget, Clock, compile_repays
from plait.train.checkpoint import FILE, load_checkpoint, save_checkpoint
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.learning_rate import one_cycle
from plait.train.loop import train
from plait.train.supervised import Supervised


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    rows = [
        {"a": float(rng.normal()), "b": ("x", "y", "z")[i % 3], "kind": ("p", "q")[i % 2]}
        for i in range(60)
    ]
    table = read(rows, columns={"a": "number", "b": "category", "kind": "category"})
    codecs = fit_codecs(table, ["a", "b", "kind"], np.arange(60))
    prepared = prepare_table(table, codecs)
    truth = codecs["kind"].truth([prepared.columns["kind"][i] for i in range(60)])
    return TrainData(
        prepared=prepared, columns=("a", "b"), codec=codecs["kind"], truth=truth,
        rows=np.arange(48), rows_validation=np.arange(48, 60),
    )  # fmt: skip


def make_system(data, *, told=False):
    evidence = None
    if told:
        raw = RawFeatures(data.prepared, data.columns, data.rows)
        truth, groups = data.truth[data.rows], np.arange(len(data.rows))
        evidence = Evidence.fit(raw, data.prepared, data.rows, truth, data.codec, groups)
    torch.manual_seed(1)
    codecs = {name: data.prepared.columns[name].codec for name in data.columns}
    config = with_heads(SystemConfig(dim=16, depth=1, num_heads=2), evidence)
    return System(codecs, data.codec, config, evidence)


def run(data, folder, notify=None, *, told=False):
    system = make_system(data, told=told)
    config = TrainConfig(batch_size=4, save_seconds=0.0)
    train(
        Supervised(system, data, config), budget=Budget(40, "steps"), config=config,
        folder=folder, notify=notify,
    )  # fmt: skip
    return system.state_dict()


@pytest.mark.parametrize("told", [False, True], ids=["alone", "told"])
def test_an_interrupted_run_ends_with_the_same_weights(data, tmp_path, told):
    def stop(share, note):
        if share >= 0.5:
            raise Killed

    whole = run(data, tmp_path / "whole", told=told)
    with pytest.raises(Killed):
        run(data, tmp_path / "parts", notify=stop, told=told)
    assert load_checkpoint(tmp_path / "parts")[1]["done"] is False
    resumed = run(data, tmp_path / "parts", told=told)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_rows_that_are_learned_from_are_told_by_a_fit_without_them(data):
    system = make_system(data, told=True)
    objective = Supervised(system, data, TrainConfig())
    assert objective.columns == (*data.columns, EVIDENCE)
    inside = objective.prepared.columns[EVIDENCE].gather(data.rows).parts["scores"]
    honest = system.evidence.arrays(data.prepared, data.rows, left_out=True)[1]
    assert np.array_equal(inside, honest)
    assert np.isfinite(objective.cost())


def test_training_learns(data, tmp_path):
    system = make_system(data)
    config = TrainConfig(batch_size=8, patience=1.0)
    result = train(Supervised(system, data, config), budget=Budget(30, "epochs"), config=config)
    assert result.curve[-1]["loss"] < result.curve[0]["loss"]
    assert result.steps == 30 * 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5m", Budget(300, "seconds")),
        ("30s", Budget(30, "seconds")),
        ("1.5h", Budget(5400, "seconds")),
        ("2000 steps", Budget(2000, "steps")),
        ("1 epoch", Budget(1, "epochs")),
        (20, Budget(20, "seconds")),
    ],
)
def test_budget(text, expected):
    assert Budget.parse(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "-5m", "0s", "5 parsecs"])
def test_wrong_budget(text):
    with pytest.raises(UsageError, match="budget cannot be read"):
        Budget.parse(text)


def test_one_cycle_rises_and_falls():
    rates = [one_cycle(share, 0.2) for share in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(1.0) and np.argmax(rates) == 20
    assert rates[0] == rates[-1] == pytest.approx(0.01)


def test_the_average_of_constant_weights_is_those_weights():
    module = nn.Linear(2, 2)
    average = WeightAverage(module, share=0.1)
    for step in range(1, 50):
        average.update(module, step)
    assert all(torch.allclose(average.weights[k], v) for k, v in module.state_dict().items())


@pytest.mark.parametrize(
    ("device", "budget", "repays"),
    [("cpu", "1h", False), ("cuda", "1m", False), ("cuda", "10m", True),
     ("cuda", "100 steps", False), ("cuda", "9000 steps", True)],
)  # fmt: skip
def test_compiling_only_where_it_repays(device, budget, repays):
    budget = Budget.parse(budget)
    assert compile_repays(device, budget, budget.num_steps(10)) == repays


def test_a_damaged_checkpoint_is_named(tmp_path):
    save_checkpoint(tmp_path, {"x": torch.ones(3)}, {"step": 1})
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:20])
    with pytest.raises(BundleError, match="checkpoint is damaged"):
        load_checkpoint(tmp_path)


def test_modality_dropout_never_empties_a_row():
    torch.manual_seed(0)
    keep = torch.rand(500, 4) > 0.5
    kept = drop_columns(keep, 0.9)
    assert not (kept & ~keep).any()
    assert torch.equal(kept.any(1), keep.any(1))
    assert kept.sum() < keep.sum()


def test_a_training_too_short_for_a_check_ends_with_its_average(data, monkeypatch):
    system, config = make_system(data), TrainConfig(batch_size=4)
    objective = Supervised(system, data, config)
    monkeypatch.setattr(loop._Run, "_can_afford_check", lambda run: False)
    monkeypatch.setattr(Supervised, "cost", lambda objective: pytest.fail("checked"))
    before = {name: tensor.clone() for name, tensor in system.state_dict().items()}
    found = train(objective, budget=Budget(0.3, "seconds"), config=config)
    assert found.steps > 0 and "validation" not in found.curve[-1]
    assert any(not torch.equal(before[name], t) for name, t in system.state_dict().items())


def test_a_step_without_a_direction_is_left_out(data):
    """One gradient that is no number, of one batch, would otherwise leave no weight one."""
    system, config = make_system(data), TrainConfig(batch_size=4)
    seen = []

    def spoilt(gradient):
        seen.append(len(seen))
        return gradient * (float("nan") if len(seen) == 3 else 1.0)

    system.encoder.column_vectors.register_hook(spoilt)
    before = {name: tensor.clone() for name, tensor in system.state_dict().items()}
    result = train(Supervised(system, data, config), budget=Budget(8, "steps"), config=config)
    assert result.steps == len(seen) > 3
    after = system.state_dict()
    assert all(bool(tensor.isfinite().all()) for tensor in after.values())
    assert any(not torch.equal(before[name], after[name]) for name in after)


@pytest.mark.parametrize("budget", ["20 steps", "60s"])
def test_rows_are_varied_together_until_the_last_part(data, budget):
    """By steps or by the clock, whichever ends the training."""
    config = TrainConfig(together_share=0.75)
    one = loop._Run(
        Supervised(make_system(data), data, config), Budget.parse(budget), config, 0,
        torch.device("cpu"), None,
    )  # fmt: skip
    assert one._together_at(14)
    one.clock = Clock(46.0)
    assert not one._together_at(15)
