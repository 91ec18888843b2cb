"""How plait was installed, and so the command that adds an extra to it."""

from __future__ import annotations

import os
from pathlib import Path


def install_command(extra: str) -> str:
    """Return what a person types to get an extra, as plait itself was installed (PEP 610).

    A checkout is installed again as it is; a wheel, folder or repository is named again; what came
    from an index, or from nowhere that is known, is asked of the index.
    """
    checkout = _checkout(Path(__file__).resolve())
    if checkout is not None:
        return f"{pip_install()} -e '{_short(checkout)}[{extra}]'"
    return f"{pip_install()} '{_origin(extra)}'"


def pip_install() -> str:
    """Return what installs packages where this Python finds them.

    ``pip install`` where the shell's pip is that of this Python; else this Python's own pip, or
    that of uv where uv installed plait.
    """
    import shutil
    import sys

    here = Path(sys.executable)
    if _installer() == "uv":
        active = os.environ.get("VIRTUAL_ENV") == sys.prefix
        return "uv pip install" + ("" if active else f" --python '{here}'")
    found = shutil.which("pip")
    if found is not None and Path(found).parent == here.parent:
        return "pip install"
    return f"'{here}' -m pip install"


def _installer() -> str:
    """Return what installed plait, as it says itself (PEP 376); "" where nothing says."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return (distribution("plait").read_text("INSTALLER") or "").strip()
    except PackageNotFoundError:
        return ""


def _checkout(file: Path) -> Path | None:
    """Return the folder of a checkout whose ``src/plait`` holds `file`; None where it is none."""
    folder = file.parents[2]
    pyproject = folder / "pyproject.toml"
    try:
        ours = file.parents[1].name == "src" and 'name = "plait"' in pyproject.read_text("utf8")
    except (OSError, UnicodeDecodeError):
        return None
    return folder if ours else None


def _short(folder: Path) -> str:
    return "." if folder == Path.cwd() else str(folder)


def _origin(extra: str) -> str:
    """Return the requirement by which pip finds the same plait again."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = json.loads(distribution("plait").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        origin = {}
    url = str(origin.get("url", ""))
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"plait[{extra}] @ {vcs.get('vcs', 'git')}+{url}@{vcs.get('commit_id', 'main')}"
    if url.startswith("file://") and _is_there(url):
        return f"plait[{extra}] @ {url}"
    return f"plait[{extra}]"


def _is_there(url: str) -> bool:
    from urllib.parse import unquote, urlsplit

    return Path(unquote(urlsplit(url).path)).exists()
