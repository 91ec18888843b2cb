"""Made-up encoders: folders with the files of a checkpoint, whose weights are a few bytes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

WEIGHTS = b"weights"


def make_folder(folder: Path, kind: str = "bert", **files: str | bytes | None) -> Path:
    """Write a checkpoint of an architecture; `files` are added, or left out where they are None."""
    usual: dict[str, str | bytes | None] = {
        "config.json": json.dumps({"model_type": kind}),
        "model.safetensors": WEIGHTS,
        "tokenizer.json": "{}",
        "preprocessor_config.json": "{}",
    }
    for name, content in (usual | files).items():
        if content is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def make_snapshot(cache: Path, name: str, kind: str = "bert", revision: str = "a" * 40) -> Path:
    """Write a model of Hugging Face's cache: its snapshot's weights are a link to a blob."""
    repository = cache / ("models--" + name.replace("/", "--"))
    snapshot = make_folder(repository / "snapshots" / revision, kind, **{"model.safetensors": None})
    blob = repository / "blobs" / "0123"
    blob.parent.mkdir(exist_ok=True)
    blob.write_bytes(WEIGHTS)
    (snapshot / "model.safetensors").symlink_to(Path("../../blobs/0123"))
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(revision)
    return snapshot


def make_package(site: Path, name: str, files: dict[str, bytes], metadata: str = "") -> Path:
    """Write an installed package that carries files, as pip would leave it."""
    module = name.replace("-", "_")
    about = site / f"{module}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}"
    )
    listed = [f"{module}-1.0.dist-info/METADATA,,"]
    for path, content in {f"{module}/__init__.py": b"raise SystemExit", **files}.items():
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        listed.append(f"{path},sha256=x,{len(content)}")
    (about / "RECORD").write_text("\n".join(listed))
    return about


def zipped(folder: Path, file: Path, prefix: str = "") -> bytes:
    """Return a zip archive of a folder, made larger than a megabyte by a file of zeros."""
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            archive.write(path, prefix + path.relative_to(folder).as_posix())
        archive.writestr(prefix + "filling.bin.txt", bytes(2**20))
    return file.read_bytes()
