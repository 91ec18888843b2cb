"""Music as a target: what is asked for is composed, continued, and written for other tools."""

from __future__ import annotations

import re

import numpy as np
import pytest

import plait
from plait.modalities import Media
from plait.modalities.music.abc_writing import write_abc
from plait.modalities.music.codec import MusicCodec
from plait.modalities.music.scoring import held_bars
from plait.modalities.music.tune import made_tune
from plait.modalities.music.writing import events_of

SCALE = np.array([60, 62, 64, 65, 67, 69, 71, 72])


def rows(num, seed=0):
    """Waltzes of quarters in 3/4 and marches of halves in 4/4; all go up, or down, as they open."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(num):
        kind, up = str(rng.choice(["waltz", "march"])), bool(rng.integers(2))
        beats, steps = (3, 24) if kind == "waltz" else (4, 48)
        each = beats * 24 // steps
        places = np.arange(4 * each) // each + np.arange(4 * each) % each
        pitches = SCALE[places if up else 7 - places]
        notes = [(i * steps, steps, int(pitch), 84, 0) for i, pitch in enumerate(pitches)]
        metre = [(0, beats, 4)]
        opening = write_abc(made_tune(notes[:each], metre, (0, "maj")))
        tune = write_abc(made_tune(notes, metre, (0, "maj")))
        found.append({"kind": kind, "opening": opening, "tune": tune})
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    out = tmp_path_factory.mktemp("music") / "tunes.plait"
    table = [{**row, "opening": None} if i % 7 == 3 else row for i, row in enumerate(rows(120))]
    return plait.fit(table, target="tune", budget="60 steps", seed=1, out=out, progress=False)


def made(model, asked, **given):
    cells = model.predict(asked, progress=False, **given).columns["prediction"]
    assert all(cell.ending == ".mid" for cell in cells)
    return [MusicCodec().read(cell, Media(".")) for cell in cells]


def goes_up(tune):
    return bool(tune.notes[-1, 2] > tune.notes[0, 2])


def test_a_tune_is_composed_in_the_metre_that_is_asked(model):
    asked = rows(20, seed=5)
    told = model.records["metrics"]
    assert told["shipped"] == "deep" and {"five_gram", "nearest"} <= {
        one["name"] for one in told["candidates"]
    }
    tunes = made(model, [{"kind": row["kind"]} for row in asked], temperature=1.0)
    beats = [3 if row["kind"] == "waltz" else 4 for row in asked]
    assert np.mean([tune.metres[0][1] == num for tune, num in zip(tunes, beats, strict=True)]) > 0.8
    held, num = np.sum([held_bars(tune) for tune in tunes], axis=0)
    assert held >= 0.95 * num


def test_rows_held_out_choose_how_warm_tunes_are_drawn(model):
    usual, asked = model.generator.temperature, [{"kind": "waltz"}, {"kind": "march"}]
    assert usual in MusicCodec.temperatures
    notes = [one for one in model.records["metrics"]["notes"] if "drawn at temperature" in one]
    assert len(notes) == 1 and f"temperature {usual:g} where none is asked: likeness" in notes[0]
    unsaid = made(model, asked)
    assert [events_of(one) for one in unsaid] == [
        events_of(one) for one in made(model, asked, temperature=usual)
    ]
    again = plait.load(model.path)
    assert again.generator.temperature == usual
    assert [events_of(one) for one in made(again, asked)] == [events_of(one) for one in unsaid]


def test_tunes_of_one_call_differ(model):
    found = plait.generate(model, kind="waltz", n=6, seed=3)
    assert len({one.content for one in found["prediction"]}) == 6 or "differ" in found.notes[0]


def test_an_opening_is_continued(model):
    """It goes up or down as it began, of which no other column tells."""
    asked = rows(20, seed=6)
    inputs = [{"kind": row["kind"], "opening": row["opening"]} for row in asked]
    codec = MusicCodec()
    true = [codec.read(row["tune"], Media(".")) for row in asked]
    right = [
        goes_up(one) == goes_up(other) for one, other in zip(made(model, inputs), true, strict=True)
    ]
    assert np.mean(right) > 0.8


def test_a_tune_that_is_begun_with_is_gone_on_with(model, tmp_path):
    asked = rows(1, seed=8)[0]
    opening = MusicCodec().read(asked["opening"], Media("."))
    plait.generate(
        model, kind=asked["kind"], begin=asked["opening"], n=2, out=tmp_path / "on.mid", each=True
    )
    files = sorted(tmp_path.glob("on*.mid"))
    assert len(files) == 2
    for path in files:
        tune = MusicCodec().read(path.read_bytes(), Media("."))
        assert len(tune) > len(opening)
        assert (tune.notes[: len(opening)] == opening.notes).all()


def test_tunes_go_out_as_a_book_and_as_sounds(model, tmp_path):
    asked = [{"kind": row["kind"]} for row in rows(3, seed=7)]
    plait.predict(model, asked, out=tmp_path / "made.abc", progress=False)
    book = (tmp_path / "made.abc").read_text()
    texts = re.split(r"(?m)^(?=X:)", book)[1:]
    found = [MusicCodec().read(text, Media(".")) for text in texts]
    assert [events_of(one) for one in found] == [events_of(one) for one in made(model, asked)]
    plait.predict(model, asked, out=tmp_path / "sounds", format="wav", progress=False)
    assert len(list((tmp_path / "sounds").glob("*.wav"))) == 3
    plait.predict(model, asked, out=tmp_path / "made.csv", progress=False)
    assert len(list((tmp_path / "made.files").glob("*.mid"))) == 3
