"""Search among 1,000,000 clustered vectors: recall beside exact float32, latency, memory."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.rows import Row
from benchmarks.settings import Settings

NUM_ROWS, QUICK_NUM_ROWS = 1_000_000, 20_000
NUM_QUERIES = 1000
DIM = 128
K = 10
CLUSTER_ROWS = 1000
CLUSTER_DIM = 16
NOISE = 0.3
SHARE_KEPT = 0.05


def run(settings: Settings) -> list[Row]:
    """Build, save and load an HNSW index; ask it one query at a time, without and with a filter."""
    if not settings.with_plait:
        return []
    num = QUICK_NUM_ROWS if settings.quick else NUM_ROWS
    vectors = clustered_vectors(num + NUM_QUERIES, seed=settings.seed)
    vectors, queries = vectors[:num], vectors[num:]
    shares = np.random.default_rng(settings.seed).random(num)
    with tempfile.TemporaryDirectory() as place:
        numbers = measure(vectors, queries, shares, Path(place) / "index")
    case = f"{num:,} clustered vectors, {DIM} dimensions, int8"
    return [
        Row(
            benchmark="search",
            case=case,
            metric=metric,
            value=value,
            target=target,
            seconds=numbers["seconds"],
            seed=settings.seed,
            note=note,
        )
        for metric, value, target, note in described(numbers)
    ]


def described(numbers: dict[str, Any]) -> list[tuple[str, float, str, str]]:
    """Return metric, value, target and note of each row."""
    kept = f"a filter keeps {SHARE_KEPT:.0%}"
    return [
        ("recall@10", numbers["recall"], ">= 0.95", f"{numbers['neighbours']}"),
        ("latency p50, ms", numbers["p50"], "", "one query at a time, from a loaded index"),
        ("latency p99, ms", numbers["p99"], "", ""),
        ("recall@10, filtered", numbers["filtered"]["recall"], ">= 0.95", kept),
        ("latency p50, filtered, ms", numbers["filtered"]["p50"], "", kept),
        ("latency p99, filtered, ms", numbers["filtered"]["p99"], "", kept),
        ("build, s", numbers["seconds"], "", f"{numbers['threads']} threads"),
        ("on disk, bytes/row", numbers["disk"], "", "with ids and one column of numbers"),
        ("memory of a search, bytes/row", numbers["memory"], "", "pages of memory maps count"),
    ]


def measure(
    vectors: np.ndarray, queries: np.ndarray, shares: np.ndarray, folder: Path
) -> dict[str, Any]:
    """Return all numbers; `folder` is where the index is saved."""
    from plait.index.index import Index
    from plait.threads import num_threads

    ids = [str(row) for row in range(len(vectors))]
    columns = pa.table({"share": shares})
    began = time.monotonic()
    index = Index.build(vectors, ids, key="benchmark", attributes=columns, kind="hnsw")
    seconds = time.monotonic() - began
    index.save(folder)
    del index, ids
    disk = sum(file.stat().st_size for file in folder.iterdir())
    before = resident_bytes()
    loaded = Index.load(folder, key="benchmark")
    found = asked(queries, lambda query: loaded.search(query, K).ids[0])
    memory = resident_bytes() - before
    where = f"share < {SHARE_KEPT}"
    filtered = asked(queries, lambda query: loaded.search(query, K, where=where).ids[0])
    rows, cosines = exact_neighbours(vectors, queries)
    kept = np.flatnonzero(shares < SHARE_KEPT)
    rows_kept, _ = exact_neighbours(vectors[kept], queries)
    return {
        **scored(found, rows),
        "filtered": scored(filtered, kept[rows_kept]),
        "seconds": seconds,
        "threads": num_threads(),
        "disk": disk / len(vectors),
        "memory": memory / len(vectors),
        "neighbours": f"mean cosine of the 1st {cosines[:, 0].mean():.2f}, "
        f"of the 10th {cosines[:, -1].mean():.2f}",
    }


def asked(
    queries: np.ndarray, search: Callable[[np.ndarray], list[str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows found for each query, and the milliseconds it took; the cache is warm."""
    for query in queries:
        search(query[None])
    found, times = [], []
    for query in queries:
        began = time.perf_counter()
        ids = search(query[None])
        times.append(1000 * (time.perf_counter() - began))
        found.append([int(name) for name in ids])
    return np.array(found), np.array(times)


def scored(asked: tuple[np.ndarray, np.ndarray], truth: np.ndarray) -> dict[str, float]:
    """Return the share of the true neighbours that were found, and quantiles of the times."""
    found, times = asked
    hits = [len(set(one) & set(two)) / K for one, two in zip(found, truth, strict=True)]
    p50, p99 = np.quantile(times, [0.5, 0.99])
    return {"recall": float(np.mean(hits)), "p50": float(p50), "p99": float(p99)}


def exact_neighbours(vectors: np.ndarray, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the `K` nearest rows of each query and their cosines, by float32, best first."""
    rows = np.empty((len(queries), 0), np.int64)
    scores = np.empty((len(queries), 0), np.float32)
    for first in range(0, len(vectors), 20_000):
        block = queries @ vectors[first : first + 20_000].T
        numbers = np.broadcast_to(np.arange(first, first + block.shape[1]), block.shape)
        scores = np.concatenate([scores, block], axis=1)
        rows = np.concatenate([rows, numbers], axis=1)
        best = np.argpartition(-scores, K, axis=1)[:, :K]
        rows, scores = np.take_along_axis(rows, best, 1), np.take_along_axis(scores, best, 1)
    order = np.argsort(-scores, axis=1)
    return np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)


def clustered_vectors(num_rows: int, *, seed: int) -> np.ndarray:
    """Return unit vectors, float32 ``[num_rows, DIM]``, with the structure that embeddings have.

    About `CLUSTER_ROWS` rows lie around each centre, spread along `CLUSTER_DIM` directions of its
    own with the length of the centre, and by a noise of `NOISE` in all directions. Uniform vectors
    would be of no use: at 128 dimensions all of them are about as far from a query.
    """
    rng = np.random.default_rng(seed)
    num_clusters = num_rows // CLUSTER_ROWS
    labels = rng.integers(num_clusters, size=num_rows)
    found = rng.standard_normal((num_rows, DIM), np.float32) * np.float32(NOISE / DIM**0.5)
    groups = np.split(
        np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels, minlength=num_clusters))
    )
    for rows in groups[:num_clusters]:
        centre = rng.standard_normal(DIM, np.float32) / np.float32(DIM**0.5)
        directions = rng.standard_normal((CLUSTER_DIM, DIM), np.float32)
        places = rng.standard_normal((len(rows), CLUSTER_DIM), np.float32)
        found[rows] += centre + places @ directions / np.float32((CLUSTER_DIM * DIM) ** 0.5)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def resident_bytes() -> int:
    """Return the memory that this process holds now; its peak where the system does not say."""
    status = Path("/proc/self/statm")
    if status.is_file():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
