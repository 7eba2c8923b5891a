"""Drives against closed forms: sources, Slonczewski's torque, spin-orbit torque, VCMA."""

import importlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy.optimize import brentq

from mtjax import llg


_deterministic: Any = importlib.import_module("mtjax.llg._deterministic")
_dynamics: Any = importlib.import_module("mtjax.llg._validation_dynamics")

UP = jnp.array([0.0, 0.0, 1.0])
GAMMA = 1.7608596e11


def system(drive, b_k=0.0, b=(0.0, 0.0, 0.0), alpha=0.0) -> llg.System:
    """One spin of unit moment without torque of its own, and a drive."""
    one = _dynamics.spin(jnp.array(b), b_k, alpha)
    torque = jnp.zeros(1)
    return eqx.tree_at(lambda s: (s.torque, s.drives), one, (torque, (drive,)))


def torque(direction=UP, damping_like=1.0, field_like=0.0, **kwargs: Any) -> llg.SpinTorque:
    kwargs = {"follows": llg.Follows.SOURCE} | kwargs
    return llg.SpinTorque(
        direction=direction,
        damping_like=jnp.array([damping_like]),
        field_like=jnp.array([field_like]),
        **kwargs,
    )


def circuit(**kwargs) -> llg.Circuit:
    values = (5e-4, 1.8, 0.6, 0.0)
    return llg.Circuit(*(jnp.asarray(x) for x in values), **kwargs)


@pytest.mark.parametrize("cosine", (-1.0, 0.3, 1.0))
def test_current_source_is_the_limit_of_a_large_series_resistance(cosine):
    amplitude, resistance = 0.8, 1e9
    at_current = circuit(source=llg.Source.CURRENT)
    voltage = at_current.junction_voltage(cosine, jnp.asarray(amplitude))
    current = at_current.current(cosine, voltage)
    np.testing.assert_allclose(current, amplitude * 5e-4, rtol=1e-14)
    law = lambda v: v * (1 + resistance * at_current.conductance(cosine, v))
    behind: Any = brentq(lambda v: law(v) - resistance * amplitude * 5e-4, 0.0, 10.0)
    np.testing.assert_allclose(behind, voltage, rtol=1e-5)


def test_the_magnetoresistance_halves_at_its_bias_through_the_antiparallel_state():
    parallel, antiparallel = (circuit().conductance(c, 0.6) for c in (1.0, -1.0))
    np.testing.assert_allclose(parallel / antiparallel - 1, 1.8 / 2, rtol=1e-14)
    np.testing.assert_allclose(parallel, circuit().conductance(1.0, 0.0), rtol=1e-14)


def _times(source) -> tuple[float, float]:
    """Reduced time to the equator from the pole and from the other pole."""
    one = _dynamics.spin(jnp.zeros(3), 0.5, 0.1)
    one = eqx.tree_at(lambda s: s.circuit, one, circuit(source=source))
    times = jnp.linspace(0.0, 4e-9, 401)[1:]
    result = []
    for angle, volts in ((0.1, 0.2), (jnp.pi - 0.1, -0.2)):
        m0 = jnp.array([[jnp.sin(angle), 0.0, jnp.cos(angle)]])
        pulse = llg.Pulse(voltage=volts, width=1e-8)
        z = llg.deterministic(one, m0, times, pulse)[:, 0, 2]
        result.append(float(times[jnp.argmax(z * z[0] < 0)]))
    return result[0], result[1]


def test_at_a_given_current_one_direction_runs_away_and_the_other_limits_itself():
    """At a given voltage both take the same time."""
    same = _times(llg.Source.VOLTAGE)
    assert same[0] == same[1]
    away, limited = _times(llg.Source.CURRENT)
    assert away < same[0]  # the voltage rises on the way to antiparallel
    assert limited < away  # from antiparallel it begins high and falls


def test_axial_torque_turns_away_from_its_direction_at_the_rate_of_its_field():
    """Without damping and field: d(theta)/dt = gamma a sin(theta)."""
    m0 = jnp.array([[jnp.sin(0.5), 0.0, jnp.cos(0.5)]])
    times = jnp.array([2e-11])
    pulse = llg.Pulse(voltage=0.1, width=1e-9)
    m = llg.deterministic(system(torque()), m0, times, pulse)[0, 0]
    angle = 2 * jnp.arctan(jnp.tan(0.25) * jnp.exp(GAMMA * 0.1 * times[0]))
    np.testing.assert_allclose(jnp.arccos(m[2]), angle, rtol=1e-6)


def test_field_like_torque_is_a_field():
    p = jnp.array([0.6, 0.0, 0.8])
    m0, times = jnp.array([[0.0, 1.0, 0.0]]), jnp.array([3e-11])
    pulse = llg.Pulse(voltage=0.2, width=1e-9)
    one = system(torque(p, 0.0, 1.5), alpha=0.1)
    m = llg.deterministic(one, m0, times, pulse)
    plain = _dynamics.spin(0.3 * p, 0.0, 0.1)
    np.testing.assert_allclose(m, llg.deterministic(plain, m0, times), atol=1e-8)


@pytest.mark.parametrize("angle", (0.1, 1.0, 3.0))
def test_slonczewski_efficiency(angle):
    m = jnp.array([[jnp.sin(angle), 0.0, jnp.cos(angle)]])
    area, m_s, thickness, current = 1e-15, 1e6, 1e-9, 1e-4
    made = llg.slonczewski(
        polarisation=0.5,
        asymmetry=2.0,
        field_like=0.1,
        m_s=jnp.array([m_s]),
        thickness=thickness,
        area=area,
        direction=UP,
    )
    b = made.field(m, jnp.asarray(current))[0]
    scale = 1.054571817e-34 / 1.602176634e-19 * current / area / (m_s * thickness)
    efficiency = 0.5 * 4 / (5 + 3 * np.cos(angle))
    np.testing.assert_allclose(b[1], scale * efficiency * np.sin(angle), rtol=1e-9)
    np.testing.assert_allclose(b[2], scale * 0.1, rtol=1e-9)


def test_steps_follow_the_adaptive_solution_with_every_kind_of_drive():
    one = eqx.tree_at(
        lambda s: (s.circuit, s.drives),
        _dynamics.spin(jnp.array([0.1, 0.0, 0.0]), 1.0, 0.1),
        (
            circuit(source=llg.Source.CURRENT),
            (
                torque(jnp.array([0.0, 1.0, 0.0]), 0.2, 0.1),
                torque(UP, 300.0, 0.0, asymmetry=0.5, follows=llg.Follows.CURRENT),
                llg.Following(
                    llg.Zeeman(b=0.3 * UP[None], moment=jnp.ones(1)),
                    follows=llg.Follows.VOLTAGE,
                ),
            ),
        ),
    )
    m0 = jnp.array([[0.6, 0.0, 0.8]])
    pulse = llg.Pulse(voltage=0.9, width=1e-10)
    grid = llg.TimeGrid(dt=5e-14, steps=400)
    path = llg.trajectory(one, pulse, grid, m0, key=jr.key(0), every=400)
    exact = llg.deterministic(one, m0, path.time[1:], pulse)
    np.testing.assert_allclose(path.m[1:], exact, atol=2e-5)


def test_a_rotated_problem_gives_rotated_motion():
    """Axes, fields, polarisations and spin turned together: so is the rate of change."""

    def motion(turn):
        up, aside = turn @ UP, turn @ jnp.array([0.0, 1.0, 0.0])
        one = _dynamics.spin(turn @ jnp.array([0.1, 0.0, 0.3]), 1.0, 0.1)
        softening = llg.Uniaxial(
            k_u=jnp.array([-0.2]), volume=jnp.ones(1), moment=jnp.ones(1), axis=up[None]
        )
        drives = (
            torque(aside, 0.2, 0.1),
            torque(up, 300.0, 50.0, asymmetry=0.5, follows=llg.Follows.CURRENT),
            llg.Following(softening, follows=llg.Follows.VOLTAGE),
        )
        where = lambda s: (s.circuit, s.drives, s.polariser, s.terms[0].axis)
        one = eqx.tree_at(where, one, (circuit(), drives, up, up[None]))
        m = turn @ jnp.array([0.48, 0.36, 0.8])
        return _deterministic.rate(one, m[None], 0.7)[0] / GAMMA

    turn = jnp.linalg.qr(jr.normal(jr.key(3), (3, 3)))[0]
    turn = turn * jnp.linalg.det(turn)  # a rotation, no reflection
    np.testing.assert_allclose(motion(turn), turn @ motion(jnp.eye(3)), rtol=1e-12)


@pytest.mark.parametrize("b", (0.0, 0.1))
def test_spin_orbit_torque_switches_at_the_closed_threshold(b):
    """The state next to the pole is lost at `sot_threshold`, within 1 %."""
    threshold = float(llg.sot_threshold(b))
    times = jnp.array([2e-8])
    for factor, lost in ((0.99, False), (1.01, True)):
        drive = torque(jnp.array([0.0, 1.0, 0.0]), 1.0)
        one = system(drive, b_k=1.0, b=(b, 0.0, 0.0), alpha=0.5)
        slow = 1e-8
        pulse = llg.Pulse(voltage=factor * threshold, width=1e-7, rise=slow)
        m = llg.deterministic(one, UP[None], times, pulse, tolerance=1e-7)[0, 0]
        assert bool(m[2] < 0.2) is lost, (factor, m)


@pytest.mark.slow
def test_voltage_lowers_the_anisotropy_for_half_a_turn():
    """At K(V) = 0 the spin turns about the field in the plane."""
    magnet = llg.Macrospin(
        junction=llg.Junction(
            resistance_area=1e-9, tmr=1, v_half=0.5, polarisation=0, series_resistance=0
        ),
        m_s=1e6,
        side=50e-9,
        thickness=1e-9,
        alpha=0.0,
        k_u=9e5,
        b_x=0.03,
        temperature=0.0,
    )
    sample = jax.tree.map(lambda x: x[0], magnet.samples(1))
    still = magnet.system(sample)
    k_eff = float(-still.energy(jnp.array([[0.0, 0.0, 1.0]]))) / (50e-9**2 * 1e-9)
    k_eff += float(still.energy(jnp.array([[0.0, 1.0, 0.0]]))) / (50e-9**2 * 1e-9)
    device = llg.VoltageControlledMacrospin(magnet, vcma=100e-15, barrier=1e-9)
    volts = k_eff * 1e-9 * 1e-9 / 100e-15
    half = np.pi / (GAMMA * 0.03)
    pulse = llg.Pulse(voltage=volts, width=1.0)
    m = llg.deterministic(device.system(sample), UP[None], jnp.array([half]), pulse)
    np.testing.assert_allclose(m[0, 0], [0.0, 0.0, -1.0], atol=1e-4)


def spin_orbit_cell() -> llg.SpinOrbitMacrospin:
    line = llg.HeavyMetal(
        spin_hall=0.3,
        polarisation=jnp.array([0.0, 1.0, 0.0]),
        resistivity=2e-6,
        length=100e-9,
        width=60e-9,
        thickness=5e-9,
    )
    magnet = llg.Macrospin(
        junction=llg.Junction(
            resistance_area=1e-11, tmr=1, v_half=0.5, polarisation=0, series_resistance=0
        ),
        m_s=1e6,
        side=40e-9,
        thickness=1e-9,
        alpha=0.1,
        k_u=8.5e5,
        b_x=0.03,
    )
    return llg.SpinOrbitMacrospin(magnet, line)


def levels(device, **kwargs):
    return llg.sweep(
        device,
        device.samples(1),
        llg.Pulses.product(voltage=jnp.array([0.0, 2.0]), width=3e-11),
        llg.TimeGrid(dt=2e-13, steps=160),
        observe=llg.Level(),
        key=jr.key(0),
        trials=4,
        dtype=jnp.float64,
        **kwargs,
    ).mean[0]


@pytest.mark.slow
def test_a_spin_orbit_line_turns_the_spin_in_a_sweep():
    device = spin_orbit_cell()
    resistance = 2e-6 * 100e-9 / (60e-9 * 5e-9)
    np.testing.assert_allclose(device.line.resistance, resistance)
    level = levels(device)
    assert level[1] < 0.8 * level[0]


@pytest.mark.slow
def test_pathwise_gradient_of_a_drive_equals_the_difference_quotient():
    device, where = spin_orbit_cell(), lambda d: d.line.spin_hall
    last = lambda device: levels(device, gradient=llg.Pathwise())[1]
    slope = where(eqx.filter_grad(last)(device))
    at = lambda x: last(eqx.tree_at(where, device, jnp.asarray(x)))
    quotient = (at(0.3 + 1e-6) - at(0.3 - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, quotient, rtol=1e-4)


@pytest.mark.parametrize(
    "change, sentence", (("drives", "no drives"), ("source", "VOLTAGE"))
)
def test_an_axial_solution_refuses_what_it_cannot_serve(change, sentence):
    one = _dynamics.spin(jnp.zeros(3), 1.0, 0.1)
    if change == "drives":
        one = eqx.tree_at(lambda s: s.drives, one, (torque(),))
    else:
        one = eqx.tree_at(lambda s: s.circuit, one, circuit(source=llg.Source.CURRENT))
    with pytest.raises(ValueError, match=sentence):
        llg.fokker_planck(one, llg.Pulses.product(voltage=1.0, width=1e-9))
