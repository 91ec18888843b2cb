"""README's tree says of every file what the file says of itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tree = load_script("tree")


def test_readme_holds_the_tree_that_the_docstrings_give():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tree.tree_in(readme) == tree.tree(tree.PACKAGE), "run scripts/tree.py --write"


def test_a_tiny_package_gives_this_tree(tmp_path):
    package = tmp_path / "shop"
    (package / "till").mkdir(parents=True)
    (package / "__init__.py").write_text('"""A shop."""')
    (package / "shelf.py").write_text('"""Holds goods.\n\nMore.\n"""')
    (package / "till" / "__init__.py").write_text('"""Takes money."""')
    (package / "till" / "coin.py").write_text('"""One coin."""')
    assert tree.tree(package).splitlines() == [
        "shop/        A shop.",
        "  shelf.py   Holds goods.",
        "  till/      Takes money.",
        "    coin.py  One coin.",
    ]


def test_the_tree_goes_between_the_markers_and_comes_back():
    readme = f"before\n{tree.BEGIN}\nold\n{tree.END}\nafter\n"
    changed = tree.with_tree(readme, "a/  b")
    assert tree.tree_in(changed) == "a/  b"
    assert changed.startswith("before\n") and changed.endswith("\nafter\n")


def test_a_module_without_docstring_is_refused(tmp_path):
    file = tmp_path / "silent.py"
    file.write_text("x = 1\n")
    with pytest.raises(ValueError, match="no docstring that says what it holds"):
        tree.caption(file)
