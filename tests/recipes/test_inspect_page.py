"""The page of an inspected table: what is drawn is what is in the table."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ExifTags, Image

import plait
from plait.data.checks import inspect_table
from plait.modalities import find_codec
from plait.recipes.inspect import inspect
from plait.recipes.inspect_page import picture
from plait.report.inspection import counts_drawn


def table(num=60):
    rng = np.random.default_rng(0)
    codec = find_codec("image")()
    rows = [
        {
            "photo": codec.example(rng),
            "size": float(rng.normal(10, 3)),
            "note": f"a note of {'many ' * int(rng.integers(1, 9))}words, number {i}",
            "kind": ("boot", "hat", "sandal")[i % 3],
            "tags": ("red;blue", "red", "green;red")[i % 3],
            "wave": list(map(float, rng.normal(size=int(rng.integers(5, 9))))),
        }
        for i in range(num)
    ]
    for row in rows[30:45]:
        row["size"] = None
    rows[7]["photo"] = b"no picture"
    rows[9]["photo"] = rows[9]["photo"][:40]
    rows[50] = dict(rows[2])
    columns = {"photo": "image", "size": "number", "note": "text", "kind": "category",
               "tags": "categories", "wave": "series"}  # fmt: skip
    return plait.read(rows, columns=columns)


@pytest.fixture(scope="module")
def pictured():
    rows = table()
    return picture(rows, inspect_table(rows, target="kind").to_dict())


def test_numbers_and_sizes_become_histograms_of_all_readable_rows(pictured):
    values = pictured["values"]
    assert {name: values[name]["of"] for name in ("size", "note", "photo", "wave")} == {
        "size": "value", "note": "characters", "photo": "longer side, pixels", "wave": "steps",
    }  # fmt: skip
    assert sum(values["size"]["counts"]) == 45 and sum(values["note"]["counts"]) == 60
    assert sum(values["photo"]["counts"]) == 58
    assert sum(values["wave"]["counts"]) == 60 and len(values["wave"]["counts"]) <= 4
    assert all(len(values[n]["edges"]) == len(values[n]["counts"]) + 1 for n in ("size", "wave"))


def test_labels_become_counts(pictured):
    counts = dict(pictured["values"]["kind"]["items"])
    assert sum(counts.values()) == 60 and set(counts) == {"boot", "hat", "sandal"}
    assert dict(pictured["values"]["tags"]["items"])["red"] == 60
    assert pictured["values"]["kind"]["others"] == 0


def test_labels_that_begin_alike_are_shown_whole():
    alike = [("Everyday quality. Blue", 3), ("Everyday quality. Red", 2)]
    assert 'class="counts long"' in counts_drawn(alike)
    assert 'class="counts"' in counts_drawn([("mug", 3), ("a lamp of any colour", 2)])
    assert 'class="counts wide"' in counts_drawn(alike, wide=True)
    longer = [(f"{'x' * 30}{i}", i) for i in (2, 1)]
    assert 'class="counts wide long"' in counts_drawn(longer, wide=True)


def test_gaps_are_mapped_where_they_are(pictured):
    missing = pictured["missing"]
    assert [one["name"] for one in missing["columns"]] == ["size"] and missing["whole"] == 5
    (size,) = missing["columns"]
    assert size["share"] == 0.25 and size["blocks"] == [0.0] * 30 + [1.0] * 15 + [0.0] * 15


def test_broken_cells_are_named_by_row_and_reason(pictured):
    broken = pictured["unreadable"]["photo"]
    assert [one["row"] for one in broken] == [7, 9]
    assert all("decoded" in one["error"] for one in broken)


def test_doubles_stand_side_by_side(pictured):
    whole = next(one for one in pictured["twins"] if one["column"] == "*")
    assert [side["row"] for side in whole["rows"]] == [2, 50]
    first, second = (side["cells"] for side in whole["rows"])
    assert first == second and set(first) >= {"photo", "note", "kind"}


def test_the_whole_page_is_written_with_the_target_marked(tmp_path):
    out = tmp_path / "new" / "page.html"
    inspect(table(), target="kind", page=out)
    page = out.read_text(encoding="utf8")
    assert page.count('<article class="is-target">') == 1 and "7" in page
    assert page.index("is-target") < page.index("<h3>photo")
    assert len(page) < 1_000_000


def test_wide_tables_are_drawn_in_part():
    rows = plait.read([{f"c{i}": float(i * j % 7) for i in range(90)} for j in range(30)])
    found = inspect_table(rows).to_dict()
    drawn = picture(rows, found)
    assert len(drawn["values"]) <= 60 and len(found["columns"]) == 90


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A table as shops write them: codes, prices with a unit and a word for nothing, days."""
    folder = tmp_path_factory.mktemp("shop")
    lines = ["code;price;day"]
    for i in range(100):
        price = "k.A." if i % 10 == 0 else "" if i % 10 == 5 else f"{i + 1},5{i % 7} kg"
        lines.append(f"A-{i:05d};{price};{1 + i % 28}.{1 + i % 12}.2024")
    (folder / "shop.csv").write_text("\n".join(lines) + "\n")
    found = inspect(folder / "shop.csv", page=folder / "page.html")
    return {one["name"]: one for one in found["columns"]}, (folder / "page.html").read_text()


def test_dates_and_units_are_written_as_people_read_them(shop):
    _, page = shop
    assert "e+09" not in page
    assert "2024-01-01 to 2024-12-28" in page
    assert "value, kg" in page


def test_what_is_missing_is_one_number_throughout_the_page(shop):
    columns, page = shop
    assert columns["price"]["share_missing"] == 0.2
    assert 'aria-label="20.0\u00a0% missing"' in page


def test_a_column_of_codes_is_said_to_be_an_identifier(shop):
    columns, _ = shop
    assert columns["code"]["role"] == "ignore"
    assert "an identifier?" in columns["code"]["why"]


def test_a_large_picture_is_said_as_large_as_its_file_and_upright(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (3000, 2000)).save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGB", (30, 20)).save(tmp_path / "b.png")
    rows = plait.read({"photo": ["a.jpg", "b.png"]}, root=tmp_path, columns="photo=image")
    found = inspect_table(rows).to_dict()
    assert found["columns"][0]["sizes"] == {"axis 0": [20, 3000], "axis 1": [30, 2000]}
    assert picture(rows, found)["values"]["photo"]["edges"][-1] == 3000


def test_rows_are_said_to_count_from_zero(tmp_path):
    inspect(table(), target="kind", page=tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for title in ("what-is-missing", "cells-that-cannot-be-read", "near-duplicates"):
        part = page.partition(f'<section id="{title}"')[2].partition("</section>")[0]
        assert "Rows count from 0" in part, title
