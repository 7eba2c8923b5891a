import contextlib
import json
import os
import pathlib
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ._atomic import FileError, write_atomically
from ._load import load
from ._save import as_json, save


_CONFIGURATION = "configuration.json"


class Parts:
    """A folder of finished parts: what a long sweep leaves, and resumes from.

    ```python
    with Parts("sweep", {"device": ..., "seed": 0}) as parts:
        for name in names:
            if name not in parts:
                parts.save(name, compute(name))
        parts.repack("sweep.h5", names, like=Levels, combine=concatenate)
    ```

    A part is there whole or not at all, so a killed sweep loses the part in hand. A
    finished part is never changed. The folder belongs to one configuration: another one is
    refused, and so is a second writer while the first one runs.

    **Arguments:**

    - `folder`: Made if it is not there.
    - `configuration`: All that decides the numbers, as JSON. It is kept in the folder.
    - `share`: `(i, n)` with `1 <= i <= n` if `n` processes share the folder, as in a job
      array; process `i` writes the parts of `mine`.
    """

    folder: pathlib.Path
    configuration: dict[str, Any]
    share: tuple[int, int] | None

    def __init__(
        self,
        folder: str | os.PathLike,
        configuration: Mapping[str, Any],
        *,
        share: tuple[int, int] | None = None,
    ):
        if share is not None and not 1 <= share[0] <= share[1]:
            raise ValueError(f"`share` must be (i, n) with 1 <= i <= n, got {share}.")
        self.folder, self.share = pathlib.Path(folder), share
        self.configuration = json.loads(as_json(dict(configuration), "configuration"))
        self._open: contextlib.ExitStack | None = None
        if (self.folder / _CONFIGURATION).exists():
            self._compare()

    def __enter__(self) -> "Parts":
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(
                f"`{self.folder}` could not be made: {error.strerror}."
            ) from None
        with contextlib.ExitStack() as stack:
            if self.share is None:
                stack.enter_context(self._lock("writer", shared=False))
            else:
                stack.enter_context(self._lock("writer", shared=True))
                name = "share-{}-of-{}".format(*self.share)
                stack.enter_context(self._lock(name, shared=False))
            with self._lock("configuration", shared=False, wait=True):
                if (self.folder / _CONFIGURATION).exists():
                    self._compare()
                else:
                    text = json.dumps(self.configuration, indent=1, ensure_ascii=False)
                    write_atomically(self.folder / _CONFIGURATION, text.encode())
            if self.share is None:  # nobody else writes: these are of a killed process
                for left in self.folder.glob(".*.h5.*.tmp"):
                    left.unlink()
            self._open = stack.pop_all()
        return self

    def __exit__(self, *exception) -> None:
        assert self._open is not None
        self._open.close()
        self._open = None

    def finished(self) -> list[str]:
        """The names of the parts that are there, sorted."""
        return sorted(p.stem for p in self.folder.glob("*.h5") if p.name[0] != ".")

    def __contains__(self, name: str) -> bool:
        return self._path(name).exists()

    def mine(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that this process is to write."""
        if self.share is None:
            return list(names)
        return list(names[self.share[0] - 1 :: self.share[1]])

    def save(self, name: str, tree: Any) -> None:
        """Writes a part; only inside `with`, and only once."""
        if self._open is None:
            raise ValueError("`save` must be called inside `with Parts(...) as parts`.")
        if name in self:
            raise FileError(f"`{self._path(name)}` is finished and is never changed.")
        save(self._path(name), tree, provenance={"configuration": self.configuration})

    def load(self, name: str, like: Any) -> Any:
        """A finished part; see `load`."""
        return load(self._path(name), like)

    def repack(
        self,
        path: str | os.PathLike,
        names: Sequence[str],
        *,
        like: Any,
        combine: Callable[[list[Any]], Any],
    ) -> Any:
        """Writes `combine` of the parts `names`, in that order, to one file; returns it."""
        missing = [name for name in names if name not in self]
        if missing:
            raise FileError(
                f"`{self.folder}` must hold all {len(names)} parts, {len(missing)} are "
                f"missing (`{missing[0]}` first)."
            )
        whole = combine([self.load(name, like) for name in names])
        save(path, whole, provenance={"configuration": self.configuration})
        return whole

    def _path(self, name: str) -> pathlib.Path:
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", name):
            raise ValueError(
                f"`name` must be of letters, digits, '.', '_' and '-', got {name!r}."
            )
        return self.folder / f"{name}.h5"

    def _compare(self) -> None:
        path = self.folder / _CONFIGURATION
        try:
            there = json.loads(path.read_bytes())
        except (OSError, ValueError):
            raise FileError(f"`{path}` must be readable JSON, it is not.") from None
        difference = _difference(there, self.configuration, "")
        if difference is not None:
            raise FileError(
                f"`{self.folder}` holds another configuration ({difference}): choose "
                "another folder."
            )

    @contextlib.contextmanager
    def _lock(self, name: str, *, shared: bool, wait: bool = False) -> Iterator[None]:
        """An advisory lock that the kernel frees when the process ends, however it does."""
        import fcntl  # not on every system

        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        with open(self.folder / f".{name}.lock", "a+") as file:
            try:
                fcntl.flock(file, kind | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                file.seek(0)
                holder = file.read(200).strip() or "another process"
                raise FileError(
                    f"`{self.folder}` is being written by {holder}: wait for it, or choose "
                    "another folder."
                ) from None
            if not shared:
                file.truncate(0)
                file.write(f"process {os.getpid()} on {socket.gethostname()}")
                file.flush()
            yield


def _difference(there: Any, here: Any, path: str) -> str | None:
    """The first place where two configurations differ, in words."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted({*there, *here}):
            below = f"{path}.{key}" if path else key
            if key not in there:
                return f"`{below}` is not in it"
            if key not in here:
                return f"`{below}` is only in it"
            found = _difference(there[key], here[key], below)
            if found is not None:
                return found
        return None
    if there == here and type(there) is type(here):
        return None
    return f"`{path}` is {_short(there)} there and {_short(here)} here"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
