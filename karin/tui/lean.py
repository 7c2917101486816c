"""What karin-tui leaves out of its memory, so that 40 MB are enough for it: to be seen to before the rest is loaded."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from opcode import hasconst
from types import CodeType

from karin.unloaded import leave_unloaded

_FUNCTION = 0x1 | 0x2  # CO_OPTIMIZED | CO_NEWLOCALS, without all of inspect
_FIRST_CONSTANT = tuple(bytes((opcode, 0)) for opcode in hasconst if opcode < 256)


def load_little() -> None:
    """Have everything that is imported from now on take less memory."""
    sys.path_hooks.insert(
        0, FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (_LeanLoader, SOURCE_SUFFIXES))
    )
    sys.path_importer_cache.clear()  # or folders that were looked into would keep the loader they have
    # What Textual and others import and karin-tui does not use, 0.9 MB: widgets it has none of, and modules for a case
    # that never comes.
    leave_unloaded("textual.widgets._directory_tree", "DirEntry")
    leave_unloaded("textual.widgets._placeholder", "PlaceholderVariant")
    leave_unloaded("textual.widgets._select", "NoSelection", "SelectType")
    leave_unloaded("platformdirs", "user_downloads_path")
    leave_unloaded("difflib", "get_close_matches")
    for name in ("asyncio.sslproto", "calendar", "mimetypes", "tempfile"):
        leave_unloaded(name)


class _LeanLoader(SourceFileLoader):
    """Loads modules without the docstrings of their functions, 1.7 MB of Textual, redis-py and the rest.

    ``python -OO`` would need bytecode of its own, which a start would have to make where it may not be written, and
    would leave out assertions. The files of bytecode stay whole.
    """

    def get_code(self, fullname: str) -> CodeType | None:
        """Return what a module runs."""
        code = super().get_code(fullname)
        return without_docstrings(code) if code else None


def without_docstrings(code: CodeType) -> CodeType:
    """Return the code without the docstrings of all functions in it; those of modules and classes stay.

    A function's docstring is the first of its constants, which its own instructions may use as well.
    """
    constants = code.co_consts
    left: list[object] | None = None  # most have no function in them, and a start comes by thousands
    for place, one in enumerate(constants):
        if type(one) is CodeType and (other := without_docstrings(one)) is not one:
            left = left or list(constants)
            left[place] = other
    if constants and type(constants[0]) is str and code.co_flags & _FUNCTION == _FUNCTION:
        instructions = code.co_code
        # Found at an odd place, or behind a prefix, it means something else: a docstring is kept, which does no harm.
        if not any(one in instructions for one in _FIRST_CONSTANT):
            left = left or list(constants)
            left[0] = None
    return code if left is None else code.replace(co_consts=tuple(left))
