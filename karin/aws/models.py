"""botocore's data files without what karin never reads.

A client costs 12 MB as botocore loads it, half of that for the documentation of every operation and for the endpoints
of 400 other services. Both are dropped here, and plain dicts take the place of ordered ones.
"""

import gzip
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader, create_loader

# Lambda and SQS are called by karin, the others by botocore itself on its way to credentials.
SERVICES = frozenset({"lambda", "sqs", "sts", "sso", "oidc", "portal.sso", "signin"})


class LeanLoader(Loader):
    """Find data files without a look into the folders of all services, which takes longer than to load a client's."""

    @classmethod
    def of(cls, data_path: str | None) -> "LeanLoader":
        """Return one that finds files where botocore would, given the setting ``data_path``."""
        folders = create_loader(data_path).search_paths
        return cls(folders, LeanFileLoader(), include_default_search_paths=False)

    def list_available_services(self, _type_name: str) -> list[str]:
        """Return all services that have any file; whether it is of a type shows when it is loaded."""
        folders = (Path(path) for path in self.search_paths)
        return sorted({service.name for folder in folders if folder.is_dir() for service in folder.iterdir()})


class LeanFileLoader(JSONFileLoader):
    """Load a data file, or None when there is none; ``file_path`` comes without its extension."""

    def load_file(self, file_path: str) -> Any:
        """Return the file's content, shortened where karin has no use for it."""
        content = _read(file_path)
        if content is None:
            return None
        document = msgspec.json.decode(content)
        kind = Path(file_path).name
        if kind == "endpoints":
            for partition in document["partitions"]:
                services = partition["services"]
                partition["services"] = {name: services[name] for name in services.keys() & SERVICES}
        elif kind == "service-2":
            document = _without_documentation(document)
        return document


def _read(file_path: str) -> bytes | None:
    plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
    if plain.is_file():
        return plain.read_bytes()
    return gzip.decompress(packed.read_bytes()) if packed.is_file() else None


def _without_documentation(value: Any) -> Any:
    if isinstance(value, dict):
        # A member that is itself called "documentation" is a shape, not a text.
        return {
            key: _without_documentation(inner)
            for key, inner in value.items()
            if key != "documentation" or not isinstance(inner, str)
        }
    return [_without_documentation(inner) for inner in value] if isinstance(value, list) else value
