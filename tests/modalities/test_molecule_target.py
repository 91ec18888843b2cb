"""Molecules as a target: SELFIES there and back, what is measured of them, copies and domains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.errors import TargetError
from plait.modalities import codec_from_dict, codec_to_dict
from plait.modalities.media import Media
from plait.modalities.molecule.codec import MoleculeCodec
from plait.modalities.molecule.domain import bits_of, expected_likeness, stack, tanimoto
from plait.modalities.molecule.network import Symbols
from plait.modalities.molecule.scoring import designed, resampled, told_of
from plait.modalities.molecule.symbols import (
    ATOM,
    FIRST,
    NOT_ALLOWED,
    NOT_KNOWN,
    OTHER,
    TOO_LONG,
    numbers_of,
    smiles_of,
    symbols_of,
)
from plait.modalities.target import metrics_by

Chem = pytest.importorskip("rdkit.Chem", reason="needs plait[molecule]")
pytest.importorskip("selfies", reason="needs plait[molecule]")
MEDIA = Media(Path())

KINDS = {
    "rings": "c1ccc2c(c1)C1CC2CC1",
    "charges": "C[N+](C)(C)CC(=O)[O-]",
    "salt": "[Na+].O=C([O-])c1ccccc1",
    "centres": "C[C@H](N)C(=O)N[C@@H](Cc1c[nH]c2ccccc12)C(=O)O",
    "double bonds": "F/C=C/C=C\\Cl",
    "isotope": "[2H]C([2H])([2H])O",
    "radical": "CC1(C)CCCC(C)(C)N1[O]",
    "many": "CC(C)(C#N)S(=O)(=O)c1nc(Br)cs1",
}
RAWS = [MoleculeCodec().read(one, MEDIA) for one in KINDS.values()]
CODEC = MoleculeCodec().as_target().fit(RAWS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_molecule_is_survives_its_symbols(kind):
    raw = MoleculeCodec().read(KINDS[kind], MEDIA)
    assert smiles_of(numbers_of(raw, CODEC.symbols), CODEC.symbols) == raw
    assert CODEC.decode(CODEC.prepare(raw)) == raw


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(FIRST, FIRST + len(CODEC.symbols) - 1), min_size=1, max_size=40))
def test_any_symbols_are_a_molecule(numbers):
    raw = CODEC.decode(CODEC.composed(numbers, 0.0))
    assert Chem.MolFromSmiles(raw) is not None
    assert CODEC.read(CODEC.write(raw), MEDIA) == raw


def test_symbols_from_elsewhere_are_never_run_and_never_fail():
    assert smiles_of([FIRST, FIRST + 1], ("[C]", "[nonsense")) == "C"
    assert smiles_of([FIRST], ("__import__('os')",)) == ATOM


def test_what_cannot_be_written_is_counted_and_never_generated():
    odd = {"Cl[I]Cl": NOT_ALLOWED, "*CC": NOT_KNOWN, "C" * 300: TOO_LONG}
    for smiles, why in odd.items():
        assert symbols_of(MoleculeCodec().read(smiles, MEDIA)) == ([], why)
    codec = MoleculeCodec().as_target().fit([*RAWS, "Cl[I]Cl", "*CC"])
    assert dict(codec.unwritten) == {NOT_ALLOWED: 1, NOT_KNOWN: 1}
    assert codec.prepare("*CC")["symbols"].tolist() == [OTHER]
    assert codec.decode(codec.prepare("*CC")) == "*CC"
    assert "2 training molecules could not be written" in codec.panel(["CCO"], ["CCC"])
    with pytest.raises(TargetError, match="no molecule to learn from"):
        MoleculeCodec().as_target().fit(["*CC"]).check_target(1)

    class Writing:
        device = torch.device("cpu")
        take = reorder = None

        def follow(self, pieces):
            return torch.zeros(len(pieces), 5)

    assert Symbols(Writing()).follow(torch.zeros(2))[:, OTHER].tolist() == [-np.inf] * 2


def test_similarity_is_rdkits():
    from rdkit import DataStructs
    from rdkit.Chem import rdFingerprintGenerator

    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=512)
    prints = [make.GetFingerprint(Chem.MolFromSmiles(raw)) for raw in RAWS]
    ours = tanimoto(*(np.stack([bits_of(raw) for raw in RAWS]),) * 2)
    theirs = [DataStructs.BulkTanimotoSimilarity(one, prints) for one in prints]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_metrics_by_hand():
    codec = MoleculeCodec().as_target().fit(["CCO", "CCC"])
    said, true = ["CCO", "CCO", "CCN", "c1ccccc1"], ["CCO", "CCC", "CCN", "Cc1ccccc1"]
    compared = [codec.compare(*pair) for pair in zip(said, true, strict=True)]
    found = codec.metrics(compared)
    assert list(found) == list(codec.words)
    assert found["same"] == 0.5 and found["same_scaffold"] == 1.0 and found["new"] == 0.5
    assert found["unique"] == 0.75
    bits = np.stack([bits_of(one) for one in said])
    others = tanimoto(bits, bits)[~np.eye(4, dtype=bool)]
    assert found["diversity"] == pytest.approx(1 - others.mean(), abs=1e-6)
    assert found["drug_likeness"] == pytest.approx(
        np.mean([told_of(one).drug_likeness for one in said])
    )
    again = codec.resampled(compared, np.array([[1, 1, 1, 1], [0, 0, 2, 0]]))
    assert {name: value[0] for name, value in again.items()} == found
    assert again["same"][1] == 1.0 and again["new"][1] == 1.0
    assert metrics_by(resampled, compared[:1])["diversity"] == 0.0
    about = designed(said, {"CCO"})
    assert (about["unique"], about["new"], about["scaffolds"]) == (0.75, 0.5, 0.5)


def test_what_is_most_like_the_drawn_ones_is_expected():
    drawn = ["CCCCO", "CCCO", "CCCCCO", "c1ccccc1"]
    found = expected_likeness(stack(["C" * 40, *drawn]))
    among = tanimoto(stack(drawn), stack(drawn))
    by_hand = (among.sum(1) - 1) / 3
    np.testing.assert_allclose(found[1:], by_hand, atol=1e-6)
    assert found.argmax() == 1 and found[0] < found[1]
    same = expected_likeness(stack(["CCO"] * 4))
    assert same.argmax() == 0 and same[0] == 1.0


def test_answers_tell_copies_and_the_panel_draws_what_is_near():
    learned = ["CCO", "CCCCO"]
    codec = codec_from_dict(codec_to_dict(MoleculeCodec().as_target().fit(learned)))
    answer = codec.answer(["CCO", "CCCO"])
    assert answer["prediction"] == ["CCO", "CCCO"] and answer["new"] == [False, True]
    made, true = ["CCO", "CCCO", "CCCO"], ["CC", "CCC", "CCC"]
    assert "2 distinct ones, 1 of all copies of training molecules" in codec.panel(made, true)
    shown = codec.beside_learned(made, true, learned)
    assert "a copy of a training molecule" in shown and "nearest in training" in shown
    assert shown.count("<svg") == 3 and "CCCCO" in shown
    assert "CCCCO" not in repr(codec_to_dict(codec))


def test_the_domain_is_that_of_the_training_molecules():
    chains = ["C" * length + end for length in range(1, 20) for end in ("O", "N", "=O", "Cl")]
    raws = [MoleculeCodec().read(one, MEDIA) for one in chains]
    codec = codec_from_dict(codec_to_dict(MoleculeCodec().fit(raws)))
    found = codec.familiarity([raws[30], "CCCCCCCCCCCCCCCCCCCCCCO", "c1ccc2c(c1)[nH]c1ccccc12"])
    assert found[0] == 1.0
    assert (found >= codec.inside_from).tolist() == [True, True, False]
    assert MoleculeCodec().familiarity(raws) is None


def test_a_target_and_an_input_prepare_apart():
    assert set(CODEC.layout) == {"symbols", "smiles"} == set(CODEC.prepare("CCO"))
    assert "atoms" in MoleculeCodec().layout
    assert len(CODEC.features(CODEC.prepare("CCO"))) == len(
        MoleculeCodec().features(MoleculeCodec().prepare("CCO"))
    )
    assert codec_from_dict(codec_to_dict(CODEC)) == CODEC
