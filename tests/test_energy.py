"""What a run costs is measured where the machine tells it, and said where it is estimated."""

from plait import energy


def test_counters_are_read_where_there_are_some(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "COUNTERS", tmp_path)
    assert energy.read_joules() is None
    for package, spent in enumerate((2_000_000, 500_000)):
        folder = tmp_path / f"intel-rapl:{package}"
        folder.mkdir()
        (folder / "energy_uj").write_text(f"{spent}\n")
    assert energy.read_joules() == 2.5
    meter = energy.Meter()
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("5000000")
    assert meter.energy() == (3.0, energy.MEASURED)
    assert meter.as_dict()["joules"] == 3.0


def test_without_counters_energy_is_an_estimate_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "COUNTERS", tmp_path)
    meter = energy.Meter()
    joules, how = meter.energy()
    assert joules >= 0 and how == energy.ESTIMATED
    assert meter.as_dict()["joules"] is None
    assert energy.peak_memory_mb() > 5
