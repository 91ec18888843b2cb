"""What is searched: what is free for a table and what a person said, and no other."""

import pytest

from plait.encoders import finding
from plait.errors import UsageError
from plait.fitting.setup.dimensions import DIMENSIONS, NETWORK
from plait.tuning.space import first_points, free_dimensions, in_words, suggest


class Fixed:
    """Suggests what it was told, and counts what it was asked."""

    def __init__(self, **values):
        self.values, self.asked = values, []

    def suggest_categorical(self, name, choices):
        self.asked.append(name)
        return self.values.get(name, choices[0])

    def suggest_float(self, name, low, high, *, log=False):
        self.asked.append(name)
        return low


def free(said=None, **kwargs):
    given = {"modalities": ["number"], "wants_encoders": False}
    return free_dimensions(said or {}, **{**given, **kwargs})


def test_what_is_said_is_not_searched():
    names = {one.name for one in free({"size": "tiny", "train": object()})}
    assert "fusion" in names and not any(name.startswith(("size", "train")) for name in names)
    assert {one.name for one in free({"simple": True})} == {"baselines"}
    assert "none" not in free({"simple": True})[0].choices
    assert "simple" not in {one.name for one in free({"baselines": False})}
    with pytest.raises(UsageError, match="nothing to search"):
        free({"simple": True, "baselines": ("linear",)})


def test_encoders_are_searched_where_there_are_some(monkeypatch):
    assert "encoders" not in {one.name for one in free()}
    monkeypatch.setenv("PLAIT_ENCODERS", "none")
    assert finding.find_encoders() == ()
    assert "encoders" not in {one.name for one in free(modalities=["text"], wants_encoders=True)}


def test_without_a_network_none_of_its_settings_is_asked_for():
    trial = Fixed(simple=True)
    point = suggest(trial, free())
    networks = {one.name for one in DIMENSIONS if one.of == NETWORK}
    assert point["simple"] is True and not networks & set(trial.asked)
    assert networks <= set(suggest(Fixed(simple=False), free()))


def test_first_points_differ_from_each_other_and_stay_near_the_usual():
    dimensions = free()
    points = first_points(dimensions, 8, seed=1)
    assert len(points) == 8 and points == first_points(dimensions, 8, seed=1)
    assert all(points[i] != points[j] for i in range(8) for j in range(i))
    usual = {one.name: one.usual for one in dimensions}
    changed = [sum(point[name] != usual[name] for name in point) for point in points]
    assert all(0 < num < len(usual) for num in changed)
    assert len(first_points([dimensions[0]], 5, seed=1)) == 1
    alone = [one for one in dimensions if one.name == "simple" or one.of == NETWORK]
    simple = [one for one in first_points(alone, 12, seed=1) if one["simple"]]
    assert simple == [{"simple": True}]  # without a network its settings make no other point


def test_points_in_words():
    assert in_words({}) == "plain" and in_words({"fusion": "auto"}) == "plain"
    assert in_words({"train.learning_rate": 0.01, "fusion": "mid"}) == (
        "train.learning_rate 0.01, fusion mid"
    )
