import dataclasses
import enum
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..data import Outcome, Scalar
from ._circuit import sources
from ._crossbar import Crossbar, Sides
from ._solve import solve
from ._values import Number


class Bias(enum.Enum):
    """What the lines that are not selected are held at while one cell is written."""

    HALF = "V/2: half the voltage on all"
    THIRD = "V/3: a third on word lines, two thirds on bit lines"


class Disturb(eqx.Module):
    """Voltages and switching of all cells while one of them is written.

    - `drops`: across each cell [V].
    - `probability`: that a cell switches; the selected one should, the others should not.
    - `disturbed`: expected number of cells that switch without being selected.
    - `power`: drawn from the sources while writing [W].
    """

    drops: Float[Array, "m n"]
    probability: Float[Array, "m n"]
    disturbed: Scalar
    power: Scalar
    outcome: Outcome


def _check_place(shape, row, column):
    m, n = shape
    if not (0 <= row < m and 0 <= column < n):
        raise ValueError(
            f"`row`, `column` must be in an array of {m} x {n}, got {row}, {column}."
        )


def write_voltages(
    shape: tuple[int, int], row: int, column: int, voltage: Number, bias: Bias
) -> Sides:
    """Source voltages that put `voltage` across the cell `(row, column)` [V]."""
    m, n = shape
    _check_place(shape, row, column)
    word, bit = (0.5, 0.5) if bias is Bias.HALF else (1 / 3, 2 / 3)
    left = jnp.full(m, word * voltage).at[row].set(voltage)
    return Sides(left=left, bottom=jnp.full(n, bit * voltage).at[column].set(0.0))


def disturb(
    array: Crossbar,
    row: int,
    column: int,
    voltage: Number,
    bias: Bias,
    probability: Callable[[Float[Array, "m n"]], Float[Array, "m n"]],
) -> Disturb:
    """Writes the cell `(row, column)` of a passive array, and asks what else it does.

    **Arguments:**

    - `voltage`: Between the selected word line and bit line [V].
    - `probability`: Switching probability at a voltage, for the width of the pulse.
    """
    sides = write_voltages(array.shape, row, column, voltage, bias)
    found = solve(array, sides)
    chance = probability(found.drops)
    given, into = sources(array, sides), found.inflow
    drawn = jnp.sum(given.left[0] * into.left) + jnp.sum(given.bottom[0] * into.bottom)
    others = jnp.sum(chance) - chance[row, column]
    return Disturb(found.drops, chance, others, drawn, found.outcome)


def floating(
    array: Crossbar, words: Bool[Array, " m"], bits: Bool[Array, " n"]
) -> Crossbar:
    """The array with the ends of all lines open but those selected.

    Reading a cell this way, currents sneak through the others.
    """
    m, n = array.shape
    keep = lambda value, lines, chosen: jnp.where(
        chosen, jnp.broadcast_to(value, (lines,)), jnp.inf
    )
    return dataclasses.replace(
        array,
        left=keep(array.left, m, words),
        right=keep(array.right, m, words),
        top=keep(array.top, n, bits),
        bottom=keep(array.bottom, n, bits),
    )


def read_cell(
    array: Crossbar,
    row: int,
    column: int,
    voltage: Number,
    *,
    virtual_ground: bool = True,
) -> Float[Array, ""]:
    """Current out of the selected bit line when the cell `(row, column)` is read [A].

    **Arguments:**

    - `voltage`: On the selected word line [V]; the selected bit line is at 0 V.
    - `virtual_ground`: All other lines at 0 V; if not, they float.
    """
    m, n = array.shape
    _check_place(array.shape, row, column)
    if not virtual_ground:
        array = floating(array, jnp.arange(m) == row, jnp.arange(n) == column)
    found = solve(array, jnp.zeros(m).at[row].set(voltage))
    good = found.outcome == Outcome.successful
    return jnp.where(good, found.currents[column], jnp.nan)
