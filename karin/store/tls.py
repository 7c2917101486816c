"""What a TLS server does when it wants a certificate and gets none: it ends the connection once that stands."""

from typing import Any

import redis

NOT_READY = "Connection not ready"  # redis-py's words for a server that says something before it is asked


class TlsPool(redis.BlockingConnectionPool):
    """A pool that says so: redis-py drops the server's alert."""

    def get_connection(self, *args: Any, **options: Any) -> Any:
        """Return a connection."""
        try:
            return super().get_connection(*args, **options)  # type: ignore[no-untyped-call]
        except redis.ConnectionError as error:
            if str(error) != NOT_READY:
                raise
            raise redis.ConnectionError("[SSL] the server wants a certificate (ssl_certfile, ssl_keyfile)") from error
