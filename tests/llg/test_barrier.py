import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax.data import Outcome


VOLUME, MOMENT, K = 2e-24, 1.6e-18, 1e5
E0 = K * VOLUME


def system(k, exchange=None, b=(0.0, 0.0, 0.0)):
    n, one = len(k), jnp.asarray(1.0)
    moment, volume = jnp.full(n, MOMENT), jnp.full(n, VOLUME)
    terms = [
        llg.Uniaxial(
            k_u=jnp.array(k),
            volume=volume,
            moment=moment,
            axis=jnp.tile(jnp.array([0.0, 0.0, 1.0]), (n, 1)),
        ),
        llg.Zeeman(b=jnp.tile(jnp.array(b), (n, 1)), moment=moment),
    ]
    if exchange is not None:
        bond, strength = jnp.array([[0, 1]]), jnp.array([exchange])
        terms.append(llg.Exchange(bond, strength=strength, moment=moment))
    return llg.System(
        terms=tuple(terms),
        circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
        moment=moment,
        alpha=jnp.full(n, 0.1),
        torque=jnp.zeros(n),
        weight=jnp.full(n, 1 / n),
        polariser=jnp.array([0.0, 0.0, 1.0]),
        temperature=300.0,
    )


def up(n):
    return jnp.tile(jnp.array([0.0, 0.0, 1.0]), (n, 1))


@pytest.mark.parametrize("h", (0.0, 0.3, -0.6))
def test_macrospin_in_a_field_along_its_axis(h):
    """K V (1 - h)^2 with h against the state, and its derivative by K, V (1 - h^2)."""
    b = -h * 2 * K * VOLUME / MOMENT

    def energy(k):
        found = llg.barrier(system([k], b=(0.0, 0.0, b)), up(1), -up(1), steps=200)
        return found.energy, found

    (value, found), slope = eqx.filter_value_and_grad(energy, has_aux=True)(jnp.asarray(K))
    assert found.outcome == Outcome.successful
    assert np.isclose(value, E0 * (1 - h) ** 2, rtol=1e-9)
    assert np.isclose(found.back, E0 * (1 + h) ** 2, rtol=1e-9)
    assert np.isclose(slope, VOLUME * (1 - h**2), rtol=1e-9)


def test_macrospin_in_an_oblique_field():
    """Against the energy over the angle, in the plane of axis and field."""
    field = 0.4 * 2 * K * VOLUME / MOMENT
    b = (field * np.sin(0.5), 0.0, field * np.cos(0.5))
    found = llg.barrier(system([K], b=b), -up(1), up(1), steps=200)
    angle = np.linspace(-np.pi, np.pi, 2_000_001)
    zeeman = MOMENT * field * np.cos(angle - 0.5)
    energy = -E0 * np.cos(angle) ** 2 - zeeman
    inner = energy[1:-1]
    rests = (inner > energy[:-2]) & (inner > energy[2:])
    minima = (inner < energy[:-2]) & (inner < energy[2:])
    wanted = np.min(inner[rests]) - np.max(inner[minima])
    assert found.outcome == Outcome.successful
    assert np.isclose(found.energy, wanted, rtol=1e-9)


@pytest.mark.parametrize("ratio", (0.2, 0.7))
def test_a_weakly_coupled_pair_flips_one_after_the_other(ratio):
    """To the state of one spin turned around K V + J; back K V - J."""
    pair = system([K, K], exchange=ratio * E0)
    end = up(2).at[0, 2].set(-1.0)
    found = llg.barrier(pair, up(2), end)
    assert found.outcome == Outcome.successful
    assert np.isclose(found.energy, E0 * (1 + ratio), rtol=1e-9)
    assert np.isclose(found.back, E0 * (1 - ratio), rtol=1e-9)


def test_a_strongly_coupled_pair_turns_as_one():
    """The barriers of both add up, the exchange costs nothing."""
    pair = system([K, 0.2 * K], exchange=20 * E0)
    found = llg.barrier(pair, up(2), -up(2), steps=500)
    assert found.outcome == Outcome.successful
    assert np.isclose(found.energy, 1.2 * E0, rtol=1e-9)


def test_a_point_that_falls_two_ways_is_no_saddle():
    """Weak coupling, both turned together: the ridge between two paths."""
    pair = system([K, K], exchange=0.2 * E0)
    found = llg.barrier(pair, up(2), -up(2), steps=50)
    assert found.outcome == Outcome.not_converged


def test_a_state_falls_to_rest():
    m = jnp.array([[0.6, 0.0, 0.8], [-0.6, 0.0, 0.8]])
    found = llg.relax(system([K, K], exchange=0.5 * E0), m)
    assert np.allclose(found, up(2), atol=1e-9)
