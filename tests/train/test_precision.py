"""The number format: where steps are counted it hangs on the machine, never on how busy it is."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from plait.train import precision
from plait.train.precision import WIDE_PARAMETERS, settled_precision

CPU = torch.device("cpu")
WIDE = nn.Linear(1000, 1001)
NARROW = nn.Linear(30, 30)


@pytest.mark.parametrize(
    ("module", "able", "expected"),
    [
        (WIDE, True, "bfloat16"),
        (WIDE, False, "float32"),
        (NARROW, True, "float32"),
        (NARROW, False, "float32"),
    ],
)
def test_a_cpu_takes_bf16_where_it_has_it_and_the_network_is_wide(
    monkeypatch, module, able, expected
):
    def timed(*_):
        raise AssertionError("nothing is timed")

    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: able)
    monkeypatch.setattr(precision, "_timed", timed)
    assert settled_precision(module, CPU) == expected


def test_weights_that_are_frozen_do_not_make_a_network_wide(monkeypatch):
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: True)
    frozen = nn.Linear(1000, 1001).requires_grad_(False)
    assert sum(one.numel() for one in frozen.parameters()) > WIDE_PARAMETERS
    assert settled_precision(nn.Sequential(frozen, NARROW), CPU) == "float32"


@pytest.mark.parametrize("able", [True, False])
def test_a_gpu_takes_bf16_where_it_has_it(monkeypatch, able):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: able)
    found = settled_precision(NARROW, torch.device("cuda"))
    assert found == ("bfloat16" if able else "float32")


def test_other_devices_take_float32():
    assert settled_precision(WIDE, torch.device("meta")) == "float32"


@pytest.mark.parametrize("amx", [True, False])
def test_convolutions_need_no_width_where_tiles_are_multiplied(monkeypatch, amx):
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: True)
    monkeypatch.setattr(precision, "cpu_has_amx", lambda: amx)
    maps = nn.Sequential(nn.Conv2d(32, 32, 3), nn.Linear(32, 10))
    assert settled_precision(maps, CPU) == ("bfloat16" if amx else "float32")
    assert settled_precision(nn.Sequential(maps, nn.Linear(128, 128)), CPU) == "float32"
    assert settled_precision(nn.Conv2d(3, 64, 5), CPU) == "float32"
