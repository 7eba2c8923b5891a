"""The directory of a run: its configuration, its finished parts, what made them."""

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any, Protocol, runtime_checkable

from mtjax import data

from . import __version__
from ._commit import commit
from ._config import dotted, load_toml
from ._tree import BadInput, Plain


# What may be in a new directory: networks that a paper would otherwise train.
_MAY_BE_THERE = {".lock", "provenance.json", "networks"}
LIBRARIES = ("jax", "jaxlib", "equinox", "optax", "optimistix", "numpy", "scipy", "h5py")


@runtime_checkable
class Configuration(Protocol):
    """What a directory belongs to: plain values by dotted key, and the same as TOML."""

    @property
    def values(self) -> dict[str, Plain]: ...

    def toml(self) -> str: ...


class RunDirectory:
    """A directory that belongs to one configuration; finished parts are used again."""

    def __init__(self, path: pathlib.Path, config: Configuration):
        self.path = path
        self.config = config

    def parts(self, likes: Mapping[str, Any], make: Callable[[], Sequence[Any]]) -> list:
        """What `make` returns, one file for each value; read if all files are there.

        **Arguments:**

        - `likes`: By name of the file: for HDF5, a tree with the structure of the value,
          whose arrays may be of any length; for JSON, plain values, nothing.
        - `make`: Does the work; its values are in the order of the files.
        """
        if not all((self.path / name).exists() for name in likes):
            made = provenance() | {"configuration": self.config.toml()}
            for name, value in zip(likes, make(), strict=True):
                path = self.path / name
                if path.suffix == ".json":
                    write_whole(path, json.dumps(value, indent=1) + "\n")
                else:
                    data.save(path, value, provenance=made)
        return [self._read(self.path / name, like) for name, like in likes.items()]

    @staticmethod
    def _read(path: pathlib.Path, like: Any) -> Any:
        try:
            if path.suffix == ".json":
                return json.loads(path.read_text())
            return data.load(path, like)
        except (ValueError, OSError) as error:
            raise BadInput(
                f"`{path}` must be a whole file of this run, but it cannot be read: "
                f"{str(error).rstrip('.')}; delete it and it is made again."
            ) from error


@contextlib.contextmanager
def open_run(path: pathlib.Path, config: Configuration) -> Iterator[RunDirectory]:
    """The directory of the run with this configuration, made if it is not there.

    One program at a time. A directory that holds another configuration, or files that
    are no run, raises `BadInput`, and nothing in it is touched.
    """
    written = path / "config.toml"
    if path.exists() and not path.is_dir():
        raise BadInput(f"`{path}` must be a directory, got a file.")
    if written.exists():
        _refuse_another(written, config)
    elif path.exists() and set(os.listdir(path)) - _MAY_BE_THERE:
        raise BadInput(
            f"`{path}` must be a new directory or one with a run, got one with other files."
        )
    path.mkdir(parents=True, exist_ok=True)
    with open(path / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(
                f"`{path}` must be free, but another program is writing to it."
            ) from error
        if not written.exists():
            write_whole(path / "provenance.json", json.dumps(provenance(), indent=1) + "\n")
            write_whole(written, config.toml())
        yield RunDirectory(path, config)


def _refuse_another(written: pathlib.Path, config: Configuration) -> None:
    before = dotted(load_toml(written))
    for key in config.values | before:
        if before.get(key) != config.values.get(key):
            raise BadInput(
                f"`{written.parent}` must hold the run of this configuration or none, but "
                f"its `{key}` is {before.get(key, 'absent')!r} and not "
                f"{config.values.get(key, 'absent')!r}; choose another `--out`."
            )


def provenance() -> dict[str, Any]:
    """What made the files of a run: command, versions, machine, time."""
    return {
        "mtjax": __version__,
        "commit": commit(),
        "command": " ".join(["mtjax", *sys.argv[1:]]),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
    }


def write_whole(path: pathlib.Path, text: str) -> None:
    """Writes a text file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    with open(temporary, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
