"""Fetches what URL cells name, from public addresses only, with limits on size, time and hops.

Guarantees: only http and https; every address that a host's name resolves to must be public, after
each redirect anew, and the connection is made to that address, so that no second look-up can lead
elsewhere; at most `MAX_REDIRECTS` hops, `LIMITS.num_bytes` bytes and `MAX_SECONDS` in all; no
credentials are sent, no cookies kept, no proxy asked.
Does not guarantee: that the content is what its URL or its header says; decoders check that.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from plait.errors import CellError, LimitError
from plait.modalities.limits import LIMITS

MAX_REDIRECTS = 5
MAX_SECONDS = 60.0
CONNECT_SECONDS = 10.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SAFE = "/%:=&?~#+!$,;'@()*[]"
"""Characters of a URL that are sent as they are; others are quoted."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Permits = Callable[[Address], bool]
"""Tells whether an address may be connected to."""


def is_public(address: Address) -> bool:
    """Tell whether an address is of the public internet, and so nobody's inner network.

    Addresses of version 6 that carry one of version 4 (mapped, 6to4, NAT64, Teredo) are judged by
    it too: they reach the same machine.
    """
    inner: list[Address] = []
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo or ()
        found = [address.ipv4_mapped, address.sixtofour, *teredo, _nat64(address)]
        inner = [one for one in found if one is not None]
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)  # the address itself is of no network
        if address.is_site_local:
            return False
    plain = address.is_global and not (address.is_multicast or address.is_reserved)
    return plain and all(is_public(one) for one in inner)


def fetch(url: str, *, permits: Permits | None = None) -> bytes:
    """Return the body of a URL.

    Args:
        url: ``http://`` or ``https://``.
        permits: Which addresses are allowed; default `is_public`.

    Raises:
        CellError: Not a URL, an address that is not permitted, or no good answer.
        LimitError: Too many bytes, too many redirects, or too slow.
    """
    permits = is_public if permits is None else permits
    deadline = time.monotonic() + MAX_SECONDS
    first = url
    for _ in range(MAX_REDIRECTS + 1):
        target = _target(url, first)
        body, onward = _one(target, permits, deadline, first)
        if onward is None:
            return body
        onward = urljoin(url, onward)
        if target.scheme == "https" and urlsplit(onward).scheme != "https":
            raise _failed(first, f"a redirect from https to {onward}")
        url = onward
    raise LimitError(
        "the URL leads from one address to the next too often",
        expected=f"at most {MAX_REDIRECTS} redirects",
        received=first,
        hint="name the last address in the cell",
    )


def _target(url: str, first: str) -> SplitResult:
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError as error:
        raise _failed(first, str(error)) from None
    if found.scheme not in ("http", "https") or not found.hostname or port == 0:
        raise _failed(first, f"{found.scheme or 'no scheme'}: only http and https are fetched")
    if found.username is not None or found.password is not None:
        raise _failed(first, "a URL with a name or password in it")
    return found


def _one(
    target: SplitResult, permits: Permits, deadline: float, first: str
) -> tuple[bytes, str | None]:
    """Make one request; return the body, or where it leads onward."""
    address, family = _resolve(target, permits, first)
    connection = _Connection(target, address, family, _left(deadline, first))
    watch = threading.Timer(_left(deadline, first), connection.cut)
    watch.daemon = True
    watch.start()
    path = quote(target.path or "/", SAFE) + (
        f"?{quote(target.query, SAFE)}" if target.query else ""
    )
    try:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "plait"}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        if response.status in REDIRECTS and response.headers.get("Location"):
            return b"", response.headers["Location"]
        if response.status != 200:
            raise _failed(first, f"the answer {response.status} {response.reason}")
        return _body(response, first), None
    except (OSError, http.client.HTTPException, ValueError) as error:
        _left(deadline, first)
        raise _failed(first, str(error) or type(error).__name__) from None
    finally:
        watch.cancel()
        connection.close()


def _body(response: http.client.HTTPResponse, first: str) -> bytes:
    pieces, num_bytes = [], 0
    while piece := response.read(2**16):
        num_bytes += len(piece)
        if num_bytes > LIMITS.num_bytes:
            raise LimitError(
                "the file behind a URL is too large",
                expected=f"at most {LIMITS.num_bytes} bytes",
                received=first,
                hint="shorten or shrink it",
            )
        pieces.append(piece)
    if response.length:
        raise _failed(first, f"an answer cut off {response.length} bytes before its end")
    return b"".join(pieces)


def _resolve(target: SplitResult, permits: Permits, first: str) -> tuple[tuple, int]:
    """Return the address to connect to: all that the name stands for must be permitted."""
    port = target.port or (443 if target.scheme == "https" else 80)
    try:
        host = str(target.hostname).encode("idna").decode()
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed(first, f"the host {target.hostname}: {error}") from None
    for *_, address in found:
        if not permits(ipaddress.ip_address(str(address[0]).partition("%")[0])):
            raise CellError(
                "a URL leads to an address that is not public",
                expected="a host of the public internet",
                received=f"{first}: {target.hostname} is {address[0]}",
                hint="download the files first, and put their paths into the cells",
            )
    if not found:
        raise _failed(first, f"the host {target.hostname} has no address")
    family, *_, address = found[0]
    return address, family


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was looked up before, which is not looked up again."""

    def __init__(self, target: SplitResult, address: tuple, family: int, seconds: float) -> None:
        is_secure = target.scheme == "https"
        port = target.port or (443 if is_secure else 80)
        super().__init__(str(target.hostname), port, timeout=min(CONNECT_SECONDS, seconds))
        self.default_port = 443 if is_secure else 80
        self._address, self._family, self._is_secure = address, family, is_secure

    def connect(self) -> None:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        sock.settimeout(self.timeout)
        sock.connect(self._address)
        if self._is_secure:
            context = ssl.create_default_context()
            sock = context.wrap_socket(sock, server_hostname=self.host)
        self.sock = sock

    def cut(self) -> None:
        """End the connection, whatever it is waiting for."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    is_nat64 = address in ipaddress.ip_network("64:ff9b::/96")
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if is_nat64 else None


def _left(deadline: float, first: str) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise LimitError(
            "fetching a URL takes too long",
            expected=f"at most {MAX_SECONDS:.0f} seconds",
            received=first,
            hint="download the files first, and put their paths into the cells",
        )
    return seconds


def _failed(url: str, received: str) -> CellError:
    return CellError(
        "a URL cannot be fetched",
        expected="an http or https address that answers with a file",
        received=f"{url}: {received}",
        hint="open it in a browser; or use --on-error skip to count such cells as missing",
    )
