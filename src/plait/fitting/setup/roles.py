"""Which columns of a table are target, inputs and split, refused where they cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plait.data.cautions import Caution
from plait.data.inference import CONSTANT, EMPTY
from plait.data.schema import Schema
from plait.data.table import Table
from plait.errors import ColumnError, SchemaError, TargetError, UsageError, no_column
from plait.modalities import find_codec, modalities
from plait.modalities._scan import is_predictive, issubclass_target
from plait.model.model import Model

ANSWERS = ("prediction", "confidence")
"""Names of columns that predict writes beside those of the table."""


def check_target(schema: Schema, target: str) -> None:
    names = [column.name for column in schema.columns]
    if target not in names:
        raise no_column(target, names)
    modality = schema[target].modality
    if modality is None and schema[target].why == CONSTANT:
        raise TargetError(
            "the target has the same value in every row, so there is nothing to learn",
            expected="at least two values",
            column=target,
            hint="name another with --target",
        )
    if modality is None and schema[target].why == EMPTY:
        raise TargetError(
            "the target has no value in any row, so there is nothing to learn",
            expected="rows with a value",
            column=target,
            hint="name another with --target",
        )
    if modality is None:
        raise TargetError(
            "the target is not of a known modality",
            received=schema[target].why,
            column=target,
            hint=f"say what it is: --columns {target}=category",
        )
    if not issubclass_target(find_codec(modality)):
        able = [name for name, codec in modalities().items() if issubclass_target(codec)]
        raise TargetError(
            f"a column of {modality} cannot be the target yet",
            expected=f"a column that is {', '.join(able[:-1])} or {able[-1]}",
            column=target,
            hint=f"if it is one of those, say so: --columns {target}=category",
        )


def choose_inputs(schema: Schema, target: str | None, without: set[str]) -> tuple[str, ...]:
    names = [column.name for column in schema.columns]
    for name in sorted(without - set(names)):
        raise no_column(name, names)
    inputs = tuple(c.name for c in schema.values() if c.name != target and c.name not in without)
    if not inputs:
        raise SchemaError(
            "no column is left to learn from",
            expected="at least one input" + ("" if target is None else " beside the target"),
            received="; ".join(f"{c.name}: {c.why}" for c in schema.columns),
            hint="name what a column is: --columns NAME=text",
        )
    return inputs


def refuse_answers(table: Table, target: str | None, without: set[str]) -> None:
    """Refuse inputs that are named as what predict writes, unless the person said what they are.

    Such a column is mostly an earlier prediction, which would be learned from itself.
    """
    for name in ANSWERS:
        known = {target, *without, *table.overrides}
        if name in table.column_names and name not in known:
            raise UsageError(
                f"the table has a column '{name}', which is what plait calls its answers",
                expected="columns that were there before any prediction",
                received=name,
                hint=f"leave it out with --exclude {name}; if it is none, say what it is: "
                f"--columns {name}=number",
            )


def split_column(schema: Schema, exclude: Sequence[str]) -> str | None:
    return next(
        (c.name for c in schema.columns if c.role == "split" and c.name not in exclude), None
    )


def stratify(table: Table, target: str | None) -> list[Any] | None:
    if target is None:
        return None
    codec: Any = find_codec(table.schema[target].modality or "")
    if not issubclass_target(codec) or not is_predictive(codec) or not codec.form.exclusive:
        return None
    return [str(cell) for cell in table.column(target)]


def check_base(base: Model | None, table: Table, target: str | None) -> tuple[Caution, ...]:
    """Return what to warn of where a base learned from the column that is to be predicted.

    Its vectors of the other columns lean towards the answers of the rows that it saw.

    Raises `TargetError` where it learned from this very table: no row could be judged fairly.
    """
    if base is None or target is None or target not in base.inputs:
        return ()
    hint = f"fit the base without it: plait fit TABLE --exclude {target} --out base.plait"
    learned = base.records.get("lineage", {}).get("table", {})
    if learned.get("key") == table.key:
        raise TargetError(
            "the base learned the answers of this very table, by which it would be judged",
            expected="a base that never saw the target column, or saw it in other rows",
            received=f"a base of {', '.join(base.inputs)}, from {learned.get('name')}",
            column=target,
            hint=hint,
        )
    text = (
        f"the base learned from the column '{target}' too, in the {learned.get('rows', 'unknown')} "
        f"rows of {learned.get('name', 'another table')}: where some of these are here as well, "
        f"the numbers are too good; {hint}"
    )
    return ({"kind": "base", "column": target, "text": text},)


def check_known(base: Model | None, inputs: Sequence[str]) -> None:
    """Refuse a base that knows none of the inputs: nothing that it learned could be used.

    Raises `ColumnError`.
    """
    if base is None or not inputs or set(inputs) & set(base.inputs):
        return
    raise ColumnError(
        "the base learned from no column that the table has",
        expected="one of " + ", ".join(base.inputs),
        received=", ".join(inputs),
        hint="rename the table's columns, or leave --base out",
    )
