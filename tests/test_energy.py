"""What a run costs is measured where the machine tells it, and said where it is estimated."""

import sys
from types import ModuleType

import pytest

from plait import energy, footprint, power
from plait.errors import UsageError


@pytest.fixture
def counters(tmp_path, monkeypatch):
    """Return what sets the counters of two packages."""
    monkeypatch.setattr(energy, "COUNTERS", tmp_path)

    def show(*joules, span=None):
        for package, spent in enumerate(joules):
            folder = tmp_path / f"intel-rapl:{package}"
            folder.mkdir(exist_ok=True)
            (folder / "energy_uj").write_text(f"{round(spent * 1e6)}\n")
            if span is not None:
                (folder / "max_energy_range_uj").write_text(f"{round(span * 1e6)}\n")

    return show


def test_counters_are_read_where_there_are_some(counters):
    assert energy.read_counters() is None
    counters(2.0, 0.5)
    meter = energy.Meter()
    counters(5.0, 0.5)
    assert meter.energy() == (3.0, energy.MEASURED)
    assert meter.as_dict()["joules"] == 3.0 and meter.as_dict()["method"].startswith("measured")


def test_a_counter_that_begins_anew_goes_on(counters):
    counters(900.0, 5.0, span=1000.0)
    meter = energy.Meter()
    counters(20.0, 6.0, span=1000.0)
    assert meter.energy()[0] == pytest.approx(121.0)


def test_a_counter_that_may_have_begun_anew_twice_tells_nothing(counters, monkeypatch):
    counters(900.0, 5.0, span=1000.0)
    meter = energy.Meter()
    monkeypatch.setattr(energy, "MOST_WATTS", 1e9)
    assert meter.energy()[1] == energy.ESTIMATED


def test_without_counters_energy_is_an_estimate_and_says_so(counters):
    meter = energy.Meter()
    joules, how = meter.energy()
    assert joules >= 0 and how == energy.ESTIMATED
    told = meter.as_dict()
    assert told["joules"] >= 0 and told["method"].startswith("estimated")
    assert energy.peak_memory_mb() > 5


class FakeTracker:
    """Counts a kilowatt-hour thousandth each time that it is asked."""

    def __init__(self, **settings):
        self.settings, self.counted = settings, 0.0

    def start(self):
        self.counted = 0.0

    def flush(self):
        self.counted += 1e-3
        return self.counted


@pytest.fixture
def codecarbon(monkeypatch):
    module = ModuleType("codecarbon")
    module.OfflineEmissionsTracker = FakeTracker
    monkeypatch.setitem(sys.modules, "codecarbon", module)
    monkeypatch.setattr(power, "find_spec", lambda name: object())
    power._tracker.cache_clear()
    yield
    power._tracker.cache_clear()


def test_codecarbon_counts_where_it_is_installed_and_asked(codecarbon, counters):
    meter = energy.Meter(tracked=True)
    joules, how = meter.energy()
    assert joules == pytest.approx(3600.0) and how == energy.TRACKED
    assert how.startswith("estimated (codecarbon)")
    settings = power._tracker().settings
    assert settings["output_methods"] == []
    assert energy.Meter().energy()[1] == energy.ESTIMATED
    counters(1.0)
    assert meter.energy()[1] == energy.TRACKED_MEASURED


def test_a_run_of_seconds_does_not_wait_for_codecarbon():
    assert energy.worth_tracking(None) and energy.worth_tracking(300.0)
    assert not energy.worth_tracking(5.0)


def test_without_codecarbon_nothing_is_tracked(monkeypatch):
    monkeypatch.setattr(power, "find_spec", lambda name: None)
    power._tracker.cache_clear()
    assert power.tracked_joules() is None
    power._tracker.cache_clear()


@pytest.mark.slow
def test_the_tracker_itself_counts_offline_and_leaves_no_file(tmp_path, monkeypatch):
    pytest.importorskip("codecarbon")
    monkeypatch.chdir(tmp_path)
    power._tracker.cache_clear()
    before = power.tracked_joules()
    sum(range(4_000_000))
    assert power.tracked_joules() > before >= 0 and not list(tmp_path.iterdir())


def test_energy_becomes_watt_hours_and_grams():
    found = footprint.footprint(7200.0, "estimated: so")
    assert found["wh"] == 2.0 and found["gco2e"] == pytest.approx(2 * 0.475)
    assert footprint.of_thousand(3.6, "")["wh_per_1000"] == pytest.approx(1.0)


def test_a_person_may_say_what_the_grid_emits(monkeypatch):
    monkeypatch.setenv(footprint.VARIABLE, "50")
    found = footprint.footprint(3.6e6, "measured (RAPL)")
    assert found["gco2e"] == pytest.approx(50.0) and found["grid"] == "as was said"
    for wrong in ("much", "-1", "inf"):
        monkeypatch.setenv(footprint.VARIABLE, wrong)
        with pytest.raises(UsageError, match="PLAIT_GRAMS_PER_KWH"):
            footprint.footprint(1.0, "")


def test_a_card_says_what_it_cost_once_and_whether_that_was_measured():
    told = footprint.footprint(3600.0, energy.ESTIMATED)
    told["answers"] = footprint.of_thousand(0.36, energy.ESTIMATED)
    card = footprint.with_energy("# Model card\n\n- a note\n", told)
    assert card == footprint.with_energy(card, told)
    assert "Making it took 1 Wh, 0.475 g of CO2e" in card and "0.1 Wh" in card
    assert "Nothing of this is measured" in card and "RAPL" in card
    told["method"] = told["answers"]["method"] = energy.MEASURED
    assert "Nothing of this" not in footprint.with_energy(card, told)
    assert footprint.with_energy("# card\n", {}) == "# card\n"


def test_when_a_compression_has_paid_for_itself():
    told = footprint.paid_back(3600.0, "estimated: so", before=1.8, after=0.9)
    assert told["answers"] == 4000 and told["spent_wh"] == 1.0
    assert (told["before_wh_per_1000"], told["wh_per_1000"]) == (0.5, 0.25)
    assert "paid back after 4,000 answers" in footprint.paid_back_line(told)
    assert footprint.paid_back(1.0, "", before=0.9, after=0.9)["answers"] is None
    assert "saves no energy" in footprint.paid_back_line({**told, "answers": None})
