"""Settings: their defaults, and the one sentence that a person gets when one is wrong."""

from pathlib import Path

import pytest

from karin.settings import VARIABLES, YEAR_SECONDS, Settings, SettingsError, mask_url
from karin.supervisor.preflight import StartError, require_private_metrics

HOME = {"HOME": "/home/me"}
KEYS = {"KARIN_ACCESS_KEYS": "AKID:a-good-secret"}
TOKEN = {"KARIN_URL_TOKEN": "a-good-token-0123"}


def refused(**environ: str) -> str:
    """Return what is said of an environment that is wrong."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(HOME | environ)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_without_an_environment_everything_has_its_default() -> None:
    settings = Settings.from_env(HOME)

    assert settings == Settings(home=Path("/home/me/.local/state/karin"))
    assert (settings.bind_host, settings.bind_port, settings.region) == ("127.0.0.1", 4000, "us-east-1")
    assert (settings.redis_url, settings.access_keys, settings.url_token, settings.account_id) == (None, {}, None, None)
    assert (settings.workers, settings.max_delay_seconds, settings.sync_interval_seconds) == (1, 900, 0)
    assert settings.store_url == "unix:///home/me/.local/state/karin/store.sock"
    assert settings.endpoint_url == "http://127.0.0.1:4000"


def test_every_setting_is_read_from_its_variable() -> None:
    settings = Settings.from_env(
        {
            "KARIN_HOME": "/var/lib/karin",
            "REDIS_URL": "rediss://me:pw@redis.example.com:6380/1",
            "KARIN_BIND": "0.0.0.0:8080",
            "KARIN_ACCESS_KEYS": "one:a-good-secret, two:b/with:colon=,",
            "KARIN_URL_TOKEN": "a-good-token-0123",
            "KARIN_ACCOUNT_ID": "123456789012",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-2",
            "WEB_CONCURRENCY": "3",
            "KARIN_MAX_CONCURRENCY": "5",
            "KARIN_MAX_DELAY_SECONDS": "86400",
            "KARIN_SYNC_INTERVAL": "300",
            "KARIN_SWEEP_INTERVAL": "7",
            "KARIN_WEB_PASSWORD": "twelve-chars",
            "KARIN_STORE_MEMORY": "48",
            "KARIN_STORE_FSYNC": "always",
            "KARIN_MAX_QUEUE_BYTES": "1000000",
            "KARIN_MAX_BYTES": "0",
            "KARIN_METRICS_BIND": "[::]:9091",
            "KARIN_INDEX": "1",
            "KARIN_REDIS_BUDGET": "16k",
        }
    )

    assert settings == Settings(
        home=Path("/var/lib/karin"),
        redis_url="rediss://me:pw@redis.example.com:6380/1",
        bind_host="0.0.0.0",
        bind_port=8080,
        access_keys={"one": "a-good-secret", "two": "b/with:colon="},
        url_token="a-good-token-0123",
        account_id="123456789012",
        region="eu-west-1",
        workers=3,
        max_concurrency=5,
        max_delay_seconds=86400,
        sync_interval_seconds=300,
        sweep_interval_seconds=7,
        web_password="twelve-chars",
        store_memory_mb=48,
        store_fsync="always",
        max_queue_bytes=1_000_000,
        metrics_bind=("::", 9091),
        max_bytes=0,
        index=True,
        redis_budget=16_000,
    )
    assert settings.store_url == settings.redis_url
    assert settings.endpoint_url == "http://127.0.0.1:8080"


def test_an_empty_value_is_the_same_as_none() -> None:
    names = (*VARIABLES, "REDIS_URL", "AWS_REGION", "WEB_CONCURRENCY", "XDG_STATE_HOME")

    assert Settings.from_env(HOME | dict.fromkeys(names, "")) == Settings.from_env(HOME)


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({"XDG_STATE_HOME": "/state"}, "/state/karin"),
        ({"XDG_STATE_HOME": "/state", "KARIN_HOME": "/own"}, "/own"),
        ({}, "/.local/state/karin"),
    ],
)
def test_the_home_is_found_as_the_xdg_rules_say(environ: dict[str, str], home: str) -> None:
    assert Settings.from_env(environ).home == Path(home)


@pytest.mark.parametrize(
    ("bind", "host", "port", "url"),
    [
        ("127.0.0.1:1", "127.0.0.1", 1, "http://127.0.0.1:1"),
        ("localhost:65535", "localhost", 65535, "http://localhost:65535"),
        ("[::1]:4000", "::1", 4000, "http://[::1]:4000"),
        ("127.9.9.9:80", "127.9.9.9", 80, "http://127.9.9.9:80"),
    ],
)
def test_loopback_addresses_need_neither_keys_nor_token(bind: str, host: str, port: int, url: str) -> None:
    settings = Settings.from_env(HOME | {"KARIN_BIND": bind})

    assert (settings.bind_host, settings.bind_port, settings.endpoint_url) == (host, port, url)


@pytest.mark.parametrize("bind", ["0.0.0.0:4000", "[::]:4000", "10.0.0.1:4000", "example.com:4000", "[fd00::1]:4000"])
def test_a_public_address_needs_keys_or_a_token(bind: str) -> None:
    said = refused(KARIN_BIND=bind)

    assert said.startswith("KARIN_BIND=")
    assert "KARIN_ACCESS_KEYS" in said
    assert "KARIN_URL_TOKEN" in said
    for secret in (KEYS, TOKEN):
        assert Settings.from_env(HOME | {"KARIN_BIND": bind} | secret).bind_port == 4000


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("KARIN_ACCESS_KEY", "did you mean KARIN_ACCESS_KEYS?"),
        ("KARIN_TOKEN", "did you mean KARIN_URL_TOKEN?"),
        ("KARIN_SYNC_INTERVALL", "did you mean KARIN_SYNC_INTERVAL?"),
        ("KARIN_QQQQQQ", "known names: KARIN_HOME, "),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name: str, hint: str) -> None:
    said = refused(**{name: "a-secret-value"})

    assert said.startswith(f"{name} is not a setting of karin: ")
    assert hint in said
    assert "a-secret-value" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KARIN_BIND", "4000"),
        ("KARIN_BIND", "127.0.0.1"),
        ("KARIN_BIND", "127.0.0.1:"),
        ("KARIN_BIND", "127.0.0.1:0"),
        ("KARIN_BIND", "127.0.0.1:65536"),
        ("KARIN_BIND", "127.0.0.1:http"),
        ("KARIN_BIND", ":4000"),
        ("KARIN_ACCOUNT_ID", "12345678901"),
        ("KARIN_ACCOUNT_ID", "1234567890123"),
        ("KARIN_ACCOUNT_ID", "١٢٣٤٥٦٧٨٩٠١٢"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "65"),
        ("WEB_CONCURRENCY", "auto"),
        ("KARIN_MAX_CONCURRENCY", "0"),
        ("KARIN_MAX_CONCURRENCY", "1001"),
        ("KARIN_MAX_CONCURRENCY", "1.5"),
        ("KARIN_MAX_DELAY_SECONDS", "899"),
        ("KARIN_MAX_DELAY_SECONDS", str(YEAR_SECONDS + 1)),
        ("KARIN_MAX_DELAY_SECONDS", "1h"),
        ("KARIN_SYNC_INTERVAL", "-1"),
        ("KARIN_SYNC_INTERVAL", "9" * 30),
        ("KARIN_SWEEP_INTERVAL", "0"),
        ("KARIN_SWEEP_INTERVAL", "3601"),
        ("KARIN_STORE_MEMORY", "15"),
        ("KARIN_STORE_MEMORY", "64mb"),
        ("KARIN_STORE_FSYNC", "no"),
        ("KARIN_METRICS_BIND", "9091"),
        ("KARIN_METRICS_BIND", "127.0.0.1:"),
        ("KARIN_INDEX", "yes"),
        ("KARIN_MAX_QUEUE_BYTES", "1e6"),
        ("KARIN_MAX_BYTES", "-1"),
        ("KARIN_REDIS_BUDGET", "0"),
        ("KARIN_REDIS_BUDGET", "16K"),
        ("KARIN_REDIS_BUDGET", "1.5M"),
        ("KARIN_REDIS_BUDGET", "999999999999M"),
        ("KARIN_HOME", "/" + "x" * 200),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "http://localhost:6379"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "unix://"),
        ("REDIS_URL", "redis+sentinel://localhost:26379"),
        ("REDIS_URL", "redis://localhost:6379?ssl_ca_certs=/ca.pem"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_its_variable(name: str, value: str) -> None:
    assert refused(**{name: value}).startswith(name)


@pytest.mark.parametrize("value", ["AKID", "AKID:", "AKID:short", ":a-good-secret", "A D:a-good-secret", "a:b:c"])
def test_wrong_keys_are_refused_and_not_shown(value: str) -> None:
    said = refused(KARIN_ACCESS_KEYS=value)

    assert said.startswith("KARIN_ACCESS_KEYS ")
    assert value not in said


@pytest.mark.parametrize("value", ["short", "with space in the middle", "x" * 129, "한글" * 10, "a/b-good-token-0123"])
def test_a_wrong_token_is_refused_and_not_shown(value: str) -> None:
    said = refused(KARIN_URL_TOKEN=value)

    assert said.startswith("KARIN_URL_TOKEN ")
    assert value not in said


@pytest.mark.parametrize("value", ["eleven-char", "한글" * 5])
def test_a_short_web_password_is_refused_and_not_shown(value: str) -> None:
    said = refused(KARIN_WEB_PASSWORD=value)

    assert said.startswith("KARIN_WEB_PASSWORD ")
    assert value not in said


def test_a_wrong_redis_url_is_shown_without_its_password() -> None:
    said = refused(REDIS_URL="http://me:hunter2@localhost:6379")

    assert "hunter2" not in said
    assert "http://me:***@localhost:6379" in said


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:hunter2@localhost:6379", "redis://:***@localhost:6379"),
        ("rediss://me:hunter2@host:6379/0", "rediss://me:***@host:6379/0"),
        ("unix:///run/store.sock", "unix:///run/store.sock"),
        ("redis://me:p@ss/w?rd@host/0", "redis://me:***@host/0"),
        ("redis://:a://b@host", "redis://:***@host"),
        ("redis://host/0?password=hunter2&db=1", "redis://host/0?***"),
        ("me:hunter2@host", "me:***@host"),
        ("redis://default@host", "redis://default@host"),
    ],
)
def test_a_url_is_masked_where_its_password_stands(url: str, masked: str) -> None:
    assert mask_url(url) == masked


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(Settings.from_env(HOME | KEYS | TOKEN | {"REDIS_URL": "redis://:hunter2@localhost"}))

    for secret in ("a-good-secret", "a-good-token-0123", "hunter2"):
        assert secret not in shown


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings.from_env(HOME).workers = 2  # type: ignore[misc]


def test_metrics_are_off_unless_an_address_is_given_and_never_on_the_endpoints_port() -> None:
    assert Settings.from_env(HOME).metrics_url is None
    settings = Settings.from_env(HOME | {"KARIN_METRICS_BIND": "[::]:9091"})
    assert settings.metrics_url == "http://[::1]:9091/metrics"
    require_private_metrics(settings)
    with pytest.raises(StartError, match="KARIN_METRICS_BIND has the endpoint's port 4000"):
        require_private_metrics(Settings.from_env(HOME | {"KARIN_METRICS_BIND": "127.0.0.2:4000"}))


def test_pages_of_functions_need_a_lock_before_the_queues_even_on_loopback() -> None:
    with pytest.raises(SettingsError, match="KARIN_ACCESS_KEYS"):
        Settings.from_env(HOME | {"KARIN_INDEX": "1"})

    assert Settings.from_env(HOME | {"KARIN_INDEX": "1", "KARIN_URL_TOKEN": "a-good-token-0123"}).index
    assert not Settings.from_env(HOME | {"KARIN_INDEX": "0"}).index


@pytest.mark.parametrize(
    ("variables", "traces"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "karin"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces", "OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_there_are_traces_when_a_collector_is_named(variables: dict[str, str], traces: bool) -> None:
    assert Settings.from_env(HOME | variables).traces is traces


@pytest.mark.parametrize(("value", "commands"), [("16000", 16_000), ("16k", 16_000), ("2M", 2_000_000), ("", None)])
def test_a_budget_may_be_written_in_thousands_and_millions(value: str, commands: int | None) -> None:
    assert Settings.from_env(HOME | {"KARIN_REDIS_BUDGET": value}).redis_budget == commands
