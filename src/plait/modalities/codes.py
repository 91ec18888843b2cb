"""Recognises codes made of digits: postal codes, telephone numbers, versions, network addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from plait.types import Cell

_NAME = re.compile(
    r"(^|[\W_])(zip|zip_?code|post_?code|postal_?code|postcode|plz|phone|phone_?(no|number)|tel"
    r"|telephone|mobile|fax|isbn|ean|gtin|upc|barcode|iban|bic|ssn|icd|vat_?id|sku)([\W_]|$)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"-?(0|[1-9]\d{0,2})\.\d+", re.ASCII)
"""Text that is an amount for sure: a decimal fraction is no name of anything."""

_LEADING_ZERO = re.compile(r"0\d+")
_DIALLED = re.compile(r"(\+|00)\d[\d ()/.-]{6,18}\d|\(0\d+\)[\d /-]{4,14}|0\d[\d ()/-]{7,16}\d")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_LEAST_SHARE = 0.02


def reason_for_codes(name: str, values: Sequence[Cell]) -> str:
    """Return why digits are names of things, not amounts; "" where they are not.

    >>> reason_for_codes("x", ["01234", "99999"]), reason_for_codes("x", ["12", "0.5"])
    ("leading zeros, as in '01234', mark codes", '')
    """
    for known, same, reason in _last:
        if same is values and known == name:
            return reason
    found = _reason(name, values)
    _last[:] = [(name, values, found)]
    return found


_last: list[tuple[str, Sequence[Cell], str]] = []
"""The last answer: several modalities ask of the same sample."""


def _reason(name: str, values: Sequence[Cell]) -> str:
    texts = [value.strip() for value in values if isinstance(value, str)]
    if texts and all(map(_AMOUNT.fullmatch, texts)):
        return ""
    zeros = [text for text in texts if _LEADING_ZERO.fullmatch(text)]
    even = len({len(text) for text in texts}) == 1
    if zeros and (len(zeros) >= _LEAST_SHARE * len(texts) or even):
        return f"leading zeros, as in '{zeros[0]}', mark codes"
    for pattern, kind in ((_DIALLED, "telephone numbers"), (_ADDRESS, "network addresses")):
        hits = [text for text in texts if pattern.fullmatch(text)]
        if hits and len(hits) > 0.9 * len(texts) and kind_fits(kind, hits):
            return f"they look like {kind}, as in '{hits[0]}'"
    if _NAME.search(name) and values and all(_is_whole(value) for value in values):
        return f"whole numbers named '{name}' are codes"
    return ""


def kind_fits(kind: str, texts: Sequence[str]) -> bool:
    """Tell whether every address has parts below 256; telephone numbers need no more."""
    if kind != "network addresses":
        return True
    return all(int(part) < 256 for text in texts for part in text.split("."))


def _is_whole(value: Cell) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) or (isinstance(value, str) and value.strip().isdigit())
