"""What kind of machine this is, from files as Fly, Docker and Linux write them."""

from pathlib import Path

import pytest

from karin.doctor.platform import read_platform

HTTP_SERVICE = "[http_service]\ninternal_port = 4000\nauto_stop_machines = {stop}\nmin_machines_running = {least}\n"
SERVICES = '[[services]]\nauto_stop_machines = "suspend"\n\n[[services]]\nprotocol = "tcp"\n'


@pytest.mark.parametrize(
    ("fly_toml", "stops"),
    [
        (HTTP_SERVICE.format(stop='"stop"', least=0), ((True, 0),)),
        (HTTP_SERVICE.format(stop="true", least=1), ((True, 1),)),
        (HTTP_SERVICE.format(stop='"off"', least=1), ((False, 1),)),
        (HTTP_SERVICE.format(stop="false", least=0), ((False, 0),)),
        (SERVICES, ((True, 0), (False, 0))),
        ('app = "karin"\n', ()),
        ("http_service = 3", ()),
        (HTTP_SERVICE.format(stop='"stop"', least='"one"'), ((True, 0),)),
        (HTTP_SERVICE.format(stop="[]", least="[1]"), ((True, 0),)),
        ("this is not TOML", None),
    ],
)
def test_a_fly_toml_tells_whether_machines_are_stopped(
    tmp_path: Path, fly_toml: str, stops: tuple[tuple[bool, int], ...] | None
) -> None:
    (tmp_path / "fly.toml").write_text(fly_toml)

    assert read_platform({}, tmp_path, None).fly_stops == stops


def test_without_a_fly_toml_only_the_environment_tells_of_fly(tmp_path: Path) -> None:
    found = read_platform({"FLY_APP_NAME": "karin", "FLY_MACHINE_ID": "148e"}, tmp_path, None)

    assert (found.is_fly_machine, found.fly_stops) == (True, None)
    assert not read_platform({}, tmp_path, None).is_fly_machine


@pytest.mark.parametrize(
    ("mounts", "mount", "disk"),
    [
        ("overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n", "/", "overlay"),
        ("/dev/vda / ext4 rw 0 0\n/dev/vdc {data} ext4 rw 0 0\n", "{data}", "ext4"),
        ("/dev/vda / ext4 rw 0 0\ntmpfs {data} tmpfs rw 0 0\n", "{data}", "tmpfs"),
        ("/dev/vda / ext4 rw 0 0\n/dev/vdc {data}-other xfs rw 0 0\n", "/", "ext4"),
        ("rootfs / rootfs rw 0 0\noverlay / overlay rw 0 0\n", "/", "overlay"),
    ],
)
def test_the_disk_of_the_store_is_that_of_the_nearest_mount(tmp_path: Path, mounts: str, mount: str, disk: str) -> None:
    data = tmp_path / "data"
    table = tmp_path / "mounts"
    table.write_text(mounts.format(data=data))

    found = read_platform({}, tmp_path, data / "karin", table)

    assert (found.store_mount, found.store_disk) == (mount.format(data=data), disk)


def test_a_mount_may_have_a_space_in_its_name(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"overlay / overlay rw 0 0\n/dev/vdc {tmp_path}/my\\040disk ext4 rw 0 0\n")

    found = read_platform({}, tmp_path, tmp_path / "my disk" / "karin", table)

    assert (found.store_mount, found.store_disk) == (f"{tmp_path}/my disk", "ext4")


def test_where_there_is_no_table_of_mounts_nothing_is_said_of_disks(tmp_path: Path) -> None:
    found = read_platform({}, tmp_path, tmp_path, tmp_path / "absent")

    assert (found.store_mount, found.store_disk) == (None, None)
