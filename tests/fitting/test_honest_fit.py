"""What a whole fit claims: intervals that cover, in every set of columns and for new groups."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import plait
from plait.fitting import learn
from plait.fitting.network.network_time import Kept
from plait.fitting.setup.timetable import Timetable

NUM_NEW = 3000


def orders(rng: np.random.Generator, num_rows: int, *, gap: float = 0.35) -> pa.Table:
    """Hours from distance and city; without the distance nearly everything is open."""
    distance, city = rng.random(num_rows) * 10, rng.integers(0, 3, num_rows)
    hours = 3 * distance + city + 0.5 * rng.normal(size=num_rows)
    gone = rng.random((2, num_rows)) < gap
    return pa.table(
        {
            "distance": pa.array(distance, mask=gone[0]),
            "city": pa.array(np.array(["x", "y", "z"])[city], mask=gone[1]),
            "hours": hours,
        }
    )


def visits(rng: np.random.Generator, num_patients: int, first: int = 0) -> pa.Table:
    """Eight visits of each patient, told apart by age; most of a level is the patient's own."""
    patient = np.repeat(np.arange(num_patients), 8)
    own = rng.normal(size=num_patients)[patient]
    age = rng.integers(20, 90, num_patients)[patient] + 0.01 * rng.random(len(patient))
    dose = rng.random(len(patient))
    level = 2 * dose + 2 * own + 0.2 * rng.normal(size=len(patient))
    names = [f"p{first + number}" for number in patient]
    return pa.table({"patient": names, "age": age, "dose": dose, "level": level})


@pytest.fixture(scope="module")
def with_gaps():
    rng = np.random.default_rng(0)
    table = orders(rng, 500)
    model = plait.fit(table, target="hours", budget="40 steps", size="tiny", samples=False)
    return model, orders(rng, NUM_NEW)


def test_intervals_cover_in_every_set_of_columns(with_gaps):
    model, new = with_gaps
    scored = model.evaluate(new)
    assert scored["nominal_coverage"] == 0.9
    assert len(scored["by_present"]) == 4
    for columns, part in scored["by_present"].items():
        least = 0.84 if columns != "nothing" else 0.78  # some fifty rows have nothing
        assert least <= part["metrics"]["coverage"] <= 0.97, columns
        low, high = part["intervals"]["coverage"]
        assert low < part["metrics"]["coverage"] < high


def test_intervals_cover_when_a_column_is_gone_for_good(with_gaps):
    model, new = with_gaps
    for name in model.inputs:
        found = model.evaluate(new.drop_columns([name]))["metrics"]["coverage"]
        assert 0.82 <= found <= 0.98, name


def test_sets_of_columns_are_calibrated_however_late_it_is(monkeypatch):
    """A late fit tries no hidden columns, but rows as they are cost nothing to calibrate by."""
    rng = np.random.default_rng(3)
    monkeypatch.setattr(learn, "_calibrated_until", lambda *_: 0.0)
    model = plait.fit(
        orders(rng, 500), target="hours", budget="10 steps", size="tiny", samples=False,
        baselines=("linear",),
    )  # fmt: skip
    calibration = model.ensemble.calibration
    sets = {tuple(map(bool, one)) for one in calibration.patterns[1:]}
    assert sets == {(True, True), (True, False), (False, True), (False, False)}
    widths = dict(zip(map(tuple, calibration.patterns[1:]), calibration.factors[1:], strict=True))
    assert widths[(False, True)].sum() > 1.5 * widths[(True, True)].sum()


def test_calibrating_has_time_of_its_own_when_the_network_took_too_long():
    now = [0.0]
    timetable = Timetable(20.0, 0.0, clock=lambda: now[0])
    kept = Kept(choosing=0.0, calibrating=1.0, scoring=4.0, refitting=0.0)
    assert learn._calibrated_until(timetable, kept) > 10.0
    now[0] = 17.0
    assert learn._calibrated_until(timetable, kept) == 18.0
    assert learn._calibrated_until(Timetable(None, 0.0), kept) is None


def test_what_is_calibrated_travels_in_the_bundle(with_gaps, tmp_path):
    model, new = with_gaps
    some = new.slice(0, 50)
    again = plait.load(model.save(tmp_path / "m.plait"))
    for name in ("q05", "q95", "prediction"):
        np.testing.assert_array_equal(
            again.predict(some).columns[name], model.predict(some).columns[name]
        )
    assert again.ensemble.calibration is not None


def test_intervals_cover_new_groups_and_the_score_counts_groups():
    rng = np.random.default_rng(1)
    model = plait.fit(
        visits(rng, 60), target="level", group="patient", budget="30 steps", size="tiny",
        samples=False,
    )  # fmt: skip
    new = visits(rng, 300, first=1000)
    scored = model.evaluate(new)
    assert 0.82 <= scored["metrics"]["coverage"] <= 0.97
    by_rows = model.evaluate(new.drop_columns(["patient"]))
    widths = [
        part["intervals"]["rmse"][1] - part["intervals"]["rmse"][0] for part in (scored, by_rows)
    ]
    assert widths[0] > 1.5 * widths[1]


def test_the_shipped_model_shows_one_interval():
    table = orders(np.random.default_rng(2), 300)
    model = plait.fit(table, target="hours", budget="10 steps", size="tiny", samples=False)
    metrics = model.records["metrics"]
    alone = [one for one in metrics["candidates"] if {one["name"]} == set(metrics["weights"])]
    for one in alone:
        assert one["metrics"] == metrics["test"]["metrics"]
        assert one["intervals"] == metrics["test"]["intervals"]
    assert metrics["validation"]["metrics"] == {}  # test rows tell


@pytest.mark.parametrize("budget", ["5 steps", "40s"])
@pytest.mark.parametrize("by", ["rows", "patient"])
def test_a_fit_and_evaluate_show_the_same_interval(tmp_path, budget, by):
    """Whatever the seed of the fit, and however little time it had."""
    rng = np.random.default_rng(4)
    table = orders(rng, 240) if by == "rows" else visits(rng, 100)
    target = "hours" if by == "rows" else "level"
    model = plait.fit(
        table, target=target, budget=budget, seed=7, simple=True, samples=False,
        group=None if by == "rows" else by, out=tmp_path / "m.plait", baselines=("linear",),
    )  # fmt: skip
    told = model.records["metrics"]["test"]
    rows = table.take(model.records["splits"]["test"])
    again = plait.evaluate(tmp_path / "m.plait", rows)
    assert told["intervals"]
    for part in ("rows", "metrics", "intervals", "by_present"):
        np.testing.assert_equal(again[part], told[part])
    whole = next(one for one in model.records["metrics"]["subsets"] if one["kind"] == "all")
    assert whole["intervals"] == told["intervals"]
