"""The endpoint's own configuration with short limits, so that a test of slow clients need not be slow.

gunicorn reads it in place of ``karin.wsgi.gunicorn_config``; the limits are the same code with other numbers.
"""

from typing import Any

from karin.wsgi.gunicorn_config import *  # noqa: F403 - all of it

HEAD_SECONDS = 1.5
DRAIN_SECONDS = 2.5
BODY_SECONDS = 3.5
ANSWER_SECONDS = 3.5
keepalive = 5
# Each limit stands under its own name in the module that keeps it.
PLACES = {
    "bodies": ("DRAIN_SECONDS", "BODY_SECONDS"),
    "client_socket": ("HEAD_SECONDS", "ANSWER_SECONDS"),
}


def post_fork(_server: Any, _worker: Any) -> None:
    """Shorten the limits of a worker."""
    from karin.wsgi import bodies, client_socket  # noqa: PLC0415 - gevent is for workers alone

    modules = {"bodies": bodies, "client_socket": client_socket}
    for name, limits in PLACES.items():
        for limit in limits:
            if not hasattr(modules[name], limit):
                raise AttributeError(f"karin.wsgi.{name} has no {limit}")
            setattr(modules[name], limit, globals()[limit])
