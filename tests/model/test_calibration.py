"""Calibration by sets of columns: what intervals cover, how sure probabilities are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from plait.errors import TargetError
from plait.metrics import covered_rows, log_loss
from plait.modalities.categories.codec import CategoriesCodec
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec
from plait.model.calibration import calibration_from, fit_calibration
from plait.model.held_out import HeldOutRows
from plait.model.scales import scale_of

INPUT_COLUMNS = {"a": ("a",), "b": ("b",)}
NUMBER = NumberCodec(mean=0.0, scale=1.0)
NOISE = {(True, True): 0.3, (True, False): 1.0, (False, True): 3.0, (False, False): 4.0}


def prepared_of(present: np.ndarray) -> SimpleNamespace:
    columns = {name: SimpleNamespace(present=present[:, i]) for i, name in enumerate(INPUT_COLUMNS)}
    return SimpleNamespace(columns=columns, num_rows=len(present))


def draw(rng, num_rows, *, patterns=tuple(NOISE), group_size=1, shared=0.0):
    """Numbers whose noise depends on the columns that are there; intervals that ignore it."""
    present = np.array(patterns)[rng.integers(0, len(patterns), num_rows)]
    groups = np.arange(num_rows) // group_size
    noise = np.array([NOISE[tuple(map(bool, row))] for row in present])
    level = rng.normal(size=num_rows)
    of_group = rng.normal(size=groups.max() + 1)[groups]
    truth = level + noise * (
        shared * of_group + (1 - shared**2) ** 0.5 * rng.standard_normal(num_rows)
    )
    outputs = np.stack([level, level - 1, level, level + 1], axis=1)
    return HeldOutRows(
        outputs.astype(np.float32),
        truth.astype(np.float32),
        present,
        groups,
        np.zeros(num_rows, bool),
    )


def coverage(calibration, rows: HeldOutRows) -> dict[tuple[bool, ...], float]:
    outputs = calibration.apply(rows.outputs, prepared_of(rows.present), np.arange(len(rows.truth)))
    inside = covered_rows(outputs, rows.truth)
    return {
        pattern: float(inside[(rows.present == pattern).all(axis=1)].mean())
        for pattern in {tuple(map(bool, row)) for row in rows.present}
    }


def test_what_few_rows_may_cover_is_told_and_is_so():
    """Of fits by 100 rows nineteen in twenty cover what the note says, of new rows."""
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(60):
        calibration = fit_calibration(
            NUMBER, INPUT_COLUMNS, draw(rng, 100, patterns=((True, True),))
        )
        new = draw(rng, 4000, patterns=((True, True),))
        shares.append(coverage(calibration, new)[True, True])
    (note,) = calibration.notes()
    least, most = (int(end) / 100 for end in re.findall(r"(\d+)%", note)[1:])
    assert (least, most) == (0.84, 0.96)
    inside = np.mean([least <= share <= most for share in shares])
    assert 0.88 <= inside <= 1.0
    assert fit_calibration(NUMBER, INPUT_COLUMNS, draw(rng, 2000)).notes() == ()


def test_intervals_cover_what_they_promise_in_every_set_of_columns():
    rng = np.random.default_rng(0)
    found: dict[tuple[bool, ...], list[float]] = {}
    for _ in range(15):
        calibration = fit_calibration(NUMBER, INPUT_COLUMNS, draw(rng, 600))
        for pattern, share in coverage(calibration, draw(rng, 4000)).items():
            found.setdefault(pattern, []).append(share)
    assert len(found) == 4
    for pattern, shares in found.items():
        assert 0.87 <= np.mean(shares) <= 0.93, pattern


@pytest.mark.parametrize("num_groups", [8, 40])
def test_intervals_cover_rows_of_new_groups(num_groups):
    """Errors are mostly shared within groups of thirty: few groups, many rows."""
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(40):
        calibration = fit_calibration(
            NUMBER,
            INPUT_COLUMNS,
            draw(rng, 30 * num_groups, patterns=((True, True),), group_size=30, shared=0.9),
        )
        new = draw(rng, 6000, patterns=((True, True),), group_size=30, shared=0.9)
        shares += coverage(calibration, new).values()
    assert 0.87 <= np.mean(shares) <= 0.95


def weighted_draw(rng, num_rows, share_wide):
    """One set of columns; rows that weigh four times as much have errors ten times wider."""
    rows = draw(rng, num_rows, patterns=((True, True),))
    wide = rng.random(num_rows) < share_wide
    truth = rows.outputs[:, 0] + np.where(wide, 3.0, 0.3) * rng.normal(size=num_rows)
    weights = np.where(wide, 4.0, 1.0)
    return replace(rows, truth=truth.astype(np.float32), weights=weights / weights.mean())


def test_intervals_cover_rows_by_their_weights():
    """Wide rows are a fifth of those seen, and by weight a half, as where the model is used."""
    rng = np.random.default_rng(3)
    shares: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(20):
        seen, new = weighted_draw(rng, 500, 0.2), weighted_draw(rng, 4000, 0.5)
        for heard in shares:
            told = seen if heard else replace(seen, weights=None)
            calibration = fit_calibration(NUMBER, INPUT_COLUMNS, told)
            shares[heard] += coverage(calibration, new).values()
    assert 0.87 <= np.mean(shares[True]) <= 0.93
    assert np.mean(shares[False]) < 0.85


def test_weights_are_rows_repeated():
    rng = np.random.default_rng(4)
    rows = draw(rng, 300, patterns=((True, True),))
    times = rng.integers(1, 4, 300)
    repeated = rows.take(np.repeat(np.arange(300), times))
    heavy = replace(rows, weights=times / times.mean())
    # Groups weigh the same however large: repeats that are groups of their own are meant.
    apart = replace(repeated, groups=np.arange(len(repeated.groups)))
    first, second = (fit_calibration(NUMBER, INPUT_COLUMNS, one).factors for one in (heavy, apart))
    np.testing.assert_allclose(first, second, rtol=0.08)


def test_a_set_that_never_occurred_takes_the_humblest_within_it():
    rng = np.random.default_rng(2)
    learned = draw(rng, 800, patterns=((True, False), (False, True)))
    calibration = fit_calibration(NUMBER, INPUT_COLUMNS, learned)
    row = learned.take(np.arange(1))
    both = calibration.apply(row.outputs, prepared_of(np.array([[True, True]])), np.arange(1))
    alone = [
        calibration.apply(row.outputs, prepared_of(np.array([p])), np.arange(1))
        for p in ((True, False), (False, True))
    ]
    assert any(np.array_equal(both, one) for one in alone)
    none = calibration.apply(row.outputs, prepared_of(np.array([[False, False]])), np.arange(1))
    assert none[0, 3] > row.outputs[0, 3]


def test_where_nothing_was_tried_no_more_is_claimed_than_of_what_knew_less():
    """Three columns; rows with one alone err more than all others, and a pair was never seen."""
    rng = np.random.default_rng(3)
    names = {name: (name,) for name in "abc"}
    patterns = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0]], bool)
    present = patterns[rng.integers(0, 3, 1500)]
    noise = np.where(present.all(1), 0.5, np.where(present[:, 0], 1.0, 4.0))
    level = rng.normal(size=1500)
    rows = HeldOutRows(
        np.stack([level, level - 1, level, level + 1], axis=1).astype(np.float32),
        (level + noise * rng.standard_normal(1500)).astype(np.float32),
        present,
        np.arange(1500),
        np.zeros(1500, bool),
    )
    found = fit_calibration(NUMBER, names, rows)
    factors = {
        tuple(map(int, one)): f for one, f in zip(found.patterns, found.factors, strict=True)
    }
    pair = found._factors_of(np.array([True, True, False]))
    np.testing.assert_array_equal(pair, np.maximum(factors[1, 0, 0], factors[0, 1, 0]))
    assert (pair >= factors[1, 1, 1]).all()
    some = replace(found, lacking=np.array([[9.0, 9.0], [8.0, 8.0], [np.nan, np.nan]], np.float32))
    np.testing.assert_array_equal(some._factors_of(np.array([True, True, False])), pair)
    both = some._factors_of(np.zeros(3, bool))  # a and b are known, c is not
    assert (both >= 9.0).all()


def test_sets_that_hardly_occur_take_the_most_cautious_of_the_columns_they_lack():
    """Without d errors are ten times as large, but no row lacks d by nature."""
    rng = np.random.default_rng(6)
    input_columns = {name: (name,) for name in "abcd"}

    def rows(num, *patterns):
        present = np.array(patterns, bool)[rng.integers(0, len(patterns), num)]
        level = rng.normal(size=num)
        truth = level + np.where(present[:, 3], 0.3, 3.0) * rng.standard_normal(num)
        outputs = np.stack([level, level - 1, level, level + 1], axis=1).astype(np.float32)
        hidden = np.zeros(num, bool)
        return HeldOutRows(outputs, truth, present, np.arange(num), hidden)

    natural = rows(600, [1, 1, 1, 1], [0, 1, 1, 1])
    unusual = rows(600, [0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 1])
    new = rows(4000, [0, 1, 0, 0], [0, 1, 1, 0])
    shares = []
    for told in (None, unusual):
        made = fit_calibration(NUMBER, input_columns, natural, told)
        again = calibration_from(json.loads(json.dumps(made.facts())), NUMBER, input_columns)
        columns = {
            c: SimpleNamespace(present=new.present[:, i]) for i, c in enumerate(input_columns)
        }
        prepared = SimpleNamespace(columns=columns, num_rows=4000)
        outputs = again.apply(new.outputs, prepared, np.arange(4000))
        shares.append(covered_rows(outputs, new.truth).mean())
    assert shares[0] < 0.4 and 0.87 <= shares[1] <= 0.95


def test_columns_hidden_on_purpose_count_for_their_set_only():
    rng = np.random.default_rng(3)
    whole = draw(rng, 400, patterns=((True, True),))
    without = draw(rng, 300, patterns=((False, True),))
    hidden = HeldOutRows(*list(vars(without).values())[:4], np.ones(300, bool))
    calibration = fit_calibration(NUMBER, INPUT_COLUMNS, HeldOutRows.join([whole, hidden]))
    found = coverage(calibration, draw(rng, 8000, patterns=((True, True), (False, True))))
    assert min(found.values()) >= 0.86 and max(found.values()) <= 0.94


def test_one_sided_errors_move_one_end():
    rng = np.random.default_rng(4)
    rows = draw(rng, 2000, patterns=((True, True),))
    above = HeldOutRows(
        rows.outputs, rows.outputs[:, 0] + rng.exponential(2, 2000), *list(vars(rows).values())[2:]
    )
    calibration = fit_calibration(NUMBER, INPUT_COLUMNS, above)
    low, high = calibration.factors[1]
    assert low < 0.2 and high == pytest.approx(-2 * np.log(0.05), rel=0.15)


def test_too_few_rows_calibrate_nothing():
    assert fit_calibration(NUMBER, INPUT_COLUMNS, draw(np.random.default_rng(0), 19)) is None


def overconfident(rng, num_rows, num_classes=3):
    logits = rng.normal(size=(num_rows, num_classes))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.array([rng.choice(num_classes, p=row) for row in p])
    sure = np.exp(3 * logits) / np.exp(3 * logits).sum(1, keepdims=True)
    return sure.astype(np.float32), truth


def test_probabilities_become_as_sure_as_they_are_right():
    rng = np.random.default_rng(5)
    codec = CategoryCodec().fit(["x", "y", "z"])
    outputs, truth = overconfident(rng, 1000)
    truth[:5] = -1
    present = np.ones((1000, 2), bool)
    rows = HeldOutRows(outputs, truth, present, np.arange(1000), np.zeros(1000, bool))
    calibration = fit_calibration(codec, INPUT_COLUMNS, rows)
    assert calibration.factors[1, 0] == pytest.approx(1 / 3, rel=0.2)
    new, real = overconfident(rng, 2000)
    fixed = calibration.apply(new, prepared_of(np.ones((2000, 2), bool)), np.arange(2000))
    np.testing.assert_allclose(fixed.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(fixed.argmax(1), new.argmax(1))
    assert log_loss(fixed, real).mean() < log_loss(new, real).mean() - 0.1


def test_labels_keep_their_decisions():
    codec = CategoriesCodec().fit([("x",), ("y",)])
    scale = scale_of(codec)
    outputs = np.float32([[0.9, 0.2], [0.5, 0.49]])
    fixed = scale.apply(outputs, np.float32([[0.5], [2.0]]))
    np.testing.assert_array_equal(fixed >= 0.5, outputs >= 0.5)
    assert fixed[0, 0] == pytest.approx(0.75, abs=1e-3)


def test_facts_rebuild_the_same_calibration():
    rng = np.random.default_rng(6)
    rows = draw(rng, 500)
    calibration = fit_calibration(NUMBER, INPUT_COLUMNS, rows)
    again = calibration_from(calibration.facts(), NUMBER, INPUT_COLUMNS)
    every, prepared = np.arange(500), prepared_of(rows.present)
    np.testing.assert_array_equal(
        calibration.apply(rows.outputs, prepared, every), again.apply(rows.outputs, prepared, every)
    )


def test_an_unknown_kind_of_target_is_refused():
    with pytest.raises(TargetError, match="cannot be calibrated"):
        scale_of(SimpleNamespace(form=SimpleNamespace(name="draws")))


def test_intervals_of_a_target_that_is_never_negative_stop_at_zero_and_cover_no_less():
    rng = np.random.default_rng(0)
    rows, new = draw(rng, 600), draw(rng, 4000)
    rows, new = (replace(one, truth=np.maximum(one.truth, 0)) for one in (rows, new))
    codec = NumberCodec().fit(rows.truth.tolist())
    free = fit_calibration(NUMBER, INPUT_COLUMNS, rows)
    kept = fit_calibration(codec, INPUT_COLUMNS, rows)
    outputs = kept.apply(new.outputs, prepared_of(new.present), np.arange(len(new.truth)))
    assert outputs.min() == 0 and np.ptp(outputs[:, 1]) > 0
    before = coverage(free, new)
    assert all(share >= before[pattern] for pattern, share in coverage(kept, new).items())
