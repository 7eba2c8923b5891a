"""The pairs of `finite_difference`: fitted, with a best step that is best."""

import importlib
from typing import Any

import jax.numpy as jnp
import jax.random as jr
import numpy as np

from mtjax.training.papers import Card


_folder = "mtjax.training.papers.finite_difference"
_curve: Any = importlib.import_module(f"{_folder}._curve")
_devices: Any = importlib.import_module(f"{_folder}._devices")
_gradient: Any = importlib.import_module(f"{_folder}._gradient")
CARD = Card.read("finite_difference")


def test_the_neuron_is_fitted_to_the_noise_of_the_curve():
    current, voltage = _curve.measured_curve(CARD)
    residual = np.asarray(_curve.fitted(CARD).voltage(jnp.asarray(current))) - voltage
    # 61 readings less 5 fitted numbers: a chi-square within 4 of its deviations.
    chi = np.sum(residual**2) / CARD.number("junction.noise", "V") ** 2
    assert abs(chi - 56) < 4 * np.sqrt(2 * 56)


def test_the_closed_form_is_the_best_step():
    forward, _ = _devices.predicted(CARD)
    made = _devices.pairs(CARD, 2000, key=jr.key(0))
    x = jnp.asarray(np.resize(_curve.SWING, 2000))
    current = made.neuron.centre + made.neuron.width * x
    wrong = []
    for factor in (1 / 3, 1.0, 3.0):
        error, *_ = _gradient._slopes(
            made, current, jnp.asarray(factor * forward), jr.key(1)
        )
        wrong.append(float(jnp.sqrt(jnp.mean(error**2))))
    assert wrong[1] < 0.8 * min(wrong[0], wrong[2])


def test_errors_of_one_over_f_noise_share_its_variance():
    found = _devices.errors(CARD)
    k = CARD.number("pair.flicker", "V")
    slow = found["offset"] ** 2 - CARD.number("pair.offset", "V") ** 2
    fast = found["noise"] ** 2 - CARD.number("pair.white", "V") ** 2
    span = CARD.number("pair.read", "Hz") / CARD.number("pair.nulled", "Hz")
    np.testing.assert_allclose(slow + fast, k**2 * np.log(span), rtol=1e-12)


def test_first_weights_keep_the_variance():
    made = _devices.tanh(CARD, (400, 300, 3), key=jr.key(0))
    first, last = (layer.weight for layer in made.layers)
    # Uniform numbers: the variance of their variance is 4/5 of its square over them.
    assert abs(jnp.var(first) * 400 - 1) < 4 * np.sqrt(0.8 / first.size)
    assert abs(3 * jnp.var(last) * 300 - 1) < 4 * np.sqrt(0.8 / last.size)
