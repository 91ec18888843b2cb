"""plait scale: a ladder of runs, the law it tells, and what pays next."""

import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import TargetError, UsageError


def rows(num=300):
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, num)
    return [
        {
            "size": round(float(kind * 1.2 + rng.normal()), 3),
            "noise": round(float(rng.normal()), 3),
            "kind": ("apple", "ice")[kind],
        }
        for kind in kinds
    ]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    page = tmp_path_factory.mktemp("scale") / "scale.html"
    return plait.scale(rows(), target="kind", budget="12 steps", out=page), page


def test_every_rung_was_run_and_judged_alike(found):
    result, _ = found
    runs = [one for one in result["runs"] if not one["without"]]
    assert len(runs) == 9 and {one["size"] for one in runs} == {"nano", "tiny", "small"}
    assert {one["without"] for one in result["runs"]} == {"", "size", "noise"}
    assert max(one["rows"] for one in runs) == result["rows"]
    assert all(0 < one["loss"] < 2 for one in result["runs"])
    weights = {one["size"]: one["weights"] for one in runs}
    assert weights["nano"] < weights["tiny"] < weights["small"]


def test_what_pays_is_in_order_and_in_words(found):
    result, page = found
    gains = [one["gain"] for one in result["options"]]
    assert gains == sorted(gains, reverse=True) and len(gains) == 3
    told = result["foretold"]
    assert told["interval"][0] <= told["loss"] <= told["interval"][1]
    assert "loss" in result["advice"] and result["advice"].endswith(".")
    assert "What pays next" in page.read_text() and result["advice"][:20] in page.read_text()
    json.dumps({name: one for name, one in result.items() if name != "notes"})


def test_rows_that_belong_together_learn_stop_and_judge_together(monkeypatch):
    from plait.scaling import ladder

    seen, fit_network = [], ladder.fit_network

    def watched(problem, plan, system, learned, name, progress, stop):
        seen.append((set(learned.tolist()), set(stop.tolist()), set(problem.judged.tolist())))
        return fit_network(problem, plan, system, learned, name, progress, stop)

    monkeypatch.setattr(ladder, "fit_network", watched)
    shop = np.random.default_rng(1).integers(0, 40, 300)
    table = [{**row, "shop": f"shop {one}"} for row, one in zip(rows(), shop, strict=True)]
    plait.scale(table, target="kind", budget="1 steps", group="shop", exclude=["noise"])
    assert len(seen) == 9
    for parts in seen:
        shops = [{int(shop[row]) for row in part} for part in parts]
        assert shops[2].isdisjoint(shops[0] | shops[1]) and shops[0].isdisjoint(shops[1])


def test_what_tells_no_law_is_refused(tmp_path, capsys):
    with pytest.raises(UsageError, match="too few rows"):
        plait.scale(rows(40), target="kind", budget="2 steps")
    some = [row | {"long": f"a {row['kind']} of size {row['size']}"} for row in rows(100)]
    with pytest.raises(TargetError, match="predicted"):
        plait.scale(some, target="long", budget="2 steps", columns={"long": "text"})
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n")
    assert run(["scale", str(table), "--target", "c", "--json", "-q"]) in (1, 2)
    assert "error" in capsys.readouterr().out
