"""Search: a row finds itself, the index is kept and follows the table, and wrong calls are told."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import plait
from plait.errors import BundleError, CellError, ColumnError, TargetError, UsageError
from plait.model.model import Model
from plait.model.query import query_vector
from plait.model.space_check import SpaceCheck
from plait.networks.config import SystemConfig
from plait.recipes.predict import predict
from plait.recipes.search import search
from plait.recipes.search_page import score_parts, write_search_page

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
KINDS = ("boot", "hat", "coat", "sock", "belt", "tie", "cap", "vest")
COLUMNS = {"size": "number", "kind": "category", "note": "text", "title": "text"}


def rows(num=40, first=0):
    return [
        {
            "item_id": f"item-{i}",
            "size": round(i % 8 + 0.01 * i, 3),
            "kind": KINDS[i % 8],
            "note": None if i % 5 == 4 else f"{KINDS[i % 8]} of lot {i}",
            "title": f"<b>{KINDS[i % 8]}</b> & more",
            "price": float(i),
        }
        for i in range(first, first + num)
    ]


def table_of(cells):
    return plait.read(cells, columns=COLUMNS)


def fit(budget="30 steps", **settings):
    return plait.fit(
        table_of(rows()), exclude=["price"], budget=budget, size=TINY, fusion="mid",
        samples=False, **settings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("search") / "base.plait"
    return fit(out=path), path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def embedded(monkeypatch):
    """How many rows each call of `Model.embed` was given."""
    counts: list[int] = []
    real = Model.embed

    def embed(self, given, **settings):
        vectors = real(self, given, **settings)
        counts.append(len(vectors))
        return vectors

    monkeypatch.setattr(Model, "embed", embed)
    return counts


def inputs(row):
    return {name: row[name] for name in COLUMNS if row[name] is not None}


def test_a_row_finds_itself(fitted):
    for number in (0, 7, 14):
        found = search(fitted[1], table_of(rows()), query=inputs(rows()[number]), top=3)
        best = found["hits"][0]
        assert (best["rank"], best["id"], best["row"]) == (1, f"item-{number}", number)
        assert best["score"] == pytest.approx(1.0, abs=5e-3)
        assert best["cells"]["price"] == number
        scores = [hit["score"] for hit in found["hits"]]
        assert scores == sorted(scores, reverse=True) and len(scores) == 3
        json.dumps(found)


def test_the_verb_and_the_model_take_parts_of_the_query_by_name(fitted):
    model, table = fitted[0], table_of(rows())
    expected = search(model, table, query={"text": "boot", "size": 3.0}, weights={"text": 2}, top=4)
    for found in (
        plait.search(fitted[1], table, text="boot", size=3.0, weights={"text": 2}, top=4),
        model.search(table, text="boot", size=3.0, weights={"text": 2}, top=4),
        model.search(table, query={"text": "boot"}, size=3.0, weights={"text": 2}, top=4),
        model.search(None, text="boot", size=3.0, weights={"text": 2}, index=expected["index"]),
    ):
        assert found["query"] == {"text": "boot", "size": 3.0}
        names = [hit["id"].partition("|")[0] for hit in found["hits"]]
        assert names[:4] == [hit["id"] for hit in expected["hits"]]
    few = model.search(rows(3), title="boot", where="price < 2", top=9)
    assert {hit["cells"]["price"] for hit in few["hits"]} == {0.0, 1.0} and few["rows"] == 3
    with pytest.raises(UsageError, match="no column or modality 'tops'"):
        model.search(table, text="boot", tops=3)
    with pytest.raises(UsageError, match="nothing was asked for"):
        plait.search(fitted[1], table)


def test_scores_are_cosines_to_the_rows(fitted):
    model, table = fitted[0], table_of(rows())
    found = search(model, table, query={"kind": "hat"}, top=40)
    vectors = model.embed(table)
    query = query_vector(model, {"kind": "hat"})
    assert np.linalg.norm(query) == pytest.approx(1.0, abs=1e-5)
    assert found["rows"] == 40 == len(found["hits"])
    for hit in found["hits"]:
        assert hit["score"] == pytest.approx(float(vectors[hit["row"]] @ query), abs=0.01)


def test_a_modality_asks_every_column_of_it_and_weights_count(fitted):
    model = fitted[0]
    both = query_vector(model, {"text": "boot"})
    apart = [query_vector(model, {name: "boot"}) for name in ("note", "title")]
    assert np.allclose(both, sum(apart) / np.linalg.norm(sum(apart)), atol=1e-5)
    parts = query_vector(model, {"text": "boot"}), query_vector(model, {"kind": "hat"})
    mean = np.linalg.norm(sum(apart)) / 2
    for weight in (1.0, 3.0):
        found = query_vector(model, {"text": "boot", "kind": "hat"}, {"kind": weight})
        expected = mean * parts[0] + weight * parts[1]
        assert np.allclose(found, expected / np.linalg.norm(expected), atol=1e-5)
    alone = query_vector(model, {"text": "boot", "kind": "hat"}, {"text": 0.0})
    assert np.allclose(alone, parts[1], atol=1e-5)


def test_the_second_search_embeds_the_query_only(fitted, embedded):
    table = table_of(rows())
    first = search(fitted[1], table, query={"kind": "hat"})
    assert embedded == [1, 40]
    second = search(fitted[1], table_of(rows()), query={"kind": "hat"})
    assert embedded == [1, 40, 1] and first == second
    search(fitted[1], table, query={"kind": "hat"}, rebuild=True)
    assert embedded[-1] == 40


def test_a_kept_index_is_enough(fitted, tmp_path):
    index = tmp_path / "index"
    whole = search(fitted[1], table_of(rows()), query={"kind": "tie"}, index=index)
    alone = search(fitted[1], query={"kind": "tie"}, index=index)
    assert [hit["id"] for hit in alone["hits"]] == [hit["id"] for hit in whole["hits"]]
    assert all("row" not in hit and "cells" not in hit for hit in alone["hits"])
    assert alone["index"] == str(index) and alone["rows"] == 40


def test_the_index_follows_the_table(fitted, tmp_path, embedded):
    index = tmp_path / "index"
    search(fitted[1], table_of(rows(30)), query={"kind": "hat"}, index=index)
    changed = rows(32)[10:]  # ten are gone, two are new
    found = search(fitted[1], table_of(changed), query=inputs(rows(32)[31]), index=index)
    assert embedded == [1, 30, 1, 2]
    assert found["rows"] == 22 and found["hits"][0]["id"] == "item-31"
    assert found["hits"][0]["row"] == 21
    every = search(fitted[1], query={"kind": "hat"}, index=index, top=99)["hits"]
    assert {hit["id"] for hit in every} == {row["item_id"] for row in changed}
    fresh = search(fitted[1], table_of(changed), query={"kind": "hat"}, top=99)["hits"]
    assert {h["id"]: round(h["score"], 2) for h in every} == pytest.approx(
        {h["id"]: round(h["score"], 2) for h in fresh}, abs=0.011
    )


def test_another_table_is_embedded_anew(fitted, tmp_path, embedded):
    index = tmp_path / "index"
    search(fitted[1], table_of(rows(20)), query={"kind": "hat"}, index=index)
    found = search(fitted[1], table_of(rows(20, first=100)), query={"kind": "hat"}, index=index)
    assert embedded == [1, 20, 1, 20] and found["rows"] == 20


def test_changed_rows_are_embedded_anew(fitted, tmp_path):
    index = tmp_path / "index"
    search(fitted[1], table_of(rows(20)), query={"kind": "hat"}, index=index)
    changed = rows(20)
    changed[4] |= inputs(rows(40)[33])
    found = search(fitted[1], table_of(changed), query=inputs(rows(40)[33]), index=index, top=1)
    assert found["hits"][0]["id"] == "item-4" and found["hits"][0]["score"] > 0.98


def test_a_table_without_ids_is_not_answered_from_another_tables_index(fitted, tmp_path):
    index = tmp_path / "index"
    one, two = (
        table_of([{k: v for k, v in row.items() if k in COLUMNS} for row in cells])
        for cells in (rows(20), rows(20)[::-1])
    )
    search(fitted[1], one, query={"kind": "hat"}, index=index)
    found = search(fitted[1], two, query=inputs(rows(20)[3]), index=index, top=1)
    assert found["hits"][0]["cells"]["size"] == rows(20)[3]["size"]


def test_new_rows_may_have_gaps_where_the_old_had_none(fitted, tmp_path):
    index = tmp_path / "index"
    search(fitted[1], table_of(rows(20)), query={"kind": "hat"}, index=index)
    more = [*rows(20), {**rows(21)[20], "price": None, "kind": None}]
    found = search(fitted[1], table_of(more), query={"kind": "hat"}, index=index, top=99)
    assert found["rows"] == 21


def test_rows_with_nothing_to_embed_are_not_found(fitted, tmp_path):
    empty = {**dict.fromkeys(COLUMNS), "item_id": "nothing", "price": 1.0}
    for _ in range(2):
        found = search(
            fitted[1], table_of([*rows(10), empty]), query={"kind": "hat"}, top=99,
            index=tmp_path / "index",
        )  # fmt: skip
        assert found["rows"] == 10 and len(found["hits"]) == 10


def test_filters_keep_rows_by_any_plain_column(fitted):
    found = search(
        fitted[1], table_of(rows()), query={"kind": "hat"}, top=99,
        where='price < 20 and kind in ("boot", "tie") and note is not null',
    )  # fmt: skip
    expected = [r for r in rows() if r["price"] < 20 and r["kind"] in ("boot", "tie") and r["note"]]
    assert {hit["id"] for hit in found["hits"]} == {row["item_id"] for row in expected}
    assert len(search(fitted[1], table_of(rows()), query={"size": 1.0}, top=5)["hits"]) == 5


def test_numbers_in_csv_files_are_compared_as_numbers(fitted, tmp_path):
    lines = ["item_id,kind,price", *(f"{r['item_id']},{r['kind']},{r['price']}" for r in rows())]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    found = search(
        fitted[1], tmp_path / "t.csv", query={"kind": "hat"}, top=99, where="price < 9.5"
    )
    assert {hit["id"] for hit in found["hits"]} == {f"item-{i}" for i in range(10)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"query": {"colour": "red"}}, "no column or modality 'colour'"),
        ({"query": {"audio": "a.wav"}}, "no column or modality 'audio'"),
        ({"query": {}}, "nothing was asked for"),
        ({"query": {"note": ""}}, "the query holds nothing"),
        ({"query": {"note": "x"}, "weights": {"kind": 2.0}}, "belongs to no part of the query"),
        ({"query": {"note": "x"}, "weights": {"note": -1.0}}, "a weight does not fit"),
        ({"query": {"note": "x"}, "weights": {"note": 0.0}}, "the query holds nothing"),
        ({"query": {"note": "x"}, "where": "weight < 2"}, "weight"),
        ({"query": {"note": "x"}, "where": "price <"}, "cannot be read"),
        ({"query": {"note": "x"}, "top": 0}, "k is too small"),
    ],
)
def test_wrong_calls(fitted, settings, message):
    with pytest.raises(UsageError, match=message):
        search(fitted[1], table_of(rows(10)), **settings)


def test_nothing_to_search(fitted, tmp_path):
    with pytest.raises(UsageError, match="nothing to search"):
        search(fitted[1], query={"note": "x"})
    with pytest.raises(UsageError, match="no index at this place"):
        search(fitted[1], query={"note": "x"}, index=tmp_path / "none")
    with pytest.raises(ColumnError, match="none of the columns"):
        search(fitted[1], plait.read([{"other": 1.0}] * 3), query={"note": "x"})


def test_an_unknown_column_names_those_there_are(fitted):
    with pytest.raises(UsageError) as caught:
        search(fitted[1], table_of(rows(10)), query={"colour": "red"})
    assert caught.value.expected == "one of category, kind, note, number, size, text, title"


def test_words_that_no_column_reads_are_told_what_would(fitted):
    with pytest.raises(ColumnError, match="no column or modality 'audio'") as caught:
        search(fitted[1], table_of(rows(10)), query={"audio": "a.wav"})
    assert "--columns COLUMN=audio" in caught.value.hint


def test_what_is_asked_for_and_cannot_be_read_is_a_wrong_call(fitted):
    with pytest.raises(CellError, match="not a number") as caught:
        search(fitted[1], table_of(rows(10)), query={"size": "heavy"})
    assert caught.value.place() == "column 'size'" and caught.value.exit_code == 2
    assert caught.value.hint == "mend what is asked for"
    with pytest.raises(UsageError, match="the query holds nothing") as caught:
        search(fitted[1], table_of(rows(10)), query={"text": ""})
    assert caught.value.received == "text="


def test_a_label_that_was_never_learned_is_warned_of(fitted):
    found = search(fitted[1], table_of(rows(10)), query={"kind": "kilt"})
    [said] = [text for text in found["warnings"] if "'kilt'" in text]
    assert "no 'kilt' in column 'kind'" in said and "known are belt, coat" in said
    assert not search(fitted[1], table_of(rows(10)), query={"kind": "hat"})["warnings"]


def test_a_filter_that_no_row_passes_is_told(fitted):
    found = search(fitted[1], table_of(rows(10)), query={"kind": "hat"}, where="price > 999")
    assert found["hits"] == [] and "no row passes the filter: price > 999" in found["warnings"]


def test_a_loosely_tied_column_is_warned_of_where_it_asks(fitted, tmp_path):
    tie = {"rows": 40, "ahead": 0.5, "low": 0.45, "high": 0.55}
    check = SpaceCheck(rows=40, ahead=0.9, low=0.8, high=1.0, ties={"note": tie})
    model = plait.load(fitted[1])
    model.shared.check = check
    said = search(model, table_of(rows(10)), text="hat")["warnings"]
    assert len(said) == 1 and said[0].startswith("column 'note' is hardly tied to the others")
    assert not search(model, table_of(rows(10)), kind="hat")["warnings"]
    answered = predict(model, table_of(rows(10)), out=tmp_path / "out.csv", classes=["hat", "boot"])
    assert said[0] in answered["warnings"]


def test_an_index_of_another_model_is_refused(fitted, tmp_path):
    index = tmp_path / "index"
    search(fitted[1], table_of(rows(10)), query={"kind": "hat"}, index=index)
    other = fit("3 steps", seed=1)
    with pytest.raises(BundleError, match="another"):
        search(other, table_of(rows(10)), query={"kind": "hat"}, index=index)
    with pytest.raises(BundleError, match="another"):
        search(other, query={"kind": "hat"}, index=index)
    found = search(other, table_of(rows(10)), query={"kind": "hat"}, index=index, rebuild=True)
    assert found["rows"] == 10


def test_a_bundle_without_a_space_cannot_search(tmp_path):
    model = plait.fit(
        table_of(rows()), target="kind", budget="3 steps", size=TINY, baselines=False,
        fusion="early", samples=False,
    )  # fmt: skip
    with pytest.raises(TargetError, match="holds no shared space") as caught:
        search(model, table_of(rows(10)), query={"note": "x"})
    assert caught.value.exit_code == 2 and caught.value.received == "a model of 'kind'"
    with pytest.raises(TargetError, match="holds no shared space"):
        model.embed(rows(3))


def test_the_page_shows_the_hits_and_links_nowhere(fitted, tmp_path):
    query = {"text": "a <script> boot", "kind": "boot"}
    table = table_of(rows())
    found = search(fitted[1], table, query=query, top=4)
    out = write_search_page(fitted[1], table, found, query, tmp_path / "sub" / "hits.html")
    page = out.read_text(encoding="utf8")
    assert "a &lt;script&gt; boot" in page and "<script> boot" not in page
    assert "<b>boot</b>" not in page
    for hit in found["hits"]:
        assert f"cosine {hit['score']:.2f}" in page and f"price: {hit['cells']['price']}" in page
        assert f"{hit['rank']}. {hit['id']}" in page
    assert "the 4 nearest rows of 40" in page and "No filter." in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    with pytest.raises(UsageError, match="a page shows the table's rows"):
        write_search_page(fitted[1], None, found, query, out)


def test_the_page_says_the_filter_and_the_weights(fitted, tmp_path):
    query, weights, where = {"text": "boot", "kind": "boot"}, {"kind": 3.0}, "price < 1e9"
    table = table_of(rows())
    found = search(fitted[1], table, query=query, weights=weights, where=where, top=2)
    page = write_search_page(
        fitted[1], table, found, query, tmp_path / "x.html", weights=weights, where=where
    ).read_text(encoding="utf8")
    assert "price &lt; 1e9" in page and "weight 3" in page and "weight 1" in page
    assert page.count("class=best") == 2


@pytest.mark.parametrize("weights", [None, {"kind": 3.0}])
def test_parts_of_the_score_add_up_to_it(fitted, weights):
    query, table = {"text": "boot", "kind": "boot"}, table_of(rows())
    found = search(fitted[1], table, query=query, weights=weights, top=6)
    parts = score_parts(fitted[0], table, found["hits"], query, weights)
    for hit, part in zip(found["hits"], parts, strict=True):
        assert set(part) <= set(fitted[0].inputs) and part
        assert sum(part.values()) == pytest.approx(hit["score"], abs=0.02)  # codes are int8
    assert score_parts(fitted[0], table, [], query) == []


def test_the_page_shows_pictures_and_unreadable_cells(tmp_path):
    codec = plait.modalities.find_codec("image")()
    rng = np.random.default_rng(0)
    cells = [{"photo": codec.example(rng), "kind": KINDS[i % 8]} for i in range(16)]
    columns = {"photo": "image", "kind": "category"}
    model = plait.fit(
        plait.read(cells, columns=columns), budget="3 steps", size=TINY, fusion="mid", samples=False
    )
    table = plait.read([*cells[:4], {"photo": b"nonsense", "kind": "hat"}], columns=columns)
    found = search(model, table, query={"image": cells[2]["photo"]}, top=5, on_error="skip")
    assert found["query"]["image"].endswith(" bytes>") and found["hits"][0]["cells"]["kind"]
    page = write_search_page(
        model, table, found, {"image": cells[2]["photo"]}, tmp_path / "hits.html"
    ).read_text(encoding="utf8")
    assert page.count("<img") >= 5 and 'src="data:image/' in page
    assert "cannot be decoded" in page


def test_a_picture_asked_for_is_named_when_it_cannot_be_read(tmp_path):
    codec = plait.modalities.find_codec("image")()
    rng = np.random.default_rng(0)
    cells = [{"photo": codec.example(rng), "kind": KINDS[i % 8]} for i in range(16)]
    table = plait.read(cells, columns={"photo": "image", "kind": "category"}, on_error="skip")
    model = plait.fit(table, budget="1 steps", size=TINY, fusion="mid", samples=False)
    assert model.on_error == "skip"
    with pytest.raises(CellError, match="the picture cannot be decoded"):
        search(model, table, query={"photo": cells[0]["photo"][:60]})
