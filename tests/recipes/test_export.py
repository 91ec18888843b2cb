"""plait export: a bundle whose networks are graphs answers as before, without torch."""

import json
import subprocess
import sys

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.compress.parity import compare
from plait.errors import BundleError, ParityError, TargetError, UsageError
from plait.fitting.setup import cross_fitting
from plait.modalities.category.codec import CategoryCodec
from plait.networks.config import SystemConfig

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


def test_the_rows_of_a_table_are_compared(bundle, tmp_path):
    done = plait.export(bundle, rows(), out=tmp_path / "graphs.plait")
    assert not done["made_up"] and done["rows"] >= 60 * 2


def test_the_command_tells_it(bundle, tmp_path, capsys):
    out = tmp_path / "graphs.plait"
    assert run(["export", str(bundle), "--out", str(out), "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["graphs"] >= 1
    assert run(["export", str(bundle), "--out", str(bundle)]) == 2
    assert "made of" in capsys.readouterr().err


def test_a_graph_cannot_be_exported_or_changed_again(exported, tmp_path):
    with pytest.raises(UsageError, match="no network to write"):
        plait.export(exported[1], out=tmp_path / "again.plait")
    with pytest.raises(TargetError, match="cannot be changed"):
        _ = plait.load(exported[1]).ensemble.systems


def test_other_kinds_and_places_are_refused(bundle, tmp_path):
    with pytest.raises(UsageError, match="unknown kind of export"):
        plait.export(bundle, to="pickle", out=tmp_path / "x.plait")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BundleError, match="taken"):
        plait.export(bundle, out=tmp_path / "mine")


def test_simple_models_have_no_graph(tmp_path):
    model = plait.fit(rows(), target="kind", simple=True, budget="5s")
    with pytest.raises(UsageError, match="no network to write") as caught:
        plait.export(model, out=tmp_path / "x.plait")
    assert "run without torch" in caught.value.hint


def test_what_says_something_else_is_refused():
    target = CategoryCodec(labels=("a", "b"))
    first = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = compare(target, first, np.array([[0.9, 0.1], [0.6, 0.4]]))
    assert found.difference == pytest.approx(0.4) and found.agreement == 0.5
    with pytest.raises(ParityError, match="does not say what the network says"):
        found.require("the graph", "")
    compare(target, first, first + 1e-5).require("the graph", "")
