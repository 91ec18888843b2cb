"""Checks of a generated target: every verb on a table of its own."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.table import Table, read
from plait.errors import BundleError
from plait.model.ensemble import WEIGHTS
from plait.model.loading import load
from plait.model.model import Model
from plait.recipes.evaluate import evaluate
from plait.recipes.fit import fit
from plait.recipes.generate import generate
from plait.recipes.predict import predict
from plait.recipes.report import write_report
from plait.recipes.whence import whence
from plait.testing.examples import example_table, expect
from plait.testing.generated import DECODER_CHECKS, TINY, same_cells, target_of

NUM_JUDGED = 24
"""Rows that are scored: each is made several times, once for each set of columns."""

_fitted: dict[str, tuple[Model, Path]] = {}


def check_composes(modality: str) -> None:
    """`fit` learns to generate with gaps, measures baselines, and its summary is plain JSON."""
    if target_of(modality)[0] is None:
        return
    model, path = _fit(modality)
    summary = json.loads(json.dumps(model.summary()))
    names = [one["name"] for one in model.records["metrics"]["candidates"]]
    expect({"deep", "typical", "nearest"} <= set(names), f"{modality}: candidates {names}")
    expect(summary["metrics"] and summary["shipped"] in names, f"{modality}: {summary}")
    expect(set(model.records["metrics"]["words"]) == set(summary["metrics"]), f"{modality}: words")
    expect((path / "manifest.json").is_file(), f"{modality}: no bundle was written")


def check_predicts_values(modality: str) -> None:
    """A loaded bundle generates what the model in memory does, of any subset of columns."""
    if target_of(modality)[0] is None:
        return
    model, path = _fit(modality)
    rows = [{"size": 0.5, "kind": "small"}, {"size": None, "kind": None}, {"kind": "large"}]
    first, second = model.predict(rows).columns, load(path).predict(rows).columns
    expect(_same(first, second), f"{modality}: loading changes what is generated")
    sure = np.asarray(first.get("confidence", np.ones(3)))
    expect(((sure >= 0) & (sure <= 1)).all(), f"{modality}: {sure} are no confidences")
    drawn = [load(path).predict(rows, temperature=1.0, seed=5).columns for _ in range(2)]
    expect(_same(*drawn), f"{modality}: one seed draws two values")
    with tempfile.TemporaryDirectory() as folder:
        done = predict(path, read(rows), out=Path(folder) / "out.jsonl")
        expect(done["rows"] == 3, f"{modality}: {done['rows']} rows of 3 were written")


def check_draws(modality: str) -> None:
    """Several draws of a row begin with the one that `predict` makes, and tell whence they are."""
    if target_of(modality)[0] is None:
        return
    _, path = _fit(modality)
    made = generate(path, number=0.5, n=3, seed=5).columns
    first = load(path).predict([{"size": 0.5}], temperature=1.0, seed=5).columns
    for name, values in first.items():
        alike = same_cells(modality, made[name][0], list(values)[0])
        expect(list(made) == list(first) and alike, f"{modality}: another first")
    expect(len(made["prediction"]) == 3, f"{modality}: {len(made['prediction'])} draws of 3")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "made.jsonl"
        generate(path, number=0.5, n=3, seed=5, out=out)
        told = whence(out)
        expect(told["found"] and told["rows"] == 3, f"{modality}: {told} of generated rows")
        expect(told["seed"] == 5 and told["target"] == "x", f"{modality}: {told}")


def check_judges_values(modality: str) -> None:
    """`evaluate` scores per set of columns, `report` shows pairs, and `top_losses` the worst."""
    if target_of(modality)[0] is None:
        return
    model, path = _fit(modality)
    table = _table(modality).take(range(NUM_JUDGED))
    found = evaluate(path, table)
    expect(set(found["metrics"]) == set(model.generator.target.words), f"{modality}: other metrics")
    expect(set(found["intervals"]) <= set(found["metrics"]), f"{modality}: stray intervals")
    expect(model.top_losses(table, k=2)[0]["truth"] is not None, f"{modality}: no loss")
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(path, Path(folder) / "report.html").read_text(encoding="utf8")
    words = model.generator.target.words
    expect(all(word.name in page for word in words.values()), f"{modality}: words are missing")
    expect("What came out best" in page, f"{modality}: the page shows no pairs")
    expect('src="http' not in page and 'href="http' not in page, f"{modality}: outside links")


def check_refuses_damage(modality: str) -> None:
    """A bundle of which a byte was changed, or a file is gone, is refused."""
    if target_of(modality)[0] is None:
        return
    model, _ = _fit(modality)
    with tempfile.TemporaryDirectory() as folder:
        path = model.save(Path(folder) / "m.plait")
        name = WEIGHTS if (path / WEIGHTS).is_file() else "model.json"
        data = bytearray((path / name).read_bytes())
        data[len(data) // 2] ^= 1
        for change in (data, None):
            (path / name).unlink()
            if change is not None:
                (path / name).write_bytes(change)
            try:
                load(path)
            except BundleError:
                continue
            expect(False, f"{modality}: a damaged bundle was loaded")


def _same(first: Any, second: Any) -> bool:
    return list(first) == list(second) and all(
        repr(list(first[name])) == repr(list(second[name])) for name in first
    )


def _table(modality: str) -> Table:
    columns = {"x": modality, "size": "number", "kind": "category"}
    return read(example_table(modality, 80), columns=columns)


def _fit(modality: str) -> tuple[Model, Path]:
    """Fit once per modality and process; the checks share the bundle."""
    if modality not in _fitted:
        path = Path(tempfile.mkdtemp(prefix="plait-contract-")) / f"{modality}-made.plait"
        model = fit(_table(modality), target="x", budget="6 steps", size=TINY, out=path)
        _fitted[modality] = (model, path)
    return _fitted[modality]


GENERATED_CHECKS = (
    *DECODER_CHECKS,
    check_composes,
    check_predicts_values,
    check_draws,
    check_judges_values,
    check_refuses_damage,
)
