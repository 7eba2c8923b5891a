import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.crossbar as crossbar


@pytest.mark.parametrize("levels", (2, 4, 11, 16))
def test_weights_survive_the_pairs(levels):
    weights = jr.normal(jr.key(0), (7, 5))
    numbers, scale = crossbar.quantise(weights, levels)
    assert jnp.max(jnp.abs(numbers)) == levels - 1
    assert jnp.max(jnp.abs(numbers * scale - weights)) <= scale / 2 * (1 + 1e-12)
    positive, negative = crossbar.split(crossbar.whole(numbers))
    assert jnp.min(positive) >= 0
    assert jnp.min(negative) >= 0
    assert jnp.all(positive * negative == 0)
    assert jnp.all(crossbar.merge(positive, negative) == numbers)


def test_rounding_is_passed_straight_through_and_clipping_is_not():
    slope = jax.grad(lambda w: crossbar.quantise(w, 4, jnp.array(0.5))[0])
    assert slope(jnp.array(0.3)) == 2.0
    assert slope(jnp.array(5.0)) == 0.0


def test_one_step_is_the_slope_of_evenly_spaced_levels():
    assert np.isclose(crossbar.step_conductance(1e-4 + 2e-5 * jnp.arange(4)), 2e-5)


@pytest.mark.parametrize("size", (1, 4, (3, 5), 64))
def test_tiles_hold_the_matrix_and_its_product(size):
    matrix, x = jr.normal(jr.key(0), (10, 7)), jr.normal(jr.key(1), (10,))
    tiles = crossbar.tile(matrix, size)
    assert jnp.all(crossbar.untile(tiles, (10, 7)) == matrix)
    parts = jnp.einsum("dr,darc->dac", crossbar.tile_inputs(x, tiles.shape[2]), tiles)
    assert np.allclose(crossbar.join_outputs(parts, 7), x @ matrix, rtol=1e-12)


def test_tiles_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="`matrix` must not be empty"):
        crossbar.tile(jnp.ones((0, 3)), 4)
    with pytest.raises(ValueError, match="`size` of a tile"):
        crossbar.tile(jnp.ones((3, 3)), 0)
    with pytest.raises(ValueError, match="`shape` must have 1 to 4 rows"):
        crossbar.untile(jnp.ones((1, 1, 4, 4)), (5, 4))


def test_spec_is_checked():
    assert crossbar.Spec(tile=32, wire=1.0, adc_bits=6).levels == 4
    with pytest.raises(ValueError, match="`levels` must be"):
        crossbar.Spec(levels=1)
    with pytest.raises(ValueError, match="`tile` must be"):
        crossbar.Spec(tile=0)
    with pytest.raises(ValueError, match="`adc_bits` must be"):
        crossbar.Spec(adc_bits=0)
    with pytest.raises(ValueError, match="`wire` must be"):
        crossbar.Spec(wire=-1.0)


def test_a_weight_of_zero_keeps_its_gradient():
    through = lambda w: crossbar.merge(*crossbar.split(crossbar.quantise(w, 4)[0]))
    gradient = jax.grad(lambda w: jnp.sum(through(w)))(jnp.array([0.0, 0.1, -2.0, 3.0]))
    assert np.allclose(gradient, 1.0)
