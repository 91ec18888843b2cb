"""Fits that tune a pretrained encoder: who learns from what, what is kept, and what is refused."""

from __future__ import annotations

import shutil
import sys
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import plait
import plait.data.table
from plait.energy import Meter
from plait.errors import UsageError
from plait.fitting.encoders import tuning, tuning_trials
from plait.fitting.encoders.tuning import knows_targets, tune_encoders
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.problem import make_problem
from plait.fitting.setup.work import Work
from plait.networks.config import SystemConfig
from plait.progress import SILENT
from plait.recipes.report import write_report
from plait.train.budget import Budget
from plait.train.fine_tuning import FineTuning

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "backbones"))

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
WORDS = ["the", "red", "boat", "sails", "over", "calm", "water", "while", "we", "wait", "here"]
COLUMNS = {"note": "text", "size": "number", "kind": "category"}
SPLITS = ["train"] * 3 + ["validation", "train", "test"]


def rows(num=150, text=lambda i: f"{('cat', 'dog')[i % 2]} {WORDS[i % 11]} {WORDS[i % 7]}"):
    return [
        {
            "note": None if i % 13 == 8 else text(i),
            "size": 0.1 * i,
            "kind": ("small", "large")[i % 2],
            "split": SPLITS[i % 6],
        }
        for i in range(num)
    ]


def table_of(cells=None):
    if isinstance(cells, plait.data.table.Table):
        return cells
    return plait.read(rows() if cells is None else cells, columns=COLUMNS)


def quick(cells=None, **settings):
    usual = {"budget": "4 steps", "size": TINY, "fusion": "early", "samples": False}
    usual |= {"target": "kind", "baselines": False}
    return plait.fit(table_of(cells), **usual | settings)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tuning_trials, "PROBE_EPOCHS", 3)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A tiny random BERT with its tokenizer."""
    from tiny_checkpoints import save

    folder = tmp_path_factory.mktemp("hub") / "tiny-bert"
    folder.mkdir()
    save("bert", folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy that a test may delete."""
    return Path(shutil.copytree(saved, tmp_path / "hub" / "tiny-bert"))


@pytest.fixture
def scripted(monkeypatch):
    """Let ``measured`` measure in any budget, and say what each way costs: frozen, lora, full."""

    def script(*means):
        left = list(means)

        def costs(self, tuner, prepared, column):
            noise = np.linspace(-1, 1, len(self._judged))
            return left.pop(0) + noise

        monkeypatch.setattr(tuning_trials.Trials, "_costs", costs)
        monkeypatch.setattr(tuning, "LEAST_BUDGET", {"steps": 1.0})

    return script


def problem_and_work(checkpoint, cells=None, **settings):
    table = table_of(cells)
    problem = make_problem(
        table, target="kind", exclude=[], seed=0,
        progress=SILENT, encoders={"text": str(checkpoint)},
    )  # fmt: skip
    asked = {
        "budget": Budget(10, "steps"), "size": TINY, "fusion": "early", "baselines": False,
        "samples": False, "tune": "lora",
    }  # fmt: skip
    at_work = {"meter": Meter(), "device": "cpu", "folder": None, "progress": SILENT}
    for name, value in settings.items():
        (at_work if name in {one.name for one in fields(Work)} else asked)[name] = value
    return problem, Work(config=FitConfig.of(target="kind", **asked), **at_work)


def tuned(checkpoint, cells=None, **settings):
    """Return the problem after tuning, and the trials."""
    after, records = tune_encoders(*problem_and_work(checkpoint, cells, **settings))
    return after, records.get("tuned", [])


def tuned_key(folder, cells):
    problem, _ = tuned(folder, cells)
    (derived,) = problem.derived_columns
    assert derived.tuned == "lora"
    return derived.checkpoint.key


@pytest.mark.parametrize("how", ["lora", "full"])
def test_a_tuned_fit_answers_alike_when_saved_and_the_folder_is_gone(
    folder, tmp_path, monkeypatch, how
):
    path = tmp_path / "m.plait"
    model = quick(encoders={"text": str(folder)}, tune=how, out=path)
    assert model.input_columns["note"] == ("note", f"note~tiny-bert-{how}")
    trials = model.records["metrics"]["tuned"]
    assert [(t["column"], t["how"], t["chosen"]) for t in trials] == [
        ("note", "frozen", False), ("note", how, True),
    ]  # fmt: skip
    assert all(np.isfinite(trial["cost"]) for trial in trials)
    notes = model.records["metrics"]["notes"]
    assert any("learned on from the training rows" in note for note in notes)
    assert not any("cross-fitting" in note for note in notes)
    assert model.records["metrics"]["validation"]["rows"] == 25
    page = write_report(path).read_text()
    assert "How the pretrained encoders learned" in page and f"<td>{how}" in page
    new = [{"note": "red cat over water"}, {"note": None, "size": 3.0}, {"note": "calm dog here"}]
    expected = model.predict(new).columns
    shutil.rmtree(folder)
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    again = plait.load(path)
    found = again.predict(new).columns
    assert list(found["prediction"]) == list(expected["prediction"])
    np.testing.assert_allclose(found["confidence"], expected["confidence"], atol=1e-5)
    assert [one.tuned for one in again.derived_columns] == [how]
    about = [path / "model.json", path / "backbones" / f"tiny-bert-{how}" / "config.json"]
    assert not any(str(tmp_path) in file.read_text() for file in about)


def test_frozen_and_short_measured_fits_stay_as_they_were(folder):
    for settings in (
        {"tune": "frozen", "budget": Budget(3600, "seconds")},
        {"tune": "auto", "budget": Budget(3600, "seconds")},
        {"tune": "measured", "budget": Budget(599, "seconds")},
        {"tune": "measured", "budget": Budget(999, "steps")},
        {"tune": "measured", "budget": Budget(19, "epochs")},
    ):
        problem, work = problem_and_work(folder, **settings)
        assert tune_encoders(problem, work)[0].notes == problem.notes
        assert tune_encoders(problem, work)[0].derived_columns == problem.derived_columns
        assert tune_encoders(problem, work)[1] == {}


def test_only_the_encoders_column_changes(folder):
    problem, work = problem_and_work(folder)
    after, records = tune_encoders(problem, work)
    assert after.input_columns == {"note": ("note", "note~tiny-bert-lora"), "size": ("size",)}
    assert after.columns == ("note", "note~tiny-bert-lora", "size")
    for name in ("note", "size", "kind"):
        assert after.prepared.columns[name] is problem.prepared.columns[name]
        assert after.codecs[name] is problem.codecs[name]
    assert "note~tiny-bert" not in {*after.codecs, *after.prepared.columns}
    old = problem.prepared.columns["note~tiny-bert"][0]["vectors"]
    new = after.prepared.columns["note~tiny-bert-lora"][0]["vectors"]
    assert old.shape == new.shape and np.abs(old - new).max() > 1e-4
    np.testing.assert_array_equal(after.truth, problem.truth)
    assert knows_targets(after) and not knows_targets(problem)
    assert len(records["tuned"]) == 2


def test_only_training_rows_are_learned_from(folder, monkeypatch):
    seen = set()
    real = FineTuning.loss

    def loss(self, rows, matrices, precision):
        seen.update(rows.tolist())
        return real(self, rows, matrices, precision)

    monkeypatch.setattr(FineTuning, "loss", loss)
    cells = rows()
    tune_encoders(*problem_and_work(folder, cells))
    train = {i for i, row in enumerate(cells) if row["split"] == "train" and row["note"]}
    assert seen == train


def test_test_rows_and_their_targets_change_nothing(folder):
    cells = rows()
    other = [
        {**row, "note": "water water", "kind": "large"} if row["split"] == "test" else row
        for row in cells
    ]
    flipped = [
        {**row, "kind": {"small": "large", "large": "small"}[row["kind"]]}
        if row["split"] == "train" and i % 3
        else row
        for i, row in enumerate(cells)
    ]
    assert tuned_key(folder, other) == tuned_key(folder, cells)
    assert tuned_key(folder, flipped) != tuned_key(folder, cells)


def test_the_same_seed_gives_the_same_encoder(folder):
    first, again, other = (tuned(folder, seed=seed)[0] for seed in (0, 0, 1))
    keys = [problem.derived_columns[0].checkpoint.key for problem in (first, again, other)]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    "costs, chosen", [((3.0, 2.0, 1.9), "full"), ((3.0, 2.0, 2.5), "lora"), ((2.0, 2.1, 3.0), None)]
)
def test_measured_takes_what_costs_least_on_validation_rows(folder, scripted, costs, chosen):
    scripted(*costs)
    after, trials = tuned(folder, tune="measured")
    assert [trial["how"] for trial in trials] == ["frozen", "lora", "full"]
    assert [round(trial["cost"], 6) for trial in trials] == list(costs)
    assert [trial["how"] for trial in trials if trial["chosen"]] == [chosen or "frozen"]
    suffix = f"-{chosen}" if chosen else ""
    assert after.input_columns["note"] == ("note", f"note~tiny-bert{suffix}")


def test_measured_wants_more_than_a_standard_error(folder, monkeypatch):
    """Half of the rows gain 1, half lose 0.9: on average 0.05, with an error of 0.19."""
    means = iter([lambda n: np.ones(n), lambda n: np.where(np.arange(n) % 2, 1.9, 0.0)])
    monkeypatch.setattr(
        tuning_trials.Trials, "_costs", lambda self, *_: next(means)(len(self._judged) // 2 * 2)
    )
    problem, work = problem_and_work(folder, budget=Budget(1000, "steps"), tune="measured")
    monkeypatch.setattr(tuning_trials, "MAX_EPOCHS", 0.05)
    monkeypatch.setattr(tuning_trials.Trials, "_tuner", _only_lora(tuning_trials.Trials._tuner))
    after, records = tune_encoders(problem, work)
    assert [t["chosen"] for t in records["tuned"]] == [True, False]
    assert after.derived_columns == problem.derived_columns


def _only_lora(real):
    return lambda self, probe, way, *rest: real(self, probe, way, *rest) if way == "lora" else None


def test_as_asked_though_frozen_is_better_is_said(folder, scripted):
    scripted(1.0, 2.0)
    after, _ = tuned(folder, tune="full")
    assert after.input_columns["note"] == ("note", "note~tiny-bert-full")
    assert any("as asked, though frozen" in note for note in after.notes)


def test_what_diverges_is_not_taken(folder, scripted):
    scripted(1.0, float("nan"))
    after, _ = tuned(folder, tune="full")
    assert after.input_columns["note"] == ("note", "note~tiny-bert")
    assert any("(full) diverged" in note for note in after.notes)


@pytest.mark.parametrize("gaps", [False, True])
def test_too_few_validation_rows_leave_it_frozen_and_say_so(folder, gaps):
    cells = rows(60)
    if gaps:
        cells = rows()
        few = [row for row in cells if row["split"] == "validation"][5:]
        for row in few:
            row["note"] = None
    after, trials = tuned(folder, cells)
    assert after.input_columns["note"] == ("note", "note~tiny-bert") and trials == []
    (note,) = [n for n in after.notes if "stayed frozen" in n]
    assert "fewer than 20 validation rows have " + ("'note'" if gaps else "a target") in note


def test_more_inputs_than_fit_are_sampled(folder, monkeypatch):
    monkeypatch.setattr(tuning_trials, "MAX_BYTES", 1200)
    problem, _ = tune_encoders(*problem_and_work(folder))
    (note,) = [note for note in problem.notes if "do not fit into memory" in note]
    num = int(note.split(" of ")[2].split()[0])
    assert num == 93


def test_a_network_without_attention_has_no_lora(folder, monkeypatch, scripted):
    from plait.backbones import network

    monkeypatch.setattr(network, "QUERIES_AND_VALUES", ())
    with pytest.raises(UsageError, match="no attention that adapters could be added to"):
        tuned(folder)
    scripted(3.0, 1.0)
    assert [trial["how"] for trial in tuned(folder, tune="measured")[1]] == ["frozen", "full"]


def test_an_interrupted_fit_tunes_once(folder, tmp_path, monkeypatch):
    problem, work = problem_and_work(folder, folder=tmp_path)
    first, records = tune_encoders(problem, work)

    def fail(*_, **__):
        raise AssertionError("tuned again")

    monkeypatch.setattr(tuning_trials.Trials, "run", fail)
    again, same = tune_encoders(problem, work)
    assert again.derived_columns[0].checkpoint == first.derived_columns[0].checkpoint
    assert same == records and again.notes == first.notes
    shutil.rmtree(tmp_path / "cache" / "tuned")
    with pytest.raises(AssertionError, match="tuned again"):
        tune_encoders(problem, work)


def test_a_timed_budget_is_kept(folder, monkeypatch):
    """What is left of 8 s by a clock that stands at 1 s, when all has been encoded and judged."""
    given, learn = [], tuning_trials.Trials._learn

    def some_steps(trials, tuner, prepared, column, way, budget):
        given.append(budget)
        learn(trials, tuner, prepared, column, way, Budget(4, "steps"))

    monkeypatch.setattr(tuning_trials, "Clock", lambda: SimpleNamespace(seconds=1.0))
    monkeypatch.setattr(tuning_trials.Trials, "_learn", some_steps)
    monkeypatch.setattr(tuning_trials.Trials, "_seconds_per_row", lambda *_: 0.01)
    problem, work = problem_and_work(folder, budget=Budget(8, "seconds"), meter=Meter())
    _, records = tune_encoders(problem, work)
    timed = [one.amount for one in given if one.timed]
    assert len(records["tuned"]) == 2 and len(timed) == 1
    assert 0 < timed[0] <= 8 - 1 - 0.01 * problem.table.num_rows


def test_a_budget_too_short_leaves_it_frozen_and_says_so(folder, monkeypatch):
    monkeypatch.setattr(tuning, "LEAST_BUDGET", {"seconds": 0.0})
    monkeypatch.setattr(tuning_trials.Trials, "_seconds_per_row", lambda *_: 1.0)
    problem, work = problem_and_work(
        folder, budget=Budget(9, "seconds"), meter=Meter(), tune="measured"
    )
    after, records = tune_encoders(problem, work)
    assert after.derived_columns == problem.derived_columns
    assert [trial["how"] for trial in records["tuned"]] == ["frozen"]
    assert any("the budget is too short to tune it" in note for note in after.notes)


def test_two_columns_have_an_encoder_each(folder, tmp_path):
    cells = [{**row, "title": f"{WORDS[i % 5]} boat"} for i, row in enumerate(rows())]
    table = plait.read(cells, columns={**COLUMNS, "title": "text"})
    model = quick(table, encoders={"text": str(folder)}, tune="lora", out=tmp_path / "m.plait")
    assert len({one.name for one in model.derived_columns}) == 2
    names = {one["column"] for one in model.records["metrics"]["tuned"]}
    assert names == {"note", "title"}
    again = plait.load(tmp_path / "m.plait")
    new = [{"note": "cat over water", "title": "red boat"}]
    np.testing.assert_allclose(
        again.predict(new).columns["confidence"],
        model.predict(new).columns["confidence"],
        atol=1e-5,
    )


def test_a_base_with_a_tuned_encoder_keeps_it_and_is_doubted(folder, tmp_path):
    space = quick(target=None, encoders={"text": str(folder)}, exclude=["kind"], fusion="mid")
    assert not any(one.tuned for one in space.derived_columns)
    base = quick(base=space, adapt="full", encoders={"note": str(_other(tmp_path))}, tune="lora")
    assert sorted(getattr(one, "tuned", "") for one in base.derived_columns) == ["", "", "", "lora"]
    again = quick(base=base, adapt="full", encoders={"text": str(folder)}, tune="full")
    assert any("stayed as they are" in note for note in again.records["metrics"]["notes"])
    assert again.input_columns == base.input_columns
    assert any("tuned on a target" in note for note in again.records["metrics"]["notes"])
    assert not any("cross-fitting" in note for note in again.records["metrics"]["notes"])


def _other(tmp_path):
    from tiny_checkpoints import save

    folder = tmp_path / "other" / "tiny-mpnet"
    folder.mkdir(parents=True)
    save("mpnet", folder)
    return folder


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"tune": "some"}, "unknown tune"),
        ({"tune": "lora", "target": None}, "tuned on a target, and there is none"),
        ({"tune": "full"}, "no pretrained encoder to tune"),
    ],
)
def test_what_cannot_be_tuned_is_refused(settings, message, folder):
    if "target" in settings:
        settings = settings | {"encoders": {"text": str(folder)}}
    with pytest.raises(UsageError, match=message):
        quick(**settings)
