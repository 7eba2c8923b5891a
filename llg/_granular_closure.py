"""The level of a granular junction by one Fokker-Planck equation per grain."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from ..data import Levels, Pulses, require_x64, State
from ._axial import axial_columns, AxialColumns
from ._checks import check_device
from ._distribution import FINE, level_distribution
from ._fokker_planck import axial_step, axial_well, AxialDensity
from ._junction import Circuit
from ._microstructure import Microstructure
from ._numbers import check_count, known
from ._pieces import pieces
from ._resolution import chosen_modes, extent
from ._start import sign_of


class Closure(eqx.Module):
    """Statistics of independent grains, exact for a given closure: no sampling error.

    - `levels`: Moments and distribution of the conductance; `histogram` holds `trials`
      times the probability of each bin.
    - `switched`: Probability that each grain is past the equator, shape
      `(device, *pulses, grains)`.
    """

    levels: Levels
    switched: Float[Array, "device *pulses grains"]

    @property
    def counts(self) -> Float[Array, "device *pulses counts"]:
        """Probability of each number of switched grains, 0 to all of them."""
        *shape, grains = self.switched.shape
        flat = self.switched.reshape(-1, grains)
        return lax.map(poisson_binomial, flat).reshape(*shape, grains + 1)


def poisson_binomial(probability: Float[Array, " n"]) -> Float[Array, " counts"]:
    """Distribution of the number of successes of independent trials, shape `(n + 1,)`."""
    values = known(probability)
    # What a Fokker-Planck solution rounds to less than 0 is taken as it is.
    if values is not None and not np.all(np.abs(values - 0.5) <= 0.5 + 1e-9):
        wrong = values[~(np.abs(values - 0.5) <= 0.5 + 1e-9)][0]
        raise ValueError(f"`probability` must be from 0 to 1 everywhere, got {wrong:g}.")
    start = jnp.zeros(probability.shape[0] + 1).at[0].set(1.0)

    def step(counts, p):
        moved = jnp.concatenate([jnp.zeros(1), counts[:-1]])
        return (1 - p) * counts + p * moved, None

    return lax.scan(step, start, probability)[0]


def granular_closure(
    device: Any,
    microstructures: Microstructure,
    pulses: Pulses,
    *,
    start: State = State.PARALLEL,
    trials: float = 1.0,
    bins: int = 64,
    modes: int | None = None,
    substeps: int = 8,
) -> Closure:
    r"""The levels that pulses leave, by one axial Fokker-Planck equation per grain.

    Spins of one grain turn together as a rigid column; grains feel the mean of the
    others along `z` and the junction voltage of the mean level, both renewed in every
    piece of the pulse. The grains' levels are then independent: their number switched is
    Poisson-binomial, and the conductance a sum. Exact for one-spin axial grains without
    exchange or dipoles at a series resistance of zero; a mean-field estimate otherwise,
    for weak coupling. It is no estimate of columns that reverse from a soft layer: for
    `presets.granular_junction` the rigid columns leave the level .3 to .6 too high.
    Differentiable in device and pulses.

    **Arguments:**

    - `device`: What `.system(microstructure)` turns into a `System` of one or two spins
      per grain, those of a layer after each other.
    - `microstructures`, `pulses`, `start`: As in `llg.sweep`.
    - `trials`: The number of trials that the statistics stand for, as in a fit.
    - `bins`: Bins of the histogram, 256 or a half, a quarter, ... of it.
    - `modes`: Legendre modes, odd; by default somewhat more than `llg.modes_for` asks
        for. They must be given where device or pulses are traced by `jit` or `vmap`.
    - `substeps`: Equal pieces of constant mean field and voltage in each edge of a pulse,
        and in its top; one more if it is odd.
    """
    require_x64("The granular closure")
    if bins < 1 or (FINE // 8) % bins:
        raise ValueError(f"`bins` must divide {FINE // 8}, got {bins}.")
    sign_of(start)
    check_count(substeps, "substeps", 1)
    check_device(device, microstructures, pulses)
    modes = chosen_modes(_extent(device, microstructures, pulses.voltage), modes)
    points = [pulses.mesh(x).reshape(-1) for x in ("voltage", "width", "rise", "fall")]
    mean, variance, histogram, switched, parallel, antiparallel = _closure(
        device, microstructures, points, start, bins, modes, substeps
    )
    shaped = lambda x: x.reshape(x.shape[0], *pulses.shape, *x.shape[2:])
    levels = Levels(
        start=start,
        pulses=pulses,
        trials=shaped(jnp.full(mean.shape, jnp.asarray(trials, float))),
        mean=shaped(mean),
        variance=shaped(variance),
        histogram=shaped(trials * histogram),
        edges=jnp.linspace(0.0, 1.0, bins + 1),
        parallel=parallel,
        antiparallel=antiparallel,
    )
    return Closure(levels, shaped(switched))


@functools.partial(eqx.filter_jit)
def _closure(device, microstructures, points, start, bins, modes, substeps):
    def one_device(grains):
        system, columns = _columns(device, grains)
        circuit, sign = system.circuit, sign_of(start)

        def one_pulse(point):
            density = column_densities(columns, circuit, sign, point, modes, substeps)
            # Level of a grain: (1 + m_z) / 2, with m_z = sign z.
            share = columns.weight
            average = (1 + sign * _each(lambda d: d.mean, density)) / 2
            spread = _each(lambda d: d.variance, density) / 4
            switched = 1 - _each(lambda d: d.above(0.0), density)
            pmf = level_distribution(density.moments, share, sign, bins)
            return jnp.sum(share * average), jnp.sum(share**2 * spread), pmf, switched

        mean, variance, pmf, switched = lax.map(one_pulse, points)
        low, high = circuit.antiparallel, circuit.parallel
        window = high - low
        return low + window * mean, window**2 * variance, pmf, switched, high, low

    return lax.map(one_device, microstructures)


def _columns(device, grains):
    system, number = device.system(grains), grains.fraction.shape[-1]
    column = np.arange(system.moment.shape[0]) % number
    return system, axial_columns(system, column, number)


def _extent(device, microstructures, voltage):
    """`extent` of every draw; None where something is traced."""
    arrays, rest = eqx.partition((device, microstructures, voltage), eqx.is_array)
    numbers = jax.tree.map(known, arrays)
    if len(jax.tree.leaves(numbers)) < len(jax.tree.leaves(arrays)):
        return None
    found = _extents(*eqx.combine(numbers, rest))
    least = ("alpha", "temperature", "barrier")
    return {k: np.min(v) if k in least else np.max(v) for k, v in found.items()}


@eqx.filter_jit
def _extents(device, microstructures, voltage):
    one = lambda grains: extent(*_columns(device, grains), voltage)
    return lax.map(one, microstructures)


def column_densities(
    columns: AxialColumns, circuit: Circuit, sign: float, point, modes: int, substeps: int
):
    """Densities of all grains at the end of a pulse, along the start direction."""
    voltage, width, rise, fall = point
    grains = columns.delta.shape[0]

    def bias(mean, source):
        cosine = sign * jnp.sum(columns.weight * mean)
        volts = circuit.junction_voltage(cosine, source)
        along = columns.field - columns.overdrive * volts
        return sign * along + columns.coupling @ mean

    resting = bias(jnp.ones(grains), 0.0 * voltage)
    well = lambda x: axial_well(*x, modes=modes)
    density = lax.map(well, (columns.delta, resting))
    step = lambda x: axial_step(*x)

    def piece(carry, here):
        density, before, earlier = carry
        length, height = here
        now = _each(lambda d: d.mean, density)
        # To the middle of the piece; across a corner no farther than half of the last.
        ahead = jnp.where(length < earlier, length / _positive(earlier), 1.0) / 2
        u = bias(now + ahead * (now - before), voltage * height)
        tau = columns.rate * length
        return (lax.map(step, (density, columns.delta, u, tau)), now, length), None

    begin = (density, _each(lambda d: d.mean, density), jnp.zeros_like(width))
    return lax.scan(piece, begin, pieces(width, rise, fall, each=substeps))[0][0]


def _each(function, density: AxialDensity) -> Float[Array, " grains"]:
    return jax.vmap(function)(density)


def _positive(x: Array) -> Array:
    return jnp.where(x > 0, x, 1.0)
