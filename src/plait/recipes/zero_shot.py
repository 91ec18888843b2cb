"""Zero-shot: classes named in words, answered by the nearest prompt in the shared space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.answer import Answer
from plait.data.table import read
from plait.errors import UsageError
from plait.modalities import traits_of
from plait.model.model import Model

TEMPLATES = ("{}", "a {}", "a picture of {}", "this is {}")
"""Prompts into which a class is put when none are given; their vectors are averaged."""

SLOT = "{}"


def zero_shot(
    model: Model,
    rows: Any,
    *,
    classes: Sequence[str] | Mapping[str, Sequence[str]],
    templates: Sequence[str] = TEMPLATES,
    on_error: str | None = None,
    root: Any = None,
) -> Answer:
    """Return ``prediction``, ``confidence`` and ``p_CLASS`` of rows whose classes nobody labelled.

    A class's vector is the mean of its prompts' (Radford et al. 2021, CLIP, section 3.1.4); a row's
    probabilities are the softmax of its cosines to them times the learned scale of the space.

    Args:
        model: With a shared space that has a text column.
        rows: As for `Model.predict`.
        classes: Two or more names; or name -> words that describe it, which are asked instead
            (Menon and Vondrick 2023, "Visual classification via description"): a space that was
            not taught by a large corpus knows only the words of its own table.
        templates: Prompts with ``{}`` where the name goes.
        on_error, root: As for `Model.predict`.

    Raises:
        UsageError: Too few or equal classes, a template without a place for the name, or a space
            that reads no text.
    """
    names = [name.strip() for name in classes]
    _check(names, templates)
    prompts = class_vectors(model, classes, templates)
    vectors = model.embed(rows, on_error=on_error, root=root)
    logits = model.space.scale * vectors @ prompts.T
    weights = np.exp(logits - logits.max(1, keepdims=True))
    share = weights / weights.sum(1, keepdims=True)
    best = share.argmax(1)
    columns: dict[str, Any] = {
        "prediction": [names[i] for i in best],
        "confidence": share.max(1).astype(np.float32),
    }
    return Answer(columns | {f"p_{name}": share[:, i] for i, name in enumerate(names)})


def word_columns(model: Model) -> list[str]:
    """Return the input columns of the shared space that are asked in words."""
    return [name for name in model.space.input_columns if traits_of(model.shown[name]).words]


def class_vectors(
    model: Model, classes: Sequence[str] | Mapping[str, Sequence[str]], templates: Sequence[str]
) -> np.ndarray:
    """Return a unit vector per class, float32 ``[class, dim]``: the mean of its prompts'."""
    input_columns = word_columns(model)
    if not input_columns:
        raise UsageError(
            "classes are named in words, but the shared space reads no text",
            expected="a text column among " + ", ".join(model.space.input_columns),
            hint="fit the base with a column of text, or label a few rows: fit --base",
        )
    words = [_words(classes, name) for name in classes]
    texts = [t.replace(SLOT, word) for own in words for word in own for t in templates]
    rows = [dict.fromkeys(input_columns, text) for text in texts]
    table = read(rows, columns={name: model.shown[name].modality for name in input_columns})
    weights = {name: float(name in input_columns) for name in model.space.input_columns}
    vectors = model.embed(table, weights=weights)
    ends = np.cumsum([len(own) * len(templates) for own in words])[:-1]
    means = np.stack([part.mean(0) for part in np.split(vectors, ends)])
    return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)


def _words(classes: Sequence[str] | Mapping[str, Sequence[str]], name: str) -> list[str]:
    """Return what is asked for a class: its description, else its name."""
    if not isinstance(classes, Mapping):
        return [name.strip()]
    found = [word.strip() for word in classes[name] if word.strip()]
    if not found:
        raise UsageError(
            "a class is described by no words",
            expected="for example --classes 'footwear=boot|sandal,headgear=hat|cap'",
            received=name,
        )
    return found


def _check(names: Sequence[str], templates: Sequence[str]) -> None:
    if len(set(names)) < 2 or len(set(names)) < len(names) or not all(names):
        raise UsageError(
            "the classes cannot be told apart",
            expected="two or more different names: --classes 'boot,sandal,trainer'",
            received=", ".join(names),
        )
    wrong = [template for template in templates if SLOT not in template]
    if wrong or not templates:
        raise UsageError(
            "a template has no place for the class",
            expected="for example --template 'a picture of {}'",
            received=", ".join(wrong) or "no template",
        )


def check_answered(classes: object, temperature: float | None, beam: int | None) -> None:
    """Raise `UsageError` where classes that nobody labelled are to be drawn."""
    if classes and (temperature is not None or beam is not None):
        raise UsageError("classes are answered, not drawn", expected="no temperature, no beam")
