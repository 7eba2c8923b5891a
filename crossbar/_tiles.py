from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Shaped


def tile(
    matrix: Shaped[Array, "m n"], size: int | tuple[int, int], fill: Any = 0
) -> Shaped[Array, "down across rows columns"]:
    """Cuts a matrix into tiles of one size; what is missing at the edges is `fill`.

    **Arguments:**

    - `size`: Word lines and bit lines of a tile, or one number for both.
    """
    rows, columns = _size(size)
    m, n = matrix.shape
    if 0 in (m, n):
        raise ValueError(f"`matrix` must not be empty, got shape {matrix.shape}.")
    down, across = -(-m // rows), -(-n // columns)
    padding = ((0, down * rows - m), (0, across * columns - n))
    full = jnp.pad(matrix, padding, constant_values=fill)
    return full.reshape(down, rows, across, columns).swapaxes(1, 2)


def untile(
    tiles: Shaped[Array, "down across rows columns"], shape: tuple[int, int]
) -> Shaped[Array, "m n"]:
    """The inverse of `tile`: the matrix of the given shape."""
    down, across, rows, columns = tiles.shape
    m, n = shape
    if not ((down - 1) * rows < m <= down * rows):
        raise ValueError(
            f"`shape` must have {(down - 1) * rows + 1} to {down * rows} rows for these "
            f"tiles, got {m}."
        )
    if not ((across - 1) * columns < n <= across * columns):
        raise ValueError(
            f"`shape` must have {(across - 1) * columns + 1} to {across * columns} "
            f"columns for these tiles, got {n}."
        )
    return tiles.swapaxes(1, 2).reshape(down * rows, across * columns)[:m, :n]


def tile_inputs(x: Shaped[Array, " m"], rows: int) -> Shaped[Array, "down rows"]:
    """The inputs of each row of tiles; missing ones are 0."""
    down = -(-x.shape[0] // rows)
    return jnp.pad(x, (0, down * rows - x.shape[0])).reshape(down, rows)


def join_outputs(y: Shaped[Array, "down across columns"], n: int) -> Shaped[Array, " n"]:
    """The outputs of a tiled matrix: sums over the tiles that share their columns."""
    return jnp.sum(y, 0).reshape(-1)[:n]


def _size(size) -> tuple[int, int]:
    rows, columns = (size, size) if isinstance(size, int) else size
    if rows < 1 or columns < 1:
        raise ValueError(
            f"`size` of a tile must be at least 1 x 1, got {rows} x {columns}."
        )
    return rows, columns
