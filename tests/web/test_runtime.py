"""Where ONNX Runtime Web comes from: named, found, or fetched when asked; never another one."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from plait.errors import PlaitError
from plait.web import runtime
from plait.web.runtime import VARIABLE, runtime_files

WANTED = {name: f"content of {name}".encode() for name in runtime.HASHES}


@pytest.fixture(autouse=True)
def nothing_here(tmp_path, monkeypatch):
    """No package in the working folder, in the cache or in the environment."""
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in WANTED.items()}
    monkeypatch.setattr(runtime, "HASHES", hashes)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)


def archive(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, data in files.items():
            info = tarfile.TarInfo(f"package/dist/{name}")
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def written(folder, files=WANTED):
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_package_is_taken_in_any_of_its_forms(tmp_path):
    written(tmp_path / "package" / "dist")
    plain = written(tmp_path / "files")
    packed = tmp_path / "onnxruntime-web.tgz"
    packed.write_bytes(archive(WANTED | {"other.js": b"never read"}))
    for place in (tmp_path, tmp_path / "package", plain, packed):
        assert runtime_files(place) == WANTED


def test_it_is_found_in_the_working_folder_and_by_the_environment(tmp_path, monkeypatch):
    written(tmp_path / "node_modules" / "onnxruntime-web" / "dist")
    assert runtime_files() == WANTED
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(PlaitError, match="is not there"):
        runtime_files()


def test_another_version_is_refused_by_its_hash(tmp_path):
    changed = WANTED | {"ort-wasm-simd-threaded.wasm": b"something else"}
    with pytest.raises(PlaitError, match="ort-wasm-simd-threaded.wasm is not that of") as caught:
        runtime_files(written(tmp_path / "files", changed))
    assert "npm pack" in caught.value.hint


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "broken.tgz").write_bytes(archive(WANTED)[:60])
    with pytest.raises(PlaitError, match="cannot be read"):
        runtime_files(tmp_path / "broken.tgz")


def test_nothing_is_fetched_unasked(monkeypatch):
    monkeypatch.setattr(runtime, "_packed", lambda: pytest.fail("npm was asked"))
    with pytest.raises(PlaitError, match="not on this machine") as caught:
        runtime_files()
    assert "--allow-network" in caught.value.hint and VARIABLE in caught.value.hint


def test_what_is_fetched_when_asked_is_checked_and_kept(monkeypatch):
    asked = []
    monkeypatch.setattr(runtime, "_packed", lambda: asked.append(1) or archive(WANTED))
    assert runtime_files(allow_network=True) == WANTED
    assert runtime_files() == WANTED
    assert asked == [1]


def test_what_is_fetched_but_is_another_one_is_not_kept(monkeypatch):
    other = archive(dict.fromkeys(WANTED, b"other"))
    monkeypatch.setattr(runtime, "_packed", lambda: other)
    with pytest.raises(PlaitError, match="is not that of"):
        runtime_files(allow_network=True)
    with pytest.raises(PlaitError, match="not on this machine"):
        runtime_files()


def test_npm_is_asked_for_that_version_alone(monkeypatch, tmp_path):
    asked = []

    def fake(words, cwd, **options):
        asked.append(words[1:])
        (Path(cwd) / "onnxruntime-web.tgz").write_bytes(archive(WANTED))
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(runtime.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(runtime.subprocess, "run", fake)
    assert runtime_files(allow_network=True) == WANTED
    assert asked == [["pack", runtime.PACKAGE, "--silent", "--ignore-scripts"]]
    monkeypatch.setattr(runtime.shutil, "which", lambda name: None)
    with pytest.raises(PlaitError, match="not on this machine") as caught:
        runtime._packed()
    assert "npm" in caught.value.received
