"""Orders of Heun's method, and what a step of gamma B dt = 0.1 costs, on shared noise."""

import functools
import importlib
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax import lax

import mtjax.llg as llg

from .test_statistical_laws import GAMMA, KT, system, UP


_assemble: Any = importlib.import_module("mtjax.llg._assemble")
_step: Any = importlib.import_module("mtjax.llg._step")


def spin(kelvin: float) -> llg.System:
    """Delta = 20 at 300 K, alpha = 0.1, anisotropy field 1 T, overdrive 2 at 1 V."""
    given = system(
        (
            llg.Uniaxial(
                k_u=jnp.full(1, 20 * KT),
                volume=jnp.ones(1),
                moment=jnp.full(1, 40 * KT),
                axis=UP[None],
            ),
        ),
        jnp.full(1, 40 * KT),
        alpha=jnp.full(1, 0.1),
        torque=jnp.full(1, 0.2),
        weight=jnp.ones(1),
    )
    return eqx.tree_at(lambda s: s.temperature, given, jnp.asarray(kelvin))


@functools.partial(jax.jit, static_argnums=(1, 2, 3))
def ends(m, kelvin: float, finest: int, coarsest: int, key) -> Any:
    """States after as many steps of 0.1 as `m` has paths' time for, on one noise.

    From the coarsest step, 0.1, down by factors of two: shape `(levels, paths, 3)`.
    """
    levels = [2**k for k in range(finest.bit_length())]
    systems = [
        _assemble.assemble(spin(kelvin), jnp.asarray(0.1 / GAMMA / k), llg.State.PARALLEL)[
            0
        ]
        for k in levels
    ]
    paths = m.shape[1]
    volts = jnp.ones(paths)

    def coarse(states, k):
        noise = jr.normal(k, (finest, 3, paths))

        def one(assembled, m, number):
            shared = noise.reshape(number, finest // number, 3, paths)
            shared = jnp.sum(shared, 1) / math.sqrt(finest // number)
            step = lambda m, xi: (_step.advance(assembled, m, volts, xi)[0], None)
            return lax.scan(step, m, shared)[0]

        states = [one(*args) for args in zip(systems, states, levels, strict=True)]
        return states, None

    start = tuple(x[None] for x in m)
    last, _ = lax.scan(coarse, [start] * len(levels), jr.split(key, coarsest))
    return jnp.stack([jnp.concatenate(m).T for m in last])


def tilted(paths: int) -> Any:
    angle = 0.4 * jnp.ones(paths)
    return jnp.stack([jnp.sin(angle), 0 * angle, jnp.cos(angle)])


def order(kelvin: float, paths: int) -> float:
    """Slope of the error at the end over the step, both logarithmic."""
    found = np.asarray(ends(tilted(paths), kelvin, 64, 40, jr.key(0)))
    error = np.sqrt(np.mean(np.sum((found[:4] - found[-1]) ** 2, -1), -1))
    return -np.polyfit(np.arange(4), np.log2(error), 1)[0]


def test_without_noise_the_order_is_two():
    assert abs(order(0.0, 1) - 2) < 0.1


def test_strong_order():
    """One half where noise does not commute; one while its drift part is the larger."""
    found = order(300.0, 256)
    print(f"strong order of Heun's method: {found:.2f}")
    assert 0.45 < found < 1.2


@pytest.mark.slow
def test_bias_of_a_step_beside_the_error_of_a_thermal_row():
    """Error rate at Delta = 20, i = 2, tau = 2, with 20,000 trials.

    A step of 0.1 costs between one and two standard errors, one of 0.05 less than one.
    """
    trials = 20_000
    k1, k2 = jr.split(jr.key(0))
    q = jr.normal(k1, (2, trials)) / math.sqrt(40)
    z = 1 - jnp.sum(q**2, 0) / 2
    m = jnp.stack([*(q * jnp.sqrt((1 + z) / 2)[None]), z])
    *coarse, fine = np.asarray(ends(m, 300.0, 8, 202, k2))[..., 2] > 0
    error = math.sqrt(np.mean(fine) * np.mean(~fine) / trials)
    bias = np.abs([np.mean(up) - np.mean(fine) for up in coarse])
    print(f"bias at 0.1, 0.05, 0.025: {bias}, standard error of a row: {error:.5f}")
    assert bias[0] < 2 * error
    assert bias[1] < error
