"""A pulse of constant pieces, against `llg.Pulse` and against pieces without number."""

import importlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtjax import llg

from .test_fokker_planck_grains import one


_pieces: Any = importlib.import_module("mtjax.llg._pieces")
NS = 1e-9


@jax.jit  # where edges that overlap are taken as they are
def voltage_at(t, width, rise, fall):
    return llg.Pulse(voltage=1.0, width=width, rise=rise, fall=fall).voltage_at(t)


SHAPES = (  # width, rise, fall [ns]; the last three overlap
    (0.2, 0.0, 0.0),
    (0.2, 0.05, 0.0),
    (0.2, 0.0, 0.03),
    (0.2, 0.06, 0.1),
    (0.2, 0.2, 0.2),
    (0.2, 0.3, 0.25),
    (0.2, 0.7, 0.1),
    (0.2, 0.0, 0.6),
)


@pytest.mark.parametrize("shape", SHAPES)
def test_pieces_have_the_area_of_the_pulse(shape):
    """Two by two, against many midpoints of `Pulse.voltage_at`."""
    width, rise, fall = (x * NS for x in shape)
    length, height = _pieces.pieces(*map(jnp.asarray, (width, rise, fall)), each=3)
    np.testing.assert_allclose(jnp.sum(length), width + (rise + fall) / 2, rtol=1e-12)
    assert jnp.all(length >= 0)
    start = np.cumsum(length)[1::2] - 2 * length[::2]
    inside = (np.arange(2000) + 0.5) / 2000
    t = start[:, None] + 2 * length[::2, None] * inside[None]
    wanted = np.mean(voltage_at(t, width, rise, fall), 1)
    long = np.asarray(length[::2]) > 1e-6 * NS
    mean = np.mean(np.reshape(height, (-1, 2)), 1)
    np.testing.assert_allclose(mean[long], wanted[long], atol=1e-6)


def rate(width, rise, fall, substeps=8):
    pulses = llg.Pulses.product(voltage=1.0, width=width, rise=rise, fall=fall)
    found = llg.fokker_planck(one(), pulses, modes=121, substeps=substeps)
    return found.write_error_rate


@pytest.mark.parametrize("shape", SHAPES[3:6])
def test_edges_are_resolved_by_the_pieces_of_the_default(shape):
    """Against 300 equal pieces of `Pulse.voltage_at`, right to 3e-5 themselves."""
    width, rise, fall = (x * NS for x in shape)
    number, end = 300, width + (rise + fall) / 2
    middle = (jnp.arange(number) + 0.5) / number * end
    tau = llg.reduced_time(end / number, 0.1, 1.0)

    def step(density, volts):
        return llg.axial_evolve(density, 20.0, -2 * volts, tau, substeps=1), None

    start = llg.axial_well(20.0, modes=121)
    final = jax.lax.scan(step, start, voltage_at(middle, width, rise, fall))[0]
    np.testing.assert_allclose(rate(width, rise, fall), final.above(0.0), rtol=5e-4)


@jax.jit
def of(x):
    return rate(*(x * NS))


@jax.jit
def short(parts):
    """Parts of one height [V] and of a duration [ns]."""
    density = llg.axial_well(20.0, modes=121)
    for height, duration in parts:
        tau = llg.reduced_time(duration * NS, 0.1, 1.0)
        density = llg.axial_evolve(density, 20.0, -2 * height, tau, substeps=2)
    return density.above(0.0)


def test_derivatives_by_the_edges_are_difference_quotients():
    derivative = jax.jit(jax.grad(of))
    for shape in (SHAPES[3], SHAPES[5]):
        x = jnp.asarray(shape)
        gradient = derivative(x)
        for k in range(3):
            h = 1e-4 * (jnp.arange(3) == k)
            slope = (of(x + h) - of(x - h)) / 2e-4
            assert abs(gradient[k] - slope) < 1e-6 * (1 + abs(slope))
    # A short edge is, to second order in its duration, one piece of half the voltage.
    gradient = derivative(jnp.asarray(SHAPES[0]))
    for k, order in ((1, 1), (2, -1)):
        parts = lambda h, order=order: [(0.5, h), (1.0, 0.2 - h / 2)][::order]
        values = [short(parts(h)) for h in (0.0, 2e-4, 4e-4)]
        slope = (4 * values[1] - values[2] - 3 * values[0]) / 4e-4
        assert abs(gradient[k] - slope) < 5e-6
