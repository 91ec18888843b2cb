"""Where time is short the first number of the page has its interval before sets of columns do."""

from __future__ import annotations

import plait
from plait.fitting.records import scoring


def test_the_whole_has_an_interval_where_its_parts_have_none(monkeypatch):
    rows = [
        {
            "size": float(i % 5) if i % 3 else None,
            "note": f"{'red' if i % 2 else 'blue'} boat {i}" if i % 4 else None,
            "kind": "pq"[i % 2],
        }
        for i in range(160)
    ]
    whole = plait.fit(rows, target="kind", simple=True, samples=False, budget="9 steps")
    asked = []

    def fits(self, outputs, truth, share):
        asked.append(share)
        return share >= scoring.SHIPPED_SHARE

    monkeypatch.setattr(scoring.Scorer, "_intervals_fit", fits)
    short = plait.fit(rows, target="kind", simple=True, samples=False, budget="9 steps")
    first, second = (one.records["metrics"]["test"] for one in (whole, short))
    assert asked[0] < scoring.SHIPPED_SHARE and second["intervals"] == first["intervals"]
    assert "accuracy" in second["intervals"]
    assert not any(one["intervals"] for one in second["by_present"].values())
