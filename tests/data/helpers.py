"""Small statistics and modules that the tests of `data` share."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float

from mtjax.data import Levels, Pulses, quantity, Scalar, State, Switching


PULSES = Pulses.product(voltage=jnp.array([0.5, 1.0]), width=jnp.array([1e-9, 2e-9, 3e-9]))
SHAPE = (4, 2, 3)


def switching() -> Switching:
    trials = jr.randint(jr.key(0), SHAPE, 1, 100)
    switched = jr.randint(jr.key(1), SHAPE, 0, 100) % (trials + 1)
    return Switching(State.PARALLEL, PULSES, trials, switched)


def levels(start=State.ANTIPARALLEL) -> Levels:
    histogram = jr.randint(jr.key(2), (*SHAPE, 5), 0, 9)
    return Levels(
        start=start,
        pulses=PULSES,
        trials=histogram.sum(-1),
        mean=1e-4 * (1 + jr.uniform(jr.key(3), SHAPE)),
        variance=1e-12 * jr.uniform(jr.key(4), SHAPE),
        histogram=histogram,
        edges=jnp.linspace(0, 1, 6),
        parallel=jnp.full(4, 2e-4),
        antiparallel=jnp.full(4, 1e-4),
    )


class Grain(eqx.Module):
    k_u: Scalar = quantity("J/m^3", above=0, doc="anisotropy")


class Device(eqx.Module):
    """A module with everything a public module has."""

    sites: int = eqx.field(static=True)
    start: State = eqx.field(static=True)
    grain: Grain
    area: Float[Array, "grains"] = quantity("m^2", above=0, doc="area of each grain")
    alpha: Scalar = quantity("1", lower=0, doc="Gilbert damping")


def device(alpha=0.02, sites=3) -> Device:
    grain = Grain(k_u=1e6)
    area = jnp.array([1e-16, 2e-16])
    return Device(sites, State.PARALLEL, grain, area=area, alpha=alpha)
