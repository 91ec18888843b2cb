"""The folder of a page: whole, asks no other server, replaced only where it is one."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from plait.errors import UsageError
from plait.web import runtime
from plait.web.page import POLICY, write_page

sys.path.insert(0, str(Path(__file__).parent))

from small_models import small_model


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A runtime of two small files, as if they were the right ones."""
    folder = tmp_path / "onnxruntime-web"
    (folder / "dist").mkdir(parents=True)
    hashes = {}
    for name in runtime.HASHES:
        (folder / "dist" / name).write_bytes(name.encode())
        hashes[name] = hashlib.sha256(name.encode()).hexdigest()
    monkeypatch.setattr(runtime, "HASHES", hashes)
    return folder


@pytest.fixture
def page(tmp_path, package):
    return write_page(small_model(), tmp_path / "page", title="Boats & <b>", runtime=package)


def names_in(folder):
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def test_a_page_is_whole(page):
    found = names_in(page)
    assert found >= {"index.html", "page.css", "start.js", "app.js", "model.json", "icon-192.png"}
    assert found >= {f"onnxruntime/{name}" for name in runtime.HASHES}
    assert found >= {"graphs/0.onnx", "manifest.webmanifest", "service-worker.js", "files.js"}
    assert {name.split("/")[1] for name in found if name.startswith("codecs/")} == {
        "text", "number", "category", "categories",
    }  # fmt: skip
    assert (page / "graphs/0.onnx").read_bytes() == b"a graph"
    assert "index.html" not in (page / "README.txt").read_text()


def test_every_module_that_is_imported_is_there(page):
    for file in page.rglob("*.js"):
        for name in re.findall(r'from "(\.[^"]+)"', file.read_text(encoding="utf8")):
            assert (file.parent / name).resolve().is_file(), f"{file.name} imports {name}"


def test_no_file_of_ours_names_another_server(page):
    own = [f for f in page.rglob("*") if f.suffix in (".js", ".html", ".css", ".webmanifest")]
    for file in own:
        text = file.read_text(encoding="utf8").replace("http://localhost:8000", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]{2,}/", text), file.name


def test_the_policy_allows_the_page_itself_and_nothing_else(page):
    html = (page / "index.html").read_text(encoding="utf8")
    assert f'content="{POLICY}"' in html
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == "'none'" and rules["connect-src"] == "'self'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    allowed = {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:"}
    assert {source for rule in rules.values() for source in rule.split()} == allowed
    # What a policy without 'unsafe-inline' would stop.
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on[a-z]+=", html)


def test_a_browser_is_told_at_once_of_every_file_that_it_will_need(page):
    html = (page / "index.html").read_text(encoding="utf8")
    told = set(re.findall(r'<link rel="(?:module)?preload"[^>]* href="([^"]+)">', html))
    assert all((page / name).is_file() for name in told)
    needed = {"app.js"}
    while (
        more := {
            (page / name).parent.joinpath(one).resolve().relative_to(page.resolve()).as_posix()
            for name in needed
            for one in re.findall(r'from "(\.[^"]+)"', (page / name).read_text(encoding="utf8"))
        }
        - needed
    ):
        needed |= more
    codecs = {f.relative_to(page).as_posix() for f in page.glob("codecs/*/*.js")}
    assert told >= needed | codecs | {"forms/classes.js", "model.json", "graphs/0.onnx"}
    assert not (page / "forms/number.js").exists()


def test_what_a_person_named_is_escaped(page):
    html = (page / "index.html").read_text(encoding="utf8")
    assert "<h1>Boats &amp; &lt;b&gt;</h1>" in html and "Boats & <b>" not in html
    assert "{{" not in html
    manifest = json.loads((page / "manifest.webmanifest").read_text(encoding="utf8"))
    assert manifest["name"] == "Boats & <b>" and manifest["start_url"] == "./"


def test_icons_are_of_the_sizes_that_are_promised(page):
    manifest = json.loads((page / "manifest.webmanifest").read_text(encoding="utf8"))
    for one in manifest["icons"]:
        with Image.open(io.BytesIO((page / one["src"]).read_bytes())) as picture:
            assert f"{picture.width}x{picture.height}" == one["sizes"]


def kept(page):
    text = (page / "files.js").read_text(encoding="utf8")
    files = json.loads(text.split("self.FILES = ")[1].rstrip(";\n"))
    return files, re.search(r'VERSION = "(\w+)"', text)[1]


def test_all_files_are_kept_for_when_there_is_no_network(page):
    files, _ = kept(page)
    assert {"./", *names_in(page)} - {"README.txt", "files.js"} == set(files)


def test_the_version_changes_with_any_file_and_only_then(page, tmp_path, package):
    again = write_page(small_model(), tmp_path / "again", title="Boats & <b>", runtime=package)
    other = write_page(small_model("price"), tmp_path / "other", runtime=package)
    assert kept(again)[1] == kept(page)[1] != kept(other)[1]


def test_an_earlier_page_is_replaced_and_nothing_else(page, package, tmp_path):
    write_page(small_model("price"), page, runtime=package)
    assert json.loads((page / "model.json").read_text())["target"] == "price"
    other = tmp_path / "notes"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is taken"):
        write_page(small_model(), other, runtime=package)
    assert names_in(other) == {"mine.txt"}
