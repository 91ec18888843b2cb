"""plait compress: variants within limits, measured as they ship, and what they cost told."""

import json

import numpy as np
import pytest

import plait
from plait.bundle import size_mb
from plait.cli import run
from plait.compress.compared import share_kept
from plait.compress.measured import known_share
from plait.errors import TargetError, UsageError
from plait.networks.config import SystemConfig

SMALL = SystemConfig(dim=32, depth=1, num_heads=2)
WORDS = ("red ripe round", "blue cold clear", "green sour crisp")


def rows(num=160, seed=0):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, num)
    return [
        {
            "id": f"row {seed}-{number}",
            "note": " ".join(rng.permutation(WORDS[kind].split())),
            "size": round(float(kind * 2 + rng.normal(scale=0.7)), 2),
            "kind": ("apple", "ice", "pear")[kind],
            "split": "test" if number % 5 == 0 else "train",
        }
        for number, kind in enumerate(kinds)
    ]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    pytest.importorskip("onnxscript")
    path = tmp_path_factory.mktemp("compress") / "big.plait"
    model = plait.fit(
        rows(), target="kind", budget="30 steps", size=SMALL, split="split", out=path,
        baselines=["majority"],
    )  # fmt: skip
    assert "deep" in model.ensemble.weights
    return path


@pytest.fixture(scope="module")
def small(bundle):
    path = bundle.with_name("small.plait")
    model = plait.compress(
        bundle, rows(), budget="8 steps", size="dim=16,depth=1,num_heads=2",
        students=("network",), max_loss="60%", out=path,
    )  # fmt: skip
    return model, path


def test_every_way_is_tried_and_told(small):
    told = small[0].records["compression"]
    names = [one["name"] for one in told["variants"]]
    assert names[:3] == ["as it is", "student", "student, as graphs"]
    assert {"student, 8 bits", "student, 4 and 8 bits", "student, computed in 8 bits"} <= set(names)
    assert any("pruned" in name and "bits" not in name for name in names)
    assert [one["chosen"] for one in told["variants"]].count(True) == 1
    assert told["variants"][0]["loss"] == 0.0 and told["variants"][0]["agreement"] == 1.0
    assert all(one["mb"] > 0 and 0 < one["ms"] <= one["ms_slow"] for one in told["variants"])
    assert all(one["wh_per_1000"] > 0 and one["method"] for one in told["variants"])


def test_it_is_told_when_it_has_paid_for_itself(small):
    model, _ = small
    told, energy = model.records["compression"]["paid_back"], model.records["energy"]
    chosen = next(one for one in model.records["compression"]["variants"] if one["chosen"])
    whole = model.records["compression"]["variants"][0]
    saved = whole["wh_per_1000"] - chosen["wh_per_1000"]
    assert told["spent_wh"] > 0 and energy["wh"] > 0 and energy["answers"]["ms"] == chosen["ms"]
    if saved <= 0:
        assert told["answers"] is None
    else:
        assert told["answers"] == pytest.approx(1000 * told["spent_wh"] / saved, rel=0.01, abs=1)
    assert model.card.count("## What it cost") == 1


def test_what_ships_is_what_was_measured(bundle, small):
    model, path = small
    told = model.records["compression"]
    chosen = next(one for one in told["variants"] if one["chosen"])
    # The record of the variants itself is written beside what was measured.
    assert size_mb(path) == pytest.approx(chosen["mb"], abs=0.02)
    assert size_mb(path) < size_mb(bundle)
    read, test = plait.load(path), [row for row in rows() if row["split"] == "test"]
    said = read.predict(test).columns["prediction"]
    right = np.mean([one == row["kind"] for one, row in zip(said, test, strict=True)])
    assert right == pytest.approx(told["test"]["student"]) and told["test"]["rows"] == len(test)


def test_rows_that_the_teacher_never_saw_are_set_aside_from_what_chooses(bundle, monkeypatch):
    from plait.compress import trying

    seen, of = {}, trying.Bench.of

    def watched(teacher, *, aside, **options):
        seen["aside"] = {str(teacher.table.column("note")[row]) for row in aside}
        bench = of(teacher, aside=aside, **options)
        seen["compared"] = {str(one) for one in bench.table.column("note")}
        return bench

    monkeypatch.setattr(trying.Bench, "of", watched)
    other = [{**row, "note": f"{row['note']} {number}"} for number, row in enumerate(rows(200))]
    for row in other:
        del row["split"]
    model = plait.compress(
        bundle, other, unseen=True, method="quantize", max_loss="0.0001%", max_mb=1000, seed=0
    )
    assert len(seen["aside"]) > 10 and seen["aside"].isdisjoint(seen["compared"])
    told, metrics = model.records["compression"], model.records["metrics"]
    assert told["test"]["rows"] == len(seen["aside"])
    assert metrics["test"]["metrics"][told["test"]["metric"]] == told["test"]["student"]
    kept = told["test"]["share"]
    assert any("less than" in note for note in metrics["notes"]) == (kept < 1 - 1e-6)
    name, value = next(iter(metrics["test"]["metrics"].items()))
    assert f"| {name} | {value:.4f} |" in model.card


def test_it_is_told_what_answered(small):
    for one in small[0].records["compression"]["variants"]:
        graphs = "graphs" in one["name"] or "bits" in one["name"] or "pruned" in one["name"]
        assert one["engine"] == ("edge" if graphs else "model"), one["name"]


def test_shares_of_a_score_and_of_an_error_are_of_one_kind():
    assert share_kept(0.8, 0.9, lower_is_better=False) == pytest.approx(8 / 9)
    assert share_kept(1.0, 0.5, lower_is_better=True) == pytest.approx(0.5)
    assert share_kept(0.0, 0.0, lower_is_better=False) == 1.0
    assert share_kept(0.1, -0.2, lower_is_better=False) is None
    with pytest.raises(UsageError, match="cannot be told as a share"):
        known_share(None, "r2")


def test_a_bundle_alone_is_held_in_fewer_bits(bundle, tmp_path):
    model = plait.compress(bundle, rows(), method="quantize", max_loss="2%", out=tmp_path / "q")
    told = model.records["compression"]["variants"]
    assert not any("student" in one["name"] for one in told)
    whole, chosen = told[0], next(one for one in told if one["chosen"])
    assert chosen["mb"] < 0.6 * whole["mb"] and chosen["agreement"] > 0.97


def test_the_command_shows_variants_and_page(small, bundle, tmp_path, capsys):
    out, page = tmp_path / "c.plait", tmp_path / "r.html"
    table = tmp_path / "t.csv"
    names = list(rows()[0])
    lines = [",".join(names), *(",".join(str(row[n]) for n in names) for row in rows())]
    table.write_text("\n".join(lines))
    words = ["compress", str(bundle), str(table), "--method", "quantize", "--out", str(out), "-q"]
    assert run([*words, "--unseen"]) == 0
    shown = capsys.readouterr().out
    assert "score lost" in shown and "ships" in shown and "Wh of 1,000" in shown
    assert "paid back after" in shown or "saves no energy" in shown
    assert run(["report", str(out), "--out", str(page)]) == 0
    text = page.read_text()
    assert "Made small" in text and "Wh of 1,000 answers" in text
    assert "paid back after" in text or "saves no energy" in text


def test_limits_that_none_is_within_are_an_error_of_the_command(tmp_path, capsys):
    path, table = tmp_path / "mix.plait", tmp_path / "rows.jsonl"
    plait.fit(rows(100), target="kind", simple=True, budget="5 steps", split="split", out=path)
    table.write_text("\n".join(map(json.dumps, rows(100))))
    words = ["compress", str(path), str(table), "--method", "quantize", "-q", "--json"]
    assert run([*words, "--max-mb", "0.000001", "--out", str(tmp_path / "small.plait")]) == 2
    assert "no variant is within" in capsys.readouterr().out
    assert not (tmp_path / "small.plait").exists()


def test_what_has_no_target_cannot_be_compressed(tmp_path):
    some = [{"a": row["note"], "b": row["size"]} for row in rows(60)]
    space = plait.fit(some, simple=True, budget="5s")
    with pytest.raises(TargetError):
        plait.compress(space, some)


def test_what_needs_more_than_a_network_may_not_ship_where_that_is_asked(tmp_path):
    some = rows(100)
    mix = plait.fit(some, target="kind", simple=True, budget="5s", split="split")
    with pytest.raises(UsageError, match="by a network alone"):
        plait.compress(mix, some, method="quantize", network_alone=True)


def test_unknown_ways_are_refused(bundle):
    with pytest.raises(UsageError, match="no such way"):
        plait.compress(bundle, rows(), method="shrink")
