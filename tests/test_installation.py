"""The command that adds an extra fits how plait was installed."""

import importlib.metadata
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from plait import installation
from plait.errors import ExtraError
from plait.installation import install_command, pip_install


@pytest.fixture(autouse=True)
def own_pip(monkeypatch, tmp_path_factory):
    """Pretend that the shell's pip is that of this Python, at a place of its own."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "pip").write_text("#!/bin/sh\n")
    (folder / "pip").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "python"))


@pytest.fixture
def installed(monkeypatch):
    """Pretend that plait lies in site-packages, with this direct_url.json."""

    def pretend(origin):
        told = None if origin is None else json.dumps(origin)
        monkeypatch.setattr(installation, "_checkout", lambda file: None)
        monkeypatch.setattr(
            importlib.metadata,
            "distribution",
            lambda name: SimpleNamespace(read_text={"direct_url.json": told}.get),
        )

    return pretend


def test_a_checkout_is_installed_again_as_it_is(monkeypatch, tmp_path):
    root = Path(__file__).parents[1]
    monkeypatch.chdir(tmp_path)
    assert install_command("table") == f"pip install -e '{root}[table]'"
    monkeypatch.chdir(root)
    assert install_command("table") == "pip install -e '.[table]'"
    assert ExtraError("table", "x").hint == "pip install -e '.[table]'"


def test_what_an_index_gave_is_asked_of_the_index(installed):
    installed(None)
    assert install_command("table") == "pip install 'plait[table]'"


def test_a_wheel_is_named_again_while_it_is_there(installed, tmp_path):
    wheel = tmp_path / "plait 1.whl"
    wheel.write_bytes(b"")
    installed({"url": wheel.as_uri(), "archive_info": {}})
    assert install_command("hf") == f"pip install 'plait[hf] @ {wheel.as_uri()}'"
    wheel.unlink()
    assert install_command("hf") == "pip install 'plait[hf]'"


def test_a_repository_is_named_again(installed):
    vcs = {"vcs": "git", "commit_id": "abc123"}
    installed({"url": "https://example.org/plait.git", "vcs_info": vcs})
    expected = "pip install 'plait[hf] @ git+https://example.org/plait.git@abc123'"
    assert install_command("hf") == expected


def test_not_installed_at_all(installed, monkeypatch):
    installed(None)

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert install_command("hf") == "pip install 'plait[hf]'"


def test_another_pip_than_this_pythons_is_not_named(installed, monkeypatch):
    installed(None)
    monkeypatch.setattr(sys, "executable", "/opt/a b/bin/python")
    assert install_command("hf") == "'/opt/a b/bin/python' -m pip install 'plait[hf]'"
    monkeypatch.setenv("PATH", "")
    assert pip_install() == "'/opt/a b/bin/python' -m pip install"


def test_what_uv_installed_is_installed_by_uv(monkeypatch):
    told = SimpleNamespace(read_text={"INSTALLER": "uv\n"}.get)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: told)
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    assert pip_install() == "uv pip install"
    monkeypatch.delenv("VIRTUAL_ENV")
    assert pip_install() == f"uv pip install --python '{sys.executable}'"


def test_other_folders_are_no_checkout(tmp_path):
    file = tmp_path / "src" / "plait" / "installation.py"
    assert installation._checkout(file) is None
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert installation._checkout(file) is None
