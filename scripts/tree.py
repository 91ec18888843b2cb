"""Writes the captioned tree of README.md from the first line of each module's docstring.

``python scripts/tree.py`` prints it; ``--write`` puts it between the markers of README.md.
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "plait"
BEGIN = "<!-- tree: written by scripts/tree.py from the first lines of the docstrings -->"
END = "<!-- /tree -->"


def main() -> int:
    """Print the tree, or write it into README.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="change README.md")
    if not parser.parse_args().write:
        print(tree(PACKAGE))
        return 0
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        print(f"error: README.md lacks the lines\n{BEGIN}\n{END}", file=sys.stderr)
        return 1
    readme.write_text(with_tree(text, tree(PACKAGE)), encoding="utf-8")
    return 0


def tree(folder: Path) -> str:
    """Return the tree of a package, one line per file: its name, and what it says it holds."""
    lines = [(0, f"{folder.name}/", caption(folder / "__init__.py"))]
    lines += _lines(folder, 1)
    width = max(2 * depth + len(name) for depth, name, _ in lines) + 2
    return "\n".join(f"{'  ' * depth}{name}".ljust(width) + text for depth, name, text in lines)


def caption(module: Path) -> str:
    """Return the first line of a module's docstring. Raises `ValueError` when it has none."""
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    if not docstring:
        raise ValueError(f"{module} has no docstring that says what it holds")
    return docstring.splitlines()[0]


def tree_in(readme: str) -> str:
    """Return the tree that a README text holds between its markers, or an empty text."""
    _, _, rest = readme.partition(BEGIN)
    inside, end, _ = rest.partition(END)
    return inside.strip().removeprefix("```text").removesuffix("```").strip("\n") if end else ""


def with_tree(readme: str, text: str) -> str:
    """Return the README text with `text` between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n```text\n{text}\n```\n{END}{after}"


def _lines(folder: Path, depth: int) -> list[tuple[int, str, str]]:
    found: list[tuple[int, str, str]] = []
    entries = sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name))
    for path in entries:
        if path.suffix == ".py" and path.name != "__init__.py":
            found.append((depth, path.name, caption(path)))
        elif (path / "__init__.py").is_file():
            found.append((depth, f"{path.name}/", caption(path / "__init__.py")))
            found += _lines(path, depth + 1)
    return found


if __name__ == "__main__":
    sys.exit(main())
