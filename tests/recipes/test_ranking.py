"""Made values in the order of what a judge foretells of them, and which it knows nothing about."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.errors import ColumnError, TargetError, UsageError
from plait.modalities.molecule.codec import MoleculeCodec
from plait.recipes.ranking import Ranked, best, rank

pytest.importorskip("rdkit.Chem", reason="needs plait[molecule]")


@pytest.fixture(scope="module")
def judge():
    """A model of how many carbon atoms a chain has, from the molecule, and from a hint."""
    ends = ("O", "N", "Cl", "=O", "C#N")
    rows = [
        {"molecule": "C" * length + end, "carbons": float(length)}
        for length in range(1, 25)
        for end in ends
    ]
    columns = {"molecule": "molecule", "carbons": "number"}
    return plait.fit(
        plait.read(rows, columns=columns), target="carbons", budget="10 steps", simple=True,
        baselines=("linear",), samples=False,
    )  # fmt: skip


def test_the_nearest_to_what_was_asked_comes_first(judge):
    made = ["C" * length + "O" for length in (3, 12, 20, 7)]
    for asked, first in ((12.0, 1), (20.0, 2), (3.0, 0)):
        assert rank(made, "molecule", judge, {"carbons": asked}).order[0] == first
    each = rank(made, "molecule", judge, [{"carbons": 12.0}] * 3 + [{"carbons": 3.0}])
    assert each.order[0] == 1
    assert np.corrcoef(each.foretold, [3, 12, 20, 7])[0, 1] > 0.9


def test_what_lies_outside_the_domain_comes_last_and_is_told(judge):
    made = ["c1ccc2c(c1)[nH]c1ccccc12", "CCCCCCCCCCCCO", "CCO"]
    found = rank(made, "molecule", judge, {"carbons": 12.0})
    assert found.inside.tolist() == [False, True, True]
    assert found.order[-1] == 0 and found.familiarity[0] < found.familiarity[1]
    codec = judge.shown["molecule"]
    assert isinstance(codec, MoleculeCodec) and 0 < codec.inside_from < 1


def test_each_wanted_one_gets_another_where_there_is_another():
    made, wanted = ["a", "a", "b", "a", "a", "c"], np.array([0, 0, 0, 1, 2, 2])
    inside = np.ones(6, bool)
    ranked = Ranked(np.array([0.0, 1.0, 2.0, 5.0, 0.5, 3.0]), [], None, inside)
    assert best(ranked, made, wanted).tolist() == [0, 3, 5]


def test_what_is_refused(judge):
    with pytest.raises(ColumnError, match="does not read what was made"):
        rank(["CCO"], "picture", judge, {"carbons": 1.0})
    with pytest.raises(ColumnError, match="'carbons', which was not asked for"):
        rank(["CCO"], "molecule", judge, {"solubility": 1.0})
    with pytest.raises(UsageError, match="each value needs"):
        rank(["CCO"], "molecule", judge, [])
    assert not len(rank([], "molecule", judge, {"carbons": 1.0}).gap)
    rows = [{"note": "a b", "size": float(place % 3)} for place in range(40)]
    table = plait.read(rows, columns={"note": "text", "size": "number"})
    writes = plait.fit(table, target="note", budget="10 steps", simple=True, samples=False)
    with pytest.raises(TargetError, match="judges nothing"):
        rank(["a"], "size", writes, {"note": "b"})
