"""What a page learns is what Python learns of the same numbers, and deltas go both ways."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from plait.edge.delta import Delta
from plait.edge.delta_file import read_delta, write_delta
from plait.edge.examples import Examples
from plait.edge.forgetting import check_forgetting
from plait.edge.learned import Learned
from plait.edge.teaching import WEIGHTS, taught
from plait.model.rehearsing import make_rehearsal
from plait.web.facts import page_facts

sys.path.insert(0, str(Path(__file__).parent))

from in_node import needs_node, run
from small_models import small_model

pytestmark = needs_node

LEARN = """
import { Learner } from "./learner.js";
const { learning, answer } = given.facts;
const learner = new Learner(learning, answer);
const rowOf = ({ outputs, point }) => {
  const own = Float32Array.from(outputs);
  return { own, features: learner.features(own, Float32Array.from(point)) };
};
const done = [];
for (const { merge, undo, right, row, force } of given.steps) {
  try {
    if (merge !== undefined) done.push({ merged: learner.merge(merge) });
    else if (undo !== undefined) done.push({ undone: learner.undo(learner.corrections[undo].id) });
    else done.push(learner.correct(rowOf(row), right, { force }));
  } catch (error) {
    done.push({ error: error.message });
  }
}
const rows = given.rows.map(rowOf);
console.log(JSON.stringify({
  done,
  saved: learner.saved(),
  check: learner.check(),
  labels: learner.every,
  features: rows.map(({ features }) => [...features]),
  outputs: rows.map(({ features, own }) => [...learner.apply(features, own)]),
}));
"""


def told(target, num, seed=0):
    """Return outputs, points and truth of made-up rows of a target."""
    rng = np.random.default_rng(seed)
    if target == "price":
        truth = rng.normal(30, 8, num).astype(np.float32)
        mean = truth + rng.normal(0, 2, num)
        outputs = np.stack([mean, mean - 3, mean, mean + 3], axis=1)
        points = np.stack([truth / 8, rng.normal(0, 1, num), rng.normal(0, 2, num)], axis=1)
    else:
        truth = rng.integers(0, 2, num)
        logits = rng.normal(0, 1, (num, 2)) + 2 * np.eye(2)[truth]
        outputs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        points = rng.normal(0, 1, (num, 3)) + 3 * np.eye(3)[truth]
    return outputs.astype(np.float32), points.astype(np.float32), truth


@pytest.fixture(scope="module", params=["kind", "price"])
def model(request):
    codec = small_model(request.param).target_codec
    found = make_rehearsal(codec, *told(request.param, 200))
    return small_model(request.param, rehearsal=found)


def asked(model, num, seed):
    outputs, points, _ = told(model.target, num, seed)
    pairs = zip(outputs, points, strict=True)
    return [{"outputs": one.tolist(), "point": point.tolist()} for one, point in pairs]


def examples(model, rows):
    """Return rows as Python learns from them."""
    outputs = np.array([row["outputs"] for row in rows], np.float32)
    points = np.array([row["point"] for row in rows], np.float32)
    return Examples(model.ensemble.rehearsal.features(outputs, points), outputs)


def learn(model, steps, rows):
    return run(LEARN, {"facts": page_facts(model), "steps": steps, "rows": rows})


def rights(model):
    """Return what is taught of some rows: a new class among them, where there are classes."""
    if model.target == "price":
        return [33.0, 28.5, 12.25, 60.0]
    return ["good", "bad", "never seen \u2028 \u00e9 <b>", "good", "never seen \u2028 \u00e9 <b>"]


def steps_of(model, seed=3):
    answers = rights(model)
    rows = asked(model, len(answers), seed)
    return [
        {"right": answer, "row": row, "force": True}
        for answer, row in zip(answers, rows, strict=True)
    ]


def labels_of(model):
    return tuple(getattr(model.target_codec, "labels", ()))


def test_the_hash_is_pythons():
    texts = ["", "a", "\u00e9" * 27, "x" * 55, "x" * 56, "x" * 64, "abc" * 999]
    script = """
    import { sha256 } from "./sha256.js";
    console.log(JSON.stringify(given.map((text) => sha256(new TextEncoder().encode(text)))));
    """
    assert run(script, texts) == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def test_features_are_pythons(model):
    rows = asked(model, 20, seed=1)
    found = learn(model, [], rows)
    wanted = examples(model, rows)
    np.testing.assert_allclose(found["features"], wanted.features, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(np.float32(found["outputs"]), wanted.outputs)


def test_corrections_and_what_they_make_of_answers_are_pythons(model, tmp_path):
    rows, steps = asked(model, 30, seed=2), steps_of(model)
    found = learn(model, steps, rows)
    path = tmp_path / "page.delta"
    path.write_text(found["saved"], encoding="utf8")
    delta, labels = read_delta(path), labels_of(model)
    statistics = model.ensemble.rehearsal
    learned = Learned(statistics, labels, delta.corrections)
    asks = examples(model, rows)
    wanted = learned.apply(asks.features, asks.outputs)
    np.testing.assert_allclose(found["outputs"], wanted, atol=1e-6, rtol=1e-6)
    assert found["labels"] == [*labels, *learned.new_labels]
    check = check_forgetting(learned).to_dict()
    for name, value in found["check"].items():
        assert check[name] == pytest.approx(value, abs=1e-6), name
    for step, correction in zip(steps, delta.corrections, strict=True):
        check_taught(model, step, correction, delta)


def check_taught(model, step, correction, delta):
    """The page's correction is one that Python makes of the same row, at one of the weights."""
    labels = labels_of(model)
    every = [*labels, step["right"]] if labels else []
    truth = np.array([every.index(step["right"]) if labels else step["right"]])
    one = examples(model, [step["row"]])
    made = [taught(correction.id, correction.kind, one, truth, every, delta, w) for w in WEIGHTS]
    alike = [
        m.design.shape == correction.design.shape
        and np.allclose(m.design, correction.design, atol=1e-6)
        and np.allclose(m.residuals, correction.residuals, atol=1e-6)
        for m in made
    ]
    assert any(alike)
    for mine, theirs in zip(made[0].sums, correction.sums, strict=True):
        assert (mine.label, mine.num) == (theirs.label, theirs.num)
        np.testing.assert_allclose(mine.total, theirs.total, atol=1e-6)


def delta_of(model, path, seed=5):
    """Write a delta in Python; return its text, and what it makes of answers."""
    facts, statistics = page_facts(model)["learning"], model.ensemble.rehearsal
    sizes = facts["sizes"]
    delta = Delta(
        bundle=facts["bundle"],
        basis=facts["basis"],
        target=model.target,
        num_features=sizes["features"],
        num_near=sizes["near"],
        num_outputs=sizes["corrected"],
    )
    labels = labels_of(model)
    rows = asked(model, 12, seed)
    truth = np.arange(12) % 3 if labels else np.linspace(20, 40, 12)
    made = examples(model, rows)
    every = (*labels, "new") if labels else ()
    delta = delta.beside(taught("0" * 16, "correct", made, truth, every, delta, 2.0))
    write_delta(delta, path)
    return path.read_text(encoding="utf8"), Learned(statistics, labels, delta.corrections)


def test_a_delta_of_python_answers_in_the_page_as_there(model, tmp_path):
    text, learned = delta_of(model, tmp_path / "x.delta")
    rows = asked(model, 20, seed=6)
    found = learn(model, [{"merge": text}, {"merge": text}], rows)
    assert [one["merged"] for one in found["done"]] == [1, 0]
    asks = examples(model, rows)
    wanted = learned.apply(asks.features, asks.outputs)
    np.testing.assert_allclose(found["outputs"], wanted, atol=1e-6, rtol=1e-6)


def test_what_is_undone_is_as_if_never_taught(model):
    rows, steps = asked(model, 10, seed=2), steps_of(model)
    whole = learn(model, [*steps, {"undo": 1}], rows)
    without = learn(model, [steps[0], *steps[2:]], rows)
    if model.target == "price":  # what was known when the others were taught chose their weight
        assert whole["outputs"] != learn(model, steps, rows)["outputs"]
    else:
        assert whole["labels"] == without["labels"]
    undo = [{"undo": 0}] * len(steps)
    nothing = learn(model, [*steps, *undo], rows)
    assert nothing["outputs"] == learn(model, [], rows)["outputs"]


def test_what_costs_too_much_is_not_learned_unless_forced(model):
    if model.target == "price":
        steps = [{"right": 500.0, "row": asked(model, 1, seed=3)[0]}]
    else:
        points = 3 * np.eye(3)[0] + np.random.default_rng(0).normal(0, 1, (12, 3))
        rows = [{"outputs": [0.99, 0.01], "point": point.tolist()} for point in points]
        steps = [{"right": labels_of(model)[1], "row": row} for row in rows]
    done = learn(model, steps, [])["done"]
    refused = [one for one in done if not one["learned"]]
    assert refused and all(one["check"]["cost"] > one["check"]["limit"] for one in refused)
    forced = learn(model, [{**steps[0], "force": True}], [])["done"][0]
    assert forced["learned"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("0000", "0001", 1), "changed after it was saved"),
        (lambda text: resealed(text, bundle="0" * 64), "of another model"),
        (lambda text: resealed(text, basis="0" * 64), "of other statistics"),
        (lambda text: resealed(text, num_near=1), "damaged"),
        (lambda text: resealed(text, corrections="all"), "damaged"),
        (lambda text: spoiled(text, num=0), "damaged"),
        (lambda text: spoiled(text, id="z"), "damaged"),
        (lambda text: spoiled(text, residuals=""), "damaged"),
        (lambda text: spoiled(text, design="AAAAAAAA+H8="), "damaged"),
        (lambda text: "{", "damaged"),
        (lambda text: "{}", "no delta"),
    ],
)
def test_what_is_no_delta_of_the_model_is_refused(change, said, model, tmp_path):
    text, _ = delta_of(model, tmp_path / "x.delta")
    found = learn(model, [{"merge": change(text)}], [])
    assert said in found["done"][0]["error"]


def resealed(text, **changes):
    """Return a delta with other content, under its own hash."""
    whole = json.loads(text)
    content = json.dumps(json.loads(whole["content"]) | changes)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return json.dumps({**whole, "content": content, "sha256": digest})


def spoiled(text, **changes):
    """Return a delta whose first correction is another one."""
    first, *rest = json.loads(json.loads(text)["content"])["corrections"]
    return resealed(text, corrections=[first | changes, *rest])


def test_a_page_of_a_bundle_without_statistics_learns_nothing():
    assert page_facts(small_model())["learning"] is None
