"""Rows of benchmarks: targets, medians and tables."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.rows import Row, bound_of, markdown_table, medians, show


def make_row(**fields: Any) -> Row:
    return Row(**{"benchmark": "b", "case": "c", "metric": "accuracy", **fields})


@pytest.mark.parametrize(
    ("target", "value", "peer_value", "reached"),
    [
        (">= 0.94", 0.94, None, True),
        (">= 0.94", 0.93, None, False),
        ("> peer", 0.9, 0.9, False),
        (">= peer", 0.9, 0.9, True),
        ("< peer", 0.5, 0.6, True),
        ("<= 1.2 x peer", 121.0, 100.0, False),
        ("<= 1.2x peer", 119.0, 100.0, True),
        (">= peer - 0.01", 0.5, 0.51, True),
        (">= peer - 0.01", 0.49, 0.51, False),
        (">= -1", -1.2, None, False),
        ("+- 0.02", -0.02, None, True),
        ("+- 0.02", -0.021, None, False),
        (">= peer", None, 0.9, None),
        (">= peer", 0.9, None, None),
        ("", 0.9, 0.8, None),
    ],
)
def test_reached(
    target: str, value: float | None, peer_value: float | None, reached: bool | None
) -> None:
    assert make_row(value=value, peer_value=peer_value, target=target).reached is reached


def test_an_unreadable_target_is_refused() -> None:
    with pytest.raises(ValueError, match="unreadable target 'about 3'"):
        bound_of("about 3", None)


def test_median_over_seeds_keeps_cases_and_peers_apart() -> None:
    fields = {"peer": "p", "peer_value": 0.5, "target": ">= peer"}
    rows = [make_row(seed=s, value=value, **fields) for s, value in enumerate((0.3, 0.6, 0.9))]
    rows.append(make_row(peer="q", value=0.1, note="once"))
    first, second = medians(rows)
    assert (first.value, first.seed, first.reached) == (0.6, None, True)
    assert first.note == "0.3000 to 0.9000"
    assert (second.peer, second.value, second.note) == ("q", 0.1, "once")


def test_median_of_peers_alone_has_no_value() -> None:
    (row,) = medians([make_row(seed=seed, peer="p", peer_value=0.1 * seed) for seed in range(3)])
    assert row.value is None and row.reached is None
    assert row.peer_value == pytest.approx(0.1)


def test_markdown_table() -> None:
    row = make_row(value=0.25, peer="p|q", peer_value=0.5, target=">= peer", seconds=61.2)
    assert markdown_table([row]).splitlines() == [
        "| case | metric | plait | peer | peer's | target | reached | seconds | note |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| c | accuracy | 0.2500 | p/q | 0.5000 | >= peer | **no** | 61 |  |",
    ]


def test_rows_survive_json() -> None:
    row = make_row(value=1.0, target=">= 0.5")
    fields = row.to_dict()
    assert fields["reached"] is True
    assert Row.from_dict(fields) == row


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (-0.5, "-0.5000"), (10.0, "10.0"), (999.96, "1000.0"), (1234.5, "1,234")],
)
def test_show(value: float | None, text: str) -> None:
    assert show(value) == text
