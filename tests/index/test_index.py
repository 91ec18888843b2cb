"""The index: exact and HNSW beside brute force, adding, deleting, replacing, wrong calls."""

from __future__ import annotations

import builtins
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from plait.errors import ExtraError, UsageError
from plait.index import index as module
from plait.index import nearest
from plait.index.index import Index

from .conftest import DIM, clustered


def recall(found, expected):
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, expected, strict=True)])


def brute_force(queries, vectors, names, k):
    order = np.argsort(-(queries @ vectors.T), axis=1)[:, :k]
    return [[names[row] for row in line] for line in order]


@pytest.fixture(scope="module")
def built(vectors, names):
    columns = pa.table({"n": range(5000)})
    return {
        kind: Index.build(vectors, names, key="m", kind=kind, attributes=columns)
        for kind in ("exact", "hnsw")
    }


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_recall_beside_float32(built, vectors, queries, names, kind):
    hits = built[kind].search(queries, 10)
    assert recall(hits.ids, brute_force(queries, vectors, names, 10)) >= 0.97
    for line in hits.scores:
        assert line.dtype == np.float32 and (np.diff(line) <= 0).all() and abs(line).max() <= 1


def test_hnsw_finds_what_a_scan_of_the_same_codes_finds(built, queries):
    exact, hnsw = (built[kind].search(queries, 10).ids for kind in ("exact", "hnsw"))
    assert recall(hnsw, exact) >= 0.99


def test_the_graph_is_asked(built, queries, monkeypatch):
    monkeypatch.setattr(nearest.Codes, "nearest", None)
    assert len(built["hnsw"].search(queries, 10).ids) == 100


def test_three_vectors_by_hand():
    index = Index.build(
        np.array([[1, 0], [0, 2], [-3, 0]]), ["east", "north", "west"], key="m"
    )  # fmt: skip
    hits = index.search(np.array([[5.0, 5.0], [-1.0, 0.0]]), 2)
    assert hits.ids[0] == ["east", "north"] and hits.ids[1] == ["west", "north"]
    np.testing.assert_allclose(hits.scores, [[0.5**0.5] * 2, [1, 0]], atol=1e-6)
    assert (index.num_rows, index.dim, index.kind) == (3, 2, "exact")


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
@pytest.mark.parametrize("k", [4999, 5000, 6000])
def test_as_many_as_there_are(built, queries, names, kind, k):
    (ids,) = built[kind].search(queries[:1], k).ids
    assert len(set(ids)) == len(ids) == min(k, 5000) and set(ids) <= set(names)


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
@pytest.mark.parametrize("limit", [0, 3, 10, 60, 700, 4000, 5000])
def test_filtered_rows_are_right_and_none_is_missing(built, vectors, queries, names, kind, limit):
    hits = built[kind].search(queries, 10, where=f"n < {limit}")
    assert all(len(ids) == min(10, limit) for ids in hits.ids)
    assert {name for ids in hits.ids for name in ids} <= set(names[:limit])
    if limit:
        expected = brute_force(queries, vectors[:limit], names, 10)
        assert recall(hits.ids, expected) >= 0.97


def test_a_filter_that_keeps_what_is_far_from_the_query_still_fills(queries, names, vectors):
    cosines = vectors @ queries[0]
    near = cosines > np.sort(cosines)[-400]
    index = Index.build(
        vectors, names, key="m", kind="hnsw", attributes=pa.table({"near": near})
    )  # fmt: skip
    hits = index.search(queries[:1], 10, where="not near")
    assert not {int(name[4:]) for name in hits.ids[0]} & set(np.flatnonzero(near))
    assert hits.scores[0] == pytest.approx(np.sort(cosines[~near])[:-11:-1], abs=0.006)


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_rows_come_and_go(vectors, queries, names, kind):
    """After adding, deleting and replacing, an index is as one built from what is left."""
    numbers = pa.table({"n": range(1000)})
    index = Index.build(vectors[:1000], names[:1000], key="m", kind=kind, attributes=numbers)
    content = dict(zip(names[:1000], vectors[:1000], strict=True))
    rng = np.random.default_rng(0)
    for step in range(8):
        gone = rng.choice(sorted(content), size=120, replace=False).tolist()
        index.delete(gone)
        new = names[1000 + 100 * step : 1100 + 100 * step] + gone[:20]
        added = clustered(120, seed=10 + step)
        index.add(added, new, pa.table({"n": [step] * 120}))
        content = {name: v for name, v in content.items() if name not in gone}
        content |= dict(zip(new, added, strict=True))
    assert index.ids == list(content)
    expected = brute_force(queries, np.stack(list(content.values())), list(content), 10)
    found = index.search(queries, 10)
    assert recall(found.ids, expected) >= 0.97
    for line, scores, query in zip(found.ids, found.scores, queries, strict=True):
        assert scores == pytest.approx([query @ content[name] for name in line], abs=0.006)
    (last,) = index.search(queries[:1], 200, where="n == 7").ids
    assert len(last) == 121 - ("row 7" not in content)


def test_a_replaced_row_has_its_new_vector():
    index = Index.build(np.eye(3), ["a", "b", "c"], key="m", kind="hnsw")
    index.delete(["a", "a"])
    index.add([[0, 0, -1.0]], ["a"])
    hits = index.search([[0, 0, -1.0]], 3)
    assert hits.ids == [["a", "b", "c"]] and hits.scores[0][0] == pytest.approx(1)


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_an_emptied_index_says_so_and_fills_again(kind):
    index = Index.build(np.eye(2), ["a", "b"], key="m", kind=kind)
    index.delete(["a", "b"])
    with pytest.raises(UsageError, match="index is empty"):
        index.search([[1.0, 0]], 1)
    index.add([[1.0, 0]], ["c"])
    assert index.search([[1.0, 0]], 5).ids == [["c"]]


def test_auto_scans_small_indexes_and_gets_a_graph_as_it_grows(vectors, names, monkeypatch):
    monkeypatch.setattr(module, "EXACT_ROWS", 50)
    index = Index.build(vectors[:50], names[:50], key="m")
    assert index.kind == "exact"
    index.add(vectors[50:60], names[50:60])
    assert index.kind == "hnsw" and Index.build(vectors[:51], names[:51], key="m").kind == "hnsw"
    exact = Index.build(vectors[:51], names[:51], key="m", kind="exact")
    assert exact.kind == "exact"


def test_added_columns_are_widened_and_reordered():
    index = Index.build(np.eye(2), ["a", "b"], key="m",
                        attributes=pa.table({"n": [1, 2], "t": pa.nulls(2)}))  # fmt: skip
    index.add([[1.0, 1.0]], ["c"], pa.table({"t": ["x"], "n": [2.5]}))
    assert index.search([[1.0, 0]], 3, where='n > 2.2 and t == "x"').ids == [["c"]]
    assert index.search([[1.0, 0]], 3, where="t is null").ids == [["a", "b"]]


def test_a_failed_addition_changes_nothing(vectors, names):
    index = Index.build(vectors[:100], names[:100], key="m", kind="hnsw")
    with pytest.raises(UsageError, match="id is in the index already") as caught:
        index.add(vectors[100:102], ["new", names[5]])
    assert caught.value.row == 1 and caught.value.received == names[5]
    with pytest.raises(UsageError, match="id to delete is not in the index"):
        index.delete([names[0], "nobody"])
    index.add(vectors[100:102], ["new", "newer"])
    assert index.num_rows == 102


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": ["a"]}, "vectors and ids differ in number"),
        ({"ids": ["a", "a"]}, "id is given twice"),
        ({"ids": ["a", None]}, "id is missing"),
        ({"ids": ["a", 3]}, "id is no text"),
        ({"vectors": np.ones(2)}, "these are no vectors"),
        ({"vectors": np.array([["x"], ["y"]])}, "these are no vectors"),
        ({"vectors": np.ones((0, 4)), "ids": []}, "there is nothing to index"),
        ({"kind": "ivf"}, "no kind of index 'ivf'"),
        ({"attributes": pa.table({"n": [1]})}, "vectors and rows of attributes differ"),
    ],
)
def test_wrong_builds(change, message):
    fine = {"vectors": np.eye(2), "ids": ["a", "b"], "key": "m"}
    with pytest.raises(UsageError, match=message):
        Index.build(**fine | change)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda i: i.search(np.ones((1, 3)), 1), "queries have another dimension"),
        (lambda i: i.search(np.ones(2), 1), "these are no vectors"),
        (lambda i: i.search(np.ones((1, 2)), 0), "k is too small"),
        (lambda i: i.search(np.array([[np.nan, 1]]), 1), "NaN or infinity"),
        (lambda i: i.search(np.ones((1, 2)), 1, where="n < 1"), "no columns to filter by"),
        (lambda i: i.add(np.ones((1, 3)), ["c"]), "vectors have another dimension"),
        (lambda i: i.add(np.ones((1, 2)), ["c"], pa.table({"n": [1]})), "do not fit those"),
    ],
)
def test_wrong_calls(call, message):
    with pytest.raises(UsageError, match=message):
        call(Index.build(np.eye(2), ["a", "b"], key="m"))


def test_columns_of_another_type_or_name_are_refused():
    index = Index.build(np.eye(2), ["a", "b"], key="m", attributes=pa.table({"n": [1, 2]}))
    for other in ({"n": ["x"]}, {"m": [1]}, {"n": [1], "m": [1]}):
        with pytest.raises(UsageError, match="do not fit those of the index"):
            index.add([[1.0, 0]], ["c"], pa.table(other))
    assert index.num_rows == 2


def test_without_usearch_a_scan_works_and_a_graph_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("usearch"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert Index.build(np.eye(2), ["a", "b"], key="m").search([[1.0, 0]], 1).ids == [["a"]]
    with pytest.raises(ExtraError, match="needs the extra 'search'"):
        Index.build(np.eye(2), ["a", "b"], key="m", kind="hnsw")


def test_threads_search_at_the_same_time(built, queries):
    expected = built["hnsw"].search(queries, 10).ids
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda q: built["hnsw"].search(q[None], 10).ids[0], queries))
    assert found == expected


def test_the_dimension_of_the_vectors_is_kept(built):
    assert built["hnsw"].dim == DIM and built["hnsw"].kind == "hnsw"
