"""A tree from a file, or one sentence."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import h5py
import jax
import jax.numpy as jnp
import numpy as np

from ._atomic import FileError
from ._conductances import Conductances
from ._hdf5 import attribute, find_member, opened_hdf5, read_numbers
from ._save import SCHEMA, VERSION
from ._statistics import State
from ._tree import Group, Leaf, OF_PULSES, STATISTICS, Tree


_GENERATORS = ("threefry2x32", "rbg", "unsafe_rbg")


def load(path: str | os.PathLike, like: Any) -> Any:
    """Reads a tree that `save` wrote; its structure is that of `like`.

    Names, classes, ranks and kinds of number, static fields and the shapes of arrays must
    agree with `like`; of statistics (`Switching`, `Levels`, ...) and their pulses only the
    rank must, so that `like` need not know how many devices, pulses and bins there are.
    A mapping in `like` may name a part of what the file holds. A quantity that the file
    lacks has its default value: the file was written before there was one. Anything else
    than the whole, undamaged tree is a `FileError` of one sentence.

    **Arguments:**

    - `path`: The file.
    - `like`: A tree of arrays or `jax.ShapeDtypeStruct` (`eqx.filter_eval_shape`); their
      values do not matter. The classes of statistics (`Switching`, `Levels`, ...,
      `Trajectories`) stand for any of them.
    """
    with _opened(path) as file:
        like = _expand(file, like)
        tree = Tree(like)
        for group in tree.groups:
            _check_group(find_member(file, group.path, h5py.Group), group, tree)
        leaves = [_leaf(file, x) if x.is_number else x.value for x in tree.leaves]
    result = jax.tree.unflatten(jax.tree.structure(like), leaves)
    try:
        _check(result)
    except ValueError as error:
        raise FileError(f"`{path}` holds values out of range: {error}") from None
    return result


def provenance(path: str | os.PathLike) -> dict[str, Any]:
    """What made the file, as given to `save`, and the version of mtjax that wrote it."""
    with _opened(path) as file:
        told = attribute(file, "provenance")
        return json.loads(told) | {"mtjax_version": attribute(file, "mtjax_version")}


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator[h5py.File]:
    """The file, checked to be of this schema."""
    with opened_hdf5(path) as file:
        if "schema" not in file.attrs or attribute(file, "schema") != SCHEMA:
            raise FileError("must be a file written by mtjax, it is not.")
        version = attribute(file, "schema_version")
        if version > VERSION:
            raise FileError(
                f"must be of schema version {VERSION} or lower, it is of "
                f"version {version}: update mtjax."
            )
        yield file


def _expand(file: h5py.File, like: Any) -> Any:
    """`like` with each class of statistics replaced by a skeleton of what the file has."""
    tree = Tree(like)
    if not any(leaf.value is kind for leaf in tree.leaves for kind in STATISTICS):
        return like
    leaves = []
    for leaf in tree.leaves:
        if any(leaf.value is kind for kind in STATISTICS):
            where = leaf.group if tree.is_leaf else leaf.path
            static = json.loads(attribute(find_member(file, where, h5py.Group), "static"))
            start, axes = State[static["start"]], tuple(static.get("pulses.axes", ()))
            leaves.append(leaf.value.like(start, axes))
        else:
            leaves.append(leaf.value)
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def _check_group(node: h5py.Group, group: Group, tree: Tree) -> None:
    """The class, the static fields and the names must be those of `like`."""
    where = f"`{group.path}`" if group.path else "a tree"
    if group.type is not None:
        kind = attribute(node, "type") if "type" in node.attrs else "none"
        if kind != group.type:
            raise FileError(f"must hold {where} of class {group.type}, it has {kind}.")
    written = json.loads(attribute(node, "static"))
    for name, value in json.loads(json.dumps(group.static)).items():
        path = f"{group.path}/{name}".lstrip("/")
        if name not in written:
            raise FileError(f"must hold the static field `{path}`, it does not.")
        if written[name] != value:
            raise FileError(
                f"must have {_short(value)} for `{path}`, as `like` has, "
                f"it has {_short(written[name])}."
            )
    if group.partial:
        return
    known = {x.path for x in (*tree.groups, *tree.leaves)}
    for name in map(str, node):
        path = f"{group.path}/{name}".lstrip("/")
        if path not in known and not _is_dimension(node, name):
            raise FileError(f"must hold what `like` has, it also has `{path}`.")
    if set(written) - set(group.static):
        extra = sorted(set(written) - set(group.static))
        raise FileError(f"must hold what `like` has, it also has `{extra[0]}`.")


def _is_dimension(node: h5py.Group, name: str) -> bool:
    if not isinstance(node.get(name, getlink=True), h5py.HardLink):
        return False
    return node[name].attrs.get("CLASS") == b"DIMENSION_SCALE"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _leaf(file: h5py.File, leaf: Leaf) -> Any:
    like = leaf.value
    if leaf.path not in file and _has_default(leaf):
        default = jnp.full(np.shape(like), leaf.field.default)  # pyright: ignore
        return default.astype(like.dtype)
    dataset = find_member(file, leaf.path, h5py.Dataset)
    noted = attribute(dataset, "dtype") if "dtype" in dataset.attrs else None
    pairs = "prng" in dataset.attrs or noted in ("complex64", "complex128")
    array = read_numbers(
        dataset,
        leaf.path,
        check=lambda shape: _check_shape(leaf, shape[: -1 if pairs else None]),
    )
    if leaf.enumeration is not None:
        return _members(dataset, leaf, array)
    if "prng" in dataset.attrs:
        return _key(dataset, leaf, array)
    if noted == "bool":
        array = array.astype(bool)
    elif noted in ("complex64", "complex128"):
        array = np.ascontiguousarray(array).view(noted)[..., 0]
    elif noted in ("float16", "bfloat16") or str(noted).startswith("float8"):
        array = array.view(jnp.dtype(noted))
    wanted = getattr(like, "dtype", None) or np.asarray(like).dtype
    if _kind(array.dtype) != _kind(wanted):
        raise FileError(
            f"must hold {_kind(wanted)} numbers in `{leaf.path}`, "
            f"it holds {_kind(array.dtype)} ones."
        )
    if _is_plain(like):
        return type(like)(array.item())
    if isinstance(like, (np.ndarray, np.generic)):
        array = array.astype(wanted)
        return array if isinstance(like, np.ndarray) else array[()]
    return jnp.asarray(array, jax.dtypes.canonicalize_dtype(wanted))


def _has_default(leaf: Leaf) -> bool:
    """Whether the file may be from before this quantity was there."""
    if leaf.any_length or leaf.field is None or "unit" not in leaf.field.metadata:
        return False
    return leaf.field.default is not dataclasses.MISSING


def _check_shape(leaf: Leaf, shape: tuple[int, ...]) -> None:
    wanted = np.shape(leaf.value)
    if leaf.any_length:
        if len(shape) != len(wanted):
            raise FileError(
                f"must have {len(wanted)} dimension(s) in `{leaf.path}`, "
                f"it has shape {shape}."
            )
    elif shape != wanted:
        raise FileError(f"must have shape {wanted} in `{leaf.path}`, it has {shape}.")


def _is_plain(like: Any) -> bool:
    return isinstance(like, (bool, int, float, complex)) and not isinstance(
        like, np.generic
    )


def _kind(dtype: Any) -> str:
    for parent, name in (
        (np.bool_, "true or false"),
        (np.integer, "whole"),
        (np.floating, "floating"),
        (np.complexfloating, "complex"),
    ):
        if jnp.issubdtype(dtype, parent):
            return name
    return "random-key" if jnp.issubdtype(dtype, jax.dtypes.prng_key) else "other"


def _key(dataset: h5py.Dataset, leaf: Leaf, data: np.ndarray) -> jax.Array:
    generator = attribute(dataset, "prng")
    if generator not in _GENERATORS or data.dtype != np.uint32 or data.ndim == 0:
        raise FileError(f"must hold random keys in `{leaf.path}`, it does not.")
    key = jax.random.wrap_key_data(jnp.asarray(data), impl=generator)
    wanted = getattr(leaf.value, "dtype", None)
    if key.dtype != wanted:
        raise FileError(
            f"must hold {wanted} in `{leaf.path}`, it holds keys of {generator}."
        )
    _check_shape(leaf, key.shape)
    return key


def _members(dataset: h5py.Dataset, leaf: Leaf, array: np.ndarray) -> Any:
    """Indices of an enumeration, by the names they had when they were written."""
    now = leaf.enumeration._name_to_item
    names = str(attribute(dataset, "flag_meanings")).split()
    unknown = set(names) - set(now)
    table = np.array([int(now[n]._value) if n in now else -1 for n in names], np.int32)
    if array.size and not (0 <= array.min() and array.max() < len(table)):
        raise FileError(f"must hold members in `{leaf.path}`, it holds other numbers.")
    result = np.asarray(table[array])
    if np.any(result < 0):
        raise FileError(f"must hold known members in `{leaf.path}`, it holds {unknown}.")
    return jnp.asarray(result) if isinstance(leaf.value, jax.Array) else result


def _check(node: Any) -> None:
    """Ranges of the quantities and laws of the statistics: loading calls no `__init__`."""
    is_module = lambda x: isinstance(x, eqx.Module) and x is not node
    for child in jax.tree.leaves(node, is_leaf=is_module):
        if isinstance(child, eqx.Module):
            _check(child)
    if not isinstance(node, eqx.Module):
        return
    for field in dataclasses.fields(node):
        value = getattr(node, field.name, None)
        if isinstance(value, jax.Array) and "unit" in field.metadata:
            field.metadata.get("converter", lambda x: x)(value)
    if isinstance(node, OF_PULSES):
        ranks = 2 + len(node.pulses.axes)
        each = isinstance(node, Conductances)
        if (node.conductance.ndim if each else node.trials.ndim + 1) == ranks:
            node.__check_init__()
    elif isinstance(node, STATISTICS):
        node.__check_init__()
