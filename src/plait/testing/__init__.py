"""The contract suite: what every modality must pass, to be run on one of your own too."""

from plait.testing.codec import CODEC_CHECKS as CODEC_CHECKS
from plait.testing.generated_verbs import GENERATED_CHECKS as GENERATED_CHECKS
from plait.testing.network import NETWORK_CHECKS as NETWORK_CHECKS
from plait.testing.verbs import VERB_CHECKS as VERB_CHECKS


def check_modality(modality: str) -> None:
    """Run every check on a modality; the first that fails raises AssertionError with the reason.

    This is to a modality what scikit-learn's ``check_estimator`` is to an estimator.
    """
    for check in (*CODEC_CHECKS, *NETWORK_CHECKS, *GENERATED_CHECKS, *VERB_CHECKS):
        check(modality)
