"""Lines in time reach the heads that ask: from columns, and from columns whose stems did their
work already; and closed sets of answers are heard, too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plait.data.collation import collate
from plait.modalities.audio.codec import AudioCodec
from plait.modalities.target import Asked
from plait.modalities.text.codec import TextCodec
from plait.networks.config import SIZES
from plait.networks.embedded import Embedded
from plait.networks.heads import Heads
from plait.networks.system import to_tensors

WORDS = ["abba", "cab", "bacca", "bac"]


def target(**settings):
    codec = TextCodec(**settings).as_target().fit(WORDS * 3)
    return codec.fit_beside([codec.prepare(word) for word in WORDS], np.array([8, 8, 9, 6]))


def network_and_batch(codec):
    torch.manual_seed(0)
    rng, sound = np.random.default_rng(0), AudioCodec(max_seconds=0.5, lined=True)
    network = Heads({"sound": sound}, {"word": codec}, SIZES["tiny"]).eval()
    waves = [rng.normal(0, 0.1, 4000 + 500 * row).astype(np.float32) for row in range(len(WORDS))]
    values = [*map(sound.prepare, waves[:-1]), None]
    batch = to_tensors({"sound": collate(values, sound.layout)})
    words = [codec.prepare(word) for word in WORDS]
    return network, batch, to_tensors({"word": collate(words, codec.layout)})


def test_a_line_is_the_same_where_stems_did_their_work_before():
    network, batch, wanted = network_and_batch(target(most_answers=0))
    column, encoder = batch["sound"], network.encoder
    done = Embedded(
        {},
        {},
        column.present,
        tokens=encoder.tokens(batch)["sound"],
        line=encoder.lines(batch)["sound"],
    )
    assert network.lined and network.offered(batch).line.present.tolist() == [True] * 3 + [False]
    losses = network(batch, wanted)["word"]
    torch.testing.assert_close(network({"sound": done}, wanted)["word"], losses)
    some = torch.tensor([2, 0])
    part = network.offered({"sound": done.take(some)}).line
    torch.testing.assert_close(part.values, network.offered(batch).line.values[some])
    hidden = network.offered(batch, torch.zeros(4, 1, dtype=torch.bool)).line
    assert hidden.present.tolist() == [False] * 4 and hidden.values.eq(0).all()


@pytest.mark.parametrize("most_answers", [0, 99])
def test_what_spelling_counts_is_settled_by_rows_held_out(most_answers):
    codec = target(most_answers=most_answers)
    assert bool(codec.answers) == bool(most_answers) and codec.known == tuple(sorted(WORDS))
    network, batch, wanted = network_and_batch(codec)
    head = network.head("word")
    conditions = network.conditions("word", network.encode(batch), batch, network.offered(batch))
    head.settle([(conditions, wanted["word"])])
    assert 0 <= float(head.spelling) <= 1
    head.spelling.fill_(1.0)
    rngs = [np.random.default_rng(row) for row in range(len(WORDS))]
    with torch.inference_mode():
        for asked in (Asked(), Asked(beam=12), Asked(temperature=1.0)):
            made = head.generate(conditions, rngs, asked)
            assert all(isinstance(codec.decode(one), str) for one in made)
            assert all(np.isfinite(one["sureness"]) for one in made)
        alone = conditions.take(torch.tensor([0]))
        last = [*head.stream(alone, rngs[0], Asked())][-1]
        assert codec.decode(last) == codec.decode(head.generate(conditions, rngs, Asked())[0])
