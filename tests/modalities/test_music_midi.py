"""MIDI files: read alike when written, by other writers too, refused when broken or too large."""

import io
import sys

import mido
import numpy as np
import pytest

from plait.errors import CellError, ExtraError, LimitError
from plait.modalities.music import midi
from plait.modalities.music.tune import DRUMS, made_tune


def scale(**given):
    rows = [(24 * i + 12, 24, 60 + i, 84 if i % 2 else 44, 0) for i in range(12)]
    return made_tune(rows, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"metres": [(0, 4, 4)]},
        {"metres": [(0, 3, 4), (72, 5, 8), (132, 3, 4)], "key": (3, "min"), "tempo": 92},
        {"metres": [(0, 6, 8)], "key": (-2, "dor"), "tempo": 60},
        {"metres": [], "key": (0, "maj")},
    ],
)
def test_what_is_written_reads_alike(given):
    one = scale(**given)
    assert midi.read_midi(midi.write_midi(one)) == one


def test_programs_and_drums_keep_their_channels():
    rows = [(12 * i, 12, 40 + i, 100, program) for i, program in enumerate([0, 33, DRUMS, 33, 73])]
    one = made_tune(rows, [(0, 4, 4)])
    assert midi.read_midi(midi.write_midi(one)) == one
    many = made_tune([(0, 12, 30 + i, 84, i) for i in range(40)], [(0, 4, 4)])
    assert midi.read_midi(midi.write_midi(many)) == many


def test_a_file_of_another_writer_lies_on_the_grid():
    file = mido.MidiFile(type=0, ticks_per_beat=96)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("key_signature", key="Em", time=0))
    for pitch, wait in ((64, 1), (67, 2)):
        track.append(mido.Message("note_on", note=pitch, velocity=70, time=wait))
        track.append(mido.Message("note_on", note=pitch, velocity=0, time=94))
    track.append(mido.Message("note_on", note=71, velocity=70, time=2))
    track.append(mido.MetaMessage("end_of_track", time=48))
    found = midi.read_midi(saved(file))
    assert found.notes[:, :3].tolist() == [[0, 24, 64], [24, 24, 67], [48, 12, 71]]
    assert (found.metres, found.key, found.tempo) == (((0, 4, 4),), (1, "min"), None)


def saved(file):
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def test_silence_before_the_first_bar_is_left_out():
    late = made_tune([(96 * 3 + 24, 24, 60, 84, 0)], [(0, 4, 4)])
    assert late.notes[0, 0] == 24


def test_broken_files_are_refused():
    data = midi.write_midi(scale(metres=[(0, 4, 4)]))
    rng = np.random.default_rng(0)
    for size in (4, 10, 20, len(data) // 2):
        with pytest.raises(CellError, match="MIDI"):
            midi.read_midi(data[:size])
    for _ in range(200):
        damaged = bytearray(data)
        for place in rng.integers(4, len(data), 3):
            damaged[place] = rng.integers(256)
        try:
            midi.read_midi(bytes(damaged))
        except CellError as error:
            assert error.what


def test_files_beyond_the_limits_are_refused(monkeypatch):
    monkeypatch.setattr(midi, "MOST_EVENTS", 10)
    with pytest.raises(LimitError, match="too many events"):
        midi.read_midi(midi.write_midi(scale(metres=[(0, 4, 4)])))
    far = made_tune([(0, 24, 60, 84, 0), (24 * 9000, 24, 60, 84, 0)], [(0, 4, 4)], tempo=60)
    with pytest.raises(LimitError):
        midi.read_midi(midi.write_midi(far))


def test_without_mido_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mido", None)
    with pytest.raises(ExtraError, match="needs the extra 'music'"):
        midi.write_midi(scale())
