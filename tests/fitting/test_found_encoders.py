"""Encoders that are found are used where they help on rows held out, and left out where not."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.encoders import packages
from plait.errors import ExtraError, UsageError
from plait.fitting.encoders import found_encoders
from plait.fitting.encoders.encoder_judges import measure_gain
from plait.fitting.encoders.encoder_vectors import ColumnEncoder, TooSlow
from plait.installation import install_command
from plait.networks.config import SystemConfig

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent))

from knowing_encoder import COLUMNS, make_rows, save_knowing

TINY = SystemConfig(dim=16, depth=1, num_heads=2)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_knowing(tmp_path_factory.mktemp("hub") / "knowing")


@pytest.fixture(autouse=True)
def folder(saved, tmp_path, monkeypatch):
    """The encoder, at hand in a folder that a test may change."""
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PLAIT_ENCODERS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setattr(packages, "distributions", lambda: [])
    return Path(shutil.copytree(saved, tmp_path / "models" / "knowing"))


def quick(telling="note", target="kind", **settings):
    usual = {"budget": "2 steps", "size": TINY, "fusion": "early", "samples": False}
    usual |= {"baselines": ("linear",), "encoders": "auto", "scores": False}
    table = plait.read(make_rows(telling=telling), columns=COLUMNS)
    return plait.fit(table, target=target, **usual | settings)


def records(model):
    return model.records["metrics"].get("encoders", [])


def encoder_notes(model):
    return [note for note in model.records["metrics"]["notes"] if "pretrained encoder" in note]


def test_an_encoder_that_helps_is_used_and_told(tmp_path, folder):
    model = quick(out=tmp_path / "m.plait")
    assert model.input_columns["note"] == ("note", "note~knowing")
    (one,) = records(model)
    assert one["used"] and (one["column"], one["encoder"]) == ("note", "knowing")
    assert one["gain"] > 0.3 and one["gain"] > one["standard_error"] > 0
    assert one["without"] - one["with"] == pytest.approx(one["gain"], abs=2e-4)
    (note,) = encoder_notes(model)
    assert "knowing (mit, 0 MB) reads 'note'" in note and "lie in the bundle" in note
    licences = json.loads((tmp_path / "m.plait" / "licences.json").read_text())
    assert licences[-1] == {"source": "pretrained encoder knowing", "licence": "mit"}
    assert (
        json.loads((tmp_path / "m.plait" / "lineage.json").read_text())["settings"]["encoders"]
        == "auto"
    )
    told = [(tmp_path / "m.plait" / name).read_text() for name in ("model.json", "lineage.json")]
    assert all(str(tmp_path) not in text for text in told)
    page = tmp_path / "report.html"
    plait.report(tmp_path / "m.plait", out=page)
    assert "Pretrained encoders that were found" in page.read_text()


def test_the_bundle_answers_where_the_encoder_is_not(tmp_path, folder, monkeypatch):
    model = quick(out=tmp_path / "m.plait")
    expected = list(model.predict(make_rows()[:9]).columns["prediction"])
    shutil.rmtree(folder)
    with monkeypatch.context() as lacking, pytest.raises(ExtraError) as caught:
        lacking.setitem(sys.modules, "transformers", None)
        plait.load(tmp_path / "m.plait")
    assert caught.value.hint == install_command("hf")
    again = plait.load(tmp_path / "m.plait")
    assert list(again.predict(make_rows()[:9]).columns["prediction"]) == expected
    assert again.derived_columns[0].checkpoint.licence == "mit"


def test_an_encoder_that_does_not_help_is_left_out():
    model = quick(telling="size")
    assert model.input_columns["note"] == ("note",) and model.derived_columns == ()
    (one,) = records(model)
    assert not one["used"] and one["why"] == "it did not help on rows held out"
    assert one["gain"] <= one["standard_error"]
    assert encoder_notes(model) == [
        "the pretrained encoder knowing was left out for 'note': it did not help on rows held out"
    ]
    assert [entry["source"] for entry in model.records["licences"]] == ["table"]


@pytest.mark.parametrize("said", ["none", None, {"*": "auto", "text": "none"}, {"note": "none"}])
def test_without_being_asked_for_steps_start_from_scratch(said):
    model = quick(encoders=said)
    assert model.derived_columns == () and records(model) == [] and encoder_notes(model) == []


def test_the_budget_decides_where_nothing_is_said(monkeypatch):
    seen = []

    def capture(problem, work):
        seen.append(work.config.encoders.looks)
        raise UsageError("seen")

    monkeypatch.setattr("plait.fitting.learn.learn_target", capture)
    for budget in ("60s", "59s", "60 steps"):
        with pytest.raises(UsageError, match="seen"):
            quick(encoders=None, budget=budget)
    assert seen == [True, False, False]


def test_a_named_encoder_is_not_looked_for_again(folder):
    model = quick(encoders={"*": "auto", "text": str(folder)})
    assert model.input_columns["note"] == ("note", "note~knowing") and records(model) == []


def test_a_found_encoder_can_be_named_by_its_name(folder, tmp_path, monkeypatch):
    snapshot = tmp_path / "hub" / "models--org--knowing-one" / "snapshots" / ("a" * 40)
    shutil.copytree(folder, snapshot)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    model = quick(encoders={"text": "org/knowing-one"})
    assert model.input_columns["note"] == ("note", "note~knowing-one")
    assert model.records["lineage"]["settings"]["encoders"] == "text=knowing-one"
    assert quick(encoders={"text": "knowing"}).input_columns["note"] == ("note", "note~knowing")
    with pytest.raises(UsageError, match="no such checkpoint folder"):
        quick(encoders={"text": "unknown"})


def test_a_word_for_no_input_is_refused():
    with pytest.raises(UsageError, match="for a column or modality that is no input"):
        quick(encoders={"*": "auto", "image": "none"})


def test_where_none_is_found_only_those_who_asked_are_told(folder, monkeypatch):
    shutil.rmtree(folder)
    (note,) = encoder_notes(quick())
    assert note.startswith("no pretrained encoder of text columns was found: plait encoders")
    monkeypatch.setattr("plait.fitting.setup.wanted_encoders.LEAST_SECONDS", 0.1)
    assert encoder_notes(quick(encoders=None, budget="1s")) == []


def test_weights_that_are_damaged_are_left_out_with_the_reason(folder):
    (folder / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{broken}")
    model = quick()
    assert model.derived_columns == ()
    (one,) = records(model)
    assert not one["used"] and one["why"]


def slow_above(num_bytes, monkeypatch):
    """Let encoders whose weights are larger take longer than there is."""
    real = ColumnEncoder.check_time

    def check(self, rows):
        size = (self._checkpoint.folder / "model.safetensors").stat().st_size
        if size > num_bytes:
            raise TooSlow(900.0, 20.0)
        real(self, rows)

    monkeypatch.setattr(ColumnEncoder, "check_time", check)


def test_the_next_smaller_one_is_taken_where_one_is_too_slow(folder, monkeypatch):
    save_knowing(folder.parent / "wide", hidden=64)
    slow_above((folder / "model.safetensors").stat().st_size, monkeypatch)
    assert quick().input_columns["note"] == ("note", "note~knowing")


def test_encoding_that_takes_too_long_is_left_out(monkeypatch):
    slow_above(0, monkeypatch)
    model = quick()
    assert model.derived_columns == ()
    assert encoder_notes(model) == [
        "the pretrained encoder knowing was left out for 'note': encoding the table takes about "
        "900 s, 20 s are its part"
    ]


@pytest.mark.parametrize("telling", ["note", "size"])
def test_large_tables_are_judged_by_some_rows_first(telling, monkeypatch):
    encoded = []
    real = ColumnEncoder.whole

    def whole(self, progress):
        encoded.append(self._table.num_rows)
        return real(self, progress)

    monkeypatch.setattr(ColumnEncoder, "whole", whole)
    monkeypatch.setattr(found_encoders, "WHOLE_AT_ONCE", 0.5)
    model = quick(telling=telling)
    assert encoded == ([240] if telling == "note" else [])
    assert bool(model.derived_columns) == (telling == "note")


def test_a_table_that_is_too_small_to_measure_says_so():
    table = plait.read(make_rows()[:30], columns=COLUMNS)
    model = plait.fit(
        table, target="kind", budget="2 steps", size=TINY, fusion="early", samples=False,
        baselines=("linear",), encoders="auto", scores=False,
    )  # fmt: skip
    assert "too few rows" in encoder_notes(model)[0] and model.derived_columns == ()


def test_a_shared_space_takes_what_helps_retrieval():
    model = quick(target=None)
    (one,) = records(model)
    assert one["used"] and one["by"] == "1 - mean reciprocal rank" and one["gain"] > 0
    assert model.input_columns["note"] == ("note", "note~knowing")


def test_a_bases_encoder_stays_and_no_second_one_is_looked_for():
    base = quick(target=None, exclude=["kind"], encoders={"text": "knowing"})
    model = quick(base=base)
    assert model.input_columns["note"] == ("note", "note~knowing", "note~space")
    assert records(model) == []


def test_tuning_is_refused_where_nothing_is_found(folder):
    shutil.rmtree(folder)
    with pytest.raises(UsageError, match="no pretrained encoder to tune"):
        quick(tune="lora")


def test_an_interrupted_fit_goes_on_with_the_same_encoders(tmp_path, folder, monkeypatch):
    from plait.fitting import learn

    real = learn.measure_base_models

    def stop(*args, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(learn, "measure_base_models", stop)
    with pytest.raises(KeyboardInterrupt):
        quick(out=tmp_path / "m.plait")
    monkeypatch.setattr(learn, "measure_base_models", real)
    monkeypatch.setattr(found_encoders, "make_judge", None)  # nothing is measured again
    model = quick(out=tmp_path / "m.plait", resume=True)
    assert model.input_columns["note"] == ("note", "note~knowing")
    assert records(model)[0]["used"] and encoder_notes(model)


def test_an_interrupted_fit_whose_encoder_is_gone_is_refused(tmp_path, folder, monkeypatch):
    def stop(*args, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("plait.fitting.learn.measure_base_models", stop)
    with pytest.raises(KeyboardInterrupt):
        quick(out=tmp_path / "m.plait")
    shutil.rmtree(folder)
    with pytest.raises(UsageError, match="is not there any more") as caught:
        quick(out=tmp_path / "m.plait", resume=True)
    assert caught.value.expected == "knowing"


def test_a_gain_is_judged_by_groups():
    before, after = np.array([1.0, 1.0, 3.0, 3.0]), np.array([0.0, 0.0, 3.0, 3.0])
    alone = measure_gain(before, after, np.arange(4))
    paired = measure_gain(before, after, np.array([0, 0, 1, 1]))
    assert alone.gain == paired.gain == 0.5
    assert alone.error == 0.25 and paired.error == pytest.approx(0.5 / 2**0.5)
    assert alone.helps and paired.helps
    nothing = measure_gain(before, np.full(4, np.nan), np.arange(4))
    assert not nothing.helps and np.isnan(nothing.gain)


class Clock:
    def __init__(self, *times):
        self.times = list(times)

    def monotonic(self):
        return self.times.pop(0) if len(self.times) > 1 else self.times[0]


def encoder_of(folder, deadline):
    from plait.backbones import open_checkpoint

    table = plait.read(make_rows(), columns=COLUMNS)
    checkpoint = open_checkpoint(folder, modality="text")
    return ColumnEncoder(table, "note", checkpoint, deadline=deadline)


def test_a_few_rows_tell_how_long_all_take(folder, monkeypatch):
    from plait.fitting.encoders import encoder_vectors

    encoder = encoder_of(folder, 100.0)
    # 4 rows in 1 s: 60 s for all; again; then 24 rows in 12 s: 120 s, with 86 s left
    monkeypatch.setattr(encoder_vectors, "time", Clock(0, 0, 1, 1, 1, 2, 2, 2, 14, 14))
    with pytest.raises(TooSlow) as caught:
        encoder.check_time(np.arange(240))
    assert (caught.value.seconds, caught.value.left) == (120.0, 86.0)


def test_rows_that_take_long_are_not_timed_more_than_twice(folder, monkeypatch):
    from plait.fitting.encoders import encoder_vectors

    encoder, seen = encoder_of(folder, 100.0), []
    monkeypatch.setattr(encoder, "_encoded", lambda rows: seen.append(len(rows)))
    # 4 rows in 8 s, the first time in 20 s: 24 more would take 48 s
    monkeypatch.setattr(encoder_vectors, "time", Clock(0, 0, 20, 20, 20, 28, 28))
    with pytest.raises(TooSlow) as caught:
        encoder.check_time(np.arange(60))
    assert seen == [4, 4] and (caught.value.seconds, caught.value.left) == (120.0, 72.0)


def test_tables_that_no_encoder_reads_in_time_are_left_alone(folder, monkeypatch):
    from plait.fitting.encoders import encoder_vectors

    encoder = encoder_of(folder, 100.0)
    monkeypatch.setattr(encoder, "_loaded", None)  # nothing is loaded
    monkeypatch.setattr(encoder_vectors, "time", Clock(0))
    with pytest.raises(TooSlow) as caught:
        encoder.check_time(np.arange(1_000_000))
    assert str(caught.value) == ("encoding the table takes at least 200 s, 100 s are its part")


def test_encoding_that_outlives_its_time_is_given_up_and_leaves_nothing(folder, monkeypatch):
    from plait.backbones import frozen
    from plait.fitting.encoders import encoder_vectors

    monkeypatch.setattr(frozen, "CHUNK_ROWS", 50)
    encoder = encoder_of(folder, 10.0)
    monkeypatch.setattr(encoder_vectors, "time", Clock(0, 0, 16))
    with pytest.raises(TooSlow):
        encoder.whole(lambda done: None)
    assert encoder.kept() is None


def test_an_encoder_that_helps_one_of_several_targets_reads_for_all(tmp_path):
    draw = np.random.default_rng(0)
    rows = [{**row, "other": float(draw.normal())} for row in make_rows(telling="note")]
    table = plait.read(rows, columns={**COLUMNS, "other": "number"})
    path = tmp_path / "both.plait"
    model = plait.fit(table, target="other,kind", budget="2 steps", size=TINY, encoders="auto",
                      baselines=("linear",), scores=False, samples=False, out=path)  # fmt: skip
    for name in ("other", "kind"):
        assert model[name].input_columns["note"] == ("note", "note~knowing")
        assert {one["used"] for one in records(model[name])} == {False, True}
    loaded = plait.load(path)
    assert loaded["other"].derived_columns is loaded["kind"].derived_columns
    assert len(list(path.rglob("knowing/model.safetensors"))) == 1
    assert list(loaded.predict(rows[:5])["kind"]) == list(model.predict(rows[:5])["kind"])
