import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.compact as compact
import mtjax.data as data

from .fokker_planck import write_errors
from .helpers import z_scores


# delta, i, tau, write error: Fokker-Planck with 240 and 420 modes, equal to 1e-11
ROWS = np.array(
    [
        (20, 1.5, 1, 0.9927492476563449),
        (20, 1.5, 2, 0.6983753000801651),
        (20, 1.5, 4, 0.10254610210221804),
        (20, 1.5, 8, 0.0012295635108536818),
        (20, 2.0, 1, 0.9236556298078132),
        (20, 2.0, 2, 0.2544966294466511),
        (20, 2.0, 4, 0.004755806658238548),
        (20, 2.0, 8, 1.3414957290014407e-06),
        (20, 3.0, 1, 0.4303548445214796),
        (20, 3.0, 2, 0.010174961999593612),
        (20, 3.0, 4, 3.435789139971668e-06),
        (20, 3.0, 6, 1.1547123257571457e-09),
    ]
)
UP, DOWN = data.State.PARALLEL, data.State.ANTIPARALLEL
TRUTH = compact.MacrospinSwitching(
    (UP, DOWN),
    stability=45.0,
    critical_from_p=0.5,
    critical_from_ap=0.4,
    relaxation=0.9e9,
)


def test_yardstick_agrees_with_published_rows():
    for delta, i, tau, expected in ROWS:
        assert abs(write_errors(i, delta, tau, 2)[1] - expected) < 1e-10


def test_write_error_agrees_with_the_rows_better_than_what_is_published():
    delta, i, tau, expected = jnp.asarray(ROWS).T
    ours = compact.write_error(tau, i, delta) / expected
    butler = compact.precessional_write_error(tau, i, delta) / expected
    angle = compact.start_angle(i)
    corrected = compact.precessional_write_error(tau, i, delta, angle) / expected
    np.testing.assert_allclose(ours, 1, atol=0.025)
    assert 1.0 < np.min(butler)
    assert 4 < np.max(butler) < 4.5
    assert np.max(abs(corrected[i == 3.0] - 1)) < 0.011


@pytest.mark.parametrize("i", (0.6, 0.7, 0.8))
def test_the_exported_hazard_follows_the_survival_after_the_first_relaxation(i):
    for delta in (20.0, 45.0, 80.0):
        rate = float(compact.escape_rate(jnp.array(i), jnp.array(delta)))
        if rate < 1e-5:
            continue
        step = max(5 / (1 - i), 0.1 / rate)
        survival = write_errors(i, delta, step, 12)[1:]
        hazard = np.exp(-rate * step * np.arange(11))
        assert np.max(abs(survival / survival[0] - hazard)) < 1e-3


# overdrive: largest relative error of the expression for errors down to 1e-9, of its rate
ACCURACY = {0.4: 0.05, 0.6: 0.02, 0.8: 0.06, 1.0: 0.06, 1.3: 0.04, 2.0: 0.02, 4.0: 0.02}


@pytest.mark.parametrize("i", ACCURACY)
def test_one_expression_serves_both_regimes(i):
    for delta in (20.0, 45.0, 80.0):
        at = jnp.array(i), jnp.array(delta)
        rate, weight = compact.escape_rate(*at), compact.amplitude(*at)
        if rate < 1e-7:
            continue  # the yardstick resolves 1e-11 of absolute error
        step = float(jnp.log(1e9 * weight) / rate) / 40
        expected = write_errors(i, delta, step, 41)[1:]
        tau = step * jnp.arange(1, 41)
        ours = compact.write_error(tau, jnp.full(40, i), jnp.full(40, delta))
        # long steps of the yardstick lose digits of the absolute error
        used = (expected > (1e-9 if i > 0.7 else 1e-6)) & (tau > 2)
        assert np.sum(used) > 5
        assert np.max(abs(ours / expected - 1)[used]) < ACCURACY[i]


def test_rate_has_the_limits_of_brown_and_of_linear_growth():
    delta = jnp.full(3, 400.0)
    below, above = jnp.array([0.3, 0.5, 0.8]), jnp.array([1.5, 2.0, 4.0])
    ratio = compact.escape_rate(below, delta / 2) / compact.thermal_rate(below, delta / 2)
    np.testing.assert_allclose(ratio, 1, atol=0.16)
    linear = 2 * (above - 1) + (3 - above) / ((above - 1) * delta)
    np.testing.assert_allclose(compact.escape_rate(above, delta), linear, rtol=2e-3)


def test_derivatives_exist_at_every_overdrive():
    i = jnp.array([-0.7, 0.0, 0.5, 0.99, 1.0, 1.01, 3.0])
    f = lambda i: compact.write_error(jnp.array(3.0), i, jnp.array(40.0))
    assert jnp.all(jnp.isfinite(jax.jit(jax.vmap(jax.grad(f)))(i)))
    assert jnp.all(jnp.isfinite(jax.jit(jax.vmap(jax.grad(jax.grad(f))))(i)))


def test_read_disturb_and_write_error_are_complements():
    v, t = jnp.linspace(-0.1, 1.2, 14), jnp.full(14, 10e-9)
    disturb, error = TRUTH.read_disturb(v, t, UP), TRUTH.write_error(v, t, UP)
    np.testing.assert_allclose(disturb + error, 1, rtol=1e-12)
    np.testing.assert_allclose(disturb[:4], TRUTH.rate(v[:4], UP) * 10e-9, rtol=0.1)
    assert jnp.all(jnp.diff(disturb) >= 0)


def test_stray_field_is_a_shift_of_the_overdrive():
    shifted = compact.MacrospinSwitching(
        (UP, DOWN),
        stability=45.0,
        critical_from_p=0.5,
        critical_from_ap=0.4,
        relaxation=0.9e9,
        stray=0.1,
    )
    v = jnp.array([0.3, 0.6])
    np.testing.assert_allclose(shifted.rate(v + 0.05, UP), TRUTH.rate(v, UP))
    np.testing.assert_allclose(shifted.rate(0.04 - v, DOWN), TRUTH.rate(-v, DOWN))


def test_outside_the_fitted_range_is_flagged():
    model = TRUTH
    t = jnp.full(4, 1e-8)
    trusted = model.trusted(jnp.array([-0.5, 0.1, 0.5, 2.5]), t, UP)
    np.testing.assert_array_equal(trusted, [False, False, True, False])
    fitted = compact.MacrospinSwitching.start(simulate(jr.key(0)))
    trusted = fitted.trusted(jnp.array([0.5, 0.5, 0.25]), jnp.array([1e-8, 1e-3, 1e-8]), UP)
    np.testing.assert_array_equal(trusted, [True, False, False])


def simulate(key, trials=500):
    sets = []
    for k, start, sign in zip(jr.split(key), TRUTH.directions, (1, -1), strict=False):
        pulses = data.Pulses.product(
            voltage=sign * jnp.linspace(0.3, 1.2, 10),
            width=jnp.array([2e-9, 5e-9, 20e-9, 100e-9]),
        )
        p = TRUTH.read_disturb(pulses.mesh("voltage"), pulses.mesh("width"), start)
        count = jr.binomial(k, trials, p)[None]
        sets.append(data.Switching(start, pulses, jnp.full(count.shape, trials), count))
    return tuple(sets)


@pytest.mark.slow
def test_both_directions_are_recovered_from_counts():
    sets = jax.vmap(simulate)(jr.split(jr.key(0), 200))
    refit = lambda s: compact.fit(compact.MacrospinSwitching.start(s), s)
    fit = jax.jit(jax.vmap(refit))(sets)
    assert jnp.all(fit.outcome == data.Outcome.successful)
    for name, z in z_scores(fit, TRUTH).items():
        assert abs(jnp.mean(z)) < 4 / np.sqrt(200), name
        assert 0.8 < jnp.std(z) < 1.2, name
    chi = jnp.mean(fit.chi_square / fit.degrees)
    assert abs(chi - 1) < 4 * np.sqrt(2 / fit.degrees[0] / 200) + 0.05
