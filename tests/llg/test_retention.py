"""Retention of held states, from strings to histories."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg

from .cards import small


KT = 1.380649e-23 * 300
GRAINS = 4
UP = np.ones(GRAINS, np.int8)


def system():
    device = small(GRAINS)
    draws = llg.microstructures(device, 1, key=jr.key(0))
    first = jax.tree.map(lambda x: x[0], draws)
    return eqx.filter_jit(lambda device, grains: device.system(grains))(device, first)


def uncoupled(barriers):
    """Columns that turn as one over barriers [J]: all in the grain, no dipoles."""
    plain = system()
    strength = plain.terms[1].strength.at[:-GRAINS].set(0.0).at[-GRAINS:].mul(1e3)
    k_u = jnp.zeros(2 * GRAINS).at[GRAINS:].set(barriers) / plain.terms[0].volume
    return eqx.tree_at(
        lambda s: (s.terms[0].k_u, s.terms[1].strength, s.terms[2].tensor),
        plain,
        (k_u, strength, jnp.zeros_like(plain.terms[2].tensor)),
    )


def turned(*grains):
    return np.where(np.isin(np.arange(GRAINS), grains), -1, 1).astype(np.int8)


def test_pairwise_states_are_exact_next_to_their_reference():
    """Up to the soft layer, which does not care how a state was reached."""
    states = llg.PairwiseMicrostates(system(), GRAINS, UP, attempt=1e9)
    near = np.array([UP, turned(0), turned(2)])
    np.testing.assert_allclose(states.residual(near) / KT, 0.0, atol=1e-6)
    np.testing.assert_allclose(states.cosine(near), states.exact.cosine(near), rtol=1e-9)
    # The barriers of this device are hundreds of kT.
    far = np.array([turned(0, 1), turned(1, 2, 3)])
    exact = states.exact.ways(far).energy
    np.testing.assert_allclose(states.residual(far) / exact, 0.0, atol=0.02)


def test_rates_there_and_back_have_the_ratio_of_equilibrium():
    """Around a loop of four states the energies add up to nothing."""
    states = llg.PairwiseMicrostates(system(), GRAINS, UP, attempt=1e9)
    loop = np.array([UP, turned(0), turned(0, 1), turned(1)])
    ways = states.ways(loop)
    climb = ways.energy - ways.back
    total = climb[0, 0] + climb[1, 1] + climb[2, 0] + climb[3, 1]
    assert abs(total) < 1e-9 * np.abs(climb).max()


def test_levels_leave_their_windows():
    """Of barriers 20, 60 and more only one is crossed; what left is seen."""
    barriers = jnp.array([20.0, 60.0, 70.0, 80.0]) * KT
    states = llg.Microstates(uncoupled(barriers), GRAINS, attempt=1e9)
    circuit = states.system.circuit
    low, high = float(circuit.antiparallel), float(circuit.parallel)
    found = llg.retention(
        states,
        [UP, turned(0)],
        [high - 0.01 * (high - low), 1.01 * high],
        temperatures=[300.0],
        key=jr.key(0),
        horizon=10.0,
        trials=20,
    )
    np.testing.assert_allclose(found.weakest / KT, 20.0, rtol=1e-3)
    np.testing.assert_array_equal(found.grain, 0)
    assert jnp.all(found.failed)
    assert jnp.all(found.left[0, 1] == 0)
    # 1e9 exp(-20) = 2 a second.
    assert 0.2 < float(found.left[0, 0].mean()) < 1.0
    assert float(jnp.abs(found.drift[0])) < high - low


def test_signs_that_are_none_are_refused():
    states = llg.Microstates(system(), GRAINS, attempt=1e9)
    with pytest.raises(ValueError, match="`signs` must be 1 or -1"):
        llg.retention(states, [[0, 1, 1, 1]], [0, 1], temperatures=[300.0], key=jr.key(0))


@pytest.mark.slow
def test_films_of_spread_barriers_fail_as_the_quadrature_says():
    """From energies through strings to ten years; independent grains, |z| < 3."""
    films, median, spread, attempt = 120, 50.0 * KT, 0.1, 1e10
    generator = np.random.default_rng(0)
    window = None
    failed = 0
    for film in range(films):
        barriers = median * np.exp(spread * generator.standard_normal(GRAINS))
        states = llg.Microstates(uncoupled(jnp.asarray(barriers)), GRAINS, attempt=attempt)
        circuit = states.system.circuit
        low, high = float(circuit.antiparallel), float(circuit.parallel)
        window = [high - 0.01 * (high - low), 1.01 * high]
        found = llg.retention(
            states, [UP], window, temperatures=[300.0], key=jr.key(film), trials=1
        )
        failed += int(found.failed.sum())
    one = llg.failure_probability(
        median=median,
        spread=spread,
        attempt=attempt,
        temperature=300.0,
        time=llg.TEN_YEARS,
    )
    wanted = 1 - (1 - float(one)) ** GRAINS
    z = (failed - films * wanted) / np.sqrt(films * wanted * (1 - wanted))
    print(f"failed {failed / films:.4f}, quadrature {wanted:.4f}, z {z:.2f}")
    assert abs(z) < 3
