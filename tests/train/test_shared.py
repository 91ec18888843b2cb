"""Learning without labels: it learns, resumes to the bit, and its teacher follows slowly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plait.data.contents import content_numbers
from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_table
from plait.data.table import read
from plait.networks.config import SystemConfig
from plait.networks.space import Space
from plait.networks.system import to_tensors
from plait.networks.torch_runners import embed_input_columns
from plait.train.budget import Budget
from plait.train.checkpoint import load_checkpoint
from plait.train.config import TrainConfig
from plait.train.loop import train
from plait.train.shared import Shared, SharedConfig, SharedLearner

NAMES = ("size", "kind", "note")
TINY = SystemConfig(dim=16, depth=1, num_heads=2, join=1)
ALIGNED = SharedConfig(views=0.0, latent=0.0, bank_size=0)
EVERYTHING = SharedConfig(bank_size=16)


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def prepared():
    """Two columns that say the same in other words, and a third in which rows have gaps."""
    kinds = [f"k{i}" for i in range(12)]
    words = ["fir", "oak", "elm", "ash", "yew", "bay", "fig", "tea", "rye", "hop", "pea", "nut"]
    rows = [
        {
            "size": float(i % 12),
            "kind": None if i % 7 == 6 else kinds[i % 12],
            "note": None if i % 5 == 4 else f"{words[i % 12]} tree",
        }
        for i in range(96)
    ]
    table = read(rows, columns="size=number,kind=category,note=text")
    return prepare_table(table, fit_codecs(table, NAMES, np.arange(96)))


def objective(prepared, config=EVERYTHING, *, names=NAMES, seed=0):
    torch.manual_seed(seed)
    codecs = {name: prepared.columns[name].codec for name in names}
    input_columns = {name: (name,) for name in names}
    learner = SharedLearner(Space(codecs, TINY, input_columns), config, num_others=16)
    return Shared(
        learner, prepared, rows=np.arange(72), rows_validation=np.arange(72, 96),
        units=np.arange(96), config=config,
        contents={name: content_numbers(prepared, [name]) for name in names},
    )  # fmt: skip


def run(prepared, folder=None, notify=None, *, config=EVERYTHING, steps=16, **settings):
    made = objective(prepared, config)
    result = train(
        made, budget=Budget(steps, "steps"), folder=folder, notify=notify,
        config=TrainConfig(batch_size=16, save_seconds=0.0, **settings),
    )  # fmt: skip
    return made, result


def views(made, rows):
    arrays = {name: made.prepared.columns[name].gather(rows) for name in made.columns}
    return tuple(to_tensors(arrays) for _ in made.views)


@pytest.mark.parametrize("config", [EVERYTHING, ALIGNED], ids=["everything", "aligned"])
def test_an_interrupted_run_ends_with_the_same_weights(prepared, config, tmp_path):
    def stop(share, note):
        if share >= 0.5:
            raise Killed

    whole = run(prepared, tmp_path / "whole", config=config)[0].module.state_dict()
    with pytest.raises(Killed):
        run(prepared, tmp_path / "parts", stop, config=config)
    assert load_checkpoint(tmp_path / "parts")[1]["done"] is False
    resumed = run(prepared, tmp_path / "parts", config=config)[0].module.state_dict()
    assert whole.keys() == resumed.keys() and any("teacher" in name for name in whole)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_the_loss_falls_and_retrieval_beats_chance(prepared):
    before = objective(prepared, ALIGNED).cost()
    made, result = run(
        prepared, config=ALIGNED, steps=150, learning_rate=1e-2, patience=1.0, augment=False
    )
    assert result.curve[-1]["loss"] < 0.8 * result.curve[0]["loss"]
    # Of 24 validation rows in 12 groups, chance finds one right item of 12 first: about 0.26.
    assert before > 0.55 and made.cost() < 0.35
    assert made.cost() == pytest.approx(min(point["validation"] for point in result.curve))


def test_everything_together_learns_too(prepared):
    made, result = run(prepared, steps=60, learning_rate=1e-2, patience=1.0, augment=False)
    assert set(made.parts) == {"align", "views", "latent"}
    assert result.curve[-1]["loss"] < result.curve[0]["loss"]
    assert made.cost() < 0.5 and made.collapse()["std"] > 0.3


def test_the_teacher_stays_as_in_use_and_untrained(prepared):
    learner = objective(prepared).module
    learner.train()
    assert learner.space.training and not any(m.training for m in learner.teacher.modules())
    learner.eval().train()
    assert not learner.teacher.training
    assert not any(parameter.requires_grad for parameter in learner.teacher.parameters())


def test_the_teacher_moves_towards_the_student_and_comes_to_rest(prepared):
    made = objective(prepared)
    student, teacher = (
        dict(space.named_parameters()) for space in (made.module.space, made.module.teacher)
    )
    with torch.no_grad():
        for parameter in student.values():
            parameter += 1.0
    gaps = []
    for share in (0.0, 0.5, 1.0):
        made.after_step(share)
        gap = student["trunk.registers"] - teacher["trunk.registers"]
        gaps.append(float(gap.detach().mean()))
    pace = EVERYTHING.teacher_pace
    assert gaps[0] == pytest.approx(1 - pace, rel=1e-4)
    assert gaps[1] == pytest.approx((1 - pace) * (1 - pace / 2), rel=1e-4)
    assert gaps[2] == pytest.approx(gaps[1], rel=1e-6)


def test_the_teacher_of_a_finished_run_lags_behind(prepared):
    made, _ = run(prepared)
    fresh = objective(prepared).module.space.state_dict()["projections"]
    student, teacher = (
        space.state_dict()["projections"] for space in (made.module.space, made.module.teacher)
    )
    assert not torch.equal(teacher, fresh)
    assert (teacher - fresh).norm() < (student - fresh).norm()


def test_no_gradient_reaches_the_teacher_or_what_it_gave(prepared):
    made = objective(prepared)
    rows = np.arange(16)
    made.loss(rows, views(made, rows), "float32").backward()
    assert all(parameter.grad is None for parameter in made.module.teacher.parameters())
    given = [name for name, p in made.module.named_parameters() if p.grad is not None]
    assert any(name.startswith("space.trunk") for name in given)
    assert {"predictor.blank", "alignment.log_scale"} <= set(given)


def test_weights_of_the_losses_are_used(prepared):
    rows = np.arange(16)
    found = {}
    for weight in (0.0, 1.0, 3.0):
        made = objective(prepared, SharedConfig(align=1.0, views=0.0, latent=weight, bank_size=0))
        torch.manual_seed(5)
        made.module.eval()
        found[weight] = float(made.loss(rows, views(made, rows), "float32").detach())
        latent = made.parts.get("latent", 0.0)
        assert ("latent" in made.parts) == (weight > 0)
        assert found[weight] == pytest.approx(made.parts["align"] + weight * latent, rel=1e-5)
    assert found[3.0] > found[1.0] > found[0.0]


def test_hidden_tokens_are_guessed_as_the_teacher_sees_them(prepared):
    rows = np.arange(16)
    made = objective(prepared, SharedConfig(align=0.0, views=0.0, bank_size=0))
    made.module.eval()

    def cost():
        torch.manual_seed(5)
        return float(made.loss(rows, views(made, rows), "float32").detach())

    before = cost()
    assert cost() == before
    with torch.no_grad():
        made.module.teacher.encoder.column_vectors.normal_()
    assert cost() != pytest.approx(before, rel=1e-3)


def test_the_number_of_views_follows_the_losses(prepared):
    assert len(objective(prepared, EVERYTHING).views) == 2
    assert len(objective(prepared, ALIGNED).views) == 1


def test_the_bank_is_filled_with_the_teachers_vectors(prepared):
    made = objective(prepared)
    made.module.train()
    rows = np.arange(8)
    with torch.no_grad():
        expected = made.module.teacher(views(made, rows)[1])[0]
    made.loss(rows, views(made, rows), "float32")
    made.after_step(0.0)
    bank, numbers = made.module.alignment.bank, made.module.alignment.bank_rows
    assert numbers[0, :8].tolist() == list(range(8)) and int((numbers[0] >= 0).sum()) == 8
    assert 4 not in numbers[2].tolist()  # row 4 has no note
    assert torch.allclose(bank[0, :8], expected[0], atol=1e-6)
    assert not bank[0, 8:].any()


def test_rows_of_one_unit_are_no_negatives(prepared):
    rows = np.arange(8)
    losses = {}
    for name, units in (("apart", np.arange(96)), ("alike", np.zeros(96, np.int64))):
        made = objective(prepared, ALIGNED)
        made._units = torch.from_numpy(units)
        losses[name] = float(made.loss(rows, views(made, rows), "float32").detach())
    assert losses["alike"] < losses["apart"]


def test_a_batch_in_which_nothing_meets_is_harmless(prepared):
    made = objective(prepared, ALIGNED)
    loss = made.loss(np.arange(1), views(made, np.arange(1)), "float32")
    assert float(loss.detach()) == 0.0
    loss.backward()


def test_a_single_input_column_costs_its_spread(prepared):
    made = objective(prepared, EVERYTHING, names=("note",))
    assert made.cost() == -made.collapse()["std"]
    assert made.num_checked


def test_the_cost_is_that_of_ranks_by_a_second_way(prepared):
    made = objective(prepared, ALIGNED)
    rows = np.arange(72, 96)
    vectors, there = embed_input_columns(made.module.space, prepared, rows)
    found = {n: (vectors[i], there[i]) for i, n in enumerate(made.module.space.input_columns)}
    scores = []
    for a in NAMES:
        for b in NAMES:
            both = np.flatnonzero(found[a][1] & found[b][1])
            if a == b:
                continue
            cosines = found[a][0][both] @ found[b][0][both].T
            values = content_numbers(prepared, [b])[rows[both]]
            one = []
            for i, row in enumerate(cosines):
                right = values == values[i]
                one.append(1 / (1 + (row[~right] > row[right].max()).sum()))
            scores.append(np.mean(one))
    assert made.cost() == pytest.approx(1 - np.mean(scores), abs=0.01)


def test_rows_of_equal_content_are_no_negatives_in_the_bank(prepared):
    """Rows 0 and 12 say the same in every column; 7 and 19 do too, and have all columns."""
    made = objective(prepared, SharedConfig(views=0.0, latent=0.0, bank_size=8))
    bank = made.module.alignment.bank_rows
    bank[:, :4] = torch.tensor([12, 1, 36, 19])
    alike = made._alike_bank(torch.tensor([0, 7]), 1)
    assert alike.shape == (3, 2, 8)
    assert alike[0, :, :4].tolist() == [[True, False, True, False], [False, False, False, True]]
    assert alike[2, 0, 2] and not alike[2, 0, 1]


def test_a_bank_of_planted_copies_changes_nothing(prepared):
    config = SharedConfig(views=0.0, latent=0.0, bank_size=6)
    rows = np.array([0, 12, 36, 48, 60])
    losses = []
    for copies in (False, True):
        made = objective(prepared, config)
        if copies:
            bank = made.module.alignment
            bank.bank_rows[:, :] = torch.tensor([0, 12, 36, 48, 60, 0])
            bank.bank[:] = torch.nn.functional.normalize(torch.ones_like(bank.bank), dim=-1)
        losses.append(float(made.loss(rows, views(made, rows), "float32").detach()))
    assert losses[0] == losses[1]
