"""The generated target of docs/target.md: the contract suite, and a rule that it must learn."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import plait
from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_rows
from plait.errors import BundleError, SchemaError, TargetError, UsageError
from plait.fitting import generate
from plait.fitting.network.decoders import train_decoders
from plait.fitting.network.decoding import LEAST_MADE
from plait.fitting.setup.timetable import Timetable
from plait.modalities import _scan, find_codec, modalities
from plait.networks.config import SystemConfig
from plait.networks.generate_rows import row_losses
from plait.networks.heads import Heads
from plait.networks.system import to_tensors
from plait.networks.torch_runners import HeadsRunner
from plait.testing import CODEC_CHECKS, GENERATED_CHECKS, NETWORK_CHECKS, VERB_CHECKS
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.generative import Generative, GenerativeData
from plait.train.loop import train
from plait.types import MadeFile

PAGE = Path(__file__).parents[2] / "docs" / "target.md"
NOTES = "cdefgab"
STEPS = {"up": (0, 1, 2, 3), "down": (0, -1, -2), "turn": (0, 2, 1, -1, 0)}
COLUMNS = {"tune": "tune", "start": "number", "shape": "category", "noise": "number"}
TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0)


@pytest.fixture(scope="module")
def tune(tmp_path_factory):
    folder = tmp_path_factory.mktemp("targets")
    page = PAGE.read_text(encoding="utf8")
    for name, code in re.findall(r"`(tune/\w+\.py)`\n\n```python\n(.*?)```", page, re.S):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(code)
    plait.register_folder(folder)
    yield "tune"
    _scan._extra_folders.remove(folder.resolve())
    modalities.cache_clear()


@pytest.mark.parametrize(
    "check",
    [*CODEC_CHECKS, *NETWORK_CHECKS, *GENERATED_CHECKS, *VERB_CHECKS],
    ids=lambda check: check.__name__,
)
def test_toy_target(tune, check):
    assert find_codec(tune).modality == tune
    check(tune)


def rule(start, shape):
    """The true tune of a start and a shape."""
    return "-".join(NOTES[(start + step) % 7] for step in STEPS[shape])


def rows(num, seed=0, wrong=0.12, gaps=0.1):
    """Rows whose tunes follow the rule, with wrong notes, gaps and a column that says nothing."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        start, shape = int(rng.integers(7)), list(STEPS)[rng.integers(3)]
        notes = rule(start, shape).split("-")
        notes = [NOTES[rng.integers(7)] if rng.random() < wrong else note for note in notes]
        row = {"start": start, "shape": shape, "noise": round(float(rng.normal()), 3)}
        gone = [name for name in ("start", "shape") if rng.random() < gaps]
        found.append({**row, **dict.fromkeys(gone), "tune": "-".join(notes)})
    return found


def fit(num=500, steps=320, **settings):
    table = plait.read(rows(num), columns=COLUMNS)
    given = {"size": TINY, "train": TrainConfig(learning_rate=1e-2, batch_size=32)}
    return plait.fit(table, target="tune", budget=f"{steps} steps", **given | settings)


@pytest.fixture(scope="module")
def composed(tune, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundles") / "tunes.plait"
    return fit(out=path), path


def test_it_learns_the_rule_and_not_the_wrong_notes(composed):
    asked = [(start, shape) for start in range(7) for shape in STEPS]
    answer = composed[0].predict([{"start": a, "shape": b} for a, b in asked])
    right = [said == rule(*one) for said, one in zip(answer["prediction"], asked, strict=True)]
    assert np.mean(right) >= 0.9


def test_it_beats_its_honest_baselines(composed):
    model, path = composed
    metrics = model.records["metrics"]
    scores = {c["name"]: c["metrics"]["notes_right"] for c in metrics["candidates"]}
    assert metrics["shipped"] == "deep" and metrics["num_parameters"] > 0
    assert scores.keys() == {"deep", "typical", "nearest", "usual_notes"}
    assert scores["deep"] > scores["nearest"] > scores["typical"]
    fresh = plait.evaluate(path, rows(150, seed=1))
    low, high = fresh["intervals"]["notes_right"]
    assert scores["nearest"] < low <= fresh["metrics"]["notes_right"] <= high
    uniform = np.log(8) * np.mean([len(r["tune"].split("-")) + 1 for r in rows(150, seed=1)])
    assert 0 < fresh["cost"] < 0.6 * uniform


def test_gaps_are_answered_by_what_is_left(composed):
    model, _ = composed
    said = model.predict([{"start": 2}, {"shape": "down"}, {"noise": 0.1}])
    assert said["prediction"][0][0] == NOTES[2] and said["length"][1] == 3
    found = model.evaluate(rows(150, seed=1))
    whole = found["by_present"]["start+shape+noise"]["metrics"]["notes_right"]
    assert whole > found["by_present"]["shape+noise"]["metrics"]["notes_right"]
    worth = {one["column"]: one["shuffled"] for one in model.importance(rows(80, seed=1))}
    assert worth["start"] > 0.2 and worth["shape"] > 0.05 and abs(worth["noise"]) < 0.1


def test_a_fit_repeats_itself_under_a_seed(tune):
    first, second = (fit(100, 6).records["metrics"] for _ in range(2))
    for part in ("test", "validation", "subsets", "weights"):
        assert first[part] == second[part]


def test_draws_repeat_under_a_seed_and_differ_under_another(composed):
    model, path = composed
    asked = [{"start": 1}, {"shape": "turn"}] * 8
    one, same, other = (
        plait.load(path).predict(asked, temperature=1.5, seed=seed)["prediction"]
        for seed in (3, 3, 4)
    )
    assert one == same != other
    assert one[0::2] == [one[0]] * 8  # equal rows are answered equally, wherever they stand
    assert model.predict(asked[1:2], temperature=1.5, seed=3)["prediction"] == [one[1]]


def test_the_report_and_the_files_tell_it_in_its_own_words(composed, tmp_path):
    model, path = composed
    page = plait.report(model, tmp_path / "tunes.html").read_text(encoding="utf8")
    for text in ("Composes", "notes right", "are as long as they should be", "What came out best"):
        assert text in page
    done = plait.predict(path, rows(5), out=tmp_path / "new.csv", temperature=1.0, seed=2)
    assert done["columns"][-2:] == ["prediction", "length"]
    losses = model.top_losses(rows(60, seed=2), k=3)
    assert [one["cost"] for one in losses] == sorted((o["cost"] for o in losses), reverse=True)


def test_where_nothing_is_to_learn_the_simple_model_ships_and_loads(tune, tmp_path):
    table = plait.read(
        [{"noise": float(i % 7), "tune": "c-d-e" if i % 9 else "g-a"} for i in range(120)],
        columns={"tune": "tune"},
    )
    path = tmp_path / "same.plait"
    model = plait.fit(table, target="tune", budget="2 steps", size=TINY, out=path)
    shipped = model.records["metrics"]["shipped"]
    assert shipped != "deep" and model.records["metrics"]["num_parameters"] == 0
    assert plait.load(path).predict([{"noise": 1.0}])["prediction"] == ["c-d-e"]
    assert "cost" not in model.records["metrics"]["test"]


@pytest.mark.parametrize("name", ["typical", "nearest", "usual_notes"])
def test_every_simple_model_is_saved_and_read_again(tune, tmp_path, name):
    model = fit(80, simple=True)
    generator = model.generator
    kinds = {one["name"] for one in model.records["metrics"]["candidates"]}
    assert kinds == {"typical", "nearest", "usual_notes"}
    kind = find_kind(generator.target, name)
    problem_rows = plait.read(rows(80), columns=COLUMNS)
    prepared = model.prepare(model.as_table(problem_rows), target=True)
    matrices = generator.features.matrices(prepared, np.arange(80))
    targets = [prepared.columns["tune"][row] for row in range(80)]
    one = kind()
    one.fit(matrices, targets, generator.target, seed=0)
    one.save(tmp_path / name)
    said = [value["notes"].tolist() for value in one.answer(matrices)]
    assert said == [v["notes"].tolist() for v in kind.load(tmp_path / name).answer(matrices)]


def find_kind(codec, name):
    from plait.baselines.generated import kinds_of

    return kinds_of(codec)[name]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"metric": "accuracy"}, TargetError, "chosen by its own headline"),
        ({"threshold": 0.3}, TargetError, "for two classes"),
        ({"weights": "balanced"}, TargetError, "only classes can be balanced"),
        ({"baselines": ["linear"]}, UsageError, "no use for these settings"),
        ({"baselines": False, "budget": "20s", "simple": True}, UsageError, "no network"),
    ],
)
def test_settings_of_predicted_targets_are_refused(tune, settings, error, message):
    table = plait.read(rows(60), columns=COLUMNS)
    with pytest.raises(error, match=message):
        plait.fit(table, target="tune", **{"budget": "2 steps", "size": TINY} | settings)


def test_verbs_of_numbers_say_why_they_cannot(composed):
    model, _ = composed
    for ask in (lambda: model.classes_, lambda: model.predict_proba(rows(2))):
        with pytest.raises(TargetError, match="no probabilities"):
            ask()
    with pytest.raises(TargetError, match="for two classes|no probabilities"):
        model.with_threshold(0.4)
    for wrong in ({"temperature": -1.0}, {"temperature": 1.0, "seed": -1}):
        with pytest.raises(UsageError, match="cannot be drawn so"):
            model.predict(rows(2), **wrong)


def test_nothing_is_drawn_where_the_target_is_predicted():
    table = [{"size": i * i % 17 / 3, "kind": "ab"[i % 2]} for i in range(40)]
    model = plait.fit(table, target="kind", simple=True, budget="5s", scores=False)
    with pytest.raises(TargetError, match="there is no temperature"):
        model.predict(table[:2], temperature=0.5)


def test_a_bundle_that_names_an_unknown_model_is_refused(tune, tmp_path):
    model = fit(80, simple=True)
    path = model.save(tmp_path / "m.plait")
    known = model.generator.shipped
    model.generator.shipped = "oracle"
    path = model.save(tmp_path / "other.plait")
    model.generator.shipped = known
    with pytest.raises(BundleError, match="do not fit together"):
        plait.load(path)


def test_a_target_that_lacks_a_member_is_named(tune, tmp_path):
    code = re.search(r"`tune/codec.py`\n\n```python\n(.*?)```", PAGE.read_text(), re.S)[1]
    (tmp_path / "half_tune").mkdir()
    (tmp_path / "half_tune" / "codec.py").write_text(code.replace("def compare", "def contrast"))
    plait.register_folder(tmp_path)
    try:
        with pytest.raises(SchemaError, match="has a task but is incomplete") as caught:
            modalities()
        assert "compare" in str(caught.value)
    finally:
        _scan._extra_folders.remove(tmp_path.resolve())
        modalities.cache_clear()


def test_a_fit_within_seconds_says_what_it_left_out(tune):
    table = plait.read(rows(60), columns=COLUMNS)
    model = plait.fit(table, target="tune", budget="0.01s", size=TINY)
    metrics = model.records["metrics"]
    assert metrics["shipped"] in ("typical", "nearest", "usual_notes")
    assert any("no network was trained" in note for note in metrics["notes"])


def test_generated_values_can_be_files(composed, tmp_path, monkeypatch):
    model, _ = composed
    codec = type(model.target_codec)
    monkeypatch.setattr(codec, "write", lambda self, raw: MadeFile(raw.encode(), ".tune"))
    done = plait.predict(model, rows(3), out=tmp_path / "new.jsonl")
    told = [json.loads(line) for line in (tmp_path / "new.jsonl").read_text().splitlines()]
    assert done["rows"] == 3 and told[2]["prediction"] == "new.files/000002.tune"
    made = [(tmp_path / one["prediction"]).read_text() for one in told]
    assert [len(tune) for tune in made] == [one["length"] for one in told]


def test_several_targets_learn_on_one_trunk(tune):
    table = plait.read(rows(120, gaps=0.0), columns=COLUMNS | {"shape": "category"})
    codecs = fit_codecs(table, list(COLUMNS), np.arange(120))
    prepared = prepare_rows(table, codecs)
    inputs, targets = ("start", "noise"), ("tune", "shape")
    torch.manual_seed(0)
    network = Heads({n: codecs[n] for n in inputs}, {n: codecs[n] for n in targets}, TINY)
    data = GenerativeData(
        prepared=prepared,
        columns=inputs,
        shares={"tune": 1.0, "shape": 0.5},
        rows=np.arange(100),
        rows_validation=np.arange(100, 120),
    )
    before = [
        row_losses(HeadsRunner(network, n), n, prepared, np.arange(100)).mean() for n in targets
    ]
    config = TrainConfig(learning_rate=1e-2, batch_size=25)
    train(Generative(network, data), budget=Budget.parse("40 steps"), config=config)
    after = [
        row_losses(HeadsRunner(network, n), n, prepared, np.arange(100)).mean() for n in targets
    ]
    assert after[0] < 0.9 * before[0] and after[1] < before[1]
    batch = to_tensors({n: prepared.columns[n].gather(np.arange(4)) for n in inputs})
    outputs = network.head("shape").outputs(
        network.conditions("shape", network.encode(batch), batch)
    )
    assert outputs.sum(1).tolist() == pytest.approx([1.0] * 4, abs=1e-5)


def test_a_base_gives_its_vectors_and_weights(tune, tmp_path):
    table = plait.read(rows(80), columns=COLUMNS)
    base = plait.fit(table, exclude=["tune"], budget="4 steps", size=TINY, out=tmp_path / "b.plait")
    model = plait.fit(table, target="tune", base=base, budget="4 steps", adapt="full", size=TINY)
    asked = rows(4, seed=5)
    assert np.allclose(model.embed(asked), base.embed(asked), atol=1e-5)
    assert len(model.predict(asked)["prediction"]) == 4
    again = plait.load(model.save(tmp_path / "m.plait"))
    assert again.predict(asked)["prediction"] == model.predict(asked)["prediction"]


def test_rows_of_weight_count_more(tune):
    found = [
        {"size": float(i % 5), "heavy": 9.0 if i % 2 else 1.0, "tune": "a-b" if i % 2 else "c-d-e"}
        for i in range(120)
    ]
    table = plait.read(found, columns={"tune": "tune"})
    config = TrainConfig(learning_rate=1e-2)
    model = plait.fit(
        table, target="tune", weights="heavy", budget="60 steps", size=TINY, train=config,
        baselines=False,
    )  # fmt: skip
    assert model.predict([{"size": 2.0}])["prediction"] == ["a-b"]


def test_a_table_is_inspected_for_a_generated_target(tune):
    found = plait.inspect(plait.read(rows(40), columns=COLUMNS), target="tune")
    assert not any("cannot be learned" in text for text in map(str, found["warnings"]))


def test_an_interrupted_fit_goes_on_to_the_same_end(tune, tmp_path, monkeypatch):
    whole = fit(80, 6).records["metrics"]

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "make_card", stop)
    with pytest.raises(KeyboardInterrupt):
        fit(80, 6, out=tmp_path / "m.plait")
    monkeypatch.undo()
    resumed = fit(80, 6, out=tmp_path / "m.plait", resume=True).records["metrics"]
    assert not any("nothing to resume" in note for note in resumed["notes"])
    for part in ("test", "validation", "weights"):
        assert resumed[part] == whole[part]


def test_a_network_in_seconds_leaves_time_to_make_values(tune, monkeypatch):
    found = []

    def in_seconds(problem, work, simple, **settings):
        clock = Timetable(10.0, 0.0, clock=lambda: 7.3)
        found.append(train_decoders(problem, replace(work, timetable=clock), simple, **settings))
        return found[-1]

    monkeypatch.setattr(generate, "train_decoders", in_seconds)
    model = fit(80, 2)
    (decoder,) = found
    assert decoder.run.steps > 0 and decoder.num_parameters > 0
    assert LEAST_MADE <= decoder.most_made < 10**9
    assert model.records["metrics"]["training"]["steps"] == decoder.run.steps
