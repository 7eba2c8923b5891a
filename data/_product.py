import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class Product(eqx.Module):
    """A grid of modules that differ in some quantities; make one with `product`.

    Every array of `module` has the axes of the grid first, in the order of `axes`, which
    names them by the quantity that varies along each.
    """

    axes: tuple[str, ...] = eqx.field(static=True)
    values: dict[str, Float[Array, " values"]]
    module: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(len(self.values[axis]) for axis in self.axes)

    def points(self) -> list[tuple[int, ...]]:
        """The indices of the grid in row-major order."""
        return list(itertools.product(*(range(n) for n in self.shape)))

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __getitem__(self, point: tuple[int, ...]) -> Any:
        """The module at one point of the grid."""
        arrays, rest = eqx.partition(self.module, eqx.is_array)
        return eqx.combine(jax.tree.map(lambda x: x[point], arrays), rest)

    def map(self, function: Callable[[Any], Any]) -> Any:
        """`function` of every module, by `vmap`; the results have the grid's axes first."""
        for _ in self.axes:
            function = eqx.filter_vmap(function)
        return function(self.module)


def product(module: eqx.Module, values: Mapping[str, Any]) -> Product:
    """The grid of all combinations of quantities of a module.

    `product(device, {"alpha": [0.01, 0.02], "grain.k_u": k_u})` has the shape
    `(2, len(k_u))` and the axes `("alpha", "grain.k_u")`.

    **Arguments:**

    - `module`: Any module of quantities, with modules inside.
    - `values`: For each name, with dots between a module and what is in it, the values
      along its axis, shape `(number,)`, in SI units and in the quantity's range. A
      quantity that is itself an array takes the value in all its entries.
    """
    from ._tree import Tree  # which knows `Product`, to name its axes on disk

    leaves = Tree(module).leaves
    places = {leaf.dotted: i for i, leaf in enumerate(leaves)}
    quantities = [n for n, i in places.items() if _converter(leaves[i]) is not None]
    axes, grid = tuple(values), {}
    for name, value in values.items():
        if name not in quantities:
            raise ValueError(
                f"`values` must name quantities ({', '.join(quantities)}), got {name!r}."
            )
        array = _converter(leaves[places[name]])(jnp.asarray(value))
        if array.ndim != 1 or not len(array):
            raise ValueError(
                f"`{name}` must be values along an axis, shape (number,), "
                f"got shape {array.shape}."
            )
        grid[name] = array
    shape = tuple(map(len, grid.values()))
    batched = []
    for leaf in leaves:
        x = leaf.value
        if leaf.dotted in grid:
            at = axes.index(leaf.dotted)
            ones = tuple(-1 if i == at else 1 for i in range(len(axes)))
            x = grid[leaf.dotted].reshape(ones + (1,) * x.ndim)
        elif not eqx.is_array(x):
            batched.append(x)
            continue
        batched.append(jnp.broadcast_to(x, shape + leaf.value.shape))
    return Product(axes, grid, jax.tree.unflatten(jax.tree.structure(module), batched))


def _converter(leaf: Any) -> Any:
    metadata = {} if leaf.field is None else leaf.field.metadata
    return metadata.get("converter") if "unit" in metadata else None
