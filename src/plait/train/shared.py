"""Learning without labels: alignment of columns and masked latent prediction, in one objective."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn

from plait.data.prepared import Prepared
from plait.networks.space import Space
from plait.networks.system import presence
from plait.networks.torch_runners import embed_input_columns
from plait.nn.tokens import Tokens
from plait.retrieval import mean_reciprocal_rank
from plait.train.alignment import Alignment
from plait.train.latent import LatentPredictor, hide_tokens, spread
from plait.train.objective import views_of
from plait.train.precision import autocast
from plait.types import Batch

MAX_ROWS_PER_CHECK = 1024


@dataclass(frozen=True, kw_only=True)
class SharedConfig:
    """Settings of learning without labels.

    Attributes:
        align: Weight of the alignment between input columns.
        views: Weight of the alignment of two views of one input column.
        latent: Weight of masked latent prediction.
        hide: Share of a column's tokens hidden from the student.
        bank_size: Past vectors per input column that serve as negatives.
        teacher_pace: The teacher's averaging rate at the start; it falls to 0 with a cosine.
    """

    align: float = 1.0
    views: float = 1.0
    latent: float = 1.0
    hide: float = 0.5
    bank_size: int = 1024
    teacher_pace: float = 0.02


class SharedLearner(nn.Module):
    """A space, its slowly following teacher, and what the losses learn beside them."""

    def __init__(self, space: Space, config: SharedConfig, *, num_others: int) -> None:
        super().__init__()
        self.space = space
        self.teacher = copy.deepcopy(space).requires_grad_(False).eval()
        self.predictor = LatentPredictor(dim=space.config.dim)
        self.alignment = Alignment(
            num_input_columns=len(space.input_columns),
            dim=space.config.dim,
            bank_size=config.bank_size,
            num_others=num_others + config.bank_size,
        )

    def train(self, mode: bool = True) -> SharedLearner:
        """Set the mode of all but the teacher, which always answers as in use."""
        super().train(mode)
        self.teacher.eval()
        return self


class Shared:
    """An `Objective`: every pair of columns of a row aligned, every column's tokens predicted.

    The student sees one augmented view of each row, the teacher another (clean of gradients);
    both losses share the student's stems.

    Args:
        learner: What is trained.
        prepared: Arrays of every row.
        rows: Row numbers to train on.
        rows_validation: Row numbers whose retrieval is the cost; may be empty.
        units: int64 ``[row]``: rows of one number are alike, never negatives of each other.
        contents: Input column -> int64 ``[row]``: rows of one number hold the same value there.
        config: Weights of the losses.
    """

    least_part: int | None = None

    def __init__(
        self,
        learner: SharedLearner,
        prepared: Prepared,
        *,
        rows: np.ndarray,
        rows_validation: np.ndarray,
        units: np.ndarray,
        contents: Mapping[str, np.ndarray],
        config: SharedConfig,
    ) -> None:
        self.module, self.config = learner, config
        self.prepared, self.rows = prepared, rows
        self.columns = learner.space.encoder.columns
        self.views = views_of(rows, 2 if config.views > 0 else 1)
        self.shared: tuple[str, ...] = ()
        self._validation = rows_validation[:MAX_ROWS_PER_CHECK]
        self.num_checked = len(self._validation) if len(self._validation) > 1 else 0
        self._units = torch.from_numpy(np.asarray(units, np.int64))
        self._contents = torch.from_numpy(
            np.stack([np.asarray(contents[name], np.int64) for name in learner.space.input_columns])
        )
        self.parts: dict[str, float] = {}
        self._seen: tuple[Tensor, Tensor, Tensor] | None = None

    @property
    def work(self) -> str:
        layouts = [(name, self.prepared.columns[name].codec.layout) for name in self.columns]
        return f"{replace(self.module.space.config, join=0)} {asdict(self.config)} {layouts}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        space, config = self.module.space, self.config
        self._seen = (
            None  # nothing of an earlier batch is remembered, or a resumed run would differ
        )
        keep = presence(views[0], self.columns)
        numbers = torch.from_numpy(rows)
        found: dict[str, Tensor] = {}
        with autocast(precision, keep.device):
            tokens = space.encoder.tokens(views[0])
            if config.align > 0 or config.views > 0:
                own = torch.stack(
                    [space.input_column_vectors(tokens, keep, s) for s in space.input_columns]
                )
                found |= self._alignment(own, self._others(views[-1], keep), numbers, keep)
            if config.latent > 0:
                found["latent"] = self._latent(views[0], tokens, keep)
        if not found:  # a small last batch in which nothing occurs together
            return 0.0 * self.module.alignment.bias.sum()
        self.parts = {name: float(loss.detach()) for name, loss in found.items()}
        weights = {"align": config.align, "views": config.views, "latent": config.latent}
        return torch.stack([weights[name] * loss for name, loss in found.items()]).sum()

    @torch.no_grad()
    def _others(self, view: Batch, keep: Tensor) -> Tensor | None:
        """Return the teacher's vectors of another view, where a loss needs them."""
        if not (self.config.views > 0 or self.config.bank_size):
            return None
        found: Tensor = self.module.teacher(view)[0]
        return found

    def _alignment(
        self, own: Tensor, other: Tensor | None, numbers: Tensor, keep: Tensor
    ) -> dict[str, Tensor]:
        alignment, config, device = self.module.alignment, self.config, own.device
        present = self.module.space.present(keep)
        alike = self._alike(numbers, numbers).to(device)
        found: dict[str, list[Tensor]] = {"align": [], "views": []}
        for a, b in combinations(range(len(own)), 2):
            loss = alignment.pair(own, own, present, alike, (a, b))
            if loss is None or config.align <= 0:
                continue
            if config.bank_size:
                both = present[a] & present[b]
                rows = numbers[both.cpu()]
                loss = loss + 0.5 * sum(
                    alignment.against_bank(own[x][both], self._alike_bank(rows, y), (x, y))
                    for x, y in ((a, b), (b, a))
                )
            found["align"].append(loss)
        if other is not None and config.views > 0:
            for a in range(len(own)):
                loss = alignment.pair(own, other, present, alike, (a, a))
                if loss is not None:
                    found["views"].append(loss)
        if other is not None and config.bank_size:
            self._seen = other, numbers.to(device), present
        return {name: torch.stack(losses).mean() for name, losses in found.items() if losses}

    def _alike(self, rows: Tensor, others: Tensor) -> Tensor:
        """Return bool ``[input, row, other]``: same value there, or near-duplicates in any."""
        units = self._units[rows][:, None] == self._units[others]
        return (self._contents[:, rows][:, :, None] == self._contents[:, others][:, None]) | units

    def _alike_bank(self, rows: Tensor, input_column: int) -> Tensor:
        """Return the same of rows and those whose vectors the bank of an input column holds."""
        known = self.module.alignment.bank_rows[input_column]
        return self._alike(rows, known.clamp(min=0).cpu()).to(known.device)

    def _latent(self, batch: Batch, tokens: Mapping[str, Tokens], keep: Tensor) -> Tensor:
        space, teacher = self.module.space, self.module.teacher
        joined, column = space.encoder.join(tokens, keep)
        hidden = hide_tokens(joined, column, self.config.hide)
        num = len(space.trunk.registers)
        seen = space.trunk(self.module.predictor.blind(joined, hidden), column).values[:, num:]
        with torch.no_grad():
            goal = teacher.trunk(*teacher.encoder(batch, keep)).values[:, num:]
        return self.module.predictor.loss(seen, goal, hidden, column)

    @torch.no_grad()
    def after_step(self, share: float) -> None:
        """Let the teacher follow the student (Grill et al. 2020, BYOL: pace falls to 0)."""
        if self._seen is not None:
            self.module.alignment.remember(*self._seen)
        pace = self.config.teacher_pace * 0.5 * (1 + np.cos(np.pi * min(share, 1.0)))
        student = self.module.space.state_dict()
        teacher = self.module.teacher.state_dict()
        floats = [name for name, value in student.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [teacher[n] for n in floats], [student[n] for n in floats], float(pace)
        )

    def cost(self) -> float:
        """Return 1 - the mean reciprocal rank over all directions between input columns.

        With a single input column there are no directions: minus the vectors' spread, which only
        tells collapse.
        """
        vectors, present = self._vectors()
        ranks = []
        for a in range(len(vectors)):
            for b in range(len(vectors)):
                both = present[a] & present[b]
                if a != b and both.sum() > 1:
                    contents = self._contents[b].numpy()[self._validation[both]]
                    ranks.append(mean_reciprocal_rank(vectors[a][both], vectors[b][both], contents))
        if not ranks:
            return -self.collapse()["std"]
        return 1.0 - float(np.mean(ranks))

    def collapse(self) -> dict[str, float]:
        """Return the `spread` of the validation rows' vectors, the least over input columns."""
        vectors, present = self._vectors()
        found = [
            spread(torch.from_numpy(vectors[s][present[s]]))
            for s in range(len(vectors))
            if present[s].sum() > 1
        ]
        return {name: min(one[name] for one in found) for name in found[0]} if found else {}

    def compile(self) -> None:
        """Compile the student and the teacher layer by layer: their inputs vary in length."""
        for space in (self.module.space, self.module.teacher):
            space.trunk.compile(dynamic=True)

    def _vectors(self) -> tuple[np.ndarray, np.ndarray]:
        device = next(self.module.parameters()).device
        return embed_input_columns(
            self.module.space, self.prepared, self._validation, device=device
        )
