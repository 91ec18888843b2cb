"""Inspection: what is missing, unreadable, doubled, constant or leaking."""

import json

import numpy as np
import pytest

from plait import read
from plait.data import inspect_table
from plait.data.cautions import of_conflicts
from plait.data.leaks import predictive_power
from plait.errors import CellError, ColumnError
from plait.recipes.inspect import inspect

RNG = np.random.default_rng(0)
N = 200
KIND = RNG.choice(["boot", "hat"], N, p=[0.7, 0.3]).tolist()
NOISE = RNG.normal(size=N)


def fact(found, name):
    return next(column for column in found.columns if column["name"] == name)


@pytest.fixture
def table(tmp_path, picture):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG broken")
    names = [picture(f"{i}.png", i) for i in range(20)] * 10
    names[5], names[6], names[7] = "broken.png", "absent.png", None
    return read(
        {
            "image": names,
            "size": NOISE.tolist(),
            "copy": NOISE.tolist(),
            "code": [f"{kind}-{i % 3}" for i, kind in enumerate(KIND)],
            "same": ["x"] * N,
            "kind": KIND,
        },
        root=tmp_path,
        columns="image=image",
    )


def test_columns_are_described(table):
    found = inspect_table(table, target="kind")
    image = fact(found, "image")
    assert image["modality"] == "image" and image["share_missing"] == 0.005
    assert (image["num_decoded"], image["num_unreadable"]) == (199, 2)
    assert image["first_error"]["row"] == 5 and "cannot be decoded" in image["first_error"]["error"]
    assert image["sizes"]["axis 0"] == [12.0, 12.0]
    assert fact(found, "size")["sizes"]["value"] == [NOISE.min(), NOISE.max()]
    assert fact(found, "same")["role"] == "ignore"
    assert found.class_counts == {"boot": KIND.count("boot"), "hat": KIND.count("hat")}
    assert found.identical_columns == [["size", "copy"]]
    json.dumps(found.to_dict())


def test_warnings_say_it_in_words(table):
    said = "\n".join(inspect_table(table, target="kind").warnings)
    for part in (
        "'image': 2 of 199 cells cannot be read",
        "'same' is ignored: every row",
        "'code' tells the target by itself",
        "'size' and 'copy' are identical",
        "near-duplicates in 'image'",
    ):
        assert part in said


def test_duplicates_are_counted(tmp_path, picture):
    names = [picture("a.png", 1), picture("b.png", 2), picture("c.png", 1)]
    table = read(
        {"image": names, "kind": ["x", "y", "z"]},
        root=tmp_path,
        columns="image=image,kind=category",
    )
    found = inspect_table(table, target="kind")
    assert found.duplicates == [
        {"column": "image", "num_groups": 1, "num_rows": 2, "rows": [0, 2], "num_conflicting": 1}
    ]


def test_near_duplicates_differ_by_known_targets_and_are_counted_alike_everywhere(
    tmp_path, picture
):
    names = [picture(f"{n}.png", n // 2) for n in range(6)]
    told = {"image": names, "kind": ["x", "y", "x", "x ", "z", None]}
    table = read(told, root=tmp_path, columns="image=image,kind=category")
    found = inspect_table(table, target="kind")
    assert found.duplicates[0]["num_groups"] == 3
    assert found.duplicates[0]["num_conflicting"] == 1, "blanks and gaps are no other label"
    texts = [one["text"] for one in found.cautions if one["kind"] == "conflict"]
    assert texts == ["1 group of near-duplicates in 'image' has different 'kind': check the labels"]


def test_doubles_that_mostly_differ_in_the_target_do_not_question_its_labels():
    told = of_conflicts({"note": 31, "photo": 4, "few": 2}, "kind",
                        among={"note": 40, "photo": 40, "few": 2})  # fmt: skip
    assert [one["text"].endswith("check the labels") for one in told] == [False, True, True]
    assert "most of its 40 groups: what is alike there says little" in told[0]["text"]


def test_a_count_cut_short_says_so():
    told = of_conflicts({"photo": 3, "scan": 1}, "kind", partial={"photo"})
    assert "of those pairs that there was time to compare" in told[0]["text"]
    assert "time" not in told[1]["text"]


def test_unreadable_cells_can_stop_it(table):
    with pytest.raises(CellError) as caught:
        inspect_table(table.told(on_error="raise"))
    assert (caught.value.column, caught.value.row) == ("image", 5)


def test_columns_to_split_by_give_nothing_away_and_times_are_read():
    days = [f"2024-03-{1 + i // 20:02}" for i in range(N)]
    kind = ["boot" if day < "2024-03-06" else "hat" for day in days]
    rows = read({"day": days, "size": NOISE.tolist(), "kind": kind})
    assert [leak["column"] for leak in inspect(rows, target="kind")["leaks"]] != []
    found = inspect(rows, target="kind", time="day")
    assert "day" not in [leak["column"] for leak in found["leaks"]]
    assert [one["role"] for one in found["columns"]] == ["time", "value", "value"]
    assert not [one for one in found["cautions"] if one["kind"] == "time"]

    days[7] = "soon"
    found = inspect(read({"day": days, "kind": kind}), time="day")
    (said,) = [one["text"] for one in found["cautions"] if one["kind"] == "time"]
    assert said == "column 'day' cannot split by time: a time cannot be read in row 7"
    assert said in found["warnings"]


def test_a_missing_target_is_refused(table):
    with pytest.raises(ColumnError, match="no column 'colour'"):
        inspect_table(table, target="colour")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (["x"] * 10, "single class"),
        (["x", "y"] * 4 + [None, "z"], "rows have no target"),
        (["x"] * 9 + ["rare"], "fewer than 5 rows, such as 'rare'"),
    ],
)
def test_poor_targets_are_told(target, said):
    table = read({"size": NOISE[:10].tolist(), "kind": target}, columns="kind=category")
    assert said in "\n".join(inspect_table(table, target="kind").warnings)


def test_the_largest_rows_are_named_by_their_own_numbers(monkeypatch):
    import plait.data.checks as checks

    monkeypatch.setattr(checks, "MAX_SCANNED", 4000)
    cells = ["1"] * 20_000
    cells[19_999] = "bad"
    found = inspect_table(read({"size": cells}, columns="size=number"))
    assert found.num_scanned <= 4000 and fact(found, "size")["first_error"]["row"] == 19_999


@pytest.mark.parametrize(
    ("cells", "target", "low", "high"),
    [
        (KIND, KIND, 1, 1),
        ([ord(kind[0]) * 1000 + i for i, kind in enumerate(KIND)], KIND, 0.9, 1),
        (NOISE.tolist(), KIND, 0, 0.2),
        (list(range(N)), KIND, 0, 0.5),
        ([f"{i} a fine {kind} of {i}" for i, kind in enumerate(KIND)], KIND, 1, 1),
        ([f"{i} a fine thing" for i in range(N)], KIND, 0, 0),
        ((3 * NOISE + 1).tolist(), NOISE.tolist(), 0.97, 1),
        (RNG.normal(size=N).tolist(), NOISE.tolist(), 0, 0.2),
        ([None] * N, KIND, 0, 0),
        (KIND[:5], KIND[:5], 0, 0),
    ],
)
def test_predictive_power(cells, target, low, high):
    assert low <= predictive_power(cells, target) <= high
