"""A network of signs whose inputs are on the gates of access transistors, bit by bit."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._layers import layer_inputs, linear_layers
from ..._tiles import to_tiles
from ._arrays import gated


_AT_ONCE = 64  # inputs of a tile that are solved by one call


def limits(network: Any, x: Float[Array, "samples inputs"]) -> list[float]:
    """The largest input of each layer on these samples."""
    return [float(jnp.max(seen)) for seen in layer_inputs(network, x)]


def planes(
    x: Float[np.ndarray, "samples inputs"], limit: float, bits: int
) -> Bool[np.ndarray, "bits samples inputs"]:
    """Bits of inputs rounded to so many of them up to a limit, the least first."""
    top = 2**bits - 1
    whole = np.clip(np.round(np.asarray(x) / limit * top), 0, top).astype(int)
    return np.stack([(whole >> n) & 1 for n in range(bits)]).astype(bool)


def tiles(pairs: Float[Any, "m n 2"], lines: int) -> Float[np.ndarray, "k l lines lines"]:
    """Pairs of cells on tiles of one size, the two of a pair on neighbouring bit lines [S].

    Lines that are added have no cells, and are the farthest from drivers and from ground.
    """
    both = np.stack(
        [np.asarray(to_tiles(pairs[..., side], lines, lines // 2)) for side in (0, 1)], -1
    )
    k, l, rows, columns, _ = both.shape
    added = (lines - rows, 0), (0, 2 * (lines // 2 - columns))
    return np.pad(both.reshape(k, l, rows, -1), ((0, 0), (0, 0), *added))


def currents(
    pairs: Float[Any, "m n 2"],
    on: Bool[np.ndarray, "samples m"],
    *,
    lines: int,
    wire: float,
    voltage: float,
) -> Float[np.ndarray, "samples n"]:
    """Currents of the pairs, summed over the tiles, for gates that are on or not [A].

    Exact: every input of every tile is an array of its own, in which cells of gates that
    are off do not conduct. Inputs that occur twice are solved once.
    """
    placed = tiles(pairs, lines)
    m, n, _ = pairs.shape
    rows, columns = (
        -(-size // -(-size // most)) for size, most in ((m, lines), (n, lines // 2))
    )
    on = np.pad(on, ((0, 0), (len(placed) * rows - m, 0))).reshape(len(on), -1, rows)
    on = np.pad(on, ((0, 0), (0, 0), (lines - rows, 0)))
    total = np.zeros((len(on), placed.shape[1], 2 * columns))
    for down in range(len(placed)):
        different, where = np.unique(on[:, down], axis=0, return_inverse=True)
        for across, cells in enumerate(placed[down]):
            solved = _solved(cells, different, wire, voltage)
            total[:, across] += solved[where.reshape(-1), : 2 * columns]
    whole = total.reshape(len(on), -1, 2)[:, :n]
    return whole[..., 0] - whole[..., 1]


def _solved(cells, different, wire, voltage) -> Float[np.ndarray, "different columns"]:
    if wire == 0:
        return voltage * different.astype(float) @ cells.astype(float)
    cells, found = jnp.asarray(cells), []
    for start in range(0, len(different), _AT_ONCE):
        part = different[start : start + _AT_ONCE]
        full = np.zeros((_AT_ONCE, part.shape[1]), cells.dtype)
        full[: len(part)] = part
        out = gated(cells, jnp.asarray(wire, cells.dtype), full, voltage)
        found.append(np.asarray(out)[: len(part)])
    return np.concatenate(found)


def answers(
    network: Any,
    pairs: list[Any],
    x: Float[Any, "samples inputs"],
    *,
    limits: list[float],
    bits: int,
    unit: float,
    product: Any,
) -> Float[np.ndarray, "samples classes"]:
    """Logits of a perceptron whose layers are given their inputs bit by bit.

    **Arguments:**

    - `unit`: Difference of conductance that stands for one sign [S].
    - `product(pairs, on)`: Current of each pair per volt of a row, by gates [S].
    """
    layers = linear_layers(network)
    for number, (layer, pair, limit) in enumerate(zip(layers, pairs, limits, strict=True)):
        on = planes(np.asarray(x), limit, bits)
        size = on.shape[1]
        flat = np.asarray(product(pair, on.reshape(bits * size, -1)))
        whole = np.tensordot(2.0 ** np.arange(bits), flat.reshape(bits, size, -1), 1)
        scale = float(jnp.max(jnp.abs(layer.weight))) * limit / (2**bits - 1) / unit
        x = scale * whole + np.asarray(layer.bias)
        if number + 1 < len(layers):
            x = np.asarray(jax.nn.relu(x))
    return np.asarray(x)
