"""What is measured of a bundle, whatever the machine's speed."""

from __future__ import annotations

import json
import math

import pytest

import plait
from plait.cli import run
from plait.edge.bench import NUMPY, ONNX, OPENVINO, Load, engine_of, measure
from plait.edge.timing import TORCH, timed
from plait.errors import CellError, TargetError, UsageError
from plait.fitting.setup import cross_fitting
from plait.recipes.bench import _as_graphs


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "shop.plait"
    rows = [
        {"size": float(i % 7), "scan": None, "kind": ("low", "high")[i % 7 > 3]} for i in range(40)
    ]
    columns = {"size": "number", "scan": "image", "kind": "category"}
    plait.fit(plait.read(rows, columns=columns), target="kind", budget="5s", simple=True, out=path)
    return path


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("size\n" + "\n".join(str(i) for i in range(12)))
    return path


def test_the_table_is_measured_once_for_each_number_of_threads(bundle, rows):
    found = plait.bench(bundle, rows, threads=[1, 2], seconds=0.01, cold_runs=1)
    assert found["rows"] == 12
    assert [run["threads"] for run in found["runs"]] == [1, 2]
    for one in found["runs"]:
        assert one["engine"] == NUMPY and one["bundle_mb"] > 0.001
        assert 0 < one["cpu_ms"] < 1000
        assert 0 < one["p50_ms"] <= one["p95_ms"] <= one["p99_ms"]
        assert 0 < one["cold_seconds"] < 60
        assert 5 < one["first_memory_mb"] <= one["peak_memory_mb"] < 1000
        assert [batch["rows"] for batch in one["batches"]] == [1, 8]
        assert all(math.isfinite(batch["rows_per_second"]) for batch in one["batches"])
        assert one["joules_per_row"] >= 0 and one["energy"]
    assert any("batches of 64, 256 are not measured" in note for note in found["notes"])
    json.dumps(found)


def test_the_command_prints_tables_and_json(bundle, rows, capsys):
    words = ["bench", str(bundle), str(rows), "--threads", "1", "--seconds", "0.01", "--quiet"]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert "p95 ms" in out and "rows per second" in out and "cold start s" in out
    assert run([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["threads"] == 1


@pytest.mark.usefixtures("unchecked_shapes")
def test_a_network_is_measured_by_torch_and_as_a_graph(rows, tmp_path, monkeypatch):
    pytest.importorskip("onnxscript")
    monkeypatch.setattr(cross_fitting, "NUM_FOLDS", 2)
    path = tmp_path / "deep.plait"
    learned = [{"size": float(i % 7), "kind": ("low", "high")[i % 7 > 3]} for i in range(40)]
    told = {"baselines": False, "budget": "3 steps", "size": "dim=16,depth=1,num_heads=2"}
    plait.fit(plait.read(learned), target="kind", out=path, **told)
    found = plait.bench(path, rows, threads=[1], seconds=0.01, cold_runs=1)
    torch, graph = found["runs"]
    assert (torch["engine"], graph["engine"]) == (TORCH, ONNX)
    assert graph["peak_memory_mb"] < torch["peak_memory_mb"]
    assert not any("not measured by" in note for note in found["notes"])


def test_engines_that_are_named_are_measured_beside(bundle, rows):
    pytest.importorskip("onnx")
    told = {"threads": [1], "seconds": 0.01, "cold_runs": 1}
    found = plait.bench(bundle, rows, engines=[NUMPY, ONNX, TORCH], **told)
    assert [run["engine"] for run in found["runs"]] == [NUMPY, ONNX]
    least = min(found["runs"], key=lambda run: run["p50_ms"])
    assert found["quickest"] == least["engine"]
    assert any("not measured by torch" in note for note in found["notes"])
    alone = plait.bench(bundle, rows, engines=[ONNX], **told)
    assert [run["engine"] for run in alone["runs"]] == [ONNX] and alone["quickest"] is None


def test_engines_that_are_unknown_or_cannot_are_refused(bundle, rows):
    with pytest.raises(UsageError, match="unknown engine"):
        plait.bench(bundle, rows, engines=["abacus"])
    with pytest.raises(UsageError, match="none of the engines"):
        plait.bench(bundle, rows, engines=[TORCH])


def test_openvino_is_measured_where_it_is_installed(bundle, rows):
    pytest.importorskip("openvino")
    told = {"threads": [1], "seconds": 0.01, "cold_runs": 1}
    found = plait.bench(bundle, rows, engines=[OPENVINO], **told)
    assert [run["engine"] for run in found["runs"]] == [OPENVINO]


def test_why_there_is_no_graph_is_noted(bundle, tmp_path):
    place, notes = _as_graphs(plait.load(bundle), tmp_path / "graph.plait", TORCH)
    assert place is None and "no bundle is exported for torch" in notes[0]


def test_an_error_of_the_measured_process_is_raised_here(bundle, tmp_path):
    load = Load(rows=[{"scan": "nowhere.png", "size": 1.0}], root=tmp_path, cold_runs=1)
    with pytest.raises(CellError, match="does not exist") as caught:
        measure(bundle, NUMPY, load, threads=1)
    assert caught.value.column == "scan"


def test_rows_are_taken_in_turn_and_batches_are_whole():
    asked = []
    found = timed(asked.append, [{"n": i} for i in range(5)], 1e-6, (1, 2, 8))
    assert [batch["rows"] for batch in found["batches"]] == [1, 2]
    assert {len(rows) for rows in asked} == {1, 2}
    assert {row["n"] for rows in asked for row in rows} == set(range(5))


@pytest.mark.parametrize(
    "wrong", [{"threads": [0]}, {"seconds": 0}, {"batch_sizes": []}, {"cold_runs": 0}]
)
def test_what_cannot_be_measured_is_a_wrong_call(wrong, bundle, rows):
    with pytest.raises(UsageError, match="nothing can be measured"):
        plait.bench(bundle, rows, **wrong)


def test_a_bundle_without_a_target_has_no_answers_to_time(bundle):
    model = plait.load(bundle)
    model.parts = None
    with pytest.raises(TargetError, match="without a target"):
        engine_of(model)
