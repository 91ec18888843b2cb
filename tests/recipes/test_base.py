"""Fit from a base: its preprocessing, its vectors, its weights; and rows without a target."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.errors import ColumnError, SchemaError, TargetError, UsageError
from plait.modalities import codec_hash
from plait.networks.config import SystemConfig
from plait.recipes.evaluate import evaluate
from plait.train.space_network import space_network

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
KINDS = ("boot", "hat", "coat")
COLUMNS = {"size": "number", "note": "text", "kind": "category", "cost": "number"}


def rows(num=54, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "size": None if i % 8 == 7 else round(float(i % 3 + 0.3 * rng.normal()), 3),
            "note": None if i % 6 == 5 else f"{('heel', 'brim', 'sleeve')[i % 3]} {i}",
            "cost": float(10 * (i % 3) + rng.normal()),
            "kind": KINDS[i % 3],
        }
        for i in range(num)
    ]


def table_of(cells, without=()):
    cells = [{k: v for k, v in row.items() if k not in without} for row in cells]
    return plait.read(cells, columns={k: v for k, v in COLUMNS.items() if k in cells[0]})


def quick(cells, **settings):
    usual = {
        "budget": "6 steps",
        "size": TINY,
        "fusion": "early",
        "samples": False,
        "baselines": False,
    }
    table = table_of(cells) if isinstance(cells, list) else cells
    return plait.fit(table, **usual | settings)


@pytest.fixture(scope="module", autouse=True)
def quick_base_models():
    """Tune prompts and grow trees by a few steps: how well they do is tested elsewhere."""
    from plait.baselines import boosting
    from plait.train import prompts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prompts, "NUM_STEPS", 3)
        patch.setattr(boosting, "MAX_ROUNDS", 5)
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Learned from size and note of other rows."""
    path = tmp_path_factory.mktemp("base") / "base.plait"
    cells = table_of(rows(64, seed=5), without=("kind", "cost"))
    return quick(cells, out=path, budget="20 steps"), path


@pytest.fixture(scope="module")
def fitted(base, tmp_path_factory):
    path = tmp_path_factory.mktemp("fitted") / "m.plait"
    model = quick(rows(), target="kind", exclude=["cost"], base=base[1], baselines=True, out=path)
    return model, path


def test_the_bases_preprocessing_is_used(base, fitted):
    for name in ("size", "note"):
        assert codec_hash(fitted[0].codecs[name]) == codec_hash(base[0].codecs[name])
    fresh = quick(rows(), target="kind", exclude=["cost"])
    assert codec_hash(fresh.codecs["size"]) != codec_hash(base[0].codecs["size"])


def test_a_card_of_few_rows_says_that_no_interval_was_computed(fitted):
    assert "| not computed |" in fitted[0].card and "nan" not in fitted[0].card
    assert fitted[0].records["lineage"]["settings"]["size"].startswith("{'dim': 16")


def test_a_column_that_the_base_does_not_know_gets_its_own(base):
    model = quick(rows(), target="kind", base=base[1], adapt="scratch")
    assert "cost" in model.inputs and "cost~space" not in model.input_columns["cost"]
    assert model.input_columns["note"] == ("note", "note~space")


def test_base_models_on_the_bases_vectors_are_measured(fitted):
    metrics = fitted[0].records["metrics"]
    names = [entry["name"] for entry in metrics["candidates"]]
    assert {"prototypes", "probe", "prompts", "linear", "majority"} <= set(names)
    assert all(np.isfinite(entry["cost"]) for entry in metrics["candidates"])
    assert fitted[0].input_columns == {
        "size": ("size", "size~space"),
        "note": ("note", "note~space"),
    }


def test_ways_to_adapt_are_measured_and_the_best_is_said(fitted):
    metrics = fitted[0].records["metrics"]
    trials = {trial["adapt"]: trial for trial in metrics["adapted"]}
    assert list(trials) == ["scratch", "lora", "full"]
    best = min(trials, key=lambda name: trials[name]["cost"])
    assert [name for name in trials if trials[name]["chosen"]] == [best]
    assert metrics["training"]["adapt"] == best
    said = any("the base's weights did not help" in note for note in metrics["notes"])
    assert said == (best == "scratch")


@pytest.mark.parametrize("adapt", ["scratch", "lora", "full"])
def test_a_way_to_adapt_can_be_named(base, adapt):
    model = quick(rows(), target="kind", exclude=["cost"], base=base[0], adapt=adapt)
    metrics = model.records["metrics"]
    assert metrics["training"]["adapt"] == adapt and "adapted" not in metrics


def test_adapting_starts_from_the_bases_weights(base):
    """After one step of nearly no size, the network is still the base: all of it, or its rest."""
    from plait.fitting.network import deep_training as deep
    from plait.train.config import TrainConfig

    found, trained = {}, {}
    real = deep.run_training

    def record(plan, objective, system, *args):
        trained[plan.adapt] = {n for n, p in system.named_parameters() if p.requires_grad}
        result = real(plan, objective, system, *args)
        found[plan.adapt] = {k: v.clone() for k, v in system.state_dict().items()}
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep, "run_training", record)
        for adapt in ("scratch", "lora", "full"):
            quick(
                rows(), target="kind", exclude=["cost"], base=base[0], adapt=adapt,
                budget="1 steps",
                train=TrainConfig(learning_rate=1e-7, weight_decay=0.0, muon_rate=0.0),
            )  # fmt: skip
    trunk = space_network(base[0].space).trunk.state_dict()
    for name, value in trunk.items():
        for adapt in ("lora", "full"):
            assert np.allclose(found[adapt][f"trunk.{name}"], value, atol=1e-4), (adapt, name)
    assert not np.allclose(found["scratch"]["trunk.registers"], trunk["registers"], atol=1e-4)
    assert found["lora"].keys() == found["full"].keys() == found["scratch"].keys()
    assert trained["full"] == trained["scratch"]
    in_trunk = {name for name in trained["lora"] if name.startswith("trunk.")}
    assert in_trunk and all(name.endswith((".down", ".up")) for name in in_trunk)
    for stem in space_network(base[0].space).encoder.stems:
        assert any(stem in name for name in trained["full"])
        assert not any(stem in name for name in trained["lora"])


def test_it_embeds_as_the_base_does_and_predicts_the_same_when_loaded(base, fitted):
    model, again = fitted[0], plait.load(fitted[1])
    strange = [*rows(6, seed=9), {"size": 1.0}, {"note": None}]
    assert np.allclose(model.embed(strange), base[0].embed(strange), atol=1e-6)
    assert np.allclose(again.embed(strange), base[0].embed(strange), atol=1e-6)
    assert model.space.key == again.space.key == base[0].space.key
    first, second = model.predict(strange).columns, again.predict(strange).columns
    assert list(first["prediction"]) == list(second["prediction"])
    assert np.allclose(first["confidence"], second["confidence"], atol=1e-5)
    assert {file.suffix for file in fitted[1].rglob("*") if file.is_file()} <= {
        ".json", ".safetensors", ".md",
    }  # fmt: skip


def test_it_is_scored_by_its_target(fitted):
    found = evaluate(fitted[1], table_of(rows(30, seed=3)))
    assert found["metrics"]["accuracy"] > 0.6 and "retrieval" not in found
    assert "note+size" in found["by_present"] or "size+note" in found["by_present"]
    json.dumps(fitted[0].summary())


def test_a_number_can_be_learned_from_a_base(base):
    model = quick(
        rows(), target="cost", exclude=["kind"], base=base[1], adapt="full", baselines=True
    )
    names = {entry["name"] for entry in model.records["metrics"]["candidates"]}
    assert "probe" in names and not {"prototypes", "prompts"} & names
    assert np.isfinite(model.predict(rows(4)).columns["prediction"]).all()


def test_a_table_may_lack_a_column_of_the_base(base, tmp_path):
    table = table_of(rows(), without=("note", "cost"))
    model = quick(table, target="kind", base=base[1], adapt="full", out=tmp_path / "m.plait")
    again = plait.load(tmp_path / "m.plait")
    assert list(again.predict(rows(5)).columns["prediction"]) == list(
        model.predict(rows(5)).columns["prediction"]
    )
    assert np.allclose(again.embed(rows(5)), model.embed(rows(5)), atol=1e-6)


def test_the_target_may_be_a_column_of_the_base(tmp_path):
    start = quick(table_of(rows(64, seed=5), without=("cost",)))
    assert set(start.space.input_columns) == {"size", "note", "kind"}
    model = quick(
        rows(), target="kind", exclude=["cost"], base=start, adapt="full", out=tmp_path / "m.plait"
    )
    assert "kind~space" not in model.codecs and "kind" not in model.inputs
    again = plait.load(tmp_path / "m.plait")
    without = table_of(rows(9), without=("kind",))
    assert list(again.predict(without).columns["prediction"]) == list(
        model.predict(rows(9)).columns["prediction"]
    )
    assert evaluate(tmp_path / "m.plait", table_of(rows(9)))["rows"] == 9


def test_what_was_fitted_from_a_base_can_be_a_base(base, fitted, tmp_path):
    model = quick(
        rows(), target="cost", exclude=["kind"], base=fitted[1], adapt="full",
        out=tmp_path / "m.plait",
    )  # fmt: skip
    assert model.input_columns == {"size": ("size", "size~space"), "note": ("note", "note~space")}
    again = plait.load(tmp_path / "m.plait")
    assert again.space.key == base[0].space.key
    assert np.allclose(again.embed(rows(5)), base[0].embed(rows(5)), atol=1e-6)


def test_a_column_of_another_modality_is_refused(base):
    cells = [{**row, "note": float(i)} for i, row in enumerate(rows())]
    table = plait.read(cells, columns={"note": "number", "kind": "category", "size": "number"})
    with pytest.raises(SchemaError, match="another modality than in the base") as caught:
        quick(table, target="kind", base=base[1])
    assert caught.value.column == "note" and caught.value.expected == "text"
    assert "--columns note=text" in str(caught.value)


def test_a_column_of_which_nothing_was_said_is_read_as_in_the_base(base):
    cells = [{**row, "note": ("heel", "brim")[i % 2]} for i, row in enumerate(rows())]
    table = plait.read(cells, columns={"kind": "category", "size": "number"})
    assert table.schema["note"].modality == "category"
    model = quick(table, target="kind", exclude=["cost"], base=base[1], adapt="scratch")
    assert codec_hash(model.codecs["note"]) == codec_hash(base[0].codecs["note"])
    assert model.schema["note"].why == "as in the base"


def test_a_base_without_a_space_is_refused(base, tmp_path):
    plain = quick(rows(), target="kind", exclude=["cost"], out=tmp_path / "p.plait")
    for start in (plain, tmp_path / "p.plait"):
        with pytest.raises(TargetError, match="holds no shared space"):
            quick(rows(), target="cost", base=start)


def test_a_base_that_knows_none_of_the_columns_is_refused(base):
    cells = [{"Size": row["size"], "kind": row["kind"]} for row in rows()]
    table = plait.read(cells, columns={"Size": "number", "kind": "category"})
    with pytest.raises(ColumnError, match="no column that the table has") as caught:
        quick(table, target="kind", base=base[1])
    assert caught.value.expected == "one of size, note" and caught.value.received == "Size"
    assert "--base" in caught.value.hint and caught.value.exit_code == 2


def test_an_unknown_way_to_adapt_is_refused(base):
    with pytest.raises(UsageError, match="unknown adapt"):
        quick(rows(), target="kind", base=base[1], adapt="sideways")


def partly(num_labelled, num):
    """Rows of which only the first few, spread over the classes, have a target."""
    return [{**row, "kind": row["kind"] if i < num_labelled else None} for i, row in
            enumerate(rows(num))]  # fmt: skip


def test_many_rows_without_a_target_are_learned_from_first(tmp_path):
    model = quick(
        partly(36, 180), target="kind", exclude=["cost"], baselines=True, out=tmp_path / "m.plait"
    )
    metrics = model.records["metrics"]
    splits = model.records["splits"]
    assert metrics["space"]["recipe"] == "canonical correlations"
    assert metrics["space"]["rows"] > len(splits["train"]) + 100
    assert not model.space.has_network and not model.space.has_deep
    assert any("told what the columns share" in note for note in metrics["notes"])
    assert "note~space" in model.input_columns["note"]
    assert {"prototypes", "probe"} <= {entry["name"] for entry in metrics["candidates"]}
    again = plait.load(tmp_path / "m.plait")
    assert np.allclose(again.embed(rows(4)), model.embed(rows(4)), atol=1e-6)
    assert list(again.predict(rows(9)).columns["prediction"]) == list(
        model.predict(rows(9)).columns["prediction"]
    )


def test_a_space_without_a_network_is_a_base_but_has_no_weights_to_adapt(tmp_path):
    start = quick(partly(36, 180), target="kind", exclude=["cost"])
    model = quick(rows(), target="kind", exclude=["cost"], base=start)
    assert model.records["metrics"]["training"]["adapt"] == "scratch"
    assert np.allclose(model.embed(rows(4)), start.embed(rows(4)), atol=1e-6)
    with pytest.raises(UsageError, match="no weights to adapt"):
        quick(rows(), target="kind", exclude=["cost"], base=start, adapt="lora")


def test_there_is_nothing_to_adapt_without_a_base():
    with pytest.raises(UsageError, match="no weights to adapt"):
        quick(rows(), target="kind", adapt="full")


def test_a_table_whose_reading_takes_too_long_gets_no_space(monkeypatch):
    from plait.fitting.space import linear_space

    monkeypatch.setattr(linear_space, "READING_SHARE", 0.0)
    monkeypatch.setattr(linear_space, "LEAST_SECONDS", 1.0)
    model = quick(partly(36, 180), target="kind", exclude=["cost"], budget="3s")
    assert model.shared is None
    assert any("reading it takes about" in note for note in model.summary()["notes"])


@pytest.mark.parametrize(
    ("cells", "settings"),
    [
        (partly(36, 100), {}),  # 64 rows: below 100
        (partly(120, 230), {}),  # 110 rows: fewer than twice the labelled
        (partly(36, 180), {"budget": "2s"}),
        ([{**row, "note": None} for row in partly(36, 180)], {}),
    ],
    ids=["few", "few beside the labelled", "little time", "nothing occurs together"],
)
def test_few_rows_without_a_target_are_left_out(cells, settings):
    model = quick(cells, target="kind", exclude=["cost"], **settings)
    assert "space" not in model.records["metrics"] and model.shared is None
    assert model.input_columns["note"] == ("note",)
    assert any("have no target" in note for note in model.summary()["notes"])


def test_the_rows_set_aside_are_not_learned_from():
    cells = [
        {**row, "fold": "test" if i % 4 == 3 else "train"} for i, row in enumerate(partly(36, 240))
    ]
    table = plait.read(cells, columns=COLUMNS)
    model = quick(table, target="kind", exclude=["cost"], split="fold")
    num_train = sum(row["fold"] == "train" for row in cells)
    assert model.records["metrics"]["space"]["rows"] <= num_train


def test_a_base_that_knows_the_answers_of_this_table_is_refused(tmp_path):
    """Its vectors lean towards answers that it saw: no row of them would be judged fairly."""
    table = table_of(rows(), without=("cost",))
    knowing = quick(table, out=tmp_path / "base.plait")
    assert "kind" in knowing.inputs
    with pytest.raises(TargetError, match="learned the answers of this very table") as caught:
        quick(table, target="kind", base=tmp_path / "base.plait")
    assert caught.value.column == "kind" and "--exclude kind" in str(caught.value.hint)
    with pytest.raises(TargetError, match="by which it would be judged"):
        quick(table_of(rows(), without=("cost",)), target="kind", base=knowing)


def test_a_base_that_knows_the_target_in_other_rows_is_warned_of():
    start = quick(table_of(rows(64, seed=5), without=("cost",)))
    model = quick(rows(), target="kind", exclude=["cost"], base=start)
    told = [one for one in model.records["metrics"]["warnings"] if one["kind"] == "base"]
    assert [one["column"] for one in told] == ["kind"]
    assert "in the 64 rows of" in told[0]["text"] and "too good" in told[0]["text"]
    assert told[0]["text"] in model.card
