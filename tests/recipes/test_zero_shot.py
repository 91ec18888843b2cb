"""Zero-shot: the nearest prompt wins, by hand; tuned prompts; classes that cannot be told apart."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow.csv
import pytest
import torch

import plait
from plait.errors import UsageError
from plait.fitting.candidates.prompts import prompt_tuner
from plait.modalities import find_codec
from plait.networks.config import SystemConfig
from plait.recipes.predict import predict
from plait.recipes.zero_shot import TEMPLATES, class_vectors, zero_shot
from plait.train.prompts import tune_prompts
from plait.train.space_network import space_network

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
KINDS = ("boot", "hat", "coat")
WORDS = {
    "boot": [1.0, 0.0, 0.0],
    "hat": [0.0, 1.0, 0.0],
    "coat": [0.0, 0.0, 1.0],
    "a boot": [0.0, 0.6, 0.8],
    "a hat": [0.6, 0.0, 0.8],
    "a coat": [0.6, 0.8, 0.0],
}


class Stub:
    """A model whose space knows some words, and rows by their vectors."""

    def __init__(self, scale=10.0, input_columns=("note", "size")):
        self.space = SimpleNamespace(
            input_columns={name: (name,) for name in input_columns}, scale=scale
        )
        kinds = {"note": "text", "title": "text", "size": "number"}
        self.shown = {name: find_codec(kinds[name]) for name in input_columns}
        self.asked: list[tuple[list[str], dict[str, float]]] = []

    def embed(self, rows, *, weights=None, on_error="raise", root=None):
        if isinstance(rows, np.ndarray):
            return rows
        texts = rows.column("note")
        self.asked.append((texts, weights))
        return np.array([WORDS[text] for text in texts])


def test_the_nearest_class_wins_by_the_softmax_of_cosines():
    rows = np.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8], [0.0, 0.0, 0.0]])
    found = zero_shot(Stub(scale=2.0), rows, classes=KINDS, templates=["{}"]).columns
    assert list(found) == ["prediction", "confidence", "p_boot", "p_hat", "p_coat"]
    assert found["prediction"] == ["boot", "coat", "boot"]
    top = np.exp(2.0) / (np.exp(2.0) + 2)
    assert found["p_boot"][0] == pytest.approx(top) == pytest.approx(float(found["confidence"][0]))
    weights = np.exp([0.0, 1.2, 1.6])
    shares = [found[f"p_{kind}"][1] for kind in KINDS]
    np.testing.assert_allclose(shares, weights / weights.sum(), rtol=1e-6)
    np.testing.assert_allclose([found[f"p_{kind}"][2] for kind in KINDS], 1 / 3)


def test_a_larger_scale_is_surer():
    rows = np.array([[0.6, 0.8, 0.0]])
    found = [zero_shot(Stub(s), rows, classes=KINDS, templates=["{}"]).columns for s in (1.0, 50.0)]
    assert found[0]["confidence"][0] < 0.5 < 0.99 < found[1]["confidence"][0]


def test_prompts_of_a_class_are_averaged():
    found = class_vectors(Stub(), KINDS, ["{}", "a {}"])
    expected = np.array([[1.0, 0.6, 0.8], [0.6, 1.0, 0.8], [0.6, 0.8, 1.0]])
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True))


def test_a_class_may_be_described_by_several_words():
    rows = np.array([[0.0, 0.6, 0.8], [1.0, 0.0, 0.0]])
    classes = {"outside": ["hat", "coat"], "feet": ["boot"]}
    found = zero_shot(Stub(), rows, classes=classes, templates=["{}"]).columns
    assert found["prediction"] == ["outside", "feet"]
    middle = class_vectors(Stub(), classes, ["{}"])[0]
    np.testing.assert_allclose(middle, np.array([0.0, 1.0, 1.0]) / 2**0.5)
    with pytest.raises(UsageError, match="no words"):
        zero_shot(Stub(), rows, classes={"a": [" "], "b": ["hat"]})


def test_only_text_columns_are_asked_and_all_of_them():
    model = Stub(input_columns=("size", "note", "title"))
    class_vectors(model, ["boot", "hat"], ["{}", "a {}"])
    texts, weights = model.asked[0]
    assert texts == ["boot", "a boot", "hat", "a hat"]
    assert weights == {"size": 0.0, "note": 1.0, "title": 1.0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": ["boot"]}, "cannot be told apart"),
        ({"classes": ["boot", " boot "]}, "cannot be told apart"),
        ({"classes": ["boot", ""]}, "cannot be told apart"),
        ({"classes": []}, "cannot be told apart"),
        ({"classes": KINDS, "templates": ["{}", "a shoe"]}, "no place for the class"),
        ({"classes": KINDS, "templates": []}, "no place for the class"),
    ],
)
def test_wrong_classes_and_templates(settings, message):
    with pytest.raises(UsageError, match=message):
        zero_shot(Stub(), np.eye(3), **settings)


def test_a_space_that_reads_no_text():
    with pytest.raises(UsageError, match="the shared space reads no text") as caught:
        zero_shot(Stub(input_columns=("size",)), np.eye(3), classes=KINDS)
    assert caught.value.expected == "a text column among size"


def rows(num=72, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {"size": float(3 * (i % 3) + 0.2 * rng.normal()), "note": KINDS[i % 3]} for i in range(num)
    ]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    from plait.train.config import TrainConfig

    path = tmp_path_factory.mktemp("zero") / "base.plait"
    table = plait.read(rows(), columns="size=number,note=text")
    settings = TrainConfig(learning_rate=1e-2, batch_size=24, augment=False, patience=1.0)
    return plait.fit(
        table, budget="120 steps", size=TINY, fusion="mid", out=path, samples=False, train=settings
    ), path


def test_rows_are_told_apart_by_names_that_nobody_labelled(fitted):
    cells = [{"size": row["size"]} for row in rows(30, seed=2)]
    found = zero_shot(fitted[0], cells, classes=KINDS, templates=["{}"]).columns
    right = [said == KINDS[i % 3] for i, said in enumerate(found["prediction"])]
    assert np.mean(right) > 0.7  # chance is a third
    vectors, scale = fitted[0].embed(cells), fitted[0].space.scale
    logits = scale * vectors @ class_vectors(fitted[0], KINDS, ["{}"]).T
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(found["p_hat"], shares[:, 1], rtol=1e-4)


def test_predict_with_classes_writes_the_shares(fitted, tmp_path):
    cells = [{"size": row["size"]} for row in rows(12)]
    out = tmp_path / "p.csv"
    done = predict(fitted[1], plait.read(cells), out=out, classes=KINDS)
    assert done["rows"] == 12
    assert done["columns"] == ["size", "prediction", "confidence", *(f"p_{k}" for k in KINDS)]
    found = pyarrow.csv.read_csv(out).to_pylist()
    expected = zero_shot(fitted[0], cells, classes=KINDS, templates=TEMPLATES).columns
    assert [row["prediction"] for row in found] == expected["prediction"]
    assert np.allclose([row["p_boot"] for row in found], expected["p_boot"], atol=1e-6)


def test_templates_are_used_and_only_with_classes(fitted, tmp_path):
    table, out = plait.read([{"size": 1.0}, {"size": 6.0}]), tmp_path / "p.csv"
    plain, other = (
        predict(fitted[1], table, out=out, classes=KINDS, templates=t, force=True)
        and pyarrow.csv.read_csv(out).to_pylist()
        for t in (["{}"], ["nothing like a {}"])
    )
    assert plain[0]["p_boot"] != other[0]["p_boot"]
    with pytest.raises(UsageError, match="templates are for classes"):
        predict(fitted[1], table, out=out, templates=["a {}"], force=True)


def deep_part(space, vectors):
    """Return the network's part of vectors, of unit length."""
    found = vectors[:, : space.config.dim]
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_tuned_prompts_lower_the_cost_and_leave_the_network_alone(fitted):
    space = fitted[0].space
    network = space_network(space)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    cells = rows(30, seed=3)
    points = deep_part(space, fitted[0].embed([{"size": row["size"]} for row in cells]))
    truth = np.arange(30) % 3
    settings = {"scale": space.scale, "seed": 0}
    codec = space.codecs["note"]
    found = tune_prompts(network, "note", codec, KINDS, points, truth, **settings)
    assert found.shape == (3, 16) and found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    plain = deep_part(space, class_vectors(fitted[0], KINDS, ["{}"]))

    def cost(vectors):
        logits = torch.from_numpy(space.scale * points @ np.asarray(vectors, np.float32).T)
        return float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(truth)))

    wrong = [*KINDS[1:], KINDS[0]]  # names that mislead leave much to tune
    mended = tune_prompts(network, "note", codec, wrong, points, truth, **settings)
    assert cost(mended) < cost(deep_part(space, class_vectors(fitted[0], wrong, ["{}"])))
    assert ((found * plain).sum(1) > 0).all()
    again = tune_prompts(network, "note", codec, KINDS, points, truth, **settings)
    np.testing.assert_array_equal(found, again)
    after = network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_prompts_are_tuned_where_classes_have_names_and_the_space_reads_text(fitted):
    def problem(labels):
        return SimpleNamespace(target_codec=SimpleNamespace(labels=labels))

    assert prompt_tuner(problem(KINDS), fitted[0].space) is not None
    assert prompt_tuner(problem(KINDS[:1]), fitted[0].space) is None
    assert prompt_tuner(problem([f"c{i}" for i in range(201)]), fitted[0].space) is None
    assert prompt_tuner(SimpleNamespace(target_codec=SimpleNamespace()), fitted[0].space) is None
    number = SimpleNamespace(
        input_columns={"size": ("size",)}, codecs={"size": fitted[0].space.codecs["size"]}
    )
    assert prompt_tuner(problem(KINDS), number) is None
