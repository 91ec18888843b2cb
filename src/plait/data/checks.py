"""Inspects a table before anything is learned: what is missing, broken, doubled or leaking."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plait.data.by_time import read_times
from plait.data.cautions import (
    Caution,
    caution,
    count_differing,
    of_classes,
    of_columns,
    of_conflicts,
    of_leaks,
    of_time,
    of_twins,
    of_unreadable,
)
from plait.data.column_facts import column_facts
from plait.data.duplicates import Copies, equal_rows, find_copies
from plait.data.fingerprints import fingerprints
from plait.data.schema import Column, make_codec
from plait.data.suspects import suspects
from plait.data.table import Table
from plait.errors import ExtraError, TableError
from plait.modalities import PredictiveTarget, TargetCodec
from plait.types import Cell, is_missing

MAX_SCANNED = 100_000


@dataclass(frozen=True)
class Inspection:
    """What `inspect_table` found; JSON-ready through `to_dict`.

    Attributes:
        name: Of the table.
        num_rows: Rows of the table.
        num_scanned: Rows that were looked at.
        target: The target column, if named.
        columns: One dict per column: name, modality, role, why, share_missing, num_distinct,
            num_decoded, num_unreadable, first_error ``{"row", "error"}``, sizes (ranges), settings,
            reading (what else than plain values is in the cells: units, limits, null words), doubt.
        duplicates: ``{"column", "num_groups", "num_rows", "rows" (of the first group)}``;
            column ``*`` for rows alike in all value columns.
        identical_columns: Pairs of columns with the same cells.
        leaks: ``{"column", "score", "reason"}``: columns that tell the target; two together are
            one entry, ``a, b``; the order of the rows has no column.
        class_counts: Rows per class of the target, most frequent first.
        warnings: Sentences for people.
        cautions: The same, each ``{"kind", "column", "text"}``.
        notes: Of how the source was read.
    """

    name: str
    num_rows: int
    num_scanned: int
    target: str | None
    columns: list[dict[str, Any]] = field(default_factory=list)
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    identical_columns: list[list[str]] = field(default_factory=list)
    leaks: list[dict[str, Any]] = field(default_factory=list)
    class_counts: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    cautions: list[Caution] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return dict(vars(self))


def inspect_table(table: Table, *, target: str | None = None) -> Inspection:
    """Look a table over.

    Up to 100,000 rows spread over it are scanned, and up to 1,000 media cells per column decoded.

    Args:
        table: The rows; unreadable cells are counted, unless its policy says that they raise.
        target: Column to be learned, for class counts and leaks.

    Raises:
        CellError: The first unreadable cell, where the policy says so.
        TableError: There is no such target.
    """
    table = table.under(table.policy.or_else("skip"))
    rows = _scanned_rows(table.num_rows)
    scan = table if len(rows) == table.num_rows else table.take(rows)
    found = Inspection(table.name, table.num_rows, len(rows), target, notes=list(table.notes))
    targets = None if target is None else _present(table.column(target, rows))
    hashes: dict[bytes, str] = {}
    for column in table.schema.columns:
        cells = _present(scan.column(column.name))
        twin = hashes.setdefault(_hash_cells(cells), column.name)
        if twin != column.name and any(cell is not None for cell in cells):
            found.identical_columns.append([twin, column.name])
        found.columns.append(column_facts(table, column, cells, rows))
    copies = _find_duplicates(found, table, scan, rows, targets)
    _warn(found, table)
    if target is not None and targets is not None:
        inputs = [column.name for column in table.schema.values() if column.name != target]
        leaks = suspects(table, inputs, target)
        found.leaks.extend(
            {"column": ", ".join(x.columns), "score": round(x.score, 4), "reason": x.reason}
            for x in leaks
        )
        found.cautions.extend(of_leaks(leaks))
        _describe_target(found, table.schema[target], targets, copies)
    found.warnings.extend(one["text"] for one in found.cautions)
    return found


def _scanned_rows(num_rows: int) -> np.ndarray:
    if num_rows <= MAX_SCANNED:
        return np.arange(num_rows)
    firsts = np.linspace(0, num_rows - 1000, MAX_SCANNED // 1000).astype(np.int64)
    return np.unique(firsts[:, None] + np.arange(1000))


def _present(cells: Sequence[Cell]) -> list[Cell]:
    return [None if is_missing(cell) else cell for cell in cells]


def _hash_cells(cells: Sequence[Cell]) -> bytes:
    return hashlib.sha256(repr(cells).encode(errors="surrogatepass")).digest()


def _find_duplicates(
    found: Inspection, table: Table, scan: Table, rows: np.ndarray, targets: list[Cell] | None
) -> Copies:
    values = [column for column in table.schema.values() if column.name != found.target]
    copies = Copies()
    for column in values:
        try:
            prints = fingerprints(scan, {column.name: make_codec(column)})
        except ExtraError:
            continue
        copies.groups.extend(find_copies(prints).groups)
    if values:
        equal_rows(copies, "*", _row_hashes(scan, [column.name for column in values]))
    differing = Counter() if targets is None else count_differing(_groups_of(copies), targets)
    for name in dict.fromkeys(column for column, _ in copies.groups):
        groups = [rows[members] for column, members in copies.groups if column == name]
        if groups:
            fact = {
                "column": name,
                "num_groups": len(groups),
                "num_rows": int(sum(map(len, groups))),
                "rows": groups[0].tolist(),
            }
            if targets is not None:
                fact["num_conflicting"] = differing[name]
            found.duplicates.append(fact)
    return copies


def _groups_of(copies: Copies) -> list[tuple[str, list[int]]]:
    return [(name, rows.tolist()) for name, rows in copies.groups]


def _row_hashes(table: Table, columns: Sequence[str]) -> np.ndarray:
    """Return uint64 ``[row]``, equal for rows with the same cells."""
    hashes = np.zeros(table.num_rows, np.uint64)
    for first, cells in table.batches(columns):
        for place, row in enumerate(zip(*cells.values(), strict=True), first):
            text = repr(row).encode(errors="surrogatepass")
            digest = hashlib.blake2b(text, digest_size=8).digest()
            hashes[place] = int.from_bytes(digest, "little")
    return hashes


def _describe_target(
    found: Inspection, column: Column, targets: list[Cell], copies: Copies
) -> None:
    known = [value for value in targets if value is not None]
    said, name = found.cautions, column.name
    if len(known) < len(targets):
        said.append(
            caution("classes", name, f"{len(targets) - len(known)} rows have no target '{name}'")
        )
    codec = make_codec(column) if column.modality else None
    if isinstance(codec, PredictiveTarget) and codec.form.exclusive:
        counts = Counter(str(value).strip() for value in known)
        found.class_counts.update(counts.most_common())
        said.extend(of_classes(name, counts))
        differing = count_differing(_groups_of(copies), targets)
        differing.pop("*", None)  # of whole rows; each of their columns tells as well
        among = Counter(column for column, _ in copies.groups)
        said.extend(of_conflicts(differing, name, among=among))
    elif not isinstance(codec, TargetCodec):
        text = f"the target '{name}' cannot be learned as it stands: {column.why}"
        said.append(caution("classes", name, text))


def _of_times(table: Table, column: str) -> list[Caution]:
    try:
        read_times(table, column)
    except TableError as error:
        return of_time(column, error.what, error.row)
    return []


def _warn(found: Inspection, table: Table) -> None:
    for facts in found.columns:
        found.cautions.extend(
            of_unreadable(facts["name"], facts["num_unreadable"], facts["num_decoded"])
        )
    for column in table.schema.columns:
        if column.role == "time":
            found.cautions.extend(_of_times(table, column.name))
    found.cautions.extend(of_columns(table.schema.columns))
    found.cautions.extend(of_twins(found.identical_columns))
    for fact in found.duplicates:
        column = fact["column"]
        where = "in all columns" if column == "*" else f"in '{column}'"
        text = f"{fact['num_rows']} rows have near-duplicates {where}"
        found.cautions.append(caution("duplicates", column, text))
