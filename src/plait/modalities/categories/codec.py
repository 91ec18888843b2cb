"""Categories in sets: several labels in one cell, each a number, with a place for unseen ones."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import TargetError
from plait.metrics import binary_log_loss, tagging_metrics
from plait.modalities.categories.cells import (
    comma_is_evident,
    read_labels,
    split_labels,
    sureness_of_sets,
)
from plait.modalities.category.labels import (
    MAX_TARGET_LABELS,
    check_kind,
    kind_of_cells,
    plain_label,
    typed_labels,
)
from plait.modalities.forms import LABELS, OutputForm
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.survey import Survey
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

UNSEEN = 0
"""Label number 0 stands for every label that training did not see."""


@brief
@dataclass(frozen=True, kw_only=True)
class CategoriesCodec:
    """Codec of the ``categories`` modality.

    Raw is a tuple of labels, without repeats; ``()`` is a known empty set. As a target, outputs
    are label probabilities ``[row, label]`` in the order of `labels`, each on its own.

    Attributes:
        separator: Mark between labels; "" splits at ``;`` and ``|``. `fit` sets a comma where
            training rows make it evident.
        labels: Known labels, most frequent first; label *i* is prepared as ``i + 1``.
        max_labels: Rarer labels beyond this many are treated as unseen.
        kind: What labels were in lists of the table: ``int``, ``float`` or ``bool``, answered by
            such lists; ``text`` (also "") is answered by ``a;b``.
    """

    modality: ClassVar[str] = "categories"
    version: ClassVar[int] = 1
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(labels=True)
    task: ClassVar[str] = "tag"
    verb: ClassVar[str] = "Tags"
    form: ClassVar[OutputForm] = LABELS
    unseen_count: ClassVar[str] = "these are left out"
    """What scores do with labels that training never saw."""

    separator: str = ""
    labels: tuple[str, ...] = ()
    max_labels: int = 2048
    kind: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a kind that does not exist."""
        check_kind(self.kind)

    @property
    def layout(self) -> Layout:
        """``labels``: ascending numbers; a single ``len(labels) + 1`` stands for the empty set."""
        return {"labels": ArraySpec(("label",), "int32")}

    def detect(self, sample: ColumnSample) -> float:
        texts = [value for value in sample.values if isinstance(value, str)]
        lists = [value for value in sample.values if _is_label_list(value)]
        if len(texts) + len(lists) < len(sample.values) or not sample.values:
            return 0.0
        if len(lists) == len(sample.values):
            return 0.95
        if any(value.lstrip()[:1] in ("[", "{") for value in texts):
            share = sum(_is_json_label_list(value) for value in texts) / len(texts)
            return 0.95 * share if share > 0.9 else 0.0
        marked = _sureness(texts, self.separator)
        return max(0.96 * marked, 0.85 * _sureness(texts, ",") * comma_is_evident(texts))

    def survey(self, sample: ColumnSample) -> Survey:
        """Settle what the labels of lists are: numbers and truth values come back as such."""
        lists = [v.tolist() if isinstance(v, np.ndarray) else v for v in sample.values]
        if self.kind or not all(isinstance(value, list | tuple) for value in lists):
            return Survey()
        kind = kind_of_cells([i for v in lists for i in v if i is not None], typed=True)
        return Survey(settings={} if kind == "text" else {"kind": kind})

    def read(self, cell: Cell, media: Media) -> tuple[str, ...]:
        return read_labels(cell, self.separator)

    def fit(self, raws: Iterable[tuple[str, ...]]) -> CategoriesCodec:
        """Learn the labels, and whether a comma separates them (when nothing else ever does)."""
        counts = Counter(raws)
        separator = self.separator
        if not separator and all(len(raw) <= 1 for raw in counts):
            cells = [raw[0] for raw in counts.elements() if raw]
            separator = "," if comma_is_evident(cells) else ""
        seen: Counter[str] = Counter()
        for raw, count in counts.items():
            for label in _split_again(raw, separator):
                seen[label] += count
        ranked = sorted(seen, key=lambda label: (-seen[label], label))
        kind = "text" if typed_labels(ranked, self.kind) is None else self.kind
        kept = tuple(ranked[: self.max_labels])
        return replace(self, separator=separator, labels=kept, kind=kind)

    def prepare(self, raw: tuple[str, ...]) -> Arrays:
        numbers = _numbers(self.labels)
        labels = _split_again(raw, self.separator)
        found = {numbers.get(label, numbers.get(plain_label(label), UNSEEN)) for label in labels}
        return {"labels": np.array(sorted(found) or [len(self.labels) + 1], np.int32)}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Return it unchanged, or now and then with a label lost or unseen."""
        labels = arrays["labels"]
        if rng.random() >= 0.05 or len(labels) < 2:
            return arrays
        return {"labels": np.delete(labels, rng.integers(len(labels)))}

    def show(self, raw: tuple[str, ...]) -> Html:
        return " ".join(f'<span class="label">{html.escape(label)}</span>' for label in raw)

    def example(self, rng: np.random.Generator) -> Cell:
        colours = np.array(["red", "green", "blue", "grey"])
        return ";".join(colours[rng.permutation(4)[: rng.integers(1, 4)]].tolist())

    def neutral(self) -> tuple[str, ...]:
        return ()

    def corrupt(
        self, raw: tuple[str, ...], severity: float, rng: np.random.Generator
    ) -> tuple[str, ...]:
        """Lose labels, and put others in the place of some that are lost."""
        kept = []
        for label in raw:
            if rng.random() >= severity:
                kept.append(label)
            elif self.labels and rng.random() < 0.5:
                kept.append(str(rng.choice(list(self.labels))))
        return tuple(dict.fromkeys(kept))

    def features(self, arrays: Arrays) -> np.ndarray:
        """1 for each known label of the set, 0 for the others."""
        hot = np.zeros(len(self.labels) + 2, np.float32)
        hot[arrays["labels"]] = 1.0
        return hot[1:-1]

    def fingerprint(self, raw: tuple[str, ...]) -> Fingerprint | None:
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return False

    def unseen(self, raw: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the labels that fitting never saw."""
        known = _numbers(self.labels)
        return tuple(one for one in _split_again(raw, self.separator) if one not in known)

    def as_target(self) -> CategoriesCodec:
        """Keep every label, unless told how many."""
        usual = self.max_labels == CategoriesCodec.max_labels
        return replace(self, max_labels=MAX_TARGET_LABELS) if usual else self

    def check_target(self, num_rows: int) -> None:
        if len(self.labels) < 2:
            raise TargetError(
                "the target has fewer than two labels",
                expected="at least two different labels in the training rows",
                received=", ".join(self.labels) or "none",
                hint="set the separator of the column in the schema, if the labels were not split",
            )

    def truth(self, arrays: Sequence[Arrays]) -> np.ndarray:
        """float32 ``[row, label]`` of 0 and 1; labels that training did not see are left out."""
        return np.stack([self.features(a) for a in arrays])

    def scaled(self, truth: np.ndarray) -> np.ndarray:
        return truth

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        """Labels of probability 0.5 and more; confidence is that of the whole set being right.

        The labels count as independent: the product of each one's larger probability.
        """
        names = np.array(typed_labels(self.labels, self.kind) or self.labels, object)
        sure = np.maximum(outputs, 1.0 - outputs)
        sets = [names[row >= 0.5].tolist() for row in outputs]
        as_lists = self.kind not in ("", "text")
        columns: dict[str, Any] = {
            "prediction": sets if as_lists else [";".join(labels) for labels in sets],
            "confidence": sure.prod(axis=1),
        }
        return columns | {f"p_{label}": outputs[:, i] for i, label in enumerate(self.labels)}

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        return tagging_metrics(outputs, truth)

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return binary_log_loss(outputs, truth)


def _split_again(raw: tuple[str, ...], separator: str) -> tuple[str, ...]:
    """Split at the comma that `fit` found, in values that were read before it was known."""
    if separator != ",":
        return raw
    return tuple(piece for label in raw for piece in split_labels(label, separator))


def _sureness(texts: Sequence[str], separator: str) -> float:
    """How much cells look like sets; numbers that repeat inside a cell are a series instead."""
    sets = [split_labels(text, separator) for text in texts]
    sure = sureness_of_sets(sets)
    if not sure or not all(_is_number(piece) for labels in sets[:50] for piece in labels):
        return sure
    marks = separator or ";|"
    num_pieces = [1 + sum(text.count(mark) for mark in marks) for text in texts]
    whole = all(piece.lstrip("-").isdigit() for labels in sets for piece in labels)
    once = all(len(s) == num for s, num in zip(sets, num_pieces, strict=True))
    return 0.8 * sure if whole and once and max(num_pieces) <= 8 else 0.0


def _is_number(text: str) -> bool:
    return text.replace(".", "").replace("-", "").replace("e", "").isdigit()


def _is_label_list(value: Cell) -> bool:
    items = value.tolist() if isinstance(value, np.ndarray) else value
    return isinstance(items, list | tuple) and all(isinstance(item, str) for item in items)


def _is_json_label_list(text: str) -> bool:
    try:
        return _is_label_list(json.loads(text))
    except (ValueError, RecursionError):
        return False


@lru_cache(maxsize=64)
def _numbers(labels: tuple[str, ...]) -> dict[str, int]:
    return {label: i + 1 for i, label in enumerate(labels)}
