"""Fine-tuning: what is trained, what stays, and that it learns."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from plait.data.prepared import Prepared, prepare_table
from plait.data.table import read
from plait.modalities import find_codec
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.fine_tuning import FineTuning, Probe, Tuner, tuner_outputs
from plait.train.loop import train

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "backbones"))

WORDS = ["cat", "dog", "boat", "water"]
TARGET = find_codec("category")().fit(["p", "q"])


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A tiny random BERT."""
    from tiny_checkpoints import save

    from plait.backbones import open_checkpoint

    folder = tmp_path_factory.mktemp("hub") / "tiny-bert"
    folder.mkdir()
    save("bert", folder)
    return open_checkpoint(folder, modality="text")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))


def inputs(opened, texts):
    from plait.backbones.inputs import hold_inputs

    table = read({"note": texts, "x": list(range(len(texts)))}, columns={"note": "text"})
    column = hold_inputs(table, "note", opened, np.arange(len(texts)), max_bytes=10**9)
    return Prepared({"note": column}, len(texts))


def data(opened, num=48):
    """Texts of two words; the target is whether the cat comes first."""
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, len(WORDS), (num, 2))
    truth = (pairs[:, 0] < 1).astype(np.int64)
    return TrainData(
        prepared=inputs(opened, [" ".join(WORDS[i] for i in pair) for pair in pairs]),
        columns=("note",),
        codec=TARGET,
        truth=truth,
        rows=np.arange(num - 12),
        rows_validation=np.arange(num - 12, num),
    )


@pytest.mark.parametrize("how", ["lora", "full"])
def test_the_encoder_learns_and_all_else_stays(opened, how):
    torch.manual_seed(0)
    tuner = Tuner(Probe(opened.dim, TARGET), opened.network(how, num_local=0))
    before = {n: p.detach().clone() for n, p in tuner.named_parameters()}
    rows = data(opened)
    config = TrainConfig(learning_rate=5e-3, batch_size=8, augment=False, patience=1.0)
    objective = FineTuning(tuner, rows, config, f"tiny {how}")
    start = objective.cost()
    result = train(objective, budget=Budget(60, "steps"), config=config)
    assert min(point["validation"] for point in result.curve) == pytest.approx(objective.cost())
    assert objective.cost() < start
    moved = {n for n, p in tuner.named_parameters() if not torch.equal(p, before[n])}
    learned = {n for n in moved if n.startswith("backbone")}
    assert learned and all(name.endswith((".down", ".up")) == (how == "lora") for name in learned)
    assert set(tuner.state_dict()) >= moved
    assert how == "full" or not any("word_embeddings" in name for name in tuner.state_dict())


def test_its_state_is_put_back(opened):
    tuner = Tuner(Probe(opened.dim, TARGET), opened.network("lora", num_local=0))
    torch.nn.init.normal_(tuner.probe.head.out.weight)
    state = {name: value.clone() for name, value in tuner.state_dict().items()}
    prepared, rows = inputs(opened, ["cat", "dog boat"]), np.arange(2)
    for parameter in tuner.parameters():
        parameter.data += 0.1 * parameter.requires_grad
    changed = tuner_outputs(tuner, prepared, "note", rows)
    tuner.load_state_dict(state)
    found = tuner_outputs(tuner, prepared, "note", rows)
    assert np.abs(found - changed).max() > 1e-3
    fresh = Tuner(tuner.probe, opened.network("frozen", num_local=0))
    np.testing.assert_allclose(found, tuner_outputs(fresh, prepared, "note", rows), atol=1e-5)


def test_outputs_are_in_the_order_of_the_rows(opened):
    tuner = Tuner(Probe(opened.dim, TARGET), opened.network("full", num_local=0))
    prepared = inputs(opened, ["cat", "dog boat water cat", "water dog"])
    found = tuner_outputs(tuner, prepared, "note", np.array([2, 0, 1]), batch_size=2)
    for place, row in enumerate([2, 0, 1]):
        alone = tuner_outputs(tuner, prepared, "note", np.array([row]))[0]
        np.testing.assert_allclose(found[place], alone, atol=1e-5)


def test_without_an_encoder_the_probe_reads_the_pooled_vector():
    codec = find_codec("vector")(dim=3, num_tokens=2)
    cells = [[[1.0, 2.0, 4.0], [0.0, 0.0, 9.0]], [[1.0, 2.0, 4.0], [5.0, 5.0, 5.0]]]
    table = read({"v": cells, "x": [0, 1]}, columns={"v": "vector"})
    prepared = prepare_table(table, {"v": codec})
    probe = Probe(3, TARGET)
    found = tuner_outputs(Tuner(probe), prepared, "v", np.arange(2))
    expected = probe.head.outputs(probe(torch.tensor([[1.0, 2.0, 4.0]]))).detach().numpy()
    np.testing.assert_allclose(found, np.repeat(expected, 2, axis=0), atol=1e-5)


def test_the_probe_by_hand():
    probe = Probe(2, TARGET)
    with torch.no_grad():
        probe.head.out.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
        probe.head.out.bias.zero_()
    # The norm makes (3, 1) into (1, -1), up to its epsilon of 1e-5.
    torch.testing.assert_close(
        probe(torch.tensor([[3.0, 1.0]])), torch.tensor([[1.0, -2.0]]), atol=1e-4, rtol=0
    )


def test_batch_norms_keep_their_statistics():
    class Normed(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.drop = nn.BatchNorm1d(3), nn.Dropout()

        def trained_state(self):
            return self.state_dict()

    tuner = Tuner(Probe(3, TARGET), Normed())  # type: ignore[arg-type]
    tuner.train()
    assert not tuner.backbone.norm.training and tuner.backbone.drop.training
    assert "backbone.norm.running_mean" in tuner.state_dict()
