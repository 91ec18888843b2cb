"""How plait was installed, and so the command that adds an extra to it."""

from __future__ import annotations

from pathlib import Path


def install_command(extra: str) -> str:
    """Return what a person types to get an extra, as plait itself was installed (PEP 610).

    A checkout is installed again as it is; a wheel, folder or repository is named again; what came
    from an index, or from nowhere that is known, is asked of the index.
    """
    checkout = _checkout(Path(__file__).resolve())
    if checkout is not None:
        return f"pip install -e '{_short(checkout)}[{extra}]'"
    return f"pip install '{_origin(extra)}'"


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
