"""Kinetic Monte Carlo over microstates against the master equation."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.stats

import mtjax.llg as llg


KT = 1.380649e-23 * 300


class Table:
    """Grains with energies and saddles of their own, and a coupling of pairs."""

    missed = 0

    def __init__(self, field, coupling, saddle, attempt=1e9):
        self.field, self.coupling, self.saddle = field, coupling, saddle
        self.attempt = attempt
        one = jnp.asarray(1.0)
        self.system = llg.System(
            terms=(),
            circuit=llg.Circuit(2 * one, one, one, jnp.asarray(0.0)),
            moment=jnp.ones(1),
            alpha=jnp.ones(1),
            torque=jnp.zeros(1),
            weight=jnp.ones(1),
            polariser=jnp.array([0.0, 0.0, 1.0]),
            temperature=300.0,
        )

    def ways(self, signs):
        half = signs * (self.field + signs @ self.coupling)
        attempt = np.full(signs.shape, self.attempt)
        saddle = np.broadcast_to(self.saddle, signs.shape)
        return llg.Ways(saddle + half, saddle - half, attempt, attempt)

    def go(self, signs, grain):
        after = signs.copy()
        after[np.arange(len(after)), grain] *= -1
        return after

    def cosine(self, signs):
        return signs.mean(1)

    def generator(self, temperature=300.0):
        """Rates between all states, and the states."""
        grains = len(self.saddle)
        states = np.array(list(itertools.product((1, -1), repeat=grains)), np.int8)
        ways = self.ways(states)
        rate = ways.attempt * np.exp(-ways.energy / (1.380649e-23 * temperature))
        matrix = np.zeros((len(states), len(states)))
        for i, j in itertools.product(range(len(states)), range(grains)):
            after = self.go(states[i : i + 1], np.array([j]))
            k = int(np.nonzero((states == after).all(1))[0][0])
            matrix[i, k] += rate[i, j]
        return matrix - np.diag(matrix.sum(1)), states


def sample():
    """Barriers of 22 to 45 kT: from some flips a second to one in centuries."""
    coupling = np.zeros((5, 5))
    for i, j, w in ((0, 1, 0.8), (1, 2, -0.6), (2, 3, 0.5), (3, 4, 0.7), (0, 4, -0.4)):
        coupling[i, j] = coupling[j, i] = w * KT
    field = np.array([0.3, -0.5, 0.2, 0.6, -0.2]) * KT
    return Table(field, coupling, np.array([22.0, 30.0, 34.0, 38.0, 41.0]) * KT)


@pytest.mark.parametrize("horizon", (1e5, 3e6))
def test_histories_follow_the_master_equation(horizon):
    """Of the last state and of the first exit, against the exponential of the rates."""
    table, trials = sample(), 600
    matrix, states = table.generator()
    start = np.ones((trials, 5), np.int8)
    # Two turned grains are one too many.
    window = np.tile([0.1, 1.1], (trials, 1))
    found = llg.histories(table, start, window, horizon, 300.0, np.random.default_rng(0))
    # Of flips that 1e9 attempts and 22 kT make in the time, few are made.
    assert found.flips.mean() < 1e5
    inside = states.mean(1) > 0.1
    kept = scipy.linalg.expm(matrix[np.ix_(inside, inside)] * horizon)[0].sum()
    z = (np.isinf(found.left).sum() - trials * kept) / np.sqrt(trials * kept * (1 - kept))
    last = scipy.linalg.expm(matrix * horizon)[0]
    names = {tuple(s): i for i, s in enumerate(states.tolist())}
    counts = np.bincount([names[tuple(s)] for s in found.signs.tolist()], minlength=32)
    often = last * trials > 5
    seen = np.append(counts[often], counts[~often].sum())
    wanted = np.append(last[often], last[~often].sum()) * trials
    p = scipy.stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue
    print(f"kept {kept:.3f} z {z:.2f} p {p:.3f} flips {found.flips.mean():.0f}")
    assert abs(z) < 3
    assert p > 1e-3


def test_histories_that_are_not_followed_end_where_they_leave():
    table, trials = sample(), 400
    matrix, states = table.generator()
    start = np.ones((trials, 5), np.int8)
    window = np.tile([0.1, 1.1], (trials, 1))
    generator = np.random.default_rng(0)
    found = llg.histories(table, start, window, 1e5, 300.0, generator, follow=False)
    left = np.isfinite(found.left)
    np.testing.assert_array_equal(table.cosine(found.signs) <= 0.1, left)
    inside = states.mean(1) > 0.1
    kept = scipy.linalg.expm(matrix[np.ix_(inside, inside)] * 1e5)[0].sum()
    z = (np.sum(~left) - trials * kept) / np.sqrt(trials * kept * (1 - kept))
    assert abs(z) < 3


def test_a_distribution_of_barriers_fails_as_its_quadrature_says():
    """Independent grains, log-normal barriers: ten years, |z| < 3."""
    devices, grains = 800, 4
    median, spread, attempt = 50.0 * KT, 0.1, 1e10
    generator = np.random.default_rng(1)
    barriers = median * np.exp(spread * generator.standard_normal((devices, grains)))
    zero = np.zeros(grains)

    failed = 0
    for row in barriers:
        table = Table(zero, np.zeros((grains, grains)), row, attempt)
        found = llg.histories(
            table,
            np.ones((1, grains), np.int8),
            np.array([[0.9, 1.1]]),
            llg.TEN_YEARS,
            300.0,
            generator,
        )
        failed += np.isfinite(found.left[0])
    one = llg.failure_probability(
        median=median,
        spread=spread,
        attempt=attempt,
        temperature=300.0,
        time=llg.TEN_YEARS,
    )
    wanted = 1 - (1 - float(one)) ** grains
    z = (failed - devices * wanted) / np.sqrt(devices * wanted * (1 - wanted))
    print(f"failed {failed / devices:.4f}, quadrature {wanted:.4f}, z {z:.2f}")
    assert abs(z) < 3
