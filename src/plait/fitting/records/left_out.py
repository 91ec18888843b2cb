"""What a simple model says of rows by fits without them and what lies near them in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.baselines.feature_matrices import FeatureMatrices
from plait.modalities import GeneratedTarget, SimpleGenerator
from plait.modalities.series.judging_groups import parts_of
from plait.types import Arrays

SEED = 0


def left_out(
    kind: type[SimpleGenerator],
    matrices: FeatureMatrices,
    targets: Sequence[Arrays],
    codec: GeneratedTarget,
    num_near: int,
) -> list[Arrays]:
    """Return what simple models of a kind say of rows of groups that they did not learn from.

    What a model says of rows that it learned from is no measure of its errors: the nearest row is
    the row itself. Groups follow each other in time; those of a part lie together, and what may
    share steps with them is not learned from for it.

    Args:
        kind: Of the model.
        matrices: Features of the rows, with their groups: as many as parts, or more, so that
            something is left to learn from beside a part and its neighbours.
        targets: Their prepared values.
        codec: Of the target.
        num_near: So many groups on either side may share steps with one.
    """
    units, found = np.asarray(matrices.units), [dict[str, np.ndarray]() for _ in targets]
    for held, near in parts_of(units, num_near):
        own, learn = (np.flatnonzero(one) for one in (np.isin(units, held), ~np.isin(units, near)))
        fresh = kind()
        some = [targets[int(place)] for place in learn]
        fresh.fit(matrices.take(learn), some, codec, seed=SEED)
        for place, said in zip(own, fresh.answer(matrices.take(own)), strict=True):
            found[int(place)] = said
    return found
