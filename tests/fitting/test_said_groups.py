"""A problem keeps the groups that were said, however many copies are found across them."""

import numpy as np

from plait import read
from plait.fitting.setup.fit_settings import Rows
from plait.fitting.setup.problem import make_problem
from plait.modalities.audio.wave import encode_wav
from plait.progress import SILENT

RATE = 16_000
WORDS = {
    "one": ((400, 1000), (600, 1400)),
    "two": ((300, 2200), (350, 900)),
    "six": ((380, 1900), (2800, 4000)),
    "ten": ((500, 1700), (450, 1300)),
}


def spoken(word: str, speaker: int, rng: np.random.Generator) -> bytes:
    """Two glides of two formants over a voice's pitch: one take, in a speaker's own tract."""
    tract, pitch = 0.85 + 0.1 * speaker, (90 + 45 * speaker) * rng.uniform(0.93, 1.07)
    parts = []
    for formants in WORDS[word]:
        num = int(rng.uniform(0.14, 0.24) * RATE)
        time = np.arange(num) / RATE
        glide = rng.uniform(0.9, 1.1) * np.linspace(rng.uniform(0.93, 1.07), 1.0, num)
        voice = 1 + 0.6 * np.sin(2 * np.pi * pitch * time)
        swell = np.hanning(num) ** rng.uniform(0.4, 0.8)
        tones = [np.sin(2 * np.pi * np.cumsum(tract * f * glide) / RATE) for f in formants]
        parts.append(swell * voice * (tones[0] + rng.uniform(0.3, 0.7) * tones[1]))
    wave = np.concatenate(parts)
    wave = 0.3 * wave / np.abs(wave).max() + rng.normal(0, 2e-3, len(wave))
    return encode_wav(wave.astype(np.float32), RATE)


def make(rows, group):
    data = read(rows, columns="sound=audio,word=category")
    return make_problem(
        data,
        target="word",
        exclude=(),
        seed=0,
        progress=SILENT,
        rows=Rows(group=group),
    )


def recordings(num_takes: int) -> list[dict]:
    rng = np.random.default_rng(0)
    return [
        {"sound": spoken(word, speaker, rng), "word": word, "speaker": f"s{speaker}"}
        for speaker in range(4)
        for word in WORDS
        for _ in range(num_takes)
    ]


def test_takes_of_short_words_are_not_copies_of_other_words_or_speakers():
    rows = recordings(12)
    problem = make(rows, group=None)
    units = {}
    for row, unit in zip(rows, problem.copies.tolist(), strict=True):
        units.setdefault(unit, set()).add((row["word"], row["speaker"]))
    assert max(map(len, units.values())) == 1 and len(units) > 150


def test_a_group_is_kept_though_the_same_file_is_in_two():
    rows = recordings(4)
    rows[20]["sound"] = rows[0]["sound"]
    problem = make(rows, group="speaker")
    assert problem.copies[0] == problem.copies[20] and problem.groups[0] != problem.groups[20]
    speakers = np.array([row["speaker"] for row in rows])
    assert len(set(problem.groups.tolist())) == 4
    assert all(len(set(problem.groups[speakers == one].tolist())) == 1 for one in set(speakers))
    assert "1 near-duplicate lies in another 'speaker'" in problem.notes[0]
    learned = set(speakers[problem.splits.train])
    assert not learned & set(speakers[problem.splits.test])
