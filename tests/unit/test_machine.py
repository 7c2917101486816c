"""How much memory a machine gives: its own and its container's limits, as files tell of them."""

from pathlib import Path

import pytest

from karin.machine import memory_bytes

MB = 1024 * 1024
MEMINFO = f"MemTotal:         {256 * 1024} kB\nMemFree:          1000 kB\n"
CASES = {
    "a machine without a container": ({"proc/self/cgroup": "0::/\n"}, 256),
    "a limit of version 2": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{64 * MB}\n"}, 64),
    "no limit of version 2": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 256),
    "a limit further out": (
        {
            "proc/self/cgroup": "0::/user/karin\n",
            "sys/fs/cgroup/user/memory.max": f"{96 * MB}\n",
            "sys/fs/cgroup/user/karin/memory.max": "max\n",
        },
        96,
    ),
    "a path of the host": ({"proc/self/cgroup": "0::/host/a1\n", "sys/fs/cgroup/memory.max": f"{80 * MB}\n"}, 80),
    "a limit beyond the machine": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{999 * MB}\n"}, 256),
    "a limit of version 1": (
        {
            "proc/self/cgroup": "9:pids:/karin\n8:cpu,memory:/karin\n0::/\n",
            "sys/fs/cgroup/memory/karin/memory.limit_in_bytes": f"{128 * MB}\n",
        },
        128,
    ),
    "no limit of version 1": (
        {
            "proc/self/cgroup": "8:memory:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
        256,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_least_of_the_machines_memory_and_its_limits_counts(case: str, tmp_path: Path) -> None:
    files, expected_mb = CASES[case]
    for name, text in ({"proc/meminfo": MEMINFO} | files).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert memory_bytes(tmp_path) == expected_mb * MB


def test_a_machine_without_these_files_tells_by_its_pages(tmp_path: Path) -> None:
    found = memory_bytes(tmp_path)
    assert found is not None
    assert found > 64 * MB
