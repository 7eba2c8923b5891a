"""Terms that are not affine run through the same time loop and its derivative."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import data, llg


ONES = jnp.ones(2)
BOND = jnp.array([[0, 1]])


class Pair(eqx.Module):
    """Two spins with every kind of term that is not affine, in units of 1 T."""

    k_u2: data.Scalar = data.quantity("J/m^3", default=0.2)
    biquadratic: data.Scalar = data.quantity("J", default=0.1)

    def system(self, sample: Any) -> llg.System:
        one = jnp.asarray(1.0)
        up = jnp.tile(jnp.array([0.0, 0.0, 1.0]), (2, 1))
        local: Any = dict(volume=ONES, moment=ONES, axis=up)
        strength = self.biquadratic[None]
        vector = 0.05 * jnp.array([[1.0, 2.0, 0.5]])
        return llg.System(
            terms=(
                llg.Uniaxial(k_u=0.5 * ONES, **local),
                llg.SecondUniaxial(k_u2=self.k_u2 * ONES, **local),
                llg.Exchange(BOND, strength=0.4 * ONES[:1], moment=ONES),
                llg.Biquadratic(BOND, strength=strength, moment=ONES),
                llg.Dzyaloshinskii(BOND, strength=vector, moment=ONES),
            ),
            circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
            moment=ONES,
            alpha=0.1 * ONES,
            torque=jnp.array([0.3, 0.0]),
            weight=jnp.array([1.0, 0.0]),
            polariser=up[0],
            temperature=1e21,
        )

    def check(self, grains: Any) -> None:
        """Any draw will do."""


DRAW = llg.Microstructure(
    centre=jnp.full((1, 1, 2), 0.5),
    fraction=jnp.ones((1, 1)),
    bonds=jnp.zeros((1, 0, 2), int),
    boundary=jnp.zeros((1, 0)),
    distance=jnp.ones((1, 0)),
    anisotropy=jnp.zeros((1, 1)),
    area=jnp.zeros((1, 1)),
)
GRID = llg.TimeGrid(dt=5e-13, steps=60)


@pytest.mark.slow
def test_pathwise_gradient_equals_the_difference_quotient():
    pulses = llg.Pulses.product(voltage=1.0, width=2.5e-11)

    def mean(device):
        levels = llg.sweep(
            device,
            DRAW,
            pulses,
            GRID,
            observe=llg.Level(),
            key=jr.key(0),
            trials=4,
            dtype=jnp.float64,
            gradient=llg.Pathwise(),
        )
        return levels.mean[0]

    slope = eqx.filter_grad(mean)(Pair())
    for name in ("k_u2", "biquadratic"):
        at = lambda h, name=name: mean(
            eqx.tree_at(lambda d: getattr(d, name), Pair(), getattr(Pair(), name) + h)
        )
        quotient = (at(1e-5) - at(-1e-5)) / 2e-5
        assert abs(quotient) > 1e-4
        np.testing.assert_allclose(getattr(slope, name), quotient, rtol=1e-6)


def test_steps_end_at_the_adaptive_solution():
    system = eqx.tree_at(lambda s: s.temperature, Pair().system(None), jnp.asarray(0.0))
    m0 = jnp.array([[0.6, 0.0, 0.8], [0.0, 0.8, 0.6]])
    grid = llg.TimeGrid(dt=1e-14, steps=2000)
    pulse = llg.Pulse(voltage=1.0, width=1e-10)
    path = llg.trajectory(system, pulse, grid, m0, key=jr.key(0), every=2000)
    exact = llg.deterministic(system, m0, jnp.array([2e-11]), pulse)
    # (gamma B dt)^2, 1e-5, times the angle of a few radians, over 12.
    np.testing.assert_allclose(path.m[-1], exact[0], atol=5e-6)
