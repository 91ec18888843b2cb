"""MiniRocket and Hydra of aeon on its bundled data sets; run by a Python that has aeon.

``python aeon_classifiers.py --names GunPoint ArrowHead --seed 0 --out aeon.json`` writes a list of
``{"data", "peer", "accuracy", "seconds", "note"}``. It imports nothing of plait: aeon may live in
an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np


def main() -> None:
    """Read the arguments, run every classifier on every data set, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--names", nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    results = [found for name in arguments.names for found in run(name, arguments.seed)]
    arguments.out.write_text(json.dumps(results, indent=1), encoding="utf-8")


def run(name: str, seed: int) -> list[dict]:
    """Return the test accuracy of both classifiers on one data set."""
    from aeon.classification.convolution_based import HydraClassifier, MiniRocketClassifier
    from aeon.datasets import load_classification

    train, truth = load_classification(name, split="train")
    test, truth_test = load_classification(name, split="test")
    note = ""
    if not (isinstance(train, np.ndarray) and isinstance(test, np.ndarray)):
        train, test = zero_pad(train, test)
        note = "unequal lengths zero-padded for aeon"
    results = []
    for peer, kind in (("MiniRocket", MiniRocketClassifier), ("Hydra", HydraClassifier)):
        start = time.monotonic()
        predicted = kind(random_state=seed).fit(train, truth).predict(test)
        results.append(
            {
                "data": name,
                "peer": f"aeon {peer}",
                "accuracy": float(np.mean(predicted == truth_test)),
                "seconds": time.monotonic() - start,
                "note": note,
            }
        )
    return results


def zero_pad(*parts: list) -> list[np.ndarray]:
    """Return lists of ``[channel, time]`` as arrays ``[row, channel, time]`` of one length."""
    longest = max(series.shape[1] for part in parts for series in part)
    return [
        np.stack([np.pad(series, ((0, 0), (0, longest - series.shape[1]))) for series in part])
        for part in parts
    ]


if __name__ == "__main__":
    main()
