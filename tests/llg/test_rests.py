"""What is seen after a pulse: a rest, the pulses of a train, a trial lost later."""

import importlib
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax import data


_block: Any = importlib.import_module("mtjax.llg._block")
CARD: Any = llg.presets.stt_mram()
DT = 5e-13


def level(width, waveform, steps=120, observe: Any = None, voltage=0.8, **how) -> Any:
    given: dict[str, Any] = dict(trials=6, key=jr.key(0), dtype=jnp.float64) | how
    pulses = llg.Pulses.product(voltage=voltage, width=width)
    found = llg.sweep(
        CARD,
        CARD.samples(1),
        pulses,
        llg.TimeGrid(dt=DT, steps=steps),
        observe=llg.Level() if observe is None else observe,
        waveform=waveform,
        **given,
    )
    return found.mean[0]


def test_a_rest_is_a_pulse_of_no_voltage():
    """As the samples of a waveform say it, and on the path of one trial."""
    rested = level(10.3e-12, llg.Rest(duration=20e-12))
    time = np.linspace(0, 30.3e-12, 3031)
    on = jnp.asarray((time < 10.3e-12).astype(float))
    np.testing.assert_allclose(rested, level(30.3e-12, llg.Sampled(values=on)), rtol=2e-4)
    assert rested != level(10.3e-12, None)
    pulse = llg.Pulse(voltage=0.8, width=10e-12, waveform=llg.Rest(duration=20e-12))
    system = CARD.system(jax.tree.map(lambda x: x[0], CARD.samples(1)))
    key = jr.fold_in(jr.fold_in(jr.key(0), 0), 0)
    grid = llg.TimeGrid(dt=DT, steps=60)
    path = llg.trajectory(system, pulse, grid, data.State.PARALLEL, key=key)
    low, high = system.circuit.antiparallel, system.circuit.parallel
    one = level(10e-12, llg.Rest(duration=20e-12), trials=1)
    np.testing.assert_allclose(
        one, low + (high - low) * (1 + path.cosine[-1]) / 2, rtol=1e-9
    )


@pytest.mark.parametrize("width, dtype", [(10e-12, jnp.float32), (10.3e-12, jnp.float64)])
def test_pulses_of_a_train_have_their_widths(width, dtype):
    """Energy at rest: that of three pulses, to the rounding of a share's square."""
    energy = level(
        width, llg.Train(period=20e-12, count=3), observe=llg.Energy(), dtype=dtype
    )
    one = level(width, None, observe=llg.Energy(), dtype=dtype)
    # Two shares of .6 of a step count with their squares.
    short = 0.0 if width == 10e-12 else 2 * (0.6 - 0.36) / (3 * 20.6)
    np.testing.assert_allclose(energy / one, 3 * (1 - short), rtol=5e-3)


def test_the_derivative_by_the_width_of_a_train():
    """Also of the pulses before the last."""
    train = llg.Train(period=20e-12, count=3)
    f = lambda width: level(width, train, gradient=llg.Pathwise())
    at, h = 10.3e-12, 1e-17
    found = jax.grad(f)(at)
    np.testing.assert_allclose(found, (f(at + h) - f(at - h)) / (2 * h), rtol=1e-5)


def test_what_is_lost_after_its_pulse_is_not_lost():
    words = jnp.zeros((2, 1), jnp.uint32), jnp.zeros(1, jnp.uint32)
    samples = _block.Samples(*(jnp.full(1, x) for x in (0.0, 0.0, 0.0, 3.4, 1.0)), *words)
    total = sum(
        _block.glimpse(samples, jnp.asarray(k), 0, jnp.full(1, jnp.nan if k > 4 else 1.0))
        for k in range(8)
    )
    np.testing.assert_allclose(total, 1.0)
