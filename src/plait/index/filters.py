"""The filter language of search: ``price < 20 and category == "boot" or not sold``.

Guarantees: a filter is parsed with `ast` and only the forms below are compiled; nothing is run.

==========================================  ====================================================
``price < 20``, ``20 >= price``             also ``<=``, ``>``, ``==``, ``!=``; ``10 < price < 20``
``price < cost``                            two columns
``category in ("boot", "sandal")``          also ``not in``
``sold``, ``not sold``                      a column of truth values
``sold == true``                            ``true`` and ``false``, or Python's
``price is null``, ``price is not null``    missing cells; NaN counts as missing
``day >= "2024-01-31"``                     dates and times as ISO 8601 text
``col("unit price") < 3``                   a name that is no Python name, or is one of its words
``and``, ``or``, ``not``, ``( )``           as in Python
==========================================  ====================================================

A comparison with a missing cell is unknown, as in SQL: ``not`` leaves it unknown, and only rows for
which the whole filter is true are kept. Text compares by code point. A number is compared with a
float column in the column's own precision, with a column of whole numbers exactly.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plait.errors import UsageError
from plait.index.columns import check_alike, column_of, fitting, float_like, unlike

if TYPE_CHECKING:
    from jaxtyping import Bool

MAX_CHARACTERS = 20_000
ALLOWED = (
    'comparisons of columns (< <= > >= == !=, in ("a", "b"), is null), columns of truth values, '
    "and, or, not, parentheses"
)
EXAMPLE = 'price < 20 and category in ("boot", "sandal") and not sold'
WORDS = {"null": None, "true": True, "false": False}

_COMPARISONS: dict[type[ast.cmpop], tuple[str, Callable[..., Any]]] = {
    ast.Lt: ("<", pc.less),
    ast.LtE: ("<=", pc.less_equal),
    ast.Gt: (">", pc.greater),
    ast.GtE: (">=", pc.greater_equal),
    ast.Eq: ("==", pc.equal),
    ast.NotEq: ("!=", pc.not_equal),
}
_MIRRORED = {"<": ast.Gt, "<=": ast.GtE, ">": ast.Lt, ">=": ast.LtE, "==": ast.Eq, "!=": ast.NotEq}


def kept_rows(where: str, attributes: pa.Table | None) -> Bool[np.ndarray, " row"]:
    """Return which rows of a table a filter keeps.

    Raises:
        UsageError: The filter cannot be read, names no column, or compares unlike things.

    >>> kept_rows("price < 20 or price is null", pa.table({"price": [5, 50, None]})).tolist()
    [True, False, True]
    """
    if attributes is None:
        raise UsageError(
            "this index has no columns to filter by",
            received=where,
            hint="build it with attributes, or leave the filter out",
        )
    tree = _parse(where)
    try:
        kept = _Filter(where, attributes).truth(tree)
    except RecursionError:
        raise _unreadable(where, "it is nested too deeply") from None
    return pc.fill_null(kept, False).to_numpy()


def _parse(where: str) -> ast.expr:
    if len(where) > MAX_CHARACTERS:
        raise _unreadable(where, f"it is longer than {MAX_CHARACTERS:,} characters")
    try:
        return ast.parse(where.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = getattr(error, "msg", None) or str(error) or "it is nested too deeply"
        raise _unreadable(where, reason) from None


class _Filter:
    """Compiles a parsed filter to Arrow kernels over the columns of one table."""

    def __init__(self, where: str, attributes: pa.Table) -> None:
        self._where = where
        self._attributes = attributes

    def truth(self, node: ast.expr) -> pa.ChunkedArray:
        """Return true, false or null (unknown) per row."""
        if isinstance(node, ast.BoolOp):
            kernel = pc.and_kleene if isinstance(node.op, ast.And) else pc.or_kleene
            return _folded(kernel, [self.truth(value) for value in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return pc.invert(self.truth(node.operand))
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            pairs = zip(sides, node.ops, sides[1:], strict=False)
            return _folded(pc.and_kleene, [self._compare(*pair) for pair in pairs])
        name = self._column_name(node)
        if name is None:
            raise self._refused(node)
        column = column_of(self._attributes, name)
        if pa.types.is_null(column.type):
            return column.cast(pa.bool_())
        if not pa.types.is_boolean(column.type):
            raise unlike(name, column.type, "nothing")
        return column

    def _compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> pa.ChunkedArray:
        name, other = self._column_name(left), self._column_name(right)
        if isinstance(op, ast.Is | ast.IsNot):
            return self._null_test(left, isinstance(op, ast.IsNot), right)
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(left, isinstance(op, ast.NotIn), right)
        symbol, kernel = _COMPARISONS[type(op)]
        if name is None and other is not None:
            return self._compare(right, _MIRRORED[symbol](), left)
        if name is None:
            raise self._refused(left, "one side of a comparison must be a column")
        column = column_of(self._attributes, name)
        if other is not None:
            second: Any = column_of(self._attributes, other)
            check_alike(name, column.type, second.type, symbol)
        else:
            second = fitting(name, column.type, self._constant(right), symbol)
        return self._called(kernel, column, second, name)

    def _null_test(self, left: ast.expr, negated: bool, right: ast.expr) -> pa.ChunkedArray:
        name = self._column_name(left)
        if name is None or not self._is_null(right):
            raise self._refused(left, "'is' takes a column and null")
        missing = column_of(self._attributes, name).is_null()
        return pc.invert(missing) if negated else missing

    def _membership(self, left: ast.expr, negated: bool, right: ast.expr) -> pa.ChunkedArray:
        name = self._column_name(left)
        if name is None or not isinstance(right, ast.Tuple | ast.List | ast.Set):
            raise self._refused(left, "'in' takes a column and a list such as (1, 2)")
        column = column_of(self._attributes, name)
        tests = [fitting(name, column.type, self._constant(value), "==") for value in right.elts]
        none = pc.if_else(column.is_null(), pa.scalar(None, pa.bool_()), pa.scalar(False))
        found = _folded(
            pc.or_kleene, [none, *(self._called(pc.equal, column, test, name) for test in tests)]
        )
        return pc.invert(found) if negated else found

    def _called(
        self, kernel: Callable[..., Any], column: pa.ChunkedArray, second: Any, name: str
    ) -> pa.ChunkedArray:
        if pa.types.is_null(column.type):
            return column.cast(pa.bool_())
        try:
            return kernel(float_like(column, second), float_like(second, column))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise UsageError(
                f"the filter cannot compare column '{name}'",
                expected=ALLOWED,
                received=str(error),
                column=name,
            ) from None

    def _column_name(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name) and node.id not in WORDS:
            return node.id
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "col"
            and len(node.args) == 1
            and not node.keywords
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            return node.args[0].value
        return None

    def _constant(self, node: ast.expr) -> Any:
        """Return the number, text or truth value that is written there."""
        if isinstance(node, ast.Name) and WORDS.get(node.id) is not None:
            return WORDS[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            value = self._constant(node.operand)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
            return node.value
        if self._is_null(node):
            raise self._refused(node, "a column is compared with null by 'is null'")
        raise self._refused(node)

    def _is_null(self, node: ast.expr) -> bool:
        is_word = isinstance(node, ast.Name) and node.id == "null"
        return is_word or (isinstance(node, ast.Constant) and node.value is None)

    def _refused(self, node: ast.expr, reason: str = "") -> UsageError:
        text = ast.get_source_segment(self._where.strip(), node) or ""
        return _unreadable(self._where, reason or f"{text or type(node).__name__} is not allowed")


def _folded(kernel: Callable[..., Any], parts: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    found = parts[0]
    for part in parts[1:]:
        found = kernel(found, part)
    return found


def _unreadable(where: str, reason: str) -> UsageError:
    return UsageError(
        f"the filter cannot be read: {reason}",
        expected=ALLOWED,
        received=where,
        hint=f"for example: {EXAMPLE}",
    )
