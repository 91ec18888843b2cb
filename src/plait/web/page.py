"""Writes a folder that runs a model in the browser: nothing but files, for any web server.

Guarantees: the page asks only the server that it came from, and that only for its own files
(Content-Security-Policy, and no other address in them); cells, files and recordings stay in the
browser. Does not guarantee: that nobody copies the model: who can open the page has it, with its
labels and the pieces of words that it learned.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import plait
from plait.bundle import to_json
from plait.errors import UsageError
from plait.model.ensemble import Ensemble
from plait.model.model import Model
from plait.networks.graphs import graph_files
from plait.web.facts import browser_folder, check_runs_in_browsers, page_facts
from plait.web.icon import icon
from plait.web.runtime import HASHES, runtime_files
from plait.writing import write_folder

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""What the page may load: its own files."""

ASSETS = Path(__file__).parent / "page"
ICONS_PX = (192, 512)
INDEX, KEPT, FACTS, RUNTIME = "index.html", "files.js", "model.json", "onnxruntime"
"""Of a page: itself, what lists the files to be kept for later, what tells of the model, and the
folder of what runs it."""

NOT_IMPORTED = frozenset({"start.js", "service-worker.js", "recorder-worklet.js"})
"""Scripts that are no modules of the page."""


def write_page(
    model: Model,
    folder: Path | str,
    *,
    title: str | None = None,
    runtime: Path | str | None = None,
    allow_network: bool = False,
) -> Path:
    """Write a page that runs a model, and return its folder.

    Args:
        model: Of a predicted target, whose answers are graphs' alone.
        folder: Where the page is to be; an earlier page there is replaced.
        title: Of the page; default the target's name.
        runtime: Where ONNX Runtime Web is; see `plait.web.runtime.runtime_files`.
        allow_network: Whether it may be fetched.

    Raises:
        TargetError: A browser cannot run this model; the error says why, and what can be done.
        UsageError: Something else than a page is at `folder`.
        PlaitError: ONNX Runtime Web is not here.
        StorageError: The folder cannot be written.
    """
    ensemble, folder = check_runs_in_browsers(model), Path(folder)
    _check_place(folder)
    files = {
        **page_files(model, ensemble, title or str(model.target)),
        **{
            f"{RUNTIME}/{name}": content
            for name, content in runtime_files(runtime, allow_network=allow_network).items()
        },
    }
    files |= {KEPT: _kept(files)}
    with write_folder(folder, num_bytes=sum(map(len, files.values()))) as temporary:
        for name, content in files.items():
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            (temporary / name).write_bytes(content)
    return folder


def page_files(model: Model, ensemble: Ensemble, title: str) -> dict[str, bytes]:
    """Return the page's files but for the runtime's and the list of all: name -> content."""
    modalities = sorted({ensemble.codecs[name].modality for name in model.inputs})
    form = f"forms/{ensemble.target.form.name}.js"
    assets, graphs = _assets(ASSETS), graph_files(ensemble.graphs)
    codecs = {
        f"codecs/{modality}/{name}": data
        for modality in modalities
        for name, data in _assets(browser_folder(modality)).items()
    }
    own = {n for n in assets if n.endswith(".js") and "/" not in n and n not in NOT_IMPORTED}
    modules = [*sorted(own), form, *codecs]
    others = {name for name in assets if name.startswith("forms/") and name != form}
    return {
        **{name: assets[name] for name in assets.keys() - {INDEX, *others}},
        **codecs,
        **graphs,
        **{f"icon-{size}.png": icon(size) for size in ICONS_PX},
        INDEX: _index(model, title, _preloads(modules, [FACTS, *graphs])),
        "manifest.webmanifest": _manifest(title),
        FACTS: to_json(page_facts(model)),
    }


def _assets(folder: Path | None) -> dict[str, bytes]:
    if folder is None:
        return {}
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _preloads(modules: Sequence[str], fetched: Sequence[str]) -> str:
    """Return links by which a browser asks for all files at once, not for one after the other."""
    script, wasm = (f"{RUNTIME}/{name}" for name in HASHES)
    links = [f'<link rel="modulepreload" href="{name}">' for name in (script, *modules)]
    how = 'rel="preload" as="fetch" crossorigin="anonymous"'
    return "\n".join(links + [f'<link {how} href="{name}">' for name in (wasm, *fetched)])


def _index(model: Model, title: str, preloads: str) -> bytes:
    """Return the page itself."""
    verb = model.predictor.target.verb
    *names, last = [html.escape(name) for name in model.inputs]
    inputs = f"{', '.join(names)} and {last}" if names else last
    words = {
        "policy": POLICY,
        "preloads": preloads,
        "title": html.escape(title),
        "lead": f"{verb} <b>{html.escape(str(model.target))}</b> from {inputs}. It answers on this "
        "device: nothing that you give leaves it.",
        "about": f"Made by plait {plait.__version__}. Run by ONNX Runtime Web.",
    }
    text = (ASSETS / INDEX).read_text(encoding="utf8")
    for name, word in words.items():
        text = text.replace("{{" + name + "}}", word)
    return text.encode()


def _manifest(title: str) -> bytes:
    """Return what a browser asks for to install the page as a program."""
    icons = [
        {"src": f"icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"}
        for size in ICONS_PX
    ]
    return to_json(
        {
            "name": title,
            "short_name": title[:12],
            "start_url": "./",
            "scope": "./",
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": "#14181c",
            "icons": icons,
        }
    )


def _kept(files: Mapping[str, bytes]) -> bytes:
    """Return the script that names all files, and a version that changes with any of them."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {hashlib.sha256(files[name]).hexdigest()}\n".encode())
    names = json.dumps(["./", *sorted(set(files) - {"README.txt"})], indent=1)
    return f'self.VERSION = "{digest.hexdigest()[:16]}";\nself.FILES = {names};\n'.encode()


def _check_place(folder: Path) -> None:
    """Raise `UsageError` when something other than a page is at `folder`."""
    taken = os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir()))
    if taken and not (folder / FACTS).is_file() & (folder / KEPT).is_file():
        raise UsageError(
            "the place for the page is taken",
            expected="a new path, an empty folder, or an earlier page to replace",
            path=folder,
            hint="name another path with --out",
        )
