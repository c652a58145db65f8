from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime_fer.errors import PublishingError
from realtime_fer.publishing.encoding import Encoding, encode
from realtime_fer.publishing.results_writer import ResultsWriter
from realtime_fer.publishing.stamping import MessageStamper
from tests.publishing import contents


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_each_line_is_the_json_payload_and_there_at_once(tmp_path: Path, encoding: Encoding) -> None:
    path = tmp_path / "r.jsonl"
    stamper = MessageStamper()
    messages = [stamper.stamp(contents.frame(i, faces=2)) for i in range(3)]
    writer = ResultsWriter(path)
    for number, message in enumerate(messages, 1):
        writer.write(encode(message, encoding))
        assert path.read_bytes().count(b"\n") == number  # not closed, not flushed by anyone
    writer.close()
    assert path.read_bytes() == b"".join(encode(message, "json").payload + b"\n" for message in messages)
    assert json.loads(path.read_text().splitlines()[2])["faces"][1]["track_id"] == 2
    assert writer.messages_written == 3


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match=r"absent/r\.jsonl: results cannot be written \(No such file or directory\)"):
        ResultsWriter(tmp_path / "absent" / "r.jsonl")
    with pytest.raises(PublishingError, match="Is a directory"):
        ResultsWriter(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named() -> None:
    with ResultsWriter(Path("/dev/full")) as writer, pytest.raises(PublishingError, match="No space left on device"):
        writer.write(encode(MessageStamper().stamp(contents.frame()), "json"))


def test_a_line_that_found_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    message = encode(MessageStamper().stamp(contents.frame()), "json")
    line = len(message.payload) + 1
    script = (
        "import resource, signal, sys; from pathlib import Path; from realtime_fer.errors import PublishingError\n"
        "from realtime_fer.publishing.encoding import encode; from realtime_fer.publishing.stamping import MessageStamper\n"
        "from realtime_fer.publishing.results_writer import ResultsWriter; from tests.publishing import contents\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({line * 2 + 50}, {line * 2 + 50}))\n"
        f"writer = ResultsWriter(Path({str(path)!r})); stamper = MessageStamper()\n"
        "try:\n"
        "    for _ in range(9): writer.write(encode(stamper.stamp(contents.frame()), 'json'))\n"
        "except PublishingError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "results cannot be written (File too large)" in said
    lines = path.read_bytes().splitlines()
    assert lines
    assert all(json.loads(line)["kind"] == "frame" for line in lines)


def test_a_closed_writer_says_so(tmp_path: Path) -> None:
    writer = ResultsWriter(tmp_path / "r.jsonl")
    writer.close()
    writer.close()
    with pytest.raises(PublishingError, match="closed"):
        writer.write(encode(MessageStamper().stamp(contents.frame()), "json"))


def test_a_pipe_that_nobody_reads_is_an_error_and_no_wait(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(PublishingError, match="nobody reads this pipe; start its reader first"):
        ResultsWriter(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with ResultsWriter(path) as writer:
        os.close(reader)
        with pytest.raises(PublishingError, match="the pipe's reader went away"):
            writer.write(encode(MessageStamper().stamp(contents.frame()), "json"))


def test_a_pipe_gets_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with ResultsWriter(path) as writer:
            writer.write(encode(MessageStamper().stamp(contents.frame()), "json"))
            assert json.loads(os.read(reader, 1 << 16))["kind"] == "frame"
    finally:
        os.close(reader)
