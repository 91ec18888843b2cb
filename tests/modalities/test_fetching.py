"""Cells that are URLs: fetched only when allowed, only from permitted addresses, within limits."""

import io
import ipaddress
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from plait.errors import CellError, LimitError
from plait.modalities import Media, fetching, limits
from plait.modalities.fetching import fetch, is_public


class Site(BaseHTTPRequestHandler):
    """Answers by its path: a picture, redirects, endless or cut-off bodies."""

    picture = b""
    seen: list = []

    def do_GET(self):
        Site.seen.append((self.path, dict(self.headers)))
        name, _, rest = self.path[1:].partition("/")
        if name == "hop" and int(rest) > 0:
            return self.redirect(f"/hop/{int(rest) - 1}")
        if name == "to":
            return self.redirect(rest)
        if name == "missing":
            return self.send_error(404)
        if name == "slow":
            return self.rfile.read(1)
        self.send_response(200)
        if name == "cut":
            self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 5000 if name == "large" else self.picture)

    def redirect(self, where):
        self.send_response(302)
        self.send_header("Location", where)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    Site.picture = buffer.getvalue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def loopback(address):
    return address.is_loopback


@pytest.fixture
def _loopback_is_permitted(monkeypatch):
    monkeypatch.setattr(fetching, "is_public", loopback)


PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"]
INNER = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "::7f00:1",
    "2001:0:7f00:1::1",
]  # fmt: skip


@pytest.mark.parametrize(("addresses", "expected"), [(PUBLIC, True), (INNER, False)])
def test_which_addresses_are_public(addresses, expected):
    for address in addresses:
        assert is_public(ipaddress.ip_address(address)) is expected, address


def test_a_permitted_address_is_fetched_without_credentials(site):
    Site.seen.clear()
    assert fetch(f"{site}/a b.png?q=\u00fc", permits=loopback) == Site.picture
    path, headers = Site.seen[0]
    assert path == "/a%20b.png?q=%C3%BC"
    assert set(headers) == {"Host", "Accept", "Accept-Encoding", "User-Agent"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_inner_addresses_are_refused_however_written(site, host):
    port = site.rpartition(":")[2]
    with pytest.raises(CellError, match="not public|cannot be fetched"):
        fetch(f"http://{host}:{port}/a")


def test_a_redirect_is_judged_anew(site, monkeypatch):
    port = int(site.rpartition(":")[2])
    asked = []

    def look_up(host, number, **_):
        asked.append(host)
        address = "127.0.0.1" if host == "outside.test" else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, number))]

    monkeypatch.setattr(fetching.socket, "getaddrinfo", look_up)
    with pytest.raises(CellError, match="not public") as caught:
        fetch(f"http://outside.test:{port}/to/http://inside.test/secret", permits=loopback)
    assert asked == ["outside.test", "inside.test"]
    assert "inside.test is 169.254.169.254" in caught.value.received


def test_every_address_of_a_name_must_be_permitted_and_it_is_looked_up_once(site, monkeypatch):
    port = int(site.rpartition(":")[2])
    answers = [["127.0.0.1", "10.0.0.1"], ["127.0.0.1"]]

    def look_up(host, number, **_):
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (address, number)) for address in answers.pop(0)]

    monkeypatch.setattr(fetching.socket, "getaddrinfo", look_up)
    with pytest.raises(CellError, match="not public"):
        fetch(f"http://two.test:{port}/a", permits=loopback)
    assert fetch(f"http://two.test:{port}/a", permits=loopback) == Site.picture
    assert answers == []


def test_redirects_have_a_bound(site):
    assert fetch(f"{site}/hop/5", permits=loopback) == Site.picture
    with pytest.raises(LimitError, match="too often"):
        fetch(f"{site}/hop/6", permits=loopback)


@pytest.mark.parametrize(
    ("path", "received"),
    [
        ("/missing", "404"),
        ("/cut", "cut off"),
        ("/to/file:///etc/passwd", "only http and https"),
        ("/to/ftp://example.com/a", "only http and https"),
        ("/to/http://user:secret@127.0.0.1/", "name or password"),
    ],
)
def test_what_is_no_good_answer_is_an_error_of_the_cell(site, path, received):
    with pytest.raises(CellError, match="cannot be fetched") as caught:
        fetch(site + path, permits=loopback)
    assert received in caught.value.received


def test_size_and_time_have_bounds(site, monkeypatch):
    monkeypatch.setattr(fetching, "LIMITS", limits.Limits(num_bytes=1000))
    with pytest.raises(LimitError, match="too large"):
        fetch(f"{site}/large", permits=loopback)
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.2)
    with pytest.raises(LimitError, match="takes too long"):
        fetch(f"{site}/slow", permits=loopback)


@pytest.mark.parametrize(
    "url", ["http://", "http://a:99999999/", "http://[::1", "http://\u2100.x/"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(CellError, match="cannot be fetched"):
        fetch(url)


def test_a_url_needs_permission_whatever_its_case(tmp_path):
    with pytest.raises(CellError, match="network is not allowed") as caught:
        Media(tmp_path).read_bytes("HTTPS://Example.com/a.png")
    assert "--allow-network" in caught.value.hint


@pytest.mark.usefixtures("_loopback_is_permitted")
def test_allow_network_reaches_the_cells_of_every_reader(site, tmp_path, monkeypatch, capsys):
    from plait import read
    from plait.cli import run
    from plait.data.fitting import fit_codecs
    from plait.data.prepared import prepare_table

    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "t.csv"
    path.write_text("photo,kind\n" + "".join(f"{site}/{i}.png,{'ab'[i % 2]}\n" for i in range(8)))
    table = read(path, allow_network=True)
    codecs = fit_codecs(table, ["photo"], range(8))
    assert prepare_table(table, codecs).columns["photo"].present.all()
    with pytest.raises(CellError, match="network is not allowed"):
        fit_codecs(read(path), ["photo"], range(8))
    for words, unreadable in ((["--allow-network"], 0), ([], 8)):
        assert run(["inspect", str(path), "--json", *words]) == 0
        columns = json.loads(capsys.readouterr().out)["columns"]
        assert columns[0]["num_unreadable"] == unreadable


def test_without_the_hook_a_loopback_url_stays_refused(site, tmp_path):
    with pytest.raises(CellError, match="not public"):
        Media(tmp_path, allow_network=True).read_bytes(f"{site}/a.png")
