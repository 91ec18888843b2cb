"""Checks of every verb on a table that holds a column of the modality, with gaps."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from plait.compress.distil import distil
from plait.compress.teacher import Teacher
from plait.data.table import Table, read
from plait.errors import CellError, TargetError
from plait.modalities import find_codec
from plait.modalities._scan import is_predictive, issubclass_target
from plait.model.ensemble import DEEP
from plait.model.loading import load
from plait.model.model import Model
from plait.networks.config import SystemConfig
from plait.recipes.embed import embed
from plait.recipes.evaluate import evaluate
from plait.recipes.fit import fit
from plait.recipes.inspect import inspect
from plait.recipes.predict import predict
from plait.recipes.report import write_report
from plait.recipes.search import search
from plait.testing.edge import check_learns, check_same_answers
from plait.testing.examples import GARBAGE, example_table, expect
from plait.testing.trials import try_settings

TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0)
_fitted, _shared = dict[str, tuple[Model, Path]](), dict[str, tuple[Model, Path]]()
_targets: dict[str, tuple[Model, Table]] = {}


def check_fits_with_gaps(modality: str) -> None:
    """`fit` learns from a table in which every fifth value is missing, and scores itself."""
    model, path = _fit(modality)
    summary = json.loads(json.dumps(model.summary()))
    expect(summary["task"] == "classify", f"{modality}: task {summary['task']}")
    expect(np.isfinite(summary["metrics"]["accuracy"]), f"{modality}: no accuracy")
    expect(summary["baselines"], f"{modality}: no baselines were measured")
    expect((path / "manifest.json").is_file(), f"{modality}: no bundle was written")


def check_loads_the_same(modality: str) -> None:
    """A loaded bundle predicts what the model in memory predicts."""
    model, path = _fit(modality)
    table = _table(modality)
    first, second = model.predict(table).columns, load(path).predict(table).columns
    expect(list(first) == list(second), f"{modality}: columns differ after loading")
    expect(
        np.allclose(first["confidence"], second["confidence"], atol=1e-5),
        f"{modality}: loading changes predictions",
    )


def check_predicts_any_subset(modality: str) -> None:
    """Rows without the column, or with nothing at all but one number, get a finite prediction."""
    model, _ = _fit(modality)
    for rows in ([{"size": 1.0}], [{"x": None, "size": None}], _rows(modality)[:2]):
        answer = model.predict(rows).columns
        expect(len(answer["prediction"]) == len(rows), f"{modality}: a row was lost")
        expect(np.isfinite(answer["confidence"]).all(), f"{modality}: confidence is not finite")


def check_predicts_to_files(modality: str) -> None:
    """`predict` writes as many rows as it read, to CSV and to Parquet."""
    _, path = _fit(modality)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "new.parquet"
        pa.parquet.write_table(pa.Table.from_pylist(_rows(modality)[:6]), source)
        for name in ("out.csv", "out.parquet"):
            done = predict(path, source, out=Path(folder) / name)
            expect(done["rows"] == 6, f"{modality}: {done['rows']} rows of 6 in {name}")
            expect("prediction" in done["columns"], f"{modality}: no predictions in {name}")


def check_evaluates(modality: str) -> None:
    """`evaluate` gives metrics, their intervals, and scores per set of columns present."""
    _, path = _fit(modality)
    found = evaluate(path, _table(modality))
    expect(found["rows"] == len(_rows(modality)), f"{modality}: rows were lost")
    expect(set(found["intervals"]) <= set(found["metrics"]), f"{modality}: stray intervals")
    expect(
        {"x+size", "size"} <= set(found["by_present"]), f"{modality}: {set(found['by_present'])}"
    )


def check_reports(modality: str) -> None:
    """`report` writes one page that asks nothing of the network."""
    _, path = _fit(modality)
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(path, Path(folder) / "report.html").read_text(encoding="utf8")
    expect("<html" in page and "kind" in page, f"{modality}: the page is empty")
    expect('src="http' not in page and 'href="http' not in page, f"{modality}: outside links")


def check_inspects(modality: str) -> None:
    """`inspect` names the modality, counts the gaps, and finds the unreadable cell."""
    rows = [*_rows(modality), {"x": GARBAGE, "size": 0.0, "kind": "small"}]
    found = inspect(read(rows, columns={"x": modality}), target="kind")
    column = next(c for c in found["columns"] if c["name"] == "x")
    expect(column["modality"] == modality, f"{modality}: inspected as {column['modality']}")
    expect(column["share_missing"] > 0.1, f"{modality}: gaps were not counted")
    json.dumps(found)


def check_skips_unreadable_cells(modality: str) -> None:
    """An unreadable cell names its column and row, or with ``skip`` counts as missing."""
    model, _ = _fit(modality)
    rows = [_rows(modality)[0], {"x": GARBAGE, "size": 1.0}]
    try:
        model.predict(rows)
    except CellError as error:
        expect(error.column == "x" and error.row == 1, f"{modality}: error at {error.place()}")
    answer = model.predict(rows, on_error="skip").columns
    expect(len(answer["prediction"]) == 2, f"{modality}: a row was lost")


def check_answers_on_the_edge(modality: str) -> None:
    """A bundle of simple models answers the same without torch, Arrow and LightGBM, and learns."""
    model, path = _fit(modality)
    with tempfile.TemporaryDirectory() as folder:
        if DEEP in model.ensemble.weights:
            path = Path(folder) / f"{modality}.plait"
            model = _quick_fit(_table(modality), target="kind", simple=True, out=path)
        check_same_answers(model, path, modality)
        check_learns(model, modality, Path(folder) / "mine.delta")


def check_is_a_target(modality: str) -> None:
    """A modality with a head can be the target of a fit."""
    if not issubclass_target(find_codec(modality)):
        return
    model, _ = _target(modality)
    expect(model.summary()["metrics"], f"{modality}: no metrics as a target")
    answer = model.predict([{"size": 0.5}]).columns
    expect(len(answer["prediction"]) == 1, f"{modality}: no prediction as a target")
    expect(model.leaderboard(), f"{modality}: no candidates as a target")


def check_distils(modality: str) -> None:
    """A small student of the model reads the column, answers any subset, and loads the same."""
    model, _ = _fit(modality)
    student = distil(Teacher(model, _table(modality)), budget="4 steps", size=TINY)
    told = json.loads(json.dumps(student.records["compression"]))
    expect(told["test"]["rows"] > 0, f"{modality}: no test row compares student and teacher")
    expect(told["rows"]["taught"] > 0, f"{modality}: the teacher said nothing")
    rows = [*_rows(modality)[:4], {"size": 1.0}, {"x": None, "size": None}]
    with tempfile.TemporaryDirectory() as folder:
        loaded = load(student.save(Path(folder) / "student.plait"))
    first, second = (one.predict(rows).columns["confidence"] for one in (student, loaded))
    expect(np.isfinite(first).all(), f"{modality}: a student's confidence is not finite")
    expect(np.allclose(first, second, atol=1e-5), f"{modality}: loading changes a student")


def check_distils_as_a_target(modality: str) -> None:
    """A target that is predicted has students; of one that is generated it is said what works."""
    if not issubclass_target(find_codec(modality)):
        return
    model, table = _target(modality)
    if is_predictive(find_codec(modality)):
        student = distil(Teacher(model, table), budget="4 steps", size=TINY)
        answer = student.predict([{"size": 0.5}]).columns
        expect(len(answer["prediction"]) == 1, f"{modality}: no answer of a student")
        return
    try:
        Teacher(model, table)
    except TargetError as error:
        expect(bool(error.hint), f"{modality}: nothing is said of what works instead")
    else:
        expect(False, f"{modality}: a generated target was taken for a teacher")


def check_tries_settings(modality: str) -> None:
    """A setting of a search is fitted to a fold and judged on rows held out, of targets too."""
    try_settings(_table(modality), "kind", modality)
    if issubclass_target(find_codec(modality)):
        try_settings(_table_of_target(modality), "x", modality)


def check_shares_a_space(modality: str) -> None:
    """`fit` without a target learns a space, in which `evaluate` scores every direction."""
    model, path = _share(modality)
    summary = json.loads(json.dumps(model.summary()))
    expect(summary["task"] == "embed", f"{modality}: task {summary['task']}")
    found = evaluate(path, _table(modality))
    expect("x->size" in found["retrieval"], f"{modality}: {set(found['retrieval'])}")
    ranks = [one["median_rank"] for one in found["retrieval"].values()]
    expect(np.isfinite(ranks).all(), f"{modality}: ranks are not finite")


def check_embeds_any_subset(modality: str) -> None:
    """Rows with any columns get unit vectors, the same after loading; empty rows get zeros."""
    model, path = _share(modality)
    rows = [*_rows(modality)[:2], {"size": 1.0}, {"x": None, "size": None}]
    vectors = model.embed(rows)
    lengths = np.linalg.norm(vectors, axis=1)
    expect(np.allclose(lengths, [1, 1, 1, 0], atol=1e-5), f"{modality}: lengths {lengths}")
    same = np.allclose(vectors, load(path).embed(rows), atol=1e-5)
    expect(same, f"{modality}: loading changes vectors")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "vectors.parquet"
        done = embed(path, _table(modality), out=out)
        found = pa.parquet.read_table(out)
    expect(found.column_names == ["id", "vector"], f"{modality}: {found.column_names}")
    expect(done["rows"] == found.num_rows == len(_rows(modality)), f"{modality}: rows were lost")


def check_searches(modality: str) -> None:
    """A row's own value, as the query, finds the row itself first among rows of that column."""
    model, _ = _share(modality)
    rows = [{"x": row["x"]} for row in _rows(modality) if row["x"] is not None][:12]
    table = read(rows, columns={"x": modality})
    with tempfile.TemporaryDirectory() as folder:
        found = search(model, table, query={"x": rows[3]["x"]}, top=3, index=Path(folder) / "i")
    scores = [hit["score"] for hit in found["hits"]]
    expect(len(scores) == 3 and scores[0] > 0.99, f"{modality}: cosines {scores}")


def check_adapts_a_base(modality: str) -> None:
    """`fit` with a base measures base models on its vectors, and the bundle embeds as it did."""
    base, path = _share(modality)
    model = _quick_fit(_table(modality), target="kind", base=path, adapt="full")
    names = {entry["name"] for entry in model.records["metrics"]["candidates"]}
    expect({"prototypes", "probe"} <= names, f"{modality}: candidates {names}")
    rows = _rows(modality)[:3]
    same = np.allclose(model.embed(rows), base.embed(rows), atol=1e-5)
    expect(same, f"{modality}: the base's vectors changed")
    answer = model.predict([*rows, {"size": 0.5}]).columns
    expect(np.isfinite(answer["confidence"]).all(), f"{modality}: confidence is not finite")


@cache
def _rows(modality: str) -> list[dict[str, Any]]:
    return example_table(modality)


def _table(modality: str) -> Table:
    return read(_rows(modality), columns={"x": modality, "size": "number", "kind": "category"})


def _table_of_target(modality: str) -> Table:
    rows = [{"size": row["size"], "x": row["x"]} for row in _rows(modality)]
    return read(rows, columns={"x": modality, "size": "number"})


def _fit(modality: str) -> tuple[Model, Path]:
    """Fit once per modality and process; the checks share the bundle."""
    if modality not in _fitted:
        path = Path(tempfile.mkdtemp(prefix="plait-contract-")) / f"{modality}.plait"
        _fitted[modality] = (_quick_fit(_table(modality), target="kind", out=path), path)
    return _fitted[modality]


def _share(modality: str) -> tuple[Model, Path]:
    """Learn a shared space once per modality and process."""
    if modality not in _shared:
        path = Path(tempfile.mkdtemp(prefix="plait-contract-")) / f"{modality}-base.plait"
        _shared[modality] = (_quick_fit(_table(modality), exclude=["kind"], out=path), path)
    return _shared[modality]


def _target(modality: str) -> tuple[Model, Table]:
    """Learn the column itself from a number, once per modality and process."""
    if modality not in _targets:
        table = _table_of_target(modality)
        _targets[modality] = (_quick_fit(table, target="x"), table)
    return _targets[modality]


def _quick_fit(table: Table, **settings: Any) -> Model:
    return fit(table, budget="6 steps", size=TINY, fusion="early", **settings)


VERB_CHECKS = (
    check_fits_with_gaps,
    check_loads_the_same,
    check_predicts_any_subset,
    check_predicts_to_files,
    check_evaluates,
    check_reports,
    check_inspects,
    check_skips_unreadable_cells,
    check_answers_on_the_edge,
    check_is_a_target,
    check_distils,
    check_distils_as_a_target,
    check_tries_settings,
    check_shares_a_space,
    check_embeds_any_subset,
    check_searches,
    check_adapts_a_base,
)
