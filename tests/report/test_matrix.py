"""Matrices: classes in an order that helps, both axes named, every number readable."""

from __future__ import annotations

import re

import numpy as np
import pytest

from plait.report.matrix import confusion, shaded
from plait.report.order import class_order, clustered_order, natural_order
from plait.report.outcomes import classes
from plait.report.palette import DARK, LIGHT, NUM_SHADES, RAMPS, contrast, shade_of, shades, style

EVIL = "<script>alert('x')</script>"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_number_on_every_shade_is_readable(theme):
    for colour in RAMPS.values():
        found = shades(theme, colour)
        assert len(found) == NUM_SHADES
        assert min(contrast(text, cell) for cell, text in found) >= 4.5
        steps = [contrast(theme["paper"], cell) for cell, _ in found]
        assert steps == sorted(steps) and steps[0] == 1


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_text_colour_is_readable_on_its_grounds(theme):
    for text in ("ink", "soft", "accent", "bad"):
        assert contrast(theme[text], theme["paper"]) >= 4.5
    for text, ground in (("ink", "warn-wash"), ("ink", "bad-wash"), ("bad", "bad-wash"),
                         ("accent", "accent-wash"), ("soft", "wash"), ("ink", "wash")):  # fmt: skip
        assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)


def test_the_style_has_every_shade_in_both_themes():
    for letter in RAMPS:
        assert all(style().count(f".{letter}{n}{{") == 2 for n in range(NUM_SHADES))
    assert [shade_of(v) for v in (0, 0.001, 0.5, 1)] == [0, 1, 5, 10]


def test_natural_orders():
    assert natural_order(["10", "9", "11"]) == [1, 0, 2]
    assert natural_order(["10-19", "0-9", "20-29"]) == [1, 0, 2]
    assert natural_order(["XL", "s", "M"]) == [1, 2, 0]
    assert natural_order(["High", "low", "medium"]) == [1, 2, 0]
    assert natural_order(["Sunday", "Monday"]) == [1, 0]
    assert natural_order(["cat", "dog"]) is None and natural_order(["a1", "b1"]) is None


@pytest.mark.parametrize("seed", range(5))
def test_clusters_come_out_together(seed):
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(4), 3))
    counts = 5 * (group[:, None] == group[None]) + 20 * np.eye(12)
    order = clustered_order(counts)
    assert sorted(order) == list(range(12))
    assert sum(group[a] != group[b] for a, b in zip(order, order[1:], strict=False)) == 3


def test_the_order_is_named():
    assert class_order(["2", "1"], [[1, 0], [0, 1]])[1] == "natural"
    assert class_order(["a", "b", "c"], np.eye(3).tolist())[1] == "clustered"
    assert class_order(["a", "b"], [[1, 0], [0, 1]]) == ([0, 1], "as given")


def test_a_confusion_matrix_says_everything_in_words():
    shown = confusion([[8, 2], [0, 5]], ["a", EVIL], [1, 0], "as given")
    assert "Rows: true class. Columns: predicted class." in shown
    assert "predicted class →" in shown and "true class ↓" in shown and EVIL not in shown
    cells = re.findall(r'<td class="([rw]\d+)( hit)?" title="([^"]*)">(\d*)</td>', shown)
    assert [cell[0] for cell in cells] == ["r10", "w0", "w2", "r8"]
    assert [cell[3] for cell in cells] == ["5", "", "2", "8"]
    assert "2 rows, 20 %" in cells[2][2] and "80.0" in shown


def test_many_classes_are_clustered_and_folded():
    labels = [f"class {chr(97 + i // 8)}{chr(97 + i % 8)}" for i in range(40)]
    counts = (5 * np.eye(40, dtype=int)).tolist()
    counts[3][4] = counts[4][3] = 4
    found = [{"label": n, "rows": sum(counts[i]), "precision": 1.0, "recall": 0.9, "f1": 0.9}
             for i, n in enumerate(labels)]  # fmt: skip
    test = {"per_class": found, "labels": labels, "confusion": counts}
    shown = classes({"metrics": {"test": test}})
    pairs = shown.partition("most often")[2].partition("</table>")[0]
    assert pairs.count("<tr>") == 3 and labels[3] in pairs and labels[4] in pairs
    assert "The 18 classes with most errors" in shown and 'scope="col" class="sum"' in shown
    assert shown.count("<details>") == 2 and shown.count('class="confusion"') == 1
    assert f'aria-label="Confusion matrix of all {len(labels)} classes"' in shown


def test_no_confusion_is_no_matrix():
    found = [{"label": "a", "rows": 3, "precision": 1.0, "recall": float("nan"), "f1": 0.0}]
    shown = classes({"metrics": {"test": {"per_class": found}}})
    assert "predicted class" not in shown and "–" in shown
    assert "Labels" in classes({"metrics": {"test": {"per_label": found}}})
    assert classes({}) == ""


def test_shades_grow_with_shares_and_leave_gaps():
    shown = shaded([[0.1, None], [float("nan"), 0.9]], "ab", "ab", label="x", axes=("p", "q"))
    assert re.findall(r'<td class="r(\d+)"', shown) == ["1", "10"]
    assert shown.count("<td></td>") == 2 and "p / q" in shown
