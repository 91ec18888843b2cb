"""Learns on a device from corrections and from examples of new classes, in closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plait.answer import Answer
from plait.data.table import Table
from plait.edge.delta import (
    CORRECTED,
    MAX_CORRECTIONS,
    MAX_LABEL,
    MAX_NEW_CLASSES,
    NEW_CLASS,
    Delta,
    merge,
    new_id,
)
from plait.edge.delta_file import read_delta, write_delta
from plait.edge.edge import Edge
from plait.edge.examples import Examples, labels_of, statistics_of, target_of, truth_of
from plait.edge.forgetting import Check, check_forgetting, require_remembered
from plait.edge.learned import Learned
from plait.edge.learned_model import learned_model
from plait.edge.teaching import ENOUGH, WEIGHTS, answered, taught
from plait.errors import BundleError, UsageError
from plait.model.identity import model_digest
from plait.model.model import Model
from plait.model.rehearsal import Rehearsal


@dataclass(frozen=True)
class Lesson:
    """What a correction did.

    Attributes:
        id: Of the correction, for `Learner.undo`.
        rows: That it was from.
        right: Share of them that is answered so now; of numbers, whose error is at most half of
            what it was.
        check: What it did to what was known.
    """

    id: str
    rows: int
    right: float
    check: Check


class Learner:
    """A bundle on a device that can be corrected, and taught new classes.

    >>> learner = Learner(plait.edge.load("fish.plait"))              # doctest: +SKIP
    >>> learner.correct({"photo": "a.jpg"}, "cod")                    # doctest: +SKIP
    >>> learner.add_class("sunfish", [{"photo": "b.jpg"}, ...])       # doctest: +SKIP
    >>> learner.predict({"photo": "c.jpg"})[0]                        # doctest: +SKIP

    The bundle itself never changes: with nothing learned the answers are exactly its own. Nothing
    is trained in steps: `plait.edge.learned.Learned` has the formulas.

    Args:
        edge: The bundle, of one target that is a category or a number.
        delta: What was learned before: its file, or itself.
        key: Of the file: its bytes, or the file that holds it; see `plait.edge.delta_file`.
        rehearsal: Rows and their answers, of which statistics are made where the bundle has none.
        max_cost: The most that learning may cost; see `plait.edge.forgetting.check_forgetting`.

    Raises:
        BundleError: The bundle has no statistics for learning; or the delta is of another bundle,
            damaged, or not signed by the key.
        TargetError: The target is neither a category nor a number, or there is no single one.
    """

    def __init__(
        self,
        edge: Edge,
        *,
        delta: Delta | Path | str | None = None,
        key: bytes | Path | str | None = None,
        rehearsal: tuple[Any, Any] | None = None,
        max_cost: float | None = None,
    ) -> None:
        self._base, self._max_cost = edge.model, max_cost
        target_of(edge.model)
        before = delta if isinstance(delta, Delta | None) else read_delta(delta, key=key)
        self._statistics, own = self._known(before, rehearsal)
        fresh = Delta(
            bundle=model_digest(self._base),
            basis=self._statistics.digest,
            target=str(self._base.target),
            num_features=self._statistics.num_features,
            num_near=self._statistics.num_near,
            num_outputs=self._num_outputs,
            statistics=self._statistics if own else None,
        )
        self._adopt(fresh if before is None else merge(fresh, before))

    @property
    def delta(self) -> Delta:
        """What was learned."""
        return self._delta

    @property
    def model(self) -> Model:
        """What answers: the bundle's model, and what was learned. It cannot be saved."""
        return self._model

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that are told apart, new ones last; () of numbers."""
        return (*labels_of(self._base), *self.new_labels)

    @property
    def new_labels(self) -> tuple[str, ...]:
        """The classes that were added, in the order in which they were taught."""
        return self._learned.new_labels

    def predict(self, rows: Any, **asked: Any) -> Answer:
        """Return ``prediction`` and the details per row; arguments as of `Edge.predict`."""
        return Edge(self._model).predict(rows, **asked)

    def correct(self, rows: Any, answers: Any, *, force: bool = False, **reading: Any) -> Lesson:
        """Learn what is right of rows.

        Args:
            rows: As for `Edge.predict`, or a `Table`.
            answers: A class that is known, or a number, of each row; of one row it may stand
                alone.
            force: Whether to learn it whatever it costs.
            reading: ``root`` and ``on_error``, as for `Edge.predict`.

        Raises:
            ForgettingError: When it would cost more than the limit.
            UsageError: When there are not as many answers as rows, or one is of a class that
                nobody taught.
        """
        found = Examples.of(self._base, self._statistics, rows, **reading)
        truth = truth_of(self._model, _several(answers), len(found))
        return self._learn(CORRECTED, found, truth, force)

    def add_class(self, name: str, rows: Any, *, force: bool = False, **reading: Any) -> Lesson:
        """Learn a class from a few rows of it; of one that was added before, from some more.

        Arguments and errors as of `correct`; `UsageError`, too, for a class of the bundle.
        """
        name = self._new_name(name)
        found = Examples.of(self._base, self._statistics, rows, **reading)
        label = [*self.labels, name].index(name)
        return self._learn(NEW_CLASS, found, np.full(len(found), label), force, name)

    def check(self) -> Check:
        """Return what all that was learned does to examples of what was known."""
        return check_forgetting(self._learned, self._max_cost)

    def undo(self, what: int | str = 1) -> Delta:
        """Forget the last corrections, so many, or the one of an id; as if never taught.

        Raises `UsageError` when there are not so many, or not that one.
        """
        ids = [one.id for one in self._delta.corrections]
        if isinstance(what, str):
            gone = [what]
        elif 1 <= what <= len(ids):
            gone = ids[-what:]
        else:
            raise UsageError(
                "so many corrections cannot be undone",
                expected=f"1 to {len(ids)}" if ids else "corrections: nothing was learned",
                received=str(what),
            )
        self._adopt(self._delta.without(gone))
        return self._delta

    def merge(self, other: Delta | Path | str, *, key: bytes | Path | str | None = None) -> Check:
        """Learn what another device learned, and return what all of it does to what was known.

        Raises `BundleError` when it is of another bundle, damaged, or not signed by the key.
        """
        found = other if isinstance(other, Delta) else read_delta(other, key=key)
        self._adopt(merge(self._delta, found))
        return self.check()

    def save(self, path: Path | str, *, key: bytes | Path | str | None = None) -> Path:
        """Write the delta whole or not at all, signed where there is a key; return its path.

        Raises `StorageError` when it cannot be written.
        """
        return write_delta(self._delta, path, key=key)

    def _learn(
        self,
        kind: str,
        found: Examples,
        truth: np.ndarray,
        force: bool,
        name: str | None = None,
    ) -> Lesson:
        """Learn examples as strongly as it takes that they are answered so, and no more strongly
        than what is known allows."""
        if len(self._delta.corrections) >= MAX_CORRECTIONS:
            raise UsageError(
                "the delta is full",
                expected=f"at most {MAX_CORRECTIONS} corrections",
                hint="fit the bundle again with what was learned, or undo some",
            )
        labels = self.labels if name is None or name in self.labels else (*self.labels, name)
        number, tries = new_id(), list[tuple[Delta, Check, float]]()
        for weight in WEIGHTS:
            correction = taught(number, kind, found, truth, labels, self._delta, weight)
            delta = self._delta.beside(correction)
            learned = self._of(delta)
            after = check_forgetting(learned, self._max_cost)
            if tries and not after.passed:
                break
            tries.append((delta, after, answered(learned, found, truth)))
            if kind == NEW_CLASS or tries[-1][2] >= ENOUGH:
                break
        delta, after, right = tries[-1]
        if not force:
            require_remembered(self.check(), after)
        self._adopt(delta)
        return Lesson(number, len(found), right, after)

    @property
    def _num_outputs(self) -> int:
        """Outputs of the bundle that are corrected: the classes, or a number's mean."""
        return len(labels_of(self._base)) or 1

    def _known(
        self, delta: Delta | None, rehearsal: tuple[Any, Any] | None
    ) -> tuple[Rehearsal, bool]:
        """Return the statistics, and whether they are no part of the bundle."""
        if rehearsal is not None:
            return statistics_of(self._base, *rehearsal), True
        if delta is not None and delta.statistics is not None:
            return delta.statistics, True
        found = self._base.ensemble.rehearsal
        if found is None:
            raise BundleError(
                "this bundle holds no statistics of what it learned from, so that it could learn "
                "without forgetting",
                expected="a bundle that plait fit, plait compress or plait export --to onnx made "
                "of a table with its target",
                path=self._base.path,
                hint="give rows with their answers: rehearsal=(rows, answers), or --rehearsal FILE",
            )
        return found, False

    def _of(self, delta: Delta) -> Learned:
        return Learned(self._statistics, labels_of(self._base), delta.corrections)

    def _adopt(self, delta: Delta) -> None:
        """Answer by a delta from now on."""
        self._learned = self._of(delta)
        self._model, self._delta = learned_model(self._base, self._learned), delta

    def _new_name(self, name: str) -> str:
        name = str(name).strip()
        many = len(self.new_labels) >= MAX_NEW_CLASSES
        if not labels_of(self._base) or name in labels_of(self._base):
            raise UsageError(
                f"'{name}' is no new class",
                expected="a class that the bundle has not"
                if labels_of(self._base)
                else "a bundle that predicts a category",
                hint="correct(rows, answers) puts answers of known classes right",
            )
        if not 0 < len(name) <= MAX_LABEL or (many and name not in self.new_labels):
            raise UsageError(
                "this class cannot be added",
                expected=f"a name of 1 to {MAX_LABEL} characters, "
                f"and at most {MAX_NEW_CLASSES} new classes",
                received=name,
            )
        return name


def _several(answers: Any) -> Sequence[Any]:
    """Return answers as a list: one that stands alone is of one row."""
    if isinstance(answers, Mapping | Table):
        raise UsageError("answers are a list, one for each row", received=type(answers).__name__)
    alone = isinstance(answers, str | bytes) or not hasattr(answers, "__len__")
    return [answers] if alone else list(answers)
