"""Proxies and certificates: what is sent to whom, and who can read it."""

from __future__ import annotations

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS
from realtime_fer.reasoning.openai_compatible.address import ServerAddress
from realtime_fer.reasoning.openai_compatible.factory import chain_model
from realtime_fer.reasoning.openai_compatible.options import ServerOptions
from realtime_fer.reasoning.openai_compatible.proxy import Proxy, proxy_for
from realtime_fer.reasoning.openai_compatible.server_error import ServerError
from tests.fakes import FakeClock
from tests.reasoning.openai_compatible.asking import model_at
from tests.reasoning.openai_compatible.server import ModelServer, answers

FAR = ServerAddress.parse("http://model.example:8000/v1")
FAR_HTTPS = ServerAddress.parse("https://model.example/v1")
FACE = np.zeros((4, 4, 3), np.uint8)


def test_which_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for(FAR) is None
    monkeypatch.setenv("http_proxy", "http://me:p%40ss@proxy:3128")
    monkeypatch.setenv("https_proxy", "other:8080/")
    assert proxy_for(FAR) == Proxy("proxy", 3128, "Basic bWU6cEBzcw==")
    assert proxy_for(FAR_HTTPS) == Proxy("other", 8080)
    assert "bWU6" not in repr(proxy_for(FAR))
    assert proxy_for(ServerAddress.parse("http://127.0.0.1:8000")) is None
    monkeypatch.setenv("no_proxy", "example")
    assert proxy_for(FAR) is None


@pytest.mark.parametrize("url", ["socks5://me:secret@proxy:1080", "https://proxy", "http://:3128", "http://proxy:port"])
def test_a_proxy_of_another_kind_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("http_proxy", url)
    with pytest.raises(SettingsError, match="http_proxy: expected http://host:port, found") as caught:
        proxy_for(FAR)
    assert "secret" not in str(caught.value)


def test_over_a_proxy_the_whole_address_is_asked_for(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    with ModelServer(answers("Fear")) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:pass@127.0.0.1:{proxy.port}")
        model = chain_model(ServerOptions.of({"base_url": FAR.url, "model": "m"}), clock)
        assert model.look(FACE).ask("?", BASIC_LABELS).text == "Fear"
    (received,) = proxy.received
    assert received.target == "http://model.example:8000/v1/chat/completions"
    assert received.headers["host"] == "model.example:8000"
    assert received.headers["proxy-authorization"] == "Basic bWU6cGFzcw=="


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for model.example and 127.0.0.1, signed by itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the program openssl")
    folder = tmp_path_factory.mktemp("certificate")
    names = "subjectAltName=DNS:model.example,IP:127.0.0.1"
    use = "keyUsage=digitalSignature,keyCertSign"
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        [openssl, *kind, "-subj", "/CN=test", "-addext", names, "-addext", use, *files], check=True, capture_output=True
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def encrypted(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_a_certificate_is_checked(certificate: tuple[Path, Path], encrypted: ssl.SSLContext, clock: FakeClock) -> None:
    with ModelServer(answers("Fear"), tls=encrypted) as server:
        with pytest.raises(ServerError, match=r"certificate cannot be trusted \(self.signed certificate\); name .* ca_file"):
            model_at(server, clock).look(FACE).ask("?", BASIC_LABELS)
        assert server.received == []
        assert clock.waits_s == []
        assert model_at(server, clock, ca_file=str(certificate[0])).look(FACE).ask("?", BASIC_LABELS).text == "Fear"


def test_https_asked_of_a_server_that_speaks_http(clock: FakeClock) -> None:
    with ModelServer(answers("Fear")) as server:
        options = {"base_url": server.url.replace("http:", "https:"), "model": "m"}
        with pytest.raises(ServerError, match="does it speak https"):
            chain_model(ServerOptions.of(options), clock).look(FACE).ask("?", BASIC_LABELS)


class Tunnel(http.server.BaseHTTPRequestHandler):
    """A proxy that connects everybody to one port of this machine, and notes what it could read."""

    to_port = 0
    asked_for: list[tuple[str, str | None]]

    def do_CONNECT(self) -> None:
        self.asked_for.append((self.path, self.headers.get("Authorization")))
        self.close_connection = True
        with socket.create_connection(("127.0.0.1", self.to_port)) as far:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pour, args=(far, self.connection), daemon=True)
            back.start()
            _pour(self.connection, far)
            back.join()

    def log_message(self, *_args: object) -> None:
        pass


def _pour(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side has gone


@pytest.fixture
def tunnel() -> Iterator[http.server.ThreadingHTTPServer]:
    Tunnel.asked_for = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tunnel)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_through_a_tunnel_the_key_is_for_the_server_alone(
    monkeypatch: pytest.MonkeyPatch,
    certificate: tuple[Path, Path],
    encrypted: ssl.SSLContext,
    tunnel: http.server.ThreadingHTTPServer,
    clock: FakeClock,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{tunnel.server_port}")
    with ModelServer(answers("Fear"), answers("Anger"), tls=encrypted) as server:
        Tunnel.to_port = server.port
        options = {"base_url": FAR_HTTPS.url, "model": "m", "ca_file": str(certificate[0])}
        picture = chain_model(ServerOptions.of(options), clock).look(FACE)
        assert [picture.ask("?", BASIC_LABELS).text for _ in range(2)] == ["Fear", "Anger"]
        del picture
    assert Tunnel.asked_for == [("model.example:443", None)]
    assert server.received[0].headers["authorization"] == "Bearer sk-of-the-test"
    assert server.received[0].target == "/v1/chat/completions"
