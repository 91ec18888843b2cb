"""Recognises and composes SMILES without a chemistry library."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from plait.types import ColumnSample

_TOKENS = re.compile(r"(?:\[[^\[\]\s]{1,20}\]|Br|Cl|[BCNOPSFIbcnops*]|[-=#$:/\\.()~]|%\d\d|\d)+")
_BRACKETED = re.compile(r"\[[^\[\]]*\]")
_RING = re.compile(r"%\d\d|\d")
_TELLING = re.compile(r"[=#\[\]()@]|[A-Za-z]\d")
_CHAINS = ("C", "CC", "CCC", "CC(C)", "CCO", "OCC", "NCC", "FC(F)(F)", "ClCC", "N#CC", "C=CC")
_LINKS = ("", "O", "N", "S", "C(=O)", "C(=O)O", "C(=O)N", "S(=O)(=O)N")
_RINGS = (
    "c1ccccc1", "c1ccncc1", "c1ccc(O)cc1", "c1ccc(Cl)cc1", "C1CCCCC1", "C1CCNCC1", "c1ccoc1",
    "c1ccc(C(=O)O)cc1", "c1ccc2ccccc2c1", "C1CC1", "c1csc(N)n1",
)  # fmt: skip


def looks_like_smiles(text: str) -> bool:
    """Tell whether `text` obeys the letters, brackets and ring closures of SMILES.

    >>> [looks_like_smiles(text) for text in ("CC(=O)Oc1ccccc1", "CC(", "C1CC", "house", "12")]
    [True, False, False, False, False]
    """
    text = text.strip()
    if not 1 <= len(text) <= 2000 or not _TOKENS.fullmatch(text):
        return False
    bare = _BRACKETED.sub("*", text)
    rings = Counter(number.lstrip("%0") or "0" for number in _RING.findall(bare))
    even = all(count % 2 == 0 for count in rings.values())
    return even and _parentheses_match(bare) and any(c.isalpha() or c == "*" for c in bare)


def likeness(sample: ColumnSample) -> float:
    """How sure, in [0, 1], that a column is SMILES, from its letters alone.

    At least a fifth of the cells must hold a bond, branch, ring or bracket (or the column's name
    say "smiles"): "CC" and "NO" alone are just as well words.
    """
    texts = [value for value in sample.values if isinstance(value, str)]
    hits = [text for text in texts if looks_like_smiles(text)]
    if not hits or len(hits) < 0.8 * len(sample.values):
        return 0.0
    telling = sum(_TELLING.search(text) is not None for text in hits) / len(hits)
    named = "smiles" in sample.name.lower()
    return 0.98 * len(hits) / len(sample.values) if named or telling >= 0.2 else 0.0


def composed_smiles(rng: np.random.Generator) -> str:
    """Join a random chain, link and ring into a valid SMILES."""
    return "".join(str(rng.choice(parts)) for parts in (_CHAINS, _LINKS, _RINGS))


def _parentheses_match(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
