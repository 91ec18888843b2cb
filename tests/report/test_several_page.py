"""The page of several targets: whole and safe, each target with its number, verdict, candidates."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from plait.report import render_report, render_several

sys.path.insert(0, str(Path(__file__).parent))

from test_pages import EVIL, bundle, check_page


def number():
    """What a bundle tells of a target of numbers, with a unit."""
    scored = {"metrics": {"rmse": 1.5, "r2": 0.5}, "intervals": {"rmse": [1.2, 1.8]}, "rows": 40}
    metrics = {
        "shipped": "linear", "test": scored, "weights": {"linear": 1.0},
        "candidates": [{"name": "deep", **scored, "metrics": {"rmse": 1.75}},
                       {"name": "linear", **scored}],
    }  # fmt: skip
    codecs = {"columns": {"price": {"unit": "kg"}}}
    about = {"target": "price", "task": "regress", "inputs": ["x", "y"]}
    return bundle(metrics=metrics, model=about, codecs=codecs, samples=[])


def test_each_target_has_its_number_interval_verdict_and_candidates():
    page = render_several([bundle(), number()])
    check_page(page)
    first, *others = page.split('<header class="hero">')[1:]
    assert len(others) == 2
    for said in ("80.0", "1.50", "kg", "1.75", "70.0", "linear model"):
        assert said in first, said
    for place, header in enumerate(others):
        assert f'<section id="target-{place}-beside-simple-models"' in header
        assert '<p class="verdict">' in header and "95 % interval" in header
    assert page.count("How it was made</h2>") == 1 and page.count("The table</h2>") == 1


@pytest.mark.parametrize("gone", sorted(bundle()))
def test_whatever_is_absent_is_no_crash(gone):
    poor = {name: value for name, value in bundle().items() if name != gone}
    check_page(render_several([poor, number(), poor]))


def test_a_page_of_one_target_is_as_it_was():
    render_several([bundle(), number()])
    assert "target-0" not in render_report(bundle()) and EVIL not in render_report(bundle())
