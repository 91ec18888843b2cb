"""The page of a generated target: pairs side by side, its own words, its own panel."""

import pytest

from plait.report import render_report
from plait.report.words import brought_along, known_words, word

WORDS = {
    "right": {"name": "notes right", "says": "How many.", "lower_is_better": False, "share": True},
    "edits": {"name": "edits", "says": "What to mend.", "lower_is_better": True, "share": False},
}


def bundle(**more):
    told = {"rows": 40, "metrics": {"edits": 1.5, "right": 0.8}, "intervals": {"right": [0.7, 0.9]}}
    candidates = [
        {"name": "typical", "metrics": {"right": 0.2}, "intervals": {}},
        {"name": "nearest", "metrics": {"right": 0.5}, "intervals": {"right": [0.4, 0.6]}},
        {"name": "deep", **told},
    ]
    metrics = {"shipped": "deep", "test": told, "candidates": candidates, "words": WORDS, **more}
    model = {
        "target": "tune", "task": "compose", "verb": "Composes", "headline": "right",
        "inputs": ["start"],
    }  # fmt: skip
    sample = {
        "row": 3, "cells": {"start": "<b>2</b>"}, "made": "<i>c-d</i>", "true": "<i>c-e</i>",
        "metric": "right", "value": 0.5, "drawn": "best", "truth": "c-e", "prediction": "c-d",
    }  # fmt: skip
    return {"model": model, "metrics": metrics, "samples": [sample], "name": "t.plait"}


def test_it_is_told_in_the_words_of_its_target():
    page = render_report(bundle())
    assert "<small>Composes</small> tune" in page and "notes right" in page and "80.0" in page
    assert "clearly better than the best simple model" in page
    assert "the most typical value" in page and "value of the nearest row" in page
    assert "What to mend." in page  # in the glossary


def test_what_was_made_stands_beside_what_is_true():
    page = render_report(bundle())
    for text in ("What came out best", "<i>c-d</i>", "<i>c-e</i>", "notes right 50.0"):
        assert text in page
    assert "✓ right" not in page and "✗ wrong" not in page


def test_the_panel_is_drawn_where_there_is_one():
    assert "All of tune, made and true" not in render_report(bundle())
    page = render_report(bundle(panel="<p>40 of 40</p>"))
    assert "All of tune, made and true" in page and "<p>40 of 40</p>" in page


def test_words_are_known_on_their_page_only():
    with brought_along(WORDS):
        assert word("right").name == "notes right" and word("edits").better == "lower"
        assert "accuracy" in known_words()
    assert word("right").name == "right" and "right" not in known_words()
    with pytest.raises(RuntimeError), brought_along(WORDS):
        raise RuntimeError
    assert "edits" not in known_words()


def test_a_bundle_that_tells_no_headline_has_that_of_its_metrics():
    told = {"rows": 40, "metrics": {"log_loss": 0.3, "macro_f1": 0.7, "auc": 0.8}}
    data = {"model": {"target": "t", "task": "tag"}, "metrics": {"test": told}}
    assert '<p class="large">70.0' in render_report(data)
