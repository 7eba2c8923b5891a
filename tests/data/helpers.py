"""Small statistics and modules that the tests of `data` share."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float

from mtjax.data import Levels, Pulses, quantity, Scalar, State, Switching


PULSES = Pulses.product(voltage=jnp.array([0.5, 1.0]), width=jnp.array([1e-9, 2e-9, 3e-9]))
SHAPE = (4, 2, 3)


def same(a, b) -> bool:
    """Whether two trees are equal to the bit; compiles nothing, unlike `eqx.tree_equal`."""
    if jax.tree.structure(a) != jax.tree.structure(b):
        return False
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(type(x) is type(y) and _same_leaf(x, y) for x, y in pairs)


def _same_leaf(x, y) -> bool:
    if eqx.is_array(x) and x.dtype == y.dtype and x.shape == y.shape:
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            x, y = jr.key_data(x), jr.key_data(y)
        return np.asarray(x).tobytes() == np.asarray(y).tobytes()
    return not eqx.is_array(x) and x == y


def switching() -> Switching:
    generator = np.random.default_rng(0)
    trials = generator.integers(1, 100, SHAPE)
    switched = generator.integers(0, 100, SHAPE) % (trials + 1)
    return Switching(State.PARALLEL, PULSES, jnp.asarray(trials), jnp.asarray(switched))


def levels(start=State.ANTIPARALLEL) -> Levels:
    generator = np.random.default_rng(1)
    histogram = generator.integers(0, 9, (*SHAPE, 5))
    return Levels(
        start=start,
        pulses=PULSES,
        trials=jnp.asarray(histogram.sum(-1)),
        mean=jnp.asarray(1e-4 * (1 + generator.random(SHAPE))),
        variance=jnp.asarray(1e-12 * generator.random(SHAPE)),
        histogram=jnp.asarray(histogram),
        edges=jnp.asarray(np.linspace(0, 1, 6)),
        parallel=jnp.asarray(np.full(4, 2e-4)),
        antiparallel=jnp.asarray(np.full(4, 1e-4)),
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
