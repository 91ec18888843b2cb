"""Scores of boxes: by hand, and the same as COCO's own evaluation."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import numpy as np
import pytest

from plait.modalities.boxes.boxes import Boxes
from plait.modalities.boxes.matching import distinct, hits, overlaps, voted
from plait.modalities.boxes.scoring import WORDS, by_class, compared, measured

LABELS = ("ant", "bee", "cat")


def boxes(names, corners, scores=None):
    scores = None if scores is None else np.array(scores, float)
    return Boxes(tuple(names), np.array(corners, float).reshape(-1, 4), scores, (100.0, 100.0))


def scored(pairs):
    return measured([compared(said, true, LABELS, 0.5) for said, true in pairs])


def test_overlaps_by_hand():
    first = np.array([[0, 0, 2, 2], [5, 5, 6, 6]], float)
    near = overlaps(first, np.array([[1, 1, 3, 3], [0, 0, 2, 1]], float))
    np.testing.assert_allclose(near, [[1 / 7, 1 / 2], [0, 0]])


def test_the_surest_takes_the_true_box():
    near = np.array([[0.9, 0.6], [0.95, 0.2], [0.0, 0.7]])
    found = hits(near, np.array([0.9, 0.8, 0.7]))
    assert found[0].tolist() == [True, False, True]  # the second's own true box is taken
    assert found[8].tolist() == [True, False, False]
    assert found[9].tolist() == [False, True, False]


def test_boxes_that_say_the_same_are_removed():
    corners = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10], [50, 50, 60, 60]], float)
    assert distinct(corners, np.array([0, 0, 1, 0]), 0.6, 9).tolist() == [0, 2, 3]
    assert distinct(corners, np.array([0, 0, 1, 0]), 0.6, 2).tolist() == [0, 2]


def test_neighbours_have_a_say_in_where_a_box_lies():
    corners = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [50, 50, 60, 60]], float)
    scores = np.array([0.9, 0.3, 0.8, 0.7])
    found = voted(corners, np.array([0, 0, 1, 0]), scores, np.array([0, 3]), 0.7)
    np.testing.assert_allclose(found, [[0.25, 0, 10.25, 10], [50, 50, 60, 60]])


def test_metrics_by_hand():
    true = boxes(["ant", "ant"], [[0, 0, 10, 10], [20, 20, 30, 30]])
    said = boxes(["ant"] * 3, [[0, 0, 10, 10], [50, 50, 60, 60], [20, 20, 30, 30]], [0.9, 0.8, 0.3])
    found = scored([(said, true)])
    assert list(found) == list(WORDS)
    # Precision 1 up to a recall of .5 (51 of 101 places), then 2 of 3.
    expected = (51 + 50 * 2 / 3) / 101
    assert found["map50"] == pytest.approx(expected) and found["map"] == pytest.approx(expected)
    assert found["recall"] == 1.0 and found["count_error"] == 0.0  # two of three are sure


def test_nothing_to_find():
    none, one = boxes([], []), boxes(["ant"], [[0, 0, 1, 1]], [0.9])
    assert scored([(none, none)])["map"] == 1.0
    assert scored([(one, none)])["map"] == 0.0 and scored([(none, one)])["map"] == 0.0


def test_classes_that_training_has_not_are_missed_and_told():
    true = boxes(["ant", "fox"], [[0, 0, 10, 10], [20, 20, 30, 30]])
    pair = compared(boxes(["ant"], [[0, 0, 10, 10]], [0.9]), true, LABELS, 0.5)
    assert measured([pair])["map"] == pytest.approx(0.5)
    assert [one["class"] for one in by_class([pair], LABELS)] == ["ant", "other classes"]


def random_pictures(seed, num):
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(num):
        count = int(rng.integers(0, 7))
        low = rng.uniform(0, 60, (count, 2))
        corners = np.concatenate([low, low + rng.uniform(5, 40, (count, 2))], 1)
        names = [LABELS[i] for i in rng.integers(0, 3, count)]
        kept = rng.random(count) < 0.8
        near = corners[kept] + rng.normal(0, 2.5, (int(kept.sum()), 4))
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        extra = int(rng.integers(0, 4))
        low = rng.uniform(0, 60, (extra, 2))
        near = np.concatenate([near, np.concatenate([low, low + 20], 1)])
        kinds = [name for name, one in zip(names, kept, strict=True) if one]
        kinds = [name if rng.random() < 0.9 else "bee" for name in kinds]
        kinds += [LABELS[i] for i in rng.integers(0, 3, extra)]
        # Scores of one digit: many are equal, and their order counts.
        pairs.append((boxes(kinds, near, rng.random(len(kinds)).round(1)), boxes(names, corners)))
    return pairs


def by_coco(pairs):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def listed(raw, picture, first):
        return [
            {
                "id": first + place, "image_id": picture, "iscrowd": 0,
                "category_id": LABELS.index(name) + 1, "score": float(raw.certainty[place]),
                "bbox": [*box[:2], *(box[2:] - box[:2])],
                "area": float((box[2:] - box[:2]).prod()),
            }
            for place, (name, box) in enumerate(zip(raw.names, raw.corners, strict=True))
        ]  # fmt: skip

    true, said = [], []
    for picture, (made, real) in enumerate(pairs, 1):
        true += listed(real, picture, len(true) + 1)
        said += listed(made, picture, 0)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": picture} for picture in range(1, len(pairs) + 1)],
        "annotations": true,
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(LABELS)],
    }
    with redirect_stdout(io.StringIO()):
        truth.createIndex()
        found = COCOeval(truth, truth.loadRes(said), "bbox")
        found.evaluate()
        found.accumulate()
        found.summarize()
    precision = found.eval["precision"][:, :, :, 0, 2]
    return found.stats[:3], precision.mean(axis=(0, 1)), precision[0].mean(axis=0)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_as_cocos_own_evaluation(seed):
    pairs = random_pictures(seed, 40)
    (whole, half, strict), of_class, half_of_class = by_coco(pairs)
    found = scored(pairs)
    np.testing.assert_allclose(
        [found["map"], found["map50"], found["map75"]], [whole, half, strict], atol=1e-6
    )
    told = by_class([compared(a, b, LABELS, 0.5) for a, b in pairs], LABELS)
    np.testing.assert_allclose([one["AP 50-95"] for one in told], of_class, atol=1e-6)
    np.testing.assert_allclose([one["AP 50"] for one in told], half_of_class, atol=1e-6)
