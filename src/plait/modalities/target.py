"""What a modality must offer to be the target: to predict it as numbers, or to generate it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from plait.modalities.contract import Codec
from plait.modalities.forms import OutputForm
from plait.types import Arrays, Cell, Html, MadeFile


@runtime_checkable
class TargetCodec(Codec, Protocol):
    """A codec whose modality can be the target: `PredictiveTarget` or `GeneratedTarget`."""

    task: ClassVar[str]
    """What is done, for people and in files: ``classify``, ``compose``. No code asks for it: what
    differs between targets is in the members of the two protocols."""

    verb: ClassVar[str]
    """How a report begins, before the target's name: ``Predicts``, ``Composes``."""

    def as_target(self) -> Self:
        """Return the codec, before it is fitted, as a target wants it: most return themselves."""

    def check_target(self, num_rows: int) -> None:
        """Raise `TargetError` when the fitted target cannot be learned (a single class...)."""


@runtime_checkable
class PredictiveTarget(TargetCodec, Protocol):
    """A target that is answered by numbers.

    *Outputs* are the canonical numbers of a prediction, ``float32 [row, output]``: class
    probabilities, label probabilities, or mean and quantiles. Every base model (deep, linear,
    boosted) gives outputs, so that metrics, stacking and files need to know nothing else. Their
    `form` says what may be done with them; a simple model says which forms it supports.

    Its ``network.py`` has a class ``Target``: ``Target(codec, dim)`` with `num_queries` and
    `num_raw`, a ``forward`` from pooled queries ``[batch, query, dim]`` to so many raw outputs,
    their ``loss`` per row, their ``distance`` from what another model says (``[batch,
    said]``: as many numbers as simple models have scores, on the same scale), and ``outputs`` that
    makes them canonical.
    """

    form: ClassVar[OutputForm]
    """What outputs are: `CLASSES`, `LABELS` or `NUMBER` of `plait.modalities.forms`."""

    def truth(self, arrays: Sequence[Arrays]) -> np.ndarray:
        """Stack prepared targets: int64 ``[row]``, float32 ``[row, label]`` or ``[row]``."""

    def scaled(self, truth: np.ndarray) -> np.ndarray:
        """Return truth on the scale that the network's head answers in: numbers standardised."""

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        """Name the columns for people: ``prediction``, ``confidence``, ``p_CLASS`` or quantiles."""

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        """Score outputs against truth; the first entry is the headline."""

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Proper per-row loss, float64 ``[row]``, lower is better: what model selection uses."""


@dataclass(frozen=True, kw_only=True)
class MetricWord:
    """A metric that a target brings along, in words.

    Attributes:
        name: As people write it.
        says: What it is, in one sentence.
        lower_is_better: Whether less is better; else more is.
        share: Whether values are shares in [0, 1], written as percent.
    """

    name: str
    says: str
    lower_is_better: bool = False
    share: bool = False


SURENESS = "sureness"
"""Part that a generated value may hold beside those of its layout: how sure it is, float64 ``[]``.

Higher is surer, on any scale that is the same for all rows: the log-likelihood of what was made, a
distance turned round. What it is worth is learned on rows held out, as a confidence.
"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How values are generated.

    Attributes:
        temperature: 0 takes what is likeliest; 1 draws as often as it was learned to occur.
        seed: Of the draws.
        beam: Beginnings that are kept while the likeliest is looked for, of a modality whose values
            are made piece by piece; 1 takes the likeliest piece at each place.
        steps: Of a modality whose values are drawn from noise, step by step; None for its own.
        guidance: How far such values heed the columns beyond what was learned: 1 as learned, 0 not
            at all; None for the modality's own.
        begin: A value of the target's layout that such values begin at, a sketch; or that what is
            made piece by piece begins with.
        strength: How much noise is laid over it at first, in (0, 1]: 1 keeps nothing of it.
        apart: Whether rows that hold the same are drawn apart, each by its number too: for what is
            judged as a whole, such as how varied values are.
        keep: bool, of the shape that the modality says (pictures: ``[height, width]``): where the
            value that is begun at stays as it is; clips: ``[frame, 1, 1]``.
    """

    temperature: float = 0.0
    seed: int = 0
    beam: int = 1
    steps: int | None = None
    guidance: float | None = None
    begin: Arrays | None = None
    strength: float = 1.0
    keep: np.ndarray | None = None
    apart: bool = False


class SimpleGenerator(Protocol):
    """An honest baseline of a generated target: plain files, no network.

    `matrices` are `plait.baselines.feature_matrices.FeatureMatrices` of rows: their simple
    features, and in ``prepared`` and ``rows`` where the prepared inputs themselves lie.
    """

    name: ClassVar[str]

    def fit(self, matrices: Any, targets: Sequence[Arrays], codec: Any, *, seed: int) -> None:
        """Learn from training rows and their prepared targets.

        ``matrices.groups`` (int ``[row]``, or None) tells which rows belong together: whatever is
        chosen is chosen by what is said of a row without its own group.
        """

    def answer(self, matrices: Any) -> list[Arrays]:
        """Return a value per row, as arrays of the target's layout, and perhaps its `SURENESS`."""

    def save(self, folder: Path) -> None:
        """Write plain files into `folder`."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""


class StartingGenerator(SimpleGenerator, Protocol):
    """A baseline that the target's network begins at: its values, and what they lack is learned."""

    def again(self, matrices: Any, targets: Sequence[Arrays]) -> Self:
        """Return one of other rows, by the choices that were made."""

    def left_out(self, matrices: Any, targets: Sequence[Arrays]) -> list[Arrays]:
        """Return what is said of each row that it was fitted on, by fits without the row.

        They have no part either in rows that share something with it: of its group, of its time.
        """


@runtime_checkable
class MixableTarget(Protocol):
    """A generated target whose values are distributions, so that those of several models mix.

    Offered beside the members of `GeneratedTarget`. The weights of a mix are those by which what
    is true of rows that nobody learned from surprises least.
    """

    def surprise(self, said: Arrays, true: Arrays) -> float:
        """Return minus the log-probability of what is true, in nats, by what was generated."""

    def mixed(self, parts: Sequence[Sequence[Arrays]], weights: Sequence[float]) -> list[Arrays]:
        """Return a value per row of several models' values ``[model][row]`` and their weights."""


@runtime_checkable
class GeneratedTarget(TargetCodec, Protocol):
    """A target that is answered by a thing: a text, a melody, a picture.

    Its ``network.py`` has a class ``Generate``, a torch module::

        Generate(codec, dim)
            num_queries: int                  # learned queries that it wants pooled
            loss(conditions, target)          # Float[Tensor, "batch"]: of each row
            generate(conditions, rngs, asked) # list[Arrays], one value per row

    `conditions` are `plait.nn.conditions.Conditions`: the trunk's tokens with their mask, to
    cross-attend to, and the pooled queries ``[batch, query, dim]``. `target` is the target's own
    `ColumnBatch`, padded, as `prepare` gave it. The loss is a proper one (minus the log-likelihood
    of the value, a denoising error): its mean over rows held out is the network's cost. `rngs` are
    NumPy generators, one per row, the same for the same row and seed in whatever company it is
    asked; `asked` is an `Asked`. What is generated has the layout of the codec, and may hold its
    `SURENESS` beside: then answers have a ``confidence``, which foretells the row's own headline
    where that is a share, or another share that a member ``foretold`` of the codec names.

    Of a modality whose trait `piecewise` is True, there is also ``stream(conditions, rng, asked)``,
    which gives values of one row, ``Iterator[Arrays]``: as they are written, each begins with the
    one before it, and the last is what ``generate`` makes.

    A modality with more than one way to make values names them in ``generators``, the usual one
    first, and says in its field ``generator`` which it is; its ``network.py`` has a class for each
    in ``GENERATORS``, by these names. What learns from what the rest has learned is a module
    ``distilled`` of the head (None for nothing), with ``begin_distilled()``, which is called when
    all else was trained, and ``distilled_loss(conditions)``, its losses under some rows'. What
    learns before all else, and stays, is a module ``coded``, with ``coded_loss(target)`` and
    ``settle_codes(held)``, which returns the share of values' variance that codes lose.
    """

    words: ClassVar[Mapping[str, MetricWord]]
    """Its metrics in words, by the names that `metrics` uses, the headline first."""

    baselines: ClassVar[tuple[type[SimpleGenerator], ...]]
    """Honest baselines of its own, beside the most typical training value and that of the nearest
    training row, which are always measured; may be empty."""

    def decode(self, arrays: Arrays) -> Any:
        """Turn arrays of the layout, generated ones too, back into Raw: the inverse of `prepare`.

        Never fails on arrays that its network generates.
        """

    def write(self, raw: Any) -> Cell | MadeFile:
        """Return Raw as a table holds it; `read` of it gives the same Raw.

        Of a form that loses something a codec says how much in ``written_within``: how far, in the
        mean, the numbers that are prepared of it may be from those that were written.
        """

    def answer(self, raws: Sequence[Any]) -> Mapping[str, Any]:
        """Name the columns for people, one entry per row, beginning with ``prediction``: `write`
        of each, and what else is worth a column."""

    def compare(self, said: Any, true: Any) -> np.ndarray:
        """Return what metrics need to know of one pair of Raw, float64 of any length."""

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        """Score rows by what `compare` returned of them; the first entry is the headline."""

    # Optional: ``refuses(metrics, num_rows)``, why what scores so must not ship; "" where it may.
    # Optional: ``beside_learned(said, true, learned)``, what was made beside what was learned from.

    # Optional: ``beside``, what a report calls what was said and what is true: two words.
    # Optional: ``begins_at``, the one of its baselines, a `StartingGenerator`, that its network
    # begins at: `conditions.start` are that one's values.

    # Optional: ``resampled(compared, counts)``, the metrics of many resamples at once, name ->
    # float64 ``[resample]``; `counts`, ``[resample, row]``, tells how often each row was drawn.

    def panel(self, said: Sequence[Any], true: Sequence[Any]) -> Html:
        """Render what a reader should see of many pairs at once, beside single ones, which every
        report shows: self-contained and escaped; "" for nothing."""


def metrics_by(
    resampled: Callable[[Sequence[np.ndarray], np.ndarray], Mapping[str, np.ndarray]],
    compared: Sequence[np.ndarray],
) -> dict[str, float]:
    """Return the metrics of rows by the ``resampled`` of their target: each row is drawn once."""
    found = resampled(compared, np.ones((1, len(compared))))
    return {name: float(values[0]) for name, values in found.items()}


def begins_at(codec: TargetCodec) -> type[StartingGenerator] | None:
    """Return the baseline that the network of a target begins at; None where it begins at none."""
    kind: type[StartingGenerator] | None = getattr(codec, "begins_at", None)
    return kind


def foretold_of(codec: GeneratedTarget) -> str | None:
    """Return which metric of a row a confidence foretells, a share; None where there is none.

    It is what the codec's ``foretold`` names, else the headline.
    """
    name: str = getattr(codec, "foretold", next(iter(codec.words)))
    word = codec.words[name]
    return name if word.share and not word.lower_is_better else None
