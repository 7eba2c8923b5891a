"""Orders of both methods, and what a step of gamma B dt = 0.1 costs, on shared noise."""

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


HEUN, CAYLEY = llg.Integrator.HEUN, llg.Integrator.CAYLEY
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


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 5))
def ends(m, kelvin: float, finest: int, coarsest: int, key, integrator=HEUN) -> Any:
    """States after as many steps of 0.1 as `m` has paths' time for, on one noise.

    From the coarsest step, 0.1, down by factors of two: shape `(levels, paths, 3)`.
    """
    levels = [2**k for k in range(finest.bit_length())]
    given = lambda k: (spin(kelvin), jnp.asarray(0.1 / GAMMA / k), llg.State.PARALLEL)
    systems = [_assemble.assemble(*given(k), None, integrator)[0] for k in levels]
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
@pytest.mark.parametrize(
    "integrator, least", ((HEUN, 0.05), (CAYLEY, 0.1)), ids=("Heun", "Cayley")
)
def test_bias_of_a_step_beside_the_error_of_a_thermal_row(integrator, least):
    """Error rate at Delta = 20, i = 2, tau = 2: less than an error of 20,000 trials.

    From a step of 0.05 down for Heun's method, of 0.1 for Cayley's. Twice the trials, on
    one noise for all steps, tell the bias to a sixth of that error.
    """
    trials = 40_000
    k1, k2 = jr.split(jr.key(0))
    q = jr.normal(k1, (2, trials)) / math.sqrt(40)
    z = 1 - jnp.sum(q**2, 0) / 2
    m = jnp.stack([*(q * jnp.sqrt((1 + z) / 2)[None]), z])
    up = np.asarray(ends(m, 300.0, 8, 202, k2, integrator))[..., 2] > 0
    row = math.sqrt(np.mean(up[-1]) * np.mean(~up[-1]) / 20_000)
    for step, coarse in zip((0.1, 0.05, 0.025), up, strict=False):
        apart = coarse * 1.0 - up[-1]
        bias, error = np.mean(apart), np.std(apart) / math.sqrt(trials)
        print(
            f"{integrator} at {step}: {bias:.5f} +- {error:.5f}, error of a row {row:.5f}"
        )
        if step <= least:
            assert abs(bias) + error < row
