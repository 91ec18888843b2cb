"""Which columns of a table are target, inputs and split, refused where they cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plait.data.cautions import Caution
from plait.data.duplicates import Copies
from plait.data.inference import CONSTANT, EMPTY
from plait.data.schema import Schema
from plait.data.splits import Splits, make_splits
from plait.data.table import Table
from plait.errors import ColumnError, SchemaError, TargetError, UsageError, no_column
from plait.fitting.setup.fit_settings import Rows
from plait.fitting.setup.row_weights import check_weights
from plait.modalities import find_codec, modalities
from plait.modalities._scan import is_predictive, issubclass_target
from plait.model.model import Model

ANSWERS = ("prediction", "confidence")
"""Names of columns that predict writes beside those of the table."""


def check_target(schema: Schema, target: str) -> None:
    """Raise `ColumnError` or `TargetError` where a column is no target that can be learned."""
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


def choose_columns(
    table: Table, targets: Sequence[str], exclude: Sequence[str], rows: Rows
) -> tuple[tuple[str, ...], str | None]:
    """Return the inputs and the column of weights, where there is one; refuse what cannot be."""
    for target in targets:
        check_target(table.schema, target)
    weighers = [check_weights(table, rows.weights, target) for target in targets or (None,)]
    without = {*exclude, *filter(None, (rows.group, rows.time, rows.split, weighers[0]))}
    refuse_answers(table, targets, without)
    return choose_inputs(table.schema, targets, without), weighers[0]


def choose_inputs(schema: Schema, targets: Sequence[str], without: set[str]) -> tuple[str, ...]:
    """Return the value columns that are neither targets nor left out; `SchemaError` of none."""
    names = [column.name for column in schema.columns]
    for name in sorted(without - set(names)):
        raise no_column(name, names)
    apart = {*targets, *without}
    inputs = tuple(c.name for c in schema.values() if c.name not in apart)
    if not inputs:
        raise SchemaError(
            "no column is left to learn from",
            expected="at least one input" + (" beside the target" if targets else ""),
            received="; ".join(f"{c.name}: {c.why}" for c in schema.columns),
            hint="name what a column is: --columns NAME=text",
        )
    return inputs


def refuse_answers(table: Table, targets: Sequence[str], without: set[str]) -> None:
    """Refuse inputs that are named as what predict writes, unless the person said what they are.

    Such a column is mostly an earlier prediction, which would be learned from itself.
    """
    for name in ANSWERS:
        known = {*targets, *without, *table.overrides}
        if name in table.column_names and name not in known:
            raise UsageError(
                f"the table has a column '{name}', which is what plait calls its answers",
                expected="columns that were there before any prediction",
                received=name,
                hint=f"leave it out with --exclude {name}; if it is none, say what it is: "
                f"--columns {name}=number",
            )


def split_column(schema: Schema, exclude: Sequence[str]) -> str | None:
    """Return the first column that says which part each row is of; None where none does."""
    return next(
        (c.name for c in schema.columns if c.role == "split" and c.name not in exclude), None
    )


def split_rows(
    table: Table,
    targets: Sequence[str],
    exclude: Sequence[str],
    rows: Rows,
    copies: Copies,
    seed: int,
) -> Splits:
    """Split the rows as was said, else by a column that says it, else at random."""
    return make_splits(
        table,
        copies=copies,
        by_column=rows.split or split_column(table.schema, exclude),
        group=rows.group,
        time=rows.time,
        stratify=stratify(table, targets),
        seed=seed,
    )


def stratify(table: Table, targets: Sequence[str]) -> list[Any] | None:
    """Return the classes of the first target that has any; None where none has."""
    for target in targets:
        codec: Any = find_codec(table.schema[target].modality or "")
        if issubclass_target(codec) and is_predictive(codec) and codec.form.exclusive:
            return [str(cell) for cell in table.column(target)]
    return None


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


def check_apart(named: Sequence[tuple[str, str | None]]) -> None:
    """Raise `UsageError` where one column is named as two things.

    Args:
        named: What a column is to be, and its name; None where none was named.
    """
    roles: dict[str, str] = {}
    for role, column in named:
        if column is not None and column in roles:
            both = "twice" if roles[column] == role else f"as the {roles[column]} too"
            raise UsageError(
                f"'{column}' is named as the {role}, and {both}",
                expected="a column of its own for each",
                received=column,
            )
        if column is not None:
            roles[column] = role
