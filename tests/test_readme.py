"""The commands and the Python of README.md work as written (with a smaller budget)."""

import csv
import datetime
import random
import re
import shlex
from pathlib import Path

import pytest

from plait.cli import run

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    draw = random.Random(0)
    for name, num in (("shop", 60), ("shop_test", 20), ("new", 10)):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["description", "price", "category"])
            for _ in range(num):
                kind = draw.choice(["boot", "sandal"])
                words = [draw.choice(["red", "old", "warm", "summer"]) for _ in range(4)]
                price = round(draw.gauss(90 if kind == "boot" else 40, 15), 2)
                text = " ".join([*words, kind + "s for", "the whole family"])
                writer.writerow([text, price, kind])
    with (tmp_path / "sales.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", "price"])
        start = datetime.date(2025, 1, 1)
        for day in range(120):
            price = 50 + 10 * (day % 7 >= 5) + draw.gauss(0, 1)
            writer.writerow([start + datetime.timedelta(days=day), round(price, 2)])
    with (tmp_path / "films.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["film", "title"], *([f"f{i}", f"Film {i}"] for i in range(9))])
    with (tmp_path / "ratings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user", "film", "when"])
        for user in range(30):
            rows = [[f"u{user}", f"f{(user + step) % 9}", draw.random()] for step in range(6)]
            writer.writerows(sorted(rows, key=lambda row: row[2]))
    with (tmp_path / "episodes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        names = ["position", "velocity", "angle", "turning"]
        writer.writerow(["episode", "step", *names, "action", "reward"])
        for episode in range(20):
            for step in range(6):
                numbers = [round(draw.gauss(0, 1), 3) for _ in names]
                writer.writerow([episode, step, *numbers, int(numbers[2] > 0), 1])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands(shop, capsys):
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf8"), re.S)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    assert len(lines) >= 13
    for line in lines:
        words = shlex.split(line.replace("--budget 5m", "--budget '4 steps'"))
        assert words[0] == "plait"
        assert run(words[1:]) == 0, capsys.readouterr().err
    assert len(list(csv.DictReader((shop / "predictions.csv").open()))) == 10
    ahead = list(csv.DictReader((shop / "next.csv").open()))
    assert [row["day"] for row in ahead][::6] == ["2025-05-01", "2025-05-07"]
    assert all(
        float(row["price_q05"]) < float(row["price"]) < float(row["price_q95"]) for row in ahead
    )
    shelf = list(csv.DictReader((shop / "shelf.csv").open()))
    assert {row["rank"] for row in shelf} <= set("12345") and shelf[0]["title"].startswith("Film")
    assert (shop / "play.gif").read_bytes().startswith(b"GIF8")
    assert "<html" in (shop / "shop.html").read_text(encoding="utf8")
    assert "<html" in (shop / "found.html").read_text(encoding="utf8")
    guessed = list(csv.DictReader((shop / "described.csv").open()))
    assert {row["prediction"] for row in guessed} <= {"footwear", "headgear"} and len(guessed) == 10


def test_python(shop, capsys):
    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf8"), re.S)[1]
    exec(compile(code.replace('"5m"', '"4 steps"'), "README.md", "exec"), {})
    assert "boot" in capsys.readouterr().out


def test_pictures_are_there_small_and_told_in_words():
    shown = re.findall(r"!\[(.*?)\]\((.*?)\)", README.read_text(encoding="utf8"))
    assert {"docs/question.png", "docs/subtitle.png", "docs/forecast.png", "docs/boxes.png"} <= {
        path for _, path in shown
    }
    for words, path in shown:
        file = README.parent / path
        assert len(words) > 20 and 5_000 < file.stat().st_size < 300_000
