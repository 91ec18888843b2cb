"""Judges made rows by real ones that nobody learned from: likeness, worth, privacy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from plait.data.cautions import Caution, caution
from plait.fitting.setup.work import Work
from plait.fitting.whole_rows.worth import learned_from, told_apart
from plait.whole_rows.columns import sizes_of
from plait.whole_rows.likeness import Raws, associations, bars, gaps, nearest, privacy
from plait.whole_rows.made import RowMaker
from plait.whole_rows.tree import INDEPENDENT

MOST_MADE = 5000
"""Rows that are made to be judged, and real ones that are learned from beside them."""

MOST_PASSES, LEAST_JUDGED = 150_000, 300
"""Variables of all judged rows, of wide tables; and rows that are judged however wide they are."""

MOST_COMPARED, MOST_LEARNED, MOST_CELLS = 1000, 100_000, 2_000_000_000
"""Rows whose nearest ones are looked for, training rows among which they are, and comparisons."""

MOST_COLUMNS = 40
"""Of the page's matrices and bars."""

OFTEN_COPIED = 0.01
"""A share of copies beyond that of held-out rows which is warned of."""


def most_rows(num_variables: int) -> int:
    """Return how many rows are judged: a network draws each variable by a pass of its own."""
    return max(LEAST_JUDGED, min(MOST_MADE, MOST_PASSES // num_variables))


def judge(
    maker: RowMaker, simple: RowMaker, raws: Mapping[str, Raws], work: Work
) -> dict[str, Any]:
    """Return what made rows are worth; see the keys.

    Args:
        maker: What ships.
        simple: Independent columns, drawn beside as what is easy.
        raws: Rows of ``train`` and ``test``.
        work: The fit.

    Returns:
        ``columns``: of each its ``gap`` (total variation) to held-out rows beside that of as many
        training rows and of independent columns, and ``bars``; ``associations``: matrices of
        ``real`` and ``made`` rows, their mean absolute ``gap``, beside the others'; ``told_apart``:
        the AUC of a classifier; ``learned_from``: what is predicted as well from made rows;
        ``privacy``: distances to the nearest training rows; ``warnings``; ``notes``.
    """
    columns, held, seed = maker.columns, raws["test"], work.seed
    num_train = len(next(iter(raws["train"].values())))
    rows = np.random.default_rng([seed, 7]).permutation(num_train)
    rows = rows[: most_rows(len(sizes_of(columns)))]
    real = {name: [one[row] for row in rows] for name, one in raws["train"].items()}
    draws = range(len(rows))
    update = work.progress.task("judging", 5)
    made = maker.make({}, draws, seed=seed, temperature=1.0)
    apart = simple.make({}, draws, seed=seed, temperature=1.0)
    update(1)
    found: dict[str, Any] = {"rows": len(rows), "held": len(next(iter(held.values())))}
    others = {"made": made, "real": real, "independent": apart}
    distances = {name: gaps(columns, one, held) for name, one in others.items()}
    shown = list(columns)[:MOST_COLUMNS]
    found["columns"] = [
        {
            "column": name,
            **{key: round(one[name], 4) for key, one in distances.items()},
            "bars": _rounded(bars(columns[name], held[name], made[name])),
        }
        for name in shown
    ]
    found["marginals"] = {k: float(np.mean(list(one.values()))) for k, one in distances.items()}
    update(2)
    found["associations"] = _associations(maker, others, held)
    update(3)
    found["privacy"] = _privacy(maker, made, held, raws["train"], seed)
    update(4)
    if find_spec("lightgbm") is None:
        found["notes"] = ["without plait[table] it is not measured what trees make of made rows"]
    else:
        some = {
            name: {"made": made, "independent": apart}[name] for name in ("made", "independent")
        }
        found["told_apart"] = {
            k: told_apart(columns, held, one, seed=seed) for k, one in some.items()
        }
        found["learned_from"] = learned_from(
            columns, others, held, seed=seed, deadline=work.timetable.until(1.0)
        )
    update(5)
    found["warnings"] = _warnings(found["privacy"])
    if maker.drawer.name == INDEPENDENT and len(columns) > 1:
        text = "columns are drawn each by itself: nothing was learned of how they go together"
        found["warnings"].append(caution("independent", "", text))
    return found


def _associations(maker: RowMaker, others: Mapping[str, Raws], held: Raws) -> dict[str, Any]:
    """Return the matrices of what is held out and made, and how far each is from the first."""
    truth = associations(maker.columns, held, held)
    inside = np.tril_indices(len(truth), -1)
    every = {name: associations(maker.columns, one, held) for name, one in others.items()}
    away = {
        name: float(np.abs(one - truth)[inside].mean()) if len(truth) > 1 else 0.0
        for name, one in every.items()
    }
    cut = slice(MOST_COLUMNS)
    return {
        "columns": list(maker.columns)[cut],
        "held": np.round(truth[cut, cut], 3).tolist(),
        "made": np.round(every["made"][cut, cut], 3).tolist(),
        "gap": away,
    }


def _privacy(maker: RowMaker, made: Raws, held: Raws, learned: Raws, seed: int) -> dict[str, Any]:
    def some(rows: Raws, most: int) -> dict[str, list[Any]]:
        num = len(next(iter(rows.values())))
        chosen = np.random.default_rng([seed, 11]).permutation(num)[:most]
        return {name: [one[row] for row in chosen] for name, one in rows.items()}

    among = some(learned, MOST_LEARNED)
    size = len(next(iter(among.values()))) * len(maker.columns)
    most = max(min(MOST_COMPARED, MOST_CELLS // size), 1)
    mine, theirs = (nearest(maker.columns, some(rows, most), among) for rows in (made, held))
    return {
        **{name: round(value, 5) for name, value in privacy(mine, theirs).items()},
        "rows": len(mine),
        "rows_held": len(theirs),
        "among": len(next(iter(among.values()))),
    }


def _warnings(found: Mapping[str, float]) -> list[Caution]:
    """Return what is to be warned of: made rows that are copies more often than real ones are."""
    more = found["copies"] - found["copies_held"]
    if more <= OFTEN_COPIED:
        return []
    text = (
        f"{100 * found['copies']:.1f} % of made rows are copies of training rows, of real rows "
        f"that were held out {100 * found['copies_held']:.1f} %: they give away whom they are of"
    )
    return [caution("privacy", "", text)]


def _rounded(drawn: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"label": one["label"], "real": round(one["real"], 4), "made": round(one["made"], 4)}
        for one in drawn
    ]
