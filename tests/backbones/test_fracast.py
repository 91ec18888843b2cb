"""Fracast: what its package computes, written down; periods and ages by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from plait.backbones import open_checkpoint
from plait.backbones.fracast import Fracast, how_long_ago, strongest_periods
from plait.backbones.series_folder import FracastSettings, read_series_settings

SMALL = FracastSettings(
    dim=4, width=6, num_steps=32, num_stages=3, base=2, kernel=3, scale_dim=4, num_periods=2,
    least_period=2, level=0.05,
)  # fmt: skip
TIME = torch.arange(32.0)
WAVES = torch.stack([torch.sin(2 * torch.pi * TIME / 8) + TIME / 40, torch.cos(TIME) ** 2])


@pytest.fixture(scope="module")
def network():
    """A small network whose weights are a sine of their places."""
    found = Fracast(SMALL).eval()
    state = {}
    for place, (name, one) in enumerate(sorted(found.core.state_dict().items())):
        wave = torch.sin(torch.arange(one.numel(), dtype=torch.float32) * 0.7 + place)
        state[name] = wave.reshape(one.shape) / 2 + ("norm" in name)
    found.core.load_state_dict(state)
    return found


def test_states_are_those_of_the_package(network):
    """The numbers are what fracast 0.1.0 gives with the same settings and weights."""
    observed = torch.ones(2, 32, dtype=torch.bool)
    observed[1, :12] = False
    with torch.no_grad():
        states = network(WAVES, observed)
    expected = {
        31: [[0.1625, 1.7886, -1.4520, 0.1880], [0.1103, 1.8556, -1.3316, 0.1173]],
        20: [[0.0792, 1.8297, -1.3958, 0.1321], [0.0908, 1.8409, -1.3672, 0.1506]],
    }
    for place, told in expected.items():
        torch.testing.assert_close(states[:, place], torch.tensor(told), atol=1e-4, rtol=0)


def test_states_know_nothing_of_what_comes_later(network):
    later = WAVES[:1].clone()
    observed = torch.ones(1, 32, dtype=torch.bool)
    with torch.no_grad():
        before = network.core(later, observed)
        # A change of sign around the mean keeps the periods.
        later[:, 16:] += torch.where(TIME[16:] % 8 < 4, 1e-3, -1e-3)
        after = network.core(later, observed)
    torch.testing.assert_close(after[:, :16], before[:, :16])
    assert float((after[:, 16:] - before[:, 16:]).abs().max()) > 1e-5


def test_the_strongest_periods_stand_out_of_noise():
    noise = torch.randn(1, 32, generator=torch.Generator().manual_seed(0)) * 0.01
    both = 3.0 * torch.sin(2 * torch.pi * TIME / 8) + 2.8 * torch.sin(2 * torch.pi * TIME / 3.2)
    found = strongest_periods(torch.cat([noise + both, torch.zeros(1, 32)]), SMALL)
    assert found.tolist() == [[8, 3], [0, 0]]


def test_ages_are_shares_of_the_window_before_its_end():
    found = how_long_ago(4, torch.device("cpu"))
    assert found[3].tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    far = 0.75
    told = [-far, -math.log1p(far) / math.log(2), *(math.exp(-r * far) for r in (0.5, 2, 8))]
    torch.testing.assert_close(found[0], torch.tensor(told))


def test_the_published_sizes_have_85_001_numbers_with_the_head():
    settings = FracastSettings(
        dim=64, width=96, num_steps=2048, num_stages=10, base=2, kernel=3, scale_dim=8,
        num_periods=4, least_period=2, level=0.05,
    )  # fmt: skip
    num = sum(one.numel() for one in Fracast(settings).parameters())
    # The head of fracast 0.1.0 has 59,465 of its 85,001 numbers.
    assert num == 85_001 - 59_465


def test_the_packages_own_weights_are_read():
    package = pytest.importorskip("fracast", exc_type=ImportError)
    folder = Path(package.__file__).parent / "weights"
    opened = open_checkpoint(folder, modality="series")
    assert (opened.architecture, opened.preparation.max_steps) == ("fracast", 2048)
    network = opened.network().tower.model
    from fracast import FracastModel

    theirs = FracastModel.from_pretrained(weights="fp32").core
    values, observed = torch.rand(1, 2048), torch.ones(1, 2048, dtype=torch.bool)
    values[0, :2] = torch.tensor([0.0, 1.0])
    with torch.inference_mode():
        expected = theirs(values[:, None], observed[:, None], observed[:, None].float())
        torch.testing.assert_close(network(values, observed), expected, atol=1e-4, rtol=1e-4)


def test_settings_that_are_not_told_are_those_of_fracast_0(tmp_path):
    told = {"model": {"family": "fracast", "d_model": 64, "W": 2048}}
    (tmp_path / "config.json").write_text(json.dumps(told))
    found = read_series_settings(tmp_path).config
    assert (found.num_stages, found.width, found.scale_dim) == (10, 96, 8)
