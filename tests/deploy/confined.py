"""What karin.service asks of the kernel, without systemd: ``python confined.py UNIT PROGRAM ARGUMENTS...``.

Becomes the program under the unit's system call filter, address families, namespaces, memory rule and mask; libseccomp
does here what systemd would have it do.
"""

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

ALLOW = 0x7FFF0000
DENY = 0x00050000 | errno.EPERM  # SystemCallErrorNumber=EPERM
ABSENT = 0x00050000 | errno.ENOSYS
EQUAL, MASKED = 4, 7  # comparisons of libseccomp
PROT_EXEC, PROT_WRITE_EXEC = 4, 6
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
FAMILY_COUNT = 46
PR_SET_NO_NEW_PRIVS = 38


class Comparison(ctypes.Structure):
    """``struct scmp_arg_cmp``."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def directives(unit: Path) -> dict[str, list[str]]:
    """Return what a unit says: each name with all of its values, in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def calls_of(group: str) -> set[str]:
    """Return the system calls of one of systemd's groups, as this machine's systemd has them."""
    command = ["systemd-analyze", "--no-pager", "syscall-filter", group]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = {line.strip() for line in told.splitlines()[1:] if line.strip() and not line.strip().startswith("#")}
    inner = {name for name in names if name.startswith("@")}
    return (names - inner).union(*map(calls_of, inner))


def permitted(filters: list[str]) -> set[str]:
    """Return the system calls that ``SystemCallFilter=`` lines leave, of which the first permits."""
    left = calls_of("@default")
    for line in filters:
        named = set[str]().union(*(calls_of(word) for word in line.removeprefix("~").split()))
        left = left - named if line.startswith("~") else left | named
    return left


class Filter:
    """A seccomp filter being made."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(DENY)))

    def rule(self, action: int, call: str, *comparisons: Comparison) -> None:
        """Add one; calls that this kind of machine does not have are passed over."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        given = (Comparison * len(comparisons))(*comparisons)
        code = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(comparisons), given
        )
        if code:
            raise OSError(-code, f"{call}: {os.strerror(-code)}")

    def load(self) -> None:
        """Put it into force, for this process and all that it starts."""
        code = self._library.seccomp_load(self._context)
        if code:
            raise OSError(-code, os.strerror(-code))


def confine(unit: Path) -> None:
    """Give up what the unit gives up."""
    said = directives(unit)
    os.umask(int(said["UMask"][0], 8))
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    only = Filter()
    calls = permitted(said["SystemCallFilter"])
    for call in calls - {"socket", "clone", "clone3", "mmap", "mprotect"}:
        only.rule(ALLOW, call)
    for family in said["RestrictAddressFamilies"][0].split():
        only.rule(ALLOW, "socket", Comparison(0, EQUAL, FAMILIES[family]))
    assert said["RestrictNamespaces"] == ["yes"]
    every = sum(NAMESPACES)
    only.rule(ALLOW, "clone", Comparison(0, MASKED, every, 0))
    only.rule(ABSENT, "clone3")  # its flags cannot be seen: as with systemd, glibc is to take clone
    assert said["MemoryDenyWriteExecute"] == ["yes"]
    only.rule(ALLOW, "mmap", Comparison(2, MASKED, PROT_EXEC, 0))
    only.rule(ALLOW, "mmap", Comparison(2, MASKED, PROT_WRITE_EXEC, PROT_EXEC))
    only.rule(ALLOW, "mprotect", Comparison(2, MASKED, PROT_EXEC, 0))
    only.load()


if __name__ == "__main__":
    confine(Path(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is meant
