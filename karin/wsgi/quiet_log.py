"""What gunicorn may say of a request that it cannot read: the fault and the sender, never what was sent.

A request line may hold the URL token, and anything else may be made to look like another line of the log.
"""

import logging

_FAULTS = "Invalid request from ip="  # as in "Invalid request from ip=192.0.2.1: Invalid HTTP Header: '...'"
_OWN = "Error handling request"


class QuietFilter(logging.Filter):
    """Cuts what a client sent out of gunicorn's lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, shortened."""
        text = record.getMessage()
        if text.startswith(_FAULTS):
            record.msg, record.args = ": ".join(text.split(": ")[:2]), ()
        elif text.startswith(_OWN):
            record.msg, record.args = _OWN, ()
        return True


QUIET = QuietFilter()
