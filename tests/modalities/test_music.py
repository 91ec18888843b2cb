"""Tunes as events: the grammar keeps bars, counts foretell, sounds are what they say."""

import numpy as np
import pytest
import torch

from plait.data.loader import collate
from plait.modalities import Media
from plait.modalities.music.codec import MusicCodec
from plait.modalities.music.drawing import described
from plait.modalities.music.echo import MOST_ALIKE, Echo
from plait.modalities.music.events import KIND_OF, NUM_EVENTS, Kind, event_of
from plait.modalities.music.exports import exported
from plait.modalities.music.grammar import Walk, legal_of
from plait.modalities.music.kneser_ney import BEFORE, ORDER, KneserNey
from plait.modalities.music.network import Composing, Generate
from plait.modalities.music.scoring import held_bars
from plait.modalities.music.synthesiser import RATE_HZ, rendered
from plait.modalities.music.tune import made_tune
from plait.modalities.music.writing import events_of, tune_of
from plait.networks.system import to_tensors
from plait.nn.conditions import Conditions
from plait.nn.tokens import Tokens
from plait.testing.network import awake
from plait.types import ColumnSample

NOWHERE = Media(None)  # type: ignore[arg-type]


def polyphonic(seed):
    rng = np.random.default_rng(seed)
    rows, at = [], int(rng.integers(0, 60))
    for _ in range(40):
        for program in rng.choice([0, 33, 128], int(rng.integers(1, 4)), replace=False):
            steps = int(rng.choice([4, 6, 12, 24, 96, 700]))
            rows.append((at, steps, int(rng.integers(30, 90)), int(rng.integers(128)), program))
        at += int(rng.choice([6, 12, 24, 100]))
    metres = [(0, 4, 4), (192, 3, 4), (264, 7, 8)] if seed % 2 else [(0, 6, 8)]
    return made_tune(rows, metres, (seed % 15 - 7, "maj"), 100)


@pytest.mark.parametrize("seed", range(8))
def test_events_are_legal_and_turn_back_into_the_tune(seed):
    tune = polyphonic(seed)
    events, walk = events_of(tune), Walk()
    for number in events:
        place = np.array(walk.told())
        assert legal_of(place, np.array([number]))[0], event_of(number)
        walk.take(event_of(number))
    assert tune_of(events) == tune


def test_pitches_are_told_from_the_tonic():
    rows = [(24 * i, 24, 60 + step, 84, 0) for i, step in enumerate([0, 4, 7, 12])]
    up = [(onset, steps, pitch + 2, *rest) for onset, steps, pitch, *rest in rows]
    first = events_of(made_tune(rows, [(0, 4, 4)], (0, "maj")))
    second = events_of(made_tune(up, [(0, 4, 4)], (2, "maj")))
    assert [a == b for a, b in zip(first, second, strict=True)].count(False) == 1


def test_whatever_the_grammar_allows_keeps_its_bars():
    """Events drawn by lot: each bar begins where the one before is full, none is overfull."""
    rng = np.random.default_rng(3)
    every = np.arange(NUM_EVENTS)
    for _ in range(6):
        walk, events = Walk(), []
        while len(events) < 150:
            legal = np.flatnonzero(legal_of(np.array(walk.told()), every))
            kinds = sorted({KIND_OF[i] for i in legal} - {Kind.END})
            kind = kinds[rng.integers(len(kinds))]
            number = int(rng.choice([i for i in legal if KIND_OF[i] == kind]))
            if kind == Kind.BAR and walk.num_bars:
                assert walk.time >= walk.start + walk.bar
            events.append(number)
            walk.take(event_of(number))
        tune = tune_of(events)
        starts = [start for start, _, _ in tune.bars()]
        assert len(tune) and tune_of(events_of(tune)) == tune
        assert all(starts[i] < starts[i + 1] for i in range(len(starts) - 1))


def test_echo_finds_the_longest_run_that_came_before():
    rng = np.random.default_rng(1)
    events = rng.integers(1, 4, 80).tolist()
    echo = Echo()
    for place, event in enumerate(events):
        echo.follow(event)
        best = (0, 0)
        for other in range(place):
            run = 0
            while run <= min(other, MOST_ALIKE - 1) and events[other - run] == events[place - run]:
                run += 1
            best = max(best, (run, other))
        assert echo.alike == best[0]
        assert echo.again == (events[best[1] + 1] if best[0] else 0)


def test_kneser_ney_by_hand_and_in_sum():
    """Of one order's counts, the discounts and shares that the formula gives."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, 6, 30).tolist() for _ in range(40)]
    model = KneserNey.learned(sequences, 8)
    for before in ([], [1], [5, 5, 5, 5, 5], [7, 7], sequences[0][:9]):
        assert model.shares(before).sum() == pytest.approx(1.0)
        assert (model.shares(before) > 0).all()
    counts = {}
    for one in sequences:
        padded = [BEFORE] * (ORDER - 1) + one
        for i in range(len(one)):
            gram = tuple(padded[i : i + ORDER])
            counts[gram] = counts.get(gram, 0) + 1
    n = [sum(num == k for num in counts.values()) for k in range(5)]
    y = n[1] / (n[1] + 2 * n[2])
    less = [0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
    context = tuple(sequences[0][3:7])
    after = {gram[-1]: num for gram, num in counts.items() if gram[:-1] == context}
    total = sum(after.values())
    rest = sum(less[min(num, 3)] for num in after.values()) / total
    shorter = model.shares([6, *context[1:]])
    for event in range(8):
        num = after.get(event, 0)
        own = max(num - less[min(num, 3)], 0) / total
        assert model.shares(list(context))[event] == pytest.approx(own + rest * shorter[event])


def test_a_rule_of_four_events_is_foretold():
    rule = [0, 1, 2, 0, 1, 3] * 30
    assert KneserNey.learned([rule], 4).shares([1, 3, 0, 1])[2] > 0.9
    assert KneserNey.learned([rule], 4).shares([1, 2, 0, 1])[3] > 0.9


def test_what_is_foretold_at_once_is_foretold_event_by_event():
    """So no event is told anything of those behind it."""
    torch.manual_seed(0)
    raws = [polyphonic(seed) for seed in (1, 2)]
    codec = MusicCodec().as_target().fit(raws)
    head = awake(Generate(codec, 32)).eval()
    torch.nn.init.constant_(head.decoder.out.bias[head.words.other :], -60.0)  # none but known ones
    tokens = Tokens(torch.randn(2, 3, 32), torch.ones(2, 3, dtype=torch.bool), torch.zeros(2, 3, 2))
    conditions = Conditions(tokens, torch.randn(2, head.num_queries, 32))
    column = collate([codec.prepare(raw) for raw in raws], codec.layout)
    with torch.no_grad():
        at_once = head.losses(conditions, to_tensors({"x": column})["x"])
        for row, raw in enumerate(raws):
            events = codec.prepare(raw)["events"].tolist()
            composing = Composing(head.decoder, head.words, conditions.take(slice(row, row + 1)))
            last = torch.zeros(1, dtype=torch.long)
            for place, number in enumerate(head.words.numbers(events).tolist()):
                said = composing.follow(last).log_softmax(-1)[0, number]
                assert float(at_once[row, place] + said) == pytest.approx(0.0, abs=1e-3)
                last = torch.tensor([number])
            assert composing.events[0] == events[:-1]


def test_columns_of_tunes_are_detected_and_words_are_not():
    codec = MusicCodec()
    rng = np.random.default_rng(0)
    texts = [codec.example(rng) for _ in range(5)]
    for values, sure in (
        (texts, 1.0),
        (["a.mid", "b/c.MIDI", "d.abc"], 1.0),
        ([b"MThd\0\0\0\6"], 1.0),
        (["a jig in K: D", "X marks", "c-e-g", "M: 4/4"], 0.0),
    ):
        assert codec.detect(ColumnSample("x", values, len(values), len(values))) == sure


def test_transposing_keeps_the_key_with_the_pitches():
    codec = MusicCodec()
    rows = [(24 * i, 24, pitch, 84, 0) for i, pitch in enumerate([60, 64, 67, 65, 62, 59, 60])]
    for key in ((0, "maj"), None):
        arrays = codec.prepare(made_tune(rows, [(0, 4, 4)], key))
        seen = set()
        for seed in range(30):
            other = codec.decode(codec.augment(arrays, np.random.default_rng(seed)))
            steps = other.notes[:, 2] - np.array([row[2] for row in rows])
            assert (steps == steps[0]).all() and (other.key is None) == (key is None)
            assert key is None or (7 * other.key[0]) % 12 == steps[0] % 12
            seen.add(int(steps[0]))
        assert len(seen) > 5


def test_one_bar_is_told_in_the_singular():
    first = made_tune([(0, 24, 60, 80, 0)], [(0, 4, 4)])
    later = made_tune([(0, 24, 60, 80, 0), (100, 24, 62, 80, 0)], [(0, 4, 4)])
    assert ", 1 bar," in described(first) and ", 2 bars," in described(later)


def test_bars_that_a_note_reaches_over_do_not_hold():
    rows = [(0, 96, 60, 84, 0), (96, 48, 60, 84, 0), (144, 96, 62, 84, 0), (288, 96, 60, 84, 0),
            (384, 96, 60, 84, 0)]  # fmt: skip
    assert held_bars(made_tune(rows, [(0, 4, 4)])) == (1, 3)


def test_what_is_rendered_has_the_pitch_and_length_of_its_note():
    wave = rendered(made_tune([(0, 48, 69, 100, 0)], [(0, 4, 4)], None, 120))
    assert len(wave) == pytest.approx(1.06 * RATE_HZ, abs=2)
    loudest = np.abs(np.fft.rfft(wave)).argmax() * RATE_HZ / len(wave)
    assert loudest == pytest.approx(440, abs=1)
    assert np.abs(wave).max() == pytest.approx(0.6, abs=1e-3)


def test_tunes_are_exported_as_a_book_and_as_sounds():
    tune = made_tune([(0, 24, 60, 84, 0)], [(0, 4, 4)], (0, "maj"), 120)
    book = exported("abc", [tune, None, tune], ["a", "b", "c"])[""].decode()
    assert book.count("K:C") == 2 and "T:c" in book and "X:3" in book
    sounds = exported("wav", [tune, None, tune], ["a", "b", "c"])
    assert list(sounds) == ["000000.wav", "000002.wav"]
    assert all(data[:4] == b"RIFF" for data in sounds.values())


def test_near_duplicates_are_one_tune_in_another_key_with_few_other_notes():
    codec, rng = MusicCodec(), np.random.default_rng(4)
    pitches = rng.integers(58, 75, 40)
    lengths = rng.choice([12, 24, 36], 40)
    onsets = np.cumsum(lengths) - lengths

    def tune(pitches, steps=1):
        rows = np.stack([onsets * steps, lengths * steps, pitches], 1)
        return made_tune([(*map(int, row), 84, 0) for row in rows], [(0, 4, 4)])

    first = codec.fingerprint(tune(pitches))
    changed = pitches + 5
    changed[7] += 1
    for other in (tune(pitches + 3), tune(pitches, 2), tune(changed)):
        print_ = codec.fingerprint(other)
        apart = np.unpackbits(
            np.frombuffer(first.code, np.uint8) ^ np.frombuffer(print_.code, np.uint8)
        )
        assert codec.alike(first.sketch, print_.sketch) and apart.sum() <= 64
    assert not codec.alike(first.sketch, codec.fingerprint(tune(rng.permutation(pitches))).sketch)


def test_a_tune_without_notes_is_missing():
    assert MusicCodec().read("X:1\nK:C\nz4 |", NOWHERE) is None
