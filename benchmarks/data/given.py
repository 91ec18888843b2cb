"""Data sets that no package carries: a folder given with ``--data`` or ``$PLAIT_BENCH_DATA``."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from benchmarks.data.tables import check_sizes


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
