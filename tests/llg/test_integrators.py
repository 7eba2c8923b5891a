"""Both integrators: norm, orders of convergence, and the same statistics."""

import importlib
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import llg


_dynamics: Any = importlib.import_module("mtjax.llg._validation_dynamics")
_thermal: Any = importlib.import_module("mtjax.llg._validation_thermal")
_assemble: Any = importlib.import_module("mtjax.llg._assemble")
_step: Any = importlib.import_module("mtjax.llg._step")

BOTH = tuple(llg.Integrator)
END = 4.0 / 1.7608596e11  # gamma B t = 4 at 1 T


def test_cayley_turns_about_its_vector_and_keeps_the_norm():
    w, m = jr.normal(jr.key(0), (2, 3, 5))
    m = m / jnp.linalg.norm(m, axis=0, keepdims=True)
    turned = jnp.stack(_step.cayley(tuple(w), tuple(m)))
    np.testing.assert_allclose(jnp.linalg.norm(turned, axis=0), 1.0, rtol=1e-14)
    np.testing.assert_allclose(jnp.sum(w * turned, 0), jnp.sum(w * m, 0), rtol=1e-12)
    middle = jnp.cross(w, m + turned, axis=0) / 2
    np.testing.assert_allclose(turned - m, middle, atol=1e-13)


def test_cayley_is_of_second_order_without_noise():
    """As Heun, which the tests of trajectories hold."""
    one = _dynamics.spin(jnp.array([0.1, 0.2, 0.3]), 1.5, 0.1)
    m0 = jnp.array([[0.6, 0.0, 0.8]])
    pulse = llg.Pulse(voltage=0.9, width=1e-10)
    exact = llg.deterministic(one, m0, jnp.array([END]), pulse)[0]
    errors = []
    for steps in (200, 400):
        grid = llg.TimeGrid(dt=END / steps, steps=steps)
        path = llg.trajectory(
            one,
            pulse,
            grid,
            m0,
            key=jr.key(0),
            every=steps,
            integrator=llg.Integrator.CAYLEY,
        )
        errors.append(float(jnp.max(jnp.abs(path.m[-1] - exact))))
    assert 3.6 < errors[0] / errors[1] < 4.4


@partial(jax.jit, static_argnums=(1, 2))
def _ends(increments, steps, integrator):
    """Ends of paths that share one Brownian motion, taken in `steps` steps."""
    system = _thermal.Probe(delta=2.0).system(_thermal.single())
    dt = jnp.asarray(END / steps)
    assembled, _ = _assemble.assemble(system, dt, llg.State.PARALLEL, None, integrator)
    fine, _, paths = increments.shape
    normals = increments.reshape(steps, fine // steps, 3, paths).sum(1)
    normals = normals / jnp.sqrt(fine / steps)
    start = tuple(jnp.full((1, paths), x) for x in (0.6, 0.0, 0.8))
    source = jnp.full(paths, 1.5)
    body = lambda m, xi: (_step.advance(assembled, m, source, xi)[0], None)
    return jnp.concatenate(jax.lax.scan(body, start, normals)[0])


@pytest.mark.parametrize(
    "integrator",
    (llg.Integrator.HEUN, pytest.param(llg.Integrator.CAYLEY, marks=pytest.mark.slow)),
)
def test_strong_order_is_one_half(integrator):
    """Root mean square distance to paths of 2048 steps, 2,000 paths, over 16 to 128."""
    increments = jr.normal(jr.key(1), (2048, 3, 2000))
    exact = _ends(increments, 2048, integrator)
    coarse = 2 ** np.arange(4, 8)
    errors = [
        float(jnp.sqrt(jnp.mean((_ends(increments, int(n), integrator) - exact) ** 2)))
        for n in coarse
    ]
    order = -np.polyfit(np.log(coarse), np.log(errors), 1)[0]
    assert 0.4 < order < 0.7, (order, errors)


@pytest.mark.slow
def test_both_have_the_same_error_rates():
    """Their difference with shared noise is small against its standard error."""
    rates = []
    for integrator in BOTH:
        counts = llg.sweep(
            _thermal.Probe(delta=20.0),
            _thermal.single(),
            llg.Pulses.product(voltage=2.0, width=float(_thermal.seconds(2.0))),
            llg.TimeGrid(dt=0.1 / 1.7608596e11, steps=210),
            observe=llg.Switched(),
            key=jr.key(0),
            trials=4000,
            integrator=integrator,
        )
        rates.append(1 - float(counts.switched[0]) / 4000)
    expected = float(llg.write_error_rate(20.0, 2.0, 2.0))
    error = np.sqrt(expected * (1 - expected) / 4000)
    assert np.all(np.abs(np.array(rates) - expected) < 4 * error), rates
    assert abs(rates[0] - rates[1]) < 2 * error


@pytest.mark.slow
def test_score_serves_cayley_steps():
    """Derivative of the mean level by the voltage, 8 keys of 512 trials, |z| < 4."""
    probe, width = _thermal.Probe(delta=20.0), float(_thermal.seconds(1.5))
    step = 0.05 / 1.7608596e11
    grid = llg.TimeGrid(dt=step, steps=int(width / step) + 1)

    def sampled(volts, key):
        levels = llg.sweep(
            probe,
            _thermal.single(),
            llg.Pulses.product(voltage=volts[None], width=width),
            grid,
            observe=llg.Level(),
            key=key,
            trials=512,
            gradient=llg.Score(relaxation=3 / (width / 1.5)),
            integrator=llg.Integrator.CAYLEY,
        )
        window = levels.parallel - levels.antiparallel
        return ((levels.mean[0] - levels.antiparallel) / window)[0]

    def exact(volts):
        system = probe.system(_thermal.single())
        pulses = llg.Pulses.product(voltage=volts[None], width=width)
        moments = llg.fokker_planck(system, pulses).moments
        return (1 + moments[0, 1] / np.sqrt(3)) / 2

    volts = jnp.asarray(2.0)
    slopes = np.array([jax.grad(sampled)(volts, k) for k in jr.split(jr.key(0), 8)])
    error = slopes.std(ddof=1) / np.sqrt(8)
    expected = float(jax.grad(exact)(volts))
    assert abs(slopes.mean() - expected) < 4 * error, (slopes.mean(), expected, error)
    assert error < 0.2 * abs(expected)
