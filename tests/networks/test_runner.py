"""Runners: a network is asked through named arrays, whatever runs it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

import plait
from plait.networks.runner import flat, nested
from plait.types import ColumnBatch

ROWS = [
    {"size": float(i % 7), "note": f"{'red' if i % 2 else 'blue'} boat {i}", "kind": "pq"[i % 2]}
    for i in range(40)
]

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import numpy as np
import plait

class Presence:
    columns = ("size", "note", "~evidence")
    def __call__(self, arrays):
        assert any(name.startswith("~evidence:part:") for name in arrays), list(arrays)
        high = np.where(arrays["size:present:"], 0.9, 0.1)
        return {"outputs": np.stack([1 - high, high], 1)}

model = plait.load(sys.argv[1])
model.ensemble._runners = [Presence() for _ in model.ensemble.evidence]
rows = [{"size": 1.0} if i % 3 else {"note": "red boat"} for i in range(600)]
answer = model.predict(rows)
print("".join(answer["prediction"]))
"""


def test_names_are_flat_and_back():
    column = ColumnBatch({"x": np.ones((2, 3)), "y": np.zeros(2)}, {"n": np.array([1, 2])}, [1, 0])
    batch = {"a:part:b": column, "": column}
    again = nested(flat(batch))
    assert list(again) == list(batch)
    for name, found in again.items():
        assert found.parts.keys() == column.parts.keys(), name
        assert found.lengths.keys() == {"n"} and found.present is column.present


def test_a_shipped_network_is_asked_without_torch(tmp_path):
    model = plait.fit(ROWS, target="kind", budget="3 steps", baselines=False, size="tiny")
    model.save(tmp_path / "m.plait")
    command = [sys.executable, "-c", WITHOUT_TORCH, str(tmp_path / "m.plait")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "pqq" * 200
