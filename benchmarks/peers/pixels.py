"""scikit-learn on pixels: logistic regression, a kernel machine, a random forest; accuracy."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.data import Split
from benchmarks.peers.result import PeerResult, num_threads, timed

SIDE_PX = 32


def pixel_peers(split: Split, *, target: str, column: str, seed: int) -> list[PeerResult]:
    """Return test accuracies of three classifiers on grey pictures of 32 x 32 pixels."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    train, test = (grey_pixels(part, column, split.root) for part in (split.train, split.test))
    truth, truth_test = (np.array(part[target].to_pylist()) for part in (split.train, split.test))
    peers = {
        "logistic on pixels": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "RBF-SVM on pixels": SVC(C=10.0),
        "RBF-SVM on 100 principal components": make_pipeline(
            PCA(min(100, *train.shape), whiten=True, random_state=seed), SVC(C=10.0)
        ),
        "random forest on pixels": RandomForestClassifier(
            500, n_jobs=num_threads(), random_state=seed
        ),
    }

    def accuracy(name: str) -> float:
        return float((peers[name].fit(train, truth).predict(test) == truth_test).mean())

    return [timed(name, lambda name=name: accuracy(name)) for name in peers]  # type: ignore[misc]


def grey_pixels(table: pa.Table, column: str, root: Path | None) -> np.ndarray:
    """Return float32 ``[row, pixel]`` in [0, 1] of pictures given as bytes or as paths."""
    rows = []
    for cell in table[column].to_pylist():
        source = io.BytesIO(cell) if isinstance(cell, bytes) else (root or Path()) / cell
        picture = Image.open(source).convert("L").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
        rows.append(np.asarray(picture, np.float32).ravel() / 255)
    return np.stack(rows)
