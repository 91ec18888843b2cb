"""Importing plait is silent, quick and light; its names arrive when they are used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import plait
from plait.errors import ExtraError
from plait.installation import install_command
from plait.recipes import extras
from plait.recipes.extras import CARRIERS

ROOT = Path(__file__).parent.parent
MODULES = {"pillow": "PIL", "pyyaml": "yaml", **extras.MODULES}

PROBE = """
import sys
before = set(sys.modules)
import plait
print(*sorted(set(sys.modules) - before))
"""


def run_python(code: str, *arguments: str) -> str:
    words = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_import_loads_plait_alone_and_little_of_python():
    """How long it takes is told by the benchmark `start`; what it loads decides that."""
    loaded = run_python(PROBE).split()
    own = [name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names]
    assert own == ["plait"] and len(loaded) < 40


def test_the_public_names_are_listed_and_resolve():
    assert set(plait.__all__) <= set(dir(plait))
    assert plait.errors.PlaitError.exit_code == 1
    assert callable(plait.read)
    assert callable(plait.register_folder)
    assert plait.search.__module__ == "plait.recipes.search"
    assert plait.__version__.count(".") == 2


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'plait' has no attribute 'nonsense'"):
        _ = plait.nonsense


def test_without_torch_the_extra_is_named(monkeypatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("plait.import_module", missing)
    with pytest.raises(ExtraError, match="plait.load needs the extra 'train'") as caught:
        _ = plait.load
    assert caught.value.hint == install_command("train")


BASE = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)

BLOCKED = set(sys.argv[1].split())
sys.meta_path.insert(0, Blocker())
for name in sys.argv[2].split():
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), name + "."):
        if not found.name.endswith(".network"):
            importlib.import_module(found.name)
from plait.modalities import modalities
print(*modalities())
"""


def test_what_is_free_of_torch_needs_the_base_install_alone():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
    extras = pyproject["project"]["optional-dependencies"]
    brought = {re.match(r"[\w-]+", need)[0] for needs in extras.values() for need in needs}
    blocked = {MODULES.get(name, name) for name in brought - {"plait"}}
    free = next(c for c in pyproject["tool"]["importlinter"]["contracts"] if "torch" in c["name"])
    verbs = [f"plait.recipes.{path.stem}" for path in (ROOT / "src/plait/cli").glob("[a-z]*.py")
             if (ROOT / "src/plait/recipes" / path.name).is_file()]  # fmt: skip
    names = ["plait.cli", "plait.model.loading", *verbs, *free["source_modules"]]
    done = run_python(BASE, " ".join(blocked), " ".join(names))
    assert {"image", "molecule", "text", "video"} <= set(done.split())


def test_every_declared_package_is_imported_somewhere():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    extras = {k: v for k, v in pyproject["optional-dependencies"].items() if k != "dev"}
    needs = [*pyproject["dependencies"], *(need for needs in extras.values() for need in needs)]
    needed = {MODULES.get(n, n) for n in (re.match(r"[\w-]+", need)[0] for need in needs)}
    declared, imported = {name.partition(".")[0] for name in needed}, set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            imported |= {name.partition(".")[0] for name in names}
    # Weights are read and no code is run; rapidocr and transformers run on what they do not bring.
    assert declared - {"plait", "onnxruntime", "accelerate", "gguf", *CARRIERS} <= imported
    assert imported - set(sys.stdlib_module_names) - declared <= {"pandas", "plait"}


def test_modules_import_one_another_one_way():
    """Imports within functions count; what is imported for types alone runs nothing."""
    graph = grimp.build_graph("plait", exclude_type_checking_imports=True, cache_dir=None)
    needs = {one: graph.find_modules_directly_imported_by(one) - {"plait"} for one in graph.modules}
    list(TopologicalSorter(needs).static_order())  # raises CycleError, which names the circle
