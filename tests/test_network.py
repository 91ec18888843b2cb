"""The suite cannot reach another machine, but can reach itself."""

from __future__ import annotations

import socket
import urllib.request

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org", "::ffff:192.0.2.1"])
def test_outside_is_blocked(host):
    with pytest.raises(RuntimeError, match="without a network"):
        socket.create_connection((host, 80), timeout=1)


def test_urllib_is_blocked_too():
    with pytest.raises(RuntimeError, match="without a network"):
        urllib.request.urlopen("http://example.org", timeout=1)


def test_loopback_is_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
