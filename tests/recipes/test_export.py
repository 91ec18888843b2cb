"""plait export: a bundle whose networks are graphs answers as before, without torch."""

import json
import subprocess
import sys

import numpy as np
import pytest

import plait
import plait.edge
from plait.cli import run
from plait.compress import exported_mix, parity
from plait.compress.parity import compare
from plait.errors import BundleError, ExtraError, GraphError, ParityError, TargetError, UsageError
from plait.fitting.setup import cross_fitting
from plait.modalities.category.codec import CategoryCodec
from plait.networks.config import SystemConfig
from plait.networks.graph_runners import open_session
from plait.web.facts import page_facts

TINY = SystemConfig(dim=16, depth=1, num_heads=2)


def rows(num=60):
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, num)
    words = (("red", "ripe"), ("blue", "cold"))
    return [
        {
            "note": " ".join(rng.permutation(words[kind])),
            "size": round(float(kind * 2 + rng.normal(scale=0.5)), 2),
            "kind": ("apple", "ice")[kind],
        }
        for kind in kinds
    ]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    pytest.importorskip("onnxscript")
    path = tmp_path_factory.mktemp("export") / "net.plait"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_fitting, "NUM_FOLDS", 2)  # a graph is written of each fold's network
        model = plait.fit(
            rows(), target="kind", budget="30 steps", size=TINY, baselines=["majority"], out=path
        )
    assert "deep" in model.ensemble.weights
    assert {name.partition(".")[0] for name in model.ensemble.tensors} == {"0", "1"}
    return path


@pytest.fixture(scope="module")
def exported(bundle):
    out = bundle.with_name("graphs.plait")
    return plait.export(bundle, out=out), out


def test_answers_are_the_same(bundle, exported):
    done, out = exported
    assert done["difference"] < 1e-4 and done["agreement"] == 1.0 and done["made_up"]
    some = [*rows()[:5], {"note": None, "size": 1.0}, {"note": "red"}]
    before, after = (plait.load(path).predict(some).columns for path in (bundle, out))
    assert list(before["prediction"]) == list(after["prediction"])
    assert np.allclose(before["confidence"], after["confidence"], atol=1e-4)


def test_no_torch_is_loaded(exported):
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(('torch', 'sklearn', 'scipy', 'lightgbm'))\n"
        "import plait\n"
        f"model = plait.load({str(exported[1])!r})\n"
        "answer = model.predict([{'note': 'red ripe', 'size': 0.1}])\n"
        "print(answer.columns['prediction'][0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "apple", done.stderr


def test_networks_alone_are_graphs_where_a_model_cannot_be_and_it_is_said(
    bundle, tmp_path, monkeypatch
):
    def refuse(*_, **__):
        raise GraphError("this model cannot be written as a graph", received="a test")

    monkeypatch.setattr(exported_mix, "export_mix", refuse)
    done = plait.export(bundle, rows(), out=tmp_path / "graphs.plait")
    assert not done["made_up"] and done["rows"] >= 60 * 2
    assert not done["whole"] and done["graphs"] >= 1
    assert "networks alone are graphs" in done["notes"][0] and "a test" in done["notes"][0]
    with pytest.raises(GraphError):
        plait.export(bundle, to="openvino", out=tmp_path / "x.plait")


def test_the_command_tells_it(bundle, tmp_path, capsys):
    out = tmp_path / "graphs.plait"
    assert run(["export", str(bundle), "--out", str(out), "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["graphs"] >= 1
    assert run(["export", str(bundle), "--out", str(bundle)]) == 2
    assert "made of" in capsys.readouterr().err


def test_a_graph_cannot_be_exported_or_changed_again(exported, tmp_path):
    with pytest.raises(UsageError, match="of graphs already"):
        plait.export(exported[1], out=tmp_path / "again.plait")
    with pytest.raises(TargetError, match="cannot be changed"):
        _ = plait.load(exported[1]).ensemble.systems


def test_other_kinds_and_places_are_refused(bundle, tmp_path):
    with pytest.raises(UsageError, match="unknown kind of export"):
        plait.export(bundle, to="pickle", out=tmp_path / "x.plait")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BundleError, match="taken"):
        plait.export(bundle, out=tmp_path / "mine")


@pytest.fixture(scope="module")
def simple(tmp_path_factory):
    """A bundle of simple models of words, and one of a number and a category."""
    folder = tmp_path_factory.mktemp("simple")
    told = {"target": "kind", "simple": True, "budget": "5s"}
    words = plait.read(rows(), columns={"note": "text", "size": "number", "kind": "category"})
    plait.fit(words, baselines=["linear"], out=folder / "words.plait", **told)
    plain = [{**row, "note": row["note"].split()[0]} for row in rows()]
    table = plait.read(plain, columns={"note": "category", "size": "number", "kind": "category"})
    plait.fit(table, baselines=["boosted"], out=folder / "plain.plait", **told)
    return folder


@pytest.mark.parametrize("name", ["words", "plain"])
def test_simple_models_are_a_graph_too(name, simple, tmp_path):
    out = tmp_path / "graph.plait"
    done = plait.export(simple / f"{name}.plait", rows(), out=out)
    assert done["whole"] and done["graphs"] == 1 and done["difference"] < 1e-4
    assert done["ms"] > 0 and done["ms_before"] > 0
    before, after = plait.load(simple / f"{name}.plait"), plait.load(out)
    some = [{"note": "red", "size": 0.2}, {"note": None, "size": 2.0}, {"note": "blue"}]
    first, second = (model.predict(some) for model in (before, after))
    assert list(first["prediction"]) == list(second["prediction"])
    np.testing.assert_allclose(first["confidence"], second["confidence"], atol=1e-5)
    files = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()}
    assert {"graphs/0.onnx", "graphs/features.safetensors"} <= files
    assert not any("base-models" in file for file in files)


def test_the_bundle_tells_which_features_codecs_make(simple, tmp_path):
    plait.export(simple / "words.plait", out=tmp_path / "words.plait")
    plait.export(simple / "plain.plait", out=tmp_path / "plain.plait")
    words, plain = (
        json.loads((tmp_path / f"{name}.plait" / "model.json").read_text())["whole"]
        for name in ("words", "plain")
    )
    assert [one["column"] for one in words] == ["note"] and plain == []
    assert words[0]["made_by"] == "the codec of text, outside of the graph"


def test_no_torch_is_loaded_to_write_simple_models(simple, tmp_path):
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(('torch', 'lightgbm', 'sklearn', 'scipy'))\n"
        "import plait\n"
        f"done = plait.export({str(simple / 'plain.plait')!r}, out={str(tmp_path / 'x.plait')!r})\n"
        "print(done['whole'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr


def test_a_mix_that_says_something_else_is_refused(simple, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "MOST_DIFFERENCE", -1.0)
    with pytest.raises(ParityError, match="does not say what the mix says"):
        plait.export(simple / "plain.plait", out=tmp_path / "x.plait")
    assert not (tmp_path / "x.plait").exists()


def test_openvino_answers_alike(simple, tmp_path):
    pytest.importorskip("openvino")
    out = tmp_path / "ov.plait"
    done = plait.export(simple / "words.plait", rows(), to="openvino", out=out)
    assert done["whole"] and done["difference"] < 1e-4
    assert (out / "graphs" / "0.xml").is_file() and (out / "graphs" / "0.bin").is_file()
    before, after = plait.load(simple / "words.plait"), plait.edge.load(out)
    some = [*rows()[:5], {"note": None, "size": 1.0}, {"note": "red"}]
    first, second = before.predict(some), after.predict(some)
    assert list(first["prediction"]) == list(second["prediction"])


def test_openvino_that_is_not_installed_is_named(simple, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ExtraError, match="openvino"):
        plait.export(simple / "plain.plait", to="openvino", out=tmp_path / "x.plait")


def test_a_page_is_refused_at_once_by_column_and_model(simple, tmp_path):
    with pytest.raises(TargetError, match="cannot be made a page") as caught:
        plait.export(simple / "words.plait", to="web", out=tmp_path / "page")
    assert "linear model reads features of 'note', a column of text" in caught.value.received


def test_numbers_and_categories_become_a_page_whose_inputs_browsers_make(simple, tmp_path):
    plait.export(simple / "plain.plait", out=tmp_path / "graph.plait")
    model = plait.load(tmp_path / "graph.plait")
    facts = page_facts(model)
    assert facts["calibration"] is None and len(facts["graphs"]) == 1
    session = open_session(model.ensemble.graphs[0].model, 1)
    made = {
        f"{one['name']}:{kind}"
        for one in facts["columns"]
        for kind in ("present:", *(f"part:{part}" for part in one["parts"]))
    }
    assert {one.name for one in session.get_inputs()} <= made


def test_what_says_something_else_is_refused():
    target = CategoryCodec(labels=("a", "b"))
    first = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = compare(target, first, np.array([[0.9, 0.1], [0.6, 0.4]]))
    assert found.difference == pytest.approx(0.4) and found.agreement == 0.5
    with pytest.raises(ParityError, match="does not say what the network says"):
        found.require("the graph", "")
    compare(target, first, first + 1e-5).require("the graph", "")


def test_rows_with_the_target_make_a_bundle_that_learns_on_a_device(bundle, tmp_path):
    out = tmp_path / "learns.plait"
    plait.export(bundle, rows(), out=out)
    edge = plait.edge.load(out)
    known = edge.model.ensemble.rehearsal
    assert known.num_near > 2  # what the head answers from is told by the graph
    assert "## What it carries to learn on a device" in edge.model.card
    learner = plait.edge.Learner(edge)
    new = [{"note": "green", "size": 9.0 + step / 10} for step in range(8)]
    learner.add_class("lime", new, force=True)
    assert learner.predict(new)["prediction"].count("lime") >= 6
    assert learner.predict(rows(8))["prediction"] == edge.predict(rows(8))["prediction"]
