"""Simple models by the form of a target's outputs: what none supports fails loudly."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import make_prepared

from plait.baselines.base_models import BASE_MODELS
from plait.baselines.descent import LOSSES, link
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.display import model_name
from plait.errors import BundleError, TargetError
from plait.modalities import PredictiveTarget, modalities
from plait.modalities.forms import CLASSES, FORMS, LABELS, NUMBER, form_named
from plait.modalities.number.codec import NumberCodec
from plait.model.scales import scale_of

RANKS = SimpleNamespace(name="ranks", probable=False, exclusive=False)
"""A form of outputs that nobody knows."""


def test_every_predicted_target_says_its_form():
    told = {n: c.form for n, c in modalities().items() if isinstance(c(), PredictiveTarget)}
    assert told == {"categories": LABELS, "category": CLASSES, "number": NUMBER}


@pytest.mark.parametrize("name", BASE_MODELS)
def test_a_model_says_what_it_supports_and_refuses_the_rest(name):
    base_model = BASE_MODELS[name]()
    assert base_model.forms <= set(FORMS) and "classes" in base_model.forms
    matrices = FeatureMap.fit(make_prepared(30), ["size", "kind"], np.arange(30))[1]
    truth = np.arange(30, dtype=np.float32)
    with pytest.raises(TargetError, match=f"{model_name(name)} cannot learn this target"):
        base_model.fit(LabelledRows(matrices, truth, SimpleNamespace(form=RANKS)), seed=0)


def test_what_is_unknown_is_no_softmax():
    for ask in (
        lambda: link(np.zeros((2, 2)), RANKS),
        lambda: scale_of(SimpleNamespace(form=RANKS)),
    ):
        with pytest.raises(TargetError):
            ask()
    assert set(LOSSES) == set(FORMS)


@pytest.mark.parametrize(
    ("name", "form"),
    [("classify", CLASSES), ("tag", LABELS), ("regress", NUMBER), ("labels", LABELS)],
)
def test_forms_are_found_by_their_names_now_and_earlier(name, form):
    assert form_named(name) is form


def test_an_unknown_form_in_a_bundle_is_refused():
    with pytest.raises(BundleError, match="unknown form"):
        form_named("ranks")


@pytest.mark.parametrize("form", [CLASSES, LABELS, NUMBER])
def test_links_and_starts_agree_with_the_mean(form):
    mean = np.array([0.2, 0.3, 0.5])
    start = LOSSES[form.name].start(mean)
    assert np.allclose(link(np.tile(start, (2, 1)), form), mean)


def test_slopes_are_those_of_the_losses():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(5, 3)), np.eye(3)[rng.integers(0, 3, 5)]
    for loss in LOSSES.values():
        cost, slope = loss.loss_and_slope(scores, targets)
        step = np.zeros_like(scores)
        step[:, 1] = 1e-5
        ahead, _ = loss.loss_and_slope(scores + step, targets)
        assert np.allclose((ahead - cost) / 1e-5, slope[:, 1], atol=2e-2)


@pytest.mark.parametrize("name", ["linear", "neighbour", "boosted"])
def test_models_that_were_saved_under_earlier_names_are_read(name, tmp_path):
    prepared = make_prepared(60)
    matrices = FeatureMap.fit(prepared, ["size", "kind"], np.arange(60))[1]
    codec, base_model = NumberCodec().fit(prepared.score.tolist()), BASE_MODELS[name]()
    base_model.fit(LabelledRows(matrices, prepared.score, codec), seed=0)
    base_model.save(tmp_path)
    about = json.loads((tmp_path / "base_model.json").read_text())
    assert about.pop("form") == "number"
    (tmp_path / "base_model.json").write_text(json.dumps({**about, "task": "regress"}))
    loaded = BASE_MODELS[name].load(tmp_path)
    assert np.allclose(loaded.outputs(matrices), base_model.outputs(matrices), atol=1e-5)
