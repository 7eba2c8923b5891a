"""Solutions are written into passive arrays, cell by cell, half-selected cells included."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from .... import compact, crossbar
from ....data import State
from ._device import size, switching, write_ratio


SINGLE = jnp.float32


@functools.cache
def places(hidden: int) -> np.ndarray:
    """Row and column of each weight's first cell; its second is one column further.

    The first layer takes 14 x 2h cells from the corner; the second, h x 6, stands to the
    right of it on the first h word lines.
    """
    first = [(i, 2 * k) for i in range(14) for k in range(hidden)]
    second = [(k, 2 * hidden + 2 * j) for k in range(hidden) for j in range(3)]
    return np.array(first + second)


def target(
    first: Float[Array, "14 h"], second: Float[Array, "h 3"], lines: int
) -> Bool[Array, "lines lines"]:
    """Which cells must be parallel; what holds no weight stays antiparallel."""
    at = places(first.shape[1])
    sign = jnp.concatenate([first.ravel(), second.ravel()]) > 0
    wanted = jnp.zeros((lines, lines), bool)
    wanted = wanted.at[at[:, 0], at[:, 1]].set(sign)
    return wanted.at[at[:, 0], at[:, 1] + 1].set(~sign)


class Devices(eqx.Module):
    """The cells of one array: what does not change when it is written.

    - `parallel`, `antiparallel`: conductances [S].
    - `critical`: threshold over that of the median device.
    """

    parallel: Float[Array, "lines lines"]
    antiparallel: Float[Array, "lines lines"]
    critical: Float[Array, "lines lines"]

    @classmethod
    def draw(cls, card, number: int, *, key, vary: bool = True) -> "Devices":
        """The cells of a diameter; without variation all are the median device."""
        found, lines = size(card, number), card.count("array.lines")
        z = jr.normal(key, (2, lines, lines)) * (1.0 if vary else 0.0)
        relative = jnp.exp(found["spread"] * z[0])
        return cls(
            (1 / (found["parallel"] * relative)).astype(SINGLE),
            (1 / (found["antiparallel"] * relative)).astype(SINGLE),
            jnp.exp(found["critical_spread"] * z[1]).astype(SINGLE),
        )

    def conductance(self, state: Bool[Array, "lines lines"]) -> Float[Array, "lines lines"]:
        return jnp.where(state, self.parallel, self.antiparallel)


def array(
    card, conductance, *, wires: bool = True, shunt: bool = True
) -> crossbar.Crossbar:
    """Lines with their wires, drivers, and the leak to the substrate at the far ends."""
    scale = 1.0 if wires else 1e-6
    end = scale * (card.number("array.driver", "Ohm"))
    wire = scale * card.number("array.wire", "Ohm")
    leak = card.number("array.shunt", "Ohm") if shunt else np.inf
    made = crossbar.Crossbar(
        conductance=conductance, word_wire=wire, bit_wire=wire,
        left=end, bottom=end, right=leak, top=leak,
    )  # fmt: skip
    cast = lambda x: x.astype(SINGLE)
    return jax.tree.map(cast, made)


def effective(card, conductance, **options: bool) -> Float[Array, "lines lines"]:
    """Currents of grounded bit lines per volt on each word line [S]."""
    made = array(card, conductance, **options)
    return crossbar.effective(made, method=crossbar.Method.iterative)


def boards(card, number: int) -> list[Float[Array, "lines lines"]]:
    """Conductances of a chessboard of median devices, and of the opposite one [S].

    Each cell is parallel in one and antiparallel in the other: what a reader calibrates
    its thresholds with.
    """
    devices = Devices.draw(card, number, key=jr.key(0), vary=False)
    lines = card.count("array.lines")
    board = jnp.asarray(np.indices((lines, lines)).sum(axis=0) % 2 == 0)
    return [devices.conductance(board), devices.conductance(~board)]


class Writer(eqx.Module):
    """What is known when a diameter is written.

    - `model`: switching of the median device.
    - `ratio`: voltage of the source over the threshold, the loss of lines made up for.
    - `middle`: effective conductance between the states of each cell [S].
    """

    model: compact.MacrospinSwitching
    ratio: Float[Array, ""]
    middle: Float[Array, "lines lines"]

    @classmethod
    def of(cls, card, number: int) -> "Writer":
        """For the diameter of the given number."""
        cast = lambda x: jnp.asarray(x, SINGLE)
        matrices = [effective(card, g) for g in boards(card, number)]
        return cls(
            jax.tree.map(cast, switching(card, number)),
            cast(write_ratio(card, number)[0] / line_loss(card, number)),
            cast(jnp.sqrt(matrices[0] * matrices[1])),
        )


def write(
    card,
    writer: Writer,
    devices: Devices,
    wanted: Bool[Array, "lines lines"],
    key: PRNGKeyArray,
    slots: int,
) -> Bool[Array, "passes lines lines"]:
    """States after each pass, all cells reset to antiparallel before the first.

    A pass writes, in order, the cells that are not as wanted: in the first by the reset,
    later by a read of each with all other lines grounded. While a cell is written, every
    cell of the array may switch, with the probability of its own voltage. Later passes
    write at most `slots` cells.
    """
    at = places(card.count("training.hidden"))
    used = jnp.zeros(wanted.shape, bool).at[at[:, 0], at[:, 1]].set(True)
    used = used.at[at[:, 0], at[:, 1] + 1].set(True)
    model = writer.model
    width = jnp.full(wanted.shape, card.number("write.width", "s"), SINGLE)
    word = jnp.arange(wanted.shape[0])

    def one_cell(state, each):
        row, column, key = each
        needed = row < wanted.shape[0]  # the slots that are left over are outside
        # To antiparallel by a positive voltage, to parallel by a negative one.
        to = wanted[row, column]
        voltage = jnp.where(to, -model.critical_from_ap, model.critical_from_p)
        voltage = voltage * writer.ratio
        drops = write_drops(card, devices.conductance(state), word, row, column, voltage)
        felt = drops / devices.critical
        chance = jnp.where(
            state,
            model.read_disturb(felt, width, State.PARALLEL),
            model.read_disturb(felt, width, State.ANTIPARALLEL),
        )
        flips = needed & (jr.uniform(key, state.shape, SINGLE) < chance)
        return state ^ flips, None

    def one_pass(state, believed, key, slots):
        rows, columns = jnp.nonzero(
            (believed != wanted) & used, size=slots, fill_value=len(word)
        )
        keys = jr.split(key, slots)
        return jax.lax.scan(one_cell, state, (rows, columns, keys))[0]

    state = jnp.zeros_like(wanted)
    passes = card.count("write.passes")
    states = []
    for number_of_pass, pass_key in enumerate(jr.split(key, passes)):
        believed = jnp.zeros_like(wanted)
        if number_of_pass:
            believed = effective(card, devices.conductance(state)) > writer.middle
        state = one_pass(state, believed, pass_key, slots if number_of_pass else len(at))
        states.append(state)
    return jnp.stack(states)


def write_drops(card, conductance, word, row, column, voltage):
    """Voltages across all cells while one is written by halves [V]."""
    sides = crossbar.Sides(
        left=jnp.where(word == row, voltage, voltage / 2).astype(SINGLE),
        bottom=jnp.where(word == column, 0.0, voltage / 2).astype(SINGLE),
    )
    made = array(card, conductance)
    return crossbar.solve(made, sides, method=crossbar.Method.iterative).drops


@functools.cache
def line_loss(card, number: int) -> float:
    """Share of the write voltage that reaches a cell: the mean over used cells.

    Of an array of median devices, every other cell parallel; the writer makes up for it.
    """
    at = jnp.asarray(places(card.count("training.hidden")))
    return float(_reached(card, boards(card, number)[0], at))


@functools.partial(jax.jit, static_argnums=0)
def _reached(card, conductance, at):
    word = jnp.arange(conductance.shape[0])
    one = lambda row, column: write_drops(card, conductance, word, row, column, 1.0)
    drops = jax.vmap(lambda place: one(*place)[place[0], place[1]])(at)
    return jnp.mean(drops)
