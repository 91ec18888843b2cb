"""Several targets on one trunk: what a user gets of each, and what is refused in words."""

from __future__ import annotations

import csv
import json
from html import escape

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import BundleError, ColumnError, TargetError, UsageError
from plait.model.several import Several
from plait.model.versions import check_names
from plait.networks.config import SystemConfig
from plait.report.model_verdict import verdict_of

TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0)
COLUMNS = {"word": "category", "answer": "category", "price": "number", "said": "text"}
TARGETS = ("answer", "price", "said")


def rows(num=120, seed=0):
    """Rows of which a sixth lack the answer, and another sixth the price."""
    draw = np.random.default_rng(seed)
    found = []
    for row in range(num):
        x, word = float(draw.normal()), str(draw.choice(["cat", "dog", "bird"]))
        answer = "yes" if x + 0.2 * draw.normal() > 0 else "no"
        price = 3 * x + 2 * (word == "cat") + float(draw.normal()) / 5
        said = f"a {word} of {'much' if x > 0 else 'little'}"
        known = {"answer": answer if row % 6 else None, "price": price if row % 6 != 1 else None}
        found.append({"word": word, "x": x, "z": float(draw.normal()), **known, "said": said})
    return found


def of(*names, num=120, seed=0):
    """The same with these targets only."""
    left_out = set(TARGETS) - set(names)
    kept = [{k: v for k, v in row.items() if k not in left_out} for row in rows(num, seed)]
    return plait.read(kept, columns={k: v for k, v in COLUMNS.items() if k not in left_out})


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    path = tmp_path_factory.mktemp("several") / "two.plait"
    model = plait.fit(
        of("answer", "price"), target=["answer", "price"], budget="20 steps", size=TINY, out=path
    )
    return model, path


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """The network alone, with a text among the targets, so that it ships for each."""
    path = tmp_path_factory.mktemp("several") / "three.plait"
    model = plait.fit(
        of(*TARGETS), target="answer,price,said", budget="20 steps", size=TINY, out=path,
        baselines=False,
    )  # fmt: skip
    return model, path


def same(one, other):
    assert list(one.columns) == list(other.columns)
    for name, values in one.columns.items():
        assert np.array_equal(np.asarray(values), np.asarray(other[name])), name


def test_each_target_has_its_own_candidates_choice_and_scores(two):
    model, _ = two
    assert isinstance(model, Several) and model.targets == ("answer", "price")
    for name in model.targets:
        one = model[name]
        metrics = one.records["metrics"]
        assert set(one.inputs) == {"word", "x", "z"}
        names = {each["name"] for each in metrics["candidates"]}
        assert {"deep", "majority", "linear"} <= names
        assert metrics["test"]["metrics"] and metrics["test"]["rows"] >= 10
        assert one.ensemble.calibration is not None
        assert model.summary()["targets"][name]["network"]["metrics"]
    assert model["answer"].target_codec.task == "classify"
    assert model["price"].target_codec.task == "regress"


def test_all_targets_have_one_split(two):
    model, _ = two
    parts = [model[name].records["splits"] for name in model.targets]
    for part in ("train", "validation", "test"):
        for other in {"train", "validation", "test"} - {part}:
            assert not set(parts[0][part]) & set(parts[1][other])
    held = {row for part in ("train", "validation", "test") for row in parts[0][part]}
    assert held == {row for row in range(120) if row % 6}


def test_a_choice_is_as_of_a_fit_alone(two):
    model, _ = two
    alone = plait.fit(
        of("answer", "price"), target="price", exclude=["answer"], budget="20 steps", size=TINY,
    )  # fmt: skip
    both = [one.records["metrics"]["candidates"] for one in (model["price"], alone)]
    ones = [{each["name"]: each["cost"] for each in each_of if each["name"] == "linear"}
            for each_of in both]  # fmt: skip
    assert ones[0].keys() == ones[1].keys() == {"linear"}
    assert abs(ones[0]["linear"] - ones[1]["linear"]) < 0.2 * ones[1]["linear"]


def test_answers_are_named_by_targets(two):
    model, path = two
    answer = model.predict(rows(7, seed=3))
    assert list(answer.columns)[:3] == ["answer", "price", "answer_confidence"]
    assert {"answer_p_yes", "price_q05"} <= set(answer.columns) and len(answer) == 7
    same(answer, plait.load(path).predict(rows(7, seed=3)))
    assert list(answer["answer"]) == list(model["answer"].predict(rows(7, seed=3))["prediction"])
    one = plait.ask(path, given={"word": "cat", "x": 1.0})
    assert {"answer", "price", "answer_confidence"} <= set(one.columns) and len(one) == 1


def test_scores_are_of_each_target_that_the_table_has(two):
    model, path = two
    scores = plait.evaluate(path, rows(60, seed=4))
    assert list(scores["targets"]) == ["answer", "price"]
    assert scores["targets"]["answer"]["rows"] == 50
    assert "accuracy" in repr(scores) and "rmse" in repr(scores)
    some = plait.evaluate(model, of("price", num=60))
    assert list(some["targets"]) == ["price"]
    assert any("'answer'" in note for note in some["notes"])
    with pytest.raises(ColumnError, match="lacks all targets"):
        plait.evaluate(model, of(num=60))


def test_weights_are_stored_once(three):
    model, path = three
    loaded = plait.load(path)
    same(model.predict(rows(9, seed=5)), loaded.predict(rows(9, seed=5)))
    first, second = (loaded[name].parts.tensors for name in ("answer", "price"))
    shared = [name for name in first if name.startswith(("0.encoder.", "0.trunk."))]
    assert shared and all(first[name] is second[name] for name in shared)
    bare = {name.removeprefix("0.") for name in shared}
    assert all(loaded["said"].parts.tensors[name] is first[f"0.{name}"] for name in bare)
    assert (path / "trunk.safetensors").is_file()
    from safetensors.numpy import load

    for place in range(3):
        own = load((path / f"targets/{place}/model.safetensors").read_bytes())
        assert own and not any("trunk." in name or "encoder." in name for name in own)


def test_predicted_and_generated_targets_learn_together(three):
    model, _ = three
    for name in TARGETS:
        assert model[name].records["metrics"]["shipped"] == "deep"
        assert model[name].records["metrics"]["training"]["steps"] == 20
    answer = model.predict(rows(5, seed=6), temperature=1.0, seed=2)
    assert all(isinstance(text, str) for text in answer["said"])
    usual = model.predict(rows(5, seed=6))
    assert list(answer["answer"]) == list(usual["answer"])
    assert "said_confidence" not in usual.columns, "15 held-out rows tell nothing of it"
    wide = model.predict(rows(5, seed=6), beam=3)
    assert list(wide["answer"]) == list(usual["answer"])
    assert list(wide["said"]) == list(model["said"].predict(rows(5, seed=6), beam=3)["prediction"])
    assert "".join(model["said"].stream(rows(1, seed=6))) == usual["said"][0]


def test_a_changed_file_is_refused(three, tmp_path):
    model, _ = three
    path = model.save(tmp_path / "again.plait")
    weights = path / "trunk.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(BundleError, match="was changed after it was saved"):
        plait.load(path)


def test_a_beam_needs_a_target_that_is_written(two):
    with pytest.raises(TargetError, match="no beam"):
        two[0].predict(rows(2), beam=2)
    with pytest.raises(TargetError, match="several targets"):
        two[0].stream(rows(1))


def test_a_plait_that_knows_no_several_targets_says_so(two):
    about = json.loads((two[1] / "model.json").read_bytes())
    about.pop("targets")  # which an earlier one does not ask for
    with pytest.raises(BundleError, match="names what a bundle holds otherwise") as caught:
        check_names(about, two[1])
    assert "several targets" in str(caught.value.received)


def test_one_target_can_be_kept_alone(two, tmp_path):
    model, _ = two
    path = model["price"].save(tmp_path / "price.plait")
    alone = plait.load(path)
    assert not isinstance(alone, Several) and alone.target == "price"
    same(alone.predict(rows(5)), model["price"].predict(rows(5)))


def test_what_is_of_one_target_is_refused_in_words(two):
    model, path = two
    for ask in (
        lambda: model.predict_proba(rows(3)),
        lambda: model.with_threshold(0.3),
        lambda: model.top_losses(rows(20)),
        lambda: model.importance(rows(20)),
        lambda: plait.predict(path, rows(3), threshold=0.3),
    ):
        with pytest.raises(TargetError, match="several targets") as caught:
            ask()
        assert "model['answer']" in str(caught.value.hint)
    with pytest.raises(ColumnError, match="no target 'colour'"):
        model["colour"]
    with pytest.raises(TargetError, match="temperature"):
        model.predict(rows(3), temperature=1.0)
    with pytest.raises(TargetError, match="no shared space"):
        model.embed(rows(3))


@pytest.mark.parametrize(
    ("target", "settings", "error", "said"),
    [
        ("answer,answer", {}, UsageError, "'answer' is named twice"),
        ("answer,colour", {}, ColumnError, "colour"),
        (["answer", 3], {}, UsageError, "no list of names"),
        ("answer,price", {"threshold": 0.3}, UsageError, "threshold"),
        ("answer,price", {"metric": "accuracy"}, UsageError, "metric"),
        ("answer,price", {"costs": {"false_negative": 3}}, UsageError, "costs"),
        ("answer,price", {"positive": "yes"}, UsageError, "positive"),
        ("answer,price", {"tune": "full", "encoders": {"x": "a"}}, UsageError, "tune=full"),
    ],
)
def test_errors_say_what_is_wrong(target, settings, error, said):
    with pytest.raises(error, match=said):
        plait.fit(of("answer", "price"), target=target, budget="1 steps", **settings)


def test_a_table_is_inspected_for_one_at_a_time():
    with pytest.raises(UsageError, match="one target at a time") as caught:
        plait.inspect(of("answer", "price"), target="answer,price")
    assert "--target answer" in str(caught.value.hint)


def test_a_column_of_that_very_name_is_the_only_target():
    table = [{**row, "a,b": row["answer"]} for row in rows(60)]
    model = plait.fit(table, target="a,b", budget="1 steps", simple=True,
                      exclude=["answer", "price", "said"])  # fmt: skip
    assert not isinstance(model, Several) and model.target == "a,b"


def test_a_base_that_learned_one_of_them_is_refused(tmp_path):
    table = of("answer", "price")
    base = plait.fit(table, exclude=["price"], budget="1 steps", simple=True)
    with pytest.raises(TargetError, match="learned the answers of this very table"):
        plait.fit(table, target="answer,price", base=base, budget="1 steps", simple=True)


def test_a_base_is_the_start_of_all(tmp_path):
    base = plait.fit(of(num=100, seed=8), budget="3 steps", size=TINY, out=tmp_path / "base.plait")
    path = tmp_path / "on.plait"
    model = plait.fit(of("answer", "price"), target="answer,price", base=base, budget="3 steps",
                      baselines=False, out=path)  # fmt: skip
    assert model["price"].records["metrics"]["training"]["adapt"] == "full"
    loaded = plait.load(path)
    same(model.predict(rows(6)), loaded.predict(rows(6)))
    assert np.array_equal(loaded.embed(rows(4)), model.embed(rows(4)))
    assert loaded["answer"].shared is loaded["price"].shared is loaded.shared


def test_the_command_line_says_the_same(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "vqa.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["word", "x", "z", "answer", "price"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows(80))
    fit = ["fit", "vqa.csv", "--target", "answer,price", "--budget", "2 steps", "--simple"]
    assert run([*fit, "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["targets"]) == ["answer", "price"] and told["bundle"] == "vqa.plait"
    assert all(one["verdict"] and one["metrics"] for one in told["targets"].values())
    assert run(["predict", "vqa.plait", "vqa.csv", "--out", "out.csv", "--quiet"]) == 0
    written = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert len(written) == 80 and {"answer", "price_q05", "input_answer"} <= written[0].keys()
    capsys.readouterr()
    assert run(["evaluate", "vqa.plait", "vqa.csv", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["targets"]) == ["answer", "price"]
    assert run(["evaluate", "vqa.plait", "vqa.csv"]) == 0
    assert "target: price" in capsys.readouterr().out
    assert run(["ask", "vqa.plait", "--given", "word=cat"]) == 0
    assert "answer" in capsys.readouterr().out
    assert run([*fit, "--quiet"]) == 0
    assert "target: answer" in capsys.readouterr().out
    other = ["fit", "vqa.csv", "--target", "answer", "--exclude", "price", "--out", "vqa.plait"]
    assert run([*other, "--simple", "--budget", "1 steps"]) == 2
    assert "answer,price" in capsys.readouterr().err


def test_the_command_that_makes_it_again_names_all(two):
    from plait.report.again import again_command

    lineage = json.loads((two[1] / "lineage.json").read_bytes())
    lineage["said"]["table"] = "vqa.csv"
    lineage["said"].pop("size")
    assert "--target answer,price" in again_command({"lineage": lineage, "name": "two.plait"})


def test_one_page_has_all_of_each(two, tmp_path):
    model, path = two
    page = plait.report(path, tmp_path / "two.html").read_text(encoding="utf8")
    first = page.partition("</header>")[0]
    assert page.count('<header class="hero">') == 3
    assert all(escape(verdict_of(model[name])) in first for name in model.targets)
    assert all(f'href="#target-{place}"' in first for place in range(2))
    for name in model.targets:
        assert f"Beside simple models: {name}" in page
    again = plait.report(model, tmp_path / "again.html")
    assert again.is_file() and model.path == path


def test_one_target_has_a_page_of_its_own(two, tmp_path):
    path = two[1]
    model = plait.load(path)
    page = plait.report(model["price"], tmp_path / "price.html").read_text(encoding="utf8")
    assert page.count('<header class="hero">') == 1
    assert escape(verdict_of(model["price"])) in page
    assert "target-0" not in page and model["price"].path == path
    with pytest.raises(UsageError, match="one of several"):
        plait.report(model["price"])


def test_interrupted_fits_go_on_only_with_the_same_targets(tmp_path):
    settings = {"budget": "2 steps", "simple": True}
    model = plait.fit(of("answer", "price"), target="answer,price", **settings,
                      out=tmp_path / "a.plait")  # fmt: skip
    assert isinstance(plait.load(tmp_path / "a.plait"), Several)
    with pytest.raises(UsageError, match="another target"):
        plait.fit(of("answer", "price"), target="price", **settings, out=tmp_path / "a.plait")
    assert "answer" in repr(model) and "price" in repr(model)


def test_settings_in_a_file_may_list_targets(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("target: [answer, price]\nbudget: 1 steps\nsimple: true\n")
    model = plait.fit(of("answer", "price"), config=file)
    assert isinstance(model, Several) and model.targets == ("answer", "price")
