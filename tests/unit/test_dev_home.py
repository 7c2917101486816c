"""Where a ``karin dev`` keeps its queues, and how a person who looks elsewhere is led there."""

import os
from pathlib import Path

from karin import runtime
from karin.cli import dev_home
from karin.runtime import RuntimeInfo

FILE = Path("/projects/shop/serverless.yml")


def running_at(home: Path) -> Path:
    """Make a home that looks as if this process ran karin there."""
    home.mkdir(parents=True)
    runtime.write(home, RuntimeInfo(os.getpid(), 0, "unix:///store.sock", "http://127.0.0.1:4000"))
    return home


def test_each_project_has_a_home_of_its_own(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    home = dev_home.home_of(FILE, environ)
    assert home.parent == tmp_path / ".local" / "state" / "karin" / "dev"
    assert home.name.startswith("shop-")
    assert dev_home.home_of(Path("/elsewhere/shop/serverless.yml"), environ) != home
    assert dev_home.home_of(FILE, {"XDG_STATE_HOME": "/state"}) == Path("/state/karin/dev") / home.name


def test_a_home_may_be_chosen_but_that_of_another_project_is_not_meant(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    own = dev_home.home_of(FILE, environ)
    assert dev_home.home_of(FILE, environ | {"KARIN_HOME": "/chosen"}) == Path("/chosen")
    assert dev_home.home_of(FILE, environ | {"KARIN_HOME": str(own)}) == own
    assert dev_home.home_of(FILE, environ | {"KARIN_HOME": str(own.with_name("bank-00000000"))}) == own


def test_who_looks_elsewhere_is_led_to_each_that_runs(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    assert dev_home.hint(environ) == ""
    shop = running_at(tmp_path / "karin" / "dev" / "shop-1")
    (tmp_path / "karin" / "dev" / "ended-1").mkdir()
    assert dev_home.hint(environ) == f"; for the `karin dev` that runs: `export KARIN_HOME={shop}`"
    bank = running_at(tmp_path / "karin" / "dev" / "a bank-1")
    assert dev_home.hint(environ) == (
        f"; for the `karin dev` that runs: `export KARIN_HOME='{bank}'` or `export KARIN_HOME={shop}`"
    )
    for given in ({"KARIN_HOME": "/chosen"}, {"REDIS_URL": "redis://chosen"}):
        assert dev_home.hint(environ | given) == ""
