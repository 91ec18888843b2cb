"""What comes next: histories by time, rankings of all items, and nothing of the future."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

import plait
from plait.cli import run
from plait.data.histories.events import read_events
from plait.data.histories.plan import HISTORY, SPLIT, plan_histories
from plait.data.histories.rows import last_histories, learning_histories
from plait.errors import PlaitError
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.windows import in_time
from plait.train.budget import Budget

NUM = 20
"""Items of the planted chain: after item i comes i + 1 four times of five, else any."""


def chain(num_users=120, length=12, seed=0, sure=0.8):
    """Rows of users who follow a chain; kinds go in fours along it, and titles name them."""
    rng, rows = np.random.default_rng(seed), []
    for user in range(num_users):
        item = int(rng.integers(NUM))
        for step in range(length):
            stars = float(rng.integers(1, 6)) + 0.5
            rows.append({"user": f"u{user}", "when": 1000 * user + 10 * step + 1,
                         "film": f"f{item}", "age": 20 + user % 5, "stars": stars})  # fmt: skip
            item = (item + 1) % NUM if rng.random() < sure else int(rng.integers(NUM))
    return rows


def films():
    return [{"film": f"f{i}", "title": f"Film {i}", "kind": f"kind {i // 4}"} for i in range(NUM)]


def planned(rows, **settings):
    table = plait.read(rows)
    given = {"group": "user", "time": "when", "split": None, "last_out": False, **settings}
    plan, of_items, untold = plan_histories(table, "film", **given)
    return table, plan, of_items, untold


def moments(rows, **settings):
    table, plan, _, _ = planned(rows, **settings)
    return learning_histories(table, plan, read_events(table, plan)[0], {}, {}), plan


def picture(number):
    buffer = io.BytesIO()
    Image.new("RGB", (24, 24), (12 * number, 255 - 12 * number, 90)).save(buffer, "PNG")
    return buffer.getvalue()


ASKED = {"target": "film", "group": "user", "time": "when"}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("recommend") / "films.plait"
    model = plait.fit(
        plait.read(chain()), **ASKED, items=films(), leave_last_out=True, budget="20 steps",
        size="tiny", out=path,
    )  # fmt: skip
    return model, path


# Moments


def test_columns_are_of_people_of_items_or_of_each_interaction():
    rows = [{**row, "kind": f"kind {row['film']}", "mood": "ab"[i % 2]}
            for i, row in enumerate(chain(30))]  # fmt: skip
    _, plan, of_items, untold = planned(rows)
    assert plan.still == ("age",) and plan.amounts == ("stars",)
    assert of_items == ("kind",) and untold == ("mood",)


def test_the_last_item_is_the_test_and_no_history_holds_what_is_of_a_later_part():
    rows = chain(30)
    table, plan = moments(rows, last_out=True)
    parts = table.column(SPLIT)
    assert [parts.count(part) for part in ("train", "validation", "test")] == [30, 30, 30]
    for row in range(len(table)):
        history, came = table.column(HISTORY, [row])[0], table.column("film", [row])[0]
        own = [one["film"] for one in rows if one["when"] // 1000 == history.times[0] // 1000]
        end = {"train": -3, "validation": -2, "test": -1}[parts[row]]
        assert came == own[end] and list(history.items) == own[:end]


def test_by_default_time_decides_for_all():
    rows = chain(40)
    rng = np.random.default_rng(1)
    for row in rows:
        row["when"] = int(rng.integers(10**6))
    table, _ = moments(rows)
    bounds = np.quantile([row["when"] for row in rows], (0.7, 0.8))
    parts, histories = table.column(SPLIT), table.column(HISTORY)
    for part, history in zip(parts, histories, strict=True):
        if part == "train" and history is not None:
            assert history.times[-1] <= bounds[0]
    assert {"train", "validation", "test"} == set(parts)


def test_long_histories_are_told_in_parts_each_interaction_once():
    rows = chain(2, length=60)
    table, plan, _, _ = planned(rows, last_out=True)
    plan = type(plan)(**{**plan.to_dict(), "lookback": 10})
    found = learning_histories(table, plan, read_events(table, plan)[0], {}, {})
    told = []
    for row in np.flatnonzero(np.array(found.column(SPLIT)) == "train"):
        history, came = found.column(HISTORY, [row])[0], found.column("film", [row])[0]
        assert history is None or len(history.items) <= 10
        told += [*(history.items if history is not None else ()), came]
    assert sorted(told) == sorted(r["film"] for r in rows if (r["when"] % 1000) // 10 < 58)


def test_new_people_and_rows_without_an_item_are_read():
    rows = [*chain(3), {"user": "new", "when": 5, "film": None}]
    table, plan, _, _ = planned(rows)
    asked, groups = last_histories(table, plan, {})
    assert [len(one) for one in groups] == [12, 12, 12, 0]
    assert asked.column(HISTORY)[3] is None and asked.column("film") == [None] * 4


# Fits


def test_the_planted_chain_is_found_and_beats_what_is_blind_to_order(fitted):
    model, _ = fitted
    told = {c["name"]: c["metrics"] for c in model.records["metrics"]["candidates"]}
    assert {"deep", "popular", "last_item", "item_knn", "ease", "blend"} <= set(told)
    assert told["last_item"]["recall_at_10"] >= 0.75
    assert told["last_item"]["ndcg_at_10"] > 1.4 * max(
        told[name]["ndcg_at_10"] for name in ("popular", "item_knn")
    )
    assert told["blend"]["ndcg_at_10"] >= 0.95 * told["last_item"]["ndcg_at_10"]
    answer = model.predict([{"user": "me", "film": f"f{i}", "when": i} for i in (7, 8)], top=3)
    assert answer["film"][0] == "f9" and answer["title"][0] == "Film 9"
    assert answer["rank"] == [1, 2, 3] and answer["user"] == ["me"] * 3
    probability = answer["probability"]
    assert 0.3 < probability[0] <= 1 and probability == sorted(probability, reverse=True)
    assert answer["because"][0].startswith("Film 8")


def test_a_shuffled_future_does_not_help_and_does_not_hurt():
    rows = chain(60)
    settings = {**ASKED, "items": films(), "simple": True, "budget": "60 steps", "scores": True}
    plain = plait.fit(plait.read(rows), **settings)
    bounds = np.quantile([row["when"] for row in rows], 0.8)
    rng = np.random.default_rng(3)
    late = [place for place, row in enumerate(rows) if row["when"] > bounds]
    mixed = rng.permutation([rows[place]["film"] for place in late])
    other = [dict(row) for row in rows]
    for place, film in zip(late, mixed, strict=True):
        other[place]["film"] = str(film)
    shuffled = plait.fit(plait.read(other), **settings)
    asked = [{"user": "me", "film": f"f{i}", "when": i} for i in (1, 2, 3)]
    # What is learned and chosen knows nothing of the test: not one number is another.
    assert plain.predict(asked).columns == shuffled.predict(asked).columns
    candidates = shuffled.records["metrics"]["candidates"]
    best = max(one["metrics"]["ndcg_at_10"] for one in candidates)
    honest = max(one["metrics"]["ndcg_at_10"] for one in plain.records["metrics"]["candidates"])
    assert best < 0.7 * honest


def test_items_that_nobody_took_are_ranked_by_what_is_known_of_them():
    rows = [row for row in chain(150, sure=0.9) if row["film"] not in ("f6", "f14")]
    model = plait.fit(
        plait.read(rows), **ASKED, items=films(), simple=True, leave_last_out=True,
        budget="60 steps", scores=False,
    )  # fmt: skip
    assert any("2 of 20 items were never taken" in n for n in model.records["metrics"]["notes"])
    asked = [{"user": "me", "film": f, "when": i} for i, f in enumerate(("f3", "f4", "f5"))]
    ranked = model.predict(asked, top=20)["film"]
    assert {"f6", "f14"} < set(ranked) and ranked.index("f6") < ranked.index("f14")


def test_that_an_item_will_be_taken_is_not_known_before():
    """Kinds of items stand in the rows of who took them: of those of the test none is known."""
    rows = [{**row, "kind": f"kind {row['film']}"} for row in chain(30)]
    for row in rows:
        if row["when"] % 1000 == 111:  # the last of each, which is the test
            row |= {"film": "new", "kind": "kind new"}
    model = plait.fit(
        plait.read(rows), **ASKED, simple=True, leave_last_out=True, budget="60 steps",
        scores=False, columns="film=item",
    )  # fmt: skip
    assert "new" not in model.target_codec.items and "f3" in model.target_codec.items
    assert model.target_codec.content
    notes = " ".join(model.records["metrics"]["notes"])
    assert "30 of 30 rows have a label that training never saw" in notes


def test_who_took_nothing_yet_is_told_what_is_popular():
    model = plait.fit(plait.read(chain(40)), **ASKED, items=films(), simple=True, scores=False)
    asked = [{"user": "new", "film": None, "when": 1, "age": 22}, *chain(2)]
    found = model.predict(asked, top=3)
    assert found["user"][:3] == ["new"] * 3 and len(found) == 9


@pytest.mark.parametrize(("num", "said"), [(10, True), (11, False)])
def test_where_all_items_are_among_the_ten_best_that_is_said(num, said):
    rows = [{**row, "film": f"f{int(row['film'][1:]) % num}"} for row in chain(40)]
    asked = FitConfig.of(**ASKED, leave_last_out=True, budget=Budget(5, "steps"))
    notes = " | ".join(in_time(plait.read(rows), asked)[0].notes)
    assert ("10 items: all are among anybody's 10 best" in notes) == said


def test_what_was_taken_is_left_out_unless_it_is_taken_again():
    rows = chain(60, sure=1.0)
    quick = {"simple": True, "leave_last_out": True, "scores": False}
    model = plait.fit(plait.read(rows), **ASKED, items=films(), **quick)
    notes = " ".join(model.records["metrics"]["notes"])
    assert (
        "0.0 % of what training took had been taken before by the same: so it is left out" in notes
    )
    asked = [{"user": "me", "film": f"f{i}", "when": i} for i in range(5)]
    assert not {f"f{i}" for i in range(5)} & set(model.predict(asked)["film"])
    again = [{**row, "film": f"f{int(row['film'][1:]) % 4}"} for row in rows]
    model = plait.fit(plait.read(again), **ASKED, items=films(), **quick)
    assert "so that it is recommended again" in " ".join(model.records["metrics"]["notes"])
    assert model.predict(asked[:4])["film"][0] == "f0"


def test_a_plain_category_with_group_and_time_is_classified_as_before():
    rows = [{"user": f"u{i % 9}", "when": i, "x": float(i % 3), "kind": "abc"[i % 3]}
            for i in range(120)]  # fmt: skip
    table = plait.read(rows)
    model = plait.fit(table, target="kind", group="user", time="when", simple=True, budget="5s")
    assert model.records["metrics"]["shipped"] and model.recommendation is None
    assert model.target_codec.task == "classify"


def test_saying_that_the_target_is_an_item_is_enough():
    table = plait.read(chain(60), columns={"film": "item"})
    model = plait.fit(table, **ASKED, simple=True, leave_last_out=True, scores=False)
    assert model.recommendation is not None and model.target_codec.titles == ()
    answer = model.predict([{"user": "me", "film": "f3", "when": 1}], top=2)
    assert answer["film"][0] == "f4" and "title" not in answer.columns


def test_a_table_of_nothing_but_who_took_what_and_when_asks_what_comes_next():
    rows = [{name: row[name] for name in ("user", "when", "film")} for row in chain(50)]
    for row in rows:
        row["film"] = int(row["film"][1:])
    model = plait.fit(plait.read(rows), **ASKED, simple=True, scores=False)
    assert model.recommendation is not None
    assert model.predict([{"user": "me", "film": 3, "when": 1}], top=1)["film"] == ["4"]


def test_stars_in_whole_numbers_are_amounts():
    rows = [{**row, "stars": int(row["stars"])} for row in chain(40)]
    _, plan, _, untold = planned(rows)
    assert plan.amounts == ("stars",) and untold == ()
    events, _ = read_events(plait.read(rows), plan)
    assert events[0].amounts[:, 0].tolist() == [row["stars"] for row in rows[:12]]


def test_pictures_of_items_are_shown():
    told = [{**film, "poster": picture(place)} for place, film in enumerate(films())]
    model = plait.fit(
        plait.read(chain(40)), **ASKED, items=plait.read(told), simple=True, leave_last_out=True
    )
    codec = model.target_codec
    assert len(codec.pictures) == NUM and codec.pictures[3].startswith("<img")
    ranking = codec.decode({"item": np.array([4, 5]), "score": np.zeros(2, np.float32)})
    assert codec.pictures[3] + "Film 3" in codec.show(ranking)
    assert any(codec.pictures[3] in one["made"] for one in model.records["samples"])


def test_content_is_found_within_the_table_of_interactions():
    rows = [{**row, "title": f"Film {row['film'][1:]}", "kind": f"k{int(row['film'][1:]) // 4}"}
            for row in chain(60)]  # fmt: skip
    table = plait.read(rows, columns={"film": "item", "title": "text"})
    model = plait.fit(table, **ASKED, simple=True, leave_last_out=True, scores=False)
    assert model.target_codec.title("f3") == "Film 3"


# Bundles and verbs


def test_a_bundle_answers_alike_and_is_judged(fitted, tmp_path):
    model, path = fitted
    loaded = plait.load(path)
    asked = plait.read(chain(5, seed=4))
    assert loaded.predict(asked).columns == model.predict(asked).columns
    scores = plait.evaluate(path, plait.read(chain(40, seed=5)))
    assert scores["rows"] == 40 and scores["metrics"]["recall_at_10"] > 0.7
    low, high = scores["intervals"]["ndcg_at_10"]
    assert low <= scores["metrics"]["ndcg_at_10"] <= high
    page = plait.report(path, tmp_path / "report.html").read_text(encoding="utf8")
    assert "What is recommended, by popularity" in page and "catalogue coverage" in page
    assert "Film 3" in page


def test_one_history_is_asked_in_a_cell(fitted):
    model, path = fitted
    told = '[{"item": "f1", "time": 1}, {"item": "f2", "time": 2}]'
    answer = plait.ask(path, given={"history": told})
    assert answer["prediction"] == ["f3"] and answer["title"] == ["Film 3"]
    missing = model.predict([{"age": 22}])
    assert missing["prediction"][0].startswith("f")


def test_draws_repeat_and_differ(fitted):
    model, _ = fitted
    asked = [{"user": "me", "film": "f3", "when": 1}]
    drawn = [model.predict(asked, temperature=1.0, seed=seed)["film"] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]


def test_the_command_line_writes_what_comes_next(tmp_path, capsys):
    for name, rows in (("ratings", chain(50)), ("films", films())):
        with open(tmp_path / f"{name}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    bundle, out = str(tmp_path / "shelf.plait"), tmp_path / "next.csv"
    fit = ["fit", str(tmp_path / "ratings.csv"), "--target", "film", "--group", "user", "--time",
           "when", "--items", str(tmp_path / "films.csv"), "--leave-last-out", "--simple",
           "--out", bundle, "--json"]  # fmt: skip
    assert run(fit) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["task"] == "recommend" and told["metrics"]["recall_at_10"] > 0.6
    assert run(["predict", bundle, str(tmp_path / "ratings.csv"), "--top", "4", "--out", str(out),
                "--json"]) == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out)["rows"] == 200
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["user", "rank", "film", "title", "probability", "because"]
    assert run(["evaluate", bundle, str(tmp_path / "ratings.csv"), "--json"]) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"group": None}, "who took what, and when"),
        ({"items": [{"movie": "f1"}]}, "does not name them"),
        ({"horizon": 3}, "no use for these settings"),
        ({"weights": "balanced"}, "no use for these settings"),
        ({"time": "whenever"}, "no column 'whenever'"),
        ({"target": None}, "no target"),
    ],
)
def test_what_cannot_be_is_refused(settings, message):
    given = {**ASKED, "items": films(), "simple": True, **settings}
    with pytest.raises(PlaitError, match=message):
        plait.fit(plait.read(chain(20)), **given)


def test_cells_that_are_no_names_are_told_with_their_place_or_skipped():
    rows = [*chain(30), {"user": "u0", "when": 3, "film": "x" * 600}]
    settings = {**ASKED, "items": films(), "simple": True, "scores": False, "leave_last_out": True}
    with pytest.raises(PlaitError, match="too long") as caught:
        plait.fit(plait.read(rows), **settings)
    assert caught.value.column == "film" and caught.value.row == 360
    model = plait.fit(plait.read(rows, on_error="skip"), **settings)
    assert "1 rows name no item" in " ".join(model.records["metrics"]["notes"])


def test_items_that_are_named_twice_are_said():
    settings = {**ASKED, "simple": True, "scores": False, "leave_last_out": True}
    model = plait.fit(plait.read(chain(30)), **settings, items=[*films(), *films()[:3]])
    assert any("3 rows of the table of items" in n for n in model.records["metrics"]["notes"])


def test_the_same_fit_gives_the_same_numbers():
    settings = {**ASKED, "items": films(), "leave_last_out": True, "budget": "4 steps",
                "size": "tiny", "scores": False}  # fmt: skip
    whole = plait.fit(plait.read(chain(30)), **settings).records["metrics"]
    again = plait.fit(plait.read(chain(30)), **settings).records["metrics"]
    assert whole["validation"] == again["validation"]


def test_too_few_rows_and_wrong_tops_are_refused(fitted):
    with pytest.raises(PlaitError, match="takes one item only"):
        plait.fit(plait.read(chain(1, length=2)), **ASKED, items=films(), simple=True)
    with pytest.raises(PlaitError, match="too few interactions"):
        plait.fit(plait.read(chain(1, length=3)), **ASKED, items=films(), simple=True)
    for top in (0, 10**6):
        with pytest.raises(PlaitError, match="cannot be ranked"):
            fitted[0].predict(chain(2), top=top)


def test_the_page_names_what_stands_beside_each_other(fitted, tmp_path):
    model, _ = fitted
    samples = model.records["samples"]
    assert samples and samples[0]["beside"] == ["recommended", "taken next"]
