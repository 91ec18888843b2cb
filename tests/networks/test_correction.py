"""A head that corrects: it begins at the offset of simple models, which weighs what tells."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import plait
from plait.fitting.network.better_head import leave_better_head
from plait.modalities import find_codec, find_network
from plait.networks.config import CORRECTED, OWN
from plait.networks.correction import Correction

NUM, DIM = 600, 16
TARGETS = ("category", "categories", "number")


def codec_of(target):
    """Return a fitted target of three classes, three labels, or numbers about 5."""
    if target == "number":
        return find_codec("number")().fit([5.0 + 2.0 * i for i in range(-3, 4)])
    raws = ["a", "b", "c"] * 4 if target == "category" else [("a",), ("b", "c"), ("c",)] * 4
    return find_codec(target)().as_target().fit(raws)


def told(target):
    """Return scores of two columns and truth that the first column tells, and the second not."""
    rng = np.random.default_rng(0)
    if target == "number":
        signal = rng.normal(size=(NUM, 1))
        truth = (5 + 2 * codec_of(target).scale * signal[:, 0]).astype(np.float32)
    else:
        signal = rng.normal(size=(NUM, 3))
        slips = rng.gumbel if target == "category" else rng.logistic
        draw = signal * 2 + slips(size=signal.shape)
        truth = draw.argmax(1) if target == "category" else (draw > 0).astype(np.float32)
    noise = rng.normal(size=signal.shape)
    joint = np.zeros_like(signal)
    scores = np.stack([np.concatenate([signal, joint], 1), np.concatenate([noise, joint], 1)], 1)
    return torch.from_numpy(scores).float(), torch.from_numpy(truth)


def correction_of(target):
    torch.manual_seed(0)
    width = 1 if target == "number" else 3
    return Correction(codec_of(target), DIM, num_columns=2, num_outputs=width)


@pytest.mark.parametrize("target", TARGETS)
def test_the_offset_weighs_what_tells(target):
    correction, (scores, truth) = correction_of(target), told(target)
    correction.fit_offset(scores, torch.ones(NUM, 2, dtype=torch.bool), truth)
    tells, noise, _ = correction.weights.tolist()
    assert 1.5 < tells < 2.5 and 0 <= noise < 0.2


@pytest.mark.parametrize("target", TARGETS)
def test_a_head_begins_at_the_offset_and_a_hidden_column_leaves_it(target):
    correction, (scores, truth) = correction_of(target), told(target)
    keep = torch.ones(NUM, 2, dtype=torch.bool)
    correction.fit_offset(scores, keep, truth)
    latent = torch.randn(NUM, 1, DIM)
    said = correction.offset(scores, keep)
    raw = correction(latent, said)
    start = correction.head(latent[:1])
    assert torch.allclose(raw, said + start, atol=1e-6)
    hidden = correction.offset(scores, keep & torch.tensor([False, True]))
    again = correction.offset(scores * torch.tensor([0.0, 1.0])[:, None], keep)
    assert torch.allclose(hidden, again, atol=1e-6) and not torch.allclose(hidden, said, atol=0.1)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_nearer_to_the_offset_costs_less(target):
    head = find_network(target).Target(codec_of(target), DIM)
    said = torch.tensor([[0.3]] if target == "number" else [[2.0, -1.0, 0.0]])
    near = said.expand(-1, head.num_raw).clone()
    costs = [float(head.distance(near + step, said)) for step in _steps(head.num_raw)]
    assert costs == sorted(costs) and costs[0] < costs[-1]


def _steps(num_raw):
    towards = torch.linspace(-1, 1, num_raw) if num_raw > 1 else torch.ones(1)
    return [amount * towards for amount in (0.0, 0.5, 1.0, 2.0)]


@pytest.fixture(scope="module")
def rows():
    """Two columns that both tell of the kind, each with slips."""
    rng = np.random.default_rng(5)
    return [
        {
            "note": f"{('red' if i % 2 ^ (rng.random() < 0.2) else 'blue')} boat {i}",
            "size": float(i % 2 + rng.normal()),
            "kind": "pq"[i % 2],
        }
        for i in range(120)
    ]


def test_a_fit_leaves_one_head_and_its_bundle_answers_alike(rows, tmp_path):
    fitted = plait.fit(rows, target="kind", budget="6 steps", size="tiny", baselines=False)
    (name,) = fitted.ensemble.systems.config.heads
    kept = {"head.", "correction."} - ({"correction."} if name == OWN else {"head."})
    names = {one.partition(".")[2] for one in fitted.ensemble.tensors}
    heads = [one for one in names if one.startswith(("head.", "correction."))]
    assert heads and all(one.startswith(tuple(kept)) for one in heads)
    fitted.save(tmp_path / "m.plait")
    asked = [{"note": "red boat"}, {"size": 1.5}, {}]
    loaded = plait.load(tmp_path / "m.plait")
    np.testing.assert_array_equal(fitted.outputs_of(asked), loaded.outputs_of(asked))


def test_few_steps_know_what_the_offset_knows(rows):
    fitted = plait.fit(rows, target="kind", budget="6 steps", size="tiny", baselines=False)
    assert list(fitted.ensemble.systems.config.heads) == [CORRECTED]
    assert fitted.records["metrics"]["test"]["metrics"]["accuracy"] >= 0.75


class Two:
    """Stands for a network with two heads."""

    def __init__(self):
        from plait.networks.config import SystemConfig

        self.config, self.kept = SystemConfig(heads=(OWN, CORRECTED)), None

    def keep_head(self, name):
        self.kept = name


class Given:
    """Stands for a problem of two classes."""

    weights = None
    truth = np.array([0, 1, 1, 0])
    target_codec = find_codec("category")().as_target().fit(["a", "b"])


@pytest.mark.parametrize(("better", "name"), [(0, OWN), (1, CORRECTED)])
def test_the_head_of_less_cost_is_left_in_all_networks(better, name):
    outputs = np.full((4, 2, 2), 0.5, np.float32)
    outputs[np.arange(4), better, Given.truth] = 0.9
    outputs[np.arange(4), better, 1 - Given.truth] = 0.1
    systems = [Two(), Two()]
    left = leave_better_head(Given, systems, outputs, np.arange(4))
    assert [one.kept for one in systems] == [name] * 2
    np.testing.assert_array_equal(left, outputs[:, better])
