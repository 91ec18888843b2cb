"""Models in pickles: as the files of their bundles, verified when they come back."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from plait.model.model import Model, load


def packed(model: Model) -> dict[str, bytes]:
    """Return the files of a model's bundle: name -> content."""
    place = model.path
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = model.save(Path(folder) / "model.plait")
        finally:
            model.path = place
        files = (file for file in sorted(path.rglob("*")) if file.is_file())
        return {str(file.relative_to(path)): file.read_bytes() for file in files}


def unpacked(files: Mapping[str, bytes]) -> Model:
    """Undo `packed`; every file's hash is verified."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.plait"
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        model = load(path)
    model.path = None
    return model
