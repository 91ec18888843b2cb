"""Each claim of docs/claims.md names tests and benchmarks that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "claims.md").read_text(encoding="utf8")
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)
CLAIMS = [line for line in PAGE.splitlines() if line.startswith("| ") and "::" in line]


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_named_tests_exist(file: str):
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {test for named, test in NAMED if named == file} <= there


def test_named_benchmarks_exist():
    words = re.findall(r"benchmarks? ((?:`\w+`(?:, )?)+)", PAGE)
    names = {name for found in words for name in re.findall(r"`(\w+)`", found)}
    there = {path.stem for path in (ROOT / "benchmarks" / "cases").glob("*.py")}
    assert {"noise", "coverage", "kills"} <= names <= there


def test_every_row_of_the_tables_names_what_holds_it():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    heads = [line for line in rows if line == "| claim | held by |"]
    assert len(CLAIMS) == len(rows) - len(heads) > 20
