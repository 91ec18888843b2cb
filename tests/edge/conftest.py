"""What the tests of the edge share."""

import jaxtyping
import pytest


@pytest.fixture
def unchecked_shapes():
    """Tracing gives sizes that are symbols, and no integers, to what checks shapes in tests."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)
