"""The directory of a run: its configuration, its finished parts, what made them."""

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import TypeVar

from . import __version__
from ._config import Config, dotted, load_toml
from ._tree import BadInput


T = TypeVar("T")
LIBRARIES = ("jax", "jaxlib", "equinox", "optax", "optimistix", "numpy", "scipy", "h5py")


class RunDirectory:
    """A directory that belongs to one configuration; finished parts are used again."""

    def __init__(self, path: pathlib.Path, config: Config):
        self.path = path
        self.config = config

    def __truediv__(self, name: str) -> pathlib.Path:
        return self.path / name

    def part(
        self,
        name: str,
        make: Callable[[], T],
        save: Callable[[pathlib.Path, T], None],
        load: Callable[[pathlib.Path], T],
    ) -> T:
        """What `make` returns, saved under `name`; loaded if the file is there already.

        `save` must put the file in place whole or not at all.
        """
        path = self.path / name
        if not path.exists():
            value = make()
            path.parent.mkdir(exist_ok=True)
            save(path, value)
            return value
        try:
            return load(path)
        except (ValueError, OSError) as error:
            raise BadInput(
                f"`{path}` must be a whole file of this run, but it cannot be read "
                f"({str(error).rstrip('.')}): delete it and it is made again."
            ) from error


@contextlib.contextmanager
def open_run(path: pathlib.Path, config: Config) -> Iterator[RunDirectory]:
    """The directory of the run with this configuration, made if it is not there.

    One program at a time. A directory that holds another configuration, or files that
    are no run, raises `BadInput`, and nothing in it is touched.
    """
    written = path / "config.toml"
    if path.exists() and not path.is_dir():
        raise BadInput(f"`{path}` must be a directory, got a file.")
    if written.exists():
        _refuse_another(written, config)
    elif path.exists() and set(os.listdir(path)) - {"lock"}:
        raise BadInput(
            f"`{path}` must be a new directory or one with a run, got one with other files."
        )
    path.mkdir(parents=True, exist_ok=True)
    with open(path / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(
                f"`{path}` must be free, but another program is writing to it."
            ) from error
        if not written.exists():
            write_whole(path / "provenance.json", json.dumps(provenance(), indent=2) + "\n")
            write_whole(written, config.toml())
        yield RunDirectory(path, config)


def _refuse_another(written: pathlib.Path, config: Config) -> None:
    before = dotted(load_toml(written))
    for key in config.values | before:
        if before.get(key) != config.values.get(key):
            raise BadInput(
                f"`{written.parent}` holds the run of another configuration, with "
                f"`{key}` {before.get(key, 'absent')!r} and not "
                f"{config.values.get(key, 'absent')!r}: choose another `--out`."
            )


def provenance() -> dict[str, object]:
    """What made the files of a run: command, versions, machine, time."""
    return {
        "mtjax": __version__,
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
