"""Small made-up tables whose pages show everything that a page can show."""

from __future__ import annotations

import datetime
import io
import json
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Row = dict[str, Any]

WORDS = {
    "quiet": ["no complaint", "slept well", "ate breakfast", "walked the ward", "calm"],
    "loud": ["chest pain", "short of breath", "dizzy on standing", "sweating", "restless"],
}


def clinic(num: int = 420, seed: int = 0) -> list[Row]:
    """Return patients: a number from series, notes, numbers and categories, with gaps."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(num):
        age = float(rng.integers(18, 95))
        stress = float(np.clip(rng.beta(2, 3) + (age - 55) / 200, 0, 1))
        note = ", ".join(rng.choice(WORDS["loud" if rng.random() < stress else "quiet"], 2, False))
        days = 1.5 + 9 * stress + 0.03 * age + rng.gamma(1.2, 0.5)
        row: Row = {
            "patient": f"P{number:04d}",
            "age": age,
            "ward": str(rng.choice(["cardiology", "surgery", "medicine"], p=[0.3, 0.25, 0.45])),
            "note": note,
            "ecg": _ecg(rng, stress),
            "crp": round(float(np.exp(rng.normal(1 + 2.5 * stress, 0.6))), 1),
            "days": round(float(days), 1),
        }
        for name, share in (("ecg", 0.25), ("note", 0.15), ("crp", 0.1)):
            if rng.random() < share:
                row[name] = None
        rows.append(row)
    return rows


def _ecg(rng: np.random.Generator, stress: float) -> str:
    time = np.arange(0, 4, 1 / 125)
    phase = (time * (1.0 + stress) + rng.random()) % 1.0
    beat = np.exp(-(((phase - 0.4) / 0.02) ** 2)) - 0.2 * np.exp(-(((phase - 0.44) / 0.02) ** 2))
    wave = beat + 0.25 * np.exp(-(((phase - 0.65) / 0.06) ** 2)) + rng.normal(0, 0.03, len(time))
    breath = 16 + 8 * stress + np.sin(2 * np.pi * time * 0.3) + rng.normal(0, 0.1, len(time))
    channels = {"lead II [mV]": wave, "breaths [1/min]": breath}
    told = {"time_s": time.round(3).tolist()}
    return json.dumps(told | {name: values.round(3).tolist() for name, values in channels.items()})


def plant(num: int = 300, seed: int = 1) -> list[Row]:
    """Return machines: two classes, a long series of three channels of unlike scales, and a log."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(num):
        worn = rng.random() < 0.35
        time = np.arange(1200) / 400
        shake = rng.normal(0, 1 + 0.9 * worn, len(time)) + np.sin(2 * np.pi * 50 * time)
        shake += 3 * worn * (np.sin(2 * np.pi * 7.3 * time) > 0.97)
        pressure = 101_300 + 40 * np.sin(2 * np.pi * time / 3) - 25 * worn + rng.normal(0, 8, 1200)
        still = np.full(len(time), 1480.0)
        rows.append(
            {
                "vibration": {
                    "seconds": time.tolist(),
                    "vibration [m/s²]": shake.round(3).tolist(),
                    "pressure [Pa]": pressure.round(1).tolist(),
                    "speed [1/min]": still.tolist(),
                },
                "hours": float(rng.integers(100, 9000) + 2000 * worn),
                "line": str(rng.choice(list("ABCD"))),
                "log": str(rng.choice(["oiled", "belt replaced", "noise at start", "nothing"])),
                "state": "worn" if worn else "good",
                "id": f"M-{number:04d}",
            }
        )
    return rows


def kitchen(num: int = 400, seed: int = 2) -> list[Row]:
    """Return dishes: several labels each, from words, a number and a category."""
    rng = np.random.default_rng(seed)
    parts = {
        "vegan": ["lentils", "tofu", "chickpeas", "aubergine"],
        "spicy": ["chilli", "harissa", "kimchi"],
        "sweet": ["honey", "dates", "vanilla"],
        "quick": ["toasted", "fried", "raw"],
        "festive": ["goose", "saffron", "marzipan"],
    }
    rows = []
    for _ in range(num):
        tags = [name for name in parts if rng.random() < 0.35] or ["quick"]
        words = [str(rng.choice(parts[tag])) for tag in tags if rng.random() < 0.85]
        words += rng.choice(["rice", "bread", "salt", "onion", "butter"], 2, replace=False).tolist()
        rng.shuffle(words)
        rows.append(
            {
                "dish": " ".join(words),
                "minutes": float(rng.integers(5, 20) if "quick" in tags else rng.integers(20, 180)),
                "kitchen": str(rng.choice(["north", "south", "coast"])),
                "tags": ";".join(tags),
            }
        )
    return rows


def desk(num: int = 1540, seed: int = 3, num_classes: int = 77) -> list[Row]:
    """Return letters to a service desk: 77 classes, some of them easily taken for each other."""
    rng = np.random.default_rng(seed)
    things = [
        "card",
        "account",
        "transfer",
        "top-up",
        "refund",
        "fee",
        "pin",
        "limit",
        "passport",
        "app",
        "statement",
    ]
    acts = ["lost", "blocked", "late", "missing", "wrong", "declined", "pending"]
    labels = [f"{thing} {act}" for thing in things for act in acts][:num_classes]
    rows = []
    for number in range(num):
        label = labels[number % num_classes]
        thing, act = label.split(" ")
        said = thing if rng.random() < 0.9 else str(rng.choice(things))
        done = act if rng.random() < 0.75 else str(rng.choice(acts))
        start = str(rng.choice(["hello my", "please help,", "why is my", "the", "since monday my"]))
        rows.append({"letter": f"{start} {said} is {done}", "topic": label})
    return rows


def shop(num: int = 260, seed: int = 4) -> list[Row]:
    """Return a catalogue with everything wrong: gaps, broken pictures, doubles and a leak."""
    rng = np.random.default_rng(seed)
    kinds = {"boot": (120, 72, 40), "sandal": (220, 170, 90), "hat": (60, 90, 140)}
    rows: list[Row] = []
    for number in range(num):
        kind = str(rng.choice(list(kinds)))
        picture: Any = _picture(rng, kinds[kind])
        if rng.random() < 0.04:
            picture = picture[: len(picture) // 3]
        rows.append(
            {
                "sku": f"S{number:05d}",
                "photo": picture,
                "text": f"{rng.choice(['red', 'blue', 'worn', 'soft', 'light'])} {kind} of "
                f"{rng.choice(['leather', 'cotton', 'felt'])}, size {rng.integers(34, 47)}",
                "price": round(float(np.exp(rng.normal(3.5, 0.7))), 2),
                "stock": float(rng.poisson(3)),
                "shelf": {"boot": "S1", "sandal": "S2", "hat": "S3"}[kind],
                "sold": str(rng.choice(["yes", "no"])),
                "kind": kind,
            }
        )
    for row in rows[60:140]:
        row["photo"] = None
    for row in rows:
        if rng.random() < 0.12:
            row["price"] = None
    for number in range(8):
        rows[-1 - number] = {**rows[number], "sku": rows[-1 - number]["sku"]}
    return rows


def _picture(rng: np.random.Generator, colour: tuple[int, int, int]) -> bytes:
    side = int(rng.integers(40, 90))
    pixels = np.clip(np.array(colour) + rng.normal(0, 18, (side, side + 20, 3)), 0, 255)
    y, x = np.mgrid[:side, : side + 20]
    away = ((y - side / 2) / side) ** 2 + ((x - side / 2) / side) ** 2 > rng.uniform(0.1, 0.2)
    pixels[away] = 250
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


SHAPES = ("circle", "square", "triangle")
SHADES = {
    "red": (208, 48, 48), "blue": (42, 86, 200), "green": (38, 150, 70), "yellow": (236, 196, 40),
}  # fmt: skip


def shapes(num: int = 1600, seed: int = 5) -> list[Row]:
    """Return pictures of one coloured shape, a question of it, and the answer."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(num):
        shape, shade = str(rng.choice(SHAPES)), str(rng.choice(list(SHADES)))
        other = str(rng.choice(list(SHADES)))
        question, answer = [
            ("what shape is in the picture?", shape),
            (f"what colour is the {shape}?", shade),
            (f"is the shape {other}?", "yes" if other == shade else "no"),
        ][int(rng.choice(3, p=[0.4, 0.35, 0.25]))]
        rows.append({"image": _shape(rng, shape, shade), "question": question, "answer": answer})
    return rows


def _shape(rng: np.random.Generator, shape: str, shade: str) -> bytes:
    size, scale = 48, 4
    ground = tuple(int(value) for value in rng.integers(225, 256, 3))
    picture = Image.new("RGB", (size * scale, size * scale), ground)
    half = int(rng.integers(8, 15)) * scale
    x, y = (int(value) for value in rng.integers(half, size * scale - half + 1, 2))
    draw, box = ImageDraw.Draw(picture), (x - half, y - half, x + half, y + half)
    if shape == "circle":
        draw.ellipse(box, SHADES[shade])
    elif shape == "square":
        draw.rectangle(box, SHADES[shade])
    else:
        draw.polygon([(x, y - half), (x + half, y + half), (x - half, y + half)], SHADES[shade])
    buffer = io.BytesIO()
    picture.resize((size, size), Image.Resampling.LANCZOS).save(buffer, "PNG")
    return buffer.getvalue()


def sales(num: int = 420, seed: int = 6) -> list[Row]:
    """Return what three shops sold day by day: a trend, weekends, and chance."""
    rng = np.random.default_rng(seed)
    rows, first = [], datetime.date(2025, 9, 1)
    for shop, size in (("harbour", 120.0), ("market", 60.0), ("station", 200.0)):
        for day in range(num):
            when = first + datetime.timedelta(days=day)
            weekend = 1.45 if when.weekday() == 5 else 0.55 if when.weekday() == 6 else 1.0
            sold = size * weekend * (1 + 0.0008 * day) * np.exp(rng.normal(0, 0.07))
            rows.append({"day": when.isoformat(), "shop": shop, "sold": round(float(sold), 1)})
    return rows


GENRES = {
    "drama": ["Silent", "Winter", "Letters", "Shadow", "Harbour"],
    "space": ["Orbit", "Comet", "Signal", "Moonbase", "Star"],
    "comedy": ["Picnic", "Uncle", "Mix-up", "Circus", "Wedding"],
    "crime": ["Vault", "Alibi", "Ransom", "Witness", "Knife"],
}
TAILS = ["of June", "and Sons", "Road", "at Night", "Again", "Inc.", "Twelve", "in Blue"]


def films(seed: int = 7) -> list[Row]:
    """Return films: a number, a title, a genre, a year, and a poster."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for genre, words in GENRES.items():
        red, green, blue = (int(value) for value in rng.integers(60, 220, 3))
        for word in words:
            for tail in rng.choice(TAILS, 3, replace=False):
                rows.append({"film": f"F{len(rows):03d}", "title": f"{word} {tail}",
                             "genre": genre, "year": float(rng.integers(1960, 2026)),
                             "poster": _picture(rng, (red, green, blue))})  # fmt: skip
    return rows


def ratings(num_users: int = 160, seed: int = 8) -> list[Row]:
    """Return who saw which film when: each likes one genre, and sequels follow each other."""
    rng, every = np.random.default_rng(seed), films()
    of_genre = {genre: [row["film"] for row in every if row["genre"] == genre] for genre in GENRES}
    rows, first = [], datetime.datetime(2026, 1, 1)
    for user in range(num_users):
        liked = str(rng.choice(list(GENRES)))
        when, seen = first + datetime.timedelta(hours=int(rng.integers(0, 900))), set[str]()
        for _ in range(int(rng.integers(4, 14))):
            genre = liked if rng.random() < 0.8 else str(rng.choice(list(GENRES)))
            left = [film for film in of_genre[genre] if film not in seen]
            if not left:
                continue
            film = left[min(int(rng.geometric(0.25)) - 1, len(left) - 1)]
            seen.add(film)
            when += datetime.timedelta(hours=int(rng.integers(10, 200)))
            rows.append({"user": f"U{user:03d}", "film": film, "when": when.isoformat(" ")})
    return rows
