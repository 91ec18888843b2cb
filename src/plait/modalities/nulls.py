"""Words that stand for nothing in columns that cannot mean them: ``NA``, ``pending``, ``n.a.``."""

from __future__ import annotations

_SHORT = (
    "na n.a. n.a n/a n/m ? ?? - -- --- none missing pending unknown unk null nil nan #n/a n/k "
    "tbd tba tbc . .. ... * ** k.a. k.a o.a. s/d s.d."
)
NULL_WORDS = frozenset(
    [*_SHORT.split()]
    + ["not done", "not tested", "not known", "not available", "not applicable", "not recorded"]
    + ["not measured", "no data", "no result", "to follow", "insufficient sample", "\u2013"]
    + ["\u2014", "\u2212", "<na>", "<null>", "<none>", "#value!", "#ref!", "#div/0!", "#null!"]
)
"""Lower case. In a column of numbers or dates they count as missing; labels keep them."""


def is_null_word(text: str) -> bool:
    """Tell whether a cell of numbers or dates only says that there is nothing.

    >>> is_null_word(" Pending "), is_null_word("12")
    (True, False)
    """
    return text.strip().lower() in NULL_WORDS
