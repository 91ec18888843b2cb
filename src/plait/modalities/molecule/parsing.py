"""Parses, draws and damages molecules with RDKit, which keeps silent about it."""

from __future__ import annotations

import html
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from plait.errors import CellError, ExtraError, LimitError
from plait.types import Html

MAX_ATOMS = 500
MAX_CHARACTERS = 5_000
"""Larger molecules are refused: some descriptors grow with the cube of the atoms (2 s at 500)."""
_DRAWN_ATOMS = 150
_SWAPS = (6, 7, 8, 9, 16, 17)
"""Atomic numbers of C, N, O, F, S, Cl."""


P = ParamSpec("P")
R = TypeVar("R")


class _Alone:
    """A lock that a forked process finds open, whoever held it."""

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.lock = threading.RLock()


_ALONE = _Alone()


def one_at_a_time(call: Callable[P, R]) -> Callable[P, R]:
    """Let no two threads be in RDKit at once.

    While it works, RDKit puts a handler of its own in the place of the one for Ctrl-C, and then
    puts back what it found. Of two threads, one finds that of the other: from then on Ctrl-C would
    end nothing any more.
    """

    @wraps(call)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with _ALONE.lock:
            return call(*args, **kwargs)

    return alone


def rdkit() -> Any:
    """Return RDKit's ``Chem``. Raises `ExtraError` when it is not installed."""
    try:
        from rdkit import Chem
    except ImportError:
        raise ExtraError("molecule", "reading molecules") from None
    return Chem


def quiet() -> AbstractContextManager[Any]:
    """Return a context in which RDKit logs nothing: what goes wrong is told by our own errors."""
    from rdkit import rdBase

    context: AbstractContextManager[Any] = rdBase.BlockLogs()
    return context


def parse(smiles: str) -> Any:
    """Return the sanitised molecule. Raises `CellError` or `LimitError` naming the SMILES."""
    chem = rdkit()
    if len(smiles) > MAX_CHARACTERS:
        raise _too_large(f"{len(smiles)} characters", f"{MAX_CHARACTERS} characters")
    if len(smiles.split()) != 1:
        raise _invalid(smiles, "more than a SMILES in the cell")
    if not smiles.isascii():
        raise _invalid(ascii(smiles), "not SMILES")
    with quiet():
        mol = chem.MolFromSmiles(smiles, sanitize=False)
        if mol is None:
            raise _invalid(smiles, "not SMILES")
        if mol.GetNumAtoms() > MAX_ATOMS:
            raise _too_large(f"{mol.GetNumAtoms()} atoms", f"{MAX_ATOMS} atoms")
        mol = chem.MolFromSmiles(smiles)
        if mol is None:
            problems = chem.DetectChemistryProblems(chem.MolFromSmiles(smiles, sanitize=False))
            reasons = [problem.Message() for problem in problems]
            raise _invalid(smiles, reasons[0] if reasons else "an impossible molecule")
    return mol


@lru_cache(maxsize=8)
def parsed(smiles: str) -> Any:
    """Return `parse` of canonical SMILES, remembered: one cell is asked for several times."""
    return parse(smiles)


def draw(smiles: str) -> Html:
    """Return an SVG drawing over the SMILES; large molecules as their SMILES alone."""
    mol = parsed(smiles)
    shown = html.escape(smiles if len(smiles) <= 80 else smiles[:77] + "...")
    caption = f"<figcaption>{shown}</figcaption>"
    if mol.GetNumAtoms() > _DRAWN_ATOMS:
        return f'<figure class="molecule">{caption}</figure>'
    from rdkit.Chem.Draw import rdMolDraw2D

    canvas = rdMolDraw2D.MolDraw2DSVG(200, 150)
    with quiet():
        rdMolDraw2D.PrepareAndDrawMolecule(canvas, mol)
    canvas.FinishDrawing()
    svg = canvas.GetDrawingText()
    return f'<figure class="molecule">{svg[svg.index("<svg") :]}{caption}</figure>'


def mutated(smiles: str, num_changes: int, rng: np.random.Generator) -> str:
    """Change the element of an atom or cut off an end atom, `num_changes` times, staying valid.

    A change that gives an impossible molecule is tried elsewhere, at most 10 times each.
    """
    mol = parsed(smiles)
    for _ in range(num_changes):
        for _ in range(10):
            changed = _changed(mol, rng)
            if changed is not None:
                mol = changed
                break
    text: str = rdkit().MolToSmiles(mol)
    return text


def _changed(mol: Any, rng: np.random.Generator) -> Any | None:
    chem = rdkit()
    new = chem.RWMol(mol)
    place = int(rng.integers(0, mol.GetNumAtoms()))
    if rng.random() < 0.4 and mol.GetNumAtoms() > 2 and mol.GetAtomWithIdx(place).GetDegree() == 1:
        new.RemoveAtom(place)
    else:
        new.ReplaceAtom(place, chem.Atom(int(rng.choice(_SWAPS))))
        new.GetAtomWithIdx(place).SetIsAromatic(mol.GetAtomWithIdx(place).GetIsAromatic())
    with quiet():
        failed = chem.SanitizeMol(new, catchErrors=True)
        # The text is what travels on: what does not read back is no molecule.
        return None if failed else chem.MolFromSmiles(chem.MolToSmiles(new))


def _invalid(smiles: str, reason: str) -> CellError:
    return CellError(
        f"not a molecule: {reason}",
        expected="one valid SMILES, such as CC(=O)O",
        received=smiles,
        hint="mend the SMILES, or use --on-error skip to count such cells as missing",
    )


def _too_large(received: str, limit: str) -> LimitError:
    return LimitError(
        "the molecule is too large",
        expected=f"at most {limit}",
        received=received,
        hint="leave polymers and proteins out, or give them as text",
    )
