"""The worked example: a term of the user's own in a sweep."""

import runpy

import jax.numpy as jnp
import numpy as np
import pytest

from ..test_packaging import ROOT


EXAMPLE = runpy.run_path(str(ROOT / "examples/own_term.py"))


def test_the_field_of_the_term_is_that_of_cubic_anisotropy():
    """It is -2 K V / mu m_i (1 - m_i^2), up to a part along m."""
    term = EXAMPLE["Cubic"](k_c=2e4, volume=1e-24, moment=1e-18)
    m = jnp.array([[0.6, 0.0, 0.8]])
    expected = -2 * 2e4 * 1e-24 / 1e-18 * m * (1 - m**2)
    np.testing.assert_allclose(
        jnp.cross(m, term.field(m)), jnp.cross(m, expected), atol=1e-12
    )


@pytest.mark.slow
def test_a_term_given_by_its_energy_runs_in_a_sweep():
    """A positive constant makes the pole, the axis, easier: B_k grows by 2 K_c / Ms."""
    shares = [EXAMPLE["switched"](k_c) for k_c in (0.0, 5e4)]
    assert 0 <= shares[1] < shares[0] <= 1
