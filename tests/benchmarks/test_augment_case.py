"""The benchmark of made rows: which labels are learned from, how many of each class, by steps."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
from benchmarks.cases import augment
from benchmarks.settings import Settings


def table(num, kinds):
    labels = [f"k{row % kinds}" for row in range(num)]
    split = ["test" if row % 5 == 0 else "train" for row in range(num)]
    return pa.table({"image": [f"{row}.png" for row in range(num)], "label": labels}).append_column(
        "split", pa.array(split)
    )


def cases(monkeypatch, **settings):
    found = {}
    monkeypatch.setattr(augment, "fashion", lambda: table(2000, 8))
    monkeypatch.setattr(augment, "signdigits", lambda data: (table(1500, 4), data))
    monkeypatch.setattr(
        augment, "_case", lambda case, split, _: found.setdefault(case, split) and []
    )
    augment.run(Settings(**settings))
    return found


def test_fifty_and_five_hundred_clothes_and_five_hundred_sign_digits(monkeypatch, tmp_path):
    found = cases(monkeypatch, data=tmp_path)
    names = ["Fashion-MNIST, 50 labels", "Fashion-MNIST, 500 labels", "sign digits, 500 labels"]
    assert list(found) == names
    for name, split in found.items():
        counts = Counter(split.train["label"].to_pylist())
        told = int(re.search(r"(\d+) labels", name)[1])
        assert len(set(counts.values())) == 1 and 0.9 * told <= sum(counts.values()) <= told
        assert not set(split.train["image"].to_pylist()) & set(split.test["image"].to_pylist())
    assert found["sign digits, 500 labels"].root == tmp_path
    assert augment.BUDGET.endswith("steps"), "work, not time"


def test_sign_digits_want_their_folder(monkeypatch):
    assert len(cases(monkeypatch, data=None)) == 2
    assert list(cases(monkeypatch, data=Path("x"), quick=True)) == ["Fashion-MNIST, 50 labels"]
