"""Bundles as estimators of scikit-learn: fitted, in pipelines, in cross-validation."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

import plait
import plait.sklearn
from plait.cli import run
from plait.errors import TargetError, UsageError

pytest.importorskip("sklearn")
pandas = pytest.importorskip("pandas")
from sklearn.base import clone, is_classifier, is_regressor  # noqa: E402
from sklearn.model_selection import cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.utils import estimator_checks  # noqa: E402

CHECKS = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_set_params",
    "check_valid_tag_types",
)
"""Of scikit-learn's, those that fit nothing: a bundle knows its own columns, and no others."""

KINDS = {"kind": "category", "code": "category", "price": "number", "marks": "categories"}


def shop(num=60):
    rng = np.random.default_rng(0)
    size = rng.normal(size=num).round(2)
    kind = np.where(size > 0, "boot", "hat")
    note = np.where(size > 0, "of leather", "of wool")
    code = np.where(size > 0, 7, 3)
    frame = pandas.DataFrame({"size": size, "note": note, "extra": range(num)})
    return frame, {"kind": kind, "code": code, "price": 10 + 3 * size, "marks": kind}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder, (frame, goals) = tmp_path_factory.mktemp("bundles"), shop()
    for name, modality in KINDS.items():
        table = frame[["size", "note"]].assign(goal=goals[name])
        columns = {"size": "number", "note": "text", "goal": modality}
        path = folder / f"{name}.plait"
        told = {"simple": True, "baselines": ("linear",), "budget": "10s"}
        plait.fit(plait.read(table, columns=columns), target="goal", out=path, **told)
    return folder


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", ["kind", "price"])
def test_scikit_learns_checks_that_fit_nothing(name, check, bundles):
    estimator = plait.sklearn.load(bundles / f"{name}.plait")
    getattr(estimator_checks, check)(type(estimator).__name__, estimator)


def test_a_classifier_answers_as_the_bundle_does(bundles):
    frame, goals = shop()
    clf, model = plait.sklearn.load(bundles / "kind.plait"), plait.load(bundles / "kind.plait")
    assert is_classifier(clf) and clf.n_features_in_ == 2
    assert list(clf.feature_names_in_) == ["size", "note"]
    assert list(clf.classes_) == ["boot", "hat"]
    shares = clf.predict_proba(frame)
    expected = model.predict_proba(frame)[:, [model.classes_.index(one) for one in clf.classes_]]
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    np.testing.assert_array_equal(clf.predict(frame), clf.classes_[shares.argmax(axis=1)])
    assert clf.score(frame, goals["kind"]) > 0.9
    np.testing.assert_array_equal(
        clf.predict(frame[["size", "note"]].to_numpy()), clf.predict(frame)
    )
    assert len(clf.predict(frame[:1])) == 1


def test_classes_keep_their_type(bundles):
    frame, goals = shop()
    clf = plait.sklearn.load(bundles / "code.plait")
    assert clf.classes_.dtype.kind == "i" and clf.score(frame, goals["code"]) > 0.9


def test_a_regressor_in_a_pipeline_and_in_cross_validation(bundles):
    frame, goals = shop()
    reg = plait.sklearn.load(bundles / "price.plait")
    assert is_regressor(reg)
    pipeline = make_pipeline("passthrough", reg)
    whole = pipeline.predict(frame)
    scores = cross_val_score(pipeline, frame, goals["price"], cv=3)
    assert scores.min() > 0.8
    np.testing.assert_array_equal(clone(reg).fit(frame, goals["price"]).predict(frame), whole)


def test_a_pickle_holds_the_bundles_files(bundles):
    frame, _ = shop()
    clf = plait.sklearn.load(bundles / "kind.plait")
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict(frame), clf.predict(frame))


def test_what_cannot_be_asked_is_refused(bundles):
    frame, goals = shop()
    with pytest.raises(TargetError, match="no classifier or regressor"):
        plait.sklearn.load(bundles / "marks.plait")
    clf = plait.sklearn.load(bundles / "kind.plait")
    with pytest.raises(ValueError, match="none of the columns"):
        clf.predict(frame[["extra"]])
    with pytest.raises(ValueError, match="has 3 features, but the bundle reads 2"):
        clf.predict(frame.to_numpy())
    with pytest.raises(ValueError, match="does not predict"):
        plait.sklearn.BundleRegressor(bundles / "kind.plait").fit(frame, goals["price"])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clf.fit(frame, goals["kind"][:5])


def test_the_export_runs_as_it_is_written(bundles, tmp_path, capsys):
    out = tmp_path / "used"
    words = ["export", str(bundles / "kind.plait"), "--to", "sklearn", "--out", str(out)]
    assert run(words) == 0 and "use.py" in capsys.readouterr().out
    shop()[0].to_csv(tmp_path / "rows.csv", index=False)
    done = subprocess.run(
        [sys.executable, str(out / "use.py"), str(tmp_path / "rows.csv")],
        capture_output=True,
        text=True,
    )
    assert "boot" in done.stdout and "hat" in done.stdout, done.stderr
    assert run([*words, "--quiet"]) == 0  # an earlier export is replaced
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    with pytest.raises(UsageError, match="taken"):
        plait.export(bundles / "kind.plait", to="sklearn", out=tmp_path / "mine")
    with pytest.raises(TargetError, match="no classifier or regressor"):
        plait.export(bundles / "marks.plait", to="sklearn", out=tmp_path / "marks")
