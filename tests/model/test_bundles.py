"""A model's bundle: what it answers stays the same, and a changed one is refused by name."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

import plait
from plait.errors import BundleError
from plait.networks.config import SystemConfig

ROWS = [
    {"size": 0.1 * i + 3 * (i % 2), "shade": "xyz"[i % 3], "kind": "pq"[i % 2], "cost": 2.0 * i}
    for i in range(30)
]


@pytest.fixture(scope="module", params=["kind", "cost"])
def model(request, tmp_path_factory):
    table = plait.read(ROWS, columns="size=number,shade=category,kind=category,cost=number")
    return plait.fit(
        table, target=request.param, budget="3 steps", out=tmp_path_factory.mktemp("m") / "m.plait",
        size=SystemConfig(dim=16, depth=1, num_heads=2), baselines=False,
    )  # fmt: skip


def rewritten(model, path, name, change):
    """Save the model and change one JSON file of the bundle, with a manifest that agrees."""
    model.save(path)
    value = json.loads((path / name).read_text())
    change(value)
    content = json.dumps(value).encode()
    (path / name).write_bytes(content)
    manifest = json.loads((path / "manifest.json").read_text())
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"][name] = {"sha256": digest, "bytes": len(content)}
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


def test_a_loaded_model_answers_the_same(model):
    table = [*ROWS, {"size": None}, {"size": 1.0, "shade": "unseen"}]
    first, second = (m.predict(table).columns for m in (model, plait.load(model.path)))
    assert list(first) == list(second)
    for name in first:
        assert np.array_equal(np.asarray(first[name]), np.asarray(second[name])), name


def test_a_bundle_can_be_saved_again_elsewhere(model, tmp_path):
    copy = plait.load(plait.load(model.path).save(tmp_path / "copy.plait"))
    assert copy.summary()["metrics"] == plait.load(model.path).summary()["metrics"]
    assert copy.card == model.card


def test_a_bundle_is_data_only(model):
    endings = {file.suffix for file in model.path.rglob("*") if file.is_file()}
    assert endings == {".json", ".safetensors", ".md"}


def test_other_preprocessing_is_refused(model, tmp_path):
    def change(codecs):
        codecs["preprocessing"]["size"] = "0" * 64

    path = rewritten(model, tmp_path / "m.plait", "codecs.json", change)
    with pytest.raises(BundleError, match="preprocessing differs"):
        plait.load(path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("model.json", lambda about: about.pop("mix")),
        ("model.json", lambda about: about["system"].update(wings=2)),
        ("model.json", lambda about: about["input_columns"].update(nothing=["nothing"])),
        ("model.json", lambda about: about.update(target="nothing")),
        ("codecs.json", lambda codecs: codecs.pop("columns")),
        ("codecs.json", lambda codecs: codecs["columns"]["size"].update(wings=2)),
        ("schema.json", lambda schema: schema.clear()),
    ],
)
def test_an_incomplete_bundle_is_refused(model, name, change, tmp_path):
    path = rewritten(model, tmp_path / "m.plait", name, change)
    with pytest.raises(plait.errors.PlaitError):
        plait.load(path)


def test_what_a_network_is_told_travels_with_it(tmp_path):
    rows = [
        {"size": float(i % 7) if i % 5 else None, "note": f"{'red' if i % 2 else 'blue'} boat {i}",
         "kind": "pq"[i % 2]}
        for i in range(60)
    ]  # fmt: skip
    model = plait.fit(rows, target="kind", budget="4 steps", baselines=False, size="tiny")
    assert len(model.ensemble.evidence) == len(model.ensemble.runners)
    model.save(tmp_path / "kept.plait")
    again = plait.load(tmp_path / "kept.plait")
    part = [*rows[:5], {"size": 3.0}, {"note": "red boat"}, {}]
    first, second = (one.predict(part).columns for one in (model, again))
    for name, column in first.items():
        assert np.array_equal(np.asarray(column), np.asarray(second[name])), name
