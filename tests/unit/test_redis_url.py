"""Redis URLs: which hosts each kind leads to, what redis-py is given of it, and one clear line for what is wrong."""

from pathlib import Path

import pytest

from karin.redis_url import Kind, RedisUrl, RedisUrlError


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_text("a certificate")
    return path


@pytest.mark.parametrize(
    ("text", "kind", "hosts"),
    [
        ("redis://host", Kind.SERVER, (("host", 6379),)),
        ("rediss://me:secret@host:1/2", Kind.SERVER, (("host", 1),)),
        ("unix:///run/store.sock", Kind.SERVER, ()),
        ("redis+cluster://a:1,b:2,c", Kind.CLUSTER, (("a", 1), ("b", 2), ("c", 6379))),
        ("redis+cluster://[::1]:1,[::2]/0", Kind.CLUSTER, (("::1", 1), ("::2", 6379))),
        ("rediss+sentinel://:p@ss/word@a,b:2/mymaster/3", Kind.SENTINEL, (("a", 26379), ("b", 2))),
        ("redis+sentinel://me:secret@a,b:2/mymaster/3", Kind.SENTINEL, (("a", 26379), ("b", 2))),
    ],
)
def test_a_url_names_its_hosts(text: str, kind: Kind, hosts: tuple[tuple[str, int], ...]) -> None:
    parsed = RedisUrl.parse(text)
    assert (parsed.kind, parsed.hosts) == (kind, hosts)


def test_each_server_is_reached_with_the_users_name_database_and_parameters(ca: Path) -> None:
    text = f"rediss+sentinel://me:s%40cret@a,b/mymaster/3?ssl_ca_certs={ca}&sentinel_password=other&client_name=karin"
    url = RedisUrl.parse(text)
    assert url.service == "mymaster"
    encoded = str(ca).replace("/", "%2F")
    assert url.of_server(("10.0.0.1", 7)) == (
        f"rediss://me:s%40cret@10.0.0.1:7/3?ssl_ca_certs={encoded}&client_name=karin"
    )
    assert url.of_sentinel(("::1", 7)) == f"rediss://[::1]:7?password=other&ssl_ca_certs={encoded}"


def test_a_password_may_hold_what_would_end_it() -> None:
    url = RedisUrl.parse("redis://me:p@ss/w:rd%41@a/1")
    assert url.of_server(url.hosts[0]) == "redis://me:p%40ss%2Fw%3Ard%41@a:6379/1"


def test_secrets_are_not_in_its_representation() -> None:
    url = RedisUrl.parse("redis+sentinel://me:hunter2@a/mymaster?sentinel_password=hunter3")
    assert "hunter" not in repr(url)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("localhost:6379", "is not a Redis address: write redis://host:port"),
        ("http://host", "is not a Redis address"),
        ("redis://", "is not a Redis address"),
        ("unix://", "is not a Redis address"),
        ("redis+other://host", "is not a Redis address"),
        ("unix+cluster:///run/x", "is not a Redis address"),
        ("redis+cluster://a,,b", "is not a Redis address"),
        ("redis://a:1,b:2", "names several hosts: write redis+cluster://"),
        ("redis+cluster://a:port", "has no usable port in a:port"),
        ("redis+cluster://a:99999", "has no usable port in a:99999"),
        ("redis+cluster://a/1", "asks for a database that no cluster has"),
        ("redis+cluster://a?db=1", "asks for a database that no cluster has"),
        ("redis://a/first", "has /first where the number of a database stands"),
        ("redis+sentinel://a,b", "names no service: write redis+sentinel://host:port/service"),
        ("redis://a?ssl_ca_certs=/ca.pem", "has ssl_ca_certs, which means something for rediss:// alone"),
        ("rediss://a?ssl_ca_cert=/ca.pem", "did you mean ssl_ca_certs?"),
        ("rediss://a?sentinel_password=x", "has the parameter sentinel_password"),
        ("rediss://a?ssl_ca_certs=/nonexistent.pem", "has ssl_ca_certs=/nonexistent.pem, which is no file"),
        ("rediss://a?ssl_cert_reqs=maybe", "has ssl_cert_reqs=maybe: write required, optional or none"),
        ("rediss://a?ssl_check_hostname=maybe", "has ssl_check_hostname=maybe: write true"),
        ("redis://a?socket_timeout=long", "has socket_timeout=long: write a number"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(RedisUrlError) as caught:
        RedisUrl.parse(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
