import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.compact as compact
import mtjax.data as data
from mtjax.data import quantity, Scalar

from .helpers import PULSES, SWITCHING


class Physics(eqx.Module):
    """A device whose compact parameters follow known laws of two quantities."""

    k_u: Scalar = quantity("J/m^3", above=0)
    alpha: Scalar = quantity("1", above=0)

    def compact(self):
        x, a = jnp.log(self.k_u / 1e6), jnp.log(self.alpha / 0.01)
        return eqx.tree_at(
            lambda m: (m.threshold, m.steepness, m.spread),
            SWITCHING,
            (
                0.6 * jnp.exp(0.8 * x + 0.3 * a + 0.2 * x**2),
                12 * jnp.exp(0.5 * x),
                jnp.zeros(()),
            ),
        )


def simulate(physics, key):
    model = physics.compact()
    p = jax.nn.sigmoid(model.log_odds(PULSES.mesh("voltage"), PULSES.mesh("width")))
    count = jr.binomial(key, 2000, p)[None]
    return data.Switching(model.start_state, PULSES, jnp.full(count.shape, 2000), count)


AXES = {"k_u": jnp.linspace(0.8e6, 1.2e6, 5), "alpha": jnp.array([0.008, 0.01, 0.0125])}


PRODUCT = data.product(Physics(k_u=1e6, alpha=0.01), AXES)
NAMES = "threshold", "delay", "steepness"


@pytest.fixture(scope="module")
def law():
    """From fits that scatter around the truth by the errors they claim."""
    truth = PRODUCT.map(lambda physics: physics.compact())
    errors = np.array([0.004, 0.02, 0.015])
    z = errors * np.random.default_rng(0).standard_normal((*PRODUCT.shape, 3))
    ones = np.ones(PRODUCT.shape)
    values = np.stack([np.asarray(getattr(truth, n)) * ones for n in NAMES], -1)
    values = values * np.exp(z)
    models = eqx.tree_at(
        lambda m: [getattr(m, n) for n in NAMES],
        truth,
        [jnp.asarray(values[..., i]) for i in range(3)],
    )
    covariance = jnp.asarray(np.eye(3) * ((errors * values) ** 2)[..., None])
    none = jnp.zeros(PRODUCT.shape)
    fits = compact.Fit(NAMES, models, covariance, none, none, none, data.Outcome.successful)
    return *compact.condition(fits, PRODUCT), fits


@pytest.mark.slow
def test_the_law_is_found_from_counts():
    keys = jr.split(jr.key(0), PRODUCT.shape)
    start = compact.SwitchingProbability(
        data.State.PARALLEL, True, threshold=0.6, delay=1e-9, steepness=10.0, spread=0.0
    )
    refit = lambda physics, key: compact.fit(start, simulate(physics, key))
    both = eqx.filter_vmap(eqx.filter_vmap(refit))
    fits = eqx.filter_jit(both)(PRODUCT.module, keys)
    assert_law_is_found(*compact.condition(fits, PRODUCT))


def test_the_law_is_found_with_its_slopes(law):
    conditioned, held_out, _ = law
    assert_law_is_found(conditioned, held_out)


def assert_law_is_found(conditioned, held_out):
    at = {"k_u": 1.05e6, "alpha": 0.009}
    slopes, errors = conditioned.slopes(at)
    row = conditioned.names.index("threshold")
    expected = {"k_u": 0.8 + 0.4 * np.log(1.05), "alpha": 0.3}
    for axis, value in expected.items():
        assert abs(slopes[axis][row] - value) < 4 * errors[axis][row]
        assert errors[axis][row] < 0.03
    truth = Physics(k_u=1.05e6, alpha=0.009).compact()
    assert abs(conditioned.at(at).threshold / truth.threshold - 1) < 0.01
    assert held_out.rms["threshold"] < 0.01


def test_devices_left_out_lie_within_their_errors(law):
    _, held_out, _ = law
    z = held_out.error / held_out.standard_error
    assert jnp.mean(abs(z) < 2) > 0.85
    assert jnp.max(abs(z)) < 5


def test_the_law_is_differentiable_in_the_physics(law):
    conditioned, _, _ = law

    def threshold(k_u):
        return jnp.log(conditioned.at({"k_u": k_u, "alpha": 0.01}).threshold)

    slope = jax.grad(threshold)(1e6) * 1e6
    row = conditioned.names.index("threshold")
    told = conditioned.slopes({"k_u": 1e6, "alpha": 0.01})[0]["k_u"][row]
    np.testing.assert_allclose(slope, told, rtol=1e-9)


def test_too_few_devices_and_other_axes_are_refused(law):
    conditioned, _, fits = law
    few = data.product(Physics(k_u=1e6, alpha=0.01), {"k_u": AXES["k_u"]})
    with pytest.raises(ValueError, match=r"`fits` must have the axes \('k_u',\)"):
        compact.condition(fits, few)
    with pytest.raises(ValueError, match="`product` must have 23 devices for degree 5"):
        compact.condition(fits, PRODUCT, degree=5)
    with pytest.raises(ValueError, match="`values` must name k_u, alpha, got k_u"):
        conditioned.at({"k_u": 1e6})
