"""Names of months in seven languages, whole or shortened."""

from __future__ import annotations

import unicodedata
from functools import cache

_NAMES = (
    "january february march april may june july august september october november december",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janner feber maerz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "jan feb mrt apr mei jun jul aug sept okt nov dec",
)


def month_number(name: str) -> int | None:
    """Return 1 to 12 for a month's name or a beginning of it that no other month has, or None.

    >>> month_number("M\u00e4rz"), month_number("Sept"), month_number("Monday")
    (3, 9, None)
    """
    plain = unicodedata.normalize("NFKD", name.lower())
    return _beginnings().get("".join(c for c in plain if not unicodedata.combining(c)))


@cache
def _beginnings() -> dict[str, int]:
    meant: dict[str, set[int]] = {}
    for line in _NAMES:
        for number, name in enumerate(line.split(), start=1):
            for length in range(3, len(name) + 1):
                meant.setdefault(name[:length], set()).add(number)
    return {name: next(iter(numbers)) for name, numbers in meant.items() if len(numbers) == 1}
