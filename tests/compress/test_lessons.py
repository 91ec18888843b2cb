"""Lessons: what a teacher says on the scales that students learn on."""

import numpy as np

from plait.compress.compared import compare
from plait.compress.lessons import Lessons, agreement, answers_as_truth, raw_answers
from plait.modalities import find_codec
from plait.modalities.forms import CLASSES, LABELS, NUMBER
from plait.model.judges import OutputJudge


def codec_of(modality, raws):
    return find_codec(modality)().as_target().fit(raws)


def test_raw_answers_by_hand():
    classes = codec_of("category", ["a", "a", "b"])
    shares = np.array([[0.75, 0.25], [np.nan, np.nan]], np.float32)
    raw = raw_answers(classes, shares)
    np.testing.assert_allclose(raw[0], np.log([0.75, 0.25]), rtol=1e-5)
    assert np.isnan(raw[1]).all()
    numbers = codec_of("number", [1.0, 3.0, 5.0, 7.0])
    outputs = np.array([[4.0, 2.0, 4.0, 6.0]], np.float32)
    expected = (outputs - numbers.mean) / numbers.scale
    np.testing.assert_allclose(raw_answers(numbers, outputs), expected, rtol=1e-4, atol=1e-6)


def test_soft_targets_are_truth_moved_towards_the_teacher_where_it_says_anything():
    codec = codec_of("category", ["a", "a", "b"])
    said = np.array([[0.4, 0.6], [np.nan, np.nan]], np.float32)
    lessons = Lessons(np.arange(2), np.array([0, 1]), said, codec)
    soft = lessons.soft(np.arange(2), 0.5)
    np.testing.assert_allclose(soft, [[0.7, 0.3], [0.0, 1.0]], atol=1e-6)
    np.testing.assert_array_equal(lessons.known, [True, False])


def test_answers_as_truth_and_agreement_by_hand():
    outputs = np.array([[0.2, 0.8], [0.6, 0.4]], np.float32)
    np.testing.assert_array_equal(answers_as_truth(CLASSES, outputs), [1, 0])
    np.testing.assert_array_equal(answers_as_truth(LABELS, outputs), [[0, 1], [1, 0]])
    np.testing.assert_array_equal(answers_as_truth(NUMBER, outputs), outputs[:, 0])
    other = np.array([[0.3, 0.7], [0.4, 0.6]], np.float32)
    assert agreement(CLASSES, outputs, other) == 0.5
    assert agreement(LABELS, outputs, other) == 0.5
    means = np.array([[1.0], [3.0]], np.float32)
    assert agreement(NUMBER, means, means) == 1.0
    assert abs(agreement(NUMBER, means + 1.0, means) - 0.0) < 1e-6


def test_a_comparison_is_paired_and_leaves_out_what_the_teacher_does_not_say():
    codec = codec_of("category", ["a", "b"] * 40)
    truth = np.arange(80) % 2
    right = np.eye(2, dtype=np.float32)[truth]
    student, teacher = right.copy(), right.copy()
    student[:8] = 1 - student[:8]
    teacher[-40:] = np.nan
    found = compare(OutputJudge(codec), student, teacher, truth, np.arange(80))
    assert found["rows"] == 40 and found["student"] == 0.8 and found["teacher"] == 1.0
    assert abs(found["share"] - 0.8) < 1e-9 and abs(found["gap"] + 0.2) < 1e-9
    low, high = found["interval"]
    assert low < -0.2 < high < 0.0
    assert compare(OutputJudge(codec), student, np.full_like(student, np.nan), truth, truth) == {}
