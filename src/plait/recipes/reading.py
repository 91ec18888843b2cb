"""How a task's inputs are read: codecs, prepared rows, vectors of encoders and of a base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.data.fitting import fit_codecs
from plait.data.prepared import Prepared, prepare_table
from plait.data.splits import Splits
from plait.data.table import Table
from plait.errors import SchemaError
from plait.modalities import Codec, traits_of_modality
from plait.model.backbone_reading import BackboneReading, open_readings
from plait.model.model import Model
from plait.model.readings import Reading, with_readings
from plait.progress import Progress


def read_columns(
    table: Table,
    inputs: tuple[str, ...],
    target: str | None,
    splits: Splits,
    *,
    base: Model | None,
    encoders: Mapping[str, str],
    seed: int,
    progress: Progress,
    simple: bool = False,
) -> tuple[dict[str, Codec], Prepared, tuple[Reading, ...]]:
    """Fit codecs where the base has none, prepare every row, and add the readings' vectors."""
    learn = np.sort(np.concatenate([splits.train, splits.validation]))
    known = {} if base is None else known_codecs(base, table, inputs)
    fresh = [name for name in inputs if name not in known]
    codecs = known | fit_codecs(table, fresh, splits.train, seed=seed, features_only=simple)
    if target is not None:
        codecs |= fit_codecs(
            table,
            [target],
            learn,
            seed=seed,
            max_rows=10**9,
            every_label=True,
        )
    update = progress.task("reading", table.num_rows)
    prepared = prepare_table(table, codecs, progress=update)
    readings: tuple[Reading, ...] = () if base is None else base.readings
    readings = tuple(
        one for one in readings if one.source in inputs and isinstance(one, BackboneReading)
    )
    readings += open_readings(
        table,
        dict(encoders),
        inputs,
        splits.train,
        known=[one for one in readings if isinstance(one, BackboneReading)],
        progress=progress.task,
    )
    prepared = with_readings(readings, table, prepared, progress=progress.task)
    return codecs, prepared, readings


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
                hint=f"say what it is: --columns {name}={codec.modality}, or leave --base out",
            )
    return known


def sources_with(
    readings: Sequence[Reading], sources: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return the sources with the readings' columns added, or in place of the source's own.

    A pretrained encoder of pictures, sounds or films takes the place of the column's own stem,
    which costs most of the training time and adds little to it; light ones (texts) keep both, for
    their own stem is cheap and knows the letters.
    """
    found = dict(sources)
    for reading in readings:
        found[reading.source] = (*found[reading.source], reading.column)
    alone = {
        one.source: not traits_of_modality(one.checkpoint.modality).light
        for one in reversed(readings)
        if isinstance(one, BackboneReading)
    }
    return {
        name: tuple(column for column in columns if column != name or not heavy)
        for name, columns in found.items()
        for heavy in [alone.get(name, False)]
    }
