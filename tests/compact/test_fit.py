import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.compact as compact
import mtjax.data as data

from .helpers import (
    fit_levels,
    fit_switching,
    GRANULAR,
    levels,
    PULSES,
    SWITCHING,
    switching,
    z_scores,
)


RECOVERY = {
    "switching": (switching, fit_switching, SWITCHING, ("spread",)),
    "levels": (levels, fit_levels, GRANULAR, ("cycle_floor", "device_floor", "misfit")),
}


@pytest.mark.parametrize(
    "which", ("switching", pytest.param("levels", marks=pytest.mark.slow))
)
def test_truth_lies_within_the_standard_errors(which):
    simulate, fitted, truth, shrunk = RECOVERY[which]
    samples = jax.vmap(simulate)(jr.split(jr.key(0), 200))
    fit = jax.jit(jax.vmap(fitted))(samples)
    assert jnp.all(fit.outcome == data.Outcome.successful)
    for name, z in z_scores(fit, truth).items():
        # 200 sets: the deviation of z is known to 5 %; the spreads and floors that the
        # data hardly resolve are drawn towards the median of their prior.
        allowed = 0.6 if name in shrunk else 4 / np.sqrt(200)
        assert abs(jnp.mean(z)) < allowed, name
        low, high = (0.6, 1.4) if name in shrunk else (0.8, 1.2)
        assert low < jnp.std(z) < high, name


def test_derivative_is_that_of_refitting():
    sample = levels(jr.key(1))
    weights = jr.normal(jr.key(2), (3,))

    @jax.jit
    def value(mean, variance, voltage, parallel):
        pulses = eqx.tree_at(lambda p: p.voltage, sample.pulses, voltage)
        moved = eqx.tree_at(
            lambda s: (s.mean, s.variance, s.pulses, s.parallel),
            sample,
            (mean, variance, pulses, parallel),
        )
        model = fit_levels(moved).model
        return weights @ jnp.stack(
            [model.threshold / 0.55, model.cycle_mid / 0.06, model.device_mid / 0.04]
        )

    x = (sample.mean, sample.variance, sample.pulses.voltage, sample.parallel)
    gradient = jax.grad(value, argnums=(0, 1, 2, 3))(*x)
    for i, part in enumerate(x):
        direction = part * jr.normal(jr.key(i), part.shape)
        at = lambda h, i=i, d=direction: value(*x[:i], x[i] + h * d, *x[i + 1 :])
        # fourth-order difference: truncation h^4, rounding 1e-13 / h
        h = 2e-4
        slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
        expected = jnp.sum(gradient[i] * direction)
        assert abs(slope - expected) < 1e-6 * abs(expected)


def test_start_values_carry_no_derivative_and_fixed_ones_do():
    sample = levels(jr.key(1))

    @eqx.filter_grad
    def gradient(model):
        fit = compact.fit(model, sample)
        return fit.model.mean(jnp.array(0.8), jnp.array(2e-9))

    start = compact.GranularSynapse.start(sample)
    slope = gradient(start)
    assert slope.threshold == 0
    assert slope.steepness == 0
    assert slope.dispersion != 0
    assert slope.parallel != 0


@pytest.mark.slow
def test_gradient_is_the_same_eagerly_and_compiled():
    sample = levels(jr.key(3))

    def loss(mean):
        moved = eqx.tree_at(lambda s: s.mean, sample, mean)
        cell = fit_levels(moved).model
        return jnp.sum(cell.levels(cell.assign(4)).conductance)

    eager = jax.grad(loss)(sample.mean)
    compiled = jax.jit(jax.grad(loss))(sample.mean)
    assert jnp.any(eager != 0)
    np.testing.assert_allclose(eager, compiled, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("switched", (0, 64))
def test_separable_data_have_no_maximum(switched):
    sample = switching(jr.key(0))
    counts = jnp.full_like(sample.switched, switched)
    fit = fit_switching(eqx.tree_at(lambda s: s.switched, sample, counts))
    assert fit.outcome == data.Outcome.no_maximum


def test_a_step_without_overlap_is_not_called_a_success():
    # all below, none above, one mixed voltage: the steepness grows without end
    counts = jnp.stack([jnp.zeros(3), jnp.full(3, 30.0), *[jnp.full(3, 64.0)] * 2])
    sample = switching(jr.key(0), devices=1)
    fit = fit_switching(eqx.tree_at(lambda s: s.switched, sample, counts[None]))
    assert fit.outcome != data.Outcome.successful


def test_a_single_width_leaves_the_delay_free():
    pulses = data.Pulses.product(voltage=PULSES.voltage, width=2e-9)
    fit = fit_switching(switching(jr.key(0), pulses=pulses))
    assert fit.outcome == data.Outcome.singular


@pytest.mark.slow
def test_a_delay_that_is_held_lets_a_single_width_be_fitted():
    pulses = data.Pulses.product(voltage=PULSES.voltage, width=2e-9)
    held = compact.fit(
        compact.SwitchingProbability.start(switching(jr.key(0), pulses=pulses)),
        switching(jr.key(0), pulses=pulses),
        free=("threshold", "steepness", "spread"),
    )
    assert jnp.all(jnp.isfinite(held.covariance))
    assert held.standard_error.delay == 0


def test_a_saturated_synapse_has_no_maximum():
    sample = levels(jr.key(0))
    mean = jnp.full_like(sample.mean, 2e-4)
    fit = fit_levels(eqx.tree_at(lambda s: s.mean, sample, mean))
    assert fit.outcome == data.Outcome.no_maximum


def test_an_unknown_name_is_refused():
    sample = switching(jr.key(0))
    model = compact.SwitchingProbability.start(sample)
    with pytest.raises(ValueError, match="`free` must name scalar quantities"):
        compact.fit(model, sample, free=("treshold",))
