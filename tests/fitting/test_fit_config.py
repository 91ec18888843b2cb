"""What a fit is asked for: gathered into groups, refused before the work, told in words."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields

import pytest

import plait
from plait.errors import UsageError
from plait.fitting.setup.fit_config import GROUPS, LOOSE, FitConfig
from plait.fitting.setup.fit_options import FitOptions
from plait.reading import ReadOptions
from plait.train.budget import Budget
from plait.train.config import TrainConfig

ROWS = [{"size": float(i % 7), "kind": "pq"[i % 7 > 3]} for i in range(40)]


def asked(target="kind", **settings):
    return FitConfig.of(target=target, budget=Budget.parse("5m"), **settings)


def in_groups():
    return [one.name for kind in GROUPS.values() for one in fields(kind)]


def test_every_option_is_in_one_group_and_has_its_type():
    names = [*in_groups(), *LOOSE]
    assert len(set(names)) == len(names)
    assert set(FitOptions.__annotations__) == {*names, *ReadOptions.__annotations__}


def test_the_signature_of_fit_names_every_setting_with_its_default():
    signature = inspect.signature(plait.fit).parameters
    assert {*in_groups(), *LOOSE} < set(signature)
    assert signature["adapt"].default == "auto" and signature["samples"].default is True
    assert signature["licences"].default == () and signature["target"].default is None


def test_help_describes_every_setting():
    told = plait.fit.__doc__
    assert [name for name in [*in_groups(), *LOOSE] if f"        {name}: " not in told] == []


def test_settings_find_their_group():
    found = asked(
        group="who", size="tiny", metric="auc", threshold=0.3, adapt="full", seed=3,
        exclude=["b", "a"], root="media", on_error="skip",
    )  # fmt: skip
    assert (found.rows.group, found.network.size, found.choice.metric) == ("who", "tiny", "auc")
    assert (found.decision.threshold, found.start.adapt, found.seed) == (0.3, "full", 3)
    assert found.exclude == ("b", "a")
    assert found.reading == {"root": "media", "on_error": "skip"}
    with pytest.raises(FrozenInstanceError):
        found.seed = 4


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"traget": "x"}, "fit has no argument 'traget'", "did you mean 'target'"),
        ({"fussion": 1}, "fit has no argument 'fussion'", "did you mean 'fusion'"),
        ({"zzz": 1}, "fit has no argument 'zzz'", "help"),
    ],
)
def test_unknown_settings_are_named(settings, message, hint):
    with pytest.raises(UsageError, match=message) as caught:
        plait.fit(ROWS, target="kind", **settings)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "seed is negative"),
        ({"adapt": "some"}, "unknown adapt"),
        ({"tune": "lora", "encoders": "none"}, "no pretrained encoder to tune"),
        ({"size": "huge"}, "size"),
        ({"fusion": 99}, "layer"),
        ({"baselines": "linear"}, "no such simple model"),
        ({"baselines": ["linnear"]}, "no such simple model"),
        ({"threshold": 2.0}, "threshold"),
        ({"threshold": 0.5, "costs": {"false_negative": 2}}, "not both"),
        ({"simple": True, "baselines": False}, "trains no network"),
        ({"simple": True, "adapt": "full"}, "trains no network"),
        ({"target": None, "metric": "auc"}, "no target to predict"),
        ({"target": None, "positive": "p"}, "no target to predict"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_table_is_opened(settings, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        plait.fit(tmp_path / "absent.csv", **{"target": "kind", **settings})


@pytest.mark.parametrize(
    "change",
    [
        {"group": "size"}, {"weights": "balanced"}, {"size": "tiny"}, {"fusion": 1}, {"seed": 1},
        {"device": "cpu"}, {"train": TrainConfig(batch_size=9)}, {"baselines": ("linear",)},
        {"simple": True}, {"metric": "auc"}, {"threshold": 0.4}, {"positive": "p"},
        {"encoders": {"text": "x"}}, {"tune": "frozen"}, {"adapt": "scratch"},
        {"exclude": ["size"]}, {"target": None},
    ],
)  # fmt: skip
def test_whatever_decides_the_result_is_told(change):
    table = plait.read(ROWS)
    usual, other = asked().told(table, None), asked(**change).told(table, None)
    assert usual != other and list(usual) == list(other)


def test_what_decides_nothing_is_not_told():
    table = plait.read(ROWS)
    other = asked(samples=False, scores=False, licences=[{"source": "me"}])
    assert asked().told(table, None) == other.told(table, None)
