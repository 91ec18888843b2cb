"""What of a bundle cannot answer without torch, said before the first row is asked."""

from __future__ import annotations

from plait.errors import BundleError
from plait.model.derived_columns import BACKBONE
from plait.model.ensemble import DEEP, Ensemble
from plait.model.generator import Generator
from plait.model.model import Model
from plait.model.several import Several
from plait.networks.graphs import EXECUTORCH

EXPORT = (
    "plait export BUNDLE --to onnx --out NEW makes graphs of it, where plait[train,export] is "
    "installed"
)
ELSEWHERE = "plait.load answers from it, where plait[train] is installed"


def check_answers(model: Model) -> None:
    """Raise `BundleError` where what predicts needs torch."""
    for one in models_of(model):
        _check_network(one)
    if model.target is not None:
        _check_derived(model)


def models_of(model: Model) -> tuple[Model, ...]:
    """Return the model of each target: the model itself, where there is one."""
    return tuple(model.models.values()) if isinstance(model, Several) else (model,)


def check_embeds(model: Model) -> None:
    """Raise `BundleError` where the shared space needs torch, `TargetError` where there is none."""
    if model.space.has_deep:
        raise BundleError(
            "the shared space of this bundle is a network, which needs torch",
            expected="a space in closed form, as of fits that were too short for a network",
            path=model.path,
            hint=ELSEWHERE,
        )
    _check_derived(model)


def _check_network(model: Model) -> None:
    parts = model.parts
    if isinstance(parts, Ensemble) and DEEP in parts.weights and not parts.graphs:
        raise BundleError(
            f"the network that answers '{model.target}' needs torch",
            expected="networks as ONNX graphs, or simple models alone",
            received="weights of torch",
            path=model.path,
            hint=EXPORT,
        )
    if isinstance(parts, Ensemble) and any(one.runtime == EXECUTORCH for one in parts.graphs):
        raise BundleError(
            f"the programs of ExecuTorch that answer '{model.target}' need torch, in Python",
            expected="networks as ONNX graphs, or simple models alone",
            received="programs of ExecuTorch",
            path=model.path,
            hint="plait.load answers from it, where plait[executorch] is installed",
        )
    if isinstance(parts, Generator) and parts.config is not None:
        raise BundleError(
            f"the network that makes '{model.target}' needs torch",
            expected="a target that a simple model makes, or one that is predicted",
            received=f"a network that makes a {parts.target.modality}",
            path=model.path,
            hint=ELSEWHERE,
        )


def _check_derived(model: Model) -> None:
    """Raise `BundleError` where an input column is read by a network that needs torch."""
    for derived in model.derived_columns:
        if derived.facts()["kind"] == BACKBONE:
            raise BundleError(
                f"column '{derived.input_column}' is read by a pretrained encoder, of torch",
                expected="a bundle without encoders: plait fit TABLE --encoder none",
                received=derived.column,
                path=model.path,
                hint=ELSEWHERE,
            )
        if model.shared is not None and model.shared.has_deep:
            raise BundleError(
                f"column '{derived.input_column}' is read by the network of a base, of torch",
                expected="a bundle that was fitted without a base, or from one in closed form",
                path=model.path,
                hint=ELSEWHERE,
            )
