"""Data sets that no package carries: a folder given with ``--data`` or ``$PLAIT_BENCH_DATA``."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from benchmarks.data.tables import check_sizes

MONTH = 30 * 24
ETT_PARTS, ETT_HOURS = ("train", "validation", "test"), (12 * MONTH, 4 * MONTH, 4 * MONTH)


def signdigits(data: Path | None) -> tuple[pa.Table, Path]:
    """Return 2,062 photographs of hand signs, and their folder.

    Columns ``image`` (paths), ``label`` (0 to 9), ``split``. Source: GitHub
    ardamavi/Sign-Language-Digits-Dataset, Apache-2.0.
    """
    path = _find(data, "signdigits/signdigits.csv")
    table = _read(path)
    return check_sizes("signdigits", table, 1654, 408), path.parent


def banking77(data: Path | None) -> pa.Table:
    """Return 13,083 questions to a bank: ``text``, ``label`` (77 intents), ``split``.

    Source: GitHub PolyAI-LDN/task-specific-datasets, CC BY 4.0.
    """
    return check_sizes("banking77", _read(_find(data, "banking77.csv")), 10_003, 3080)


def etth1(data: Path | None) -> pa.Table:
    """Return hourly loads and the oil temperature of a transformer: ``date``, seven columns,
    ``part``; 14,400 hours.

    The first 12 months are learned from, the next 4 validate, and the next 4 are the test, as is
    the custom. Source: GitHub zhouhaoyi/ETDataset, CC BY-ND 4.0.
    """
    table = pyarrow.csv.read_csv(_find(data, "ett/ETTh1.csv")).slice(0, sum(ETT_HOURS))
    parts = [part for part, num in zip(ETT_PARTS, ETT_HOURS, strict=True) for _ in range(num)]
    return table.append_column("part", pa.array(parts))


def bccd(data: Path | None) -> tuple[pa.Table, Path]:
    """Return 364 pictures of blood cells, and their folder.

    Columns ``image`` (paths), ``boxes`` (JSON: class, left, top, right, bottom of 4,888 cells of
    three classes), ``split``: 205 to learn from, 87 to validate, 72 for the test. Source: GitHub
    Shenggan/BCCD_Dataset, MIT.
    """
    path = _find(data, "bccd/bccd.csv")
    table = _read(path)
    named = pc.replace_substring_regex(table["split"], "^val$", "validation")
    place = table.column_names.index("split")
    return check_sizes("bccd", table.set_column(place, "split", named), 292, 72), path.parent


def _find(data: Path | None, name: str) -> Path:
    if data is None or not (data / name).is_file():
        raise FileNotFoundError(
            f"{name} is not there\n"
            f"  expected: in the folder given with --data or $PLAIT_BENCH_DATA\n"
            f"  received: {data or 'no folder'}\n"
            f"hint: benchmarks/README.md says where it comes from"
        )
    return data / name


def _read(path: Path) -> pa.Table:
    options = pyarrow.csv.ConvertOptions(column_types={"label": pa.string()})
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    return pyarrow.csv.read_csv(path, convert_options=options, parse_options=parse)
