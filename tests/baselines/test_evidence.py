"""Evidence: honest for rows that it learned from, whole in files, silent about what is missing."""

import numpy as np
import pytest

from plait.baselines import evidence_fit
from plait.baselines.evidence import Evidence, RawFeatures
from plait.baselines.evidence_column import EVIDENCE, beside
from plait.data.fitting import fit_codecs
from plait.data.loader import Loader
from plait.data.prepared import prepare_rows
from plait.data.table import read
from plait.errors import BundleError

NAMES = ("note", "size")
NUM, KNOWN = 90, 60


def make(target="category", seed=0, words=0):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, NUM)
    rows = [
        {
            "note": None
            if i % 9 == 4
            else f"{('red', 'blue', 'green')[k]} boat {i % 5}" + f" word{i}" * words,
            "size": None if i % 7 == 2 else float(k + rng.normal()),
            "kind": "pqr"[k] if target == "category" else float(k + 0.1 * rng.normal()),
        }
        for i, k in enumerate(kinds)
    ]
    table = read(rows, columns={"note": "text", "size": "number", "kind": target})
    codecs = fit_codecs(table, [*NAMES, "kind"], np.arange(KNOWN))
    prepared = prepare_rows(table, codecs)
    truth = codecs["kind"].truth([prepared.columns["kind"][i] for i in range(NUM)])
    return prepared, codecs["kind"], truth


def fit(prepared, codec, truth, *, groups=None):
    raw = RawFeatures(prepared, NAMES, np.arange(NUM))
    groups = np.arange(KNOWN) if groups is None else groups
    return Evidence.fit(raw, prepared, np.arange(KNOWN), truth[:KNOWN], codec, groups)


@pytest.fixture(scope="module")
def made():
    return make()


def joint(scores, num):
    return scores[:, :, num:].sum(1)


def test_it_tells_the_classes_of_rows_that_it_never_saw(made):
    prepared, codec, truth = made
    found = fit(prepared, codec, truth)
    components, scores = found.arrays(prepared, np.arange(KNOWN, NUM))
    assert components.shape[1:] == (2, found.num_components) and scores.shape[1:] == (2, 6)
    guessed = joint(scores, 3).argmax(1)
    assert (guessed == truth[KNOWN:]).mean() > 0.8


def test_targets_at_random_are_not_known_again():
    prepared, codec, _ = make()
    noise = np.random.default_rng(3).integers(0, 3, NUM)
    found = fit(prepared, codec, noise)
    rows = np.arange(KNOWN)
    honest = joint(found.arrays(prepared, rows, left_out=True)[1], 3).argmax(1)
    assert (honest == noise[:KNOWN]).mean() < 0.55


def test_copies_in_one_group_do_not_tell_on_each_other():
    prepared, codec, _ = make(words=4)
    twice = {n: c.reordered(np.arange(NUM) // 2) for n, c in prepared.columns.items()}
    doubled = type(prepared)(twice, NUM)
    noise = np.repeat(np.random.default_rng(3).integers(0, 3, NUM // 2), 2)
    rows = np.arange(KNOWN)
    told, honest = (
        (joint(fit(doubled, codec, noise, groups=groups).arrays(doubled, rows, left_out=True)[1], 3)
         .argmax(1) == noise[:KNOWN]).mean()
        for groups in (rows, rows // 2)
    )  # fmt: skip
    assert honest < 0.6 < told


@pytest.mark.parametrize("target", ["category", "number"])
def test_files_answer_the_same(tmp_path, target):
    prepared, codec, truth = make(target)
    found = fit(prepared, codec, truth)
    found.save(tmp_path)
    codecs = {name: prepared.columns[name].codec for name in NAMES}
    again = Evidence.load(tmp_path, codecs)
    for one, other in zip(
        *(e.arrays(prepared, np.arange(NUM)) for e in (found, again)), strict=True
    ):
        assert np.array_equal(one, other)
    with pytest.raises(BundleError, match="other columns"):
        Evidence.load(tmp_path, {"note": codecs["note"]})


def test_a_missing_value_says_nothing(made):
    prepared, codec, truth = made
    components, scores = fit(prepared, codec, truth).arrays(prepared, np.array([4, 2]))
    assert not components[0, 0].any() and not scores[0, 0].any() and scores[0, 1].any()
    assert not scores[1, 1].any() and scores[1, 0].any()


def test_many_rows_are_all_fitted_in_the_span_of_some(made, monkeypatch):
    monkeypatch.setattr(evidence_fit, "MAX_EXACT", 30)
    monkeypatch.setattr(evidence_fit, "NUM_LANDMARKS", 25)
    prepared, codec, truth = made
    found = fit(prepared, codec, truth, groups=np.arange(KNOWN) // 2)
    assert np.array_equal(found._left_out[0], np.arange(KNOWN))
    _, scores = found.arrays(prepared, np.arange(KNOWN, NUM))
    assert (joint(scores, 3).argmax(1) == truth[KNOWN:]).mean() > 0.8


def test_loaders_give_it_unvaried_beside_the_columns(made):
    prepared, codec, truth = made
    found = fit(prepared, codec, truth)
    rows = np.arange(KNOWN)
    learned = beside(found, prepared, known=rows, left_out=True)
    loader = Loader(learned, rows, (*NAMES, EVIDENCE), batch_size=20, augment=True, shuffle=True)
    _, scores = found.arrays(prepared, rows, left_out=True)
    for batch_rows, batch in loader.epoch(0):
        assert np.array_equal(batch[EVIDENCE].parts["scores"], scores[batch_rows])
    fresh = beside(found, prepared).columns[EVIDENCE]
    assert np.array_equal(fresh[3]["scores"], found.arrays(prepared, rows[3:4])[1][0])
    assert beside(None, prepared) is prepared
