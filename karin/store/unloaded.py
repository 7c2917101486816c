"""Modules that redis-py imports in every process, and karin never uses: loaded when something is asked of them.

Its asyncio twin takes 1.2 MB, ``importlib.metadata``, with the email package behind it, 1.3 MB: of each process, on a
machine of 256 MB. Whoever does use them sees no difference.
"""

import sys
import threading
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

UNUSED = ("redis.asyncio", "importlib.metadata")

_lock = threading.RLock()


def leave_unloaded() -> None:
    """Have what is unused stand in ``sys.modules`` without its content, unless it is loaded already."""
    for name in UNUSED:
        package, _, last = name.partition(".")
        if name not in sys.modules and (spec := _spec_of(package, name)):
            module = sys.modules[name] = module_from_spec(spec)
            module.__class__ = _Unloaded
            if package in sys.modules:  # else the package itself binds it
                setattr(sys.modules[package], last, module)


class _Unloaded(ModuleType):
    """A module whose file is run at the first look into it; its submodules can be imported without that.

    ``importlib.util.LazyLoader`` makes such modules as well, but loads them for the sake of a submodule.
    """

    def __getattr__(self, name: str) -> Any:
        with _lock:
            if type(self) is _Unloaded:
                _load(self)
        return getattr(self, name)


def _load(module: ModuleType) -> None:
    """Make an ordinary module of it, and run its file."""
    module.__class__ = ModuleType
    spec = module.__spec__
    assert spec is not None  # noqa: S101 - module_from_spec has set it
    assert spec.loader is not None  # noqa: S101
    spec.loader.exec_module(module)


def _spec_of(package: str, name: str) -> ModuleSpec | None:
    found = PathFinder.find_spec(package)
    return PathFinder.find_spec(name, found.submodule_search_locations) if found else None
