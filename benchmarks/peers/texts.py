"""scikit-learn on words: TF-IDF with logistic regression and a linear SVM."""

from __future__ import annotations

from collections.abc import Sequence
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


def recommending_words(
    split: Split, *, target: str, positive: str, columns: Sequence[str]
) -> PeerResult:
    """Return the test AUC of logistic regression on TF-IDF of words and pairs of each column."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    train, test = (
        [[text or "" for text in part[name].to_pylist()] for name in columns]
        for part in (split.train, split.test)
    )
    truth, truth_test = (
        np.array(part[target].to_pylist()) == positive for part in (split.train, split.test)
    )

    def auc() -> float:
        seen: list[csr_matrix] = []
        unseen: list[csr_matrix] = []
        for texts, others in zip(train, test, strict=True):
            words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
            seen.append(words.fit_transform(texts))
            unseen.append(words.transform(others))
        model = LogisticRegression(C=4.0, max_iter=1000).fit(hstack(seen).tocsr(), truth)
        return float(roc_auc_score(truth_test, model.decision_function(hstack(unseen).tocsr())))

    return timed("TF-IDF + logistic", auc)


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
