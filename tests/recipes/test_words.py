"""plait caption --words: by front ends of twenty lines, on media whose truth is known."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
import srt
from PIL import Image

import plait
from plait.cli import run
from plait.errors import CellError, ColumnError, FrontEndError, UsageError
from plait.front_ends import RATE_HZ, Readiness, TextFound, add_front_end, registry
from plait.modalities.audio.wave import encode_wav
from plait.modalities.video.encoding import encode
from plait.recipes import doctor

PITCH = {"low": 220.0, "high": 1500.0}
COLOUR = {"red": (210, 30, 30), "blue": (30, 40, 200), "": (90, 90, 90)}


class Ears:
    """Hears low and high tones of half a second."""

    name, reads, purpose = "ears", "audio", "tones"

    def readiness(self, language=None):
        return Readiness(weights="none needed", licence="none")

    def read(self, pieces, *, language=None):
        for wave in pieces:
            loud = np.flatnonzero(np.abs(wave) > 0.1)
            starts = loud[np.flatnonzero(np.diff(loud, prepend=-RATE_HZ) > RATE_HZ // 10)]
            words = []
            for start in starts:
                tone = wave[start : start + RATE_HZ // 4]
                pitch = np.abs(np.fft.rfft(tone)).argmax() * RATE_HZ / len(tone)
                word = min(PITCH, key=lambda name: abs(PITCH[name] - pitch))
                start = start / RATE_HZ
                early = max(start - 0.4, 0.0)  # as Whisper is, after a pause
                words.append(TextFound(text=word, confidence=1.0, start=early, end=start + 0.5))
            yield words


class Eyes:
    """Names the colour of pictures; counts how many it was shown."""

    name, reads, purpose = "eyes", "image", "colours"

    def __init__(self):
        self.num = 0

    def readiness(self, language=None):
        return Readiness(lacks="glasses", mend="wear them") if language == "nl" else Readiness()

    def read(self, pieces, *, language=None):
        for pixels in pieces:
            self.num += 1
            mean = pixels.reshape(-1, 3).mean(axis=0)
            word = min(COLOUR, key=lambda name: np.abs(mean - COLOUR[name]).sum())
            yield [TextFound(text=word, confidence=1.0, box=(0, 0, 8, 8))] if word else []


@pytest.fixture(autouse=True)
def eyes(monkeypatch):
    monkeypatch.setattr(registry, "_KNOWN", dict(registry._KNOWN))
    seen = Eyes()
    add_front_end(Ears())
    add_front_end(seen)
    return seen


def talk(words, pause=0.9):
    """Return a wave of words with pauses, and when each begins."""
    rest = np.random.default_rng(1).normal(0, 0.001, int(pause * RATE_HZ)).astype(np.float32)
    time = np.arange(RATE_HZ // 2) / RATE_HZ
    parts, starts = [rest], []
    for place, word in enumerate(words):
        starts.append(pause + place * (0.5 + pause))
        parts += [(0.4 * np.sin(2 * np.pi * PITCH[word] * time)).astype(np.float32), rest]
    return np.concatenate(parts), starts


def film(words, *, sound=None):
    """Return a film of four frames a second, three seconds a word."""
    frames = [np.full((48, 64, 3), COLOUR[word], np.uint8) for word in words for _ in range(12)]
    return encode(np.stack(frames), sound, RATE_HZ, rate_fps=4)


def png(word):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), COLOUR[word]).save(buffer, format="PNG")
    return buffer.getvalue()


def test_words_stand_when_they_are_said(tmp_path):
    words = ["low", "high", "high", "low"] * 8  # longer than what is heard at once
    wave, starts = talk(words)
    (tmp_path / "talk.wav").write_bytes(encode_wav(wave, RATE_HZ))
    out = tmp_path / "talk.srt"
    found = plait.caption(None, tmp_path / "talk.wav", words="ears", out=out)
    read = list(srt.parse(out.read_text(encoding="utf8")))
    assert [one.content for one in read] == words and found["pieces"] == len(words)
    assert [one.start.total_seconds() for one in read] == pytest.approx(starts, abs=0.12)
    with pytest.raises(UsageError, match="exists"):
        plait.caption(None, tmp_path / "talk.wav", words="ears", out=out)


def test_a_film_is_heard_and_what_does_not_change_is_read_once(tmp_path, eyes):
    wave, starts = talk(["high", "low"], pause=2.0)
    (tmp_path / "film.mkv").write_bytes(film(["red", "", "blue"], sound=wave))
    heard = plait.caption(None, tmp_path / "film.mkv", words="ears")["cues"]
    assert [cue["text"] for cue in heard] == ["high", "low"]
    assert [cue["start"] for cue in heard] == pytest.approx(starts, abs=0.12)
    seen = plait.caption(None, tmp_path / "film.mkv", words="eyes")["cues"]
    assert [cue["text"] for cue in seen] == ["red", "blue"] and eyes.num == 3
    assert [cue["start"] for cue in seen] == pytest.approx([0, 6], abs=0.6)


def test_a_folder_and_a_table_get_a_column_of_words(tmp_path):
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "a.wav").write_bytes(encode_wav(talk(["low", "high"])[0], RATE_HZ))
    (clips / "b.mkv").write_bytes(film(["red"]))
    (clips / "c.png").write_bytes(png("blue"))
    found = plait.caption(None, clips, words="ears")
    assert [(one["file"], one["prediction"]) for one in found["captions"]] == [
        ("a.wav", "low high"),
        ("b.mkv", ""),
    ]
    assert found["unread"] == 1 and "no sound" in found["notes"][0]
    out = tmp_path / "seen.csv"
    assert plait.caption(None, clips, words="eyes", out=out)["rows"] == 2
    assert [(r["file"], r["eyes"]) for r in csv.DictReader(out.open())] == [
        ("b.mkv", "red"),
        ("c.png", "blue"),
    ]
    (tmp_path / "shop.csv").write_text(
        "clip,price\nclips/a.wav,3\n,4\nclips/missing.wav,5\n" + "clips/a.wav,6\n" * 9
    )
    told = plait.caption(None, tmp_path / "shop.csv", words="ears", out=tmp_path / "said.csv")
    rows = list(csv.DictReader((tmp_path / "said.csv").open()))
    assert [row["clip_ears"] for row in rows] == ["low high", "", ""] + ["low high"] * 9
    assert rows[0]["price"] == "3" and told["unread"] == 1 and "does not exist" in told["notes"][0]
    assert plait.read(tmp_path / "said.csv").schema["clip_ears"].modality == "category"


def test_what_does_not_go_together_is_said(tmp_path, capsys):
    sound, still = tmp_path / "talk.wav", tmp_path / "film.mkv"
    sound.write_bytes(encode_wav(talk(["low"])[0], RATE_HZ))
    still.write_bytes(film(["red"]))
    (tmp_path / "numbers.csv").write_text("price\n1.5\n2.5\n")
    (tmp_path / "sounds.csv").write_text("clip\n" + "talk.wav\nother.wav\n" * 5)
    (tmp_path / "other.wav").write_bytes(encode_wav(talk(["high"])[0], RATE_HZ))
    (tmp_path / "empty").mkdir()
    wrong = [
        (sound, {"words": "eyes"}, UsageError, "no colours in this kind of file"),
        (still, {"words": "ears"}, CellError, "the film has no sound"),
        (still, {"words": "eyes", "language": "nl"}, FrontEndError, "wear them"),
        (sound, {"words": "ear"}, UsageError, "did you mean 'ears'"),
        (sound, {"words": "ears", "out": tmp_path / "a.txt"}, UsageError, "another ending"),
        (sound, {"words": "ears", "longest": 0.1}, UsageError, "too short"),
        (sound, {"words": "ears", "beam": 4}, UsageError, "without a model"),
        (sound, {}, UsageError, "no bundle"),
        (tmp_path / "missing.wav", {"words": "ears"}, CellError, "missing.wav"),
        (tmp_path / "numbers.csv", {"words": "ears"}, ColumnError, "no column"),
        (tmp_path / "sounds.csv", {"words": "ears"}, UsageError, "written to a file"),
        (tmp_path / "empty", {"words": "ears"}, UsageError, "nothing here"),
    ]
    for medium, settings, error, match in wrong:
        with pytest.raises(error, match=match):
            plait.caption(None, medium, **settings)


def test_the_command_writes_words_without_a_bundle(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talk.wav").write_bytes(encode_wav(talk(["high", "low"])[0], RATE_HZ))
    assert run(["caption", "talk.wav", "--words", "ears", "--out", "talk.vtt", "--json"]) == 0
    assert [cue["text"] for cue in json.loads(capsys.readouterr().out)["cues"]] == ["high", "low"]
    assert run(["caption", "talk.wav", "--words", "ears"]) == 0
    assert "high" in capsys.readouterr().out
    assert run(["caption", "words.plait", "talk.wav", "--words", "ears"]) == 2
    assert "without a model" in capsys.readouterr().err
    assert run(["caption", "talk.wav"]) == 2
    assert "a medium is missing" in capsys.readouterr().err


def test_the_doctor_names_what_reads_words_and_what_it_lacks():
    checks = {check.name: check for check in doctor.look_at_front_ends()}
    assert checks["words: ears"].status == "ok" and "tones" in checks["words: ears"].found
    assert {"words: speech", "words: screen"} <= set(checks)
    for check in checks.values():
        assert check.status == "ok" or check.mend
