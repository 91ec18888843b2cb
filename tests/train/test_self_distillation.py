"""Self-distillation: a head's map learns from its flow, and nothing else of the network changes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_rows
from plait.data.table import read
from plait.fitting.network.distilling import budgets_of, distil
from plait.networks.config import SystemConfig
from plait.networks.heads import Heads
from plait.progress import Silent
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.generative import GenerativeData
from plait.train.self_distillation import distilled

CONFIG = SystemConfig(dim=16, depth=1, num_heads=2, join=0, drop_column=0.2)
NUM = 24


def png(shade):
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), shade, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def made(generator="flow"):
    """A network whose picture is as dark as is told, untrained, and its rows."""
    cells = [{"dark": row / NUM, "picture": png(10 * row)} for row in range(NUM)]
    picture = {"modality": "image", "settings": {"size_px": 8, "generator": generator}}
    table = read(cells, columns={"dark": "number", "picture": picture})
    rows = np.arange(NUM)
    codecs = fit_codecs(table, ["dark"], rows)
    goals = fit_codecs(table, ["picture"], rows, as_target=True)
    torch.manual_seed(0)
    network = Heads(codecs, goals, CONFIG)
    torch.nn.init.normal_(network.heads[0].state_dict()[FIRST[generator]], std=0.1)
    data = GenerativeData(
        prepared=prepare_rows(table, {**codecs, **goals}), columns=("dark",),
        shares={"picture": 1.0}, rows=rows, rows_validation=rows[:0],
    )  # fmt: skip
    return network, data


FIRST = {"flow": "flow.network.head.weight", "gan": "pair.network.head.weight"}


def run(network, data, folder=None, steps=6):
    return distil(
        network, data, Budget(steps, "steps"), config=TrainConfig(batch_size=8), seed=0,
        device="cpu", folder=folder, progress=Silent(),
    )  # fmt: skip


def test_the_map_learns_and_nothing_else():
    network, data = made()
    before = {name: one.clone() for name, one in network.state_dict().items()}
    assert run(network, data) == 6
    after = network.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed and all(".distilled." in name for name in changed)
    assert all(one.requires_grad for one in network.parameters())
    assert network.head("picture").distilled.knows(2, 3.0)


def test_it_goes_on_to_the_same_weights(tmp_path):
    network, data = made()
    run(network, data, tmp_path)
    again, data = made()
    assert run(again, data, tmp_path) == 6
    first, second = network.state_dict(), again.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_part_of_the_budget_is_set_aside_where_there_is_a_map():
    (network, data), (other, _) = made(), made("gan")
    assert distilled(network) == ("picture",) and distilled(other) == ()
    first, second = budgets_of([network, other], Budget(100, "steps"))
    assert first.amount + second.amount == 100 and second.amount == pytest.approx(30)
    assert budgets_of([other], Budget(9, "seconds")) == (Budget(9, "seconds"), None)
    assert run(other, data) == 0
