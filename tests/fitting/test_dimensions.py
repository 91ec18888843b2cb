"""One table holds every setting that is searched, and one says of all others why they are not."""

from dataclasses import fields

import pytest

from plait.errors import UsageError
from plait.fitting.setup.dimensions import DIMENSIONS, NOT_SEARCHED, settings_of
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.fit_settings import Choice, Network
from plait.fitting.setup.start_settings import Start
from plait.networks.config import SIZES, SystemConfig
from plait.train.budget import Budget
from plait.train.config import TrainConfig

TINY = SIZES["tiny"]


def test_every_setting_is_searched_or_it_is_said_why_not():
    groups = {one.name for kind in (Network, Choice, Start) for one in fields(kind)}
    groups |= {f"train.{one.name}" for one in fields(TrainConfig)}
    groups |= {f"size.{one.name}" for one in fields(SystemConfig)}
    named = [one.name for one in DIMENSIONS]
    assert len(named) == len(set(named)) and not set(named) & set(NOT_SEARCHED)
    assert {*named, *NOT_SEARCHED} == groups
    assert all(one.says.endswith(".") for one in DIMENSIONS) and all(NOT_SEARCHED.values())


def test_usual_values_are_those_of_a_fit_and_stand_for_nothing():
    assert settings_of({one.name: one.usual for one in DIMENSIONS}, TINY) == {}
    usual = {one.name: one.usual for one in DIMENSIONS}
    assert usual["train.learning_rate"] == TrainConfig().learning_rate
    assert usual["size.dropout"] == SystemConfig().dropout


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda one: one.name)
def test_every_value_is_one_that_a_fit_takes(dimension):
    for value in dimension.choices or (dimension.low, dimension.high):
        settings = settings_of({dimension.name: value}, TINY)
        config = FitConfig.of(target="kind", budget=Budget(10.0, "steps"), **settings)
        config.check()


def test_fields_of_sizes_and_training_become_whole_settings():
    point = {"size.dropout": 0.3, "train.batch_size": 32, "size": "base"}
    found = settings_of(point, TINY)
    assert found["size"].dropout == 0.3 and found["size"].dim == SIZES["base"].dim
    assert found["train"] == TrainConfig(batch_size=32)
    assert settings_of({"size.dropout": 0.3}, TINY)["size"].dim == TINY.dim


def test_a_simple_fit_has_no_settings_of_networks():
    point = {"simple": True, "baselines": "none", "fusion": "mid", "train.smoothing": 0.1}
    assert settings_of(point, TINY) == {"simple": True}
    assert settings_of({"baselines": "linear,boosted"}, TINY) == {
        "baselines": ("linear", "boosted")
    }


def test_what_is_no_dimension_is_refused():
    with pytest.raises(UsageError, match="no such setting"):
        settings_of({"colour": 1}, TINY)
    with pytest.raises(UsageError, match="train.smoothing is out of range"):
        settings_of({"train.smoothing": 0.9}, TINY)
