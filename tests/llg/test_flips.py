"""Barriers of all grains of a film at once."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax.data import Outcome

from .cards import small


KT = 1.380649e-23 * 300


def draw(device, key=0):
    grains = llg.microstructures(device, 1, key=jr.key(key))
    return jax.tree.map(lambda x: x[0], grains)


system_of = eqx.filter_jit(lambda device, grains: device.system(grains))


def cell(grains=4):
    device = small(grains)
    return device, system_of(device, draw(device))


def good(found):
    return bool(jnp.all(found.outcome == Outcome.successful))


def test_uncoupled_columns_turn_over_their_anisotropy():
    """Interlayer exchange of 1000 times the card's and nothing else: KV of both layers."""
    device = small(4)
    system = system_of(device, draw(device))
    uniaxial, exchange, _ = system.terms
    strength = exchange.strength.at[:-4].set(0.0).at[-4:].mul(1e3)
    system = eqx.tree_at(
        lambda s: (s.terms[1].strength, s.terms[2].tensor),
        system,
        (strength, jnp.zeros_like(system.terms[2].tensor)),
    )
    m = llg.settled(system, jnp.array([1, -1, 1, 1]))
    found = llg.flips(system, m, 4)
    wanted = (uniaxial.k_u * uniaxial.volume).reshape(2, 4).sum(0)
    assert good(found)
    np.testing.assert_allclose(found.energy, wanted, rtol=1e-4)
    np.testing.assert_allclose(found.back, wanted, rtol=1e-4)
    assert found.signs.tolist()[0] == [-1, -1, 1, 1]


def test_a_flip_and_its_way_back_share_the_saddle():
    """From the turned state the barrier is `back`, and the other way round."""
    _, system = cell()
    there = llg.flips(system, llg.settled(system, jnp.ones(4, int)), 4)
    assert good(there)
    back = llg.flips(system, there.end[0], 4)
    np.testing.assert_allclose(back.energy[0], there.back[0], rtol=1e-9)
    np.testing.assert_allclose(back.back[0], there.energy[0], rtol=1e-9)


def test_barriers_do_not_depend_on_the_steps():
    """Newton's method brings each string to the same saddle."""
    _, system = cell()
    m = llg.settled(system, jnp.ones(4, int))
    one, other = (llg.flips(system, m, 4, steps=steps) for steps in (30, 400))
    assert good(one)
    np.testing.assert_allclose(one.energy, other.energy, rtol=1e-9)


def test_one_string_gives_the_same_barrier():
    _, system = cell()
    m = llg.settled(system, jnp.ones(4, int))
    found = llg.flips(system, m, 4)
    alone = llg.barrier(system, m, found.end[2], steps=200)
    np.testing.assert_allclose(found.energy[2], alone.energy, rtol=1e-9)


@pytest.mark.slow
def test_the_slope_of_a_barrier_is_its_difference_quotient():
    device, system = cell()
    grains, m = draw(device), llg.settled(system, jnp.ones(4, int))

    def total(k_u):
        changed = eqx.tree_at(lambda d: d.grain.k_u, device, k_u)
        return jnp.sum(llg.flips(changed.system(grains), m, 4).energy) / KT

    k_u, h = device.grain.k_u, 1e-4
    slope = eqx.filter_jit(jax.grad(total))(k_u) * k_u
    value = eqx.filter_jit(total)
    quotient = (value(k_u * (1 + h)) - value(k_u * (1 - h))) / (2 * h)
    np.testing.assert_allclose(slope, quotient, rtol=1e-5)


@pytest.mark.slow
def test_pairs_of_neighbours_turn_together():
    device, system = cell()
    pairs = llg.nearest_pairs(draw(device))
    assert jnp.all(pairs.sum(1) == 2)
    found = llg.flips(system, llg.settled(system, jnp.ones(4, int)), 4, groups=pairs)
    np.testing.assert_array_equal(found.signs < 0, pairs)


def test_a_grain_that_falls_back_has_no_barrier():
    """Lateral exchange so strong that a turned grain is turned back."""
    _, system = cell()
    stronger = system.terms[1].strength.at[:-4].mul(500.0)
    system = eqx.tree_at(lambda s: s.terms[1].strength, system, stronger)
    found = llg.flips(system, llg.settled(system, jnp.ones(4, int)), 4)
    assert jnp.all(jnp.isinf(found.energy))
    assert jnp.all(found.signs == 1)
    assert good(found)


@pytest.mark.slow
def test_a_cell_of_37_grains_converges_in_images_and_steps():
    """To 1e-9 kT from 13 images and 60 steps on, both ways, all grains."""
    _, system = cell(37)
    m = llg.settled(system, jnp.ones(37, int))
    rows = {}
    for images, steps in ((7, 15), (13, 60), (25, 200), (49, 400)):
        found = llg.flips(system, m, 37, images=images, steps=steps)
        assert good(found)
        rows[images, steps] = np.stack([found.energy, found.back]) / KT
    best = rows.pop((49, 400))
    for (images, steps), row in rows.items():
        print(images, steps, np.abs(row - best).max())
    np.testing.assert_allclose(rows[13, 60], best, atol=1e-6)
    assert best.min() > 5
    assert best.max() < 200
