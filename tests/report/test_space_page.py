"""The report of a shared space: whole, escaped, script-free, and true to its numbers."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import resources

import pytest

from plait.report import render_report, retrieval, space

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "img", "br", "col", "rect", "path", "polyline", "polygon"}


class Tree(HTMLParser):
    """Keeps the start tags, and those that were not closed in order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.wrong, self.tags = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(tag)

    def of_class(self, name):
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]


def direction(recall, n=200):
    ends = {"r@10": [recall - 0.125, recall + 0.125]}
    return {"r@1": recall / 4, "r@5": recall / 2, "r@10": recall, "median_rank": 9.5, "n": n,
            "intervals": ends}  # fmt: skip


def bundle(**changes):
    item = {"row": 7, "cosine": -0.001, "right": True}
    found = {"rank": 1.0, "among": 40, "items": [item, {**item, "row": 8, "right": False}]}
    data = {
        "name": "e.plait",
        "model": {"target": None, "task": "embed", "inputs": ["x", EVIL], "space": {"key": "k"},
                  "input_columns": {"x": ["x"], EVIL: [EVIL]}},
        "map": {
            "method": "t-SNE", "rows": 40, "input_columns": ["x", EVIL],
            "points": [{"input_column": "x", "row": 7, "x": 0.25, "y": 0.9},
                       {"input_column": EVIL, "row": 7, "x": 1.0, "y": 0.1},
                       {"input_column": "x", "row": 8, "x": 0.0, "y": 0.5}],
            "cells": {"7": {"x": "<b>seven</b>", EVIL: "<i>evil</i>"}, "8": {"x": "<b>eight</b>"},
                      "9": {"x": "<b>nine</b>"}},
            "neighbours": [{"input_column": EVIL, "row": 7, "found": {"x": found}}],
        },
        "metrics": {
            "shipped": EVIL, "notes": [EVIL], "num_parameters": 10,
            "test": {"rows": 40, "metrics": {"r@10": 0.375, "median_rank": 9.5},
                     "retrieval": {f"x->{EVIL}": direction(0.25), f"{EVIL}->x": direction(0.5)},
                     "by_present": {f"x+{EVIL}->y": direction(0.75), "x->y": direction(0.7)}},
            "trials": [{"recipe": EVIL, "cost": 0.8, "chosen": True}],
            "collapse": {"std": 0.9, "rank": 30.0},
            "curve": [{"seconds": 1, "loss": 3.0, "validation": 0.9},
                      {"seconds": 2, "loss": 2.0, "validation": 0.8}],
            "label_efficiency": {
                "metric": "accuracy", "lower_is_better": False, "said": f"with {EVIL}, 10 do",
                "points": [{"labels": n, "name": name, "value": 0.5, "interval": [0.4, 0.6]}
                           for n in (100, 10, 1000) for name in ("from scratch", EVIL)],
                "shipped": {"name": "shipped model", "labels": 1000, "value": 0.75},
                "learner": EVIL, "rows": 40, "num_labels": 5000,
            },
        },
    }  # fmt: skip
    return {**data, **changes}


def check_page(page):
    tree = Tree(page)
    assert not tree.wrong and not tree.open
    assert EVIL not in page
    assert not any(name.startswith("on") for _, attrs in tree.tags for name in attrs)
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    return tree


def test_a_whole_report_of_a_space():
    page = render_report(bundle())
    check_page(page)
    titles = re.findall(r'<h2 id="[^"]*-title">(.*?)</h2>', page.partition("</header>")[2])
    assert titles[:5] == ["Map of the space", "Nearest neighbours", "What finds what",
                          "What the labels buy", "How the space was learned"]  # fmt: skip
    assert "Not measured" not in page and "Beside simple models" not in page
    assert "<title>shared space – e.plait</title>" in page
    assert 'shared space <small class="from">of x, ' in page
    assert '37.5<span class="unit">%</span>' in page and "by chance" in page


def test_every_direction_shows_its_interval():
    drawn = retrieval.alignment_matrix(bundle())
    for shown in ("25.0\u00a0% (12.5 to 37.5)", "50.0\u00a0% (37.5 to 62.5)", "in brackets 95 %"):
        assert shown in drawn
    assert "75.0\u00a0% (62.5 to 87.5)" in drawn


@pytest.mark.parametrize("gone", [*bundle(), *bundle()["metrics"], *bundle()["map"]])
def test_whatever_is_absent_is_no_crash(gone):
    data = bundle()
    for part in (data, data["metrics"], data.get("map", {})):
        if gone != "input_columns":
            part.pop(gone, None)
    check_page(render_report(data))


def test_sections_without_data_are_nothing():
    for section in (
        space.space_map, space.neighbours, retrieval.alignment_matrix, retrieval.label_efficiency,
        retrieval.learning,
    ):  # fmt: skip
        assert section({}) == section({"map": {}, "metrics": {}}) == ""


def test_a_bundle_with_a_target_keeps_its_sections():
    data = bundle()
    data["model"]["target"] = "kind"
    data["metrics"]["test"] = {"rows": 40, "metrics": {"accuracy": 0.5}}
    page = render_report(data)
    check_page(page)
    assert "Beside simple models" in page and "Map of the space" in page
    assert "What finds what" not in page and "What the labels buy" in page
    del data["model"]["space"]
    page = render_report(data)
    assert "Map of the space" not in page and "What the labels buy" in page


def test_a_row_has_one_card_and_a_dot_per_input_column():
    drawn = space.space_map(bundle())
    tree = check_page(drawn)
    dots = tree.of_class("dot")
    assert len(dots) == 3 and len(tree.of_class("card")) == 2
    assert drawn.count("<b>seven</b>") == drawn.count("<i>evil</i>") == 1
    assert "nine" not in drawn
    assert all(dot["tabindex"] == "0" and dot["aria-label"] for dot in dots)
    assert [dot["style"] for dot in dots][:2] == ["left:25.0%;top:90.0%", "left:100.0%;top:10.0%"]
    assert "2 of 40 rows" in drawn


def test_cards_open_upwards_in_the_lower_half():
    style = next(a["style"] for _, a in check_page(space.space_map(bundle())).tags
                 if (a.get("style") or "").startswith("--x"))  # fmt: skip
    assert style == "--x0:25.0%;--y0:90.0%;--t0:-100%;--x1:100.0%;--y1:10.0%"


def test_the_style_knows_every_mark():
    css = resources.files("plait.report").joinpath("page.css").read_text()
    for mark in range(space.NUM_MARKS):
        assert f".mark{mark} {{ --mark:" in css
        assert f".mark{mark}:is(:hover,:focus)~.card {{ --x:var(--x{mark});" in css
    shapes = re.findall(r"--shape:([^;]+);", css)
    colours = re.findall(r"--mark:(#\w+);", css)
    assert len(set(shapes)) == len(set(colours)) == space.NUM_MARKS


def test_input_columns_that_are_not_drawn_are_named():
    data = bundle()
    data["model"]["input_columns"]["far"] = ["far"]
    assert "Not drawn: far." in space.space_map(data)


def test_the_right_neighbour_is_framed_and_its_rank_told():
    shown = space.neighbours(bundle())
    tree = check_page(shown)
    assert len(tree.of_class("found")) == 2 and len(tree.of_class("right")) == 1
    assert re.search(r'class="found right"><b>seven</b><small>✓ 0\.00<', shown)
    assert "first of 40 rows" in shown and "or one equal to it" in shown
    data = bundle()
    data["map"]["neighbours"][0]["found"]["x"]["rank"] = 48.0
    assert "after 47 of 40 rows" in space.neighbours(data)


def test_the_matrix_has_queries_in_rows():
    shown = retrieval.alignment_matrix(bundle())
    cells = re.findall(r'<td class="r\d+" title="(.*?)">', shown)
    evil = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"
    assert cells == [f"x to {evil}: 25.0\u00a0%", f"{evil} to x: 50.0\u00a0%"]
    rows = shown.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")
    assert rows[0].index("<td></td>") < rows[0].index(">25.0<") and "asks ↓ / answers →" in shown
    assert "0.5, 2.5, 5.0 %" in shown


def test_labels_are_drawn_on_a_logarithmic_axis():
    tree = check_page(retrieval.label_efficiency(bundle()))
    dots = [a["d"] for tag, a in tree.tags if tag == "path" and a["class"].startswith("dot")]
    across = sorted({float(d[1:].split()[0]) for d in dots})
    assert len(across) == 3
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.11)


def test_what_labels_buy_is_said_and_the_shipped_model_is_a_dot():
    data = bundle()
    shown = retrieval.label_efficiency(data)
    tree = check_page(shown)
    assert '<p class="lead">With &lt;script&gt;' in shown and "10 do.</p>" in shown
    assert "<h3>accuracy, higher is better</h3>" in shown and "Judged on the same 40 rows" in shown
    assert "1,000 of 5,000 labels were used" in shown
    assert len([a for tag, a in tree.tags if (a.get("class") or "").startswith("dot")]) == 7
    assert "<title>1,000: 75.0\u00a0%</title>" in shown
    data["metrics"]["label_efficiency"] |= {"shipped": None, "num_labels": 1000, "said": None}
    shown = retrieval.label_efficiency(data)
    assert "shipped" not in shown and "were used" not in shown and 'class="lead"' not in shown


def test_errors_by_labels_are_numbers_not_shares():
    data = bundle()
    found = data["metrics"]["label_efficiency"]
    found |= {"metric": "rmse", "lower_is_better": True, "shipped": None}
    for value, point in enumerate(found["points"]):
        point |= {"value": 120.0 + 10 * value, "interval": None}
    shown = retrieval.label_efficiency(data)
    assert "<h3>RMSE, lower is better</h3>" in shown and "\u00a0%" not in shown
    up = shown.partition('class="ticks up">')[2].partition("</div>")[0]
    assert re.findall(r">([^<]+)</span>", up) == ["120", "130", "140", "150", "160", "170"]


def test_learning_in_plain_words():
    shown = retrieval.learning(bundle())
    assert "0.200" in shown and "spread by 0.9" in shown and "30 independent" in shown
    assert "Mean reciprocal rank on validation rows" in shown
    alone = {"metrics": {"curve": [{"seconds": s, "validation": -0.5} for s in (1, 2)]}}
    assert "Spread of the vectors" in retrieval.learning(alone)
