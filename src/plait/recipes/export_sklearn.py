"""A bundle for users of scikit-learn: the bundle as it is, and a script that uses it."""

from __future__ import annotations

import os
from pathlib import Path

from plait.errors import TargetError, UsageError
from plait.model.ensemble import Ensemble
from plait.model.model import Model
from plait.writing import write_folder

BUNDLE, SCRIPT = "model.plait", "use.py"
"""In the folder."""

PROGRAM = '''"""Uses {bundle} as an estimator of scikit-learn: python {script} [TABLE.csv]."""

import sys
from pathlib import Path

import pandas
from sklearn.pipeline import make_pipeline

import plait.sklearn

FOLDER = Path(__file__).parent
COLUMNS = {columns!r}

model = plait.sklearn.load(FOLDER / "{bundle}")  # fitted; no pickle, every file's hash is verified
pipeline = make_pipeline("passthrough", model)
if len(sys.argv) > 1:
    table = pandas.read_csv(sys.argv[1])
else:
    table = pandas.DataFrame({{name: [None] for name in COLUMNS}})
print(pipeline.predict(table[COLUMNS]))
'''


def write_sklearn(model: Model, folder: Path) -> Path:
    """Write a folder with a model's bundle and a script that loads it; return the folder.

    Args:
        model: Of a predicted target: `plait.sklearn.load` gives a classifier, or a regressor.
        folder: A new one, or an earlier export to replace.

    Raises:
        TargetError: The target is none that scikit-learn has an estimator of.
        UsageError: Something else is at `folder`.
        StorageError: It cannot be written.
    """
    check_estimable(model)
    taken = os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir()))
    if taken and not (folder / SCRIPT).is_file() & (folder / BUNDLE).is_dir():
        raise UsageError(
            "the place for the export is taken",
            expected="a new path, an empty folder, or an earlier export to replace",
            path=folder,
            hint="name another path with --out",
        )
    text = PROGRAM.format(bundle=BUNDLE, script=SCRIPT, columns=list(model.inputs))
    with write_folder(folder) as temporary:
        place = model.path
        try:
            model.save(temporary / BUNDLE)
        finally:
            model.path = place
        (temporary / SCRIPT).write_text(text, encoding="utf8")
    return folder


def check_estimable(model: Model) -> None:
    """Raise `TargetError` where scikit-learn has no estimator of what a model answers."""
    parts = model.parts
    found = (
        "no target"
        if model.target is None
        else f"'{model.target}', a {model.target_codec.modality}"
    )
    form = parts.target.form if isinstance(parts, Ensemble) else None
    if form is None or (form.probable and not form.exclusive) or model.in_time is not None:
        raise TargetError(
            "this bundle is no classifier or regressor of scikit-learn",
            expected="a target that is a category, or a number, of rows one by one",
            received=found,
        )
