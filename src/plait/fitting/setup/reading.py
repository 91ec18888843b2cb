"""How a problem's inputs are read: copies, codecs, prepared rows, vectors of encoders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from plait.data.duplicates import Copies
from plait.data.fitting import fit_codecs
from plait.data.foreseen import foresee_codecs
from plait.data.lookalikes import look_for_copies
from plait.data.prepared import Prepared, prepare_table
from plait.data.schema import make_codec
from plait.data.splits import Splits
from plait.data.table import Table
from plait.encoders import FoundEncoder
from plait.errors import SchemaError, TargetError
from plait.fitting.setup.reading_time import ReadingTime
from plait.fitting.setup.timetable import COPIES_SHARE, Timetable
from plait.modalities import Codec, traits_of, traits_of_modality
from plait.model.backbone_column import BackboneColumn, open_derived_columns
from plait.model.derived_columns import DerivedColumn, with_derived_columns
from plait.model.model import Model
from plait.progress import Progress, say


def copies_in(
    table: Table,
    inputs: Sequence[str],
    base: Model | None,
    timetable: Timetable,
    progress: Progress,
) -> Copies:
    """Return the near-duplicates of the inputs; prepare in the same pass what can be foreseen."""
    if table.overlaps:
        return Copies()
    known = {} if base is None else known_codecs(base, table, inputs)
    fresh = [name for name in inputs if name not in known]
    steady = {name: codec for name, codec in known.items() if traits_of(codec).steady}
    return look_for_copies(
        table,
        inputs,
        deadline=timetable.until(COPIES_SHARE),
        progress=progress.task("near-duplicates", len(inputs) * table.num_rows),
        foreseen=cache(lambda: steady | foresee_codecs(table, fresh)),
    )


def read_columns(
    table: Table,
    inputs: tuple[str, ...],
    targets: Sequence[str],
    splits: Splits,
    *,
    base: Model | None,
    encoders: Mapping[str, str | FoundEncoder],
    seed: int,
    progress: Progress,
    timetable: Timetable,
    simple: bool = False,
) -> tuple[dict[str, Codec], Prepared, tuple[DerivedColumn, ...]]:
    """Fit codecs where the base has none, prepare every row, and add the derived columns."""
    read = progress.task("reading", table.num_rows)
    known = {} if base is None else known_codecs(base, table, inputs)
    fresh = [name for name in inputs if name not in known]
    codecs = known | fit_codecs(table, fresh, splits.train, seed=seed, features_only=simple)
    for target in targets:
        codecs |= _target_codec(table, target, splits, seed=seed)
    update = ReadingTime(timetable, table.num_rows, read, partial(say, progress))
    prepared = prepare_table(table, codecs, progress=update)
    derived_columns: tuple[DerivedColumn, ...] = () if base is None else base.derived_columns
    derived_columns = tuple(
        one
        for one in derived_columns
        if one.input_column in inputs and isinstance(one, BackboneColumn)
    )
    derived_columns += open_derived_columns(
        table,
        dict(encoders),
        inputs,
        splits.train,
        known=[one for one in derived_columns if isinstance(one, BackboneColumn)],
        progress=progress.task,
    )
    prepared = with_derived_columns(derived_columns, table, prepared, progress=progress.task)
    return codecs, prepared, derived_columns


def _target_codec(table: Table, target: str, splits: Splits, *, seed: int) -> dict[str, Codec]:
    """Return the target's codec: labels of all rows that may be learned from, scales of training.

    A label that only validation rows have must have its place, and having one tells nothing of any
    row. A mean and a scale do, if little (of the order of one over the rows): they start a network,
    so rows that judge it have no part in them. Cross-fitted rows are all training rows, each fold's
    network standing on the scale of all: less than what a fold's own mean is uncertain by.
    """
    both = np.sort(np.concatenate([splits.train, splits.validation]))
    blank: Any = make_codec(table.schema[target])
    has_labels = hasattr(blank, "labels")
    for rows in (both,) if has_labels else (splits.train, both):
        found = fit_codecs(
            table,
            [target],
            rows,
            seed=seed,
            max_rows=10**9,
            as_target=True,
        )
        if _tells(found[target], blank.as_target(), len(rows)):
            break
    return found


def _tells(codec: Codec, blank: Codec, num_rows: int) -> bool:
    """Tell whether a target's codec saw enough to stand on: values, and not one value alone."""
    try:
        codec.check_target(num_rows)  # type: ignore[attr-defined]
    except TargetError:
        return False
    return codec != blank


def as_in_base(table: Table, base: Model | None, targets: Sequence[str]) -> Table:
    """Return the table with columns of which nothing was said read as the base reads them."""
    if base is None:
        return table
    said = {
        name: {"modality": base.shown[name].modality, "why": "as in the base"}
        for name in base.inputs
        if name in table.schema and name not in table.overrides and name not in targets
        if table.schema[name].modality not in (None, base.shown[name].modality)
    }
    return table.told(columns=said) if said else table


def known_codecs(base: Model, table: Table, inputs: Sequence[str]) -> dict[str, Codec]:
    """Return the base's codecs of the inputs that it knows.

    Raises `SchemaError` when a column is of another modality in the table than in the base.
    """
    known = {name: base.shown[name] for name in inputs if name in base.inputs}
    for name, codec in known.items():
        found = table.schema[name].modality
        if found != codec.modality:
            raise SchemaError(
                "a column is of another modality than in the base bundle",
                expected=codec.modality,
                received=found,
                column=name,
                hint=f"say so: --columns {name}={codec.modality}, or leave --base out",
            )
    return known


def input_columns_with(
    derived_columns: Sequence[DerivedColumn],
    input_columns: Mapping[str, tuple[str, ...]],
    own: Collection[str] = (),
) -> dict[str, tuple[str, ...]]:
    """Return the input columns with the derived columns added, or in place of their own.

    A pretrained encoder of pictures, sounds or films takes the place of the column's own stem,
    which costs most of the training time and adds little to it; light ones (texts) keep both, for
    their own stem is cheap and knows the letters. A column of `own` keeps its stem for what only
    that offers, unless the encoder's vectors offer it too.
    """
    found = dict(input_columns)
    for derived in derived_columns:
        found[derived.input_column] = (*found[derived.input_column], derived.column)
    alone = {
        one.input_column: not traits_of_modality(one.checkpoint.modality).light
        and (one.input_column not in own or getattr(one.codec, "lined", False))
        for one in reversed(derived_columns)
        if isinstance(one, BackboneColumn)
    }
    return {
        name: tuple(column for column in columns if column != name or not heavy)
        for name, columns in found.items()
        for heavy in [alone.get(name, False)]
    }
