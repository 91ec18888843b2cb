"""Categories: each label a number, with a place for labels never seen."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import CellError, TargetError
from plait.metrics import classification_metrics, log_loss
from plait.modalities.category.labels import (
    MAX_TARGET_LABELS,
    aliases,
    check_kind,
    kind_of_cells,
    plain_label,
    typed_labels,
)
from plait.modalities.category.words import are_of_words
from plait.modalities.codes import reason_for_codes
from plait.modalities.date.survey import sureness as sureness_of_dates
from plait.modalities.forms import CLASSES, OutputForm
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.number.codec import NumberCodec
from plait.modalities.number.reading import LEAST_SHARE, read_all
from plait.modalities.survey import Survey
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

UNSEEN = 0
"""Label number 0 stands for every label that training did not see."""

MOST_IN_TABLE = 512
"""Labels, at most, of which a table of features is made."""


@brief
@dataclass(frozen=True, kw_only=True)
class CategoryCodec:
    """Codec of the ``category`` modality.

    Raw is the label as text. As a target, outputs are class probabilities ``[row, class]`` in
    the order of `labels`.

    Attributes:
        labels: Known labels, most frequent first; label *i* is prepared as ``i + 1``.
        max_labels: Rarer labels beyond this many are treated as unseen.
        kind: What labels were in the table, and are again in answers: ``int``, ``float``, ``bool``
            or ``text`` (also "").
    """

    modality: ClassVar[str] = "category"
    version: ClassVar[int] = 1
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(labels=True)
    task: ClassVar[str] = "classify"
    verb: ClassVar[str] = "Predicts"
    form: ClassVar[OutputForm] = CLASSES
    unseen_count: ClassVar[str] = "they count as wrong"
    """What scores do with labels that training never saw."""

    labels: tuple[str, ...] = ()
    max_labels: int = 2048
    kind: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a kind that does not exist."""
        check_kind(self.kind)

    @property
    def layout(self) -> Layout:
        return {"label": ArraySpec((1,), "int32")}

    def detect(self, sample: ColumnSample) -> float:
        if any(isinstance(value, bytes | list | dict) for value in sample.values):
            return 0.0
        if any(len(str(value)) > 64 or "\n" in str(value) for value in sample.values):
            return 0.0
        if _are_amounts(sample) or sureness_of_dates(sample) >= 0.95:
            return 0.3
        repeats = 1.0 - sample.num_distinct / max(len(sample.values), 1)
        sure = 0.92 * min(1.0, repeats / 0.6) if sample.num_distinct > 1 else 0.6
        return max(sure, 0.4) if reason_for_codes(sample.name, sample.values) else sure

    def survey(self, sample: ColumnSample) -> Survey:
        """Settle what labels are: numbers and truth values come back as such.

        Names of several words are doubtful: where words tell of the target, text reads them in
        names never seen as well, else labels do as well or better.
        """
        kind = kind_of_cells(sample.values, typed=sample.typed)
        if kind == "text" and are_of_words(sample):
            hint = f"--columns {sample.name}=text reads their words"
            return Survey(said=(f"its {sample.num_distinct} labels are of several words: {hint}",))
        if self.kind or kind == "text":
            return Survey()
        words = {"int": "whole numbers", "float": "numbers", "bool": "truth values"}
        return Survey(settings={"kind": kind}, said=(f"its labels are {words[kind]}",))

    def read(self, cell: Cell, media: Media) -> str | None:
        if isinstance(cell, bytes | list | dict):
            raise CellError("not a label", expected="a short text or number", received=cell)
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        text = str(cell).strip()
        if len(text) > 1000:
            raise CellError(
                "the label is too long",
                expected="at most 1000 characters",
                received=text,
                hint="is this column text? use --columns NAME=text",
            )
        return text or None

    def fit(self, raws: Iterable[str]) -> CategoryCodec:
        counts = Counter(raws)
        ranked = sorted(counts, key=lambda label: (-counts[label], label))
        kind = "text" if typed_labels(ranked, self.kind) is None else self.kind
        return replace(self, labels=tuple(ranked[: self.max_labels]), kind=kind)

    def prepare(self, raw: str) -> Arrays:
        """``label``: its number; a label of another type (1.0, "1", True for 1) is the same."""
        numbers, others = _numbers(self.labels, self.kind)
        number = numbers.get(raw)
        if number is None:
            number = others.get(plain_label(raw), UNSEEN)
        return {"label": np.array([number], np.int32)}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Return it unchanged, or now and then as unseen, so that unseen labels have a meaning."""
        return {"label": np.array([UNSEEN], np.int32)} if rng.random() < 0.02 else arrays

    def show(self, raw: str) -> Html:
        return f'<span class="label">{html.escape(raw)}</span>'

    def example(self, rng: np.random.Generator) -> Cell:
        return str(rng.choice(["red", "green", "blue"]))

    def neutral(self) -> str:
        return ""

    def corrupt(self, raw: str, severity: float, rng: np.random.Generator) -> str:
        swap = len(self.labels) > 0 and rng.random() < severity
        return str(rng.choice(list(self.labels))) if swap else raw

    @property
    def code_features(self) -> np.ndarray | None:
        """The features of each number that a label may have, ``[number, feature]``; None of many
        labels: the table grows with their square."""
        num = len(self.labels)
        return np.eye(num + 1, num, -1, np.float32) if num <= MOST_IN_TABLE else None

    def features(self, arrays: Arrays) -> np.ndarray:
        """One-hot over the known labels; unseen is all zeros."""
        hot = np.zeros(len(self.labels), np.float32)
        number = int(arrays["label"][0])
        if number != UNSEEN:
            hot[number - 1] = 1.0
        return hot

    def fingerprint(self, raw: str) -> Fingerprint | None:
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return False

    def unseen(self, raw: str) -> tuple[str, ...]:
        """Return the label, when fitting never saw it."""
        return (raw,) if self.prepare(raw)["label"][0] == UNSEEN else ()

    def as_target(self) -> CategoryCodec:
        """Keep every label, unless told how many."""
        usual = self.max_labels == CategoryCodec.max_labels
        return replace(self, max_labels=MAX_TARGET_LABELS) if usual else self

    def check_target(self, num_rows: int) -> None:
        if len(self.labels) < 2:
            raise TargetError(
                "the target has fewer than two classes",
                expected="at least two different labels in the training rows",
                received=", ".join(self.labels) or "none",
            )

    def truth(self, arrays: Sequence[Arrays]) -> np.ndarray:
        """int64 ``[row]``: the class, or -1 for a label that training did not see."""
        return np.array([int(a["label"][0]) - 1 for a in arrays], np.int64)

    def scaled(self, truth: np.ndarray) -> np.ndarray:
        return truth

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels, as what they were in the table."""
        return tuple(typed_labels(self.labels, self.kind) or self.labels)

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        best = outputs.argmax(axis=1)
        values = typed_labels(self.labels, self.kind) or self.labels
        columns: dict[str, Any] = {
            "prediction": [values[i] for i in best],
            "confidence": outputs.max(axis=1),
        }
        return columns | {f"p_{label}": outputs[:, i] for i, label in enumerate(self.labels)}

    def as_written(self, predictions: Sequence[Any]) -> list[Any]:
        """Return predictions with truth values and fractions spelled as in training."""
        if self.kind not in ("bool", "float"):
            return list(predictions)
        spelling = dict(zip(typed_labels(self.labels, self.kind) or (), self.labels, strict=False))
        return [spelling.get(value, value) for value in predictions]

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        return classification_metrics(outputs, truth)

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return log_loss(outputs, truth)


def _are_amounts(sample: ColumnSample) -> bool:
    """Tell whether cells are numbers with fractions, units or limits, of more than two kinds."""
    found = read_all(NumberCodec(), sample.values)
    if found.share < LEAST_SHARE:
        return False
    num_broken = sum(n for value, n in found.values.items() if not value.is_integer())
    dirty = not found.is_plain and sample.num_distinct > 2
    return dirty or num_broken > 0.5 * len(sample.values)


Numbers = tuple[dict[str, int], dict[str, int]]
_memo: dict[tuple[int, str], tuple[tuple[str, ...], Numbers]] = {}


def _numbers(labels: tuple[str, ...], kind: str) -> Numbers:
    """Return label -> number, and other spellings -> number.

    Remembered by identity, for `prepare` is called once per cell.
    """
    found = _memo.get((id(labels), kind))
    if found is None or found[0] is not labels:
        if len(_memo) > 1000:
            _memo.clear()
        others = {text: place + 1 for text, place in aliases(labels, kind).items()}
        found = (labels, ({label: i + 1 for i, label in enumerate(labels)}, others))
        _memo[id(labels), kind] = found
    return found[1]
