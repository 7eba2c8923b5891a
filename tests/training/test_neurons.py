"""Networks through junction pairs: the derivative is what the pair measures."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import compact, training

from .helpers import iris


CARD = compact.Neuron(parallel=2e3, tmr=1.5, half=0.5, centre=20e-6, width=4e-6)


def pairs(neurons=5, **errors):
    return training.SimulatedPairs.draw(
        CARD, neurons, key=jr.key(0), **({"step": 1e-6} | errors)
    )


def slopes(neurons, slope, x):
    key = jr.key(1)
    return jax.vjp(lambda x: neurons(x, slope, key), x)[1](jnp.ones_like(x))[0]


def test_the_slope_is_the_measured_difference_with_its_errors():
    made = pairs(mismatch=0.01, offset=1e-4, noise=1e-4)
    neurons = training.Neurons.simulated(made)
    x, key = jnp.linspace(-3, 3, 5), jr.key(1)
    first, second = made.read(CARD.centre + CARD.width * x, key)
    expected = (second - first) / made.step * CARD.width / neurons.swing
    got = slopes(neurons, training.Slope.FINITE_DIFFERENCE, x)
    np.testing.assert_allclose(got, expected, rtol=1e-9)
    y = neurons(x, training.Slope.FINITE_DIFFERENCE, key)
    np.testing.assert_allclose(y, (first - neurons.zero) / neurons.swing, rtol=1e-9)


def test_a_perfect_pair_approaches_the_exact_slope_in_first_order():
    x = jnp.linspace(-3, 3, 5)
    exact = slopes(training.Neurons.simulated(pairs()), training.Slope.EXACT, x)
    errors = []
    for step in (1e-6, 1e-7):
        neurons = training.Neurons.simulated(pairs(step=step))
        got = slopes(neurons, training.Slope.FINITE_DIFFERENCE, x)
        errors.append(float(jnp.max(jnp.abs(got - exact))))
    assert 8 < errors[0] / errors[1] < 12


def test_neurons_vary_and_a_converter_rounds():
    made = pairs(400, resistance=0.1, shift=2e-6)
    current = jnp.full(400, 25e-6)
    first, _ = made.read(current, jr.key(1))
    expected = (1 + made.resistance) * CARD.voltage(current - made.shift)
    np.testing.assert_allclose(first, expected, rtol=1e-12)
    # The standard error of a deviation is 1 / sqrt(2 n) of it: within 4 of them.
    for found, wanted in ((made.resistance, 0.1), (made.shift, 2e-6)):
        assert abs(jnp.std(found) / wanted - 1) < 4 / np.sqrt(800)
    fine, _ = pairs(400, shift=2e-6).read(current, jr.key(1))
    rounded, _ = pairs(400, shift=2e-6, resolution=1e-3).read(current, jr.key(1))
    assert jnp.max(jnp.abs(rounded - fine)) <= 0.5e-3
    np.testing.assert_allclose(rounded / 1e-3, jnp.round(rounded / 1e-3), atol=1e-9)


def test_the_controls_have_the_slopes_they_say():
    neurons = training.Neurons.simulated(pairs(noise=1e-4))
    x = jnp.linspace(-3, 3, 5)
    np.testing.assert_allclose(slopes(neurons, training.Slope.CONSTANT, x), 1 / 3)
    np.testing.assert_array_equal(slopes(neurons, training.Slope.NONE, x), 0)
    values = [neurons(x, slope, jr.key(3)) for slope in training.Slope]
    for value in values[1:]:
        np.testing.assert_allclose(value, values[0], rtol=1e-9)


def instrument(calls):
    """A box on a bench: knows currents and voltages, and nothing of JAX."""

    def measure(current, step):
        calls.append(current.shape)
        return tuple(np.tanh((i - 20e-6) / 4e-6) for i in (current, current + step))

    return training.Instrument(measure=measure, step=1e-7)


def test_a_network_learns_on_an_instrument_that_is_a_python_function():
    x, y = iris()
    calls = []
    neurons = training.Neurons(
        instrument(calls), centre=20e-6, width=4e-6, zero=0.0, swing=1.0
    )
    network = training.JunctionPerceptron(
        training.mlp((4, 6, 3), key=jr.key(0)), (neurons,)
    )
    run = training.train(
        network,
        (x, y),
        key=jr.key(1),
        epochs=8,
        batch=30,
        forward=training.DeviceInLoop(),
        optimizer=training.adamw(40, peak=0.05, decay=0),
    )
    assert run.curve[-1]["accuracy"] > 0.85 > 0.6 > run.curve[0]["accuracy"]
    assert len(calls) >= 40
    assert set(calls) <= {(30, 6), (1, 6)}
    trained = run.network.neurons[0]
    assert eqx.tree_equal(trained, neurons)


def test_an_instrument_has_no_card_and_must_answer_in_shape():
    neurons = training.Neurons(instrument([]), centre=0, width=1, zero=0, swing=1)
    with pytest.raises(ValueError, match="`slope` must not be EXACT"):
        neurons(jnp.zeros(3), training.Slope.EXACT, jr.key(0))
    broken = training.Instrument(measure=lambda i, step: (i, i[:1]), step=1e-7)
    with pytest.raises(Exception, match="`measure` must return two arrays"):
        jax.block_until_ready(broken.read(jnp.zeros(3), jr.key(0)))
