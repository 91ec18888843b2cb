"""What a model is worth where its accuracy hides it: costs of mistakes, and classes never found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plait.report.scored import (
    LEAST_ROWS,
    ends_of,
    few_groups,
    guessing,
    is_better,
    test_of,
    value_of,
)
from plait.report.text import cut, figures, interval_of, is_number, metric, percent, plural

CHANCE = 0.5
"""ROC AUC of a model that orders rows by lot."""


@dataclass(frozen=True)
class Common:
    """The class of most test rows, and the other one that tells most of the model.

    That is the rarest where its rows are too few to tell, else the one of which least is found.

    Attributes:
        label: Of the most frequent class.
        share: Of the test rows that are of it: the accuracy of always saying it.
        other: Label of the other class.
        recall: Share of its rows that are found, in [0, 1].
        rows: Of the other class.
    """

    label: str
    share: float
    other: str
    recall: float
    rows: int

    @property
    def found(self) -> str:
        """What is found of the other class: ``0 of 3 rows of '1'``."""
        hits = round(self.recall * self.rows)
        return f"{hits:,} of {plural(self.rows, 'row')} of '{cut(self.other, 40)}'"


def common(data: Mapping[str, Any]) -> Common | None:
    """Return the most frequent class of the test rows and a telling one; None without two."""
    known = [
        one
        for one in test_of(data).get("per_class") or []
        if is_number(one.get("recall")) and (one.get("rows") or 0) > 0
    ]
    if len(known) < 2:
        return None
    most = max(known, key=_rows)
    others = sorted((one for one in known if one is not most), key=_rows)
    if _rows(others[0]) == _rows(most):
        return None
    few = _rows(others[0]) < LEAST_ROWS
    other = others[0] if few else min(others, key=lambda one: float(one["recall"]))
    share = most["rows"] / sum(map(_rows, known))
    return Common(str(most["label"]), share, str(other["label"]), other["recall"], other["rows"])


def guessed(data: Mapping[str, Any], name: str) -> float | None:
    """Return the headline of guessing; of accuracy also where guessing itself was not scored."""
    told = value_of(guessing(data), name)
    if told is not None or name != "accuracy":
        return told
    classes = common(data)
    return None if classes is None else classes.share


def beats(name: str, test: Mapping[str, Any], guess: float) -> bool:
    """Tell whether even the worse end of the interval is better than guessing."""
    value, ends = value_of(test, name), ends_of(test, name)
    if value is None:
        return False
    worst = value
    if ends is not None:
        worst = ends[0] if is_better(name, ends[1], ends[0]) else ends[1]
    return is_better(name, worst, guess)


def overlooked(data: Mapping[str, Any], name: str, value: float, guess: float) -> str:
    """Return the verdict of a model whose headline is not clearly better than guessing's."""
    test, classes = test_of(data), common(data)
    area, ends = value_of(test, "auc"), ends_of(test, "auc")
    start = f"{'Not clearly' if is_better(name, value, guess) else 'No'} better than guessing"
    if classes is None or name != "accuracy":
        return f"{start}: do not rely on it."
    start = (
        f"{start}: always saying '{cut(classes.label, 40)}' is right on "
        f"{percent(classes.share)} of the rows"
    )
    if area is None:
        return f"{start}, and the model finds {classes.found}: do not rely on it."
    told = f"ROC AUC {metric('auc', area)}, {CHANCE:g} is guessing"
    if ends is None or classes.rows < LEAST_ROWS:
        groups = few_groups(test)
        few = "" if groups is None else f" in only {plural(groups, 'group')}"
        return (
            f"{start}, and the model finds {classes.found}{few}, too few to tell whether it orders "
            "rows better: do not rely on it."
        )
    if ends[0] <= CHANCE:
        return f"{start}, and it orders rows not clearly better ({told}): do not rely on it."
    if classes.recall >= CHANCE:
        return (
            f"{start}. Accuracy hides that the model orders rows ({told}) and finds "
            f"{classes.found}: judge it by macro F1, or by what mistakes cost."
        )
    only = "only " if classes.recall else ""
    return (
        f"{start}. The model does order rows ({told}), but finds {only}{classes.found}: say what "
        "mistakes cost, or choose by macro F1."
    )


def facts_overlooked(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return ``(what, value, note)`` of what tells more than an accuracy that guessing reaches."""
    test, classes = test_of(data), common(data)
    guess = guessed(data, "accuracy")
    if classes is None or guess is None or beats("accuracy", test, guess):
        return []
    found = [
        (f"recall of {cut(classes.other, 40)}", percent(classes.recall), f"found {classes.found}")
    ]
    if (area := value_of(test, "auc")) is not None:
        few = classes.rows < LEAST_ROWS
        of_few = f", of {plural(classes.rows, 'row')} of {cut(classes.other, 40)} only"
        note = f"{CHANCE:g} is guessing{of_few if few else ''}"
        found.append(("ROC AUC", metric("auc", area), note))
    if (f1 := value_of(test, "macro_f1")) is not None:
        found.append(("macro F1", metric("macro_f1", f1), "all classes alike"))
    return found


def _rows(one: Mapping[str, Any]) -> int:
    return int(one["rows"])


def priced(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the measured decision where its two mistakes cost differently; None elsewhere."""
    found = test_of(data).get("decision") or {}
    fn, fp = found.get("false_negative"), found.get("false_positive")
    known = is_number((found.get("at_threshold") or {}).get("cost"))
    return found if known and is_number(found.get("never")) and fn != fp else None


def idle(decision: Mapping[str, Any]) -> tuple[str, float]:
    """Return what costs least without a model, in words, and its mean cost."""
    never, always = float(decision["never"]), float(decision["always"])
    word, cost = ("never", never) if never <= always else ("always", always)
    return f"{word} saying '{cut(decision['positive'], 40)}'", cost


def verdict_of_costs(decision: Mapping[str, Any]) -> str:
    """Return one sentence: what a row costs with the model, and without any."""
    at = decision["at_threshold"]
    what, without = idle(decision)
    told = f"a row costs {figures(at['cost'])} on average, and {figures(without)} by {what}"
    saved = interval_of((decision.get("intervals") or {}).get("saved"))
    finds = f"it finds {percent(at['recall'])} of '{cut(decision['positive'], 40)}'"
    if at["cost"] >= without:
        return f"It saves nothing: {told}. Do not act on it, though {finds}."
    if saved is None:
        return f"It may save nothing, for no interval was computed: {told}; {finds}."
    if saved[0] <= 0:
        return f"It may save nothing: {told}, which is within chance; {finds}."
    return f"It saves {percent(1 - at['cost'] / without)} of the costs: {told}; {finds}."


def facts_of_costs(decision: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return ``(what, value, note)`` of acting without the model, and of acting by it."""
    positive = cut(decision["positive"], 40)
    at, half = decision["at_threshold"], decision["at_half"]
    return [
        (f"never saying {positive}", figures(decision["never"]), "mean cost of a row"),
        (f"always saying {positive}", figures(decision["always"]), "mean cost of a row"),
        ("the more probable class", figures(half["cost"]), "mean cost of a row"),
        (f"recall of {positive}", percent(at["recall"]), f"precision {percent(at['precision'])}"),
    ]
