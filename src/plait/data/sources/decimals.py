"""Rewrites numbers with a decimal comma, where the person said that the comma is one."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as compute

_NUMBER = r"^\s*[+\-\x{2212}]?(\d{1,3}([. \x{a0}\x{202f}']\d{3})+|\d+)(,\d+)?([eE][+-]?\d+)?\s*$"
_GROUPING = r"[. \x{a0}\x{202f}']"


def with_points(cells: pa.Array) -> pa.Array:
    """Return text cells in which whole numbers written ``1.234,5`` or ``1,5`` have a point.

    Only cells that are one number from end to end change: ``1,5 and 2`` stays as it is. A point
    or blank between groups of three digits is taken out, for it is not the decimal mark.
    """
    is_number = compute.match_substring_regex(cells, _NUMBER)
    if not compute.any(is_number, min_count=0).as_py():
        return cells
    plain = compute.replace_substring_regex(cells, _GROUPING, "")
    pointed = compute.replace_substring(plain, ",", ".")
    return compute.if_else(is_number, pointed, cells)
