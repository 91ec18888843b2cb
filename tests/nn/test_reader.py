"""Letters laid out in time: sounds whose letters are known are told apart, and read in order."""

from __future__ import annotations

import numpy as np
import torch

from plait.nn.reader import Letters, Reader, letters_of

CHANNELS, DIM, NUM = 8, 16, 24


def sounds(rng, num):
    """Words, and lines in which each letter is a point of its own, for as long as its number."""
    points = np.random.default_rng(7).normal(size=(6, CHANNELS))
    words = [rng.integers(0, 6, int(rng.integers(2, 6))) for _ in range(num)]
    lines = [np.concatenate([np.repeat(points[[n]], 2 + n, 0) for n in word]) for word in words]
    return words, lines


def batch(words, lines):
    longest = max(map(len, words))
    numbers = torch.tensor([[*word, *[0] * (longest - len(word))] for word in words])
    num = torch.tensor([len(word) for word in words])
    letters = Letters(numbers + ord("a"), num, torch.ones(len(words), dtype=torch.bool))
    places = torch.tensor([len(line) for line in lines])
    padded = np.zeros((len(lines), int(places.max()), CHANNELS), np.float32)
    for row, line in enumerate(lines):
        padded[row, : len(line)] = line
    return letters, torch.from_numpy(padded), places


def reader():
    torch.manual_seed(0)
    return Reader(channels=CHANNELS, dim=DIM, width=32, depth=1)


def trained(steps):
    rng, made = np.random.default_rng(0), reader()
    optimizer = torch.optim.Adam(made.parameters(), lr=5e-3)
    for _ in range(steps):
        letters, lines, places = batch(*sounds(rng, NUM))
        loss = made.learn(letters, torch.zeros(NUM, DIM), lines, places).loss.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return made.eval()


def test_unseen_words_are_read_in_their_order_and_as_long_as_they_should_be():
    made = trained(150)
    words, lines = sounds(np.random.default_rng(1), 20)
    letters, padded, places = batch(words, lines)
    with torch.no_grad():
        read = made.read(letters, torch.zeros(20, DIM), 100)
    assert float((read.num_places - places).abs().float().mean()) < 1.0
    off = []
    for row in range(20):
        num = min(int(read.num_places[row]), int(places[row]))
        rough = read.told[row, :num, -CHANNELS:]
        off.append(float((rough - padded[row, :num]).square().mean()))
    assert np.median(off) < 0.25, off


def test_padding_and_rows_without_letters_change_nothing():
    made = reader().eval()
    words, lines = sounds(np.random.default_rng(2), 3)
    letters, padded, places = batch(words, lines)
    letters = letters._replace(present=torch.tensor([True, True, False]))
    with torch.no_grad():
        both = made.learn(letters, torch.ones(3, DIM), padded, places)
        one = Letters(letters.numbers[:1, : len(words[0])], letters.num[:1], letters.present[:1])
        alone = made.learn(one, torch.ones(1, DIM), padded[:1, : len(lines[0])], places[:1])
    torch.testing.assert_close(both.loss[:1], alone.loss, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(both.told[:1, : len(lines[0])], alone.told, rtol=1e-4, atol=1e-4)
    assert not both.told[2].any() and float(both.loss[2]) == 0


def test_more_letters_than_places_teach_nothing():
    letters, padded, places = batch([np.arange(5)], [np.ones((4, CHANNELS))])
    with torch.no_grad():
        found = reader().learn(letters, torch.zeros(1, DIM), padded, places)
    assert float(found.loss) == 0 and not found.told.any()


def test_no_more_places_are_read_than_there_may_be():
    letters, _, _ = batch([np.arange(5)] * 2, [np.ones((9, CHANNELS))] * 2)
    letters = letters._replace(present=torch.tensor([True, False]))
    found = reader().read(letters, torch.zeros(2, DIM), 6)
    assert found.num_places.tolist() == [6, 0] and found.told.shape[1] == 6
    assert not found.told[1].any()


def test_letters_are_small():
    data = torch.tensor([list("aBZé".encode())], dtype=torch.uint8)
    found = letters_of(data, torch.tensor([5]), torch.tensor([True]))
    assert bytes(found.numbers[0].tolist()).decode() == "abzé"
