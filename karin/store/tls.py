"""Connections over TLS, of which redis-py takes what the protocol itself says for words of the server."""

import redis


class TlsConnection(redis.SSLConnection):
    """A connection that looks at what has arrived before anyone says that it is not ready.

    A server sends tickets for later sessions, or why it refuses the certificate, once the connection stands. redis-py
    sees that something can be read on a connection on which nothing was asked, and gives it up.
    """

    def can_read(self, timeout: float = 0) -> bool:
        """Tell whether there is an answer to read. Raises redis.ConnectionError with the reason of a refusal."""
        if not super().can_read(timeout):
            return False
        try:
            return bool(self._parser.read_from_socket(timeout=0, raise_on_timeout=False))
        except OSError as error:  # such as an alert
            self.disconnect()  # type: ignore[no-untyped-call]
            raise redis.ConnectionError(f"{self.host}:{self.port} refused the connection. {error}") from error
