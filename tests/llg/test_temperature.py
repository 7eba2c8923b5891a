"""Temperature of spins, laws of temperature, length of a step, energy of a pulse."""

import importlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy import constants

from mtjax import llg

from .cards import small


_dynamics: Any = importlib.import_module("mtjax.llg._validation_dynamics")
GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
KELVIN = 250.0
CARD = llg.presets.stt_mram()


def pair() -> llg.System:
    """Two coupled spins of different moment and damping, every kind of field."""
    kt = constants.k * KELVIN
    moment = kt * jnp.array([10.0, 3.0])
    volume, axis = jnp.ones(2), jnp.array([[0.0, 0.0, 1.0], [0.6, 0.0, 0.8]])
    one = jnp.asarray(1.0)
    return llg.System(
        terms=(
            llg.Uniaxial(
                k_u=kt * jnp.array([5.0, 1.0]), volume=volume, moment=moment, axis=axis
            ),
            llg.SecondUniaxial(
                k_u2=kt * jnp.ones(2), volume=volume, moment=moment, axis=axis
            ),
            llg.Exchange(jnp.array([[0, 1]]), strength=2 * kt * jnp.ones(1), moment=moment),
            llg.Zeeman(b=jnp.full((2, 3), 0.2), moment=moment),
        ),
        circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
        moment=moment,
        alpha=jnp.array([0.1, 0.3]),
        torque=jnp.zeros(2),
        weight=jnp.array([1.0, 0.0]),
        polariser=jnp.array([0.0, 0.0, 1.0]),
        temperature=KELVIN,
    )


def test_thermometer_reads_the_temperature_of_each_spin():
    """200 trials of 40 states; the standard error is that between trials; |z| < 4."""
    system = pair()
    pulse = llg.Pulse(voltage=0.0, width=1e-12)
    grid = llg.TimeGrid(dt=0.02 / GAMMA, steps=6_000)

    def run(trial):
        path = llg.trajectory(
            system, pulse, grid, llg.State.PARALLEL, key=jr.key(2), trial=trial, every=150
        )
        return llg.thermometer(system, path.m[1:]), path.m[1:]

    kelvin, m = jax.jit(jax.vmap(run))(jnp.arange(200))
    whole = llg.thermometer(system, m.reshape(-1, 2, 3))
    error = np.asarray(kelvin.std(0, ddof=1)) / np.sqrt(200)
    z = (np.asarray(whole) - KELVIN) / error
    assert np.all(np.abs(z) < 4), (whole, error)
    assert np.all(error < 0.03 * KELVIN)


def test_law_of_temperature_is_the_identity_at_its_reference_and_vanishes_at_curie():
    law = llg.TemperatureLaw(curie=1000.0)
    for device in (llg.presets.stt_mram(), llg.presets.vcma(), small()):
        same = llg.at_temperature(device, 300.0, law)
        for a, b in zip(jax.tree.leaves(same), jax.tree.leaves(device), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_allclose(law.magnetisation(1000.0), 0.0, atol=1e-12)


def test_laws_of_temperature():
    card = llg.presets.stt_mram()
    law = llg.TemperatureLaw(curie=1000.0, anisotropy=3.0, polarisation=2e-5)
    hot = llg.at_temperature(card, 400.0, law)
    ratio = (1 - 0.4**1.5) / (1 - 0.3**1.5)
    np.testing.assert_allclose(hot.m_s / card.m_s, ratio, rtol=1e-12)
    np.testing.assert_allclose(hot.k_u / card.k_u, ratio**3, rtol=1e-12)
    polarisation = (1 - 2e-5 * 400**1.5) / (1 - 2e-5 * 300**1.5)
    square = polarisation**2 * 1.2 / 3.2
    np.testing.assert_allclose(hot.junction.tmr, 2 * square / (1 - square), rtol=1e-12)
    assert float(hot.temperature) == 400.0
    slope = jax.grad(lambda t: llg.at_temperature(card, t, law).k_u)(350.0)
    assert float(slope) < 0


@pytest.mark.parametrize(
    "call, sentence",
    (
        (lambda law: llg.at_temperature(CARD, 1000.0, law), "`temperature` must be >= 0 K"),
        (lambda law: llg.at_temperature(CARD, -1.0, law), "`temperature` must be >= 0 K"),
        (
            lambda law: llg.TemperatureLaw(curie=250.0),
            "`curie` must be above the reference",
        ),
        (
            lambda law: llg.TemperatureLaw(curie=1000.0, polarisation=1e-3),
            "`polarisation` must be below `reference`",
        ),
        (
            lambda law: llg.at_temperature(
                CARD, 10.0, llg.TemperatureLaw(curie=1000.0, polarisation=1.8e-4)
            ),
            "`temperature` must leave a spin polarisation from 0 to 1, got 10",
        ),
        (
            lambda law: llg.at_temperature(
                CARD, 900.0, llg.TemperatureLaw(curie=1000.0, polarisation=1e-4)
            ),
            "`temperature` must leave a spin polarisation from 0 to 1, got 900",
        ),
    ),
)
def test_a_temperature_without_parameters_is_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(llg.TemperatureLaw(curie=1000.0))


def test_under_jit_a_temperature_is_not_checked():
    law = llg.TemperatureLaw(curie=1000.0)
    kelvin = jax.jit(lambda t: llg.at_temperature(CARD, t, law).temperature)(1100.0)
    assert float(kelvin) == 1100.0


@pytest.mark.parametrize("delta, by_field", ((20.0, True), (0.3, False)))
def test_advice_is_the_shorter_of_both_limits(delta, by_field):
    thermal: Any = importlib.import_module("mtjax.llg._validation_thermal")
    system = thermal.Probe(delta=delta).system(thermal.single())
    advice = llg.step_advice(system)
    np.testing.assert_allclose(advice.precession, 0.1 / GAMMA, rtol=1e-5)
    rate = 2 * 0.1 * GAMMA / (2 * delta) / 1.01
    np.testing.assert_allclose(advice.thermal, 0.005 / rate, rtol=1e-5)
    assert bool(advice.precession < advice.thermal) is by_field
    np.testing.assert_allclose(
        advice.dt, jnp.minimum(advice.precession, advice.thermal), rtol=1e-12
    )


def test_a_step_in_which_the_noise_turns_too_far_is_refused():
    thermal: Any = importlib.import_module("mtjax.llg._validation_thermal")
    with pytest.raises(ValueError, match="thermal rotation of the smallest moment"):
        llg.sweep(
            thermal.Probe(delta=0.1),
            thermal.single(),
            llg.Pulses.product(voltage=0.0, width=1e-11),
            llg.TimeGrid(dt=0.1 / GAMMA, steps=50),
            observe=llg.Level(),
            key=jr.key(0),
            trials=2,
        )


@pytest.mark.parametrize("source", tuple(llg.Source))
def test_energy_of_a_pulse_on_a_still_junction(source):
    """V^2 t / (R + Rs), or I^2 R t."""
    junction = llg.Junction(
        resistance_area=1e-11,
        tmr=1.0,
        v_half=0.5,
        polarisation=0.0,
        series_resistance=500.0 if source is llg.Source.VOLTAGE else 0.0,
        source=source,
    )
    still = eqx.tree_at(
        lambda s: s.circuit,
        _dynamics.spin(jnp.zeros(3), 1.0, 0.1),
        junction.circuit(jnp.asarray(1e-14)),
    )
    pulse = llg.Pulse(voltage=0.4, width=1e-10)
    grid = llg.TimeGrid(dt=5e-13, steps=200)
    up = jnp.array([[0.0, 0.0, 1.0]])
    path = llg.trajectory(still, pulse, grid, up, key=jr.key(0))
    energy = llg.pulse_energy(still, path)
    total, share = 0.4**2 / 1000, 1.0
    if source is llg.Source.VOLTAGE:
        total, share = 0.4**2 / 1500, 1000 / 1500
    np.testing.assert_allclose(energy.source, total * 1e-10, rtol=1e-6)
    np.testing.assert_allclose(energy.junction, share * total * 1e-10, rtol=1e-6)


def test_what_counts_demagnetisation_twice_is_refused():
    one, up = jnp.ones(1), jnp.array([[0.0, 0.0, 1.0]])
    keff = llg.Uniaxial(k_u=one, volume=one, moment=one, axis=up, effective=True)
    shape = llg.Demagnetisation(tensor=jnp.eye(3)[None, None], m_s=one, volume=one)
    base = _dynamics.spin(jnp.zeros(3), 1.0, 0.1)
    values = {name: getattr(base, name) for name in ("circuit", "moment", "alpha")}
    values |= {name: getattr(base, name) for name in ("torque", "weight", "polariser")}
    with pytest.raises(ValueError, match="which would count twice"):
        llg.System(terms=(keff, shape), temperature=0.0, **values)
    llg.System(terms=(keff,), temperature=0.0, **values)


@pytest.mark.parametrize(
    "change, sentence",
    (
        (dict(volume=jnp.zeros(1)), "`volume` must be > 0"),
        (dict(moment=jnp.zeros(1)), "`moment` must be > 0"),
        (dict(k_u=jnp.array([jnp.nan])), "`k_u` must be a number"),
    ),
)
def test_bad_numbers_are_refused_in_a_sentence(change, sentence):
    one, up = jnp.ones(1), jnp.array([[0.0, 0.0, 1.0]])
    values: dict[str, Any] = dict(k_u=one, volume=one, moment=one, axis=up)
    with pytest.raises(ValueError, match=sentence):
        llg.Uniaxial(**(values | change))


def test_negative_damping_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="`alpha` must be >= 0"):
        llg.SoftLayer(m_s=1e6, thickness=1e-9, alpha=-0.01, k_u=0.0, a_ex=0.0)
