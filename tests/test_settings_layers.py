from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.settings import ServiceSettings
from realtime_fer.settings_layers import load_settings, shipped_profiles


def profile(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    return path


def test_defaults() -> None:
    settings = load_settings()
    assert settings == ServiceSettings()
    assert settings.publish.bind == "tcp://127.0.0.1:5556"


def test_flags_win_over_environment_and_that_over_the_profile(tmp_path: Path) -> None:
    path = profile(tmp_path, "detector: {interval: 2, threads: 2, iou: 0.4}\n")
    environment = {"REALTIME_FER_DETECTOR__INTERVAL": "3", "REALTIME_FER_DETECTOR__THREADS": "3", "REALTIME_FER_DATA": "x"}
    detector = load_settings(profile=path, environment=environment, flags={"detector": {"interval": 4}}).detector
    assert (detector.interval, detector.threads, detector.iou) == (4, 3, 0.4)


def test_environment_values_are_typed() -> None:
    environment = {
        "REALTIME_FER_SOURCE__EVERY_FRAME": "true",
        "REALTIME_FER_DETECTOR__PROVIDERS": "[A, B]",
        "REALTIME_FER_SOURCE__SPEC": "demo",
    }
    settings = load_settings(environment=environment)
    assert settings.source.every_frame is True
    assert settings.detector.providers == ("A", "B")
    assert settings.source.spec == "demo"


def test_a_camera_index_may_be_a_number_in_a_profile(tmp_path: Path) -> None:
    assert load_settings(profile=profile(tmp_path, "source: {spec: 0}")).source.spec == "0"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("detector: {intervall: 2}", r"p\.yaml: detector 'intervall' is not known; did you mean interval"),
        ("detectr: {interval: 2}", r"p\.yaml: section 'detectr' is not known; did you mean detector"),
        ("reasoning: {name: oracle}", r"reasoning\.name = 'oracle': input should be 'none', 'chain-of-affect-tiny'"),
        ("reasoning: {options: 3}", r"reasoning\.options = 3: "),
        ("detector: {interval: 0}", r"p\.yaml: detector\.interval = 0: "),
        ("detector: {interval: soon}", r"detector\.interval = 'soon': "),
        ("detector: 3", "expected sections .* found detector: 3"),
        ("detector: {interval: true}", r"detector\.interval = True: expected another value than true or false"),
        ("source: {fps: 1.0e-300}", r"source\.fps = 1e-300"),
        ("source: {spec: a}\npublish: {bind: b}\nsource: {loop: true}", "'source' stands there twice"),
        ("[1, 2]", "expected sections"),
        ("a: [", "not YAML"),
        ("source: {spec: 2024-13-45}", "not YAML: month must be in 1..12"),
    ],
)
def test_a_bad_profile_names_key_and_value(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_settings(profile=profile(tmp_path, text))


@pytest.mark.parametrize("path", ["/data/clip #2.mp4", "@clip.mp4", "a: b.mp4", "007", "[1].mp4"])
def test_text_from_the_environment_is_taken_as_it_is(path: str) -> None:
    environment = {"REALTIME_FER_SOURCE__SPEC": path, "REALTIME_FER_OUTPUT__RECORD": path}
    settings = load_settings(environment=environment)
    assert settings.source.spec == path
    assert settings.output.record == Path(path)


def test_an_empty_or_null_variable_is_no_value() -> None:
    environment = {
        "REALTIME_FER_SOURCE__SPEC": "",
        "REALTIME_FER_DETECTOR__INTERVAL": "",
        "REALTIME_FER_OUTPUT__RECORD": "null",
    }
    assert load_settings(environment=environment) == ServiceSettings()


def test_a_single_underscore_is_not_passed_over_in_silence() -> None:
    with pytest.raises(SettingsError, match="try REALTIME_FER_TRACKER__MAX_MISSED_S"):
        load_settings(environment={"REALTIME_FER_TRACKER_MAX_MISSED_S": "2"})


def test_a_bad_environment_variable_says_where_it_stands() -> None:
    with pytest.raises(SettingsError, match=r"environment: publish\.encoding = 'xml'"):
        load_settings(environment={"REALTIME_FER_PUBLISH__ENCODING": "xml"})


def test_a_bad_flag_says_where_it_stands() -> None:
    with pytest.raises(SettingsError, match=r"command line: detector\.confidence = 7"):
        load_settings(flags={"detector": {"confidence": 7}})


def test_options_of_a_reasoner_are_set_one_by_one(tmp_path: Path) -> None:
    path = profile(tmp_path, "reasoning: {name: openai, options: {base_url: http://a, model: m}}")
    environment = {"REALTIME_FER_REASONING__OPTIONS": "{model: n, retries: 2}"}
    reasoning = load_settings(profile=path, environment=environment, flags={"reasoning": {"options": {"retries": 3}}}).reasoning
    assert reasoning.options == {"base_url": "http://a", "model": "n", "retries": 3}


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ({"name": "openai"}, {"model": "m"}),
        ({"name": "chain-of-affect"}, {}),
        ({"name": "chain-of-affect", "options": {"checkpoint": "c"}}, {"checkpoint": "c"}),
        ({"factory": "a.b:c"}, {}),
        ({"burst": 3}, {"model": "m"}),
    ],
)
def test_options_meant_for_another_reasoner_are_not_given_to_this_one(
    tmp_path: Path, flags: dict[str, object], left: dict[str, object]
) -> None:
    path = profile(tmp_path, "reasoning: {name: openai, options: {model: m}}")
    assert load_settings(profile=path, flags={"reasoning": flags}).reasoning.options == left


def test_options_may_be_given_before_the_name(tmp_path: Path) -> None:
    path = profile(tmp_path, "reasoning: {options: {model: m}}")
    assert load_settings(profile=path, flags={"reasoning": {"name": "openai"}}).reasoning.options == {"model": "m"}


def test_missing_profile(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(profile=tmp_path / "none.yaml")


def test_a_shipped_profile_by_name_and_a_file_of_that_name_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("offline").mkdir()  # a folder of that name is no profile
    assert {"webcam", "robot", "network", "offline"} <= set(shipped_profiles())
    assert load_settings(profile=Path("offline")).source.every_frame
    Path("offline").rmdir()
    Path("offline").write_text("source: {every_frame: false}")
    assert not load_settings(profile=Path("offline")).source.every_frame


@pytest.mark.parametrize("text", ["", "publish:\n  # bind: tcp://127.0.0.1:1\n"])
def test_an_empty_profile_is_all_defaults(tmp_path: Path, text: str) -> None:
    assert load_settings(profile=profile(tmp_path, text)) == ServiceSettings()


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "launch").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_profiles_load(path: Path) -> None:
    load_settings(profile=path)
