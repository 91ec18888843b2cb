"""Settings of a training that a head wants: taken where nothing else was said."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from plait.fitting.network.decoding import _step_of
from plait.train.config import TrainConfig


def settled(config, **wanted):
    head = SimpleNamespace(training_settings=wanted, most_per_step=32)
    network = SimpleNamespace(heads=[head], lined=False, map_pool=None)
    problem = SimpleNamespace(table=SimpleNamespace(moments=None), learned=np.arange(6000))
    return _step_of(config, problem, network)


def test_a_head_has_the_settings_it_wants():
    found = settled(TrainConfig(), momentum=0.0, muon_rate=0.01)
    assert (found.momentum, found.muon_rate, found.batch_size) == (0.0, 0.01, 32)
    assert found.learning_rate == TrainConfig().learning_rate


def test_what_was_said_wins():
    found = settled(TrainConfig(muon_rate=0.002, batch_size=8), momentum=0.0, muon_rate=0.01)
    assert (found.momentum, found.muon_rate, found.batch_size) == (0.0, 0.002, 8)
