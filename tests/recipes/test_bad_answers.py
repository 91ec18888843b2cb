"""Bad input where answers are learned and asked, by the command line: named, or counted."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import plait
from plait.cli import run
from plait.modalities.audio.wave import encode_wav

LEARN = ("--simple", "--budget", "5 steps", "--quiet", "--force")
SCRIPT = "<script>alert(1)</script>"


def write(path, rows):
    with path.open("w", newline="", encoding="utf8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def changed(rows, column, at):
    return [{**row, column: at.get(place, row[column])} for place, row in enumerate(rows)]


def captions():
    kinds = ("red", "blue")
    return [
        {"n": float(i), "caption": f"a {kinds[i % 2]} thing {i % 5} on the table"}
        for i in range(30)
    ]


def curves():
    steps = np.arange(20) / 3
    return [{"n": float(i), "curve": json.dumps(np.sin(steps + i).tolist())} for i in range(30)]


def steps(action="go"):
    return [
        {"episode": i // 5, "step": i % 5, "speed": i % 7 + 0.5, "action": action, "reward": i % 3}
        for i in range(50)
    ]


def taken():
    return [
        {"user": f"u{i // 6}", "when": i, "film": f"f{(3 * (i // 6) + i) % 7}", "stars": i % 5 + 1}
        for i in range(120)
    ]


def pictures(folder):
    rows = []
    for i in range(24):
        Image.new("RGB", (64, 48), (9 * i, 90, 40)).save(folder / f"{i}.png")
        part = "train" if i < 12 else "validation" if i < 18 else "test"
        boxes = json.dumps([{"class": "cat" if i < 20 else "fox", "bbox": [5, 5, 10, 10 + i]}])
        rows.append({"picture": f"{i}.png", "boxes": boxes, "split": part})
    return rows


ACT = ("--group", "episode", "--time", "step")
TAKE = ("--group", "user", "--time", "when", "--leave-last-out")
WIDE = '[{"class": "cat", "bbox": [1, 2, 1%s, 4]}]' % ("0" * 400)


@pytest.mark.parametrize(
    ("rows", "target", "column", "cell", "options", "said"),
    [
        (pictures, "boxes", "boxes", "a dog", (), "not boxes"),
        (pictures, "boxes", "boxes", WIDE, (), "not boxes"),
        (pictures, "boxes", "boxes", '[{"class": "cat", "bbox": [NaN, 2, 3, 4]}]', (), "pixels"),
        (pictures, "boxes", "boxes", '[{"class": "cat", "bbox": [60, 2, 9, 4]}]', (), "'cat'"),
        (curves, "curve", "curve", "flat all day", (), "does not exist"),
        (curves, "curve", "curve", "[1, Infinity]", (), "infinite"),
        (lambda _: steps(), "action", "action", "[1, 2]", ACT, "of another kind"),
        (lambda _: steps("[1.0, 2.0]"), "action", "action", "[1.0]", ACT, "of another kind"),
        (lambda _: steps(0.5), "action", "action", "1e300", ACT, "not an action"),
        (lambda _: steps(), "action", "reward", "well done", ACT, "not a number"),
        (lambda _: taken(), "film", "stars", "inf", TAKE, "not a number"),
    ],
)
def test_a_cell_is_named_by_row_and_column(
    rows, target, column, cell, options, said, tmp_path, capsys
):
    made = rows(tmp_path) if rows is not curves else rows()
    table = write(tmp_path / "t.csv", changed(made, column, {7: cell}))
    assert run(["fit", table, "--target", target, *options, *LEARN]) == 1
    err = capsys.readouterr().err
    assert f"column '{column}', row 7" in err and said in err


def shown(rows, folder, of):
    """Rows with a picture of what they are of."""
    for row in rows:
        row["picture"] = f"{row[of]}.png"
        Image.new("RGB", (8, 8)).save(folder / row["picture"])
    return rows


@pytest.mark.parametrize(
    ("rows", "of", "bad", "target", "options"),
    [
        (taken, "user", 66, "film", (*TAKE, "--columns", "film=item")),
        (steps, "step", 23, "action", ACT),
        (lambda: [{"day": f"2024-01-{i + 1:02d}", "load": i % 7 + i / 9, "place": i % 3}
                  for i in range(30)], "place", 21, "load", ("--time", "day", "--horizon", "2")),
    ],
    ids=("film", "action", "load"),
)  # fmt: skip
def test_a_picture_of_rows_in_time_is_named_by_the_tables_own_row(
    rows, of, bad, target, options, tmp_path, capsys
):
    """A moment, or a window, is made of several rows: which of them is bad is told."""
    made = shown(rows(), tmp_path, of)
    own = [place for place, row in enumerate(made) if row[of] == made[bad][of]]
    for place in own if of == "user" else [bad]:
        made[place] = {**made[place], "picture": "gone.png"}
    if target == "action":
        made = [{**row, "action": ("go", "stop")[i % 2]} for i, row in enumerate(made)]
    table = write(tmp_path / "t.csv", made)
    assert run(["fit", table, "--target", target, *options, *LEARN]) == 1
    err = capsys.readouterr().err
    assert f"column 'picture', row {own[0] if of == 'user' else bad}" in err and "gone.png" in err


@pytest.mark.parametrize(
    ("rows", "columns", "target", "said"),
    [
        ([{**row, "caption": "\u200b"} for row in captions()], "caption=text", "caption", "text"),
        ([{**row, "size": 5, "kind": "ab"[i % 2]} for i, row in enumerate(captions())],
         "size=number,kind=category", "size,kind", "single value"),
        ([{**row, "film": "f"} for row in taken()], "film=item", "film", "one item only"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_is_named(rows, columns, target, said, tmp_path, capsys):
    table = write(tmp_path / "t.csv", rows)
    options = TAKE if target == "film" else ()
    words = ["fit", table, "--target", target, "--columns", columns, *options, *LEARN]
    assert run(words) == 1
    err = capsys.readouterr().err
    assert f"column '{target.split(',')[0]}'" in err and said in err


@pytest.mark.parametrize(
    ("rows", "target", "options", "said"),
    [
        (changed(captions(), "caption", {3: "42", 4: '[{"class": "dog"}]', 5: "", 6: "\u200b"}),
         "caption", ("--columns", "caption=text"),
         ["2 rows have no target", "1 of 28 values of 'caption' are numbers",
          "1 of 28 values of 'caption' are lists or objects in JSON"]),
        (changed(captions(), "caption", {3: "word " * 5000}), "caption",
         ("--columns", "caption=text"), ["1 of 30 values of 'caption' have 20,000 characters"]),
        (changed(curves(), "curve", {3: "[1, 2, 3]"}), "curve", (),
         ["1 of 30 values of 'curve' have less than half of the 20 steps"]),
        (changed(taken(), "film", {59: "never seen"}), "film", (*TAKE, "--columns", "film=item"),
         ["1 of 20 rows have a label that training never saw: 'never seen'"]),
    ],
)  # fmt: skip
def test_choices_are_counted(rows, target, options, said, tmp_path, capsys):
    table = write(tmp_path / "t.csv", rows)
    out = str(tmp_path / "m.plait")
    assert run(["fit", table, "--target", target, *options, *LEARN, "--out", out, "--json"]) == 0
    notes = " | ".join(json.loads(capsys.readouterr().out)["notes"])
    assert [one for one in said if one not in notes] == []


def test_classes_of_the_test_only_are_counted(tmp_path, capsys):
    table = write(tmp_path / "t.csv", pictures(tmp_path))
    assert run(["fit", table, "--target", "boxes", *LEARN, "--json"]) == 0
    notes = " | ".join(json.loads(capsys.readouterr().out)["notes"])
    assert "4 of 6 rows have a label that training never saw: 'fox' (4)" in notes


def test_texts_that_are_longer_than_a_network_reads_are_counted():
    from plait.modalities.text.codec import TextCodec

    codec = TextCodec(max_tokens=8).fit(["how many dogs are there"] * 9)
    short, long = (codec.prepare("how many dogs are there" * num) for num in (1, 9))
    assert codec.remarks(short, target=False, simple=False) == ()
    (said,) = codec.remarks(long, target=False, simple=False)
    assert "longer than the 8 pieces that the network reads" in said
    assert codec.remarks(long, target=False, simple=True) == ()


def question(i):
    return f"{('red', 'blue')[i % 2]} boats of sort {i * i}"


@pytest.fixture(scope="module")
def tags(tmp_path_factory):
    """A model that answers with texts that mean something to a browser and a spreadsheet."""
    path = tmp_path_factory.mktemp("tags") / "m.plait"
    rows = [{"q": question(i), "said": ("=1+1", SCRIPT)[i % 2]} for i in range(40)]
    table = plait.read(rows, columns={"q": "text", "said": "text"})
    plait.fit(table, target="said", budget="5 steps", simple=True, out=path)
    return path


def test_a_page_shows_no_html_of_a_cell(tags, tmp_path):
    page = plait.report(tags, tmp_path / "page.html").read_text("utf8")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_items_and_classes_are_escaped_too(tmp_path, capsys):
    write(tmp_path / "films.csv", [{"film": f"f{i}", "title": f"{SCRIPT} {i}"} for i in range(7)])
    table, out = write(tmp_path / "t.csv", taken()), str(tmp_path / "m.plait")
    items = ("--items", str(tmp_path / "films.csv"))
    assert run(["fit", table, "--target", "film", *TAKE, *items, *LEARN, "--out", out]) == 0
    page = plait.report(out, tmp_path / "page.html").read_text("utf8")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    capsys.readouterr()
    write(tmp_path / "t.csv", changed(taken(), "film", {3: "new", 9: "new"}))
    assert run(["predict", out, table, "--out", str(tmp_path / "p.csv")]) == 0
    assert "2 of 120 rows name an item of which nothing is known" in capsys.readouterr().err


def test_texts_that_begin_as_formulas_are_written_as_they_are_and_counted(tags, tmp_path, capsys):
    table = write(tmp_path / "t.csv", [{"q": question(i)} for i in range(6)])
    assert run(["predict", str(tags), table, "--out", str(tmp_path / "p.csv")]) == 0
    with (tmp_path / "p.csv").open(encoding="utf8") as file:
        said = [row["prediction"] for row in csv.DictReader(file)]
    num = said.count("=1+1")
    assert num and num + said.count(SCRIPT) == 6
    assert f"{num} texts of the answer begin with =" in capsys.readouterr().err
    assert run(["predict", str(tags), table, "--out", str(tmp_path / "p.jsonl")]) == 0
    assert "begin with" not in capsys.readouterr().err


@pytest.mark.parametrize("question", ["", "  ", "\u200b\u2060"])
def test_an_empty_question_is_refused(tags, question, capsys):
    assert run(["ask", str(tags), question]) == 2
    assert "the question is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    "question",
    ["сколько", "有多少", "🐕", "כמה", "a" * 10**5, "how " * 250_000, "\ud800", "e\u0301"],
)
def test_any_script_and_length_is_answered(tags, question, capsys):
    assert run(["ask", str(tags), question, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prediction"] in ("=1+1", SCRIPT)


def test_a_question_of_which_training_had_nothing_is_said_to_be_one(tags, capsys):
    for asked, strange in (("сколько собак там", True), ("红色的船", True), (question(4), False)):
        assert run(["ask", str(tags), asked, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert ("hardly a word" in " ".join(found.get("notes", []))) == strange
    assert run(["ask", str(tags), "сколько"]) == 0
    assert "note: hardly a word" in capsys.readouterr().err


def test_lines_that_nobody_can_see_are_no_questions(tags, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("tag 0\n\u200b\n\ntag 1\n"))
    assert run(["ask", str(tags), "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.fixture(scope="module")
def hears(tmp_path_factory):
    path = tmp_path_factory.mktemp("hears") / "m.plait"
    waves = [np.sin(np.arange(8000) * (0.05 + 0.2 * (i % 2))).astype(np.float32) for i in range(20)]
    rows = [
        {"voice": encode_wav(wave, 16_000), "word": f"{'אב'[i % 2]} \u202e& {i % 2} -->"}
        for i, wave in enumerate(waves)
    ]
    table = plait.read(rows, columns={"voice": "audio", "word": "text"})
    plait.fit(table, target="word", budget="5 steps", simple=True, out=path)
    return path


def test_media_that_cannot_be_heard_are_named_by_their_path(hears, tmp_path, capsys):
    (tmp_path / "bad").mkdir()
    for name, data in {"cut.wav": b"RIFF", "none.wav": b"", "cut.mkv": b"\x1aE\xdf\xa3"}.items():
        (tmp_path / name).write_bytes(data)
        assert run(["caption", str(hears), str(tmp_path / name)]) == 1
        err = capsys.readouterr().err
        assert name in err and "--on-error" not in err
    shutil.copy(tmp_path / "cut.wav", tmp_path / "bad" / "a.wav")
    assert run(["caption", str(hears), str(tmp_path / "bad")]) == 1
    err = capsys.readouterr().err
    assert "a.wav" in err and "take it out of the folder" in err


def test_subtitles_from_right_to_left_go_to_a_folder_that_is_made(hears, tmp_path, capsys):
    wave = np.sin(np.arange(16_000) * 0.05).astype(np.float32)
    (tmp_path / "talk.wav").write_bytes(encode_wav(wave, 16_000))
    out = tmp_path / "new" / "sub" / "talk.vtt"
    assert run(["caption", str(hears), str(tmp_path / "talk.wav"), "--out", str(out)]) == 0
    text = out.read_text("utf8")
    assert "&amp;" in text and text.count("-->") == text.count("\n00:") > 0
