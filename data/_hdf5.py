"""Reading of HDF5 files that may be damaged, foreign or hostile."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np

from ._atomic import FileError


_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_DEFLATE = 1100  # gzip shrinks at most 1032 times


@contextlib.contextmanager
def opened_hdf5(path: str | os.PathLike) -> Iterator[h5py.File]:
    """The file; errors inside, of HDF5 too, become one sentence that names it."""
    if not pathlib.Path(path).is_file():
        raise FileError(f"`{path}` must be a file, there is none.")
    try:
        if not h5py.is_hdf5(path):
            raise FileError("must be an HDF5 file, it is not, or it is damaged.")
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except FileError as error:
        raise FileError(f"`{path}` {error}") from None
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        cause = " ".join(str(error).split())[:120]
        raise FileError(
            f"`{path}` must be a whole HDF5 file, it is truncated or damaged ({cause})."
        ) from None


def attribute(node: h5py.Group | h5py.Dataset, name: str) -> Any:
    if name not in node.attrs:
        raise FileError(f"must have the attribute `{name}`, there is none.")
    if node.attrs.get_id(name).shape != ():
        raise FileError(f"must have one value in the attribute `{name}`, it has more.")
    value = node.attrs[name]
    return value.decode() if isinstance(value, bytes) else value


def find_member(file: h5py.File, path: str, kind: type) -> Any:
    """The group or dataset at `path`, reached through nothing but its own file."""
    node: Any = file
    walked = ""
    for name in filter(None, path.split("/")):
        walked = f"{walked}/{name}".lstrip("/")
        link = node.get(name, getlink=True) if isinstance(node, h5py.Group) else None
        if link is None:
            raise FileError(f"must hold `{path}`, which `like` has; it does not.")
        if not isinstance(link, h5py.HardLink):
            raise FileError(f"must hold `{walked}` itself, it holds a link to it.")
        node = node[name]
    if not isinstance(node, kind):
        raise FileError(f"must hold `{path}` as a {kind.__name__.lower()}, it does not.")
    return node


def read_numbers(
    dataset: Any,
    path: str,
    *,
    check: Callable[[tuple[int, ...]], None] = lambda shape: None,
    foreign: bool = False,
) -> np.ndarray:
    """The raw numbers; nothing is reserved for what the file cannot hold.

    `check` sees the shape before any of it is read.
    """
    creation = dataset.id.get_create_plist()
    if dataset.is_virtual or dataset.external:
        raise FileError(f"must hold `{path}` itself, it points to other files.")
    if dataset.shape is None or dataset.dtype.kind not in ("iufb" if foreign else "iuf"):
        raise FileError(f"must hold numbers in `{path}`, it holds {dataset.dtype}.")
    check(dataset.shape)
    filters = [creation.get_filter(i)[0] for i in range(creation.get_nfilters())]
    if not set(filters) <= _FILTERS | ({h5py.h5z.FILTER_LZF} if foreign else set()):
        raise FileError(f"must hold `{path}` in gzip or plain, it does not.")
    stored = dataset.id.get_storage_size()
    bound = min(stored, os.path.getsize(dataset.file.filename)) * (
        _DEFLATE if filters else 1
    )
    chunk = dataset.dtype.itemsize * int(np.prod(dataset.chunks or (0,), dtype=object))
    if max(dataset.nbytes, chunk) > bound:
        raise FileError(
            f"must hold all of `{path}`, it says {dataset.nbytes} bytes and "
            f"stores {stored}."
        )
    try:
        return dataset[()] if dataset.ndim else np.asarray(dataset[()])
    except OSError:
        raise FileError(
            f"must hold `{path}` undamaged, its checksum does not agree."
        ) from None
