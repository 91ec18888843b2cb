"""Fit without a target: the space, its scores, its bundle, and tables with little to share."""

from __future__ import annotations

import json
import time

import numpy as np
import pyarrow.parquet
import pytest

import plait
from plait.errors import SchemaError, TargetError, UsageError
from plait.fitting.space import pretrain
from plait.fitting.space.space_plan import notes_on_mixes
from plait.networks.config import SystemConfig
from plait.recipes.embed import embed
from plait.recipes.evaluate import evaluate
from plait.recipes.predict import predict

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
SUMMARY = {"bundle", "task", "shipped", "metrics", "retrieval", "baselines", "seconds",
           "num_parameters", "peak_memory_mb", "notes"}  # fmt: skip
DIRECTIONS = {
    f"{a}->{b}" for a in ("size", "kind", "note") for b in ("size", "kind", "note") if a != b
}
KINDS = ("boot", "hat", "coat", "sock", "belt", "tie", "cap", "vest")
COLUMNS = "size=number,kind=category,note=text"


def rows(num=64, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "size": round(float(i % 8 + 0.1 * rng.normal()), 3),
            "kind": None if i % 9 == 8 else KINDS[i % 8],
            "note": None if i % 7 == 6 else f"a {KINDS[i % 8]} number {i}",
        }
        for i in range(num)
    ]


def quick(table=None, **settings):
    if not isinstance(table, plait.Table):
        table = plait.read(rows() if table is None else table, columns=COLUMNS)
    return plait.fit(table, **{"budget": "10 steps", "size": TINY, "fusion": "mid"} | settings)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("share") / "base.plait"
    return quick(out=path, budget="40 steps"), path


def test_the_summary_keeps_its_contract(fitted):
    summary = json.loads(json.dumps(fitted[0].summary()))
    assert set(summary) >= SUMMARY
    assert summary["task"] == "embed" and summary["baselines"] == []
    assert summary["shipped"].startswith("shared space (")
    assert set(summary["retrieval"]) == DIRECTIONS
    assert set(summary["metrics"]) >= {"r@1", "r@10", "median_rank"}
    assert summary["num_parameters"] > 1000


def test_what_helps_was_measured_and_the_best_taken(fitted):
    metrics = fitted[0].records["metrics"]
    trials = {trial["recipe"]: trial for trial in metrics["trials"]}
    assert list(trials) == list(pretrain.RECIPES)
    best = min(trials, key=lambda name: trials[name]["cost"])
    assert [name for name in trials if trials[name]["chosen"]] == [best]
    [kept] = [mix["network"] for mix in metrics["mixes"] if mix["chosen"]]
    made_of = {
        0.0: "canonical correlations",
        1.0: best,
    }.get(kept, f"canonical correlations {1 - kept:.2f} + network {kept:.2f}")
    assert metrics["shipped"] == f"shared space ({made_of})"
    assert set(metrics["collapse"]) >= {"std", "rank", "ahead", "works", "said"}
    assert {"network_std", "network_rank"} <= metrics["training"].keys()
    assert metrics["curve"] and metrics["training"]["steps"] == 28  # 70 % of 40


def test_the_card_shows_every_direction(fitted):
    card = fitted[0].card
    assert card.startswith("# Model card: the shared space of size, kind, note")
    assert all(f"| {direction} |" in card for direction in DIRECTIONS)
    assert (fitted[1] / "card.md").read_text() == card


def test_a_loaded_bundle_gives_the_same_vectors(fitted):
    model, path = fitted
    again = plait.load(path)
    strange = [*rows(9), {"size": 1.0}, {"note": "nothing like it"}, {"kind": "unseen"}]
    np.testing.assert_array_equal(model.embed(strange), again.embed(strange))
    assert again.space.key == model.space.key and again.space.scale == model.space.scale
    assert again.summary() == {**model.summary(), "bundle": str(path)}
    endings = {file.suffix for file in path.rglob("*") if file.is_file()}
    assert endings == {".json", ".safetensors", ".md"}


def test_a_bundle_saved_again_is_the_same(fitted, tmp_path):
    copy = plait.load(plait.load(fitted[1]).save(tmp_path / "copy.plait"))
    np.testing.assert_array_equal(copy.embed(rows(5)), fitted[0].embed(rows(5)))
    assert copy.space.key == fitted[0].space.key


def test_rows_get_unit_vectors_from_any_columns_and_zeros_from_none(fitted):
    model = fitted[0]
    some = [rows(1)[0], {"size": 3.0}, {"note": "boot"}, {"size": None, "note": ""}]
    lengths = np.linalg.norm(model.embed(some), axis=1)
    assert np.allclose(lengths, [1, 1, 1, 0], atol=1e-5)
    alone = model.embed([{"size": 3.0}, {"note": "boot"}])
    both = model.embed([{"size": 3.0, "note": "boot"}])[0]
    assert np.allclose(both, alone.sum(0) / np.linalg.norm(alone.sum(0)), atol=1e-5)
    weighted = model.embed([{"size": 3.0, "note": "boot"}], weights={"size": 0, "kind": 0})
    assert np.allclose(weighted[0], alone[1], atol=1e-5)


def test_a_vector_does_not_depend_on_the_rows_beside_it(fitted):
    model, table = fitted[0], rows(20, seed=4)
    assert np.allclose(model.embed(table)[7], model.embed(table[7:8])[0], atol=1e-5)


def test_evaluate_prints_every_direction(fitted):
    found = evaluate(fitted[1], plait.read(rows(40, seed=1)))
    json.dumps(found)
    assert found["task"] == "embed" and found["rows"] == 40
    assert set(found["retrieval"]) == DIRECTIONS
    for one in found["retrieval"].values():
        assert set(one) >= {"r@1", "r@5", "r@10", "median_rank", "n"}
        assert one["r@1"] <= one["r@5"] <= one["r@10"] <= 1
    assert found["retrieval"]["size->note"]["n"] == sum(bool(r["note"]) for r in rows(40))
    assert {"size+kind->note", "kind+note->size"} <= set(found["by_present"])
    without = evaluate(fitted[1], plait.read([{"size": r["size"]} for r in rows(8)]))
    assert without["retrieval"] == {} and without["metrics"] == {}


def test_embed_writes_ids_and_vectors(fitted, tmp_path):
    table = [{"item_id": f"c{i:02}", **row} for i, row in enumerate(rows(20))]
    table.append({"item_id": "empty", "size": None, "kind": None, "note": None})
    out = tmp_path / "sub" / "v.parquet"
    done = embed(fitted[1], plait.read(table), out=out)
    found = pyarrow.parquet.read_table(out).to_pylist()
    assert done == {
        "rows": 21, "empty": 1, "dim": fitted[0].space.dim, "key": fitted[0].space.key,
        "out": str(out), "warnings": [], "missing_columns": [], "notes": [],
    }  # fmt: skip
    assert [row["id"] for row in found] == [row["item_id"] for row in table]
    assert found[-1]["vector"] is None
    np.testing.assert_allclose(found[3]["vector"], fitted[0].embed(rows(20))[3], atol=1e-5)
    assert [file.name for file in out.parent.iterdir()] == ["v.parquet"]
    embed(fitted[1], plait.read(rows(3)), out=out, weights={"note": 0.0}, force=True)
    found = pyarrow.parquet.read_table(out).to_pylist()
    assert [row["id"] for row in found] == ["0", "1", "2"]


def test_embed_refuses_what_it_cannot_do(fitted, tmp_path):
    with pytest.raises(UsageError, match="unknown kind of output file"):
        embed(fitted[1], plait.read(rows(3)), out=tmp_path / "v.csv")
    with pytest.raises(UsageError, match="a weight does not fit"):
        embed(fitted[1], plait.read(rows(3)), out=tmp_path / "v.parquet", weights={"x": 1.0})
    assert list(tmp_path.iterdir()) == []


def test_without_a_target_there_is_nothing_to_predict(fitted, tmp_path):
    with pytest.raises(TargetError, match="fitted without a target"):
        predict(fitted[1], plait.read(rows(3)), out=tmp_path / "p.csv")
    with pytest.raises(TargetError, match="fitted without a target"):
        fitted[0].predict(rows(3))


def test_a_seed_repeats(fitted):
    first, second, other = (quick(seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.embed(rows(4)), second.embed(rows(4)))
    assert not np.allclose(first.embed(rows(4)), other.embed(rows(4)))


def test_an_interrupted_fit_goes_on_where_it_was(tmp_path):
    from plait.progress import Progress
    from plait.train.config import TrainConfig

    class Stops(Progress):
        def task(self, name, total):
            def update(done, note=""):
                if name == "learning the shared space" and done >= 0.4:
                    raise KeyboardInterrupt

            return update

    settings = {"budget": "24 steps", "train": TrainConfig(batch_size=16, save_seconds=0.0)}
    whole = quick(out=tmp_path / "whole.plait", **settings).space.tensors
    with pytest.raises(KeyboardInterrupt):
        quick(out=tmp_path / "m.plait", progress=Stops(), **settings)
    assert not (tmp_path / "m.plait").exists()
    resumed = quick(out=tmp_path / "m.plait", resume=True, **settings).space.tensors
    assert whole.keys() == resumed.keys()
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)


def test_one_column_alone_gets_a_space(tmp_path):
    table = plait.read([{"note": row["note"]} for row in rows()], columns="note=text")
    model = quick(table, out=tmp_path / "one.plait")
    assert model.records["metrics"]["shipped"] == f"shared space ({pretrain.ALONE})"
    assert model.summary()["retrieval"] == {} and model.summary()["metrics"] == {}
    assert model.records["metrics"]["trials"] == []
    vectors = plait.load(tmp_path / "one.plait").embed([{"note": "boot"}, {"note": None}])
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0], atol=1e-5)


def test_columns_that_never_meet_are_not_aligned():
    table = [
        {"size": r["size"], "note": None} if i % 2 else {"size": None, "note": r["note"] or "x"}
        for i, r in enumerate(rows())
    ]
    model = quick(plait.read(table, columns="size=number,note=text"))
    assert model.records["metrics"]["shipped"] == f"shared space ({pretrain.ALONE})"
    assert model.summary()["retrieval"] == {}


def test_rows_with_nothing_are_left_out():
    table = [*rows(), *[{"size": None, "kind": None, "note": None}] * 20]
    model = quick(plait.read(table, columns=COLUMNS))
    found = model.records["metrics"]["test"]
    assert np.isfinite(list(found["metrics"].values())).all()
    assert not model.embed(table)[-20:].any()


@pytest.mark.parametrize("num", [2, 3, 6])
def test_a_handful_of_rows(num):
    model = quick(rows(num))
    assert model.embed(rows(num)).shape == (num, model.space.dim)
    json.dumps(model.summary())


def test_alignment_alone_is_said_when_the_rest_does_not_help(monkeypatch):
    costs = iter([0.1, 0.5, 0.5])
    real = pretrain._train

    class Judged:
        def __init__(self, inner):
            self.inner, self.cost = inner, lambda: next(costs)

        def __getattr__(self, name):
            return getattr(self.inner, name)

    def train(problem, plan, config, contents, progress, name="learning"):
        objective, run = real(problem, plan, config, contents, progress, name)
        return (Judged(objective) if name.startswith("trial") else objective), run

    monkeypatch.setattr(pretrain, "_train", train)
    model = quick()
    trials = model.records["metrics"]["trials"]
    assert [trial["recipe"] for trial in trials if trial["chosen"]] == ["alignment"]
    assert any("left out because retrieval got no better" in n for n in model.summary()["notes"])


def test_too_short_a_budget_to_measure_is_said(monkeypatch):
    monkeypatch.setattr(pretrain, "_is_late", lambda plan: False)
    model = quick(budget="2s")
    assert model.records["metrics"]["trials"] == []
    assert any("too short to measure which losses help" in n for n in model.summary()["notes"])


def test_no_network_begins_when_the_time_is_up():
    model = quick(budget="20s", began=time.monotonic() - 30)
    assert not model.space.has_network and model.space.linear is not None
    assert any("no time was left for a network" in n for n in model.records["metrics"]["notes"])


def test_trials_of_too_few_steps_are_given_up(monkeypatch):
    monkeypatch.setattr(pretrain, "_is_late", lambda plan: False)
    monkeypatch.setattr(pretrain, "LEAST_TRIAL_SECONDS", 0.5)
    monkeypatch.setattr(pretrain, "LEAST_TRIAL_STEPS", 10**6)
    model = quick(budget="2s")
    assert model.records["metrics"]["trials"] == []
    assert any("steps are too few to measure" in n for n in model.summary()["notes"])


def test_no_column_to_learn_from_is_an_error():
    with pytest.raises(SchemaError, match="no column is left to learn from"):
        quick(exclude=["size", "kind", "note"])


@pytest.mark.parametrize(
    ("mrr", "said"),
    [
        ([0.5, 0.4, 0.3], "after 2 steps the network alone does not beat canonical correlations of "
                          "simple features, which ship without it"),
        ([0.5, 0.6, 0.3], "the two together do best on validation rows, and ship"),
        ([0.5, 0.6, 0.55], ""),
        ([0.5, 0.6, 0.7], ""),
    ],
)  # fmt: skip
def test_what_is_said_of_the_network_is_true_of_what_ships(mrr, said):
    shares = dict(zip((0.0, 0.3, 1.0), mrr, strict=True))
    mixes = [{"network": share, "linear": 1 - share, "mrr": one, "chosen": one == max(mrr)}
              for share, one in shares.items()]  # fmt: skip
    notes = notes_on_mixes(mixes, 2)
    assert len(notes) == bool(said) and said in "".join(notes)
    assert notes_on_mixes([], 2) == ()
