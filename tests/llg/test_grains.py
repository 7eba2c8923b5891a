"""Grains whose soft layer is split, and films with fewer grains than the static number."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import llg

from .cards import small


def split(number: int, grains: int = 4) -> llg.GranularJunction:
    """A small device with a split soft layer."""
    device = small(grains)
    soft = device.soft
    values = {
        name: getattr(soft, name) for name in ("m_s", "thickness", "alpha", "k_u", "a_ex")
    }
    return eqx.tree_at(lambda d: d.soft, device, llg.SoftLayer(**values, split=number))


system_of = eqx.filter_jit(lambda device, draw: device.system(draw))


def first(draws: llg.Microstructure) -> llg.Microstructure:
    return jax.tree.map(lambda x: x[0], draws)


@pytest.mark.parametrize("number", (4, 9))
def test_soft_cells_lie_under_their_grains_and_cover_the_film(number):
    draws = llg.microstructures(split(number, 9), 2, key=jr.key(0))
    assert draws.split == number
    assert draws.soft is not None
    np.testing.assert_allclose(draws.soft.fraction.sum(-1), 1.0, rtol=1e-12)
    below = draws.soft.fraction.reshape(2, number, 9).sum(1)
    np.testing.assert_allclose(below, draws.fraction, rtol=0.25)
    cells = draws.soft.centre.reshape(2, number, 9, 2)
    inside = jnp.linalg.norm(cells - draws.centre[:, None], axis=-1)
    assert float(inside.max()) < 1 / 3
    # The grains themselves are those of the device that is not split.
    plain = llg.microstructures(small(9), 2, key=jr.key(0))
    np.testing.assert_array_equal(plain.anisotropy, draws.anisotropy)


def test_a_split_layer_has_the_moment_energy_and_torque_of_the_whole():
    """All spins alike: exchange is constant, areas add up."""
    whole, parts = small(), split(4)
    a = system_of(whole, first(llg.microstructures(whole, 1, key=jr.key(0))))
    b = system_of(parts, first(llg.microstructures(parts, 1, key=jr.key(0))))
    assert b.moment.shape == (20,)
    np.testing.assert_allclose(b.moment.sum(), a.moment.sum(), rtol=1e-9)
    np.testing.assert_allclose(b.weight.sum(), 1.0, rtol=1e-12)
    torque = lambda s: float(jnp.sum(s.torque * s.moment))
    np.testing.assert_allclose(torque(b), torque(a), rtol=1e-9)
    turned = lambda s, v: float(s.energy(jnp.broadcast_to(v, (s.moment.shape[0], 3))))
    up, aside = jnp.array([0.0, 0.0, 1.0]), jnp.array([1.0, 0.0, 0.0])
    cost = lambda s: turned(s, aside) - turned(s, up)
    # Squares of the same area have other demagnetising fields than their parts.
    np.testing.assert_allclose(cost(b), cost(a), rtol=0.1)
    between: Any = lambda s, n: float(s.terms[1].strength[-n:].sum())
    np.testing.assert_allclose(between(b, 16), between(a, 4), rtol=1e-9)


def test_padding_changes_nothing_that_counts():
    """Field on the real spins, cosine and level, with and without grains of padding."""
    device = small(9)
    draws = llg.microstructures(device, 1, key=jr.key(0), grains=6)
    assert draws.grains == 9
    bare = jax.tree.map(lambda x: x, first(draws))
    keep = lambda x: x[:6]
    bare = llg.Microstructure(
        centre=keep(bare.centre),
        fraction=keep(bare.fraction),
        bonds=bare.bonds,
        boundary=bare.boundary,
        distance=bare.distance,
        anisotropy=keep(bare.anisotropy),
        area=keep(bare.area),
    )
    # `grain.size` counts on the static number: the same hard area for six grains.
    fewer = eqx.tree_at(lambda d: d.grain.size, device, device.grain.size * np.sqrt(9 / 6))
    padded, plain = system_of(device, first(draws)), system_of(fewer, bare)
    m = jr.normal(jr.key(1), (18, 3))
    real = np.r_[0:6, 9:15]
    np.testing.assert_allclose(
        padded.field(m)[real], plain.field(m[real]), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(padded.weight[real], plain.weight)
    assert float(padded.weight.sum()) == pytest.approx(1.0)
    assert float(padded.moment.min()) > 0


@pytest.mark.slow
def test_films_of_different_numbers_of_grains_run_in_one_sweep():
    device = small(9)
    draws = llg.concatenated(
        [llg.microstructures(device, 1, key=jr.key(k), grains=6 + k) for k in (0, 3)]
    )
    assert (draws.number, draws.grains) == (2, 9)
    levels = llg.sweep(
        device,
        draws,
        llg.Pulses.product(voltage=jnp.array([0.0]), width=2e-12),
        llg.TimeGrid(dt=1e-13, steps=30),
        observe=llg.Level(),
        key=jr.key(1),
        trials=3,
    )
    window = levels.parallel - levels.antiparallel
    assert jnp.all(jnp.abs(levels.mean[:, 0] - levels.parallel) < 0.2 * window)


@pytest.mark.parametrize(
    "device, draws, sentence",
    (
        (small(9), (small(16), {}), "must have 9 grains.*got 16"),
        (small(9), (small(4), {}), "got 4; `.padded` adds more"),
        (split(4), (small(4), {}), "must have 4 soft cells per grain.*got 1"),
        (small(9), (small(9), {"grains": 12}), "from 4 to the device's 9, got 12"),
    ),
)
def test_other_films_are_refused_in_a_sentence(device, draws, sentence):
    other, options = draws
    with pytest.raises(ValueError, match=sentence):
        device.check(llg.microstructures(other, 1, key=jr.key(0), **options))


def test_what_cannot_be_split_or_padded_is_refused():
    with pytest.raises(ValueError, match="`split` must be 1, 4 or 9, got 2"):
        split(2)
    draws = llg.microstructures(small(9), 1, key=jr.key(0))
    with pytest.raises(ValueError, match="`grains` must be >= 9"):
        draws.padded(4)
