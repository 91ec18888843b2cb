"""Pages: complete, escaped, self-contained, and without a crash when something is absent."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from plait.report import making, render_inspection, render_report, render_search
from plait.report.comparison import comparison, subsets
from plait.report.making import training
from plait.report.outcomes import numbers
from plait.report.rows import samples
from plait.report.text import metric, number, percent, table

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "img", "br", "col", "rect", "path", "polyline"}


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
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
        "reliability": [{"confidence": 0.6, "accuracy": 0.5, "count": 4},
                        {"confidence": 0.9, "accuracy": 0.8, "count": 36}],
    }  # fmt: skip
    subset = {"kind": "all", "columns": ["x", "y"], **scored}
    data = {
        "name": "m.plait",
        "size_mb": 1.5,
        "model": {"target": EVIL, "task": "classify", "inputs": ["x", "y"]},
        "metrics": {
            "shipped": "deep", "num_parameters": 1000, "test": test, "notes": [EVIL],
            "warnings": [{"kind": "leak", "column": EVIL, "text": EVIL}],
            "candidates": [{"name": "deep", **scored, "seconds": 3},
                           {"name": "boosted", **scored, "complete": False},
                           {"name": "majority", "metrics": {"accuracy": 0.5}, "intervals": {}}],
            "subsets": [subset, {**subset, "kind": "alone", "columns": ["x"]}],
            "curve": [{"step": 1, "seconds": 1, "loss": 2.0, "validation": 1.5},
                      {"step": 2, "seconds": 2, "loss": 1.0}],
            "fusion": [{"join": 1, "cost": 0.5, "chosen": True}],
        },
        "samples": [{"row": 1, "cells": {"x": "<b>ok</b>"}, "truth": "a", "prediction": EVIL,
                     "confidence": 0.9, "right": False, "drawn": "worst",
                     "second": {"label": EVIL, "probability": 0.08}}],
        "schema": {"columns": [{"name": EVIL, "modality": "text", "why": EVIL}]},
        "splits": {"train": [1, 2], "validation": [3], "test": [4], "how": EVIL, "moved": []},
        "licences": [{"source": EVIL, "licence": "CC0"}],
    }  # fmt: skip
    return {**data, **changes}


def check_page(page):
    """Whole, escaped, asking nothing of the network, and with no script but its own by hash."""
    tree = Balance()
    tree.feed(page)
    assert not tree.wrong and not tree.open
    assert EVIL not in page and page.count("<script") == 1
    script = re.search(r"<script>(.*?)</script>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for t, a in tree.tags if "http-equiv" in a)
    assert policy.startswith("default-src 'none'") and f"script-src 'sha256-{digest}'" in policy
    assert not any(name.startswith("on") for _, attrs in tree.tags for name in attrs)
    assert not re.search(r"(src|href)=\"(?!data:|#)", page) and "url(" not in page
    ids = [attrs["id"] for _, attrs in tree.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(a["href"][1:] in ids for t, a in tree.tags if t == "a")
    assert "nan" not in re.sub(r"<[^>]*>", " ", page.partition("<body>")[2].replace(script, ""))
    return tree


def test_a_whole_report():
    page = render_report(bundle())
    check_page(page)
    assert '80.0<span class="unit">%</span>' in page and "95 % interval 70.0 to 90.0 %" in page
    assert "<b>ok</b>" in page and "predicted class" in page and "true class" in page
    assert "CC0" in page and "cut off by the clock" in page


def test_the_first_screen_has_number_base_models_verdict_and_warnings():
    hero = render_report(bundle()).partition("</header>")[0].rpartition("<header")[2]
    assert hero.count('class="large"') == 1 and "on 40 test rows" in hero
    assert "guessing" in hero and "50.0\u00a0%" in hero and 'class="verdict"' in hero
    evil = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"
    assert f"<li>{evil}</li>" in hero and "3 warnings" in hero


def test_rows_of_named_groups_are_counted_by_groups_too():
    data = bundle()
    data["metrics"]["test"]["groups"] = 12
    assert "on 40 test rows</p>" in render_report(data)  # near-duplicates, which nobody named
    data["model"]["group"] = "patient"
    assert "on 40 test rows, of 12 groups of &#x27;patient&#x27;</p>" in render_report(data)


def test_the_decision_and_scores_by_weight_are_shown():
    plain = render_report(bundle())
    assert "The decision" not in plain and "Rows by weight" not in plain
    data = bundle()
    at = {"accuracy": 0.7, "precision": 0.61, "recall": 0.95, "specificity": 0.5, "f1": 0.74,
          "cost": 0.25}  # fmt: skip
    data["metrics"]["test"] |= {
        "weighted": {"accuracy": 0.655, "log_loss": 0.72},
        "decision": {
            "positive": EVIL, "threshold": 0.123, "how": EVIL, "false_negative": 7.0,
            "false_positive": 1.0, "at_threshold": at,
            "at_half": {**at, "precision": float("nan"), "recall": 0.4, "cost": 0.5},
        },
    }  # fmt: skip
    page = render_report(data)
    check_page(page)
    decided = page.partition("The decision</h2>")[2].partition("</section>")[0]
    for told in ("12.3", "95.0", "40.0", "0.250", "0.500", "7.00", "&lt;script&gt;"):
        assert told in decided, told
    heavy = page.partition("Rows by weight</h2>")[2].partition("</section>")[0]
    assert "65.5" in heavy and "80.0" in heavy and "70.0 to 90.0" in heavy and "0.720" in heavy


@pytest.mark.parametrize("gone", [*bundle(), "everything"])
def test_whatever_is_absent_is_no_crash(gone):
    data = {} if gone == "everything" else {k: v for k, v in bundle().items() if k != gone}
    check_page(render_report(data))


@pytest.mark.parametrize("gone", [*bundle()["metrics"], *bundle()["metrics"]["test"]])
def test_whatever_numbers_are_absent_is_no_crash(gone):
    data = bundle()
    data["metrics"].pop(gone, None)
    data["metrics"].get("test", {}).pop(gone, None)
    check_page(render_report(data))


def test_intervals_of_few_rows_are_not_shown():
    data = bundle()
    data["metrics"]["test"]["by_present"]["x"]["rows"] = 9
    data["metrics"]["test"]["intervals"] = {}
    page = render_report(data)
    assert "no interval: it was not computed" in page
    rare = page.partition("1 rare pattern")[2].partition("</table>")[0]
    assert "80.0" in rare and "70.0 to 90.0" not in rare


def test_wrong_cards_say_so_first_and_right_ones_too():
    shown = samples(bundle())
    assert '<article class="bad"><p class="mark-of">✗ wrong<span>90 % sure</span>' in shown
    assert "true: <b>a</b>" in shown and "8 %" in shown
    data = bundle()
    data["samples"][0] |= {"right": True, "truth": EVIL}
    assert '<article class="good"><p class="mark-of">✓ right' in samples(data)
    old = {"row": 1, "cells": {}, "truth": "a", "prediction": "a", "confidence": 0.5}
    assert '<article class="good">' in samples({"samples": [old]})


def test_cards_of_numbers_have_their_interval_and_the_truth_on_it():
    one = {"row": 3, "cells": {"x": "1"}, "truth": "7", "true": 7.0, "prediction": "4", "q05": 2.0,
           "q95": 6.0, "confidence": 0.3, "right": False, "drawn": "lot"}  # fmt: skip
    shown = samples({"samples": [one], "model": {"task": "regress"}})
    assert "✗ outside its interval" in shown and "2 to 6 in 90 % of cases" in shown
    assert 'class="goal"' in shown and "true: <b>7</b>" in shown
    inside = samples({"samples": [one | {"true": 5.0}], "model": {"task": "regress"}})
    assert "✓ inside its interval" in inside


def test_numbers_of_cards_are_written_alike():
    one = {"row": 3, "cells": {str(i): "1" for i in range(7)}, "truth": "1004 h", "true": 1004.0,
           "prediction": "1041", "q05": 800.0, "q95": 1200.0}  # fmt: skip
    shown = samples({"samples": [one]})
    assert "true: <b>1,004 h</b>" in shown and '"said">1,041<' in shown and "800 to 1,200" in shown
    assert "1 more column<" in shown
    for kept in ("1004,5", "0.12345", "2024-01-02", "1.004", "28.09.2023"):
        assert f"true: <b>{kept}" in samples({"samples": [one | {"truth": kept}]})
    comma = samples({"samples": [one | {"truth": "904,5", "true": 904.5}]})
    assert "true: <b>904.5<" in comma


def test_columns_that_could_be_inputs_and_are_none_say_so():
    data = bundle()
    data["schema"] = {"columns": [{"name": name, "modality": "number"} for name in ("x", "left")]}
    assert making.table_of(data).count(", no input") == 1
    data["schema"]["columns"][1] |= {"modality": None, "role": "group"}
    assert ", no input" not in making.table_of(data)


def test_rows_that_were_not_learned_from_or_judged_are_counted():
    data = bundle(splits={"train": list(range(840)), "test": list(range(180)), "how": "x"})
    data["metrics"] |= {"shipped": "boosted", "weights": {"boosted": 1.0}}
    data["metrics"]["candidates"][1]["rows_learned"] = 150
    data["metrics"]["test"]["rows"] = 100
    shown = making.table_of(data)
    assert "Boosted trees: learned from 150 of the 840 training rows." in shown
    assert "Judged on 100 of the 180 test rows." in shown
    assert "Judged on" not in making.table_of(bundle())


def test_settings_are_words_and_no_line_is_told_of_that_is_not_drawn():
    settings = {"train": "{'learning_rate': 0.008, 'clip': 10.0}",
                "rows": "group=who, time=None, split=None, on_error=skip"}  # fmt: skip
    shown = making.making({"lineage": {"settings": settings}})
    assert "learning rate 0.008, clip 10" in shown and "{" not in shown and "=None" not in shown
    assert "group=who, on_error=skip" in shown
    settings = {"size": "SystemConfig(dim=16, num_heads=2, stems=None)", "baselines": "True"}
    shown = making.making({"lineage": {"settings": settings}, "energy": {"method": "by clock"}})
    assert "dim 16, num heads 2" in shown and "SystemConfig" not in shown
    assert "<dd>yes</dd>" in shown and "True" not in shown and "stems" not in shown
    assert "how energy was measured" in shown
    settings = {"train": "{'augment': True, 'balance': None}"}
    assert "<dd>augment yes</dd>" in making.making({"lineage": {"settings": settings}})
    data = bundle()
    assert "the line on it" in comparison(data)
    for one in (data["metrics"]["test"], *data["metrics"]["candidates"]):
        one["intervals"] = {}
    assert "the line on it" not in comparison(data)


def test_only_words_of_the_page_are_explained():
    assert making.glossary("<p>nothing to explain</p>") == ""
    page = render_inspection(inspected(), {})
    assert "<dt>test rows</dt>" not in page and "<dt>95 % interval</dt>" not in page
    page = render_report(bundle())
    assert "<dt>test rows</dt>" in page and "<dt>95 % interval</dt>" in page


def test_cards_of_tags_say_what_was_missed_and_what_was_too_many():
    one = {"row": 3, "cells": {}, "truth": "a;b", "prediction": "a;c", "confidence": 0.3,
           "right": False, "missed": ["b"], "extra": ["c"]}  # fmt: skip
    shown = samples({"samples": [one], "model": {"task": "tag"}})
    assert "missed: <b>b</b>" in shown and "too many: <b>c</b>" in shown


@pytest.mark.parametrize("size", [2, 4])
def test_true_against_predicted_with_and_without_intervals(size):
    points = [[float(i), i + 0.5, i - 1.0, i + 1.0][:size] for i in range(20)]
    test = {"rows": 20, "scatter": points, "metrics": {"coverage": 0.5}, "nominal_coverage": 0.9}
    shown = numbers({"metrics": {"test": test}, "model": {"target": EVIL}})
    assert shown.count("dot small c1") == 20 and EVIL not in shown
    assert shown.count('class="whisker faint"') == (20 if size == 4 else 0)
    assert "Coverage" in shown and "50.0" in shown and "90\u00a0% is meant" in shown


def test_prices_are_drawn_on_logarithmic_axes():
    points = [[10.0**i, 1.1 * 10**i] for i in range(5)]
    assert ", logarithmic" in numbers({"metrics": {"test": {"scatter": points}}})
    assert ", logarithmic" not in numbers({"metrics": {"test": {"scatter": [[0.0, 1.0], [9, 8]]}}})


def test_encoders_that_were_tried_are_shown_with_what_they_gained_or_why_not():
    tried = {"column": EVIL, "encoder": EVIL, "licence": "mit", "by": "cost of a linear model"}
    used = {**tried, "without": 0.9, "with": 0.7, "standard_error": 0.01, "rows": 50, "used": True}
    left = {"column": "scan", "encoder": "vit", "used": False, "why": "it did not help"}
    shown = training({"metrics": {"encoders": [used, left]}})
    assert "Pretrained encoders that were found" in shown and "no: it did not help" in shown
    assert "0.7" in shown and EVIL not in shown


def inspected(**changes):
    return {
        "name": EVIL, "num_rows": 3, "warnings": [EVIL], "class_counts": {EVIL: 2, "b": 1},
        "target": "t",
        "columns": [{"name": EVIL, "modality": "text", "share_missing": 0.5, "num_distinct": 2,
                     "num_unreadable": 1, "first_error": {"row": 2, "error": EVIL}, "why": EVIL,
                     "sizes": {"characters": [1.0, 4.0]}},
                    {"name": "t", "modality": "category", "share_missing": 0.0}],
        "leaks": [{"column": EVIL, "score": 1.0, "reason": EVIL}],
        "identical_columns": [[EVIL, "t"]],
        "duplicates": [{"column": EVIL, "num_groups": 1, "num_rows": 2, "rows": [0, 1],
                        "num_conflicting": 1}],
    } | changes  # fmt: skip


def test_an_inspection():
    pictured = {
        "examples": {EVIL: ["<i>shown</i>"]},
        "values": {EVIL: {"edges": [0.0, 1.0, 2.0], "counts": [2, 1], "of": "characters"},
                   "t": {"items": [[EVIL, 2]], "others": 1}},
        "missing": {"rows": 3, "whole": 1,
                    "columns": [{"name": EVIL, "share": 0.5, "blocks": [0.0, 1.0]}]},
        "unreadable": {EVIL: [{"row": 2, "error": EVIL}]},
        "twins": [{"column": EVIL, "rows": [{"row": 0, "cells": {EVIL: "<u>a</u>"}},
                                            {"row": 1, "cells": {EVIL: "<u>b</u>"}}]}],
    }  # fmt: skip
    page = render_inspection(inspected(), pictured)
    check_page(page)
    assert "<i>shown</i>" in page and "<u>a</u>" in page and "<u>b</u>" in page
    assert '<article class="is-target">' in page and page.count("bar c1") == 2
    assert '<i class="w0"' in page and '<i class="w10"' in page
    assert "in 1 group their targets differ" in page


def test_an_inspection_without_pictures():
    page = render_inspection(inspected(), {})
    check_page(page)
    assert "Rows 0, 1." in page and "Nothing is missing" in page


def test_a_search_shows_filter_weights_and_what_each_column_gives():
    hit = {"rank": 1, "id": EVIL, "score": 0.5, "cells": {"x": "<b>x</b>"}, "plain": {"p": EVIL},
           "parts": {"x": 0.4, EVIL: 0.1}}  # fmt: skip
    found = {"asked": [{"name": "text", "html": "boot", "weight": 2.0},
                       {"name": "image", "html": "<i>i</i>", "weight": 1.0}],
             "where": EVIL, "rows": 40, "hits": [hit], "warnings": ["worthless"]}  # fmt: skip
    page = render_search(found)
    check_page(page)
    assert "weight 2" in page and "cosine 0.50" in page and "nearest row of 40" in page
    assert page.count('<li class=best><span title="x">') == 1
    assert "1 warning" in page and "<li>worthless</li>" in page
    assert "No row." in render_search(found | {"hits": []})


def test_numbers_for_people():
    assert metric("accuracy", 0.8731, [0.851, 0.892]) == "87.3\u00a0% (85.1 to 89.2)"
    assert [number(v) for v in (None, float("nan"), 3, 0.12345, 123456.7, -2.5)] == [
        "–", "–", "3", "0.123", "123,457", "−2.5",
    ]  # fmt: skip
    assert percent(None) == "–"
    assert metric("auc", 0.96, [0.9, 1.0]) == "0.960 (0.900 to 1.000)"
    assert metric("r2", -7_374_635_434_383.0) == "below −1"
    assert metric("r2", 0.6, [-0.16, -7.7e-5]) == "0.600 (−0.160 to 0.000)"


def test_figures_are_aligned_to_the_right_and_words_are_not():
    shown = table(
        [{"name": "a", "rows": 3, "share": "87.3\u00a0% (85.1 to 89.2)", "why": "4 of 5"}]
    )
    heads = re.findall(r'<th scope="col"( class="figure")?>(\w+)', shown)
    assert [name for kind, name in heads if kind] == ["rows", "share"]


def test_sets_of_columns_that_time_left_out_are_named():
    scored = {"metrics": {"accuracy": 0.8}, "intervals": {}}
    every = ["sound", "text", "image"]
    whole = [{"kind": "all", "columns": every, **scored}]
    alone = [{"kind": "alone", "columns": [name], **scored} for name in every]
    gone = [{"kind": "missing", "columns": every[:2], **scored}]

    def drawn(found):
        return subsets({"metrics": {"subsets": found, "test": scored}})

    page = drawn([*whole, *alone, *gone])
    assert "without image" in page
    assert page.count("want of time") == 1 and "want of time, 2 of 3: sound, text." in page
    assert drawn(whole).count("want of time, 3 of 3: sound, text, image.") == 2
    assert drawn([{**whole[0], "columns": every[:2]}, *alone[:2]]).count("want of time") == 0
    assert drawn([]) == drawn([{**whole[0], "columns": ["sound"]}]) == ""


def test_pages_of_wide_tables_and_many_classes_stay_small():
    names = [f"column number {i}" for i in range(5000)]
    scored = {"metrics": {"accuracy": 0.8}, "intervals": {}}
    num = 3000
    data = bundle()
    data["model"]["inputs"] = names
    data["schema"] = {"columns": [{"name": n, "modality": "number", "why": n} for n in names]}
    data["metrics"]["subsets"] = [
        {"kind": "all", "columns": names, **scored},
        *({"kind": "alone", "columns": [n], **scored} for n in names),
    ]
    few = {f"{'+'.join(names[i:])}": {"rows": 20, **scored} for i in range(12)}
    data["metrics"]["test"] |= {
        "confusion": None,
        "labels": names[:num],
        "by_present": few,
        "per_class": [{"label": n, "rows": 3, "precision": 0.5, "recall": 0.5, "f1": 0.5}
                      for n in names[:num]],
    }  # fmt: skip
    page = render_report(data)
    check_page(page)
    assert len(page) < 700_000
    drawn = page.partition('<section id="by-the-columns')[2].partition("</table>")[0]
    assert drawn.count('class="turned"') == 11 and "4,989 columns that all rows have" in page


def test_an_error_has_the_unit_of_its_target():
    data = bundle()
    data["model"] |= {"task": "regress", "headline": "rmse"}
    data["metrics"]["test"] = {"metrics": {"rmse": 266.0}, "intervals": {}, "rows": 40}
    assert '<span class="unit">h</span>' not in render_report(data)
    data["codecs"] = {"columns": {data["model"]["target"]: {"modality": "number", "unit": "h"}}}
    assert '266<span class="unit">h</span></p>' in render_report(data)


def test_numbers_of_a_target_have_its_unit_wherever_they_stand():
    data = bundle()
    target = data["model"]["target"]
    data["model"] |= {"task": "regress", "headline": "rmse"}
    scored = {"metrics": {"rmse": 266.0, "r2": 0.5}, "intervals": {"rmse": [200.0, 300.0]}}
    data["metrics"]["test"] = {**scored, "rows": 40, "scatter": [[1, 2, 0, 3], [2, 3, 1, 5]]}
    data["metrics"]["candidates"] = [{"name": "linear", **scored}]
    data["codecs"] = {"columns": {target: {"modality": "number", "unit": "<h>"}}}
    sample = {"q05": 1.0, "q95": 30.0, "true": 12.0, "prediction": "13.5", "cells": {"x": "1"}}
    data["samples"] = [{**sample, "truth": "12"}, {**sample, "truth": "0.5 d"}]
    page = render_report(data)
    check_page(page)
    assert "RMSE in &lt;h&gt; \u2193" in page and "<h>" not in page
    assert page.count("266\u00a0&lt;h&gt;") >= 3, "guessing's scale, bars and the table say it"
    cards = page.partition('<section id="rows-to-look-at')[2].partition("</section>")[0]
    assert "13.5\u00a0&lt;h&gt;" in cards and "true: <b>12\u00a0&lt;h&gt;</b>" in cards
    assert "true: <b>0.5 d</b>" in cards and "30\u00a0&lt;h&gt; in 90" in cards
    assert "R\u00b2 in" not in page


def test_a_network_that_was_not_trained_has_no_section():
    how = {"steps": 0, "precision": "", "num_networks": 0}
    assert training({"metrics": {"training": how}}) == ""
    found = training({"metrics": {"training": {**how, "steps": 9, "num_networks": 4}}})
    assert "Training of the network" in found and "networks, whose mean answers" in found
