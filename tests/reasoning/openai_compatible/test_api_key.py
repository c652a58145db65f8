from __future__ import annotations

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.openai_compatible.address import ServerAddress
from realtime_fer.reasoning.openai_compatible.api_key import ApiKey

FAR = ServerAddress.parse("http://gpu:8000/v1")


def test_it_is_read_trimmed_and_sent_and_never_shown() -> None:
    key = ApiKey.from_environment("MY_KEY", {"MY_KEY": " sk-secret\n"})
    assert key.headers() == {"Authorization": "Bearer sk-secret"}
    assert key.hidden_in("found sk-secret, sk-secret") == "found ***, ***"
    assert repr(key) == str(key) == "ApiKey(MY_KEY, set)"


@pytest.mark.parametrize(("variable", "environment"), [(None, {"MY_KEY": "x"}), ("MY_KEY", {}), ("MY_KEY", {"MY_KEY": " "})])
def test_none(variable: str | None, environment: dict[str, str]) -> None:
    key = ApiKey.from_environment(variable, environment)
    assert (key.headers(), key.is_set, key.hidden_in("text")) == ({}, False, "text")
    key.require_safe_way(FAR, send_unencrypted=False)


@pytest.mark.parametrize("value", ["sk secret", "sk\r\nX-Evil: secret", "sk-sécret"])
def test_a_value_that_cannot_stand_in_a_header_is_not_repeated(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^MY_KEY: expected a key of printable ASCII") as caught:
        ApiKey.from_environment("MY_KEY", {"MY_KEY": value})
    assert "cret" not in str(caught.value)


def test_a_key_in_place_of_its_variable_is_not_repeated() -> None:
    with pytest.raises(SettingsError, match="expected the name of an environment variable") as caught:
        ApiKey.from_environment("sk-secret", {})
    assert "secret" not in str(caught.value)


def test_it_does_not_cross_a_network_unencrypted() -> None:
    key = ApiKey.from_environment("MY_KEY", {"MY_KEY": "sk-secret"})
    with pytest.raises(SettingsError, match="MY_KEY: would be sent to http://gpu:8000 unencrypted; use https") as caught:
        key.require_safe_way(FAR, send_unencrypted=False)
    assert "secret" not in str(caught.value)
    key.require_safe_way(FAR, send_unencrypted=True)
    key.require_safe_way(ServerAddress.parse("https://gpu/v1"), send_unencrypted=False)
    key.require_safe_way(ServerAddress.parse("http://127.0.0.1/v1"), send_unencrypted=False)
