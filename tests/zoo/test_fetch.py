from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError
from realtime_fer.zoo.catalogue import Published, PublishedFile, find_published
from realtime_fer.zoo.fetch import fetch, is_fetched, require_fetchable, verify_fetched
from realtime_fer.zoo.first_seen import FirstSeen
from realtime_fer.zoo.folder_lock import locked
from realtime_fer.zoo.take_in import take_in
from realtime_fer.zoo.user_folder import fetched_folder
from realtime_fer.zoo.whole_file import Fetched
from tests.zoo.conftest import CONTENT
from tests.zoo.test_catalogue import ENTRY
from tests.zoo.test_download import Told
from tests.zoo.weight_server import Behaviour

DIGEST = hashlib.sha256(CONTENT).hexdigest()


def served(url: str, *names: str, **known: object) -> Published:
    """An entry whose files this machine serves; the catalogue itself takes https alone."""
    files = tuple(PublishedFile.model_construct(name=name, url=f"{url}/{name}", **_blank(known)) for name in names)  # type: ignore[arg-type]
    return Published.model_validate(ENTRY).model_copy(update={"files": files})


def _blank(known: dict[str, object]) -> dict[str, object]:
    return {"size_bytes": None, "about_bytes": None, "sha256": None, "sha256_starts": None, **known}


def test_all_files_come_and_are_recorded(server: tuple[str, Behaviour], home: Path) -> None:
    url, behaviour = server
    entry, told = served(url, "a.bin", "b.bin"), Told()
    assert not is_fetched(entry)
    folder = fetch(entry, told)
    assert folder == home / "fetched" / "some" == fetched_folder("some")
    assert {path.name for path in folder.iterdir()} == {"a.bin", "b.bin"}
    record = json.loads((home / "fetched" / "some.json").read_text())
    assert record["a.bin"] == {"url": f"{url}/a.bin", "size_bytes": len(CONTENT), "sha256": DIGEST}
    assert any("recorded" in line for line in told.lines)
    assert is_fetched(entry)
    assert verify_fetched(entry) == [("a.bin", DIGEST), ("b.bin", DIGEST)]
    fetch(entry, told)
    assert len(behaviour.seen) == 2, "what is here and whole is not fetched again"


def test_what_is_fetched_later_must_be_the_same(server: tuple[str, Behaviour], home: Path) -> None:
    url, behaviour = server
    entry = served(url, "a.bin")
    folder = fetch(entry, Told())
    (folder / "a.bin").unlink()
    behaviour.content = CONTENT[::-1]
    with pytest.raises(ModelCorruptError, match=rf"first fetched \(sha256 {DIGEST}\).*remove .*some\.json"):
        fetch(entry, Told())
    assert not list(folder.iterdir())
    (home / "fetched" / "some.json").unlink()
    assert (fetch(entry, Told()) / "a.bin").read_bytes() == CONTENT[::-1]


def test_a_file_that_was_damaged_is_told_and_replaced(server: tuple[str, Behaviour], home: Path) -> None:
    entry = served(server[0], "a.bin")
    file = fetch(entry, Told()) / "a.bin"
    file.write_bytes(b"damaged")
    with pytest.raises(ModelCorruptError, match=f"expected sha256 {DIGEST}"):
        verify_fetched(entry)
    fetch(entry, Told())
    assert file.read_bytes() == CONTENT
    file.unlink()
    with pytest.raises(ModelNotFoundError, match="models fetch some"):
        verify_fetched(entry)


def test_the_catalogues_checksum_counts(server: tuple[str, Behaviour], home: Path) -> None:
    fetch(served(server[0], "a.bin", sha256=DIGEST), Told())
    with pytest.raises(ModelCorruptError, match=r"expected sha256 0+ \(the catalogue\)"):
        fetch(served(server[0], "b.bin", sha256="0" * 64), Told())


def test_another_folder(server: tuple[str, Behaviour], home: Path, tmp_path: Path) -> None:
    entry = served(server[0], "a.bin")
    assert fetch(entry, Told(), tmp_path / "deep" / "here") == tmp_path / "deep" / "here"
    assert is_fetched(entry, tmp_path / "deep" / "here")
    assert not is_fetched(entry)


def test_two_at_once_are_refused(server: tuple[str, Behaviour], home: Path) -> None:
    entry = served(server[0], "a.bin")
    other = (
        "import sys, pathlib\n"
        "from realtime_fer.zoo.folder_lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", other, str(fetched_folder("some"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(ModelError, match=rf"another process \({process.pid}\) works on it"):
            fetch(entry, Told())
        process.kill()
    fetch(entry, Told())
    with locked(fetched_folder("some")), pytest.raises(ModelError), locked(fetched_folder("some")):
        pass


def test_a_broken_record_is_named(server: tuple[str, Behaviour], home: Path) -> None:
    (home / "fetched").mkdir(parents=True)
    (home / "fetched" / "some.json").write_text('{"a.bin": {"sha256": "x"}}')
    with pytest.raises(ModelCorruptError, match=r"some\.json: the record .* remove it"):
        fetch(served(server[0], "a.bin"), Told())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("fmpn", r"publish no trained weights.*models show fmpn"),
        ("emotion-gcn", r"Google Drive .*https://drive\.google\.com.*models import emotion-gcn"),
        ("exp-blip", r"OneDrive.*https://1drv\.ms.*models show exp-blip.*models import exp-blip [^{}]*$"),
    ],
)
def test_what_no_program_can_fetch_says_what_to_do(name: str, says: str) -> None:
    with pytest.raises(ModelNotFoundError, match=says):
        require_fetchable(find_published(name))
    require_fetchable(find_published("chain-of-affect"))


def test_files_brought_by_hand_lie_where_fetched_ones_do(home: Path, tmp_path: Path) -> None:
    entry = served("https://example.org", "a.bin", "b.bin", sha256_starts=DIGEST[:8])
    (tmp_path / "usb").mkdir()
    for path in (tmp_path / "usb" / "a.bin", tmp_path / "b.bin"):
        path.write_bytes(CONTENT)
    folder = take_in(entry, [tmp_path / "usb", tmp_path / "b.bin"], Told())
    assert is_fetched(entry)
    assert verify_fetched(entry) == [("a.bin", DIGEST), ("b.bin", DIGEST)]
    assert json.loads((home / "fetched" / "some.json").read_text())["a.bin"]["url"] == "by hand"
    assert take_in(entry, [folder], Told()) == folder, "once more, from where they are"
    with pytest.raises(ModelNotFoundError, match=r"b\.bin: expected it among"):
        take_in(entry, [tmp_path / "usb"], Told())


def test_files_brought_by_hand_are_compared(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(ModelCorruptError, match="git lfs pull"):
        take_in(served("https://x", "a.bin"), [source], Told())
    source.write_bytes(b"  <!DOCTYPE html><title>log in")
    with pytest.raises(ModelCorruptError, match="a web page"):
        take_in(served("https://x", "a.bin"), [source], Told())
    source.write_bytes(CONTENT)
    for known in ({"sha256": "0" * 64}, {"sha256_starts": "00000000"}):
        with pytest.raises(ModelCorruptError, match=r"expected .*sha256"):
            take_in(served("https://x", "a.bin", **known), [source], Told())
    take_in(served("https://x", "a.bin"), [source], Told())
    source.write_bytes(CONTENT[::-1])
    with pytest.raises(ModelCorruptError, match="first fetched"):
        take_in(served("https://x", "a.bin"), [source], Told())
    assert (fetched_folder("some") / "a.bin").read_bytes() == CONTENT


def test_files_brought_by_hand_have_their_size(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(CONTENT)
    for known, says in (({"size_bytes": 5}, "5 bytes"), ({"about_bytes": 10_000_000}, r"about 10 MB")):
        with pytest.raises(ModelCorruptError, match=rf"a\.bin: expected {says}, found {len(CONTENT)} bytes; is it cut short"):
            take_in(served("https://x", "a.bin", **known), [tmp_path], Told())
    assert not (home / "fetched" / "some.json").exists()
    take_in(served("https://x", "a.bin", about_bytes=len(CONTENT) + 5), [tmp_path], Told())


def test_what_nothing_is_known_of_is_not_called_whole(server: tuple[str, Behaviour], home: Path) -> None:
    entry = served(server[0], "a.bin")
    fetch(entry, Told())
    (home / "fetched" / "some.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"a\.bin: nothing to compare it with, \S+some\.json says nothing"):
        verify_fetched(entry)


def test_two_records_of_one_entry_become_one(home: Path) -> None:
    ours, theirs = FirstSeen("some"), FirstSeen("some")
    assert theirs.accept("b.bin", Fetched(1, "b" * 64, "https://x"))
    assert ours.accept("a.bin", Fetched(1, "a" * 64, "https://x"))
    assert set(FirstSeen("some").files) == {"a.bin", "b.bin"}
    with pytest.raises(ModelCorruptError, match="first fetched"):
        ours.accept("b.bin", Fetched(1, "c" * 64, "https://x"))
