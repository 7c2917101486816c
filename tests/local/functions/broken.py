"""A module that cannot be imported."""

import no_such_module  # type: ignore[import-not-found]

print(no_such_module)
