"""What front ends lack is said with what mends it; those that are installed read real words."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from plait.errors import FrontEndError, UsageError
from plait.front_ends import front_end_named, screen, speech
from plait.front_ends.contract import RATE_HZ
from plait.front_ends.whisper_weights import WhisperWeights


def lacks_packages(monkeypatch, module, *names):
    there = importlib.util.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name in names else there(name))


def test_a_package_that_is_not_installed_comes_with_its_command(monkeypatch):
    lacks_packages(monkeypatch, speech, "faster_whisper")
    lacks_packages(monkeypatch, screen, "rapidocr", "onnxruntime")
    with pytest.raises(FrontEndError, match="faster-whisper is not installed") as found:
        front_end_named("speech")
    assert "[speech]" in str(found.value.hint)
    with pytest.raises(FrontEndError, match="rapidocr and onnxruntime are not") as found:
        front_end_named("screen")
    assert "[screen]" in str(found.value.hint)
    with pytest.raises(UsageError, match="did you mean 'speech'"):
        front_end_named("speach")


def test_weights_that_are_missing_or_know_no_dutch_are_said(monkeypatch, tmp_path):
    monkeypatch.setattr(speech, "find_spec", lambda name: name)
    monkeypatch.setattr(speech, "looks_nowhere", lambda: False)
    monkeypatch.setattr(speech, "find_whisper", lambda: ())
    with pytest.raises(FrontEndError, match="no weights of Whisper") as found:
        front_end_named("speech")
    assert "$PLAIT_ENCODERS" in str(found.value.hint)
    english = WhisperWeights(
        name="tiny.en", place="here", licence="MIT", files=(tmp_path,), beside=tmp_path,
        multilingual=False, num_bytes=1,
    )  # fmt: skip
    monkeypatch.setattr(speech, "find_whisper", lambda: (english,))
    with pytest.raises(FrontEndError, match="English alone, not 'nl'"):
        front_end_named("speech", "nl")
    ready = front_end_named("speech", "en").readiness("en")
    assert (ready.lacks, ready.weights, ready.licence) == ("", "tiny.en (here)", "MIT")


def test_where_nothing_is_looked_for_that_is_said(monkeypatch):
    monkeypatch.setattr(speech, "find_spec", lambda name: name)
    with pytest.raises(FrontEndError, match="is 'none'") as found:
        front_end_named("speech")
    assert found.value.hint == "unset PLAIT_ENCODERS"


def test_looking_at_front_ends_loads_neither_torch_nor_them():
    code = (
        "import sys, plait.front_ends as f; [one.readiness() for one in f.front_ends()]; "
        "print({'torch', 'faster_whisper', 'rapidocr', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_rapidocr_reads_lines_in_order(monkeypatch):
    pytest.importorskip("rapidocr", reason="plait[screen] is not installed")
    picture = Image.new("RGB", (640, 360), (30, 60, 90))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=40)
    for height, text in ((60, "Welcome aboard"), (220, "Deck seven")):
        draw.text((60, height), text, font=font, fill="white")
    blank = Image.new("RGB", (640, 360), (30, 60, 90))
    one = front_end_named("screen")
    lines, nothing = one.read([np.asarray(picture), np.asarray(blank)])
    assert [line.text for line in lines] == ["Welcome aboard", "Deck seven"] and nothing == []
    left, top, width, height = lines[1].box
    assert 40 < left < 70 and 205 < top < 235 and 150 < width < 240 and 25 < height < 60
    with pytest.raises(UsageError, match="whatever language"):
        list(one.read([np.asarray(blank)], language="nl"))


def test_whisper_hears_nothing_in_silence(monkeypatch):
    pytest.importorskip("faster_whisper", reason="plait[speech] is not installed")
    monkeypatch.setenv("PLAIT_ENCODERS", "")
    if speech.Speech().readiness().lacks:
        pytest.skip("no weights of Whisper here")
    one = front_end_named("speech")
    assert list(one.read([np.zeros(RATE_HZ, np.float32)], language="en")) == [[]]
    with pytest.raises(UsageError, match="does not know this language"):
        list(one.read([np.zeros(RATE_HZ, np.float32)], language="xx"))
