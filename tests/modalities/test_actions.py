"""Actions: spaces of names and of numbers, choices among bins, and the network's return to go."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plait.errors import CellError, LimitError, TargetError
from plait.modalities.action.cells import Action, read_action
from plait.modalities.action.codec import ActionCodec
from plait.modalities.action.network import Generate
from plait.modalities.action.space import NUM_BINS, Space
from plait.modalities.trajectory.cells import read_trajectory
from plait.modalities.trajectory.codec import TrajectoryCodec
from plait.nn.conditions import Conditions
from plait.nn.tokens import Tokens
from plait.testing.examples import media
from plait.types import ColumnBatch

BOX = Space((), (-2.0, 0.0), (2.0, 10.0))


def actions(*cells):
    return [read_action(cell) for cell in cells]


def test_cells_are_names_numbers_and_lists():
    assert read_action("left") == Action("left")
    assert read_action(1.0) == read_action("1") == Action("1", (1.0,))
    assert read_action("[0.5, -1]").numbers == (0.5, -1.0)
    assert read_action('{"action": "up"}') == Action("up")
    assert read_action(np.array([0.25])).numbers == (0.25,)
    assert read_action("") is None and read_action(None) is None


@pytest.mark.parametrize("cell", ["[1, ", '["a"]', "[]", True, "inf", {"move": 1}, [float("nan")]])
def test_other_cells_are_refused(cell):
    with pytest.raises(CellError, match="not an action"):
        read_action(cell)


def test_huge_cells_are_refused():
    with pytest.raises(LimitError):
        read_action([0.0] * 1000)
    with pytest.raises(LimitError):
        read_action("x" * 1000)


def test_whole_numbers_are_names_and_others_a_box():
    assert Space.of(actions(2, 0, 10, 2)).labels == ("0", "2", "10")
    assert Space.of(actions("b", "a")).labels == ("a", "b")
    found = Space.of(actions(0.5, -1.0, 2.0))
    assert (found.labels, found.low, found.high) == ((), (-1.0,), (2.0,))
    assert Space.of(actions([0, 1], [2, -1])).low == (0.0, -1.0)
    assert Space.of(actions(*range(100))).low == (0.0,)


def test_encoding_is_turned_back():
    for numbers in ((-2.0, 0.0), (2.0, 10.0), (0.3, 7.5)):
        again = BOX.decode(BOX.encode(Action("", numbers)))
        np.testing.assert_allclose(again.numbers, numbers, atol=1e-5)
    names = Space(("a", "b", "c"))
    assert [names.decode(names.encode(Action(n))).name for n in names.labels] == ["a", "b", "c"]
    assert not names.encode(None).any()


def test_a_number_is_shared_by_two_bins_whose_mean_it_is():
    encoded = BOX.encode(Action("", (0.3, 7.5)))
    shares = BOX.shares(encoded)
    assert shares.shape == (2, NUM_BINS)
    np.testing.assert_allclose(shares.sum(-1), 1.0, atol=1e-5)
    assert ((shares > 0).sum(-1) <= 2).all()
    np.testing.assert_allclose(shares @ np.linspace(-1, 1, NUM_BINS), encoded, atol=1e-5)
    torch.testing.assert_close(BOX.shares(torch.from_numpy(encoded)), torch.from_numpy(shares))


def test_of_two_good_actions_one_is_chosen_not_what_lies_between():
    space = Space((), (-1.0,), (1.0,))
    shares = 0.6 * space.shares(np.float32([0.8])) + 0.4 * space.shares(np.float32([-0.8]))
    chosen = space.choose(np.log(shares + 1e-9))
    assert chosen[0] == pytest.approx(0.8, abs=0.02)


def test_draws_are_as_often_as_they_are_likely():
    space, rng = Space(("a", "b")), np.random.default_rng(0)
    logits = np.log([[0.8, 0.2]])
    drawn = [space.choose(logits, rng, 1.0)[0] for _ in range(500)]
    assert np.mean(drawn) == pytest.approx(0.8, abs=0.06)
    assert space.choose(logits)[0] == 1.0


def test_agreement_is_a_share_of_the_box_and_of_the_best_third():
    codec = ActionCodec(low=(-1.0,), high=(1.0,))
    pairs = [(0.05, 0.0, 0.9), (-1.0, 1.0, 0.2)]
    compared = [
        codec.compare(Action("", (said,)), Action("", (true,), worth))
        for said, true, worth in pairs
    ]
    found = codec.metrics(compared)
    assert found["best_agreement"] == pytest.approx(0.75)
    assert found["agreement"] == pytest.approx((0.75 + 0.0) / 2)


def test_an_action_outside_of_a_declared_space_is_refused():
    codec = ActionCodec(low=(-2.0,), high=(2.0,), declared=True)
    with pytest.raises(CellError, match="outside the space") as caught:
        codec.read(2.5, media())
    assert caught.value.expected == "-2 to 2"
    with pytest.raises(CellError, match="outside the space"):
        ActionCodec(labels=("left", "right")).read("up", media())
    found = ActionCodec(low=(-2.0,), high=(2.0,))
    assert found.prepare(found.read(2.5, media()))["action"][0] == 1.0


def test_one_action_is_nothing_to_decide():
    with pytest.raises(TargetError, match="but one action"):
        ActionCodec().fit(actions("a", "a")).check_target(2)
    with pytest.raises(TargetError, match="but one action"):
        ActionCodec().fit(actions(0.5, 0.5)).check_target(2)


def test_trajectories_keep_the_last_steps_and_their_numbers():
    cell = [{"return_to_go": 9 - t, "x": t, "action": "ab"[t % 2], "step": 4 + t} for t in range(6)]
    raw = read_trajectory(cell)
    assert raw.first == 4 and len(raw.actions) == 5
    codec = TrajectoryCodec(longest=3).fit([raw])
    arrays = codec.prepare(raw)
    np.testing.assert_allclose(arrays["told"][:, 0], [6 / 9, 5 / 9, 4 / 9], atol=1e-6)
    np.testing.assert_allclose(arrays["told"][:, 1], [7 / 10, 8 / 10, 9 / 10], atol=1e-6)
    assert arrays["action"].tolist() == [[0, 1], [1, 0], [0, 0]]


def seen_by(codec, trajectories, head):
    """Return the head's logits of trajectories, each a list of (return to go, x, action)."""
    raws = [
        read_trajectory([{"return_to_go": r, "x": x, "action": a} for r, x, a in one])
        for one in trajectories
    ]
    arrays = [codec.prepare(raw) for raw in raws]
    parts = {n: torch.stack([torch.from_numpy(one[n]) for one in arrays]) for n in arrays[0]}
    num, time = len(raws), len(arrays[0]["told"])
    column = ColumnBatch(
        parts, {"time": torch.full((num,), time)}, torch.ones(num, dtype=torch.bool)
    )
    tokens = Tokens(torch.zeros(num, 1, 32), torch.ones(num, 1).bool(), torch.zeros(num, 1, 2))
    states, _ = head._states(Conditions(tokens, torch.zeros(num, 1, 32), {"before": column}))
    return head._logits(states).detach()


def test_no_step_of_a_trajectory_sees_those_behind_it():
    codec = TrajectoryCodec(
        labels=("a", "b"), numbers=("x",), means=(0.0,), scales=(1.0,), return_scale=1.0
    )
    torch.manual_seed(0)
    head = Generate(ActionCodec(labels=("a", "b"), state_width=1), 32).eval()
    torch.nn.init.normal_(head.encoder.layers[0].out.weight)
    before = [(3, 0.1, "a"), (2, 0.2, "b")]
    first, second, third = seen_by(
        codec,
        [
            [*before, (1, 0.3, "a"), (0, 0.4, "a")],
            [*before, (5, -3.0, "b"), (9, 7.0, "b")],
            [(3, 0.1, "a"), (2, 0.2, "a"), (1, 0.3, "a"), (0, 0.4, "a")],
        ],
        head,
    )
    torch.testing.assert_close(first[:2], second[:2])
    assert not torch.allclose(first[2], second[2])
    # What is done at a step is told from the next one on.
    torch.testing.assert_close(first[:2], third[:2])
    assert not torch.allclose(first[2], third[2])
