import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from ..data import State
from ._assemble import assemble
from ._block import Samples, source_voltage, thermal
from ._checks import (
    check_breakdown,
    check_counters,
    check_driven,
    check_rotation,
    check_stiffness,
    concrete,
)
from ._grid import TimeGrid
from ._integrator import Integrator
from ._pulse import Pulse
from ._requests import check_trajectory, peak
from ._step import advance, start
from ._system import System


class Trajectory(eqx.Module):
    """One trial in time.

    - `time`: from the start of the pulse, negative while settling, shape `(times,)` [s].
    - `m`: unit magnetisations, shape `(times, spins, 3)`.
    - `voltage`: of the source, shape `(times,)` [V].
    - `cosine`: with the reference layer, averaged over the area, shape `(times,)`.
    - `conductance`: at zero bias, shape `(times,)` [S].
    """

    time: Float[Array, " times"]
    m: Float[Array, "times spins 3"]
    voltage: Float[Array, " times"]
    cosine: Float[Array, " times"]
    conductance: Float[Array, " times"]


def trajectory(
    system: System,
    pulse: Pulse,
    grid: TimeGrid,
    m0: Float[Array, "spins 3"] | State,
    *,
    key: Array,
    trial: int | Int[Array, ""] = 0,
    every: int = 1,
    dtype=None,
    integrator: Integrator = Integrator.HEUN,
) -> Trajectory:
    """One trial of one pulse, by the same steps and noise as `llg.sweep`.

    Trial `k` of a sweep, on device `d` and pulse `p` (in row-major order), is the one
    with `trial=k`, `key=jr.fold_in(jr.fold_in(sweep_key, d), p)` and `m0` the `start`.

    **Arguments:**

    - `system`: Spins and their energies; without noise if its temperature is 0.
    - `pulse`: Starts after `grid.settle` steps, and is cut where `grid.steps` end.
    - `m0`: Unit magnetisations, shape `(spins, 3)`, or a `State`: a draw of its
        linearised thermal equilibrium.
    - `key`: A JAX key.
    - `trial`: Number of the trial; `jax.vmap` over it gives many.
    - `every`: Steps between kept states, static; the last state that is kept is that
        after the last multiple of `every`.
    - `dtype`: Floating type; by default JAX's.
    - `integrator`: How a step is taken.
    """
    check_trajectory(system, pulse, grid, m0, key, trial, every, dtype, integrator)
    check_breakdown(system.circuit, pulse, pulse.waveform)
    dtype = jnp.result_type(float) if dtype is None else dtype
    total = grid.settle + grid.steps
    if not 1 <= every <= total:
        raise ValueError(f"`every` must be from 1 to {total} steps, got {every}.")
    spins = system.moment.shape[0]
    check_counters(grid, spins, trial + 1 if isinstance(trial, int) else 1)
    if not isinstance(m0, State):
        check_unit(m0, spins)
    side = m0 if isinstance(m0, State) else State.PARALLEL
    assembled, stiffest = _assembled(system, grid.dt, side)
    if not isinstance(m0, State):
        stiffest = _largest_field(assembled)
    check_stiffness(stiffest, grid)
    alone = jax.tree.map(lambda x: x[None], assembled)
    check_driven(alone, stiffest, jnp.abs(pulse.voltage) * peak(pulse.waveform), grid)
    check_rotation(assembled)
    static = (every, jnp.dtype(dtype), integrator)
    return _run(system, pulse, grid, m0, key, jnp.uint32(trial), *static)


def check_unit(m, spins: int, name: str = "m0") -> None:
    """Refuses what is not one unit vector for each spin."""
    if m.shape != (spins, 3):
        raise ValueError(f"`{name}` must have shape ({spins}, 3), got {m.shape}.")
    value = concrete(m)
    if value is None:
        return
    norm = np.linalg.norm(value, axis=1)
    wrong = ~(np.abs(norm - 1) < 1e-5)
    if np.any(wrong):
        i = int(np.argmax(wrong))
        raise ValueError(
            f"`{name}` must hold unit vectors, got norm {norm[i]:g} at spin {i}."
        )


def _largest_field(assembled) -> Float[Array, ""]:
    """Bound of the field of the affine terms in any state [T]: of spins of one length."""
    spins = assembled.alpha.shape[0]
    rows = jnp.linalg.norm(assembled.matrix.reshape(3, spins, 3, spins), 2, (0, 2))
    bias = jnp.linalg.norm(assembled.bias.reshape(3, spins), axis=0)
    return jnp.max(jnp.sum(rows, 1) + bias)


@eqx.filter_jit
def _assembled(system, dt, side):
    return assemble(system, dt, side)


@eqx.filter_jit
def _run(system, pulse, grid, m0, key, trial, every, dtype, integrator) -> Trajectory:
    side = m0 if isinstance(m0, State) else State.PARALLEL
    assembled, _ = assemble(system, grid.dt, side, pulse.waveform, integrator)
    circuit = system.circuit
    assembled = jax.tree.map(lambda x: jnp.asarray(x, dtype), assembled)
    column = lambda x: jnp.asarray(x, dtype)[None]
    words = jax.random.bits(key, (2,), jnp.uint32)[:, None]
    samples = Samples(
        voltage=column(pulse.voltage),
        rise=column(pulse.rise / grid.dt),
        fall=column(pulse.fall / grid.dt),
        end=column(pulse.end / grid.dt),
        stretch=column(1.0),
        key=words,
        trial=trial[None],
    )
    if isinstance(m0, State):
        m = start(assembled, words, trial[None])
    else:
        m = tuple(jnp.asarray(x, dtype)[:, None] for x in m0.T)

    def step(m, index):
        source = source_voltage(assembled, samples, index, grid.settle)
        xi = thermal(assembled, samples, index)
        return advance(assembled, m, source, xi)[0], None

    def keep(m, index):
        after, _ = lax.scan(step, m, index * every + jnp.arange(every))
        return after, m

    kept = (grid.settle + grid.steps) // every
    last, states = lax.scan(keep, m, jnp.arange(kept))
    states = jax.tree.map(lambda a, b: jnp.concatenate([a, b[None]]), states, last)
    m = jnp.stack([x[..., 0] for x in states], -1)
    time = (jnp.arange(kept + 1) * every - grid.settle) * grid.dt
    cosine = (m @ assembled.polariser) @ assembled.weight
    return Trajectory(
        time=time,
        m=m,
        voltage=pulse.voltage_at(time),
        cosine=cosine,
        conductance=circuit.conductance(cosine, 0.0),
    )
