"""Tries one damaged source: read, inspected, prepared, predicted; and judges what came of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import shutil
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzzing.sources import KINDS, Made, make
from plait.data.checks import inspect_table
from plait.data.prepared import prepare_table
from plait.data.schema import make_codec
from plait.data.table import Table, read
from plait.errors import CellError, PlaitError

MAX_SECONDS = 30.0
MAX_GROWTH_MB = 1500.0


def kind_of(number: int) -> str:
    """Return the kind of source of a case; kinds take turns."""
    return list(KINDS)[number % len(KINDS)]


def try_case(seed: int, number: int, *, model: Any = None) -> dict[str, Any]:
    """Run one case and return ``case``, ``how``, ``outcome``, ``finding`` (None when good).

    Good is a result, or an error of plait's own that says what and has a hint, something expected
    or a place; within the limits of time and memory; with nothing half-written and the source as it
    was.

    Args:
        seed, number: The case; the same give the same source.
        model: A fitted model whose `predict` is tried too, and a file of predictions written.
    """
    rng = np.random.default_rng([seed, number])
    started, before = time.monotonic(), _peak_mb()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place, _own_cache(Path(place)):
        folder = Path(place) / "data"
        folder.mkdir()
        made = make(kind_of(number), folder, rng)
        state = _state(folder)
        outcome, finding = _try(made, folder, rng, model, Path(place))
        if finding is None and _state(folder) != state:
            finding = "the source or its folder was changed"
        if finding is None:
            finding = _left_behind(Path(place))
    seconds = time.monotonic() - started
    if finding is None and seconds > MAX_SECONDS:
        finding = f"took {seconds:.0f} s"
    if finding is None and _peak_mb() - before > MAX_GROWTH_MB:
        finding = f"memory grew by {_peak_mb() - before:.0f} MB"
    return {
        "case": number, "how": made.how, "outcome": outcome, "finding": finding,
        "seconds": round(seconds, 2),
    }  # fmt: skip


def _try(
    made: Made, folder: Path, rng: np.random.Generator, model: Any, place: Path
) -> tuple[str, str | None]:
    outcome = "read"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = read(made.source, root=folder)
            if made.is_cut:
                return outcome, "a source that lost its end was read as if it were whole"
            _use(table, rng)
            if model is not None:
                outcome = _predict(model, table, rng, place)
    except PlaitError as error:
        return f"{type(error).__name__}: {error.what}", _judged(error)
    except Exception as error:
        steps = "".join(traceback.format_exception(error)[-6:])
        return type(error).__name__, f"{type(error).__name__}: {error}\n{steps}"
    return outcome, None


def _use(table: Table, rng: np.random.Generator) -> None:
    for name in table.column_names:
        cells = table.column(name)
        if len(cells) != table.num_rows:
            raise AssertionError(f"{name} has {len(cells)} cells, the table {table.num_rows} rows")
    target = str(rng.choice(table.column_names)) if rng.random() < 0.3 else None
    inspect_table(table, target=target)
    on_error = str(rng.choice(["raise", "skip"]))
    table = table.told(on_error=on_error)
    with contextlib.suppress(CellError if on_error == "raise" else ()):  # type: ignore[arg-type]
        codecs = {c.name: make_codec(c) for c in table.schema.values()}
        prepared = prepare_table(table, codecs)
        for bad in prepared.bad:
            if bad["error"].startswith("the cell cannot be read as"):
                raise AssertionError(f"an error nobody foresaw: {bad['column']}: {bad['error']}")


def _predict(model: Any, table: Table, rng: np.random.Generator, place: Path) -> str:
    from plait.recipes.predict import predict

    out = place / "out" / f"p{rng.choice(['.csv', '.parquet'])}"
    out.parent.mkdir()
    try:
        predict(model.path, table, out=out, on_error=str(rng.choice(["raise", "skip"])))
    except PlaitError:
        if list(out.parent.iterdir()):
            raise AssertionError("a failed predict left a file") from None
        raise
    if [file.name for file in out.parent.iterdir()] != [out.name]:
        raise AssertionError("predict left more than its file")
    return "predicted"


def _judged(error: PlaitError) -> str | None:
    if error.exit_code not in (1, 2):
        return f"exit code {error.exit_code}"
    if not error.what or not (error.hint or error.expected or error.place()):
        return f"an error that helps nobody: {error}"
    return None


@contextlib.contextmanager
def _own_cache(place: Path) -> Iterator[None]:
    before = os.environ.get("PLAIT_CACHE")
    os.environ["PLAIT_CACHE"] = str(place / "cache")
    try:
        yield
    finally:
        shutil.rmtree(place / "cache" / "prepared", ignore_errors=True)
        if before is None:
            del os.environ["PLAIT_CACHE"]
        else:
            os.environ["PLAIT_CACHE"] = before


def _left_behind(place: Path) -> str | None:
    """Tell of unfinished entries in the cache."""
    parts = [path for path in (place / "cache").glob("*/.*") if not path.name.endswith(".lock")]
    return f"left behind: {', '.join(path.name for path in parts)}" if parts else None


def _state(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(os.fsencode(path))
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
