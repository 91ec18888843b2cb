"""Items and histories: cells, simple models against their formulas, rankings and their mixes."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from plait.errors import CellError, LimitError
from plait.modalities import Asked, find_codec
from plait.modalities.history.cells import History, read_history
from plait.modalities.item.blend import PARTS, Blend, fit_weights
from plait.modalities.item.catalogue import packed, relatives, unpacked
from plait.modalities.item.naming import code_of, name_of
from plait.modalities.item.rankers import Ease, Followers, ItemNeighbours, LastItem, Popular
from plait.modalities.item.ranking import NEVER, Ranking, mixed, ranked, whole
from plait.modalities.item.relations import as_kept, cosine, dense, ease, strongest
from plait.modalities.item.scoring import WORDS, compared, measured

ITEM, HISTORY = find_codec("item"), find_codec("history")


def catalogue(num, counts=None, *, repeats=False, features=None):
    return SimpleNamespace(
        items=tuple(f"i{n}" for n in range(num)),
        counts=tuple([1] * num if counts is None else counts),
        repeats=repeats,
        features_of_items=np.zeros((num, 0), np.float32) if features is None else features,
    )


def learned(kind, histories, num, **settings):
    model = kind()
    model.begin(catalogue(num, **settings))
    model.learn([np.array(one) for one in histories])
    return model


# Cells


def test_names_are_read_however_a_table_holds_them():
    cells = [" tea ", 17, 17.0, np.int64(17), {"item": 17}, '{"item": "tea"}', "17.0"]
    assert [name_of(one) for one in cells] == ["tea", "17", "17", "17", "17", "tea", "17.0"]
    assert name_of("") is None and name_of(float("nan")) is None
    for wrong in (True, b"x", ["a"], {"name": "a"}, '{"item"', "x" * 501):
        with pytest.raises(CellError):
            name_of(wrong)


def test_codes_are_of_names_alone():
    codes = {code_of(f"i{n}") for n in range(10_000)}
    assert len(codes) == 10_000 and min(codes) > 0 and max(codes) < 2**63


def test_histories_are_put_in_order_with_their_amounts():
    told = json.dumps([{"item": "b", "time": 5, "stars": 3}, {"item": 1, "time": 2, "stars": None}])
    history = read_history(told)
    assert history.items == ("1", "b") and history.times.tolist() == [2, 5]
    assert history.names == ("stars",) and np.isnan(history.amounts[0, 0])
    assert read_history(["x", "y"]).times is None and read_history([]) is None


@pytest.mark.parametrize(
    "wrong", ['[{"thing": 1}]', "tea", '{"item": 1}', 5, '[{"item": 1, "time": "x"}]']
)
def test_what_is_no_history_is_refused(wrong):
    with pytest.raises(CellError):
        read_history(wrong)


def test_a_history_without_an_end_is_refused():
    with pytest.raises(LimitError, match="too long"):
        read_history(["x"] * 100_001)


def test_a_history_is_its_last_items_with_the_gaps_between():
    codec = HISTORY(longest=3)
    histories = [History(tuple("abcd"), np.array([0.0, 10, 20, 50])), History(("a",))]
    codec = codec.fit(histories)
    arrays = codec.prepare(histories[0])
    assert arrays["item"].tolist() == [code_of(name) for name in "bcd"]
    np.testing.assert_allclose(arrays["gap"], [0, np.log1p(1), np.log1p(3)], rtol=1e-6)
    assert codec.prepare(histories[1])["item"].tolist() == [code_of("a")]


# Simple models


def test_ease_is_its_formula_and_solves_its_problem():
    rng = np.random.default_rng(0)
    taken = (rng.random((50, 8)) < 0.4).astype(float)
    weights = ease(taken.T @ taken, 3.0).astype(np.float64)
    assert np.abs(np.diag(weights)).max() == 0
    # Steck 2019, equation 7: the gradient off the diagonal is 0 at the optimum.
    gradient = taken.T @ (taken @ weights - taken) + 3.0 * weights
    np.fill_diagonal(gradient, 0.0)
    assert np.abs(gradient).max() < 1e-4


def test_cosine_of_three_items_by_hand():
    taken = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 0]], float)
    found = cosine(taken.T @ taken)
    assert found[0, 1] == pytest.approx(2 / np.sqrt(3 * 2)) and found[1, 2] == 0
    nearest = cosine(taken.T @ taken, num=1)
    assert (nearest > 0).sum(axis=0).tolist() == [1, 1, 1]


def test_what_follows_the_last_item_is_counted():
    model = learned(LastItem, [[0, 1], [0, 1], [0, 2], [3, 0]], 4)
    scores = np.exp(model.scores([np.array([3, 0]), np.zeros(0, int)]))
    shares = np.array([4.5, 2.5, 1.5, 1.5]) / 10
    np.testing.assert_allclose(scores[0], (np.array([0, 2, 1, 0]) + 5 * shares) / 8, rtol=1e-5)
    np.testing.assert_allclose(scores[1], shares, rtol=1e-5)
    assert model.because(np.array([3, 0]), 1).argmax() == 1


def test_nearer_items_count_more():
    model = learned(Followers, [[0, 1], [2, 3]], 4)
    scores = model.scores([np.array([0, 2]), np.array([2, 0])])
    assert scores[0].argmax() == 3 and scores[1].argmax() == 1


def test_reasons_are_the_items_that_add_most():
    histories = [[0, 1, 4], [0, 1, 4], [2, 3, 5], [2, 3, 5], [0, 1, 2]]
    for kind in (ItemNeighbours, Ease):
        model = learned(kind, histories, 6)
        assert set(model.reasons(["i2", "i0", "gone", "i1"], ["i4", "new"], 2)[0]) == {"i0", "i1"}
        assert model.reasons(["i0"], ["new"], 2) == [[]]


def test_weights_of_a_blend_are_those_of_the_planted_logit():
    rng = np.random.default_rng(0)
    said = rng.normal(size=(4000, 12, 3)).astype(np.float32)
    true = np.array([1.5, -0.7, 0.0])
    chance = np.exp(said @ true)
    chance /= chance.sum(axis=1, keepdims=True)
    right = np.array([rng.choice(12, p=one) for one in chance])
    found = fit_weights(said, np.ones((4000, 12), bool), right)
    np.testing.assert_allclose(found, true, atol=0.08)


def test_items_beyond_those_that_are_known_are_scored_as_their_relatives():
    features = unpacked(packed(np.array([[1, 0], [1, 0.1], [0, 1], [0, 1.0], [1, 0.05]])), 5)
    model = learned(Popular, [[0], [0], [1], [2]], 5, counts=[2, 1, 1, 0, 0], features=features)
    scores = model.scores_of_all([np.zeros(0, int)])[0]
    assert scores[4] > scores[3]
    assert min(scores[0], scores[1]) - 1e-5 <= scores[4] <= max(scores[0], scores[1])
    blank = learned(Popular, [[0], [1]], 3, counts=[1, 1, 0])
    assert blank.scores_of_all([np.zeros(0, int)])[0].argmin() == 2


def test_relatives_are_a_weighted_mean():
    features = np.eye(4, dtype=np.float32)[[0, 1, 0, 1]]
    weights = relatives(features, np.array([True, True, False, False]))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
    assert weights[0].argmax() == 0 and weights[1].argmax() == 1


def test_a_model_is_the_same_once_it_was_kept(tmp_path):
    histories = [np.random.default_rng(n).integers(0, 9, 6) for n in range(30)]
    model = Blend()
    model.begin(catalogue(9, repeats=True))
    for part in model.parts:
        part.learn(histories)
    model.weights = np.array([0.5, 1.0, 0.7, 0.2, 1.5, 0.3])
    model.save(tmp_path)
    again = Blend.load(tmp_path)
    np.testing.assert_array_equal(again.scores_of_all(histories), model.scores_of_all(histories))
    assert again.repeats and again.reasons(["i1"], ["i2"], 1) == model.reasons(["i1"], ["i2"], 1)


def test_the_largest_numbers_are_kept():
    weights = np.random.default_rng(0).normal(size=(5, 40)).astype(np.float32)
    kept = dense("w", strongest("w", weights, 7))
    assert ((kept != 0).sum(axis=1) == 7).all()
    smallest = np.sort(np.abs(weights), axis=1)[:, -7]
    assert (np.abs(weights)[kept != 0].reshape(5, 7).min(axis=1) >= smallest).all()
    np.testing.assert_array_equal(as_kept(kept), kept)


# Rankings


def test_rankings_list_what_is_best_and_share_what_is_left():
    scores = np.log(np.array([[0.5, 0.2, 0.2, 0.1]]))
    (found,) = ranked(scores, most=2)
    assert found["item"].tolist() == [1, 2]
    np.testing.assert_allclose(np.exp(whole(found, 4)), [0.5, 0.2, 0.15, 0.15], rtol=1e-5)
    scores[0, 0] = NEVER
    assert ranked(scores)[0]["item"].tolist() == [2, 3, 4]


def test_a_mix_is_a_product_of_experts():
    first, second = (np.log(np.array([one])) for one in ([0.7, 0.2, 0.1], [0.1, 0.6, 0.3]))
    (found,) = mixed([ranked(first), ranked(second)], [0.5, 0.5], 3)
    shares = np.exp(0.5 * first[0] + 0.5 * second[0])
    shares /= shares.sum()
    np.testing.assert_allclose(np.exp(whole(found, 3)), shares, rtol=1e-4)


def test_metrics_of_three_rows_by_hand():
    pairs = [compared(1, 4, [1, 2]), compared(4, 4, [2, 3]), compared(0, 1, [2])]
    found = measured(pairs, (4, 4, 1, 0), 4)
    assert found["recall_at_10"] == pytest.approx(2 / 3)
    assert found["ndcg_at_10"] == pytest.approx((1 + 1 / np.log2(5)) / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 4) / 3)
    assert found["catalogue_coverage"] == 3 / 4
    assert found["popularity_bias"] == pytest.approx((4 + 4 + 4 + 1 + 4) / 5 / 3)
    assert list(found) == list(WORDS)


def test_an_unknown_item_is_a_miss_and_costs_as_by_chance():
    codec = ITEM(items=("a", "b", "c"), counts=(3, 2, 1))
    said, true = Ranking.of("a", "b", "c"), Ranking.of("new")
    assert codec.metrics([codec.compare(said, true)])["recall_at_10"] == 0
    (ranking,) = ranked(np.zeros((1, 3)))
    assert codec.surprise(ranking, codec.prepare(true)) == pytest.approx(np.log(4))
    assert codec.surprise(ranking, codec.prepare(Ranking.of("b"))) == pytest.approx(np.log(3))


# The network


def head_of(codec, histories):
    torch = pytest.importorskip("torch")
    from plait.data.loader import collate
    from plait.modalities import find_network
    from plait.networks.system import to_tensors
    from plait.nn.conditions import Conditions
    from plait.nn.tokens import Tokens

    torch.manual_seed(0)
    head = find_network("item").Generate(codec, 32)
    reader = HISTORY()
    prepared = [None if one is None else reader.prepare(History(tuple(one))) for one in histories]
    inputs = to_tensors({"history": collate(prepared, reader.layout)})
    num = len(histories)
    tokens = Tokens(torch.zeros(num, 1, 32), torch.ones(num, 1).bool(), torch.zeros(num, 1, 2))
    return head, Conditions(tokens, torch.zeros(num, 1, 32), inputs)


def wanted(codec, names):
    from plait.data.loader import collate
    from plait.networks.system import to_tensors

    values = [codec.prepare(Ranking.of(name)) for name in names]
    return to_tensors({"x": collate(values, codec.layout)})["x"]


def test_the_network_starts_at_popularity_and_leaves_out_what_was_taken():
    codec = ITEM(items=tuple("abcd"), counts=(8, 4, 2, 1))
    head, conditions = head_of(codec, ["b", "cda", None, "abcd"])
    head.eval()
    made = head.generate(conditions, [np.random.default_rng(0)] * 4, Asked())
    order = [[codec.items[n - 1] for n in one["item"]] for one in made]
    assert order[:3] == [["a", "c", "d"], ["b"], ["a", "b", "c", "d"]] and len(order[3]) == 4
    assert head.loss(conditions, wanted(codec, "cbad")).tolist()[1] == pytest.approx(0, abs=1e-4)


def test_the_network_learns_every_step_of_a_history():
    torch = pytest.importorskip("torch")
    codec = ITEM(items=tuple("abcdefgh"), counts=(5,) * 8, repeats=True)
    ring = "abcdefgh" * 3
    histories = [ring[n : n + 12] for n in range(8)]
    head, conditions = head_of(codec, histories)
    target = wanted(codec, [ring[n + 12] for n in range(8)])
    optimizer = torch.optim.Adam(head.parameters(), 5e-3)
    head.train()
    for _ in range(60):
        loss = head.loss(conditions, target).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    head.eval()
    short, asked = head_of(codec, ["ab", "g", "efg"])[1], wanted(codec, "cha")
    assert float(head.loss(short, wanted(codec, "chh")).max().detach()) < 1.0
    assert float(head.loss(short, asked)[2].detach()) > 1.0


def test_the_network_learns_what_the_last_two_items_say_together():
    torch = pytest.importorskip("torch")
    names = "abcdefg"
    codec = ITEM(items=tuple(names), counts=(5,) * 7, repeats=True)
    pairs = [(first, second) for first in range(7) for second in range(7)]

    def follow(first, second, num):
        told = [first, second]
        while len(told) < num:
            told.append((told[-2] + told[-1] + 1) % 7)
        return "".join(names[one] for one in told)

    whole = [follow(*pair, 9) for pair in pairs]
    head, conditions = head_of(codec, [one[:-1] for one in whole])
    target = wanted(codec, [one[-1] for one in whole])
    optimizer = torch.optim.Adam(head.parameters(), 5e-3)
    for _ in range(250):
        loss = head.loss(conditions, target).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    head.eval()
    asked = head_of(codec, [follow(*pair, 2) for pair in pairs])[1]
    made = head.generate(asked, [np.random.default_rng(0)] * 49, Asked())
    right = [
        codec.items[one["item"][0] - 1] == follow(*pair, 3)[-1]
        for one, pair in zip(made, pairs, strict=True)
    ]
    # No chain of single items knows more than one in seven.
    assert np.mean(right) > 0.8


def test_every_model_of_items_has_what_it_promises():
    kinds = [Blend, *PARTS]
    assert not any(kind.__abstractmethods__ for kind in kinds)
    histories = [np.array([0, 1, 2]), np.array([2, 1])]
    for kind in kinds:
        model = kind()
        model.begin(catalogue(4, repeats=True))
        for part in getattr(model, "parts", [model]):
            part.learn(part.within(histories))
        assert model.scores_of_all(histories).shape == (2, 4)
