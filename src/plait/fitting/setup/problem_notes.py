"""What people should know of a problem: its groups, limits, rare labels and unread texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.data.cautions import caution
from plait.data.prepared import Prepared
from plait.data.splits import Splits
from plait.data.table import Table
from plait.fitting.setup.labels import CHUNK_ROWS
from plait.modalities import Codec
from plait.model.judging import few_groups_said, said_units
from plait.model.model import Model


def notes_on_rows(
    table: Table, splits: Splits, prepared: Prepared, target: str | None, group: str | None
) -> tuple[str, ...]:
    """Say what the targets are worth, and whether groups of the test rows were learned from."""
    return (*_limit_notes(prepared, target), *_group_notes(table, group, splits))


def notes_on_columns(
    codecs: Mapping[str, Codec],
    inputs: Sequence[str],
    base: Model | None,
    *,
    simple: bool,
) -> tuple[str, ...]:
    """Say what is lost of columns: rare labels, and texts that a base left unread."""
    lost = () if simple else _bytes_notes(base, inputs)
    return (*_label_notes(codecs), *lost)


def warnings_on_groups(table: Table, group: str | None, splits: Splits) -> list[dict[str, str]]:
    """Warn where the test rows are of few of the groups that were said."""
    units = said_units(table, group, splits.test)
    num = 0 if units is None else len(np.unique(units))
    return [caution("groups", str(group), text) for text in few_groups_said(num, group)]


def _group_notes(table: Table, group: str | None, splits: Splits) -> tuple[str, ...]:
    """Say whether the groups of the test rows were seen in training."""
    if table.overlaps or (group is not None and not len(splits.test)):
        return ()
    if group is not None:
        learned = {str(cell) for cell in table.column(group, splits.train)}
        judged = {str(cell) for cell in table.column(group, splits.test)}
        num = len(learned & judged)
        return (
            f"the test rows have {len(judged)} different '{group}', of which "
            f"{num or 'none'} {'was' if num == 1 else 'were'} in training",
        )
    likely = [c.name for c in table.schema.columns if c.role == "group"]
    return tuple(
        f"column '{name}' looks like a group (patient, speaker, machine): rows of one may lie in "
        f"both training and test; --group {name} keeps them apart"
        for name in likely
    )


def _limit_notes(prepared: Prepared, target: str | None) -> tuple[str, ...]:
    """Say how many targets are only known to lie below or above their number."""
    column = None if target is None else prepared.columns[target]
    if column is None or "limit" not in column.codec.layout:
        return ()
    sides = np.concatenate(
        [
            np.asarray(
                column.gather(np.arange(first, min(first + CHUNK_ROWS, prepared.num_rows))).parts[
                    "limit"
                ]
            ).ravel()
            for first in range(0, prepared.num_rows, CHUNK_ROWS)
        ]
    )
    below, above = int((sides < 0).sum()), int((sides > 0).sum())
    return (
        f"{below + above} targets are only limits ({below} '<', {above} '>'): they are learned and "
        "scored as if the number were exact",
    )


def _label_notes(codecs: Mapping[str, Codec]) -> tuple[str, ...]:
    """Say where rare labels count as never seen."""
    return tuple(
        f"column '{name}' has {most:,} labels or more: rarer ones count as never seen"
        for name, codec in codecs.items()
        if (most := getattr(codec, "max_labels", 0)) and len(getattr(codec, "labels", ())) >= most
    )


def _bytes_notes(base: Model | None, inputs: Sequence[str]) -> tuple[str, ...]:
    """Say which texts a network reads byte by byte, as the base, which has none, left them."""
    if base is None or base.space.has_network:
        return ()
    shown = {name: base.shown.get(name) for name in inputs}
    return tuple(
        f"the network reads '{name}' byte by byte, and only its start: the base was fitted with "
        "--simple, and knows no pieces of words"
        for name, codec in shown.items()
        if getattr(codec, "merges", None) == ""
    )
