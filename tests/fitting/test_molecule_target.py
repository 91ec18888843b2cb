"""A column of molecules as the target: designed from the others, towards what is asked."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.modalities import Asked
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

Chem = pytest.importorskip("rdkit.Chem", reason="needs plait[molecule]")
pytest.importorskip("selfies", reason="needs plait[molecule]")

TINY = SystemConfig(dim=32, depth=1, num_heads=1, join=0)
ENDS = ("O", "N", "Cl", "C#N", "F")
COLUMNS = {"molecule": "molecule", "size": "number", "kind": "category"}


def rows(num, seed=0):
    """Chains of 2 to 9 carbon atoms and one of five ends; a third tells neither size nor kind."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        length, end = int(rng.integers(2, 10)), ENDS[rng.integers(len(ENDS))]
        size = length if rng.random() < 0.67 else None
        kind = None if size is None else ("polar" if end in ("O", "N") else "other")
        found.append({"molecule": "C" * length + end, "size": size, "kind": kind})
    return found


@pytest.fixture(scope="module")
def designer():
    return plait.fit(
        plait.read(rows(400), columns=COLUMNS), target="molecule", budget="220 steps", size=TINY,
        train=TrainConfig(learning_rate=6e-3, batch_size=32),
    )  # fmt: skip


def num_carbons(smiles):
    return sum(atom.GetSymbol() == "C" for atom in Chem.MolFromSmiles(smiles).GetAtoms())


def drawn(designer, sizes, guidance, seed=0):
    prepared = designer.prepare(designer.as_table([{"size": float(one)} for one in sizes]))
    asked = Asked(temperature=1.0, seed=seed, guidance=guidance)
    outputs = designer.generator.outputs(prepared, np.arange(len(sizes)), asked)
    return list(designer.generator.answer(outputs)["prediction"])


def test_what_designs_ships_though_copies_are_nearer(designer):
    told = designer.records["metrics"]
    assert designer.summary()["shipped"] == "deep" and designer.summary()["task"] == "design"
    assert {one["name"] for one in told["candidates"]} == {"deep", "typical", "nearest"}
    assert set(told["test"]["metrics"]) == set(designer.target_codec.words)


def test_the_likeliest_molecule_is_what_was_asked(designer):
    asked = [{"size": float(size), "kind": kind} for size in range(2, 10) for kind in ("polar",)]
    answer = designer.predict(asked).columns
    ends = [one.lstrip("C") for one in answer["prediction"]]
    assert sum(end in ("O", "N") for end in ends) >= 7
    sizes = [num_carbons(one) for one in answer["prediction"]]
    assert np.mean(np.abs(np.array(sizes) - np.arange(2, 10)) <= 1) >= 0.75
    assert all(0 <= one <= 1 for one in answer["confidence"])
    assert designer.predict(asked, beam=3).columns["prediction"][0]


def test_guidance_goes_towards_what_was_asked(designer):
    sizes = np.tile(np.arange(2, 10), 12)
    gaps = {}
    for guidance in (0.0, 1.0, 2.0):
        made = drawn(designer, sizes + np.linspace(0, 0.001, len(sizes)), guidance)
        off = [num_carbons(one) - size for one, size in zip(made, sizes, strict=True)]
        gaps[guidance] = np.abs(off).mean()
    assert gaps[2.0] <= gaps[1.0] < gaps[0.0]
    assert drawn(designer, [4.0], 2.0) == drawn(designer, [4.0], 2.0)


def test_generate_draws_many_of_one_row(designer, tmp_path):
    path = designer.save(tmp_path / "design.plait")
    asked = {"given": {"size": 5.0}, "n": 24, "seed": 1, "guidance": 2.0}
    done = plait.generate(path, **asked, out=tmp_path / "made.csv")
    made = plait.read(tmp_path / "made.csv").column("molecule", range(24))
    assert done["rows"] == 24 and len(set(made)) > 2
    assert np.mean([abs(num_carbons(one) - 5) <= 1 for one in made]) > 0.6
    assert list(plait.generate(path, **asked).columns["prediction"]) == list(made)


def test_the_report_draws_them_as_a_grid(designer, tmp_path):
    path = designer.save(tmp_path / "design.plait")
    page = plait.report(path, tmp_path / "report.html").read_text(encoding="utf8")
    assert "each above the molecule nearest to it" in page and "copies of training" in page


def test_many_are_designed_of_which_none_is_twice(designer):
    """Five have the size that is asked: others follow."""
    asked = {"given": {"size": 6.0}, "n": 12, "seed": 2}
    repeated = plait.generate(designer, **asked, distinct=False)["prediction"]
    found = plait.generate(designer, **asked)
    assert len(set(repeated)) < 12 == len(set(found["prediction"]))
    assert found["prediction"][0] == repeated[0] and "drawn anew" in found.notes[0]
    fewer = plait.generate(designer, **{**asked, "n": 5})["prediction"]
    assert fewer == found["prediction"][:5]
