"""Saved indexes: the same after loading, changed after loading, damaged, of another model."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from plait.bundle import Bundle, to_json, write_bundle
from plait.errors import BundleError
from plait.index import storage
from plait.index.index import Index

KINDS = ("exact", "hnsw")


@pytest.fixture(params=KINDS)
def index(request, vectors, names):
    columns = pa.table({"n": range(1500), "text": ["a", None, "b"] * 500})
    return Index.build(
        vectors[:1500], names[:1500], key="model 1", kind=request.param, attributes=columns
    )


@pytest.fixture
def folder(index, tmp_path):
    index.save(tmp_path / "rows.index")
    return tmp_path / "rows.index"


def same(one, two):
    assert one.ids == two.ids
    for first, second in zip(one.scores, two.scores, strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_loaded_index_finds_the_same(index, folder, queries):
    loaded = Index.load(folder, key="model 1")
    same(loaded.search(queries, 10), index.search(queries, 10))
    where = 'text == "a" and n >= 700'
    same(loaded.search(queries, 10, where=where), index.search(queries, 10, where=where))
    assert (loaded.kind, loaded.num_rows, loaded.dim) == (index.kind, 1500, index.dim)
    assert loaded.ids == index.ids


def test_a_loaded_index_changes_and_is_saved_over_itself(index, folder, vectors, names, queries):
    for _ in range(2):
        loaded = Index.load(folder, key="model 1")
        for changed in (index, loaded):
            gone = changed.ids[100:300]
            changed.delete(gone)
            columns = pa.table({"n": [-1] * 200, "text": ["new"] * 200})
            changed.add(vectors[2000:2200] if "row 2000" not in gone else vectors[:200],
                        [f"{name} again" for name in gone], columns)  # fmt: skip
        loaded.save(folder)
        loaded.search(queries, 10)
    again = Index.load(folder, key="model 1")
    assert again.ids == index.ids
    found, expected = again.search(queries, 10), index.search(queries, 10)
    shared = [len(set(a) & set(b)) for a, b in zip(found.ids, expected.ids, strict=True)]
    assert np.mean(shared) >= 9.9
    assert set(again.search(queries[:1], 2000, where="n == -1").ids[0]) == {
        name for name in index.ids if name.endswith("again")
    }


def test_deleted_rows_stay_deleted(folder, queries):
    loaded = Index.load(folder, key="model 1")
    gone = {name for line in loaded.search(queries, 10).ids for name in line}
    loaded.delete(sorted(gone))
    loaded.save(folder)
    again = Index.load(folder, key="model 1")
    assert not gone & {name for line in again.search(queries, 10).ids for name in line}


def test_an_emptied_index_can_be_saved_loaded_and_filled(index, folder, vectors, names):
    index.delete(index.ids)
    index.save(folder)
    loaded = Index.load(folder, key="model 1")
    assert loaded.num_rows == 0 and loaded.ids == []
    loaded.add(vectors[:3], names[:3], pa.table({"n": [1, 2, 3], "text": ["x"] * 3}))
    assert loaded.search(vectors[:1], 1).ids == [["row 0"]]


def test_files_are_mapped_and_not_read(folder):
    rows = Index.load(folder, key="model 1")._rows
    assert isinstance(rows.codes.values, np.memmap)
    assert pa.total_allocated_bytes() < 10_000_000


def test_another_model_is_refused(folder):
    with pytest.raises(BundleError, match="another model or another preprocessing") as caught:
        Index.load(folder, key="model 2")
    assert "model 2" in caught.value.expected and "model 1" in caught.value.received
    assert "--rebuild" in caught.value.hint


FILES = ["index.json", "codes.npy", "norms.npy", "keys.npy", "ids.arrow", "attributes.arrow"]


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_named(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name} was changed") as caught:
        Index.load(folder, key="model 1")
    assert "--rebuild" in caught.value.hint


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        Index.load(folder, key="model 1")


def rewritten(folder, **files):
    """Write the index anew with other files and a manifest that fits them."""
    bundle = Bundle(folder)
    content = {name: bundle.read_bytes(name) for name in bundle.names()}
    content |= {name.replace("_", "."): data for name, data in files.items()}
    write_bundle(folder, {n: d for n, d in content.items() if d is not None}, version="0")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"index_json": b"[]"}, "index is damaged"),
        ({"index_json": b'{"key": 3}'}, "index is damaged"),
        ({"index_json": None}, "no search index"),
        ({"codes_npy": b"\x80\x04N."}, "index is damaged"),
        ({"codes_npy": b""}, "index is damaged"),
        ({"norms_npy": None}, "index is damaged"),
        ({"ids_arrow": b"ARROW1"}, "index is damaged"),
        ({"attributes_arrow": b""}, "index is damaged"),
        ({"graph_usearch": b"nothing of usearch"}, "graph cannot be read"),
    ],
)
def test_files_that_are_something_else_are_refused_even_with_fitting_hashes(folder, files, message):
    rewritten(folder, **files)
    with pytest.raises(BundleError, match=message):
        Index.load(folder, key="model 1")


def test_a_pickled_array_is_not_opened(folder, tmp_path):
    np.save(tmp_path / "evil.npy", np.array([print, None], object), allow_pickle=True)
    rewritten(folder, codes_npy=(tmp_path / "evil.npy").read_bytes())
    with pytest.raises(BundleError, match="index is damaged"):
        Index.load(folder, key="model 1")


def test_a_graph_of_other_rows_is_refused(tmp_path, vectors, names):
    for name, num, dim in (("one", 100, 32), ("two", 90, 32), ("three", 100, 16)):
        small = vectors[:num, :dim]
        Index.build(small, names[:num], key="m", kind="hnsw").save(tmp_path / name)
    for other in ("two", "three"):
        graph = (tmp_path / other / "graph.usearch").read_bytes()
        rewritten(tmp_path / "one", graph_usearch=graph)
        with pytest.raises(BundleError, match="index is damaged|graph is of another kind"):
            Index.load(tmp_path / "one", key="m")


def test_a_model_is_not_replaced_by_an_index(index, tmp_path):
    model = write_bundle(tmp_path / "m.plait", {"model.json": to_json({})}, version="0")
    with pytest.raises(BundleError, match="another bundle lies at the place"):
        index.save(model)
    with pytest.raises(BundleError, match="no search index"):
        Index.load(model, key="model 1")
    assert Bundle(model).names() == ["model.json"]


@pytest.mark.parametrize("name, received", [("index.json", "manifest is damaged"), ("a.txt", None)])
def test_whatever_is_no_index_is_left_alone(index, tmp_path, name, received):
    place = tmp_path / "taken"
    place.mkdir()
    (place / name).write_text("{}")
    (place / "manifest.json").write_text("{")
    with pytest.raises(BundleError, match="the place for the index is taken") as caught:
        index.save(place)
    assert "--index" in caught.value.hint and (received or "") in (caught.value.received or "")
    assert sorted(path.name for path in place.iterdir()) == sorted([name, "manifest.json"])


def test_an_index_too_large_for_a_bundle_is_not_written(index, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "MAX_FILE_BYTES", 1000)
    with pytest.raises(BundleError, match="too large for a bundle"):
        index.save(tmp_path / "rows.index")
    assert not (tmp_path / "rows.index").exists()


def test_nothing_there(tmp_path):
    with pytest.raises(BundleError, match="not a plait bundle"):
        Index.load(tmp_path / "nothing", key="model 1")
