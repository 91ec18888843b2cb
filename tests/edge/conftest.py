"""What the tests of the edge share."""

import numpy as np
import pytest

import plait
from plait.edge import load

FISH = {"cod": (0, 0, 0, 0), "pike": (5, 0, 0, 0), "eel": (0, 5, 0, 0), "sunfish": (0, 0, 6, 0)}
"""Kind -> the middle of its rows, which spread about it by one."""

KNOWN = ("cod", "pike", "eel")

SHIPPED = ("linear",)


def fish(kind, num, seed=0):
    """Return rows of a kind, without saying which it is."""
    rng = np.random.default_rng([seed, list(FISH).index(kind)])
    values = rng.normal(FISH[kind], 1.0, (num, 4)).round(3)
    return [{f"x{i}": float(one) for i, one in enumerate(row)} for row in values]


@pytest.fixture(scope="session")
def fish_bundle(tmp_path_factory):
    """A bundle of three kinds of fish, in simple models."""
    path = tmp_path_factory.mktemp("fish") / "fish.plait"
    rows = [{**row, "kind": kind} for kind in KNOWN for row in fish(kind, 60, seed=1)]
    columns = {**{f"x{i}": "number" for i in range(4)}, "kind": "category"}
    table = plait.read(rows, columns=columns)
    plait.fit(table, target="kind", budget="5 steps", simple=True, baselines=SHIPPED, out=path)
    return path


@pytest.fixture(scope="session")
def fish_edge(fish_bundle):
    return load(fish_bundle)


@pytest.fixture(scope="session")
def weigh_edge(tmp_path_factory):
    """A bundle of a number."""
    rng = np.random.default_rng(0)
    rows = [{"x": float(x), "y": float(y)} for x, y in rng.normal(0, 1, (120, 2)).round(3)]
    rows = [
        {**row, "kg": round(3 * row["x"] + row["y"] + 20 + noise, 3)}
        for row, noise in zip(rows, rng.normal(0, 0.5, 120), strict=True)
    ]
    path = tmp_path_factory.mktemp("weigh") / "weigh.plait"
    table = plait.read(rows, columns=dict.fromkeys(("x", "y", "kg"), "number"))
    plait.fit(table, target="kg", budget="5 steps", simple=True, baselines=SHIPPED, out=path)
    return load(path)
