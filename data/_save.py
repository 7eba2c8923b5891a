"""Trees of arrays in HDF5 files that any reader of netCDF-4 opens.

One dataset a leaf, named by its path; dimension scales; gzip and checksums. A file holds
numbers and words only: the structure comes from `like`, nothing is imported by name.
"""

import importlib.metadata
import json
import os
from collections.abc import Mapping
from typing import Any

import h5py
import jax
import jax.core as jax_core
import jax.numpy as jnp
import numpy as np

from ._atomic import write_atomically
from ._tree import Leaf, Tree


SCHEMA, VERSION = "mtjax", 1
_NATIVE = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")
# netCDF-4 marks a dimension without coordinate variable with this NAME.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable. {:>9}"


def save(
    path: str | os.PathLike, tree: Any, *, provenance: Mapping[str, Any] | None = None
) -> None:
    """Writes a tree to an HDF5 file, whole or not at all.

    A module becomes a group, a leaf a dataset with `units` and `long_name`; the pulses of
    statistics become coordinates, so that `xarray.open_dataset(path, engine="h5netcdf")`
    shows `mean` over `device`, `voltage` and `width`. Random keys are stored as key data
    with the name of the generator. Static fields become one JSON attribute a group.

    **Arguments:**

    - `path`: The file; one that is there is replaced when the new one is complete.
    - `tree`: Any pytree of arrays, numbers and random keys.
    - `provenance`: What made it (configuration, seed, ...), as JSON; see `provenance`.
    """
    described = as_json(dict(provenance or {}), "provenance")
    tree = Tree(tree)
    arrays = [_to_disk(leaf) if leaf.is_number else None for leaf in tree.leaves]
    with h5py.File(
        "image", "w", driver="core", backing_store=False, libver="latest", track_order=True
    ) as file:
        _set(file, "schema", SCHEMA)
        _set(file, "schema_version", VERSION)
        _set(file, "mtjax_version", importlib.metadata.version("mtjax"))
        _set(file, "provenance", described)
        for group in tree.groups:
            node = file.require_group(group.path or "/")
            if group.type is not None:
                _set(node, "type", group.type)
            _set(node, "static", as_json(group.static, "static"))
        for leaf, array in zip(tree.leaves, arrays, strict=True):
            if array is not None:
                dataset = _write(file[leaf.group or "/"], leaf.name, array[0])
                for key, value in (leaf.text | array[1]).items():
                    _set(dataset, key, value)
        _name_dimensions(file, tree)
        file.flush()
        image = file.id.get_file_image()
    write_atomically(path, image)


def _to_disk(leaf: Leaf) -> tuple[np.ndarray, dict[str, Any]]:
    """The array as netCDF can hold it, and what says what it was."""
    x = leaf.value
    if isinstance(x, (jax_core.Tracer, jax.ShapeDtypeStruct)):
        raise ValueError(f"`{leaf.path}` must be values, it is {x}.")
    if leaf.enumeration is not None:
        names = list(leaf.enumeration._name_to_item)
        flags = np.arange(len(names), dtype=np.int32)
        return np.asarray(x), {"flag_values": flags, "flag_meanings": " ".join(names)}
    if isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        return np.asarray(jax.random.key_data(x)), {"prng": str(jax.random.key_impl(x))}
    array = np.asarray(x)
    if array.dtype.str[1:] in _NATIVE:
        return array, {}
    note = {"dtype": array.dtype.name}
    if array.dtype == bool:
        return array.astype(np.int8), note  # as xarray has it
    if array.dtype.kind == "c":
        return np.stack([np.real(array), np.imag(array)], -1), note
    if array.dtype.itemsize in (1, 2) and array.dtype.kind in "fV":  # float16, bfloat16
        return array.view(f"u{array.dtype.itemsize}"), note
    raise ValueError(f"`{leaf.path}` must be of numbers, it is of {array.dtype}.")


def _write(group: Any, name: str, x: np.ndarray) -> h5py.Dataset:
    x = np.require(x, requirements="C").reshape(x.shape)
    if x.ndim and x.size:
        return group.create_dataset(
            name, data=x, chunks=True, compression="gzip", shuffle=True, fletcher32=True
        )
    # A scalar goes into the header of its object, which has a checksum of its own.
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_layout(h5py.h5d.COMPACT)
    layout.set_obj_track_times(False)
    kind = h5py.h5t.py_create(x.dtype, logical=True)
    space = h5py.h5s.create_simple(x.shape) if x.ndim else h5py.h5s.create(h5py.h5s.SCALAR)
    dataset = h5py.Dataset(
        h5py.h5d.create(group.id, name.encode(), kind, space, dcpl=layout)
    )
    if x.size:
        dataset[()] = x
    return dataset


def as_json(value: Any, what: str) -> str:
    """JSON of words and numbers, arrays among them; one sentence on anything else."""

    def plain(x):
        if isinstance(x, (np.ndarray, np.generic, jax.Array)):
            return np.asarray(x).tolist()
        if isinstance(x, os.PathLike):
            return os.fspath(x)
        raise TypeError(f"it has a {type(x).__name__}")

    try:
        return json.dumps(value, default=plain, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{what}` must be words and numbers, but {error}.") from None


def _set(node: h5py.Group | h5py.Dataset, key: str, value: Any) -> None:
    """An attribute of fixed length: it lies in the header, under the header's checksum."""
    if isinstance(value, str):
        text = value.encode()
        kind = h5py.string_dtype("utf-8", max(len(text), 1))
        value = np.array(text, dtype=kind)
    node.attrs.create(key, value)


def _nearest(scales: dict[str, Any], group: str, axis: str | None, length: int) -> str:
    """Where the dimension is: in the group, or in one above it that has it."""
    own = place = f"{group}/{axis}".lstrip("/")
    while place not in scales or scales[place].shape != (length,):
        if not group:
            return own
        group = group.rpartition("/")[0]
        place = f"{group}/{axis}".lstrip("/")
    return place


def _name_dimensions(file: Any, tree: Tree) -> None:
    """Dimension scales: a coordinate where a leaf has the name, else a bare dimension."""
    leaves = [leaf for leaf in tree.leaves if leaf.is_number]
    taken = {x.path for x in (*tree.groups, *leaves)}
    scales = {x.path: file[x.path] for x in leaves if x.axes == (x.name,)}
    bare, uses = [], []
    for leaf in leaves:
        if leaf.path in scales:
            continue
        dataset = file[leaf.path]
        axes = leaf.axes + (None,) * (dataset.ndim - len(leaf.axes))
        for i, (axis, length) in enumerate(zip(axes, dataset.shape, strict=True)):
            path = _nearest(scales, leaf.group, axis, length)
            held = scales[path].shape if path in scales else (length,)
            if axis is None or held != (length,) or path in taken - set(scales):
                path = f"dim_{length}"
                while path in taken:
                    path += "_"
            if path not in scales:
                scales[path] = file.create_dataset(path, (length,), ">f4")
                bare.append(path)
            uses.append((dataset.dims[i], path))
    for number, (path, scale) in enumerate(scales.items()):
        name = _NO_VARIABLE.format(len(scale)) if path in bare else path.rpartition("/")[2]
        scale.make_scale(name)
        scale.attrs.create("_Netcdf4Dimid", number, dtype=np.int32)
    for dimension, path in uses:
        dimension.attach_scale(scales[path])
