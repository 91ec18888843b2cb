"""A search finds what is truly better, claims nothing on noise, and goes on where it stopped."""

import json

import numpy as np
import pytest

from plait.errors import UsageError
from plait.fitting.setup.dimensions import settings_of
from plait.networks.config import SIZES
from plait.train.budget import Budget
from plait.tuning.journal import FILE, PLAIN, best_told
from plait.tuning.search import SAME, check_objectives, on_front
from plait.tuning.verdict import confirm

from .trying import FakeTrier, folds, search

pytest.importorskip("optuna")


def better_when_simple(settings):
    return -1.5 if settings.get("simple") else 0.0


def nothing(settings):
    return 0.0


def confirmed(winner, trier, metric=None):
    settings = settings_of(winner.point, SIZES["tiny"])
    fresh = folds("fresh ", seed=9)
    done = []
    found = confirm(
        trier, settings, Budget(8.0, "steps"), fresh, metric=metric, update=lambda: done.append(1)
    )
    assert len(done) == 2 * len(fresh)
    return found


def test_one_setting_that_is_much_better_is_found_and_shown(tmp_path):
    trier = FakeTrier(better_when_simple)
    tried = search(tmp_path, trier).run()
    best = tried[0]
    assert best.point["simple"] and best.rung == 2 and best.number != PLAIN
    found = confirmed(best, trier)
    assert found["shown"] and found["gain"] == pytest.approx(1.5, abs=0.2)
    low, high = found["interval"]
    assert low < 1.5 < high and found["rows"] == 90
    assert confirmed(best, trier, metric="error")["gain"] == pytest.approx(found["gain"])


def test_on_noise_no_gain_is_claimed(tmp_path):
    claims = optimistic = 0
    for seed in range(12):
        trier = FakeTrier(nothing, seed=seed)
        tried = search(tmp_path / str(seed), trier, names=("size", "fusion", "train.augment")).run()
        best = tried[0]
        if best.number == PLAIN:
            continue
        plain = next(one for one in tried if one.number == PLAIN)
        optimistic += best.told["cost"] < plain.told["cost"]
        claims += confirmed(best, trier)["shown"]
    assert optimistic >= 6  # the best of many looks better than it is
    assert claims <= 1


def test_the_plain_settings_come_first_and_to_every_rung(tmp_path):
    trier = FakeTrier(better_when_simple)
    tried = search(tmp_path, trier).run()
    plain = next(one for one in tried if one.number == PLAIN)
    assert plain.point == {} and plain.rung == 2
    assert trier.calls[0] == ("{}", "0") and len(tried) == 12
    assert sum(one.rung == 2 for one in tried) <= 4 < sum(one.rung >= 1 for one in tried) + 1


@pytest.mark.parametrize("stop_after", [0, 3, 9, 14])
def test_a_resumed_search_is_an_unbroken_one(tmp_path, stop_after):
    whole = search(tmp_path / "whole", FakeTrier(better_when_simple)).run()
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "cut", FakeTrier(better_when_simple, stop_after=stop_after)).run()
    rest = FakeTrier(better_when_simple)
    again = search(tmp_path / "cut", rest).run()
    assert [one.as_dict() for one in again] == [one.as_dict() for one in whole]
    unbroken = FakeTrier(better_when_simple)
    search(tmp_path / "other", unbroken).run()
    assert len(rest.calls) <= len(unbroken.calls) - stop_after + 2  # a broken rung is judged again


def test_what_cannot_be_fitted_is_told_and_the_search_goes_on(tmp_path):
    tried = search(tmp_path, FakeTrier(nothing), names=("fusion",), trials=8).run()
    late = [one for one in tried if one.point.get("fusion") == "late"]
    assert late and late[0].why == "this does not work here" and not late[0].told
    assert not any(one.point.get("fusion") == "late" and one.told for one in tried)
    worked = [one.point.get("fusion", "auto") for one in tried if one.told]
    assert len(worked) == len(set(worked))  # the same settings are fitted once
    assert len(worked) + len(late) + sum(one.why == SAME for one in tried) == 8


def test_the_front_is_of_all_objectives(tmp_path):
    trier = FakeTrier(lambda settings: 1.0 if settings.get("simple") else 0.0)
    tried = search(tmp_path, trier, objectives=("score", "mb")).run()
    front = [one for one in tried if one.front]
    assert any(one.point.get("simple") for one in front)
    assert any(not one.point.get("simple") for one in front)
    assert not tried[0].point.get("simple")
    assert on_front({0: [1, 2], 1: [2, 1], 2: [2, 2], 3: [1, 2]}) == {0, 1, 3}


def test_the_journal_is_json_and_survives_a_cut_line(tmp_path):
    search(tmp_path, FakeTrier(better_when_simple), trials=4).run()
    path = tmp_path / FILE
    lines = path.read_bytes().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    with path.open("ab") as file:
        file.write(lines[-1][: len(lines[-1]) // 2])
    assert best_told(tmp_path).startswith("4 trials, the best so far: ")
    assert len(search(tmp_path, FakeTrier(better_when_simple), trials=6).run()) == 6
    assert best_told(tmp_path / "elsewhere") == "no trials"


def test_objectives_are_known_and_have_the_score():
    assert check_objectives(["mb", "score"]) == ("score", "mb")
    with pytest.raises(UsageError, match="no such objective"):
        check_objectives(["score", "beauty"])
    with pytest.raises(UsageError, match="without the score"):
        check_objectives(["mb"])


def test_values_that_are_no_numbers_fail(tmp_path):
    tried = search(tmp_path, FakeTrier(lambda s: np.nan if s else 0.0), trials=3).run()
    assert tried[0].number == PLAIN
    assert {one.why for one in tried[1:]} == {"its score is no number"}
