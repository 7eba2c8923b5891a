"""What an experimentalist measures, against closed forms and quadratures."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax.data import Levels, State


K_B = 1.380649e-23
UP = jnp.array([[0.0, 0.0, 1.0]])
B_K, ALPHA, TORQUE = 0.5, 0.05, 0.02
GAMMA = 1.76085963e11


def magnet(delta=40.0, alpha=ALPHA, temperature=300.0, b_k=B_K):
    """One spin of a given stability, torque per volt included."""
    energy = delta * K_B * 300.0
    moment, volume = jnp.asarray([2 * energy / b_k]), jnp.asarray([1e-24])
    k_u = jnp.asarray([energy]) / volume
    one = jnp.asarray(1.0)
    return llg.System(
        terms=(llg.Uniaxial(k_u=k_u, volume=volume, moment=moment, axis=UP),),
        circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
        moment=moment,
        alpha=jnp.asarray([alpha]),
        torque=jnp.asarray([TORQUE]),
        weight=jnp.ones(1),
        polariser=UP[0],
        temperature=temperature,
    )


@pytest.mark.parametrize("angle", (0.02, 0.4, np.pi / 4, 1.2))
def test_the_switching_field_is_the_astroid(angle):
    """Near a fold the state moves as the root of the distance: to 1e-5 of the field."""
    direction = jnp.array([np.sin(angle), 0.0, -np.cos(angle)])
    found = llg.switching_field(magnet(), direction, UP, largest=1.1 * B_K)
    np.testing.assert_allclose(found, B_K * llg.astroid(angle), rtol=1e-4)


def test_a_loop_along_the_easy_axis_is_square():
    field = jnp.linspace(0.9, -1.1, 21) * B_K
    branch = llg.loop(magnet(), field, UP[0], UP)
    np.testing.assert_allclose(branch.along, np.where(field > -B_K, 1.0, -1.0), atol=1e-6)
    np.testing.assert_allclose(branch.cosine, branch.along, atol=1e-12)


def test_a_loop_along_the_hard_axis_is_a_line():
    """m_x = B / B_k up to saturation (Stoner and Wohlfarth)."""
    field = jnp.linspace(0.0, 1.2, 7) * B_K
    branch = llg.loop(magnet(), field, jnp.array([1.0, 0.0, 0.0]), UP)
    np.testing.assert_allclose(branch.along, np.minimum(field / B_K, 1.0), atol=1e-6)


@pytest.mark.slow
def test_the_instability_is_that_of_one_spin():
    """Growth gamma (a - alpha B_k) / (1 + alpha^2) of a uniaxial magnet, a = torque V."""
    unit = GAMMA / (1 + ALPHA**2)
    rate = llg.growth_rate(magnet(), UP, 3.0)
    np.testing.assert_allclose(rate, unit * (3 * TORQUE - ALPHA * B_K), rtol=1e-7)

    def voltage(system, growth):
        return llg.instability_voltage(system, UP, growth=growth)

    for growth in (0.0, 1e9):
        value, slope = eqx.filter_value_and_grad(voltage)(magnet(), growth)
        wanted = (ALPHA * B_K + growth / unit) / TORQUE
        np.testing.assert_allclose(value, wanted, rtol=1e-7)
        uniaxial: Any = magnet().terms[0]
        logarithmic = slope.terms[0].k_u * uniaxial.k_u
        np.testing.assert_allclose(logarithmic, ALPHA * B_K / TORQUE, rtol=1e-6)
    beyond = llg.instability_voltage(magnet(), UP, largest=1.0)
    assert bool(jnp.isnan(beyond))


@pytest.mark.slow
def test_the_instability_of_a_tilted_state_moves_with_the_state():
    """The derivative by a field in the plane, against states that are relaxed anew."""

    def tilted(b_x):
        plain = magnet()
        zeeman = llg.Zeeman(b=jnp.array([b_x, 0.0, 0.0])[None], moment=plain.moment)
        return eqx.tree_at(lambda s: s.terms, plain, (*plain.terms, zeeman))

    def voltage(b_x, at):
        return llg.instability_voltage(tilted(b_x), llg.relax(tilted(at), UP))

    step, b_x = 1e-4, jnp.asarray(0.15)
    ends = [voltage(x, x) for x in (b_x - step, b_x + step)]
    slope = jax.grad(voltage)(b_x, b_x)
    np.testing.assert_allclose(slope, (ends[1] - ends[0]) / (2 * step), rtol=1e-3)


def test_full_reversal_is_read_off_the_levels():
    """A line in the voltage; what is not reached is no number."""
    voltage = jnp.array([0.2, 0.4, 0.6, 0.8])
    pulses = llg.Pulses.product(voltage=voltage, width=1e-9)
    levels = Levels(
        start=State.PARALLEL,
        pulses=pulses,
        trials=jnp.full((1, 4), 8),
        mean=2.0 - voltage[None],
        variance=jnp.zeros((1, 4)),
        histogram=jnp.zeros((1, 4, 1), int),
        edges=jnp.array([0.0, 1.0]),
        parallel=jnp.array([2.0]),
        antiparallel=jnp.array([1.0]),
    )
    for share, wanted in ((0.5, 0.5), (0.7, 0.7), (0.1, np.nan), (0.9, np.nan)):
        np.testing.assert_allclose(llg.reversal_voltage(levels, share), [wanted])
    single = llg.Pulses.product(voltage=0.1, width=1e-9)
    single = eqx.tree_at(lambda x: x.pulses, levels, single)
    with pytest.raises(ValueError, match="an axis `voltage`"):
        llg.reversal_voltage(single)


def test_dwell_times_of_a_signal_are_read_with_hysteresis():
    time = jnp.arange(12.0)
    signal = jnp.array([0, 1, 1, 0, 1, -1, 0, -1, -1, 1, 1, -1.0])
    found = llg.dwell_times(time, signal)
    assert found.low.tolist() == [4.0]
    assert found.high.tolist() == [2.0]
    with pytest.raises(ValueError, match="`low` must be < `high`"):
        llg.dwell_times(time, signal, low=1.0, high=0.0)


@pytest.mark.slow
def test_dwell_times_are_those_of_the_fokker_planck_equation():
    """4 kT: half of the relaxation rate out of each state, |z| < 3."""
    system, dt = magnet(4.0, alpha=0.2), 2e-12
    pulse = llg.Pulse(voltage=0.0, width=1e-9)
    grid = llg.TimeGrid(dt=dt, steps=100_000)

    def one(trial):
        path = llg.trajectory(
            system, pulse, grid, State.PARALLEL, key=jr.key(0), trial=trial, every=10
        )
        return path.time, path.cosine

    times, cosines = eqx.filter_jit(jax.vmap(one))(jnp.arange(24))
    found = [llg.dwell_times(t, c) for t, c in zip(times, cosines, strict=True)]
    dwell = np.concatenate([np.concatenate([d.high, d.low]) for d in found])
    unit = llg.reduced_time(1.0, 0.2, B_K)
    wanted = 1 / float(llg.escape_rate(4.0) * unit)
    z = (dwell.mean() - wanted) / (dwell.std() / np.sqrt(len(dwell)))
    print(f"{len(dwell)} dwells of {dwell.mean():.3e} s, wanted {wanted:.3e} s, z {z:.2f}")
    assert abs(z) < 3


@pytest.mark.slow
@pytest.mark.parametrize("duration", (2e-7, 8e-7))
def test_coercivity_follows_the_ramp_rate(duration):
    """Means of swept magnets against the quadrature, |z| < 3; later ramps are lower.

    The quadrature takes a switch to be sudden. It takes a few relaxation times of 28 ps
    at this damping, in which the faster field grows by a tenth of a millitesla each.
    """
    delta, alpha, trials = 20.0, 0.5, 256
    ramp = 1.2 * B_K / duration
    system = llg.in_field(magnet(delta, alpha), -UP[0])
    dt = 1.5e-12
    pulse = llg.Pulse(voltage=ramp * duration, width=duration / 2, rise=duration)
    grid = llg.TimeGrid(dt=dt, steps=round(duration / dt))

    def one(trial):
        path = llg.trajectory(
            system, pulse, grid, State.PARALLEL, key=jr.key(1), trial=trial, every=20
        )
        # The time of the last passage of the equator from above.
        above = path.cosine > 0
        return jnp.max(jnp.where(above, path.time, 0.0)) + 10 * dt

    field = ramp * np.asarray(eqx.filter_jit(jax.vmap(one))(jnp.arange(trials)))
    found = llg.ramped_switching(delta=delta, b_k=B_K, alpha=alpha, ramp=ramp)
    z = (field.mean() - float(found.mean)) / (field.std() / np.sqrt(trials))
    spread = field.std() / float(found.std)
    print(
        f"{field.mean():.4f} T, quadrature {float(found.mean):.4f} T, z {z:.2f}, "
        f"std ratio {spread:.3f}"
    )
    assert abs(z) < 3
    assert abs(spread - 1) < 3 / np.sqrt(2 * trials) + 0.05


def test_the_ramp_has_the_coercivity_of_sharrock_for_slow_fields():
    """Over decades of ramp rate the median follows the law with Brown's attempts."""
    delta, unit = 60.0, float(llg.reduced_time(1.0, ALPHA, B_K))
    for ramp in (1e-3, 1e3):
        found = llg.ramped_switching(delta=delta, b_k=B_K, alpha=ALPHA, ramp=ramp)
        h = float(found.mean) / B_K
        attempt = unit * np.sqrt(delta / np.pi) * (1 - h**2) * (1 - h)
        # The time that the field spends where the rate is e times lower at most.
        time = B_K / (2 * delta * (1 - h) * ramp)
        law = llg.sharrock(delta=delta, b_k=B_K, attempt=attempt, time=time)
        np.testing.assert_allclose(law / B_K, h, atol=0.02)
