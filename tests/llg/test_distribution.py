"""The histogram of the granular closure, against the densities of its grains."""

import importlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtjax import llg
from mtjax.data import Pulses, State

from .test_fokker_planck_grains import draw, Grains, one


_distribution: Any = importlib.import_module("mtjax.llg._distribution")
level_distribution = jax.jit(_distribution.level_distribution, static_argnums=(2, 3))


def shares(density, edges, sign=1.0):
    """Probability of (1 + sign z) / 2 between the edges."""
    above = jax.vmap(density.above)(sign * (2 * jnp.asarray(edges) - 1))
    return -sign * np.diff(above)


@pytest.mark.parametrize("sign", (1.0, -1.0))
@pytest.mark.parametrize("delta, tau", ((29.0, 0.0), (97.0, 0.0), (20.0, 1.5)))
def test_one_grain_is_its_density(delta, tau, sign):
    """To second order in a fine cell: e^-Δ(1 - z^2) falls by 2 Δ / 1024 in one."""
    start = llg.axial_well(delta, modes=141)
    end = llg.axial_evolve(start, delta, -2.0, tau, substeps=4)
    pmf = level_distribution(end.moments[None], jnp.ones(1), sign, 256)
    wanted = shares(end, np.linspace(0, 1, 257), sign)
    assert np.max(np.abs(pmf - wanted)) < 2 * (2 * delta / 1024) ** 2 / 12
    np.testing.assert_allclose(jnp.sum(pmf), 1.0, rtol=1e-11)


def test_sum_of_grains_is_the_convolution_of_their_densities():
    """Against point masses in the middle of 3e4 cells, whose own spread is smaller."""
    share, cells, bins = np.array([0.11, 0.17, 0.2, 0.24, 0.28]), 2**15, 64
    ends = [
        llg.axial_evolve(
            llg.axial_well(delta, modes=141), delta, -1.6, 2.0 + delta / 20, substeps=4
        )
        for delta in (15.0, 18.0, 20.0, 22.0, 25.0)
    ]
    moments = jnp.stack([end.moments for end in ends])
    pmf = level_distribution(moments, jnp.asarray(share), 1.0, bins)
    total = np.ones(1)
    for end, part in zip(ends, share, strict=True):
        x = np.minimum(np.arange(int(np.ceil(part * cells)) + 1) / (part * cells), 1.0)
        total = np.convolve(total, shares(end, x))
    middle = (np.arange(total.size) + 2.5) / cells
    wanted = np.histogram(middle, np.linspace(0, 1, bins + 1), weights=total)[0]
    assert np.max(np.abs(pmf - wanted)) < 1e-4
    assert np.max(wanted) > 0.03


def test_histogram_is_differentiable_in_the_shares():
    density = llg.axial_evolve(llg.axial_well(20.0, modes=101), 20.0, -1.6, 2.0)
    both = jnp.stack([density.moments] * 2)

    def mean(part):
        pmf = level_distribution(both, jnp.stack([part, 1 - part]), 1.0, 64)
        return jnp.sum(pmf * (jnp.arange(64) + 0.5) ** 2)

    slope = (mean(0.3 + 1e-4) - mean(0.3 - 1e-4)) / 2e-4
    assert abs(jax.grad(mean)(0.3) / slope - 1) < 1e-4


def test_closure_of_one_grain_has_the_histogram_of_its_density():
    pulses = Pulses.product(voltage=0.0, width=1e-10)
    closure = llg.granular_closure(
        one(), draw(1), pulses, start=State.ANTIPARALLEL, modes=121
    )
    found = llg.fokker_planck(one(), pulses, start=State.ANTIPARALLEL, modes=121)
    wanted = shares(found.density(), closure.levels.edges, -1.0)
    np.testing.assert_allclose(closure.levels.histogram[0], wanted, atol=1e-4)


def test_bins_as_fine_as_the_grid_are_refused():
    pulses = Pulses.product(voltage=0.0, width=1e-10)
    with pytest.raises(ValueError, match="`bins` must divide 256, got 512"):
        llg.granular_closure(Grains(delta=20.0), draw(3), pulses, bins=512)
