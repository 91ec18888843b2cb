"""Pages: complete, escaped, self-contained, and without a crash when something is absent."""

import re
from html.parser import HTMLParser

import pytest

from plait.report import render_inspection, render_report
from plait.report.plots import dots, heat_map, lines, scatter
from plait.report.text import metric, number, percent

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "img", "br", "input", "line", "rect", "circle", "polyline"}


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(tag)


def bundle(**changes):
    scored = {
        "metrics": {"accuracy": 0.8, "log_loss": 0.5},
        "intervals": {"accuracy": [0.7, 0.9], "log_loss": [0.4, 0.6]},
    }
    test = {
        **scored, "rows": 40, "labels": ["a", EVIL], "confusion": [[18, 2], [6, 14]],
        "per_class": [{"label": "a", "rows": 20, "precision": 0.75, "recall": 0.9, "f1": 0.8},
                      {"label": EVIL, "rows": 20, "precision": 0.9, "recall": 0.7, "f1": 0.8}],
        "by_present": {"x": {"rows": 30, **scored}, "x+y": {"rows": 10, **scored}},
        "reliability": [{"confidence": 0.6, "accuracy": 0.5, "count": 4}],
    }  # fmt: skip
    subset = {"kind": "all", "columns": ["x", "y"], **scored}
    data = {
        "name": "m.plait",
        "size_mb": 1.5,
        "model": {"target": EVIL, "task": "classify", "inputs": ["x", "y"]},
        "metrics": {
            "shipped": "deep", "num_parameters": 1000, "test": test, "notes": [EVIL],
            "candidates": [{"name": "deep", **scored, "seconds": 3}],
            "subsets": [subset, {**subset, "kind": "alone", "columns": ["x"]}],
            "curve": [{"step": 1, "seconds": 1, "loss": 2.0, "validation": 1.5},
                      {"step": 2, "seconds": 2, "loss": 1.0}],
            "fusion": [{"join": 1, "cost": 0.5, "chosen": True}],
        },
        "samples": [{"row": 1, "cells": {"x": "<b>ok</b>"}, "truth": "a", "prediction": EVIL,
                     "confidence": 0.9}],
        "schema": {"columns": [{"name": EVIL, "modality": "text", "why": EVIL}]},
        "splits": {"train": [1, 2], "validation": [3], "test": [4], "how": EVIL, "moved": []},
        "licences": [{"source": EVIL, "licence": "CC0"}],
    }  # fmt: skip
    return {**data, **changes}


def check_page(page):
    balance = Balance()
    balance.feed(page)
    assert not balance.wrong and not balance.open
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)


def test_a_whole_report():
    page = render_report(bundle())
    check_page(page)
    assert "80.0 % (70.0 to 90.0)" in page and "<b>ok</b>" in page
    assert "taken for" in page and "CC0" in page


@pytest.mark.parametrize("gone", [*bundle(), "everything"])
def test_whatever_is_absent_is_no_crash(gone):
    data = {} if gone == "everything" else {k: v for k, v in bundle().items() if k != gone}
    check_page(render_report(data))


def test_an_inspection():
    found = {
        "name": EVIL, "num_rows": 3, "warnings": [EVIL], "class_counts": {EVIL: 2, "b": 1},
        "columns": [{"name": EVIL, "modality": "text", "share_missing": 0.5, "num_distinct": 2,
                     "num_unreadable": 1, "first_error": {"row": 2, "error": EVIL}, "why": EVIL}],
        "leaks": [{"column": EVIL, "score": 1.0, "reason": EVIL}],
    }  # fmt: skip
    check_page(render_inspection(found, {EVIL: ["<i>shown</i>"]}))


def test_numbers_for_people():
    assert metric("accuracy", 0.8731, [0.851, 0.892]) == "87.3 % (85.1 to 89.2)"
    assert [number(v) for v in (None, float("nan"), 3, 0.12345, 123456.7)] == [
        "–", "–", "3", "0.123", "123,457",
    ]  # fmt: skip
    assert percent(None) == "–"


def test_plots_of_nothing():
    assert "none" in scatter([], label="x", x_label="a", y_label="b")
    assert "none" in lines({"loss": []}, label="x", x_label="s")
    assert "<svg" in dots([{"name": "a", "value": None}], label="x", low=0, high=0)
    assert "<svg" in heat_map([[0]], ["a"], label="x")
