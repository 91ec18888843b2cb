"""Statistics for learning: what they hold, that no row is in them, and that a file keeps them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from safetensors.numpy import load

from plait.errors import BundleError
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec
from plait.model.rehearsal import REHEARSAL, rehearsal_from, scores_of
from plait.model.rehearsing import LEAST_ROWS, make_rehearsal

LABELS = ("a", "b", "c")


def classes(num=300, dim=6, seed=0):
    """Return outputs, points and truth of rows of three classes, the last one rare."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, num, p=[0.5, 0.4, 0.1])
    points = rng.normal(0, 1, (num, dim)) @ rng.normal(0, 1, (dim, dim)) + 4 * np.eye(dim)[truth]
    logits = rng.normal(0, 1, (num, 3)) + 2.5 * np.eye(3)[truth]
    outputs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return outputs.astype(np.float32), points.astype(np.float32), truth


@pytest.fixture(scope="module")
def made():
    outputs, points, truth = classes()
    return make_rehearsal(CategoryCodec(labels=LABELS), outputs, points, truth)


def test_rows_spread_by_one_about_the_mean_of_their_class(made):
    outputs, points, truth = classes()
    features = made.features(outputs, points)
    assert made.num_near == 6 and made.num_features == 8
    rest = features - np.stack([features[truth == k].mean(0) for k in range(3)])[truth]
    np.testing.assert_allclose(np.cov(rest.T), np.eye(8), atol=0.25)
    np.testing.assert_allclose(made.means.mean(0), 0.0, atol=0.05)
    np.testing.assert_allclose(features[truth == 0].mean(0), made.means[0], atol=0.1)
    assert list(made.counts) == [int((truth == k).sum()) for k in range(3)]


def test_examples_are_right_as_often_and_as_surely_as_rows(made):
    outputs, _, truth = classes()
    right = float(np.mean(outputs.argmax(1) == truth))
    assert np.mean(made.outputs.argmax(1) == made.truth) == pytest.approx(right, abs=0.01)
    own, other = (
        np.sort(o[np.arange(len(t)), t]) for o, t in ((outputs, truth), (made.outputs, made.truth))
    )
    assert abs(np.median(own) - np.median(other)) < 0.05
    assert np.bincount(made.truth).tolist() == [133, 133, 133]
    np.testing.assert_allclose(made.outputs.sum(1), 1.0, atol=0.01)


def test_no_row_is_among_what_is_kept(made):
    outputs, points, _ = classes()
    features = made.features(outputs, points)
    for kept in (made.draws, made.means):
        distances = np.linalg.norm(features[:, None] - kept[None], axis=2)
        assert distances.min() > 0.1


def test_the_mean_of_a_single_row_is_half_of_it():
    outputs, points, truth = classes()
    truth[truth == 2] = 0
    truth[7], points[7] = 2, 50.0
    found = make_rehearsal(CategoryCodec(labels=LABELS), outputs, points, truth)
    row = found.features(outputs[7:8], points[7:8])[0]
    others = found.means[:2].mean(0)
    assert np.linalg.norm(found.means[2] - row) > 0.3 * np.linalg.norm(row - others)


@pytest.mark.parametrize("number", [False, True])
def test_a_file_keeps_all_of_it(number, made):
    if number:
        rng = np.random.default_rng(0)
        truth = rng.normal(1e6, 3, 100).astype(np.float32)
        outputs = np.column_stack([truth, truth - 1, truth, truth + 1]).astype(np.float32)
        made = make_rehearsal(NumberCodec(), outputs, rng.normal(0, 1, (100, 2)), truth)
        assert made.unit == pytest.approx(3, rel=0.2) and made.truth.dtype == np.float32
        assert (np.diff(made.outputs[:, 1:], axis=1) >= 0).all()
    again = rehearsal_from(load(made.files()[REHEARSAL]))
    assert again.digest == made.digest
    for field in dataclasses.fields(made):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(made, field.name))


@pytest.mark.parametrize("name", ["transform", "means", "draws", "truth", "spread"])
def test_damaged_statistics_are_refused(name, made):
    arrays = made.arrays()
    with pytest.raises(BundleError, match="statistics for learning are damaged"):
        rehearsal_from({**arrays, name: arrays[name][..., :-1]} | wrong_spread(name, made))
    if arrays[name].dtype == np.float16:
        arrays[name] = np.full_like(arrays[name], np.nan)
        with pytest.raises(BundleError, match="all finite"):
            rehearsal_from(arrays)


def wrong_spread(name, made):
    """A shorter `spread` is one of fewer near features; a longer one is damage."""
    return {"spread": np.zeros(made.num_features + 1, np.float16)} if name == "spread" else {}


def test_what_is_too_little_or_no_such_target_has_none():
    outputs, points, truth = classes(LEAST_ROWS - 1)
    assert make_rehearsal(CategoryCodec(labels=LABELS), outputs, points, truth) is None
    many = CategoryCodec(labels=tuple(map(str, range(300))))
    outputs = np.full((50, 300), 1 / 300, np.float32)
    assert make_rehearsal(many, outputs, np.zeros((50, 2)), np.arange(50)) is None


def test_features_that_never_vary_and_rows_without_points_do_no_harm():
    outputs, points, truth = classes()
    points = np.concatenate([points[:, :2], np.ones((len(points), 3)), np.eye(3)[truth]], axis=1)
    codec = CategoryCodec(labels=LABELS)
    found = make_rehearsal(codec, outputs, points, truth)
    assert np.isfinite(found.features(outputs, points)).all() and np.abs(found.means).max() < 1e3
    bare = make_rehearsal(codec, outputs, points[:, :0], truth)
    assert bare.num_near == bare.num_features == 2
    with pytest.raises(BundleError, match="of another model"):
        bare.features(outputs, points)


def test_scores_are_logarithms_about_their_mean():
    found = scores_of(np.array([[0.5, 0.5, 0.0]]), None)
    np.testing.assert_allclose(found.sum(), 0.0, atol=1e-12)
    assert found[0, 0] - found[0, 2] == pytest.approx(np.log(0.5 / 1e-3))
    np.testing.assert_allclose(scores_of(np.array([[4.0, 2.0]]), 2.0), [[2.0, 1.0]])
