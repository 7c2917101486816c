"""Files of backups: only a whole one is restored, and none is ever there by halves."""

import gzip
import os
import resource
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import redis

from karin.operations.backup_file import BadBackup, check, pieces, writing
from karin.store import keys
from karin.store.schema import VERSION
from tests.system.backups import Contents, contents, run


def spoilt(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """Write a file beside a backup that is the same but for a change."""
    other = path.with_name("spoilt")
    other.write_bytes(change(path.read_bytes()))
    return other


def repacked(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Return a change of what is in a file, whose own checksum is right."""
    return lambda whole: gzip.compress(change(gzip.decompress(whole)))


CHANGES = {
    "empty": lambda _: b"",
    "a text": lambda _: b"hello",
    "cut": lambda whole: whole[:-1],
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "a bit": lambda whole: whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
    "more": lambda whole: whole + b"x",
    "twice": lambda whole: whole + whole,
    "a letter inside": repacked(lambda inside: inside.replace(b"delayed", b"belayed")),
    "a letter that is none": repacked(lambda inside: inside.replace(b"zset", b"\xdcset", 1)),
    "without its end": repacked(lambda inside: inside[: inside.rindex(b"\xa3end") - 5]),
    "cut inside": repacked(lambda inside: inside[:-1]),
    "another program's": repacked(lambda _: b"hello"),
    "no text inside": repacked(lambda inside: inside.replace(b"\xa6header", b"\xa6h\xffader")),
    "a giant": repacked(lambda inside: inside[:13] + b"\xff\xff\xff\xff" + inside[17:]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_file_that_is_not_whole_changes_nothing(
    filled: Contents, store_url: str, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "backup"
    assert run(store_url, "backup", str(path))[0] == 0
    code, out, said = run(store_url, "restore", str(spoilt(path, change)), "--replace", "--yes")
    assert (code, out, said.count("\n")) == (1, "", 1)
    assert contents(store_url) == filled


def test_a_newer_karins_file_is_refused_by_name(filled: Contents, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    assert run(store_url, "backup", str(path))[0] == 0
    header, _ = check(path)
    for newer, expected in (
        (msgspec.structs.replace(header, format=2), "was made by a newer karin ("),
        (
            msgspec.structs.replace(header, schema=VERSION + 1),
            f"was made by a newer karin (schema {VERSION + 1}, this one knows {VERSION})",
        ),
    ):
        with writing(path, newer) as writer:
            writer.end(0, 0)
        code, _, said = run(store_url, "restore", str(path), "--replace", "--yes")
        assert code == 1
        assert expected in said


def test_a_file_is_there_as_a_whole_or_as_it_was(
    filled: Contents, raw: redis.Redis, store_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "backup"
    path.write_text("the last one")
    raw.xadd("karin:strange", {"a": "b"})
    code, _, said = run(store_url, "backup", str(path))
    assert (code, said) == (
        1,
        "karin: karin:strange is a stream, which is nothing that this karin writes: is it another program's?\n",
    )
    assert path.read_text() == "the last one"
    assert [found.name for found in tmp_path.iterdir()] == ["backup"]
    assert not raw.exists(keys.COPYING)
    with pytest.raises(BadBackup):
        list(pieces(path))


def test_what_is_no_file_is_not_replaced_by_one(filled: Contents, store_url: str, tmp_path: Path) -> None:
    """A rename would put a backup in the place of /dev/null."""
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        code, out, said = run(store_url, "backup", str(path))
        assert (code, out, said) == (1, "", f"karin: {pipe} is not a file: name one, or a new one\n")
    assert pipe.is_fifo()
    missing = tmp_path / "missing"
    assert run(store_url, "backup", str(missing / "b"))[2] == f"karin: {missing} is no folder: make it first\n"
    link.unlink()
    link.symlink_to(target)
    assert run(store_url, "backup", str(link))[0] == 0
    assert link.is_symlink()
    assert check(target)


def test_a_disk_without_room_leaves_the_last_backup(filled: Contents, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    assert run(store_url, "backup", str(path))[0] == 0
    last = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(last) // 2, hard))
    try:
        code, out, said = run(store_url, "backup", str(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out, said) == (1, "", f"karin: {path}: File too large\n")
    assert path.read_bytes() == last
    assert [found.name for found in tmp_path.iterdir()] == ["backup"]
