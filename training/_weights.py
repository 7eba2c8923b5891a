import os
import pathlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.tree_util as jtu
import numpy as np

from ._safetensors import read_safetensors, write_safetensors


def save_weights(path: str | os.PathLike, network: Any) -> None:
    """Writes the arrays of a network by name: `.npz` of NumPy, or `.safetensors`.

    The names are the paths in the network, `layers.0.weight`, as other programs write
    them; weights of linear layers have the shape `(outputs, inputs)`.
    """
    arrays = {name: np.asarray(leaf) for name, leaf in _named(network)}
    match _kind(path):
        case ".npz":
            with open(path, "wb") as file:
                np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]
        case _:
            write_safetensors(path, arrays)


def load_weights(path: str | os.PathLike, network: Any) -> Any:
    """The network with the arrays of a file; those of another network are refused."""
    if _kind(path) == ".npz":
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    else:
        arrays = read_safetensors(path)
    named = _named(network)
    for name, leaf in named:
        if name not in arrays:
            raise ValueError(f"`path` must hold the weights `{name}`, {path} does not.")
        if arrays[name].shape != leaf.shape:
            raise ValueError(
                f"`path` must be of this network: `{name}` has the shape {leaf.shape}, "
                f"in {path} {arrays[name].shape}."
            )
    if unknown := arrays.keys() - {name for name, _ in named}:
        raise ValueError(
            f"`path` must be of this network, {path} also holds `{min(unknown)}`."
        )
    numbers, rest = eqx.partition(network, eqx.is_array)
    leaves = [jnp.asarray(arrays[name], leaf.dtype) for name, leaf in named]
    return eqx.combine(jax.tree.unflatten(jax.tree.structure(numbers), leaves), rest)


def _named(network: Any) -> list[tuple[str, Any]]:
    """Names and arrays of a network, in the order of its leaves."""
    found = jtu.tree_leaves_with_path(eqx.filter(network, eqx.is_array))
    return [(jtu.keystr(path, simple=True, separator="."), leaf) for path, leaf in found]


def _kind(path: str | os.PathLike) -> str:
    suffix = pathlib.Path(path).suffix
    if suffix not in (".npz", ".safetensors"):
        raise ValueError(f"`path` must end in .npz or .safetensors, got {str(path)!r}.")
    return suffix
