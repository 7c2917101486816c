"""The supervisor behind ``karin up``: starts the parts of karin, keeps them running, and ends them in order.

It knows its children only as command lines. It may use the standard library, ``karin.settings``, ``karin.clock``,
``karin.embedded``, and what it writes for others to read, ``karin.runtime`` and ``karin.logring``: every megabyte here
is one that the smallest machine never gets back.
"""

from karin.supervisor.children import ChildSpec
from karin.supervisor.main import run

__all__ = ["ChildSpec", "run"]
