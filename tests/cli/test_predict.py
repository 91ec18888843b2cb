"""plait predict: how a generated target is drawn is passed on."""

from __future__ import annotations

import pytest

from plait.cli import run

CALL = ["predict", "shop.plait", "new.csv"]


@pytest.mark.parametrize(
    ("options", "temperature", "seed"),
    [([], None, 0), (["--temperature", "0.7", "--seed", "4"], 0.7, 4)],
)
def test_how_values_are_drawn_is_passed_on(options, temperature, seed, recipes):
    assert run([*CALL, *options]) == 0
    _, args, kwargs = recipes.calls[0]
    assert args[1] == "new.csv"
    assert (kwargs["temperature"], kwargs["seed"]) == (temperature, seed)


def test_no_number_is_no_temperature(capsys):
    assert run([*CALL, "--temperature", "hot"]) == 2
    assert "--temperature" in capsys.readouterr().err
