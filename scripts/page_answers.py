"""Makes the pages of README's small pictures: a question, subtitles, a forecast, boxes drawn."""

from __future__ import annotations

import base64
import html
import io
import json
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import page_tables
import plait
from plait.data.table import read
from plait.demo import stickers
from plait.errors import FrontEndError
from plait.modalities.audio.wave import decode
from plait.modalities.boxes.drawing import COLOURS
from plait.modalities.video.encoding import encode

WIDTH = 860
STYLE = """
body{margin:0;padding:22px 26px;background:#fff;color:#1d2330;
  font:16px/1.45 system-ui,"Helvetica Neue",Arial,sans-serif}
pre,code{font:14px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;white-space:pre-wrap;margin:0}
pre{background:#f3f5f9;border-radius:8px;padding:12px 14px}
.row{display:flex;gap:22px;align-items:flex-start;margin-top:14px}
.row>div{flex:1;min-width:0} img{display:block;border-radius:8px;border:1px solid #d5dae4}
small{color:#525c70} b.said{font-size:20px} figure{margin:0;position:relative}
.cue{position:absolute;left:0;right:0;bottom:10px;text-align:center;color:#fff;font-weight:600}
.cue span{background:#000b;padding:3px 10px;border-radius:5px}
"""
FILM = ("palm tree", "treasure chest", "tropical fish", "motor boat", "shopping bags")
RATE_HZ, SCENE_SECONDS, FILM_PX = 16_000, 2.5, (320, 240)
SHOWN_BEFORE = 56
"""Days of the past that a forecast is drawn behind."""

LEAST_SCORE, LONGEST_NAME = 0.4, 16
"""Of a box that is drawn."""


def make_answer(name: str, out: Path, budget: str) -> Path | None:
    """Return a page that shows a verb's answer, made anew; its bundle is fitted once.

    None where something is not installed, which is said.

    Args:
        name: One of `ANSWERS`.
        out: Folder of bundles and pages.
        budget: Of the fit.
    """
    page = out / f"{name}.html"
    try:
        body = "".join(ANSWERS[name](out, budget))
    except FrontEndError as error:
        print(f"{name} was not made: {error}")
        return None
    head = f'<!doctype html><html lang="en"><meta charset="utf8"><style>{STYLE}</style>'
    page.write_text(f"{head}<body>{body}</body></html>", encoding="utf8")
    return page


def _question(out: Path, budget: str) -> Iterator[str]:
    """Ask three questions of two pictures."""
    model = _fitted(out / "question.plait", page_tables.shapes, budget, target="answer",
                    columns={"answer": "text"}, baselines=False)  # fmt: skip
    new = page_tables.shapes(40, seed=77)
    picked = [next(r["image"] for r in new if r["answer"] == one) for one in ("triangle", "yellow")]
    questions = ("what shape is in the picture?", "is the shape green?", "is the shape blue?")
    yield '<code>plait ask shapes.plait --image picture.png "what shape is in the picture?"</code>'
    yield '<div class="row">'
    for picture in picked:
        answer = model.predict([{"image": picture, "question": one} for one in questions]).columns
        said = zip(questions, answer["prediction"], answer["confidence"], strict=True)
        lines = "".join(
            f"<p style='margin:0 0 8px'><small>{html.escape(question)}</small><br>"
            f"<b class=said>{html.escape(str(text))}</b> <small>sure: {sure:.0%}</small></p>"
            for question, text, sure in said
        )
        yield f"<div>{_image(picture, 150)}</div><div>{lines}</div>"
    yield "</div>"


def _subtitle(out: Path, budget: str) -> Iterator[str]:
    """Write the words of a film of stickers whose names are spoken."""
    film, srt = out / "stickers.mkv", out / "stickers.srt"
    frames = _film(film)
    plait.caption(None, film, words="speech", language="en", out=srt, force=True, progress=False)
    written = srt.read_text(encoding="utf8").strip()
    shown = " ".join(written.split("\n\n")[1].splitlines()[2:])
    cue = f'<div class="cue"><span>{html.escape(shown)}</span></div>'
    yield "<code>plait caption stickers.mkv --words speech --out stickers.srt</code>"
    yield f'<div class="row"><figure>{_image(_png(frames[1]), 430)}{cue}</figure>'
    yield f"<div><pre>{html.escape(written)}</pre></div></div>"


def _film(place: Path) -> list[np.ndarray]:
    """Write a film in which each sticker is shown while its name is said; return its scenes."""
    table = read(stickers(), columns={"voice": "audio"})
    names, media = table.column("name"), table.media()
    scenes, waves = [], []
    for name in FILM:
        row = names.index(name)
        cells = {column: table.column(column, [row])[0] for column in ("image", "voice")}
        sticker = Image.open(io.BytesIO(media.read_bytes(cells["image"]))).convert("RGB")
        scene = Image.new("RGB", FILM_PX, (255, 255, 255))
        scene.paste(sticker.resize((180, 180), Image.Resampling.LANCZOS), (70, 14))
        scenes.append(np.asarray(scene))
        said = decode(media.read_bytes(cells["voice"]), rate_hz=RATE_HZ, max_seconds=SCENE_SECONDS)
        wave = np.zeros(int(SCENE_SECONDS * RATE_HZ), np.float32)
        wave[RATE_HZ // 2 : RATE_HZ // 2 + len(said)] = said[: len(wave) - RATE_HZ // 2]
        waves.append(wave)
    frames = np.repeat(np.stack(scenes), int(SCENE_SECONDS * 4), axis=0)
    place.write_bytes(encode(frames, np.concatenate(waves), RATE_HZ, rate_fps=4))
    return scenes


def _forecast(out: Path, budget: str) -> Iterator[str]:
    """Draw four weeks ahead, their intervals, and what came."""
    rows = page_tables.sales()
    days = sorted({row["day"] for row in rows})
    past = [row for row in rows if row["day"] < days[-28]]
    settings = {"horizon": 28, "time": "day", "group": "shop", "simple": True}
    model = _fitted(out / "forecast.plait", lambda: past, budget, target="sold", **settings)
    ahead = model.predict(past).columns
    yield "<code>plait fit sales.csv --target sold --horizon 28 --time day --group shop</code>"
    place = [row for row, shop in enumerate(ahead["shop"]) if shop == "market"]
    low, said, high = ([float(ahead[name][row]) for row in place]
                       for name in ("sold_q05", "sold", "sold_q95"))  # fmt: skip
    true = [row["sold"] for row in rows if row["shop"] == "market"][-28 - SHOWN_BEFORE :]
    yield _chart(true, low, said, high, days[-28 - SHOWN_BEFORE :])
    yield (
        "<small>What one of three shops sold a day: <b style='color:#1d2330'>what came</b>, "
        "<b style='color:#1f63b5'>the forecast</b> of the last 28 days and its 90 % interval."
        "</small>"
    )


def _chart(
    true: Sequence[float],
    low: Sequence[float],
    said: Sequence[float],
    high: Sequence[float],
    days: Sequence[str],
) -> str:
    """Return an SVG: lines of what was and is said, a band, the axis in days."""
    width, height, left, bottom = WIDTH - 52, 250, 44, 26
    top = 1.06 * max(*true, *high)

    def at(day: int, value: float) -> str:
        x = left + (width - left) * day / (len(true) - 1)
        return f"{x:.1f},{(height - bottom) * (1 - value / top):.1f}"

    start = len(true) - len(said)
    band = [at(start + i, v) for i, v in enumerate(high)]
    band += [at(start + i, v) for i, v in reversed(list(enumerate(low)))]
    ticks = "".join(
        f'<text x="{left - 8}" y="{(height - bottom) * (1 - v / top) + 5:.0f}" '
        f'text-anchor="end">{v}</text>'
        f'<path d="M{at(0, v)} L{at(len(true) - 1, v)}" stroke="#e3e7ef"/>'
        for v in range(0, int(top), 25)
    )
    dates = "".join(
        f'<text x="{at(day, 0).split(",")[0]}" y="{height - 6}" '
        f'text-anchor="middle">{days[day][5:]}</text>'
        for day in range(7, len(true) - 3, 14)
    )
    lines = [(true, 0, "#1d2330", 1.6), (said, start, "#1f63b5", 2.6)]
    drawn = "".join(
        f'<polyline points="{" ".join(at(first + i, v) for i, v in enumerate(values))}" '
        f'fill="none" stroke="{colour}" stroke-width="{thick}"/>'
        for values, first, colour, thick in lines
    )
    return (
        f'<svg width="{width}" height="{height}" style="display:block;margin:14px 0 4px" '
        f'font-size="13" fill="#525c70">{ticks}{dates}'
        f'<polygon points="{" ".join(band)}" fill="#1f63b5" opacity=".2"/>{drawn}</svg>'
    )


def _boxes(out: Path, budget: str) -> Iterator[str]:
    """Draw what a detector finds in two pictures that it never saw."""
    from benchmarks.data.scattered import scattered

    every = scattered().to_pylist()
    rows = [{name: row[name] for name in ("picture", "boxes", "split")} for row in every]
    learned = [row for row in rows if row["split"] != "test"]
    model = _fitted(out / "boxes.plait", lambda: learned, budget, target="boxes", split="split",
                    columns={"picture": "image", "boxes": "boxes"}, baselines=False)  # fmt: skip
    new = [row for row in rows if row["split"] == "test"][:12]
    crowded = sorted(new, key=lambda row: -len(json.loads(row["boxes"])))[:2]
    found = model.predict([{"picture": row["picture"]} for row in crowded]).columns["prediction"]
    yield "<code>plait predict stickers.plait new.csv --out boxes.json</code>"
    yield '<div class="row">'
    for row, boxes in zip(crowded, found, strict=True):
        yield f"<div>{_drawn(row['picture'], _boxes_of(boxes))}</div>"
    yield "</div>"


def _boxes_of(said: Any) -> list[dict[str, Any]]:
    told = json.loads(said) if isinstance(said, str) else said
    return [box for box in told["boxes"] if box.get("score", 1.0) >= LEAST_SCORE]


def _drawn(picture: bytes, boxes: Sequence[dict[str, Any]]) -> str:
    width, height = Image.open(io.BytesIO(picture)).size
    shown = 390
    kinds = sorted({box["class"] for box in boxes})
    marks = []
    for box in boxes:
        left, top, wide, high = (box[side] for side in ("x", "y", "width", "height"))
        colour = COLOURS[kinds.index(box["class"]) % len(COLOURS)]
        called = textwrap.shorten(box["class"], LONGEST_NAME, placeholder=" …")
        name = html.escape(f"{called} {box.get('score', 1.0):.0%}")
        room = 4.9 * len(name)
        x, y = min(left, width - room), top - 2 if top > 11 else top + high + 9
        marks.append(
            f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" fill="none" '
            f'stroke="{colour}" stroke-width="1.8"/><rect x="{x}" y="{y - 8.5}" width="{room}" '
            f'height="11" fill="{colour}"/><text x="{x + 2}" y="{y}" fill="#fff" '
            f'font-size="8.2">{name}</text>'
        )
    return (
        f'<figure>{_image(picture, shown)}<svg viewBox="0 0 {width} {height}" width="{shown}" '
        f'height="{shown * height // width}" style="position:absolute;left:1px;top:1px">'
        f"{''.join(marks)}</svg></figure>"
    )


def _fitted(bundle: Path, rows: Callable[[], Any], budget: str, **settings: Any) -> plait.Model:
    if not bundle.exists():
        columns = settings.pop("columns", {})
        plait.fit(plait.read(rows(), columns=columns), budget=budget, out=bundle, **settings)
    return plait.load(bundle)


def _image(data: bytes, width: int) -> str:
    told = base64.b64encode(data).decode()
    return f'<img src="data:image/png;base64,{told}" width="{width}" alt="">'


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


ANSWERS: dict[str, Callable[[Path, str], Iterator[str]]] = {
    "question": _question,
    "subtitle": _subtitle,
    "forecast": _forecast,
    "boxes": _boxes,
}
"""Name of a picture -> what makes its page."""
