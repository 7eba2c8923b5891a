import jax.numpy as jnp
from jaxtyping import Array, Shaped


def to_tiles(
    matrix: Shaped[Array, "m n"], rows: int, columns: int
) -> Shaped[Array, "k l rows columns"]:
    """A matrix cut into `k` times `l` tiles of equal size, at most `rows` by `columns`.

    Where it does not divide, zeros are added above and to the right: there the lines
    are farthest from their drivers and from ground, and cells without conductance
    change no current.
    """
    m, n = matrix.shape
    k, l = -(-m // rows), -(-n // columns)
    rows, columns = -(-m // k), -(-n // l)
    padded = jnp.pad(matrix, ((k * rows - m, 0), (0, l * columns - n)))
    return padded.reshape(k, rows, l, columns).transpose(0, 2, 1, 3)


def from_tiles(tiles: Shaped[Array, "k l rows columns"], m: int, n: int):
    """The matrix of shape `(m, n)` that `to_tiles` cut."""
    k, l, rows, columns = tiles.shape
    matrix = tiles.transpose(0, 2, 1, 3).reshape(k * rows, l * columns)
    return matrix[k * rows - m :, :n]
