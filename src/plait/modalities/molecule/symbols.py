"""Molecules as SELFIES (Krenn et al. 2020): symbols of which every sequence is a molecule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from plait.errors import ExtraError
from plait.modalities.molecule.parsing import parsed, quiet, rdkit

END, OTHER = 0, 1
"""Numbers of what stands before the first symbol and behind the last, and of a molecule that
cannot be written; symbols have the numbers from `FIRST` on."""
FIRST = 2

MOST_SYMBOLS = 500
"""Distinct symbols that are learned; molecules with a rarer one are not written."""

MOST_LEARNED = 5_000
"""Training molecules from which they are learned."""

MOST_WRITTEN = 256
"""Symbols of a molecule that is written, at most."""

ATOM = "C"
"""What is left where nothing else is: methane."""

NOT_ALLOWED = "an atom has more bonds than SELFIES gives it"
NOT_KNOWN = "SELFIES does not know its atoms or bonds"
NOT_THE_SAME = "it reads back as another molecule"
TOO_LONG = f"it has more than {MOST_WRITTEN} symbols"
TOO_RARE = "it has a symbol that is too rare to be learned"


def selfies() -> Any:
    """Return the package ``selfies``. Raises `ExtraError` when it is not installed."""
    try:
        import selfies as found
    except ImportError:
        raise ExtraError("molecule", "writing molecules") from None
    return found


def symbols_of(smiles: str) -> tuple[list[str], str]:
    """Return the symbols of canonical SMILES; or none, and why they cannot be written.

    They follow the atoms of the molecule in Kekulé's form, in RDKit's canonical order. That they
    read back as the same molecule, charges, isotopes and stereochemistry included, is tried.
    """
    package = selfies()
    mol = rdkit().Mol(parsed(smiles))
    try:
        with quiet():
            rdkit().Kekulize(mol, clearAromaticFlags=True)
        plain = rdkit().MolToSmiles(mol, kekuleSmiles=True)
        text = package.encoder(plain)
    except (package.EncoderError, RecursionError, ValueError) as error:
        return [], NOT_ALLOWED if "constraints" in str(error) else NOT_KNOWN
    found = list(package.split_selfies(text))
    if len(found) > MOST_WRITTEN:
        return [], TOO_LONG
    return (found, "") if _read(found) == smiles else ([], NOT_THE_SAME)


class Learned(NamedTuple):
    """What training molecules tell of symbols.

    Attributes:
        symbols: The most frequent first.
        longest: Most symbols of a molecule.
        unwritten: Why molecules cannot be written, and how many of those that were looked at.
    """

    symbols: tuple[str, ...]
    longest: int
    unwritten: tuple[tuple[str, int], ...]


def learn(molecules: Sequence[str]) -> Learned:
    """Learn symbols from up to 5,000 canonical SMILES, at most 500 of them."""
    found = [symbols_of(smiles) for smiles in molecules[:MOST_LEARNED]]
    counts = Counter(symbol for symbols, _ in found for symbol in symbols)
    symbols = tuple(sorted(counts, key=lambda one: (-counts[one], one))[:MOST_SYMBOLS])
    known = set(symbols)
    reasons = Counter(why or TOO_RARE for one, why in found if why or not known.issuperset(one))
    longest = max((len(one) for one, _ in found), default=0)
    return Learned(symbols, longest, tuple(sorted(reasons.items())))


def numbers_of(smiles: str, symbols: tuple[str, ...]) -> list[int]:
    """Return the numbers of a molecule's symbols; `OTHER` alone where it cannot be written."""
    places = _places(symbols)
    numbers = [places.get(symbol, OTHER) for symbol in symbols_of(smiles)[0]]
    return numbers if numbers and OTHER not in numbers else [OTHER]


def smiles_of(numbers: Sequence[int], symbols: tuple[str, ...]) -> str:
    """Return canonical SMILES of any symbols: of the longest beginning that RDKit takes.

    SELFIES give every atom no more bonds than it has; the few that RDKit refuses all the same
    (strained aromatic rings) lose their last symbols.
    """
    written = [symbols[number - FIRST] for number in numbers if number >= FIRST]
    for end in range(len(written), 0, -1):
        found = _read(written[:end])
        if found:
            return found
    return ATOM


def _read(symbols: Sequence[str]) -> str:
    """Return canonical SMILES; "" where there is no molecule."""
    package, chem = selfies(), rdkit()
    try:
        text = package.decoder("".join(symbols))
    except (package.DecoderError, RecursionError):
        return ""
    with quiet():
        for _ in range(2):  # RDKit's canonical form of a form is at times another one
            mol = chem.MolFromSmiles(text) if text else None
            if mol is None:
                return ""
            text = chem.MolToSmiles(mol)
    return str(text)


@lru_cache(maxsize=8)
def _places(symbols: tuple[str, ...]) -> dict[str, int]:
    """Return symbol -> number."""
    return {symbol: number for number, symbol in enumerate(symbols, FIRST)}
