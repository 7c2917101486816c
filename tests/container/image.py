"""The Dockerfile, carried out without an engine: each stage is a folder that begins as Debian with Python.

It knows the instructions that karin's own Dockerfile uses, and refuses any other. ``debootstrap`` makes the base once;
what RUN does happens in a chroot with this machine's network and its configuration of pip.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

RELEASES = {"3.11": "bookworm", "3.13": "trixie", "3.14": "forky"}  # the Debian that has a Python
SCRIPT = "/usr/share/debootstrap/scripts/sid"  # the one of all releases; an older debootstrap lacks names of newer ones
CACHE_MOUNT = re.compile(r"--mount=type=cache,target=(\S+)\s+")
MIRROR = "http://deb.debian.org/debian"
PIP = ("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "http_proxy", "https_proxy", "no_proxy")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass
class Image:
    """A stage, and in the end what the last one says of how it is run."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0"
    command: list[str] = field(default_factory=list)  # ENTRYPOINT and CMD
    health: list[str] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions: word and rest, in order."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())
    ]


def build(context: Path, work: Path, python: str | None = None) -> Image:
    """Carry out the Dockerfile of a context; return its last stage. Raises CalledProcessError, ValueError.

    ``python`` is what ``--build-arg PYTHON=`` would say.
    """
    stages: dict[str, Image] = {}
    image = Image(work)
    version = python or ""
    for word, rest in instructions((context / "Dockerfile").read_text(encoding="utf-8")):
        match word:
            case "ARG":
                version = python or rest.removeprefix("PYTHON=")
            case "FROM":
                source, _, name = rest.partition(" AS ")
                if source != "python:${PYTHON}-slim":
                    raise ValueError(f"FROM {source} is not understood here")
                image = stages[name] = Image(_stage(work, version, name or "final"))
            case "RUN":
                run_in(image, rest, work / "pip")
            case "COPY":
                _copy(image, rest, context, stages)
            case "ENV":
                image.environ |= dict(one.split("=", 1) for one in shlex.split(rest))
            case "WORKDIR":
                image.folder = rest
                (image.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                image.user = rest
            case "ENTRYPOINT" | "CMD":
                image.command += json.loads(rest)
            case "HEALTHCHECK":
                image.health = json.loads(rest.partition(" CMD ")[2])
            case "VOLUME" | "EXPOSE":
                pass
            case _:
                raise ValueError(f"{word} is not understood here")
    return image


def base(work: Path, version: str) -> Path:
    """Return a root of Debian with a Python, made if it is not there; ``python`` is where the official image has it."""
    if version not in RELEASES:
        raise ValueError(f"no Debian has Python {version}: {', '.join(RELEASES)} can be proved")
    root = _debian(work / f"base-{version}", RELEASES[version], "python3", "python3-venv", "ca-certificates")
    python = root / "usr/local/bin/python"
    if not python.is_symlink():
        python.symlink_to("/usr/bin/python3")
    return root


def machine_base(work: Path, version: str) -> Path:
    """Return a fresh root of the Debian that has a Python, with systemd and what docs/deploy-linux.md installs."""
    packages = ("systemd", "python3", "python3-venv", "ca-certificates")
    made = _debian(work / f"base-machine-{version}", RELEASES[version], *packages)
    return _fresh(made, work / "machine")


def _debian(root: Path, release: str, *packages: str) -> Path:
    """Return a root of a Debian with some packages, made if it is not there."""
    done = root.parent / f"{root.name}.done"
    if not done.exists():
        # One that was broken off goes, but never what is mounted in it: debootstrap may leave /proc there.
        subprocess.run(["rm", "-rf", "--one-file-system", str(root)], check=True)
        root.mkdir(parents=True, exist_ok=True)
        command = [
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(packages)}",
            release,
            str(root),
            MIRROR,
            SCRIPT,
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        done.touch()
    return root


def _stage(work: Path, version: str, name: str) -> Path:
    return _fresh(base(work, version), work / name)


def _fresh(made: Path, root: Path) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(made), str(root)], check=True)
    return root


def run_in(image: Image, rest: str, cache: Path) -> None:
    """Run a line in a chroot; what it needs of this machine to reach an index is lent to it and taken away again."""
    script = (
        'root=$1; shift; mount --bind /dev "$root/dev"; mount -t proc proc "$root/proc"; mount -t tmpfs tmp "$root/tmp"'
    )
    for target in CACHE_MOUNT.findall(rest):
        cache.mkdir(exist_ok=True)
        (image.root / target.lstrip("/")).mkdir(parents=True, exist_ok=True)
        script += f'; mount --bind {shlex.quote(str(cache))} "$root{target}"'
    for lent in (Path("/etc/resolv.conf"), CERTIFICATES):
        there = image.root / str(lent).lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch()
        script += f'; mount --bind {lent} "$root{lent}"'
    told = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root", "PIP_CERT": str(CERTIFICATES)}
    told |= {name: value for name, value in os.environ.items() if name in PIP} | image.environ  # noqa: TID251
    variables = [f"{name}={value}" for name, value in told.items()]
    inside = f"cd {shlex.quote(image.folder)} && {CACHE_MOUNT.sub('', rest)}"
    command = ["unshare", "--mount", "sh", "-euc", f'{script}; exec chroot "$root" "$@"', "sh", str(image.root)]
    subprocess.run([*command, "env", "-i", *variables, "sh", "-euc", inside], check=True, stdout=subprocess.DEVNULL)


def _copy(image: Image, rest: str, context: Path, stages: dict[str, Image]) -> None:
    *sources, target = rest.split()
    origin = context
    if sources[0].startswith("--from="):
        origin = stages[sources.pop(0).removeprefix("--from=")].root
    place = Path(os.path.normpath(image.root / image.folder.lstrip("/") / target.lstrip("/")))
    for source in (origin / one.lstrip("/") for one in sources):
        if source.is_dir():
            shutil.copytree(
                source,
                place,
                symlinks=True,
                ignore=shutil.ignore_patterns("__pycache__") if origin == context else None,
            )
        else:
            shutil.copy2(source, place)
