"""One endpoint with keys and a token for all that stands in front of karin."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.processes import running_endpoint
from tests.wire.signing import KEYS, TOKEN


@pytest.fixture(scope="session")
def endpoint(private_store_url: str) -> Iterator[str]:
    """Return its own URL, which no client of these tests uses."""
    with running_endpoint(private_store_url, KARIN_ACCESS_KEYS=KEYS, KARIN_URL_TOKEN=TOKEN) as url:
        yield url


def need(program: str, package: str) -> str:
    """Return the path of a program; without it the test is skipped, and in CI it fails."""
    found = shutil.which(program, path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))  # noqa: TID251
    if found is None and os.environ.get("CI") == "true":  # noqa: TID251
        pytest.fail(f"{program} is missing: apt-get install {package}")
    if found is None:
        pytest.skip(f"{program} is missing: apt-get install {package}")
    return found
