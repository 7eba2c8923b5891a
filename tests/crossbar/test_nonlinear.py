import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import mtjax.compact as compact
import mtjax.crossbar as crossbar
from mtjax.data import Outcome, Pulses, State, Switching


G = jr.uniform(jr.key(0), (4, 3), minval=1e-4, maxval=4e-4)
ARRAY = crossbar.Crossbar.wired(G, 20.0)
LAWS = (
    crossbar.BiasDependence(parallel=4e-4, half=0.3),
    crossbar.Selector(scale=0.04, saturation=1e-7),
    crossbar.AccessTransistor(gate=jnp.array([1.0, 0.9, 0.0, 1.1])),
)
METHOD = crossbar.Method.direct


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_every_cell_obeys_its_law_and_kirchhoff(law):
    v = jnp.array([0.5, -0.8, 0.3, 0.9])
    s = crossbar.solve_nonlinear(ARRAY, law, v, method=METHOD)
    assert s.outcome == Outcome.successful
    cells = law.current(G, s.drops)
    assert np.allclose(jnp.sum(cells, 0), s.currents, rtol=1e-8, atol=1e-15)
    assert np.allclose(jnp.sum(cells, 1), s.inflow.left, rtol=1e-8, atol=1e-15)
    first = v - 20.0 * s.inflow.left
    assert np.allclose(s.word[:, 0], first, rtol=1e-9)
    ahead = jnp.sum(cells[:, 1:], 1)
    assert np.allclose(s.word[:, 0] - s.word[:, 1], 20.0 * ahead, rtol=1e-6, atol=1e-10)


def test_a_constant_conductance_is_the_linear_array():
    law = crossbar.BiasDependence(parallel=4e-4, half=1e9)
    v = jnp.array([0.5, -0.8, 0.3, 0.9])
    found = crossbar.solve_nonlinear(ARRAY, law, v, method=METHOD)
    linear = crossbar.solve(ARRAY, v, method=METHOD)
    assert np.allclose(found.currents, linear.currents, rtol=1e-12)


def test_a_gate_that_is_off_cuts_its_line():
    law = crossbar.AccessTransistor(gate=jnp.array([1.0, 0.0, 1.0, 0.2]), off=0.0)
    s = crossbar.solve_nonlinear(ARRAY, law, jnp.ones(4), method=METHOD)
    assert np.all(np.array(s.inflow.left) == np.array(s.inflow.left) * [1, 0, 1, 0])


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_selector_and_laws_have_their_closed_form(law):
    """A law at a voltage, and its slope, against differences."""
    drop = jnp.linspace(-0.9, 0.8, 12).reshape(4, 3)
    h = 1e-6
    ahead, behind = law.current(G, drop + h), law.current(G, drop - h)
    slope = law.slope(G, drop)
    assert np.allclose(slope, (ahead - behind) / (2 * h), rtol=1e-6, atol=1e-14)
    assert jnp.min(slope) >= 0
    if isinstance(law, crossbar.Selector):
        i = law.current(G, drop)
        back = i / G + law.scale * jnp.arcsinh(i / law.saturation)
        assert np.allclose(back, drop, rtol=1e-12)


@pytest.mark.parametrize(
    "law",
    (LAWS[1], *(pytest.param(law, marks=pytest.mark.slow) for law in LAWS[::2])),
    ids=lambda law: type(law).__name__,
)
def test_gradient_at_the_root(law):
    v = jnp.array([0.5, -0.8, 0.3, 0.9])
    inexact, static = eqx.partition((ARRAY, law, v), eqx.is_inexact_array)
    flat, unravel = ravel_pytree(inexact)

    @jax.jit
    def loss(x):
        array, law, v = eqx.combine(unravel(x), static)
        s = crossbar.solve_nonlinear(array, law, v, method=METHOD, tolerance=1e-13)
        return jnp.sum(s.currents**2) * 1e6 + jnp.sum(s.drops**2)

    gradient = jax.jit(jax.grad(loss))(flat)
    tangent = jr.normal(jr.key(1), flat.shape) * jnp.where(jnp.isfinite(flat), flat, 0)
    forward = jax.jvp(loss, (flat,), (tangent,))[1]
    finite = jnp.isfinite(flat)
    assert np.isclose(forward, jnp.sum(jnp.where(finite, gradient * tangent, 0)), rtol=1e-9)
    h = 1e-4
    move = lambda step: loss(jnp.where(finite, flat + step * tangent, flat))
    quotient = (8 * (move(h) - move(-h)) - (move(2 * h) - move(-2 * h))) / (12 * h)
    assert np.isclose(forward, quotient, rtol=1e-8)


def test_a_newton_iteration_that_is_cut_short_says_so():
    law = crossbar.Selector(scale=0.04, saturation=1e-7)
    s = crossbar.solve_nonlinear(ARRAY, law, jnp.ones(4), method=METHOD, limit=1)
    assert s.outcome == Outcome.not_converged


@pytest.mark.slow
def test_many_inputs():
    law, v = LAWS[0], jr.normal(jr.key(3), (3, 4)) / 2
    one = lambda v: crossbar.solve_nonlinear(ARRAY, law, v, method=METHOD).currents
    assert np.allclose(jax.vmap(one)(v)[2], one(v[2]), rtol=1e-8)


def test_half_selected_cells_see_half_or_a_third():
    array = dataclasses.replace(crossbar.Crossbar.wired(G, 0.0))
    for bias, others in ((crossbar.Bias.HALF, 1 / 2), (crossbar.Bias.THIRD, 1 / 3)):
        probability = lambda drop: jnp.clip(jnp.abs(drop), 0, 1)
        write = crossbar.disturb(array, 1, 2, 0.9, bias, probability)
        assert np.isclose(write.drops[1, 2], 0.9)
        row = np.delete(np.asarray(write.drops[1]), 2)
        column = np.delete(np.asarray(write.drops[:, 2]), 1)
        assert np.allclose(np.concatenate([row, column]), 0.9 * others)
        rest = np.delete(np.delete(np.asarray(write.drops), 1, 0), 2, 1)
        assert np.allclose(rest, 0 if bias is crossbar.Bias.HALF else -0.3)
        expected = jnp.sum(write.probability) - write.probability[1, 2]
        assert np.isclose(write.disturbed, expected)
        burnt = jnp.sum(G * write.drops**2)
        assert np.isclose(write.power, burnt, rtol=1e-9)
    with pytest.raises(ValueError, match="`row`, `column` must be in an array of 4 x 3"):
        crossbar.write_voltages((4, 3), 4, 0, 1.0, crossbar.Bias.HALF)


def test_disturb_through_a_fitted_switching_model():
    """Half-selected cells switch as the model that was fitted to counts says."""
    true = lambda v, t: 1 / (1 + (0.6 * (1 + 2e-9 / t) / v) ** 12)
    pulses = Pulses.product(
        voltage=jnp.linspace(0.5, 1.1, 7), width=jnp.array([5e-9, 10e-9, 20e-9])
    )
    voltage, width = pulses.mesh("voltage"), pulses.mesh("width")
    trials = jnp.full((1, *pulses.shape), 10_000)
    switched = jnp.round(true(voltage, width) * 10_000)[None]
    counts = Switching(State.PARALLEL, pulses, trials, switched)
    fit = compact.fit(compact.SwitchingProbability.start(counts), counts)
    width = 10e-9
    chance = lambda drop: fit.model.probability(drop, jnp.full_like(drop, width))
    array = crossbar.Crossbar.wired(G, 5.0)
    for bias, part in ((crossbar.Bias.HALF, 0.5), (crossbar.Bias.THIRD, 1 / 3)):
        write = crossbar.disturb(array, 1, 2, 1.3, bias, chance)
        assert write.outcome == Outcome.successful
        assert np.isclose(
            write.probability[1, 2], true(write.drops[1, 2], width), atol=5e-3
        )
        # opposite voltages do not write this direction; the others as they stand
        forward = jnp.where(write.drops > 1e-3, write.drops, 1e-9)
        wanted = jnp.sum(true(forward, width)) - true(forward[1, 2], width)
        assert np.isclose(write.disturbed, wanted, rtol=0.1, atol=1e-6)
        ideal = true(part * 1.3, width)
        half = write.probability[1, 0] / ideal
        assert 0.5 < half <= 1.01
    gradient = jax.grad(
        lambda v: crossbar.disturb(array, 1, 2, v, crossbar.Bias.HALF, chance).disturbed
    )(1.3)
    assert gradient > 0


def test_virtual_ground_stops_sneak_currents():
    """Two by two: floating, three cells in series join the one that is read."""
    g = 1 / jnp.array([[15e3, 5e3], [5e3, 5e3]])
    array = crossbar.Crossbar.wired(g, 0.0)
    assert np.isclose(crossbar.read_cell(array, 0, 0, 0.2), 0.2 / 15e3)
    with pytest.raises(ValueError, match="`row`, `column` must be in an array of 2 x 2"):
        crossbar.read_cell(array, 2, 0, 0.2)
    sneak = crossbar.read_cell(array, 0, 0, 0.2, virtual_ground=False)
    assert np.isclose(sneak, 0.4 / 15e3)
