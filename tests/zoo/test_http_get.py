from __future__ import annotations

import hashlib
import ssl
import urllib.error
from pathlib import Path

import pytest

from realtime_fer.errors import ModelError, SettingsError
from realtime_fer.zoo.download import Wanted, download
from realtime_fer.zoo.http_errors import PassingError, shown, translated
from realtime_fer.zoo.http_get import get, require_http_proxy
from tests.zoo.conftest import CONTENT
from tests.zoo.test_download import Told
from tests.zoo.weight_server import Behaviour, weight_server

DIGEST = hashlib.sha256(CONTENT).hexdigest()


def body(url: str) -> bytes:
    answer = get(url, {}, 10)
    with answer.body:
        return answer.body.read()


def test_redirects_are_followed_with_their_range(server: tuple[str, Behaviour]) -> None:
    url, behaviour = server
    behaviour.redirects = {"/a": "/b", "/b": f"{url}/c"}
    answer = get(f"{url}/a", {"Range": "bytes=5-", "If-Range": '"first"'}, 10)
    with answer.body:
        assert answer.body.read() == CONTENT[5:]
    assert [path for _, path, _ in behaviour.seen] == ["/a", "/b", "/c"]


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/w", "file:///etc/passwd", "data:,x", "javascript:x"])
def test_redirects_to_other_schemes_are_refused(server: tuple[str, Behaviour], target: str) -> None:
    url, behaviour = server
    behaviour.redirects = {"/a": target}
    with pytest.raises(ModelError, match=f"is redirected to {target.partition(':')[0]}:, which is refused"):
        body(f"{url}/a")


def test_redirects_that_never_end(server: tuple[str, Behaviour]) -> None:
    url, behaviour = server
    behaviour.redirects = {"/a": "/a"}
    with pytest.raises(ModelError, match="was refused"):
        body(f"{url}/a")


@pytest.mark.parametrize("target", ["http://[::1/w", "http://127.0.0.1:x/w"])
def test_redirects_to_no_address(server: tuple[str, Behaviour], target: str) -> None:
    url, behaviour = server
    behaviour.redirects = {"/a": target}
    with pytest.raises(ModelError, match=r"/a: leads to no address \(.*check https_proxy") as raised:
        body(f"{url}/a")
    assert not isinstance(raised.value, PassingError), "it would be tried again"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/w", "data:,x"])
def test_other_schemes_are_not_opened(no_proxy: None, url: str) -> None:
    with pytest.raises(ModelError):
        body(url)


def test_the_publishers_checksum_on_the_way_is_checked(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.redirects, behaviour.headers = {"/a": "/b"}, {"X-Linked-Etag": f'"{DIGEST}"'}
    target = tmp_path / "w"
    assert download(Wanted(f"{url}/a", target), Told()).sha256 == DIGEST
    target.unlink()
    behaviour.headers = {"X-Linked-Etag": f'"{"0" * 64}"'}
    with pytest.raises(ModelError, match=r"expected sha256 0+ \(the publisher\), found"):
        download(Wanted(f"{url}/a", target), Told())
    assert not list(tmp_path.iterdir())
    behaviour.headers = {"X-Linked-Etag": '"not-a-checksum"'}
    download(Wanted(f"{url}/a", target), Told())


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
def test_a_proxy_is_asked_unless_no_proxy_says_otherwise(
    server: tuple[str, Behaviour], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    url, direct = server
    with weight_server(b"from the proxy") as (proxy_url, proxy):
        monkeypatch.setenv(name, proxy_url.replace("http://", "http://user:secret@"))
        assert body("http://weights.invalid/w") == b"from the proxy"
        method, path, headers = proxy.seen[0]
        assert (method, path) == ("GET", "http://weights.invalid/w")
        assert headers["Proxy-Authorization"] == "Basic dXNlcjpzZWNyZXQ="
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,weights.invalid")
        assert body(f"{url}/w") == CONTENT
        assert len(proxy.seen) == len(direct.seen) == 1


def test_a_proxy_that_lets_nothing_through(no_proxy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with weight_server() as (proxy_url, proxy):
        monkeypatch.setenv("HTTPS_PROXY", proxy_url)
        with pytest.raises(ModelError, match=r"the proxy does not let it through .*403"):
            body("https://weights.invalid/w")
        assert proxy.seen[0][:2] == ("CONNECT", "weights.invalid:443")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "https://127.0.0.1:1"])
def test_a_proxy_of_another_kind_is_refused(no_proxy: None, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(SettingsError, match=rf"https_proxy: expected http://host:port, found {proxy[:5]}"):
        body("https://weights.invalid/w")
    monkeypatch.setenv("no_proxy", "weights.invalid")
    require_http_proxy("https://weights.invalid/w")


def test_errors_say_what_happened_and_what_to_try() -> None:
    untrusted = ssl.SSLCertVerificationError(1, "x")
    untrusted.verify_message = "self-signed"
    text = str(translated("https://host/w?token=secret", urllib.error.URLError(untrusted), 1))
    assert "https://host/w: its certificate is not trusted (self-signed)" in text
    assert "secret" not in text
    assert isinstance(translated("https://host/w", ConnectionResetError("reset"), 1), PassingError)
    assert shown("https://user:pass@host/w?key=1") == "https://host/w"
