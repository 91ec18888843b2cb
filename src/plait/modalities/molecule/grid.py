"""What was made of molecules, drawn as a grid: each above the training molecule nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from plait.modalities.molecule.domain import stack, tanimoto
from plait.modalities.molecule.parsing import draw
from plait.modalities.molecule.scoring import designed
from plait.types import Html

NUM_DRAWN = 12
MOST_COMPARED = 5000
"""Training molecules among which the nearest is looked for, at most."""

_GRID = "display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:12px"
_FIGURE = "border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:6px;font-size:13px"


def grid(
    made: Sequence[str], training: tuple[str, ...], unwritten: Sequence[tuple[str, int]]
) -> Html:
    """Return a grid of up to 12 distinct molecules, and what all of them are like in a sentence.

    Args:
        made: Canonical SMILES.
        training: Of the training molecules.
        unwritten: Why training molecules could not be learned from, and how many of each.
    """
    if not made:
        return ""
    distinct = list(dict.fromkeys(made))
    places = np.linspace(0, len(distinct) - 1, min(NUM_DRAWN, len(distinct))).astype(np.int64)
    drawn = "".join(_figure(distinct[int(place)], training) for place in places)
    return (
        f"<h3>Molecules that were made</h3><p>{_together(made, training)}{_left_out(unwritten)}</p>"
        f'<div class="molecules" style="{_GRID}">{drawn}</div>'
    )


def _together(made: Sequence[str], training: tuple[str, ...]) -> str:
    known = set(training)
    told, copies = designed(made, known), sum(one in known for one in made)
    return (
        f"{len(made):,} were made, the likeliest of each row: {len(set(made)):,} distinct ones, "
        f"{copies:,} of all copies of training molecules. Internal diversity "
        f"{told['diversity']:.2f}, mean drug-likeness (QED) {told['drug_likeness']:.2f}. Each is "
        "drawn above the training molecule nearest to it. "
    )


def _left_out(unwritten: Sequence[tuple[str, int]]) -> str:
    if not unwritten:
        return ""
    each = "; ".join(f"{num:,} because {why}" for why, num in unwritten)
    total = sum(num for _, num in unwritten)
    return f"{total:,} training molecules could not be written as SELFIES: {each}."


def _figure(smiles: str, training: tuple[str, ...]) -> Html:
    shown = f'<div style="{_FIGURE}">{draw(smiles)}'
    some = training[:MOST_COMPARED]
    if not some:
        return shown + "</div>"
    near = tanimoto(stack([smiles]), _bits(some))[0]
    place = int(near.argmax())
    if some[place] == smiles or smiles in training:
        return f"{shown}<div>a copy of a training molecule</div></div>"
    told = f"<div>nearest in training, similarity {near[place]:.2f}:</div>"
    return f"{shown}{told}{draw(some[place])}</div>"


@lru_cache(maxsize=2)
def _bits(molecules: tuple[str, ...]) -> np.ndarray:
    return stack(molecules)
