from __future__ import annotations

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.openai_compatible.address import ServerAddress


@pytest.mark.parametrize(
    ("base_url", "address", "url"),
    [
        ("http://127.0.0.1:8000/v1", ServerAddress("http", "127.0.0.1", 8000, "/v1"), "http://127.0.0.1:8000/v1"),
        ("https://API.openai.com/v1/", ServerAddress("https", "api.openai.com", 443, "/v1"), "https://api.openai.com/v1"),
        ("http://gpu:80", ServerAddress("http", "gpu", 80, ""), "http://gpu"),
        ("http://[::1]:8000/a/b", ServerAddress("http", "::1", 8000, "/a/b"), "http://[::1]:8000/a/b"),
    ],
)
def test_good_ones(base_url: str, address: ServerAddress, url: str) -> None:
    assert ServerAddress.parse(base_url) == address
    assert address.url == url


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("", "expected http:// or https:// and a host"),
        ("gpu:8000/v1", "expected http:// or https:// and a host, for instance http://127.0.0.1:8000/v1, found 'gpu:8000/v1'"),
        ("ftp://gpu/v1", "expected http:// or https://"),
        ("http:///v1", "expected http:// or https:// and a host"),
        ("http://gpu:80000/v1", "expected a URL, .* found another .*[Pp]ort"),
        ("http://[::1/v1", "expected a URL"),
        ("http://gpu/v1?key=7", r"expected neither \? nor #"),
        ("http://gpu/v1#x", r"expected neither \? nor #"),
        ("http://gpu/v1/chat/completions", "expected the part before /chat/completions"),
        ("http://gpu/v1\r\nHost: evil", "expected printable ASCII"),
        ("http://gpu/v 1", "expected printable ASCII"),
        ("http://gpu/v1\r\nX:1", "expected printable ASCII"),
        ("http://gpu\t/v1", "expected printable ASCII"),
        ("http://gpü/v1", "expected printable ASCII"),
    ],
)
def test_bad_ones(base_url: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f"^base_url: {message}"):
        ServerAddress.parse(base_url)


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="no user name or password") as caught:
        ServerAddress.parse("https://me:secret@gpu/v1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("localhost", True),
        ("a.localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("gpu", False),
        ("localhost.evil.org", False),
    ],
)
def test_this_machine(host: str, here: bool) -> None:
    assert ServerAddress.parse(f"http://{host}:8000").is_this_machine is here
