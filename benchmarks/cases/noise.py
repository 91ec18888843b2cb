"""Claims on pure noise: what a fit says of itself where nothing can be learned."""

from __future__ import annotations

import sys
import time

import numpy as np
import pyarrow as pa

from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "8s"
DRAWS = {"few rows": 60, "wide": 40, "groups": 100, "duplicates planted": 40}
"""Tables drawn of each kind: the more, the fewer test rows each of them has."""

CLAIMS = ("test rows", "no test rows")
"""What the claim is from: rows set aside, or, where there are none, those of the choice."""


def run(settings: Settings) -> list[Row]:
    """Fit tables of noise, many draws each, and average what fits claim beyond chance.

    The claim is the mean recall of the two classes, which is a half by chance, however often a
    model says which of them. Accuracy is not: where a split leaves more of one class to learn from,
    fewer are left to judge by, and a model that says the commoner one is wrong more than every
    second time.
    """
    if not settings.with_plait:
        return []
    return [row for kind in DRAWS for row in _measure(kind, settings)]


def _measure(kind: str, settings: Settings) -> list[Row]:
    began = time.monotonic()
    num_draws = 2 if settings.quick else DRAWS[kind]
    seeds = [settings.seed * 1000 + draw for draw in range(num_draws)]
    claims = [[_claim(kind, seed, settings, name) for name in CLAIMS] for seed in seeds]
    claims = [one for one in claims if np.isfinite(one).all()]
    num_draws = len(claims)
    seconds = (time.monotonic() - began) / num_draws / len(CLAIMS)
    found = [
        Row(
            benchmark="noise", case=kind, metric=f"claimed mean recall less a half, {name}",
            value=_mean([one[place] for one in claims]),
            target="+- 0.02", seed=settings.seed, seconds=seconds,
            note=f"{num_draws} draws, standard error {_error([one[place] for one in claims]):.3f}",
        )
        for place, name in enumerate(CLAIMS)
    ]  # fmt: skip
    for row in found:
        print(f"{row.case}, {row.metric}: {row.value:+.4f} ({row.note})", file=sys.stderr)
    return found


def _claim(kind: str, seed: int, settings: Settings, name: str) -> tuple[float, int]:
    """Return what one fit claims beyond chance, and on how many rows."""
    import plait

    rng = np.random.default_rng([seed, len(kind)])
    table, columns = noise(kind, rng)
    group = "person" if kind == "groups" else None
    if name == "no test rows":
        table = table.append_column("part", pa.array(_parts(table, group, rng)))
    model = plait.fit(
        plait.read(table, columns=columns), target="label", seed=seed, samples=False, group=group,
        budget=settings.budget_or(BUDGET), encoders="none",
        split="part" if "part" in table.column_names else None,
    )  # fmt: skip
    told = model.records["metrics"]["test"]
    found = np.array(told["confusion"], float)
    rows = found.sum(axis=1)
    if not rows.all():  # all rows that are judged by are of one class: chance is not a half
        return float("nan"), int(found.sum())
    return float((np.diag(found) / rows).mean()) - 0.5, int(found.sum())


def _parts(table: pa.Table, group: str | None, rng: np.random.Generator) -> list[str]:
    """Return which rows train and which validate: a quarter, whole groups where there are some."""
    unit = table[group].to_pylist() if group else list(range(table.num_rows))
    units = sorted(set(unit))
    held = {units[place] for place in rng.permutation(len(units))[: len(units) // 4]}
    return ["validation" if one in held else "train" for one in unit]


def _mean(claims: list[tuple[float, int]]) -> float:
    """Return the mean claim, every row counting the same."""
    values, rows = np.transpose(claims)
    return float(np.average(values, weights=rows))


def _error(claims: list[tuple[float, int]]) -> float:
    """Return the standard error of the mean claim, from how the draws differ."""
    values, rows = np.transpose(claims)
    mean = _mean(claims)
    spread = float((rows**2 * (values - mean) ** 2).sum()) * len(rows) / max(len(rows) - 1, 1)
    return spread**0.5 / float(rows.sum())


def noise(kind: str, rng: np.random.Generator) -> tuple[pa.Table, dict[str, str]]:
    """Return a table of noise with two classes by lot, and what its columns are.

    Both classes are as frequent, in groups too: splits keep shares of classes, so that always
    guessing the commoner of two by chance would be right more than every second time.

    ``few rows``: 60 rows of three numbers, a category and words. ``wide``: 80 rows of 12,000
    numbers. ``groups``: 40 people of ten rows, whose inputs and label are the person's.
    ``duplicates planted``: 400 rows, every text four times with small changes, under one label.
    """
    if kind == "wide":
        rows = rng.normal(size=(80, 12_000)).astype(np.float32)
        columns = {"values": [row.tolist() for row in rows], "label": _labels(rng, 80)}
        return pa.table(columns), {"values": "vector"}
    if kind == "groups":
        person = np.repeat(np.arange(40), 10)
        own = rng.normal(size=(40, 3))[person] + 0.1 * rng.normal(size=(400, 3))
        numbers = {f"n{i}": own[:, i] for i in range(3)}
        label = np.array(_labels(rng, 40))[person]
        return pa.table({"person": [f"p{i}" for i in person], **numbers, "label": label}), {}
    if kind == "duplicates planted":
        unit = np.repeat(np.arange(100), 4)
        texts = [_words(rng, 14) for _ in range(100)]
        label = np.array(_labels(rng, 100))[unit]
        order = rng.permutation(400)
        cells = [_changed(texts[i], rng) for i in unit]
        return pa.table({"note": [cells[i] for i in order], "label": label[order]}), {
            "note": "text"
        }
    numbers = {f"n{i}": rng.normal(size=60) for i in range(3)}
    kinds = np.array(["a", "b", "c", "d"])[rng.integers(0, 4, 60)]
    notes = [_words(rng, 6) for _ in range(60)]
    table = pa.table({**numbers, "kind": kinds, "note": notes, "label": _labels(rng, 60)})
    return table, {"note": "text"}


def _labels(rng: np.random.Generator, num: int) -> list[str]:
    return [str(label) for label in np.array(["yes", "no"])[rng.permutation(num) % 2]]


def _words(rng: np.random.Generator, num: int) -> str:
    letters = np.array(list("abcdefghijklmnoprstuvwz"))
    return " ".join("".join(rng.choice(letters, rng.integers(3, 9))) for _ in range(num))


def _changed(text: str, rng: np.random.Generator) -> str:
    """Return the text in other case and punctuation, or with two letters swapped."""
    change = int(rng.integers(0, 3))
    if change == 0:
        return text.upper()
    if change == 1:
        return text.replace(" ", ", ", 2) + "."
    place = int(rng.integers(1, len(text) - 2))
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
