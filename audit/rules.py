"""Rules that need no network: what is locked is required, used, as asked for, and has a licence that we may use."""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import Distribution, distributions, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from audit.locks import CLIENTS, DEV, NODE, ROOT, RUNTIME, Locked, node_faults, read_lock

LICENCES = re.compile(
    r"MIT(-0| License.*)?|(\d-clause )?BSD.*|Apache.*|ISC.*|0BSD|PSF-2\.0|Python.*|CNRI-Python|MPL-2\.0.*"
    r"|Mozilla.*2\.0.*|ZPL-2\.1|Unlicense.*",
    re.IGNORECASE,
)
OF_THE_ENVIRONMENT = {"karin", "pip", "setuptools", "wheel"}
BY_NAME_ONLY = {"hiredis", "awslambdaric"}  # redis finds the one by itself; the other runs as a program of its own
# Of karin-tui in a browser, and of traces.
OF_THE_EXTRAS = {"textual-serve", "aiohttp", "aiohttp-jinja2", "opentelemetry-sdk"}
UNTOLD = {"node_modules/querystring": "MIT"}  # its metadata tells no licence, its License.md does
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


def faults() -> Iterator[str]:
    """Yield what is wrong, a line each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, runtime_faults = read_lock(RUNTIME)
    dev, dev_faults = read_lock(DEV)
    yield from (*runtime_faults, *dev_faults, *(fault for path in NODE for fault in node_faults(path)))
    for path in CLIENTS:
        entries, client_faults = read_lock(path)
        yield from client_faults
        yield from unfit(_requirements(path.with_suffix(".in").read_text(encoding="utf-8").splitlines()), entries, path)
    build = _requirements((ROOT / "requirements-build.in").read_text(encoding="utf-8").splitlines())
    asked = _requirements(project["project"]["dependencies"]) + build
    tools = _requirements(project["dependency-groups"]["dev"])
    yield from unfit(asked, runtime, RUNTIME)
    yield from unfit(tools, dev, DEV)
    there = {canonicalize_name(one.metadata["Name"]): one for one in distributions()}
    yield from strays(asked, runtime, RUNTIME, there)
    yield from strays(tools, dev, DEV, there)
    yield from drift((*dev, *runtime), there)
    yield from unlicensed(there.values())
    yield from misused(ROOT / "karin", project["project"]["dependencies"])
    for path in NODE:
        for place, package in json.loads(path.read_text(encoding="utf-8"))["packages"].items():
            if place and not is_allowed([str(package.get("license") or UNTOLD.get(place, ""))]):
                yield f"{place} of {path.parent.relative_to(ROOT)} has the licence {package.get('license')!r}"


def unfit(asked: Iterable[Requirement], locked: Sequence[Locked], path: Path) -> Iterator[str]:
    """Yield requirements that a lock file does not meet."""
    for requirement in asked:
        name = canonicalize_name(requirement.name)
        versions = [one.version for one in locked if one.name == name]  # several where platforms differ
        if not versions or not all(version in requirement.specifier for version in versions):
            yield f"{path.name}: {requirement} is asked for, and {', '.join(versions) or 'nothing'} is locked"


def strays(
    asked: Iterable[Requirement], locked: Iterable[Locked], path: Path, there: Mapping[NormalizedName, Distribution]
) -> Iterator[str]:
    """Yield locked packages that nothing asked for requires. A lock is for every platform, so markers are not asked."""
    reached: set[tuple[str, str]] = set()
    left = [(canonicalize_name(one.name), extra) for one in asked for extra in ("", *one.extras)]
    while left:
        name, extra = one = left.pop()
        if one in reached:
            continue
        reached.add(one)
        for written in (there[name].requires or ()) if name in there else ():
            requirement = Requirement(written)
            of_extra = _EXTRA.search(str(requirement.marker or ""))
            if (of_extra[1] if of_extra else "") == extra:
                left += [(canonicalize_name(requirement.name), further) for further in ("", *requirement.extras)]
    names = {name for name, _ in reached}
    for entry in locked:
        if entry.name not in names:
            yield f"{path.name}: {entry.name} is required by nothing"


def drift(locked: Iterable[Locked], there: Mapping[NormalizedName, Distribution]) -> Iterator[str]:
    """Yield what is installed here and is not what is locked."""
    pinned = {(one.name, one.version) for one in locked}
    for name, distribution in there.items():
        if name not in OF_THE_ENVIRONMENT and (name, distribution.version) not in pinned:
            yield f"{name} {distribution.version} is installed and not locked: `rm -r .venv`, and make it again"


def unlicensed(there: Iterable[Distribution]) -> Iterator[str]:
    """Yield packages whose licence is not one of those that we may use."""
    for distribution in there:
        metadata = distribution.metadata
        told = [metadata["License-Expression"]] if "License-Expression" in metadata else []
        told = told or [one.split(" :: ")[-1] for one in metadata.get_all("Classifier") or () if "License ::" in one]
        told = told or str(metadata.json.get("license", "")).splitlines()[:1]
        if not is_allowed(told) and metadata["Name"] not in OF_THE_ENVIRONMENT:
            yield f"{metadata['Name']} has the licence {', '.join(told) or 'that nobody tells'}"


def is_allowed(told: Iterable[str]) -> bool:
    """Tell whether one of several licences, each perhaps an expression in SPDX's words, may be used."""
    choices = (choice for one in told for choice in one.strip("()").split(" OR "))
    return any(all(LICENCES.fullmatch(part.strip("() ")) for part in choice.split(" AND ")) for choice in choices)


def misused(package: Path, dependencies: Iterable[str]) -> Iterator[str]:
    """Yield dependencies that a package does not use, and what it imports without depending on it."""
    depended = {canonicalize_name(one.name) for one in _requirements(dependencies)}
    of_module = {
        module: {canonicalize_name(one) for one in names} for module, names in packages_distributions().items()
    }
    sources = [path.read_text(encoding="utf-8") for path in package.rglob("*.py")]
    used: set[str] = set()
    for module in {name for source in sources for name in imported(source)} - sys.stdlib_module_names - {package.name}:
        names = of_module.get(module, set())
        used |= names
        if names and not names & (depended | OF_THE_EXTRAS):
            yield f"{package.name} imports {module} and does not depend on {', '.join(sorted(names))}"
    for name in depended - used - BY_NAME_ONLY:
        if not any(f'"{name}"' in source for source in sources):
            yield f"{package.name} depends on {name} and does not use it"


def imported(source: str) -> Iterator[str]:
    """Yield the top-level modules that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _requirements(lines: Iterable[str]) -> list[Requirement]:
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
