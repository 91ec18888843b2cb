"""Molecules that were made: told together, and drawn above what is nearest in training."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from plait.modalities.molecule.domain import stack, tanimoto
from plait.modalities.molecule.parsing import draw
from plait.modalities.molecule.scoring import designed
from plait.spacing import evenly_spaced
from plait.types import Html

NUM_DRAWN = 12

_GRID = "display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:12px"
_FIGURE = "border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:6px;font-size:13px"


def told_together(
    made: Sequence[str], known: Container[str], unwritten: Sequence[tuple[str, int]]
) -> Html:
    """Return a sentence on what molecules are like together, and how many of them are copies.

    Args:
        made: Canonical SMILES.
        known: Training molecules.
        unwritten: Why training molecules could not be learned from, and how many of each.
    """
    if not made:
        return ""
    told, copies = designed(made), sum(one in known for one in made)
    return (
        f"<p>{len(made):,} were made, the one for each row that is expected to be most like the "
        f"truth: {len(set(made)):,} distinct ones, {copies:,} of all copies of training molecules. "
        f"Internal diversity {told['diversity']:.2f}, mean drug-likeness (QED) "
        f"{told['drug_likeness']:.2f}. {_left_out(unwritten)}</p>"
    )


def grid(made: Sequence[str], learned: Sequence[str]) -> Html:
    """Return a grid of up to 12 distinct molecules, each above the nearest of the learned ones."""
    distinct, bits = list(dict.fromkeys(made)), stack(learned)
    places = evenly_spaced(len(distinct), NUM_DRAWN)
    drawn = "".join(_figure(distinct[int(place)], learned, bits) for place in places)
    return (
        "<p>Some of them, each above the molecule nearest to it of those that were learned from."
        f'</p><div class="molecules" style="{_GRID}">{drawn}</div>'
    )


def _left_out(unwritten: Sequence[tuple[str, int]]) -> str:
    if not unwritten:
        return ""
    each = "; ".join(f"{num:,} because {why}" for why, num in unwritten)
    total = sum(num for _, num in unwritten)
    return f"{total:,} training molecules could not be written as SELFIES: {each}."


def _figure(smiles: str, learned: Sequence[str], bits: np.ndarray) -> Html:
    shown = f'<div style="{_FIGURE}">{draw(smiles)}'
    if not len(learned):
        return shown + "</div>"
    near = tanimoto(stack([smiles]), bits)[0]
    place = int(near.argmax())
    if learned[place] == smiles:
        return f"{shown}<div>a copy of a training molecule</div></div>"
    told = f"<div>nearest in training, similarity {near[place]:.2f}:</div>"
    return f"{shown}{told}{draw(learned[place])}</div>"
