"""Inspects a table before anything is learned: what is missing, broken, doubled or leaking."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plait.data.cautions import (
    Caution,
    caution,
    count_differing,
    of_classes,
    of_columns,
    of_conflicts,
    of_leaks,
    of_twins,
    of_unreadable,
)
from plait.data.decoding import Decoder, is_cheap
from plait.data.duplicates import Copies, equal_rows, find_copies
from plait.data.fingerprints import fingerprints
from plait.data.schema import Column, make_codec
from plait.data.settling import facts_of
from plait.data.suspects import suspects
from plait.data.table import Table
from plait.errors import CellError, ExtraError, shorten
from plait.modalities import Codec, PredictiveTarget, TargetCodec
from plait.modalities.media import Media
from plait.types import Cell, ColumnSample, is_missing

MAX_SCANNED = 100_000
MAX_DECODED = 1000


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
        return dataclasses.asdict(self)


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
        found.columns.append(_inspect_column(table, column, cells, rows))
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


def _inspect_column(
    table: Table, column: Column, cells: list[Cell], rows: np.ndarray
) -> dict[str, Any]:
    num_missing = sum(cell is None for cell in cells)
    facts: dict[str, Any] = {
        "name": column.name,
        "modality": column.modality,
        "role": column.role,
        "why": column.why,
        "sure": column.sure,
        "share_missing": round(num_missing / max(len(cells), 1), 4),
        "num_distinct": len({_key(cell) for cell in cells if cell is not None}),
        "num_decoded": 0,
        "num_unreadable": 0,
        "first_error": None,
        "sizes": {},
        "settings": column.settings,
        "reading": {},
        "doubt": column.doubt,
    }
    if column.role == "value" and column.modality is not None:
        codec = make_codec(column)
        known = [cell for cell in cells if cell is not None]
        facts["reading"] = facts_of(column, ColumnSample(column.name, known, len(cells), 0))
        try:
            decoded, num_empty = _decode_some(table, column.name, codec, cells, rows)
            facts |= decoded
            facts["share_missing"] = round((num_missing + num_empty) / max(len(cells), 1), 4)
        except ExtraError as error:
            facts["first_error"] = {"row": None, "error": f"{error.what}: {error.hint}"}
    return facts


def _key(cell: Cell) -> Any:
    return cell if isinstance(cell, str | int | float | bytes) else repr(cell)


def _decode_some(
    table: Table, name: str, codec: Codec, cells: list[Cell], rows: np.ndarray
) -> tuple[dict[str, Any], int]:
    """Return what decoding tells, and how many cells say nothing, such as words for it."""
    places = [place for place, cell in enumerate(cells) if cell is not None]
    if not is_cheap(codec.layout):
        places = (
            [places[i] for i in np.unique(np.linspace(0, len(places) - 1, MAX_DECODED).astype(int))]
            if places
            else []
        )
    found: dict[str, list[float]] = {}
    facts: dict[str, Any] = {"num_decoded": len(places), "num_unreadable": 0, "first_error": None}
    done = num_empty = 0
    with Decoder(codec, table.media(), _sizes) as decoder:
        for results in decoder.decode([cells[place] for place in places]):
            for place, result in zip(places[done:], results, strict=False):
                if isinstance(result, CellError):
                    if not table.policy.skips:
                        raise result.at(column=name, row=int(rows[place]))
                    _count_error(facts, result, int(rows[place]))
                elif result is None:
                    num_empty += 1
                else:
                    for size, value in _stored(codec, cells[place], table.media()) or result:
                        found.setdefault(size, []).append(value)
            done += len(results)
    sizes = {name: [min(all_), max(all_)] for name, all_ in found.items()}
    return facts | {"sizes": sizes}, num_empty


def _count_error(facts: dict[str, Any], error: CellError, row: int) -> None:
    facts["num_unreadable"] += 1
    if facts["first_error"] is None:
        reason = f"{error.what}: {error.received}" if error.received else error.what
        facts["first_error"] = {"row": row, "error": shorten(reason, 200)}


def _stored(codec: Codec, cell: Cell, media: Media) -> tuple[tuple[str, float], ...]:
    """Return the axes of a file as it lies, where its codec reads large ones smaller; else ()."""
    measure = getattr(codec, "measure", None)
    sides = () if measure is None else measure(cell, media)
    return tuple((f"axis {axis}", float(size)) for axis, size in enumerate(sides))


def _sizes(raw: Any) -> tuple[tuple[str, float], ...]:
    """Return what can be said of any decoded value's size: axes, characters, or the number."""
    if isinstance(raw, int | float):
        return (("value", float(raw)),)
    if isinstance(raw, str):
        return (("characters", float(len(raw))),)
    if isinstance(raw, np.ndarray):
        return tuple((f"axis {axis}", float(size)) for axis, size in enumerate(raw.shape))
    return ()


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
        said.extend(of_conflicts(differing, name))
    elif not isinstance(codec, TargetCodec):
        text = f"the target '{name}' cannot be learned as it stands: {column.why}"
        said.append(caution("classes", name, text))


def _warn(found: Inspection, table: Table) -> None:
    for facts in found.columns:
        found.cautions.extend(
            of_unreadable(facts["name"], facts["num_unreadable"], facts["num_decoded"])
        )
    found.cautions.extend(of_columns(table.schema.columns))
    found.cautions.extend(of_twins(found.identical_columns))
    for fact in found.duplicates:
        column = fact["column"]
        where = "in all columns" if column == "*" else f"in '{column}'"
        text = f"{fact['num_rows']} rows have near-duplicates {where}"
        found.cautions.append(caution("duplicates", column, text))
