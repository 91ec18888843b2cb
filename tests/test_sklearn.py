"""plait as scikit-learn estimators: what scikit-learn itself checks, and what plait adds."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

import plait
from plait.errors import ExtraError
from plait.sklearn import PlaitClassifier, PlaitEmbedder, PlaitRegressor

pytest.importorskip("sklearn")
pandas = pytest.importorskip("pandas")
from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

CHEAP = {"budget": "20s", "simple": True, "baselines": ("neighbour", "linear")}
CHEAPEST = CHEAP | {"baselines": ("neighbour",)}
"""A tenth of the time: the linear model is tried on every set of columns."""

WHY = {
    "check_sample_weight_equivalence_on_dense_data": "how many rows there are decides the folds, "
    "and the settings that are chosen on them: rows that weigh 2 are not 2 rows there",
}


def expected_failures(estimator):
    return {} if isinstance(estimator, PlaitEmbedder) else WHY


@parametrize_with_checks(
    [
        PlaitClassifier(**CHEAPEST),
        PlaitRegressor(**CHEAP | {"baselines": ("linear",)}),
        PlaitEmbedder(budget="20s", simple=True),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def shop(num: int = 80):
    """Return a frame of a number with gaps, a text and a label, and what follows from them."""
    rng = np.random.default_rng(0)
    price = rng.normal(10, 3, num)
    note = np.where(rng.random(num) < 0.5, "a red boot of good leather", "a warm blue winter hat")
    kinds = np.where(note == "a red boot of good leather", "boot", "hat")
    frame = pandas.DataFrame(
        {
            "price": np.where(rng.random(num) < 0.2, np.nan, price),
            "note": [f"{text} number {i % 9}" for i, text in enumerate(note)],
            "shade": rng.choice(["x", "y", None], num),
        }
    )
    return frame, kinds, price


COLUMNS = {"note": "text", "shade": "category"}


def test_frames_of_texts_and_gaps():
    frame, kinds, price = shop()
    model = PlaitClassifier(**CHEAP, columns=COLUMNS).fit(frame, kinds)
    assert model.classes_.tolist() == ["boot", "hat"]
    assert model.score(frame, kinds) > 0.95
    assert model.predict(frame[:3]).dtype == kinds.dtype
    assert list(model.feature_names_in_) == ["price", "note", "shade"]
    assert model.model_.schema["note"].modality == "text"
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"note": "notes"}))
    number = PlaitRegressor(**CHEAP, columns=COLUMNS).fit(frame, price)
    assert number.score(frame, price) > 0.5


def test_lists_of_dicts_and_names_that_fits_use():
    rows = [{"target": float(i % 5), "split": "abc"[i % 3], "weight": i} for i in range(60)]
    y = np.array([i % 5 > 2 for i in range(60)])
    model = PlaitClassifier(**CHEAP).fit(rows, y)
    assert model.classes_.tolist() == [False, True]
    assert model.predict([{"target": 4.0}]).tolist() == [True]


def test_arrow_tables_and_dicts_need_no_pandas(monkeypatch):
    frame, kinds, _ = shop()
    cells = frame.astype(object).where(frame.notna(), None).to_dict("records")
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = pa.Table.from_pylist(cells)
    answers = []
    for x in (table, cells):
        model = PlaitClassifier(**CHEAP, columns=COLUMNS).fit(x, kinds)
        assert list(model.feature_names_in_) == ["price", "note", "shade"]
        assert model.model_.schema["price"].modality == "number"
        answers.append(model.predict(x).tolist())
    assert answers[0] == answers[1] and np.mean(np.array(answers[0]) == kinds) > 0.95
    with pytest.raises(ValueError, match="infinity in column 'price'"):
        PlaitClassifier(**CHEAP).fit([{"price": np.inf}, {"price": 1.0}], ["a", "b"])


def test_every_row_is_learned_from_and_groups_stay_together():
    frame, kinds, _ = shop()
    model = PlaitClassifier(**CHEAP, columns=COLUMNS, scores=True)
    model.fit(frame, kinds, groups=np.arange(80) // 10)
    splits = model.model_.records["splits"]
    assert not splits["test"] and len(splits["train"]) + len(splits["validation"]) == 80
    groups = [{int(row) // 10 for row in splits[name]} for name in ("train", "validation")]
    assert not groups[0] & groups[1]
    assert "cross-fitting" in " ".join(model.model_.records["metrics"]["notes"])
    assert 0.5 < model.model_.leaderboard()[0]["accuracy"] <= 1.0


def test_numbers_of_cross_fitting_are_of_rows_held_out():
    """On noise the model knows its training rows, but must not claim to know new ones."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 2)), rng.integers(0, 2, 120)
    model = PlaitClassifier(budget="20s", simple=True, baselines=("neighbour",), scores=True)
    claimed = model.fit(x, y).model_.records["metrics"]["test"]
    assert claimed["rows"] == 120
    assert abs(claimed["metrics"]["accuracy"] - 0.5) < 0.15


def test_sample_weights_are_weights_of_rows():
    x, y = np.tile(np.arange(40.0)[:, None], (2, 2)), np.repeat([0, 1], 40)
    heavy = np.where(y == 1, 9.0, 1.0)
    plain = PlaitClassifier(**CHEAP).fit(x, y).predict_proba(x)[:, 1].mean()
    weighted = PlaitClassifier(**CHEAP).fit(x, y, sample_weight=heavy).predict_proba(x)[:, 1].mean()
    assert plain < 0.65 < 0.75 < weighted
    with pytest.raises(ValueError, match="at least one non-zero"):
        PlaitClassifier(**CHEAP).fit(x, y, sample_weight=np.zeros(80))


def test_the_decision_of_the_model_is_what_predicts():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    y = np.where(x[:, 0] + rng.normal(size=120) > 0.8, "ill", "well")
    found = PlaitClassifier(simple=True, baselines=["linear"], budget="5 steps").fit(x, y)
    share = found.predict_proba(x)[:, list(found.classes_).index("ill")]
    assert (found.predict(x) == np.where(share > 0.5, "ill", "well")).all()
    code = str(list(found.classes_).index("ill"))
    found.model_ = found.model_.with_threshold(0.15, positive=code)
    assert (found.predict(x) == np.where(share >= 0.15, "ill", "well")).all()
    assert (found.predict(x) == "ill").sum() > 1.3 * (share > 0.5).sum()


def test_searches_pipelines_and_cross_validation():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 3))
    y = (x[:, 0] > 0).astype(int)
    cheap = PlaitClassifier(**CHEAPEST)
    assert cross_val_score(make_pipeline(StandardScaler(), cheap), x, y, cv=2).mean() > 0.85
    assert cross_val_score(cheap, x, y, cv=GroupKFold(3), groups=np.arange(90) // 9).mean() > 0.85
    search = GridSearchCV(cheap, {"baselines": [("majority",), ("neighbour",)]}, cv=2)
    assert search.fit(x, y).best_params_["baselines"] == ("neighbour",)
    assert clone(cheap).get_params() == cheap.get_params()


def test_vectors_of_rows_feed_other_estimators():
    frame, kinds, _ = shop()
    embedder = PlaitEmbedder(budget="20s", simple=True, columns=COLUMNS)
    pipeline = make_pipeline(embedder, LogisticRegression()).fit(frame, kinds)
    assert pipeline.predict(frame).shape == (80,)
    vectors = pipeline[0].transform(frame)
    names = pipeline[0].get_feature_names_out()
    assert vectors.shape == (80, len(names)) and names[0] == "plaitembedder0"
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    framed = clone(embedder).set_output(transform="pandas").fit_transform(frame)
    assert list(framed.columns) == list(names)


def test_a_pickle_holds_the_bundle_and_answers_the_same():
    frame, kinds, _ = shop()
    model = PlaitClassifier(**CHEAP, columns=COLUMNS).fit(frame, kinds)
    data = pickle.dumps(model)
    assert b"manifest.json" in data
    assert np.array_equal(pickle.loads(data).predict_proba(frame), model.predict_proba(frame))
    assert model.model_.path is None


def test_a_network_is_trained_unless_simple():
    x = np.random.default_rng(0).normal(size=(30, 2))
    model = PlaitClassifier("2 steps", size="tiny", baselines=False).fit(x, x[:, 0] > 0)
    assert list(model.model_.ensemble.weights) == ["deep"]


def test_what_a_caller_can_mend_is_a_value_error_with_its_hint():
    with pytest.raises(ValueError, match="budget cannot be read") as caught:
        PlaitClassifier(budget="soon").fit([[1.0], [2.0]], [0, 1])
    assert isinstance(caught.value.__cause__, plait.errors.UsageError)
    with pytest.raises(ValueError, match="contains infinity in column 'a'"):
        PlaitRegressor().fit(pandas.DataFrame({"a": [1.0, np.inf]}), [0.0, 1.0])
    with pytest.raises(ValueError, match="at least two classes"):
        PlaitClassifier().fit([[1.0], [2.0]], ["a", "a"])
    with pytest.raises(AttributeError, match="no attribute 'PlaitClusterer'"):
        _ = plait.sklearn.PlaitClusterer


def test_scikit_learn_is_loaded_when_it_is_used():
    code = "import sys, plait.sklearn; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    monkeypatch.setattr("plait.sklearn.import_module", missing)
    with pytest.raises(ExtraError, match="plait.sklearn.PlaitClassifier needs the extra 'table'"):
        _ = plait.sklearn.PlaitClassifier
