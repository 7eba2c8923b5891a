import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mtjax.compact as compact
import mtjax.data as data

from .test_macrospin import TRUTH


JUNCTION = compact.Junction(
    parallel=5e3,
    tmr=1.5,
    half_positive=0.5,
    half_negative=0.4,
    bloch=2e-5,
    smearing=1e-3,
)
P, AP = data.State.PARALLEL, data.State.ANTIPARALLEL


def at(v, m, t=300.0):
    return JUNCTION.conductance(jnp.array(v), jnp.array(m), jnp.array(t))


def test_ends_and_half_values_are_what_was_given():
    np.testing.assert_allclose(1 / at(0.0, 1.0), 5e3, rtol=1e-12)
    np.testing.assert_allclose(1 / at(0.0, -1.0), 12.5e3, rtol=1e-12)
    for half in (0.5, -0.4):
        np.testing.assert_allclose(at(half, 1.0) / at(half, -1.0), 1.75, rtol=1e-12)


def test_perpendicular_state_is_the_mean_conductance():
    np.testing.assert_allclose(at(0.2, 0.0), 0.5 * (at(0.2, 1.0) + at(0.2, -1.0)))


def test_heat_takes_magnetoresistance_and_adds_conductance():
    cold, hot = 233.0, 398.0
    assert at(0.0, 1.0, hot) > at(0.0, 1.0, cold)
    tmr = lambda t: JUNCTION.tmr_at(jnp.array(0.0), jnp.array(t))
    assert tmr(hot) < 1.5 < tmr(cold)
    # Julliere: the slope of ln TMR is that of ln P, times 2 / (1 - P^2)
    p2 = 1.5 / 3.5
    slope = -1.5 * 2e-5 * 300**0.5 / (1 - 2e-5 * 300**1.5)
    expected = 1.5 * 2 * slope / (1 - p2)
    np.testing.assert_allclose(jax.grad(tmr)(300.0), expected, rtol=1e-10)


def test_dwell_times_give_the_share_of_each_state():
    device = compact.Superparamagnet(stability=8.0, critical=0.4, offset=0.02)
    v = jnp.linspace(-0.2, 0.2, 9)
    p, ap = device.dwell_time(v, P), device.dwell_time(v, AP)
    np.testing.assert_allclose(device.antiparallel_share(v), ap / (p + ap), rtol=1e-12)
    np.testing.assert_allclose(device.correlation_time(v), p * ap / (p + ap), rtol=1e-12)
    np.testing.assert_allclose(p * ap, (1e-9 * np.exp(8)) ** 2, rtol=1e-12)


NEURON = compact.Neuron(parallel=5e3, tmr=1.2, half=0.5, centre=20e-6, width=8e-6)


def test_neuron_solves_its_equation_at_either_sign():
    i = jnp.linspace(-60e-6, 80e-6, 57)
    v = NEURON.voltage(i)
    share = 1 / (1 + jnp.exp(-(i - 20e-6) / 8e-6))
    again = i * 5e3 * (1 + share * 1.2 / (1 + (v / 0.5) ** 2))
    np.testing.assert_allclose(v, again, rtol=1e-12, atol=1e-15)


def test_neuron_slope_is_that_of_the_curve():
    slope = jax.vmap(jax.grad(NEURON.voltage))(jnp.array([-30e-6, 10e-6, 40e-6]))
    h = 1e-10
    for i, s in zip((-30e-6, 10e-6, 40e-6), slope, strict=True):
        rise = NEURON.voltage(jnp.array(i + h)) - NEURON.voltage(jnp.array(i - h))
        np.testing.assert_allclose(s, rise / (2 * h), rtol=1e-6)
    gradient = jax.grad(lambda n: n.voltage(jnp.array(2e-5)))(NEURON)
    assert gradient.half > 0
    assert gradient.tmr > 0


def test_neuron_has_the_curvature_of_its_curve():
    """At 0.3 V of a half voltage of 0.5 V the bias changes the curvature, too."""
    slope = jax.grad(NEURON.voltage)
    for i in (-30e-6, 10e-6, 40e-6):
        rise = slope(jnp.array(i + 1e-9)) - slope(jnp.array(i - 1e-9))
        np.testing.assert_allclose(jax.grad(slope)(jnp.array(i)), rise / 2e-9, rtol=1e-5)


def test_neuron_finds_its_root_far_beyond_the_half_voltage():
    steep = compact.Neuron(parallel=1e4, tmr=6.0, half=0.1, centre=0.0, width=1e-7)
    i = jnp.linspace(-5e-4, 5e-4, 4001)
    v = steep.voltage(i)
    share = jax.nn.sigmoid(i / 1e-7)
    again = i * 1e4 * (1 + share * 6.0 / (1 + (v / 0.1) ** 2))
    np.testing.assert_allclose(v, again, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("temperature", (233.0, 398.0))
def test_switching_follows_the_temperature_law(temperature):
    law = compact.MagneticTemperature(curie=1100.0)
    model = law.at(TRUTH, jnp.array(temperature))
    ratio = model.critical_from_p / TRUTH.critical_from_p
    np.testing.assert_allclose(
        model.stability / TRUTH.stability, ratio * 300 / temperature, rtol=1e-12
    )
    same = law.at(TRUTH, jnp.array(300.0))
    np.testing.assert_allclose(same.relaxation, TRUTH.relaxation, rtol=1e-12)
    v = jnp.array(0.3)
    assert (model.rate(v, P) > TRUTH.rate(v, P)) == (temperature > 300)
