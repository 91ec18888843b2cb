"""scikit-learn on words: TF-IDF with logistic regression and a linear SVM; accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.data import Split
from benchmarks.peers.result import PeerResult, timed


def text_peers(split: Split, *, target: str, column: str, seed: int) -> list[PeerResult]:
    """Return test accuracies of linear models on words and pairs, and with pieces of words."""
    train, test = (part[column].to_pylist() for part in (split.train, split.test))
    truth, truth_test = (np.array(part[target].to_pylist()) for part in (split.train, split.test))
    peers = _peers(seed)

    def accuracy(name: str) -> float:
        return float((peers[name].fit(train, truth).predict(test) == truth_test).mean())

    return [timed(name, lambda name=name: accuracy(name)) for name in peers]  # type: ignore[misc]


def _peers(seed: int) -> dict[str, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    def words() -> Any:
        return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)

    def pieces() -> Any:
        return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)

    return {
        "TF-IDF + logistic": make_pipeline(words(), LogisticRegression(C=20.0, max_iter=300)),
        "TF-IDF + linear SVM": make_pipeline(words(), LinearSVC(random_state=seed)),
        "TF-IDF of words and pieces + linear SVM": make_pipeline(
            make_union(words(), pieces()), LinearSVC(C=0.5, random_state=seed)
        ),
    }
