"""The contract suite: what every modality must pass, to be run on one of your own too."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plait.testing.codec import CODEC_CHECKS as CODEC_CHECKS
    from plait.testing.generated_verbs import GENERATED_CHECKS as GENERATED_CHECKS
    from plait.testing.network import NETWORK_CHECKS as NETWORK_CHECKS
    from plait.testing.verbs import VERB_CHECKS as VERB_CHECKS

_HOMES = {
    "CODEC_CHECKS": "codec",
    "NETWORK_CHECKS": "network",
    "GENERATED_CHECKS": "generated_verbs",
    "VERB_CHECKS": "verbs",
}
"""Public name -> its module, loaded when the name is used: on the edge, there is no torch."""


def check_modality(modality: str) -> None:
    """Run every check on a modality; the first that fails raises AssertionError with the reason.

    This is to a modality what scikit-learn's ``check_estimator`` is to an estimator.
    """
    for name in _HOMES:
        for check in __getattr__(name):
            check(modality)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'plait.testing' has no attribute '{name}'")
    return getattr(import_module(f"plait.testing.{_HOMES[name]}"), name)
