"""What every test gets: no network, fixed seeds, one thread, a cache of its own, checked shapes."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHECKED = ("plait.nn", "plait.networks.system")
"""Modules whose annotated shapes are checked at every call."""

APART = ("tests/contract/test_verbs.py", "tests/contract/test_generated.py")
"""Modules whose first parameter, a modality, says which tests share a fit."""

FEW_ROUNDS, FEW_STEPS = 120, 12
"""Most rounds of boosted trees, whose gains have no end on easy rows, and steps of prompts."""

ANSWERING = "plait.fitting.records.answering"
"""Where a fit asks its model for a tenth of a second what an answer takes: a few answers do."""

THOROUGH = ("test_boosted", "test_space_base_models", "test_zero_shot")
"""Modules whose tests are of how well these learn."""

# Before anything imports NumPy or torch: two workers with one thread each are the fastest.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# Fits start from scratch on every machine; tests that look for encoders say where.
os.environ["PLAIT_ENCODERS"] = "none"


def pytest_configure(config: pytest.Config) -> None:
    """Give this process its own cache, block the network, and check shapes."""
    cache = tempfile.mkdtemp(prefix="plait-test-cache-")
    os.environ["PLAIT_CACHE"] = cache
    config.add_cleanup(lambda: shutil.rmtree(cache, ignore_errors=True))
    _block_network()
    # A shell starts what runs in the background with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if importlib.util.find_spec("beartype"):
        from jaxtyping import install_import_hook

        install_import_hook(CHECKED, "beartype.beartype")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each module to one worker as a whole: what its tests share is made once.

    Marks of groups would say it module by module, but with pytest 9.2 xdist 3.8 heeds none. The
    order stays as it is: modules of few tests, which xdist keeps for the end, may be the longest.
    """
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False

    class ModuleScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return nodeid.partition("-")[0] if module in APART else module

    return ModuleScheduling(config, log)


@pytest.fixture(autouse=True)
def _fixed_seeds() -> Iterator[None]:
    import numpy as np

    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    yield


@pytest.fixture(scope="module", autouse=True)
def _quick_simple_models(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if not request.path.name.startswith(THOROUGH):
            patch.setattr("plait.baselines.boosting.MAX_ROUNDS", FEW_ROUNDS)
            if "torch" in sys.modules:
                patch.setattr("plait.train.prompts.NUM_STEPS", FEW_STEPS)
            if ANSWERING in sys.modules:
                patch.setattr(f"{ANSWERING}.FEW_SECONDS", 0.0)
        yield


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """Tracing gives sizes that are symbols, and no integers, to what checks shapes in tests."""
    jaxtyping = pytest.importorskip("jaxtyping")
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


@pytest.fixture
def small_files() -> Any:
    """Give a context in which no file grows beyond so many bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limited(num_bytes: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


class OutsideSocket(RuntimeError):
    """A test tried to reach another machine."""


def _block_network() -> None:
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def guarded(name: str) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            _check_address(self.family, address)
            return real[name](self, address)

        return connect

    for name in real:
        setattr(socket.socket, name, guarded(name))
    real_lookup = socket.getaddrinfo

    def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        _check_host(host)
        return real_lookup(host, *args, **kwargs)

    socket.getaddrinfo = lookup


def _check_address(family: int, address: Any) -> None:
    if family in (socket.AF_INET, socket.AF_INET6):
        _check_host(address[0])


def _check_host(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost") or name == socket.gethostname():
        return
    try:
        inside = ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise OutsideSocket(f"a test tried to reach {name}: the suite runs without a network")
