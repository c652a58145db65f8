from __future__ import annotations

import errno
import hashlib
import shutil
import socket
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError
from realtime_fer.zoo.download import Wanted, download
from realtime_fer.zoo.part_file import PartFile
from tests.zoo.conftest import CONTENT
from tests.zoo.weight_server import Behaviour

DIGEST = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2


class Told:
    """Remembers what it is told; interrupts once so many bytes are here."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.lines: list[str] = []
        self.counts: list[int] = []
        self.interrupt_at = interrupt_at

    def at(self, name: str, done: int, total: int | None) -> None:
        self.counts.append(done)
        if self.interrupt_at is not None and done >= self.interrupt_at:
            raise KeyboardInterrupt

    def say(self, line: str) -> None:
        self.lines.append(line)


def fetch(url: str, folder: Path, told: Told | None = None, timeout_s: float = 10.0, **known: Any) -> tuple[Path, list[float]]:
    waits: list[float] = []
    target = folder / "w.bin"
    found = download(Wanted(url + "/w.bin", target, **known), told or Told(), timeout_s=timeout_s, sleep=waits.append)
    assert found.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert found.size_bytes == target.stat().st_size
    return target, waits


def only(folder: Path, *names: str) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_a_whole_file(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    told = Told()
    target, waits = fetch(url, tmp_path, told, size_bytes=len(CONTENT), sha256=DIGEST, sha256_starts=DIGEST[:8])
    assert target.read_bytes() == CONTENT
    assert (told.counts[0], told.counts[-1]) == (0, len(CONTENT))
    assert waits == []
    assert behaviour.ranges() == [None]
    assert behaviour.seen[0][2]["Accept-Encoding"] == "identity"
    only(tmp_path, "w.bin")


def test_a_connection_that_breaks_is_gone_on_with(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.break_after = [HALF, 1000]
    told = Told()
    target, waits = fetch(url, tmp_path, told, sha256=DIGEST)
    assert target.read_bytes() == CONTENT
    assert behaviour.ranges() == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]
    assert behaviour.seen[1][2]["If-Range"] == '"first"'
    assert waits == [1, 1], "each attempt got further, so patience begins anew"
    assert any("broke after" in line for line in told.lines)


def test_a_connection_that_never_gets_further_is_given_up(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.break_after = [HALF, *[0] * 9]
    with pytest.raises(ModelError, match=rf"broke after {HALF} of {len(CONTENT)}"):
        fetch(url, tmp_path)
    assert (tmp_path / "w.bin.part").read_bytes() == CONTENT[:HALF]
    only(tmp_path, "w.bin.part", "w.bin.part.json")
    behaviour.break_after = []
    assert fetch(url, tmp_path)[0].read_bytes() == CONTENT
    assert behaviour.ranges()[-1] == f"bytes={HALF}-"
    only(tmp_path, "w.bin")


def test_an_interrupt_leaves_a_part_to_go_on_with(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    with pytest.raises(KeyboardInterrupt):
        fetch(url, tmp_path, Told(interrupt_at=HALF))
    only(tmp_path, "w.bin.part", "w.bin.part.json")
    have = (tmp_path / "w.bin.part").stat().st_size
    assert have >= HALF
    assert fetch(url, tmp_path)[0].read_bytes() == CONTENT
    assert behaviour.ranges() == [None, f"bytes={have}-"]


def test_a_server_without_ranges_sends_all_of_it_again(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.knows_ranges = False
    behaviour.break_after = [HALF]
    told = Told()
    assert fetch(url, tmp_path, told)[0].read_bytes() == CONTENT
    assert behaviour.ranges() == [None, f"bytes={HALF}-"]
    assert told.counts[told.counts.index(HALF) + 1] == 0, "the bar goes back"


@pytest.mark.parametrize("honest", [True, False])
def test_a_file_that_changed_is_begun_anew(server: tuple[str, Behaviour], tmp_path: Path, honest: bool) -> None:
    url, behaviour = server
    with pytest.raises(KeyboardInterrupt):
        fetch(url, tmp_path, Told(interrupt_at=HALF))
    behaviour.content, behaviour.etag, behaviour.honest_if_range = CONTENT[::-1], '"second"', honest
    assert fetch(url, tmp_path)[0].read_bytes() == CONTENT[::-1]


def test_a_weak_etag_is_no_proof_but_a_date_is(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.etag, behaviour.last_modified = 'W/"weak"', "Tue, 01 Jul 2025 10:00:00 GMT"
    behaviour.break_after = [HALF]
    fetch(url, tmp_path)
    assert behaviour.seen[1][2]["If-Range"] == behaviour.last_modified
    (tmp_path / "w.bin").unlink()
    behaviour.last_modified, behaviour.break_after = None, [HALF]
    assert fetch(url, tmp_path)[0].read_bytes() == CONTENT
    assert behaviour.ranges()[2:] == [None, None]


def test_a_part_of_another_address_is_not_gone_on_with(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    with pytest.raises(KeyboardInterrupt):
        fetch(url, tmp_path, Told(interrupt_at=HALF))
    fetch(url + "/elsewhere", tmp_path)
    assert behaviour.ranges() == [None, None]


@pytest.mark.parametrize("broken", ["", "{", '{"url": 3}'])
def test_a_part_that_nobody_knows_is_thrown_away(server: tuple[str, Behaviour], tmp_path: Path, broken: str) -> None:
    url, behaviour = server
    (tmp_path / "w.bin.part").write_bytes(b"something")
    (tmp_path / "w.bin.part.json").write_text(broken)
    assert fetch(url, tmp_path)[0].read_bytes() == CONTENT
    assert behaviour.ranges() == [None]


def test_a_range_that_begins_elsewhere_is_not_appended(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.range_from, behaviour.break_after = 7, [HALF]
    assert fetch(url, tmp_path)[0].read_bytes() == CONTENT


def test_a_spoilt_part_is_fetched_anew_once(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, _ = server
    with pytest.raises(KeyboardInterrupt):
        fetch(url, tmp_path, Told(interrupt_at=HALF))
    part = tmp_path / "w.bin.part"
    part.write_bytes(b"\0" * part.stat().st_size)
    told = Told()
    assert fetch(url, tmp_path, told, sha256=DIGEST)[0].read_bytes() == CONTENT
    assert any("fetched anew" in line for line in told.lines)


@pytest.mark.parametrize("known", [{"sha256": "0" * 64}, {"sha256_starts": "00000000"}])
def test_wrong_bytes_never_get_the_name(server: tuple[str, Behaviour], tmp_path: Path, known: dict[str, Any]) -> None:
    with pytest.raises(ModelCorruptError, match=f"expected .*sha256.* 0+.* found {DIGEST}"):
        fetch(server[0], tmp_path, **known)
    only(tmp_path)


def test_other_bytes_than_at_first_never_get_the_name(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    with pytest.raises(ModelCorruptError, match=r"bytes first fetched \(sha256 0+\), found .* remove .*record.json"):
        fetch(server[0], tmp_path, first_sha256="0" * 64, record=tmp_path / "record.json")
    only(tmp_path)


@pytest.mark.parametrize("known", [{"size_bytes": 5}, {"about_bytes": len(CONTENT) * 2}])
def test_another_size_is_told_before_anything_comes(
    server: tuple[str, Behaviour], tmp_path: Path, known: dict[str, Any]
) -> None:
    told = Told()
    with pytest.raises(ModelCorruptError, match=f"the server has {len(CONTENT)}"):
        fetch(server[0], tmp_path, told, **known)
    assert told.counts == []
    assert not (tmp_path / "w.bin").exists()
    fetch(server[0], tmp_path, about_bytes=round(len(CONTENT) * 1.01))


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (404, ModelNotFoundError, "nothing is there"),
        (410, ModelNotFoundError, "nothing is there"),
        (403, ModelError, "without logging in"),
        (401, ModelError, "without logging in"),
        (407, ModelError, "proxy wants a password"),
        (418, ModelError, "was refused"),
    ],
)
def test_a_refusal_is_one_clear_line(
    server: tuple[str, Behaviour], tmp_path: Path, status: int, kind: type[ModelError], says: str
) -> None:
    url, behaviour = server
    behaviour.statuses = [status]
    with pytest.raises(kind, match=says) as raised:
        fetch(url, tmp_path)
    assert "\n" not in str(raised.value)
    assert len(behaviour.seen) == 1
    only(tmp_path)


def test_a_busy_server_is_asked_again(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.statuses = [503, 429, 200]
    told = Told()
    target, waits = fetch(url, tmp_path, told)
    assert target.read_bytes() == CONTENT
    assert waits == [1, 2]
    assert told.lines[0].endswith("the server is busy (503 Service Unavailable); again in 1 s (attempt 2 of 5)")
    behaviour.statuses = [503] * 9
    with pytest.raises(ModelError, match="busy"):
        fetch(url, tmp_path)


def test_a_busy_server_may_say_how_long(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.statuses, behaviour.headers = [503], {"Retry-After": "7"}
    assert fetch(url, tmp_path)[1] == [7]
    behaviour.statuses, behaviour.headers = [503], {"Retry-After": "3600"}
    with pytest.raises(ModelError, match="busy"):
        fetch(url, tmp_path)


def test_a_range_that_is_refused_is_begun_anew(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.break_after, behaviour.statuses = [HALF], [200, 416]
    assert fetch(url, tmp_path)[0].read_bytes() == CONTENT
    assert behaviour.ranges() == [None, f"bytes={HALF}-", None]


def test_silence_ends_and_is_gone_on_with(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.hang = [HALF]
    told = Told()
    assert fetch(url, tmp_path, told, timeout_s=0.1)[0].read_bytes() == CONTENT
    assert any("nothing came for 0.1 s" in line for line in told.lines)
    assert len(behaviour.seen) == 2


def test_what_came_before_a_silence_is_kept_however_little(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.hang = [1000] * 7
    # More silences than attempts in a row: each brought something.
    assert fetch(url, tmp_path, timeout_s=0.1)[0].read_bytes() == CONTENT
    assert {None, "bytes=1000-", "bytes=2000-"} <= set(behaviour.ranges())


def test_a_part_that_is_all_here_is_only_verified(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    with pytest.raises(KeyboardInterrupt):
        fetch(url, tmp_path, Told(interrupt_at=len(CONTENT)))
    assert fetch(url, tmp_path)[0].read_bytes() == CONTENT
    assert len(behaviour.seen) == 1


def test_a_log_in_page_is_not_the_file(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.content_type = "text/html; charset=utf-8"
    with pytest.raises(ModelError, match="a web page came"):
        fetch(url, tmp_path)
    behaviour.content_type, behaviour.content = "application/octet-stream", b"version https://git-lfs.github.com/spec/v1\noid"
    with pytest.raises(ModelCorruptError, match="pointer of git-lfs"):
        fetch(url, tmp_path)
    only(tmp_path)


def test_a_compressed_answer_is_refused(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(ModelError, match="comes compressed"):
        fetch(url, tmp_path)


def test_a_length_that_nobody_knows(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    url, behaviour = server
    behaviour.length = False
    with pytest.raises(ModelError, match="does not say where the file ends"):
        fetch(url, tmp_path)
    assert fetch(url, tmp_path, sha256=DIGEST)[0].read_bytes() == CONTENT


def test_no_room_is_known_before_and_during(
    server: tuple[str, Behaviour], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: Usage(1000))
        with pytest.raises(ModelError, match=r"no room for w\.bin, 1\.02 MB to come, 1 kB free"):
            fetch(server[0], tmp_path)
    if sys.platform != "linux":
        return
    begin = PartFile.begin

    def on_a_full_disk(part: PartFile, *given: Any) -> None:
        begin(part, *given)
        part.path.symlink_to("/dev/full")  # whatever is written there fails

    monkeypatch.setattr(PartFile, "begin", on_a_full_disk)
    with pytest.raises(ModelError, match=r"no room for w\.bin, 1\.02 MB to come; make room"):
        fetch(server[0], tmp_path)
    assert not (tmp_path / "w.bin").exists()


def test_a_folder_that_cannot_be_written(server: tuple[str, Behaviour], tmp_path: Path) -> None:
    (tmp_path / "w.bin.part.json").mkdir()
    with pytest.raises(ModelError, match="cannot be written"):
        fetch(server[0], tmp_path)


def test_nobody_there_is_told_at_once(no_proxy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ModelError, match="the connection was refused"):
            fetch(f"http://127.0.0.1:{unused.getsockname()[1]}", tmp_path)

    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ModelError, match=r"host's name is not known here .* models import"):
        fetch("https://weights.invalid", tmp_path)
    only(tmp_path)

    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    with pytest.raises(ModelError, match="no network leads there; check https_proxy"):
        fetch("http://192.0.2.1", tmp_path)
    only(tmp_path)
