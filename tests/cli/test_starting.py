"""What commands load: little for help and typos, no heavy package where a simple model answers."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import plait
from plait.baselines import boosting

CODE = """
import sys
from plait.cli import run
code = run(sys.argv[1:])
names = {"torch", "lightgbm", "sklearn", "scipy", "pandas", "rich.table", "numpy", "pyarrow"}
sys.stdout.flush()
print(code, *sorted(names & set(sys.modules)), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of words and numbers, a linear and a boosted model, and a space."""
    folder = tmp_path_factory.mktemp("starting")
    numbers = np.random.default_rng(0).normal(size=60).round(3)
    lines = [
        f"a {'boot' if n > 0 else 'hat'} of {i},{n},{'pq'[int(n > 0)]}"
        for i, n in enumerate(numbers)
    ]
    (folder / "shop.csv").write_text("\n".join(["note,size,kind", *lines]) + "\n")
    table = plait.read(folder / "shop.csv", columns={"note": "text"})
    settings = {"simple": True, "budget": "1 steps", "samples": False, "seed": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosting, "MAX_ROUNDS", 12)
        for name in ("linear", "boosted"):
            out = folder / f"{name}.plait"
            model = plait.fit(table, target="kind", baselines=[name], out=out, **settings)
            assert name in model.ensemble.weights
    plait.fit(table, exclude=("kind",), out=folder / "space.plait", **settings)
    plait.search(folder / "space.plait", folder / "shop.csv", text="boot")
    return folder


def loaded(words, folder, code=0):
    """Run a command in a process of its own; return which heavy packages it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    found, *names = done.stderr.splitlines()[-1].split()
    assert found == str(code), done.stderr
    return set(names)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["fit", "--help"], 0),
        (["fti"], 2),
        (["fit", "shop.csv", "--taget", "x"], 2),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_help_and_typos_load_nothing(words, code, folder):
    assert loaded(words, folder, code) == set()


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "linear.plait", "shop.csv", "--out", "l.csv"],
        ["predict", "boosted.plait", "shop.csv", "--out", "b.csv"],
        ["search", "space.plait", "--table", "shop.csv", "--text", "boot"],
        ["inspect", "shop.csv"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_simple_models_and_spaces_answer_without_heavy_packages(words, folder):
    assert loaded(words, folder) == {"numpy", "pyarrow"}
