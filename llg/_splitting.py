from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from ..data import Pulses, require_x64, State
from ._block import advance_seen, initial, Samples, thermal
from ._grid import TimeGrid
from ._integrator import Integrator
from ._microstructure import Microstructure
from ._rare import prepared, RareErrors
from ._resolved import resolved


def splitting_errors(
    device: Any,
    microstructures: Microstructure,
    pulses: Pulses,
    grid: TimeGrid,
    *,
    key: Array,
    repetitions: int = 16,
    particles: int = 256,
    every: int = 20,
    tilt: float = 20.0,
    start: State = State.PARALLEL,
    dtype: Any = jnp.float32,
    integrator: Integrator = Integrator.HEUN,
) -> RareErrors:
    r"""Write-error rates that are too small to count, by splitting the paths that lag.

    A population of trials runs by the steps of `llg.sweep`. From time to time those that
    are ahead are dropped and those behind, with a large mean $\xi$ of the component along
    the start, are doubled: particle filtering with the potential $e^{c\xi}$, systematic
    resampling where half of the particles carry the weight. The mean over independent
    repetitions has no bias; their scatter is the error. It knows nothing of the physics
    but $\xi$, so that it serves coupled columns, where `llg.rare_errors` does not, at
    some hundred times the steps that the latter takes where it does.

    **Arguments:**

    - `device`, `microstructures`, `pulses`, `grid`, `start`, `integrator`: As in
        `llg.sweep`.
    - `repetitions`, `particles`: Independent populations, and the size of each.
    - `every`: Steps between two resamplings.
    - `tilt`: $c$; about the logarithm of the rate, and less than the moment allows.

    **Returns:** `RareErrors`, with the effective number of repetitions; resolved where it
    is three quarters of them, that is, where they scatter by no more than .58 of their
    mean: the law of products of many weights is skewed beyond, and its scatter too low.
    """
    require_x64("The weights of rare events")
    if repetitions < 8:
        raise ValueError(
            f"`repetitions` must be >= 8 for their scatter to tell, got {repetitions}."
        )
    for name, value in (("particles", particles), ("every", every)):
        if value < 1:
            raise ValueError(f"`{name}` must be >= 1, got {value}.")
    request = (device, microstructures, pulses, grid, start, integrator)
    systems, points, keys, choices = prepared(*request, key, repetitions * particles)
    shape = (systems.alpha.shape[0], *pulses.shape)
    total = grid.steps + grid.settle + 2  # a pulse may end on the last step
    static = (repetitions, particles, every, total, grid.settle, dtype)
    rates = []
    for d in range(shape[0]):
        system = jax.tree.map(lambda x, d=d: x[d], systems)
        for i in range(keys.shape[1]):
            point = {k: v[i] for k, v in points.items()}
            one = Samples(**point, key=keys[d, i], trial=jnp.uint32(0))
            rates.append(_populations(system, one, choices[d, i], tilt, *static))
    rates = jnp.stack(rates).reshape(*shape, repetitions)
    total_square = jnp.sum(rates**2, -1)
    effective = jnp.sum(rates, -1) ** 2 / jnp.where(total_square > 0, total_square, 1.0)
    return RareErrors(
        rate=jnp.mean(rates, -1),
        standard_error=jnp.std(rates, -1, ddof=1) / repetitions**0.5,
        effective=effective,
        outcome=resolved(effective >= 0.75 * repetitions),
        spin_steps=repetitions * particles * total * systems.alpha.shape[1],
    )


@eqx.filter_jit
def _populations(
    system, one, choice, tilt, repetitions, particles, every, steps, settle, dtype
):
    """The rate by each repetition."""
    cast = lambda tree: jax.tree.map(
        lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree
    )
    system, one = cast(system), cast(one)
    # In proportion to the moments: those that do not lag behind drag the others.
    inertia = system.alpha / system.noise**2
    inertia = (inertia / jnp.sum(inertia))[:, None]

    def population(repetition):
        wide = lambda x: jnp.broadcast_to(x, (particles,))
        samples = Samples(
            *(wide(x) for x in (one.voltage, one.rise, one.fall, one.end, one.stretch)),
            key=jnp.broadcast_to(one.key[:, None], (2, particles)),
            trial=(repetition * particles + jnp.arange(particles)).astype(jnp.uint32),
        )
        uniform = jax.random.fold_in(choice, repetition)
        behind = lambda m: tilt * jnp.sum(inertia * system.sign * m[2], 0).astype(float)

        def one_step(step, state):
            xi = thermal(system, samples, step)
            return advance_seen(system, samples, settle, state, step, xi)

        def stage(k, carry):
            state, weight, level = carry
            state = lax.fori_loop(
                k * every,
                jnp.minimum((k + 1) * every, steps),
                one_step,
                state,
            )
            # Once the pulse is seen, nothing is left to choose.
            running = (k + 1) * every < settle + one.end
            after = behind(state[0])
            weight = weight + jnp.where(running, after - level, 0.0)
            level = jnp.where(running, after, level)
            share = jax.nn.softmax(weight)
            few = running & (1 / jnp.sum(share**2) < particles / 2)
            offset = jax.random.uniform(jax.random.fold_in(uniform, k), dtype=float)
            place = (jnp.arange(particles) + offset) / particles
            drawn = jnp.minimum(jnp.searchsorted(jnp.cumsum(share), place), particles - 1)
            drawn = jnp.where(few, drawn, jnp.arange(particles))
            mean = jax.nn.logsumexp(weight) - jnp.log(particles)
            weight = jnp.where(few, mean, weight)
            return jax.tree.map(lambda x: x[..., drawn], state), weight, level[drawn]

        state = initial(system, samples)
        level = behind(state[0])
        carry = (state, level, level)
        (_, seen), weight, level = lax.fori_loop(0, -(-steps // every), stage, carry)
        fails = seen * system.sign >= 0
        rate = jnp.mean(jnp.where(fails, jnp.exp(weight - level), 0.0))
        return jnp.where(jnp.any(jnp.isnan(seen)), jnp.nan, rate)

    return lax.map(population, jnp.arange(repetitions))
