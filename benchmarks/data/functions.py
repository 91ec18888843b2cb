"""Functions of Python's own standard library, and what each is to do (PSF licence)."""

from __future__ import annotations

import ast
import sysconfig
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from benchmarks.data.tables import cached

LEFT_OUT = ("test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "turtledemo")
LEAST_LETTERS, MOST_LETTERS, MOST_ASKED = 15, 200, 350
"""Of a body, and of a signature with its description."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> pa.Table:
    """Return columns ``module``, ``asked`` (signature and docstring) and ``body``: some thousands
    of functions of the library of this Python."""
    return cached("stdlib-functions", _make)


def parses(asked: str, body: str) -> bool:
    """Tell whether a function of such a beginning and body is Python.

    >>> parses("def one():", "return 1"), parses("def one():", "return (")
    (True, False)
    """
    try:
        ast.parse(f"{asked}\n{textwrap.indent(body, '    ')}\n")
    except (SyntaxError, ValueError):
        return False
    return True


def described(source: str) -> Iterator[tuple[str, str]]:
    """Give beginning and body of each function of a module that has a docstring."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, Function) or not ast.get_docstring(node) or len(node.body) < 2:
            continue
        head, body = node.body[0], node.body[1]
        if head.lineno == node.lineno:
            continue
        begins = lines[node.lineno - 1 : head.end_lineno]
        asked = textwrap.dedent("\n".join(begins)).strip()
        text = textwrap.dedent("\n".join(lines[body.lineno - 1 : node.end_lineno])).strip()
        fits = len(asked) <= MOST_ASKED and LEAST_LETTERS <= len(text) <= MOST_LETTERS
        if fits and parses(asked, text):
            yield asked, text


def _make() -> pa.Table:
    root = Path(sysconfig.get_paths()["stdlib"])
    columns: dict[str, list[str]] = {"module": [], "asked": [], "body": []}
    for file in sorted(root.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        if set(parts) & set(LEFT_OUT):
            continue
        for asked, body in described(file.read_text(encoding="utf-8", errors="replace")):
            columns["module"].append(parts[0])
            columns["asked"].append(asked)
            columns["body"].append(body)
    return pa.table(columns)
