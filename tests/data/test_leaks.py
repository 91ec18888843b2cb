"""Leaks: what tells the target alone, by being missing, by its order, or two columns together."""

import numpy as np
import pytest

from plait import read
from plait.data.leaks import find_leaks, predictive_power
from plait.data.suspects import suspects, twins

N = 400
RNG = np.random.default_rng(0)
ILL = RNG.random(N) < 0.4
KIND = np.where(ILL, "ill", "well").tolist()
NUMBER = RNG.gamma(2.0, 10.0, N)
NOISE = RNG.normal(size=N)
COIN = RNG.random(N) < 0.5


def leaks(columns, target, opaque=()):
    found = find_leaks(columns, target, opaque=frozenset(opaque))
    return {(leak.how, *leak.columns) for leak in found}


def flipped(share):
    wrong = np.random.default_rng(1).random(N) < share
    return np.where(ILL ^ wrong, "yes", "no").tolist()


@pytest.mark.parametrize(
    ("cells", "target"),
    [
        (KIND, KIND),
        (flipped(0.015), KIND),
        ((ILL * 2 + RNG.uniform(0, 1.9, N)).tolist(), KIND),
        ([f"P-{int(i) + 500 * ill:06d}" for i, ill in enumerate(ILL)], KIND),
        ([f"{'QK'[int(ill)]}{i % 90 + 10}" for i, ill in enumerate(ILL)], KIND),
        ([f"{i} seen; the patient is {kind}." for i, kind in enumerate(KIND)], KIND),
        ([f"note {i}: {'c34' if ill else 'z00'} on {i % 7}" for i, ill in enumerate(ILL)], KIND),
        ((NUMBER * 1.8 + 32).tolist(), NUMBER.tolist()),
        ((NUMBER + 0.1 * NUMBER.std() * NOISE).tolist(), NUMBER.tolist()),
        ([f"{i}: no" if ill else f"{i}: ok" for i, ill in enumerate(ILL)],
         ["no" if ill else "ok" for ill in ILL]),
    ],
    ids=["copy", "copy with errors", "threshold", "sorted identifier", "letter of a code",
         "text names the class", "code in a text", "other unit", "number with noise",
         "short labels"],
)  # fmt: skip
def test_what_tells_the_target_is_found(cells, target):
    assert leaks({"x": cells, "y": NOISE.tolist()}, target) == {("alone", "x")}


@pytest.mark.parametrize(
    ("cells", "target"),
    [
        (flipped(0.2), KIND),
        ((ILL + NOISE).tolist(), KIND),
        (RNG.normal(size=N).tolist(), KIND),
        ([f"P-{i:06d}" for i in RNG.permutation(N)], KIND),
        ([f"{'QK'[int(one)]}{i % 90 + 10}" for i, one in enumerate(COIN)], KIND),
        ([f"the {w} note {i}" for i, w in enumerate(RNG.choice(["red", "big", "old"], N))], KIND),
        ((NUMBER + NUMBER.std() * RNG.normal(size=N)).tolist(), NUMBER.tolist()),
        (RNG.permutation(NUMBER).tolist(), NUMBER.tolist()),
        ([None] * N, KIND),
    ],
)
def test_honest_columns_are_not(cells, target):
    assert leaks({"x": cells}, target) == set()


def test_a_column_that_is_there_only_for_one_class():
    result = [f"value {RNG.integers(999)}" if ill else None for ill in ILL]
    assert leaks({"result": result}, KIND) in ({("alone", "result")}, {("absence", "result")})
    photo = [f"{i}.png" if ill else None for i, ill in enumerate(ILL)]
    assert leaks({"photo": photo}, KIND, opaque=["photo"]) == {("absence", "photo")}


def test_paths_of_media_are_not_looked_into():
    photo = [f"{kind}/{i}.png" for i, kind in enumerate(KIND)]
    assert leaks({"photo": photo}, KIND, opaque=["photo"]) == set()


def test_two_columns_that_tell_it_together():
    parts = {"one": COIN.tolist(), "other": (COIN ^ ILL).tolist(), "noise": NOISE.tolist()}
    assert leaks(parts, KIND) == {("together", "one", "other")}
    weight, height = RNG.uniform(50, 90, N), RNG.uniform(1.5, 2.0, N)
    sizes = {"weight": weight.tolist(), "height": height.tolist(), "noise": NOISE.tolist()}
    assert leaks(sizes, (weight / height).tolist()) == {("together", "weight", "height")}
    assert leaks({"a": weight.tolist(), "b": NOISE.tolist()}, (weight - 5 * NOISE).tolist()) == {
        ("together", "a", "b")
    }


def test_rows_in_the_order_of_the_target():
    assert leaks({"x": NOISE.tolist()}, sorted(KIND)) == {("order",)}
    assert leaks({"x": NOISE.tolist()}, ["ill", "well"] * (N // 2)) <= {("order",)}
    assert leaks({"x": NOISE.tolist()}, KIND) == set()


def test_reasons_say_what_to_check():
    found = find_leaks({"x": KIND}, KIND, opaque=frozenset())[0]
    assert "check that it is known when the model is used" in found.reason
    assert "100.0%" in found.reason


def test_power_is_none_where_rows_are_few():
    assert predictive_power(KIND[:10], KIND[:10]) == 0.0


def test_large_tables_are_sampled_and_media_stay_closed(monkeypatch, tmp_path):
    num = 20_000
    ill = np.random.default_rng(3).random(num) < 0.5
    table = read(
        {
            "photo": [f"{'ill' if one else 'well'}-{i}.png" for i, one in enumerate(ill)],
            "copy": np.where(ill, 1, 0).tolist(),
            "kind": np.where(ill, "ill", "well").tolist(),
        },
        root=tmp_path,
        columns="photo=image,kind=category,copy=category",
    )
    seen = []
    real = type(table).column
    monkeypatch.setattr(
        type(table), "column", lambda self, name, rows=None: seen.append(len(rows))
        or real(self, name, rows),
    )  # fmt: skip
    found = suspects(table, ["photo", "copy"], "kind")
    assert [leak.columns for leak in found] == [("copy",)] and max(seen) <= 8000


def test_twins_are_equal_in_every_row():
    one = list(range(9000))
    other = one.copy()
    other[8998] = -1
    table = read({"a": one, "b": one, "c": other, "d": [None] * 9000})
    assert twins(table, ["a", "b", "c", "d"]) == [("a", "b")]
