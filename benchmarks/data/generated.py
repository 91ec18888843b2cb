"""Generated tables of any number of rows, written in chunks: for measuring memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.settings import cache_folder

CHUNK_ROWS = 50_000
WORDS = np.array(
    ["late", "early", "broken", "missing", "double", "wrong", "small", "large", "red", "blue"]
)
CITIES = np.array(["Oslo", "Lima", "Pune", "Accra", "Quito", "Turin"])


def generated(num_rows: int, seed: int = 0) -> Path:
    """Return a Parquet file of ``num_rows`` orders: three numbers, a city, a note, and ``late``."""
    path = cache_folder() / "generated" / f"orders-{num_rows}-{seed}.parquet"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}")
        rng = np.random.default_rng(seed)
        writer = None
        for first in range(0, num_rows, CHUNK_ROWS):
            chunk = orders(min(CHUNK_ROWS, num_rows - first), rng)
            writer = writer or pq.ParquetWriter(partial, chunk.schema)
            writer.write_table(chunk)
        if writer is not None:
            writer.close()
        partial.rename(path)
    return path


def orders(num_rows: int, rng: np.random.Generator) -> pa.Table:
    """Return random orders whose ``late`` depends on distance, city and one word of the note."""
    price, weight = rng.lognormal(3, 1, num_rows), rng.gamma(2, 2, num_rows)
    distance, luck = rng.random(num_rows), rng.normal(0, 0.5, num_rows)
    city = rng.integers(0, len(CITIES), num_rows)
    words = rng.integers(0, len(WORDS), (num_rows, 6))
    score = 3 * distance + 0.4 * city + 1.5 * (words == 0).any(axis=1) + luck
    return pa.table(
        {
            "price": price,
            "weight": weight,
            "distance": distance,
            "city": CITIES[city],
            "note": [" ".join(row) for row in WORDS[words]],
            "late": np.where(score > 3.2, "yes", "no"),
        }
    )
