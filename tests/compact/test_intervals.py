import functools

import jax
import jax.numpy as jnp
import jax.random as jr
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

import mtjax.compact as compact
import mtjax.data as data

from . import test_macrospin as macrospin
from .helpers import (
    fit_levels,
    fit_switching,
    GRANULAR,
    levels,
    SWITCHING,
    switching,
    z_scores,
)
from .simulate import MODELS


WIDE = data.Pulses.product(
    voltage=jnp.linspace(0.35, 1.2, 8), width=jnp.array([1e-9, 2e-9, 4e-9, 8e-9])
)
COVERAGE = {
    "switching": (functools.partial(switching, devices=60), fit_switching, SWITCHING),
    "levels": (functools.partial(levels, devices=40, pulses=WIDE), fit_levels, GRANULAR),
    "macrospin": (
        macrospin.simulate,
        lambda s: compact.fit(compact.MacrospinSwitching.start(s), s),
        macrospin.TRUTH,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("which", (*COVERAGE, *MODELS))
def test_intervals_cover_the_truth(which):
    simulate, fitted, truth = (COVERAGE | MODELS)[which]
    # A population's Hessian takes 40 MB a fit, hence the parts of the batch.
    part = 20 if which == "population" else 1000
    samples = jax.jit(jax.vmap(simulate))(jr.split(jr.key(5), 1000))
    fit = jax.jit(lambda x: jax.lax.map(fitted, x, batch_size=part))(samples)
    rates = {n: float(jnp.mean(abs(z) < 1.96)) for n, z in z_scores(fit, truth).items()}
    assert all(0.93 <= rate <= 0.97 for rate in rates.values()), rates


def test_profile_of_a_large_sample_is_the_normal_interval():
    sample = switching(jr.key(0), trials=20_000, devices=1)
    fit = fit_switching(sample)
    normal = compact.intervals(fit)["threshold"]
    profile = compact.profile(fit, sample, "threshold")
    width = normal[1] - normal[0]
    np.testing.assert_allclose(profile, normal, atol=float(0.02 * width))
    assert normal[0] < fit.model.threshold < normal[1]


def test_criteria_prefer_the_spread_that_is_there():
    sample = switching(jr.key(0))
    start = compact.SwitchingProbability.start(sample)
    both = compact.fit(start, sample)
    zero = compact.SwitchingProbability(
        start.start_state,
        True,
        threshold=start.threshold,
        delay=start.delay,
        steepness=start.steepness,
        spread=0.0,
    )
    pooled = compact.fit(zero, sample)
    assert both.aic < pooled.aic
    assert both.bic(24 * 12) < pooled.bic(24 * 12)


@pytest.mark.slow
def test_held_out_devices_are_scored_as_if_fitted_alone():
    sample = switching(jr.key(0))
    score = compact.held_out_log_likelihood(compact.SwitchingProbability, sample, folds=2)
    half = lambda k: data.Switching(
        sample.start, sample.pulses, sample.trials[k::2], sample.switched[k::2]
    )
    fit = fit_switching(half(1))
    np.testing.assert_allclose(score[0], fit.model.log_likelihood(half(0)), rtol=1e-6)
    with pytest.raises(ValueError, match="`folds` must be from 2 to 24 devices, got 25"):
        compact.held_out_log_likelihood(compact.SwitchingProbability, sample, folds=25)


def test_residuals_are_drawn():
    matplotlib.use("Agg")
    sample = switching(jr.key(0))
    fit = fit_switching(sample)
    axes = compact.plot_residuals(fit, sample)
    _, counts = fit.model.residuals(sample)
    assert len(axes.lines[-1].get_xdata()) == jnp.sum(counts)
    plt.close(axes.figure)
