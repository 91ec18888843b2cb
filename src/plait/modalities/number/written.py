"""Takes a number apart as people write it: mark, sign, digits, power, unit; nothing is decided."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from plait.modalities.number.units import plain_unit

_SAME = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u2002\u2003\u3000", " "),
        **dict.fromkeys("\u2212\u2010\u2011\u2013\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2019\u02bc\u2018", "'"),
        **dict.fromkeys("\u200b\u200e\u200f\u2060\ufeff", ""),
        "\uff0c": ",",
        "\uff0e": ".",
        "\uff05": "%",
        "\uff1c": "<",
        "\uff1e": ">",
    }
)
MAX_CHARACTERS = 60
"""Longer cells are no numbers."""

_BELOW = ("<=", "=<", "<", "\u2264", "\u2a7d", "less than", "below", "under", "up to", "at most")
_ABOVE = (">=", "=>", ">", "\u2265", "\u2a7e", "more than", "above", "over", "at least")
_ABOUT = ("~", "\u2248", "\u223c", "ca.", "ca", "circa", "approx.", "approx", "about", "c.")
_MARKS = {**dict.fromkeys(_BELOW, -1), **dict.fromkeys(_ABOVE, 1), **dict.fromkeys(_ABOUT, 0)}
_MONEY = (
    r"us\$|r\$|a\$|c\$|[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20b4\u20bf]|eur|usd|gbp|chf|jpy"
    r"|cny|inr|aud|cad|nzd|sek|nok|dkk|pln|czk|huf|brl|mxn|zar|rub|try|krw|kr\.?|fr\.?|rs\.?"
)
_NUMBER = re.compile(
    r"(?:(?P<mark>" + "|".join(map(re.escape, _MARKS)) + r")\s*)?"
    r"(?P<open>\()?\s*(?P<sign>[+-])?\s*"
    r"(?:(?P<money>" + _MONEY + r")\s*(?P<sign_after>[+-])?\s*)?"
    r"(?P<digits>\d+(?:[.,' ]\d+)*\.?|[.,]\d+)"
    r"(?:e(?P<power>[+-]?\d{1,3})(?![\w])|\s?[x\u00d7*]\s?10\^?(?P<ten>[+-]?\d{1,2})(?![\d/]))?"
    r"(?P<more>\+)?"
    r"\s*(?P<unit>mm ?Hg|fl ?oz|sq ?ft|sq ?m|per ?cent"
    r"|[x\u00d7] ?10\^\d{1,2}/\w{1,3}"
    r"|(?:[^\W\d_]|[%\u00b0\u2030\"'\u2032\u2033$\u20ac\u00a3\u00a5\u20b9\u20bd\u00b5]|/(?=[^\W\d_]))"
    r"[^\s,;:()<>=~+]{0,15})?"
    r"\s*(?P<close>\))?(?P<minus>-)?",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"(?P<sign>-)?(?P<days>\d{1,6}) days?,? (?P<after>[+-])?"
    r"(?P<clock>\d{1,2}:\d{2}:\d{2}(?:\.\d{1,9})?)"
)
_CLOCK = re.compile(r"(?:[ap]\.?m|o'clock|uhr)\.?|(?:st|nd|rd|th)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it stands in a cell.

    Attributes:
        digits: With separators, without sign.
        power: Of ten.
        negative: By a sign before or behind it, or by brackets as in accounting.
        side: -1 where the truth lies at or below the number, 1 at or above, else 0.
        about: Whether it is said to be rough.
        bracketed: Whether brackets make it negative.
        unit: What stands behind it, or the currency before it; "" for none.
    """

    digits: str
    power: int
    negative: bool
    side: int
    about: bool
    bracketed: bool
    unit: str


def take_apart(text: str) -> Written | None:
    """Return the parts of a number; None for what is none, a date, an address or a code.

    >>> take_apart("< 1.200,5 mg/dl").digits, take_apart("< 1.200,5 mg/dl").unit
    ('1.200,5', 'mg/dl')
    >>> take_apart("12:30"), take_apart("1/2"), take_apart("A12")
    (None, None, None)
    """
    text = text.strip()
    return _take_apart(text) if len(text) <= MAX_CHARACTERS else None


@lru_cache(maxsize=8192)
def _take_apart(text: str) -> Written | None:
    text = text.translate(_SAME).strip()
    found = _NUMBER.fullmatch(text)
    if found is None:
        return _duration(text)
    signs = [bool(found[name]) for name in ("sign", "sign_after", "minus")]
    if bool(found["open"]) != bool(found["close"]) or sum(signs) + bool(found["open"]) > 1:
        return None
    unit = found["unit"] or ""
    if found["more"] and found["mark"] or _CLOCK.fullmatch(unit):
        return None
    if found["money"] and unit:
        return None if unit.lower() not in ("k", "m", "bn") else _written(found, text, unit)
    return _written(found, text, "")


def duration(seconds: float) -> Written:
    """Return a length of time as a number of seconds."""
    return Written(f"{abs(seconds):.6f}", 0, seconds < 0, 0, False, False, "s")


def _duration(text: str) -> Written | None:
    """Return ``1 days 02:03:04``, as pandas writes lengths of time, in seconds."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = found["clock"].split(":")
    clock = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    days = int(found["days"]) * 86_400
    return duration(
        (-days if found["sign"] else days) + (-clock if found["after"] == "-" else clock)
    )


def _written(found: re.Match[str], text: str, size: str) -> Written:
    """Compose the parts; `size` is a letter behind an amount of money: ``$1.2M``."""
    mark = (found["mark"] or "").lower()
    side = 1 if found["more"] else _MARKS.get(mark, 0)
    unit = (found["money"] or "") if size else found["unit"] or found["money"] or ""
    power = int(found["power"] or found["ten"] or 0)
    power += {"k": 3, "m": 6, "bn": 9}.get(size.lower(), 0)
    minus = "-" in ((found["sign"] or "") + (found["sign_after"] or "") + (found["minus"] or ""))
    return Written(
        digits=found["digits"].rstrip(".") if found["digits"].count(".") == 1 else found["digits"],
        power=power,
        negative=minus or bool(found["open"]),
        side=side,
        about=mark in _ABOUT,
        bracketed=bool(found["open"]),
        unit=plain_unit(unit),
    )


def to_number(written: Written, decimal: str, thousands: str) -> float | None:
    """Return the number, its digits read by the column's signs; None where they do not fit.

    Args:
        written: The parts.
        decimal: Sign or signs between whole and fraction: ``.``, ``,``, or ``.,`` for either.
        thousands: All signs that may group digits.

    >>> to_number(take_apart("1.234,5"), ",", "."), to_number(take_apart("1.5"), ",", ".")
    (1234.5, None)
    """
    digits = written.digits
    signs = [sign for sign in digits if not sign.isdigit()]
    if signs and signs[-1] in decimal and signs.count(signs[-1]) == 1:
        whole, _, part = digits.rpartition(signs[-1])
        signs = signs[:-1]
    else:
        whole, part = digits, ""
    if signs and (len(set(signs)) > 1 or signs[0] not in thousands or not grouped(whole, signs[0])):
        return None
    for sign in set(signs):
        whole = whole.replace(sign, "")
    value = float(f"{whole or '0'}.{part or '0'}e{written.power}")
    return -value if written.negative else value


def grouped(whole: str, sign: str) -> bool:
    """Tell whether digits are grouped in threes, or as in India (12,34,567)."""
    first, *middle, last = whole.split(sign)
    return (
        len(last) == 3
        and 1 <= len(first) <= 3
        and (all(len(m) == 3 for m in middle) or (len(first) < 3 and _are_pairs(middle)))
    )


def _are_pairs(groups: Sequence[str]) -> bool:
    return all(len(group) == 2 for group in groups)
