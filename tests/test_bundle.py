"""Bundles: written whole, verified on opening, never more than data."""

import json
import os

import numpy as np
import pytest
from safetensors.numpy import save

import plait
from plait import bundle as bundles
from plait import writing
from plait.bundle import Bundle, is_bundle, read_steadily, to_json, write_bundle
from plait.errors import BundleError, UsageError

FILES = {"a.json": to_json({"x": 1}), "w/b.safetensors": save({"w": np.ones(3, np.float32)})}


@pytest.fixture
def path(tmp_path):
    return write_bundle(tmp_path / "m.plait", FILES, version="0")


def test_round_trip(path):
    bundle = Bundle(path)
    assert bundle.read_json("a.json") == {"x": 1}
    assert bundle.read_arrays("w/b.safetensors")["w"].tolist() == [1, 1, 1]


def test_a_changed_byte_is_named(path):
    file = path / "w" / "b.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(BundleError, match="w/b.safetensors was changed"):
        Bundle(path)


def test_a_cut_file_is_named(path):
    file = path / "a.json"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BundleError, match="a.json was cut or changed"):
        Bundle(path)


def test_a_missing_file_is_named(path):
    (path / "a.json").unlink()
    with pytest.raises(BundleError, match="a.json is missing"):
        Bundle(path)


def test_a_link_is_refused(path, tmp_path):
    target = tmp_path / "elsewhere"
    target.write_bytes((path / "a.json").read_bytes())
    (path / "a.json").unlink()
    os.symlink(target, path / "a.json")
    with pytest.raises(BundleError, match="a.json is missing"):
        Bundle(path)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b"])
def test_names_cannot_leave_the_folder(path, name):
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": "", "bytes": 0}
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="leads out of the bundle"):
        Bundle(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "manifest is damaged"), ('{"format": 99, "files": {}}', "another format"),
     ('{"files": []}', "manifest is damaged")],
)  # fmt: skip
def test_wrong_manifests(path, text, message):
    (path / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=message):
        Bundle(path)


def test_not_a_bundle(tmp_path):
    with pytest.raises(BundleError, match="not a plait bundle"):
        Bundle(tmp_path / "nothing")


def test_other_folders_are_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="place for the bundle is taken") as caught:
        write_bundle(tmp_path / "mine", FILES, version="0")
    assert caught.value.exit_code == 2
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_failed_write_leaves_the_old_bundle_whole(path, monkeypatch):
    def fail(file, content):
        raise OSError("disk full")

    monkeypatch.setattr(bundles, "_write_file", fail)
    with pytest.raises(OSError, match="disk full"):
        write_bundle(path, {"c.json": b"{}"}, version="1")
    assert Bundle(path).read_json("a.json") == {"x": 1}
    assert [p.name for p in path.parent.iterdir()] == ["m.plait"]


def test_replacing_leaves_nothing_behind(path):
    write_bundle(path, {"c.json": b"{}"}, version="1")
    assert Bundle(path).names() == ["c.json"]
    assert is_bundle(path) and len(list(path.parent.iterdir())) == 1


def test_an_added_file_is_named(path):
    (path / "w" / "extra.safetensors").write_bytes(b"")
    with pytest.raises(BundleError, match="w/extra.safetensors was added"):
        Bundle(path)


def test_a_linked_file_that_nobody_named_is_refused(path, tmp_path):
    os.symlink(tmp_path, path / "outside")
    with pytest.raises(BundleError, match="outside was added"):
        Bundle(path)


def test_hidden_files_of_desktops_do_no_harm(path):
    (path / "w" / ".DS_Store").write_bytes(b"")
    assert Bundle(path).names() == sorted(FILES)


def test_a_linked_folder_is_refused(path, tmp_path):
    (path / "w").rename(tmp_path / "w")
    os.symlink(tmp_path / "w", path / "w")
    with pytest.raises(BundleError, match="w/b.safetensors is missing"):
        Bundle(path)


def test_a_bundle_behind_a_link_opens(path, tmp_path):
    os.symlink(path, tmp_path / "latest")
    assert Bundle(tmp_path / "latest").read_json("a.json") == {"x": 1}


@pytest.mark.parametrize("entry", [None, 5, "abc", []])
def test_wrong_entries_are_damage(path, entry):
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["a.json"] = entry
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="manifest is damaged"):
        Bundle(path)


@pytest.mark.parametrize("text", [b"[" * 100_000, b"\xff\xfe", b"[]", b"5", b""])
def test_manifests_that_are_no_manifests(path, text):
    (path / "manifest.json").write_bytes(text)
    with pytest.raises(BundleError, match="manifest is damaged"):
        Bundle(path)
    assert not is_bundle(path)


@pytest.mark.parametrize("text", ['{"name": "my web page", "version": 3}', "{", "[]"])
def test_folders_with_a_manifest_of_something_else_are_left_alone(tmp_path, text):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "manifest.json").write_text(text)
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="place for the bundle is taken"):
        write_bundle(mine, FILES, version="0")
    assert (mine / "thesis.txt").read_text() == "years of work"


def test_a_manifest_too_long_to_be_one_is_damage(path, monkeypatch):
    monkeypatch.setattr(bundles, "MAX_MANIFEST_BYTES", 20)
    with pytest.raises(BundleError, match="manifest is damaged"):
        Bundle(path)
    assert not is_bundle(path)


def test_a_damaged_bundle_can_be_replaced(path):
    (path / "a.json").unlink()
    write_bundle(path, FILES, version="1")
    assert Bundle(path).manifest["plait"] == "1"


def test_a_link_to_nowhere_is_taken(tmp_path):
    os.symlink(tmp_path / "nowhere", tmp_path / "m.plait")
    with pytest.raises(BundleError, match="place for the bundle is taken"):
        write_bundle(tmp_path / "m.plait", FILES, version="0")


def test_a_failed_exchange_brings_the_old_bundle_back(path, monkeypatch):
    real, calls = os.rename, []

    def rename(old, new):
        calls.append(new)
        if len(calls) == 2:
            raise OSError("disk gone")
        real(old, new)

    monkeypatch.setattr(writing, "_exchange", lambda first, second: False)
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(OSError, match="disk gone"):
        write_bundle(path, {"c.json": b"{}"}, version="1")
    assert Bundle(path).names() == sorted(FILES)
    assert [p.name for p in path.parent.iterdir()] == ["m.plait"]


def test_numbers_that_json_lacks_become_null():
    values = {"a": float("nan"), "b": np.float32("inf"), "c": np.arange(2), 3: (np.int64(1),)}
    found = json.loads(to_json(values))
    assert found == {"a": None, "b": None, "c": [0, 1], "3": [1]}


def test_a_bundle_replaced_while_it_is_read_is_read_again(path):
    seen = []

    def make(bundle):
        first = bundle.read_json("a.json")
        if len(seen) < 2:
            write_bundle(path, {**FILES, "a.json": to_json({"x": 2 + len(seen)})}, version="0")
        seen.append(first)
        return first, bundle.read_json("a.json")

    assert read_steadily(path, make) == ({"x": 3}, {"x": 3}) and len(seen) == 3


def test_what_fails_on_a_steady_bundle_fails_once(path):
    calls = []

    def make(bundle):
        calls.append(1)
        raise KeyError("x")

    with pytest.raises(KeyError):
        read_steadily(path, make)
    assert len(calls) == 1
    with pytest.raises(BundleError, match="not a plait bundle"):
        read_steadily(path / "nothing", make)


def test_a_bundle_that_never_rests_is_given_up(path):
    def make(bundle):
        write_bundle(path, FILES, version="0")

    with pytest.raises(BundleError, match="replaced again and again"):
        read_steadily(path, make)


@pytest.mark.parametrize(
    "ask", [plait.load, plait.report, lambda no: plait.predict(no, [{"a": 1}])]
)
def test_what_is_no_path_is_a_wrong_call(ask):
    with pytest.raises(UsageError, match="a bundle is named by a path") as caught:
        ask(7)
    assert caught.value.received == "int"
