"""Attempt rates: Brown's formula, closed forms of a biaxial magnet, and brute force."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax.data import Outcome
from tests.llg.attempt import ALPHA, B_K, DELTA, escapes, Magnet, over, RATE


@pytest.mark.parametrize("h", (0.0, 0.3))
def test_an_axial_magnet_has_the_rates_of_brown(h):
    found = over(Magnet(b=jnp.array([0.0, 0.0, h * B_K])))
    assert found.regime == llg.Regime.axial
    assert found.outcome == Outcome.successful
    wanted = [llg.brown_rate(DELTA, bias) * RATE for bias in (h, -h)]
    np.testing.assert_allclose(found.rate, wanted, rtol=1e-9)


def test_rates_of_the_reference_table():
    """Brown's rates in a field, per reduced time."""
    for key, row in llg.reference_rows()["I_neel_brown"]["biased"].items():
        delta, h = (float(part[1:]) for part in key.split("_"))
        found = over(Magnet(delta=jnp.array([delta]), b=jnp.array([0.0, 0.0, h * B_K])))
        wanted = [row["rate_majority"], row["rate_minority"]]
        np.testing.assert_allclose(found.rate / RATE, wanted, rtol=1e-6)


def test_a_turned_magnet_has_the_same_rates():
    """The axis of the circle is that of the state, not z."""
    b, axis = jnp.array([0.1, 0.0, 0.2]) * B_K, jnp.array([0.6, 0.0, 0.8])
    turn = jnp.array([[0.8, 0.0, 0.6], [0.0, 1.0, 0.0], [-0.6, 0.0, 0.8]])
    here = over(Magnet(b=b))
    there = over(Magnet(b=turn @ b, axis=axis))
    np.testing.assert_allclose(here.rate, there.rate, rtol=1e-7)
    circle = over(Magnet(b=0.2 * B_K * axis, axis=axis))
    assert circle.regime == llg.Regime.axial
    np.testing.assert_allclose(
        circle.rate, over(Magnet(b=jnp.array([0.0, 0.0, 0.2 * B_K]))).rate, rtol=1e-9
    )


@pytest.mark.parametrize("alpha", (1e-4, 0.02, 0.5))
def test_a_biaxial_magnet_has_its_closed_forms(alpha):
    r"""E = K V (-z^2 + h x^2), with saddles at y.

    Curvatures (2, 2 + 2h) K V in the state and (-2, 2h) K V at the saddle;
    lambda^2 + alpha (h - 1) w lambda = h (1 + alpha^2) w^2, w = gamma B_K / (1 + alpha^2);
    the orbit through the saddle lies in the plane z = sqrt(h) x and loses
    4 alpha sqrt(h) K V / (1 + alpha^2) on its way to the other saddle.
    """
    h = 3.0
    found = over(Magnet(strength=h, alpha=jnp.asarray(alpha)))
    w = RATE / ALPHA * (1 + ALPHA**2) / (1 + alpha**2)
    root = np.sqrt((alpha * (h - 1)) ** 2 + 4 * h * (1 + alpha**2))
    growth = w * (root - alpha * (h - 1)) / 2
    loss = 4 * alpha * np.sqrt(h) * DELTA / (1 + alpha**2)
    langer = growth / (2 * np.pi) * np.sqrt((1 + h) / h)
    assert np.isclose(found.growth, growth, rtol=1e-9)
    # The orbit begins and ends a little away from the saddle.
    np.testing.assert_allclose(found.loss, loss, rtol=5e-3)
    np.testing.assert_allclose(found.attempt / found.depopulation, langer, rtol=1e-9)
    if alpha == 1e-4:  # A(d)^2 / A(2d), A(d) = d to first order in sqrt(d)
        assert abs(found.depopulation / (loss / 2) - 1) < np.sqrt(loss)
        assert found.regime == llg.Regime.turnover
    if alpha == 0.5:
        assert abs(found.depopulation - 1) < 1e-3
        assert found.regime == llg.Regime.high


def test_columns_that_are_rigid_or_free():
    """Strong exchange makes one magnet of two but for DELTA over it; without, one turns."""
    pair = Magnet(delta=jnp.array([0.7, 0.3]) * DELTA, exchange=300 * DELTA)
    rigid = over(pair, steps=300)
    assert rigid.regime == llg.Regime.axial
    np.testing.assert_allclose(rigid.attempt, over(Magnet()).attempt, rtol=5e-3)
    free = over(Magnet(delta=jnp.array([1.0, 0.5]) * DELTA), flip=(True, False))
    np.testing.assert_allclose(free.attempt, over(Magnet()).attempt, rtol=1e-9)


def test_a_saddle_that_is_nearly_a_circle_is_not_resolved():
    found = over(Magnet(strength=0.01))
    assert found.outcome == Outcome.not_resolved


def test_derivative_is_the_difference_quotient():
    """The states and the saddle move with the field."""

    def rate(x):
        field = B_K * jnp.stack([x, 0.0 * x, 0.1 + 0.0 * x])
        return jnp.log(over(Magnet(b=field, alpha=jnp.asarray(0.02))).rate[0])

    slope = jax.grad(rate)(0.3)
    quotient = (rate(0.301) - rate(0.299)) / 0.002
    assert abs(slope / quotient - 1) < 1e-3


CASES = {
    "axial": (Magnet(delta=jnp.array([10.0]), alpha=jnp.asarray(0.5)), 1.0),
    "tilted field": (
        Magnet(
            delta=jnp.array([16.0]),
            alpha=jnp.asarray(0.3),
            b=jnp.array([0.15, 0.0, -0.08]) * B_K,
        ),
        1.0,
    ),
    "tilted field, turnover": (
        Magnet(
            delta=jnp.array([16.0]),
            alpha=jnp.asarray(0.02),
            b=jnp.array([0.15, 0.0, -0.08]) * B_K,
        ),
        1.0,
    ),
    "column": (
        Magnet(delta=jnp.array([7.0, 3.0]), alpha=jnp.asarray(0.5), exchange=10.0),
        5.0,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_brute_force_escapes_at_the_rate(case):
    magnet, stiffness = CASES[case]
    found = over(magnet, steps=1000)
    rate, error = escapes(magnet, found, stiffness=stiffness)
    assert abs(rate - found.rate[0]) < 3 * error
    assert error < 0.1 * rate
    assert eqx.tree_equal(found.outcome, Outcome.successful)
