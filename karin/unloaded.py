"""Modules that are imported in every process, and that karin never uses: loaded when something is asked of them.

Whoever does use them sees no difference.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

_lock = threading.RLock()
_borrowed: dict[str, tuple[str, ...]] = {}  # module -> names of which it gives an _IOU while it is unloaded


def leave_unloaded(name: str, *borrowed: str) -> None:
    """Have a module stand in ``sys.modules`` without its content, unless it is loaded already.

    ``borrowed`` are names that others take out of it at once, only to hand them on or to have them at hand: each is an
    IOU, which loads the module when it is used.
    """
    if name not in sys.modules and (spec := _spec_of(name)):
        _borrowed[name] = borrowed
        module = sys.modules[name] = module_from_spec(spec)
        module.__class__ = _Unloaded
        _bind(module)


class _Unloaded(ModuleType):
    """A module whose file is run at the first look into it; its submodules can be imported without that.

    ``importlib.util.LazyLoader`` makes such modules as well, but loads them for the sake of a submodule.
    """

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # asked by every ``from ... import``: it is no package, or would have one already
            raise AttributeError(name)
        with _lock:
            if type(self) is _Unloaded:
                if name in _borrowed[self.__name__]:
                    _bind(self)
                    return _IOU(self, name)
                _load(self)
        return getattr(self, name)


class _IOU:
    """Stands for a class, a function or a collection of an unloaded module; any use of it loads the module."""

    __slots__ = ("_module", "_name")

    def __init__(self, module: ModuleType, name: str) -> None:
        self._module = module
        self._name = name

    def _paid(self) -> Any:
        with _lock:
            if type(self._module) is _Unloaded:
                _load(self._module)
        return getattr(self._module, self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__typing_") or name == "__parameters__":  # asked by Optional[...]: it is not generic
            raise AttributeError(name)
        return getattr(self._paid(), name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._paid()(*args, **named)

    def __mro_entries__(self, bases: Sequence[object]) -> tuple[type, ...]:
        return (self._paid(),)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._paid())

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, self._paid())

    def __or__(self, other: Any) -> Any:
        return self._paid() | other

    def __ror__(self, other: Any) -> Any:
        return other | self._paid()

    def __getitem__(self, key: Any) -> Any:
        return self._paid()[key]

    def __contains__(self, item: object) -> bool:
        return item in self._paid()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._paid())


def _bind(module: ModuleType) -> None:
    """Make it an attribute of its package, as an import would, if that is there already."""
    package, _, last = module.__name__.rpartition(".")
    if package in sys.modules:
        setattr(sys.modules[package], last, module)


def _load(module: ModuleType) -> None:
    """Make an ordinary module of it, and run its file."""
    _bind(module)
    module.__class__ = ModuleType
    spec = module.__spec__
    assert spec is not None  # noqa: S101 - module_from_spec has set it
    assert spec.loader is not None  # noqa: S101
    spec.loader.exec_module(module)


def _spec_of(name: str) -> ModuleSpec | None:
    """Find a module without running its packages."""
    package, _, _ = name.rpartition(".")
    if not package:
        return PathFinder.find_spec(name)
    found = _spec_of(package)
    if found is None:
        return None
    if found.loader is None or found.origin is None:  # a namespace package: its folders are known once it is imported
        import_module(package)
    return PathFinder.find_spec(name, found.submodule_search_locations)
