"""Trains and sampled waveforms: what they are, and that the time loop applies them."""

import importlib
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import llg


_thermal: Any = importlib.import_module("mtjax.llg._validation_thermal")
_dynamics: Any = importlib.import_module("mtjax.llg._validation_dynamics")

EDGES: dict[str, Any] = dict(width=1e-11, rise=2e-12, fall=4e-12)
T = jnp.linspace(-1e-12, 6e-11, 1001)


class Trials(llg.AbstractObservable):
    """Keeps every trial."""

    smooth: ClassVar[bool] = True

    def collect(self, level, score, circuit, pulses, start):
        return level


def test_a_train_is_the_sum_of_its_pulses():
    single = llg.Pulse(voltage=0.8, **EDGES)
    train = llg.Pulse(voltage=0.8, **EDGES, waveform=llg.Train(period=1.7e-11, count=3))
    total = sum(single.voltage_at(T - k * 1.7e-11) for k in range(3))
    np.testing.assert_allclose(train.voltage_at(T), total, atol=1e-12)
    np.testing.assert_allclose(train.end, single.end + 2 * 1.7e-11)


def test_a_ramp_is_two_samples_and_any_waveform_its_samples():
    heights = np.array([0.0, 1.0, -0.5, 0.25])
    wave = llg.Pulse(
        voltage=2.0, width=3e-11, waveform=llg.Sampled(values=jnp.asarray(heights))
    )
    inside = T[(T > 0) & (T < 3e-11)]
    expected = 2 * np.interp(inside, np.linspace(0, 3e-11, 4), heights)
    np.testing.assert_allclose(wave.voltage_at(inside), expected, atol=1e-12)
    assert wave.voltage_at(3.1e-11) == 0 == wave.voltage_at(-1e-12)


@pytest.mark.parametrize(
    "waveform",
    (
        llg.Train(period=1.5e-11, count=2),
        pytest.param(
            llg.Sampled(values=jnp.array([0.0, 1.0, -1.0, 0.5])), marks=pytest.mark.slow
        ),
    ),
)
def test_steps_follow_the_adaptive_solution(waveform):
    one = _dynamics.spin(jnp.array([0.3, 0.0, 0.2]), 1.0, 0.1)
    pulse = llg.Pulse(voltage=0.9, **EDGES, waveform=waveform)
    m0 = jnp.array([[0.6, 0.0, 0.8]])
    grid = llg.TimeGrid(dt=2e-14, steps=2000)
    path = llg.trajectory(one, pulse, grid, m0, key=jr.key(0), every=1000)
    exact = llg.deterministic(one, m0, path.time[1:], pulse)
    # (gamma B dt)^2, 3e-5 at 1.5 T, times the angle of ten radians, over 12.
    np.testing.assert_allclose(path.m[1:], exact, atol=3e-5)
    still = llg.deterministic(one, m0, path.time[1:])
    assert float(jnp.max(jnp.abs(exact - still))) > 0.01


def sweep(waveform=None, **kwargs) -> Any:
    kwargs = dict(voltage=jnp.array([1.0, 2.0]), width=1e-11, rise=1e-12) | kwargs
    return llg.sweep(
        _thermal.Probe(delta=20.0),
        _thermal.single(),
        llg.Pulses.product(**kwargs),
        llg.TimeGrid(dt=5e-13, steps=80),
        observe=Trials(),
        key=jr.key(1),
        trials=3,
        dtype=jnp.float64,
        waveform=waveform,
    )[0]


@pytest.mark.slow
def test_a_sweep_observes_a_train_at_its_end():
    train = llg.Train(period=1.4e-11, count=2)
    level = sweep(train)
    pulse = llg.Pulse(voltage=2.0, width=1e-11, rise=1e-12, waveform=train)
    path = llg.trajectory(
        _thermal.Probe(delta=20.0).system(_thermal.single()),
        pulse,
        llg.TimeGrid(dt=5e-13, steps=80),
        llg.State.PARALLEL,
        key=jr.fold_in(jr.fold_in(jr.key(1), 0), 1),
        trial=2,
    )
    cosine = jnp.interp(pulse.end, path.time, path.cosine)
    np.testing.assert_allclose(level[1, 2], (1 + cosine) / 2, rtol=1e-9)


@pytest.mark.slow
def test_neutral_waveforms_change_nothing():
    plain = sweep()
    np.testing.assert_allclose(sweep(llg.Train(period=1e-10, count=1)), plain, rtol=1e-12)
    flat = llg.Sampled(values=jnp.ones(3))
    np.testing.assert_allclose(sweep(flat), plain, rtol=1e-12)


def test_what_cannot_be_a_waveform_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="`count` must be >= 1, got 0"):
        llg.Train(period=1e-9, count=0)
    with pytest.raises(ValueError, match="`values` must be two or more heights"):
        llg.Sampled(values=jnp.array([1.0]))
    with pytest.raises(ValueError, match="`steps` must be >= "):
        sweep(llg.Train(period=1e-10, count=4))


def test_a_pulse_beyond_the_breakdown_is_refused():
    probe = _thermal.Probe(delta=20.0)

    class Weak(eqx.Module):
        def system(self, grains):
            system = probe.system(grains)
            limit = lambda s: s.circuit.breakdown
            return eqx.tree_at(limit, system, jnp.asarray(1.2))

        def check(self, grains):
            """Any draw will do."""

    with pytest.raises(ValueError, match=r"breakdown of 1\.2 V, got 1\.3 V across it"):
        llg.sweep(
            Weak(),
            _thermal.single(),
            llg.Pulses.product(voltage=jnp.array([0.1, -1.3]), width=1e-11),
            llg.TimeGrid(dt=5e-13, steps=80),
            observe=llg.Level(),
            key=jr.key(1),
            trials=3,
        )
