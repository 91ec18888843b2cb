"""Deltas as files: whole, bounded, bound to their bundle, and signed where there is a key."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.edge import Learner, load, read_delta
from plait.edge.delta_file import MAX_BYTES, key_of, make_key
from plait.errors import BundleError, UsageError

sys.path.insert(0, str(Path(__file__).parent))

from conftest import fish


@pytest.fixture(scope="module")
def taught(fish_edge):
    learner = Learner(fish_edge)
    learner.add_class("sun fish \u2028 \u00e9", fish("sunfish", 5, seed=3))
    learner.correct(fish("eel", 2, seed=4), ["eel", "eel"])
    return learner


@pytest.fixture
def saved(taught, tmp_path):
    return taught.save(tmp_path / "mine.delta")


def sealed(path, content):
    """Write a content under its own SHA-256, as who has no key can."""
    text = json.dumps(content, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    whole = {"plait_delta": 1, "sha256": digest, "hmac_sha256": None, "content": text}
    path.write_text(json.dumps(whole), encoding="utf8")


def content_of(path):
    return json.loads(json.loads(path.read_text(encoding="utf8"))["content"])


def floats(*values):
    return base64.b64encode(np.array(values, "<f8").tobytes()).decode()


def test_what_is_read_is_what_was_saved(taught, saved, fish_edge):
    again = Learner(fish_edge, delta=saved)
    rows = fish("sunfish", 5) + fish("cod", 5)
    assert again.predict(rows).to_dicts() == taught.predict(rows).to_dicts()
    assert again.delta.labels == ("sun fish \u2028 \u00e9", "eel")
    assert saved.stat().st_size < 3000


def test_a_copy_of_the_bundle_takes_it_and_another_bundle_does_not(
    fish_bundle, weigh_edge, saved, tmp_path
):
    copied = shutil.copytree(fish_bundle, tmp_path / "copy.plait")
    assert Learner(load(copied), delta=saved).new_labels
    model = plait.load(fish_bundle)
    model.card += "another card"
    assert Learner(load(model.save(tmp_path / "card.plait")), delta=saved).new_labels
    with pytest.raises(BundleError, match="of another bundle"):
        Learner(weigh_edge, delta=saved)


def test_a_changed_delta_is_refused_by_its_hash(saved, fish_edge):
    saved.write_text(saved.read_text(encoding="utf8").replace("eel", "cod"), encoding="utf8")
    with pytest.raises(BundleError, match="changed after it was saved") as caught:
        Learner(fish_edge, delta=saved)
    assert caught.value.path == str(saved)


def test_with_a_key_who_has_it_not_can_change_nothing(taught, tmp_path, fish_edge):
    key, path = make_key(tmp_path / "my.key"), tmp_path / "signed.delta"
    assert key.stat().st_mode & 0o077 == 0 and make_key(key).read_bytes() == key.read_bytes()
    taught.save(path, key=key)
    assert Learner(fish_edge, delta=path, key=key).new_labels
    other = make_key(tmp_path / "other.key")
    with pytest.raises(BundleError, match="not signed by this key"):
        read_delta(path, key=other)
    sealed(path, content_of(path))
    assert read_delta(path).corrections
    with pytest.raises(BundleError, match="not signed by this key"):
        read_delta(path, key=key)


@pytest.mark.parametrize("key", [b"short", "nowhere.key", b"x" * 5000, 7])
def test_what_is_no_key_is_a_wrong_call(key):
    with pytest.raises(UsageError):
        key_of(key)


def change(content, name, value):
    """Change a part of a content, by its path of names."""
    *path, last = name.split(".")
    for one in path:
        content = content[int(one) if one.isdigit() else one]
    content[last] = value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("corrections.0.sums.0.total", floats(*[np.nan] * 4)),
        ("corrections.0.sums.0.total", floats(*[np.inf] * 4)),
        ("corrections.0.sums.0.total", floats(*[1e300] * 4)),
        ("corrections.0.sums.0.total", floats(1.0)),
        ("corrections.0.sums.0.total", "no base64 \u00e9"),
        ("corrections.0.sums.0.num", 0),
        ("corrections.0.sums.0.num", 1.5),
        ("corrections.0.sums.0.num", True),
        ("corrections.0.sums.0.label", "x" * 201),
        ("corrections.0.sums.0.label", 3),
        ("corrections.1.residuals", floats(0.0)),
        ("corrections.1.id", "0" * 15),
        ("corrections.1.kind", "erase"),
        ("corrections", {"a": 1}),
        ("num_features", 10**9),
        ("num_near", 5000),
        ("num_outputs", 0),
        ("bundle", "../x"),
        ("basis", None),
        ("statistics", {"transform": {"shape": [2, 2], "data": ""}}),
    ],
)
def test_what_no_delta_holds_is_refused(name, value, saved):
    content = content_of(saved)
    change(content, name, value)
    sealed(saved, content)
    with pytest.raises(BundleError, match="damaged"):
        read_delta(saved)


def test_two_corrections_of_one_id_are_refused(saved):
    content = content_of(saved)
    content["corrections"] *= 2
    sealed(saved, content)
    with pytest.raises(BundleError, match="two corrections of one id"):
        read_delta(saved)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"plait_delta": 2}', "[" * 10_000])
def test_other_files_are_no_deltas(text, tmp_path):
    path = tmp_path / "x.delta"
    path.write_text(text)
    with pytest.raises(BundleError):
        read_delta(path)
    with pytest.raises(BundleError, match="no delta"):
        read_delta(tmp_path / "nowhere.delta")


def test_a_large_file_is_not_read(tmp_path):
    path = tmp_path / "x.delta"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(BundleError, match="no delta"):
        read_delta(path)
