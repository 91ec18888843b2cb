"""plait caption: what a model hears or sees, when; on sounds and films whose truth is known."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
import srt
import webvtt
from PIL import Image

import plait
from plait.cli import app
from plait.errors import CellError, ColumnError, TableError, TargetError, UsageError
from plait.modalities.audio.wave import encode_wav
from plait.modalities.video.encoding import encode

RATE_HZ = 16_000
PITCH = {"low": 220.0, "high": 1500.0}
COLOUR = {"red": (210, 30, 30), "blue": (30, 40, 200)}


def tone(word, seconds=0.5, seed=0):
    """Return a wave that says a word: low or high."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(seed).normal(size=len(time))
    return (0.4 * np.sin(2 * np.pi * PITCH[word] * time) + 0.002 * noise).astype(np.float32)


def talk(words, pause=0.6):
    """Return WAV bytes of words with pauses, and when each is said."""
    rest = np.random.default_rng(1).normal(0, 0.001, int(pause * RATE_HZ)).astype(np.float32)
    parts, times, now = [rest], [], pause
    for number, word in enumerate(words):
        parts += [tone(word, seed=number), rest]
        times.append((now, now + 0.5))
        now += 0.5 + pause
    return encode_wav(np.concatenate(parts), RATE_HZ), times


def picture(word, seed=0):
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(COLOUR[word], 12, (48, 64, 3)), 0, 255).astype(np.uint8)


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def film(words, *, sound=None):
    """Return the bytes of a film of four frames a second, three seconds a word."""
    frames = np.stack([picture(word, seed) for word in words for seed in range(12)])
    return encode(frames, sound, RATE_HZ, rate_fps=4)


def fitted(rows, **settings):
    return plait.fit(rows, target="word", budget="4 steps", simple=True, **settings)


@pytest.fixture(scope="module")
def hears():
    """A model that tells words by their sound."""
    words = ["low", "high"] * 20
    return fitted([
        {"voice": encode_wav(tone(w, 0.4 + 0.01 * i, i), RATE_HZ), "room": "ab"[i % 2], "word": w}
        for i, w in enumerate(words)
    ])  # fmt: skip


@pytest.fixture(scope="module")
def sees():
    """A model that tells words by their picture."""
    return fitted(
        [{"shot": png(picture(w, i)), "word": w} for i, w in enumerate(["red", "blue"] * 20)]
    )


def test_words_of_a_talk_are_written_when_they_are_said(hears, tmp_path):
    words = ["low", "high", "high", "low", "high"]
    data, times = talk(words)
    (tmp_path / "talk.wav").write_bytes(data)
    out = tmp_path / "talk.srt"
    found = plait.caption(hears, tmp_path / "talk.wav", out=out, given={"room": "a"})
    read = list(srt.parse(out.read_text(encoding="utf8")))
    assert [one.content for one in read] == words and found["pieces"] == 5
    for one, (start, end) in zip(read, times, strict=True):
        assert abs(one.start.total_seconds() - start) < 0.15
        assert one.end.total_seconds() >= end - 0.05
    assert [cue["text"] for cue in found["cues"]] == words and found["too_fast"] == 0
    with pytest.raises(UsageError, match="exists"):
        plait.caption(hears, tmp_path / "talk.wav", out=out)
    plait.caption(hears, tmp_path / "talk.wav", out=tmp_path / "talk.vtt")
    assert [one.text for one in webvtt.read(tmp_path / "talk.vtt")] == words


def test_a_film_is_heard_by_what_hears_and_seen_by_what_sees(hears, sees, tmp_path):
    path = tmp_path / "film.mkv"
    still = np.zeros(RATE_HZ, np.float32)
    wave = np.concatenate([still, tone("high"), still, still, still, tone("low"), still])
    path.write_bytes(film(["red", "blue"], sound=wave))
    seen = plait.caption(sees, path)
    assert [cue["text"] for cue in seen["cues"]] == ["red", "blue"]
    assert [cue["start"] for cue in seen["cues"]] == pytest.approx([0, 3], abs=0.3)
    heard = plait.caption(hears, path)
    assert [cue["text"] for cue in heard["cues"]] == ["high", "low"]
    assert [cue["start"] for cue in heard["cues"]] == pytest.approx([1, 4.5], abs=0.15)
    assert len(plait.caption(sees, path, cut="speech")["cues"]) == 2


def test_a_folder_has_a_caption_for_each_file(sees, tmp_path):
    (tmp_path / "photos" / "trip").mkdir(parents=True)
    for name, word in (("a.png", "red"), ("trip/b.png", "blue")):
        (tmp_path / "photos" / name).write_bytes(png(picture(word, 99)))
    out = tmp_path / "captions.csv"
    assert plait.caption(sees, tmp_path / "photos", out=out)["rows"] == 2
    rows = list(csv.DictReader(out.open(encoding="utf8")))
    assert [(row["file"], row["prediction"]) for row in rows] == [
        ("a.png", "red"),
        ("trip/b.png", "blue"),
    ]
    shown = plait.caption(sees, tmp_path / "photos")["captions"]
    assert [one["prediction"] for one in shown] == ["red", "blue"]


def test_silence_gives_an_empty_file(hears, tmp_path):
    (tmp_path / "still.wav").write_bytes(encode_wav(np.zeros(RATE_HZ, np.float32), RATE_HZ))
    found = plait.caption(hears, tmp_path / "still.wav", out=tmp_path / "still.srt")
    assert found["cues"] == [] and (tmp_path / "still.srt").read_text() == ""


def test_what_does_not_go_together_is_said(hears, sees, tmp_path):
    sound, still = tmp_path / "talk.wav", tmp_path / "film.mkv"
    sound.write_bytes(talk(["low"])[0])
    still.write_bytes(film(["red"]))
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing")
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_text("words")
    wrong = [
        ((sees, sound), {}, ColumnError, "no column or modality 'audio'"),
        ((hears, still), {}, UsageError, "no sound"),
        ((hears, sound), {"cut": "scenes"}, UsageError, "no scenes"),
        ((hears, sound), {"cut": "words"}, UsageError, "unknown way to cut"),
        ((hears, sound), {"out": tmp_path / "a.txt"}, UsageError, "another ending"),
        ((hears, sound), {"longest": 0.1}, UsageError, "too short"),
        ((hears, sound), {"given": {"rooom": "a"}}, ColumnError, "did you mean 'room'"),
        ((hears, tmp_path / "broken.wav"), {}, CellError, "cannot be decoded"),
        ((hears, tmp_path / "missing.wav"), {}, CellError, "missing.wav"),
        ((hears, tmp_path / "note.txt"), {}, UsageError, "no sound and no film"),
        ((hears, tmp_path / "empty"), {}, TableError, "no files that the model takes"),
    ]
    for (model, medium), settings, error, match in wrong:
        with pytest.raises(error, match=match):
            plait.caption(model, medium, **settings)


def test_several_targets_are_asked_one_by_one(tmp_path, capsys):
    rows = [
        {"shot": png(picture(w, i)), "word": w, "bright": float(w == "red")}
        for i, w in enumerate(["red", "blue"] * 20)
    ]
    model = plait.fit(rows, target="word,bright", budget="8s", simple=True)
    (tmp_path / "film.mkv").write_bytes(film(["blue", "red"]))
    with pytest.raises(TargetError, match="several targets"):
        plait.caption(model, tmp_path / "film.mkv")
    found = plait.caption(model["word"], tmp_path / "film.mkv")
    assert [cue["text"] for cue in found["cues"]] == ["blue", "red"]
    assert plait.caption(model, tmp_path / "film.mkv", target="word") == found
    assert plait.caption(model["word"], tmp_path / "film.mkv", target="word") == found
    for one in (model, model["word"]):
        with pytest.raises(ColumnError, match="no target 'shot'"):
            plait.caption(one, tmp_path / "film.mkv", target="shot")
    with pytest.raises(UsageError, match="read without a model") as caught:
        plait.caption(None, tmp_path / "film.mkv", words="speech", target="word")
    assert caught.value.received == "target"
    model.save(tmp_path / "two.plait")
    said = [str(tmp_path / "two.plait"), str(tmp_path / "film.mkv")]
    app(["caption", *said, "--target", "word", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["cues"] == found["cues"]


def test_the_command_prints_writes_and_refuses(hears, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    hears.save("words.plait")
    (tmp_path / "talk.wav").write_bytes(talk(["high", "low"])[0])

    def run(*words):
        try:
            app([*words], standalone_mode=False)
        except SystemExit as stopped:
            return int(stopped.code or 0)
        return 0

    run("caption", "words.plait", "talk.wav")
    shown = capsys.readouterr().out
    assert "high" in shown and "low" in shown and "pieces" in shown
    run("caption", "words.plait", "talk.wav", "--out", "talk.srt", "--json", "--given", "room=b")
    told = json.loads(capsys.readouterr().out)
    assert told["out"] == "talk.srt" and [cue["text"] for cue in told["cues"]] == ["high", "low"]
