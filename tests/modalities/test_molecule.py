"""Molecules: SMILES, graphs, fingerprints, descriptors and tokens."""

from __future__ import annotations

import builtins
import json
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.data.workers import Workers
from plait.errors import CellError, ExtraError, LimitError
from plait.forking import can_fork
from plait.modalities import codec_from_dict, codec_hash, codec_to_dict
from plait.modalities.media import Media
from plait.modalities.molecule import parsing
from plait.modalities.molecule.codec import MoleculeCodec
from plait.modalities.molecule.descriptors import DESCRIPTORS
from plait.modalities.molecule.graph import NUM_ATOM_FEATURES, NUM_BONDS, graph
from plait.modalities.molecule.network import Embed
from plait.modalities.molecule.smiles import composed_smiles, looks_like_smiles
from plait.types import ColumnSample

Chem = pytest.importorskip("rdkit.Chem", reason="needs plait[molecule]")
MEDIA = Media(Path())
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
SMILES = [ASPIRIN, "CCO", "c1ccccc1", "CC(N)C(=O)O", "C[N+](C)(C)C", "[Na+].[Cl-]", "C"]
CODEC = MoleculeCodec().fit([MoleculeCodec().read(text, MEDIA) for text in SMILES])


def sample(values: list, name: str = "column") -> ColumnSample:
    return ColumnSample(name, values, len(values), len(set(values)))


@pytest.fixture
def without_rdkit(monkeypatch):
    real = builtins.__import__

    def fake(name, *args, **kwargs):
        if name.startswith("rdkit"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fake)


def test_read_is_canonical():
    assert CODEC.read(" OCC\n", MEDIA) == CODEC.read("C(O)C", MEDIA) == "CCO"
    assert CODEC.read(b"OCC", MEDIA) == "CCO"
    assert CODEC.read("C[C@H](N)C(=O)O", MEDIA) != CODEC.read("C[C@@H](N)C(=O)O", MEDIA)
    assert CODEC.read("", MEDIA) is None and CODEC.read("  ", MEDIA) is None


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("C1CC", "not SMILES"),
        ("house", "not SMILES"),
        ("C(C)(C)(C)(C)C", "valence"),
        ("c1cccc1", "kekulize"),
        ("CCO ethanol", "more than a SMILES"),
        (3.5, "not a molecule"),
        (b"\xff\xfe", "not SMILES"),
    ],
)
def test_read_errors(cell, message, capfd):
    with pytest.raises(CellError, match=message) as error:
        CODEC.read(cell, MEDIA)
    if isinstance(cell, str):
        assert error.value.received == cell
    assert capfd.readouterr().err == ""


def test_odd_molecules_are_prepared_in_silence(capfd):
    """Undefined descriptors (charges of a metal, an unnamed bond) count as the mean."""
    for text in ("C~C", "[Og]", "*", "[H+]", "[C+99]", "C.C.[U]"):
        raw = CODEC.read(text, MEDIA)
        assert np.isfinite(CODEC.prepare(raw)["descriptors"]).all() and CODEC.show(raw)
    captured = capfd.readouterr()
    assert captured.err == captured.out == ""


def test_limits():
    with pytest.raises(LimitError, match="too large") as error:
        CODEC.read("C" * 501, MEDIA)
    assert error.value.received == "501 atoms"
    with pytest.raises(LimitError, match="too large"):
        CODEC.read("C" * 20_000, MEDIA)


def test_missing_extra(without_rdkit):
    with pytest.raises(ExtraError, match="extra 'molecule'"):
        CODEC.read("CCO", MEDIA)
    assert CODEC.detect(sample(SMILES)) > 0.9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ASPIRIN, True),
        ("[Na+].[Cl-]", True),
        ("C[C@H](N)C(=O)O", True),
        ("F/C=C/F", True),
        ("C%12CCCC%12", True),
        ("C(=O", False),
        ("C)C(", False),
        ("C1CC", False),
        ("12", False),
        ("()", False),
        ("hello", False),
        ("a b", False),
        ("", False),
    ],
)
def test_pattern(text, expected):
    assert looks_like_smiles(text) is expected


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (SMILES * 5, 0.9, 1.0),
        (["CC", "CCO", "CCN"] * 5, 0.0, 0.0),
        (["NO", "ON", "no", "soon"], 0.0, 0.0),
        (["S", "C", "N"] * 9, 0.0, 0.0),
        (["C1", "B2", "N3"], 0.0, 0.0),
        (["a red boat", "see (1)"], 0.0, 0.0),
        ([1, 2], 0.0, 0.0),
        ([], 0.0, 0.0),
        (["C(C)(C)(C)(C)C", "C(C)(C)(C)(C)O"] * 5, 0.0, 0.0),
    ],
)
def test_detect(values, low, high):
    assert low <= CODEC.detect(sample(values)) <= high


def test_detect_trusts_the_name():
    assert CODEC.detect(sample(["CC", "CCO", "CCN"], name="SMILES")) > 0.9


def test_graph_by_hand():
    found = graph(Chem.MolFromSmiles("CC=O"), 10)
    neighbours, bonds = found["neighbours"].tolist(), found["bonds"].tolist()
    assert neighbours == [[1, 0, 0, 0, 0, 0], [0, 2, 1, 1, 1, 1], [1, 2, 2, 2, 2, 2]]
    assert bonds == [[1, 0, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0]]
    assert found["atoms"].shape == (3, NUM_ATOM_FEATURES)
    assert found["atoms"][:, :3].tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]


def test_graph_is_cut_consistently():
    found = graph(Chem.MolFromSmiles("C" * 20), 5)
    assert len(found["atoms"]) == 5 and found["neighbours"].max() == 4
    assert (found["bonds"][4] > 0).sum() == 1
    crowded = graph(Chem.MolFromSmiles("F[Te](F)(F)(F)(F)F.c1ccccc1"), 20)
    assert crowded["bonds"].max() < NUM_BONDS and (crowded["bonds"][1] > 0).all()


def test_prepare_matches_the_layout():
    for text in SMILES:
        arrays = CODEC.prepare(text)
        assert arrays.keys() == CODEC.layout.keys()
        num_atoms = Chem.MolFromSmiles(text).GetNumAtoms()
        for name, spec in CODEC.layout.items():
            shape = tuple(num_atoms if axis == "atom" else axis for axis in spec.shape)
            assert arrays[name].shape == shape and arrays[name].dtype == spec.dtype
            assert np.isfinite(arrays[name]).all()


def test_descriptors_are_standardised_and_clipped():
    codec = MoleculeCodec().fit(["C" * n for n in range(1, 40)])
    weight = DESCRIPTORS.index("MolWt")
    assert codec.means[weight] == pytest.approx(2.016 + 14.027 * 20, abs=0.1)
    values = codec.prepare("C" * 20)["descriptors"]
    assert values[weight] == pytest.approx(0.0, abs=0.01)
    assert codec.prepare("C" * 300)["descriptors"][weight] == codec.clip
    assert MoleculeCodec().fit([]) == MoleculeCodec()


def test_features():
    features = CODEC.features(CODEC.prepare("CC"))
    assert features.shape == (2048 + len(DESCRIPTORS),) and features.dtype == np.float32
    # Two like atoms, whose neighbourhoods of radius 1 are one and the same bond.
    assert sorted(features[:2048][features[:2048] > 0]) == pytest.approx(np.log([2, 3]))


def test_json_round_trip():
    again = codec_from_dict(json.loads(json.dumps(codec_to_dict(CODEC))))
    assert again == CODEC and codec_hash(again) == codec_hash(CODEC)
    for name, array in CODEC.prepare(ASPIRIN).items():
        np.testing.assert_array_equal(array, again.prepare(ASPIRIN)[name])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0))
def test_examples_and_their_damage_are_valid(seed, severity):
    rng = np.random.default_rng(seed)
    text = composed_smiles(rng)
    assert looks_like_smiles(text)
    raw = CODEC.read(text, MEDIA)
    assert CODEC.corrupt(raw, 0.0, rng) == raw
    damaged = CODEC.corrupt(raw, severity, rng)
    assert CODEC.read(damaged, MEDIA) is not None
    assert CODEC.prepare(damaged)["atoms"].shape[0] >= 1


def test_corrupt_changes_and_repeats():
    one, two = (CODEC.corrupt(ASPIRIN, 0.8, np.random.default_rng(3)) for _ in range(2))
    assert one == two != ASPIRIN


def test_augment_keeps_the_layout():
    rng = np.random.default_rng(0)
    arrays = CODEC.prepare(ASPIRIN)
    before = {name: array.copy() for name, array in arrays.items()}
    changed = 0
    for _ in range(30):
        new = CODEC.augment(arrays, rng)
        changed += not np.array_equal(new["atoms"], arrays["atoms"])
        for name, array in arrays.items():
            assert new[name].shape == array.shape and new[name].dtype == array.dtype
            np.testing.assert_array_equal(array, before[name])
    assert changed > 3


def test_show():
    html = CODEC.show("F/C=C/F")
    assert "<svg" in html and "<?xml" not in html and "F/C=C/F" in html
    large = CODEC.show("C" * 300)
    assert "<svg" not in large and len(large) < 300
    assert "&gt;" in CODEC.show(CODEC.read("[NH3]->[Cu]", MEDIA)).split("<figcaption>")[1]


def test_fingerprint_ignores_stereochemistry():
    left, right = (CODEC.read(text, MEDIA) for text in ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"))
    assert CODEC.fingerprint(left) == CODEC.fingerprint(right) != CODEC.fingerprint("CCO")


def test_padding_does_not_change_tokens():
    torch.manual_seed(0)
    network = Embed(CODEC, 32).eval()
    prepared = [CODEC.prepare(text) for text in ("C", ASPIRIN, "CCO")]
    width = 16
    padded = {}
    for name, spec in CODEC.layout.items():
        arrays = [arrays[name] for arrays in prepared]
        if spec.shape[0] == "atom":
            arrays = [np.pad(a, [(0, width - len(a)), (0, 0)]) for a in arrays]
        padded[name] = torch.from_numpy(np.stack(arrays))
    lengths = torch.tensor([len(arrays["atoms"]) for arrays in prepared])
    batch = network(padded, {"atom": lengths})
    assert batch.values.shape == (3, width + 2, 32)
    assert batch.mask.sum(1).tolist() == (lengths + 2).tolist()
    assert torch.isfinite(batch.values).all()
    for i, arrays in enumerate(prepared):
        parts = {name: torch.from_numpy(array)[None] for name, array in arrays.items()}
        alone = network(parts, {"atom": lengths[i : i + 1]})
        real = batch.values[i, : int(lengths[i]) + 2]
        torch.testing.assert_close(real, alone.values[0], rtol=1e-4, atol=1e-5)


def test_tokens_do_not_depend_on_the_order_of_atoms():
    torch.manual_seed(0)
    network = Embed(CODEC, 16).eval()
    mol = Chem.MolFromSmiles(ASPIRIN)
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms()).tolist()
    tokens = []
    for version in (mol, Chem.RenumberAtoms(mol, order)):
        arrays = CODEC.prepare(ASPIRIN) | graph(version, 96)
        parts = {name: torch.from_numpy(array)[None] for name, array in arrays.items()}
        tokens.append(network(parts, {"atom": torch.tensor([len(order)])}).values[0, 2:])
    torch.testing.assert_close(tokens[0][order], tokens[1], rtol=1e-4, atol=1e-5)


def work_on(cell: str) -> str:
    raw = CODEC.read(cell, MEDIA)
    CODEC.prepare(raw)
    CODEC.fingerprint(raw)
    return raw


@pytest.fixture
def hasty_threads():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_an_interrupt_is_heeded_after_threads_were_in_rdkit(hasty_threads):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever came before
    cells = [composed_smiles(np.random.default_rng(seed)) for seed in range(300)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work_on, cells))
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_codecs_are_fitted_to_what_other_threads_read():
    with ThreadPoolExecutor(2) as pool:
        fitted = MoleculeCodec().fit(pool.map(work_on, SMILES))
    assert fitted == CODEC


@pytest.mark.skipif(not can_fork(), reason="nothing is forked here")
def test_a_fork_may_work_though_a_thread_was_in_rdkit():
    begun, done = threading.Event(), threading.Event()

    def hold():
        with parsing._ALONE.lock:
            begun.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(60)
    try:
        with Workers(work_on, 1) as workers:
            assert [raw for _, raw in workers.map([(0, "OCC")])] == ["CCO"]
    finally:
        done.set()
        thread.join()
