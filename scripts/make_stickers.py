"""Makes the demo data: emoji pictures, their names and tags, and the names spoken by a machine.

Run it with ``python scripts/make_stickers.py``. It needs

- npm, which packs ``openmoji`` 17.0.0 (CC BY-SA 4.0) into the cache folder;
- espeak-ng 1.51 (GPL-3.0-or-later; Debian package ``espeak-ng``), which speaks the names;
- ``pip install resvg-py==0.5.0`` (MIT; resvg itself MPL-2.0), which draws the vector pictures;
- pillow, soundfile, soxr and pyarrow, which plait has anyway.

The same versions give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
import soxr
from PIL import Image

from ogg_pages import with_serial

OPENMOJI = "openmoji@17.0.0"
DEMO = Path(__file__).parent.parent / "src" / "plait" / "demo"
CACHE = Path(__file__).parent.parent / "benchmarks" / "cache" / "stickers"

GROUPS = (
    "activities",
    "animals-nature",
    "food-drink",
    "objects",
    "people-body",
    "smileys-emotion",
    "symbols",
    "travel-places",
)
GROUP_WORD = re.compile(
    r"\b(activit(y|ies)|animals?|nature|foods?|drinks?|objects?|people|persons?|body"
    r"|smileys?|emotions?|symbols?|travel|places?)\b"
)
GENDERED = re.compile(r"^(man|woman|men|women|boy|girl)[ :,]|[:,] (man|woman|men|women)\b")
CLOCK_FACE = re.compile(r"(o’clock|-thirty)$")

NUM_TAGS = 6
SIDE_PX = 64
NUM_COLOURS = 48
RATE_HZ = 16_000
OPUS_LEVEL = 0.955
SHARE_MISSING = 0.15
FRACTIONS = {"train": 0.70, "validation": 0.15, "test": 0.15}
# espeak-ng voice+variant, words per minute, pitch. No speaker is in two splits.
SPEAKERS = {
    "train": [
        ("en-us+m1", 165, 50),
        ("en-us+f1", 170, 55),
        ("en-gb+m2", 160, 40),
        ("en-gb+f2", 175, 60),
        ("en-gb-scotland+m3", 165, 45),
        ("en-029+f3", 160, 50),
        ("en-gb-x-rp+m4", 170, 35),
        ("en-us+f4", 180, 65),
        ("en-gb-x-gbclan+m5", 160, 55),
        ("en-gb-x-gbcwmd+klatt", 165, 50),
        ("en-us+Annie", 170, 45),
        ("en-gb+Andy", 175, 50),
    ],
    "validation": [("en-us+m7", 170, 45), ("en-gb-x-rp+f5", 165, 55), ("en-029+Michael", 165, 50)],
    "test": [
        ("en-gb+Alex", 165, 50),
        ("en-us+belinda", 170, 50),
        ("en-gb-scotland+Diogo", 165, 45),
    ],
}


def main() -> None:
    """Make stickers.parquet and its licence file, and print what they hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=DEMO, help="folder of the two files")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of the packed package")
    arguments = parser.parse_args()
    package = fetch_openmoji(arguments.cache)
    items = choose_items(
        json.loads((package / "data" / "openmoji.json").read_text(encoding="utf-8"))
    )
    rows = [row_of(item, package) for item in items]
    path = arguments.out / "stickers.parquet"
    write_table(assign_splits(rows), path)
    (arguments.out / "stickers.LICENCE.txt").write_text(licence_text(items), encoding="utf-8")
    table = pq.read_table(path)
    print(f"{path.name}: {table.num_rows} rows, {path.stat().st_size / 1e6:.2f} MB")
    print("groups:", dict(sorted(Counter(table["group"].to_pylist()).items())))
    print("splits:", dict(Counter(table["split"].to_pylist())))
    print("missing:", {name: table[name].null_count for name in table.column_names})


def fetch_openmoji(cache: Path) -> Path:
    """Return the unpacked npm package, packing it into `cache` unless it is there."""
    cache.mkdir(parents=True, exist_ok=True)
    package = cache / "package"
    if not (package / "data" / "openmoji.json").is_file():
        subprocess.run(["npm", "pack", OPENMOJI, "--silent"], cwd=cache, check=True)
        with tarfile.open(next(cache.glob("openmoji-*.tgz"))) as archive:
            archive.extractall(cache, filter="data")
    return package


def choose_items(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep one picture per idea: no skin tones, gendered twins or 24 clock faces."""
    return [
        entry
        for entry in entries
        if entry["group"] in GROUPS
        and not entry["skintone"]
        and not GENDERED.search(entry["annotation"])
        and not CLOCK_FACE.search(entry["annotation"])
    ]


def row_of(entry: dict[str, Any], package: Path) -> dict[str, Any]:
    """Return an item's row, all but split, speaker and voice."""
    svg = (package / "color" / "svg" / f"{entry['hexcode']}.svg").read_text("utf-8")
    return {
        "id": entry["hexcode"],
        "image": draw(svg),
        "name": entry["annotation"],
        "tags": tags_of(entry),
        "group": entry["group"],
        "subgroup": entry["subgroups"],
    }


def tags_of(entry: dict[str, Any]) -> str | None:
    """Return up to six tags that repeat neither the name nor the word of any group."""
    known = set(words(entry["annotation"]))
    tags = [tag.strip() for tag in f"{entry['tags']}, {entry['openmoji_tags']}".split(",")]
    new = [tag for tag in dict.fromkeys(tags) if tag and not known & set(words(tag))]
    kept = [tag for tag in new if not GROUP_WORD.search(tag.lower())]
    ranked = sorted(kept, key=lambda tag: chance("tag", entry["hexcode"], tag))
    return ", ".join(sorted(ranked[:NUM_TAGS])) or None


def words(text: str) -> list[str]:
    """Split into lower-case words, with the singular beside a plural."""
    found = re.findall(r"\w+", text.lower())
    return found + [word[:-1] for word in found if word.endswith("s")]


def draw(svg: str) -> bytes:
    """Rasterise a vector picture on white into a small palette PNG."""
    import resvg_py

    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=SIDE_PX * 3, height=SIDE_PX * 3)
    picture = Image.open(io.BytesIO(bytes(drawn))).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(white, picture).convert("RGB")
    small = flat.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.quantize(NUM_COLOURS, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def assign_splits(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Split each group 70/15/15 by item, speak the names, and leave realistic gaps."""
    done = []
    for group in GROUPS:
        members = [row for row in rows if row["group"] == group]
        members.sort(key=lambda row: chance("split", row["id"]))
        for place, row in enumerate(members):
            split = split_at((place + 0.5) / len(members))
            done.append(leave_gaps(row | speak_row(row, split) | {"split": split}))
    return sorted(done, key=lambda row: chance("order", row["id"]))


def split_at(share: float) -> str:
    """Return the split in which the given share of a group's items falls."""
    if share < FRACTIONS["train"]:
        return "train"
    return "validation" if share < FRACTIONS["train"] + FRACTIONS["validation"] else "test"


def speak_row(row: dict[str, Any], split: str) -> dict[str, Any]:
    """Return the spoken name and who spoke it; voices are dealt out by the item's identity."""
    speakers = SPEAKERS[split]
    voice, speed, pitch = speakers[int(chance("speaker", row["id"]) * len(speakers))]
    return {"voice": speak(row["name"], voice, speed, pitch), "speaker": voice}


def leave_gaps(row: dict[str, Any]) -> dict[str, Any]:
    """Blank each of picture, name, tags and voice now and then, but never all of them."""
    columns = ["image", "name", "tags", "voice"]
    gaps = [name for name in columns if chance("gap", name, row["id"]) < SHARE_MISSING]
    if len(gaps) == len(columns):
        gaps.remove("image")
    changed = row | dict.fromkeys(gaps)
    return changed | {"speaker": row["speaker"] if changed["voice"] else None}


def speak(text: str, voice: str, speed: int, pitch: int) -> bytes:
    """Return the spoken text as mono Ogg Opus at 16 kHz, trimmed and of even loudness."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    spoken = subprocess.run(command, capture_output=True, check=True).stdout
    wave, rate = soundfile.read(io.BytesIO(spoken), dtype="float32")
    wave = soxr.resample(wave, rate, RATE_HZ, quality="HQ")
    loud = np.flatnonzero(np.abs(wave) > 0.01)
    wave = wave[max(loud[0] - 320, 0) : loud[-1] + 800]
    wave = wave * (0.7 / np.abs(wave).max())
    buffer = io.BytesIO()
    soundfile.write(
        buffer, wave, RATE_HZ, format="OGG", subtype="OPUS", compression_level=OPUS_LEVEL
    )
    return with_serial(buffer.getvalue(), 1)


def chance(*key: str) -> float:
    """Return a number in [0, 1) that depends only on the key."""
    digest = hashlib.sha256("/".join(key).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def write_table(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the rows as one Parquet file, whole or not at all."""
    texts = ("name", "tags", "speaker", "group", "subgroup", "split")
    kinds = {"id": pa.string(), "image": pa.binary(), "voice": pa.binary()}
    order = ("id", "image", "name", "tags", "voice", "speaker", "group", "subgroup", "split")
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in order])
    if set(order) != set(kinds) | set(texts):
        raise ValueError("a column has no type")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    pq.write_table(
        pa.Table.from_pylist(rows, schema), partial, compression="zstd", row_group_size=512
    )
    shutil.move(partial, path)


def licence_text(items: list[dict[str, Any]]) -> str:
    """Return the licence and attribution that travel with the data."""
    authors = sorted({entry["openmoji_author"].strip() for entry in items} - {""})
    return LICENCE.format(package=OPENMOJI, authors=", ".join(authors))


LICENCE = """\
stickers.parquet: demonstration data of plait

Pictures (column image)
  All emojis designed by OpenMoji, the open-source emoji and icon project.
  License: CC BY-SA 4.0, https://creativecommons.org/licenses/by-sa/4.0/
  Source: {package} on npm, https://openmoji.org
  Changed by us: drawn at 64 x 64 pixels on white, with at most 48 colours.
  Drawn by: {authors}.

Words (columns name, tags, group, subgroup)
  OpenMoji's data file (CC BY-SA 4.0), whose English names and tags come from the Unicode CLDR
  (Unicode License v3, https://www.unicode.org/license.txt).
  Changed by us: tags that repeat a word of the name or of a group were left out, six at most kept.

Voices (columns voice, speaker)
  Synthetic: no person spoke. The names were spoken by espeak-ng 1.51 with its English voices and
  voice variants (column speaker), and coded as 16 kHz Ogg Opus. espeak-ng is free software under
  the GNU GPL 3.0 or later; the licence covers the program, not the sounds that it makes.

As an adaptation of OpenMoji, this file as a whole is under CC BY-SA 4.0. It is data beside plait,
whose code is under Apache-2.0.

What was left out or blanked
  Skin tones, gendered twins of the same picture, clock faces, flags and components were left out.
  Of picture, name, tags and voice, about 15 % each were blanked at random, as gaps occur in
  real tables. Items are split 70/15/15 by item within each group; the speakers of validation and
  test are heard nowhere else. subgroup names the group all but openly: leave it out of the inputs.
"""


if __name__ == "__main__":
    main()
