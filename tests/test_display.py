"""How results show themselves: short, escaped, aligned."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from plait.display import brief, html_table, number_text, short_text, text_rows, with_interval
from plait.results import Findings, Hits, Ranking, Scores


@brief
@dataclass
class Large:
    labels: tuple[str, ...]
    weights: np.ndarray
    words: dict[str, int]
    hidden: int = field(default=3, repr=False)
    _kept: object = None


def test_a_brief_repr_tells_sizes_not_contents():
    large = Large(
        tuple(f"label {i}" for i in range(9999)), np.zeros((7, 3)), dict.fromkeys("abcde", 1)
    )
    assert repr(large) == (
        "Large(labels=('label 0', 'label 1', 'label 2', ... 9999 items), "
        "weights=float64 [7, 3], words={'a', 'b', 'c', ... 5 items})"
    )


def test_a_brief_repr_ends_in_time():
    cls = dataclass(type("Wide", (), {"__annotations__": {f"field_{i}": str for i in range(99)}}))
    wide = brief(cls)(*["some text"] * 99)
    assert len(repr(wide)) < 400
    assert repr(wide).endswith(" more)")


def test_long_values_are_cut():
    for value in ("x" * 10**6, b"x" * 10**6, ["y" * 10**5] * 9, {"z" * 10**5: 1}, [[1] * 10**5]):
        assert len(short_text(value)) < 130, value


def test_numbers_have_four_digits():
    assert number_text(np.float32(0.5)) == "0.5"
    assert number_text(float("nan")) == number_text(None) == "-"
    assert number_text(True) == "True"
    assert with_interval(0.91234, [0.9, 0.95]) == "0.9123 [0.9, 0.95]"
    assert text_rows(["a", "long name"], [[1, None]]) == "a  long name\n1  -"


def test_a_table_of_a_page_is_escaped_and_stands_alone():
    page = html_table("<i>", ["<a>", "n"], [["<b>", 1], ["'\"", 2.5]], note="<u>")
    for tag in ("<i>", "<a>", "<b>", "<u>"):
        assert tag not in page
    assert page.count("<tr>") == 3
    assert page.count("text-align:right") == 3
    assert "src=" not in page and "href=" not in page and "<style" not in page


def test_scores_hits_and_findings_are_dicts_with_a_short_repr():
    metrics = {"accuracy": 0.75, "log_loss": 0.5}
    scores = Scores(
        task="classify",
        rows=100,
        metrics=metrics,
        intervals={"accuracy": [0.7, 0.8]},
        by_present={f"p{i}": {"rows": 3, "metrics": metrics, "intervals": {}} for i in range(50)},
        per_class=[{"label": f"<{i}>", "rows": 1} for i in range(999)],
    )
    assert repr(scores) == "Scores(classify, 100 rows: accuracy 0.75 [0.7, 0.8], log_loss 0.5)"
    assert "44 more patterns" in scores._repr_html_() and "989 more rows" in scores._repr_html_()
    assert "<0>" not in scores._repr_html_()
    space = Scores(rows=9, retrieval={"a -> b": {"r@1": 0.5, "n": 9}})
    assert repr(space) == "Scores(9 rows: a -> b R@1 0.500)"
    assert "a -&gt; b" in space._repr_html_()
    hits = Hits(rows=5, hits=[{"rank": i, "id": f"x{i}", "score": 0.5} for i in range(9)])
    assert repr(hits) == "Hits(of 5 rows: x0 0.500, x1 0.500, x2 0.500, ... 9 hits)"
    assert repr(Hits(rows=5, hits=[])) == "Hits(of 5 rows: none)"
    findings = Findings(num_rows=3, columns=[{"name": "a", "why": "x"}], warnings=["w"])
    assert repr(findings) == "Findings(3 rows, 1 columns, 1 warnings)"
    assert "Warnings" in findings._repr_html_()


def test_a_ranking_is_a_list_that_shows_itself():
    ranking = Ranking([{"name": f"n{i}", "cost": i} for i in range(30)], title="Best")
    assert ranking[0] == {"name": "n0", "cost": 0} and len(ranking) == 30
    assert repr(ranking).splitlines()[:3] == ["Best", "name  cost", "n0    0"]
    assert repr(ranking).endswith("and 24 more rows")
    assert ranking.to_pandas().shape == (30, 2)
    assert repr(Ranking(title="Best")) == "Best\nnothing"
    assert "10 more rows" in ranking._repr_html_()
