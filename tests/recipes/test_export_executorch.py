"""plait export --to executorch: networks are programs that answer alike, or nothing is written."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import plait
import plait.edge
from plait.cli import run
from plait.compress import parity
from plait.edge.bench import EXECUTORCH, engine_of
from plait.errors import BundleError, ExtraError, ParityError, UsageError
from plait.fitting.setup import cross_fitting
from plait.networks.config import SystemConfig

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
WORDS = (("red", "ripe", "sweet"), ("blue", "cold", "hard"))


@pytest.fixture(scope="module", autouse=True)
def unchecked_shapes():
    """Tracing gives sizes that are symbols, and no integers, to what checks shapes in tests."""
    jaxtyping = pytest.importorskip("jaxtyping")
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


def rows(num=40):
    rng = np.random.default_rng(0)
    return [
        {
            "note": " ".join(rng.choice(WORDS[kind], 3)),
            "size": round(float(kind * 2 + rng.normal(scale=0.5)), 2),
            "kind": ("apple", "ice")[kind],
        }
        for kind in rng.integers(0, 2, num)
    ]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    pytest.importorskip("torch")
    path = tmp_path_factory.mktemp("executorch") / "net.plait"
    columns = {"note": "text", "size": "number", "kind": "category"}
    told = {"budget": "10 steps", "size": TINY, "baselines": ["majority"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_fitting, "NUM_FOLDS", 2)  # a program is written of each fold's network
        plait.fit(plait.read(rows(), columns=columns), target="kind", out=path, **told)
    return path


@pytest.fixture(scope="module")
def exported(bundle):
    pytest.importorskip("executorch.runtime")
    out = bundle.with_name("programs.plait")
    return plait.export(bundle, rows(), to="executorch", out=out), out


def test_a_bundle_of_programs_answers_alike(bundle, exported):
    done, out = exported
    assert done["difference"] < 1e-4 and done["agreement"] == 1.0 and not done["made_up"]
    assert done["rows"] >= 40 * 2 and not done["whole"] and done["ms"] > 0
    assert len(list((out / "graphs").glob("*.pte"))) == done["graphs"] >= 1
    before, after = plait.load(bundle), plait.load(out)
    some = [*rows()[:20], {"note": None, "size": 1.0}, {"note": "red"}]
    first, second = before.predict(some), after.predict(some)
    assert list(first["prediction"]) == list(second["prediction"])
    np.testing.assert_allclose(first["confidence"], second["confidence"], atol=1e-5)


def test_the_bundle_names_the_inputs_of_each_program(exported):
    graph, *_ = json.loads((exported[1] / "model.json").read_text())["graphs"]
    assert graph["runtime"] == "executorch"
    inputs = {one["name"]: one for one in graph["inputs"]}
    assert {"note:part:tokens", "note:present:", "size:part:value"} <= set(inputs)
    assert "note:part:bytes" not in inputs  # which the network does not read
    tokens = inputs["note:part:tokens"]
    assert tokens["dtype"] == "int32" and tokens["ragged"] == [1] and tokens["shape"][0] == 8


def test_what_stays_outside_of_the_programs_is_said(exported):
    notes, ensemble = exported[0]["notes"], plait.load(exported[1]).ensemble
    assert "at most 8 rows at once" in notes[0] and "places of tokens of 'note'" in notes[0]
    outside = [note for note in notes if "the networks alone" in note]
    assert bool(outside) == bool(ensemble.weights_of_simple or ensemble.calibration)


def test_its_python_needs_torch_and_the_edge_says_so(exported):
    with pytest.raises(BundleError, match="programs of ExecuTorch .* need torch") as caught:
        plait.edge.load(exported[1])
    assert "plait[executorch]" in caught.value.hint
    assert engine_of(plait.load(exported[1])) == EXECUTORCH


def test_a_program_that_says_something_else_is_refused(bundle, exported, tmp_path, monkeypatch):
    from plait.compress import executorch_program

    programs = iter(plait.load(exported[1]).ensemble.graphs)  # as written before: writing is slow
    monkeypatch.setattr(executorch_program, "system_program", lambda *_: next(programs))
    monkeypatch.setattr(parity, "MOST_DIFFERENCE", -1.0)
    with pytest.raises(ParityError, match="does not say what the network says"):
        plait.export(bundle, rows(), to="executorch", out=tmp_path / "x.plait")
    assert not (tmp_path / "x.plait").exists()


def test_executorch_that_is_not_installed_is_named(bundle, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "executorch.runtime", None)
    with pytest.raises(ExtraError, match="executorch") as caught:
        plait.export(bundle, to="executorch", out=tmp_path / "x.plait")
    assert "[executorch]" in caught.value.hint
    assert not (tmp_path / "x.plait").exists()


def test_a_bundle_without_a_network_is_refused_by_the_command(tmp_path, capsys):
    plain = [{"size": row["size"], "kind": row["kind"]} for row in rows()]
    told = {"target": "kind", "simple": True, "budget": "2s", "baselines": ["linear"]}
    plait.fit(plain, out=tmp_path / "plain.plait", **told)
    words = ["export", str(tmp_path / "plain.plait"), "--to", "executorch"]
    assert run([*words, "--out", str(tmp_path / "x.plait")]) == 2
    assert "no network to write as a graph" in capsys.readouterr().err
    with pytest.raises(UsageError, match="no network"):
        plait.export(tmp_path / "plain.plait", to="executorch", out=tmp_path / "x.plait")
