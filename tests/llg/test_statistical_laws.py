"""What an ensemble must do whatever the code: limits, independence, symmetry."""

import math
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from scipy import constants
from scipy.spatial.transform import Rotation
from scipy.stats import chi2

import mtjax.llg as llg

from .test_fokker_planck_grains import draw, Grains, PULSES


GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
KT = constants.k * 300
UP = jnp.array([0.0, 0.0, 1.0])


class Given(eqx.Module):
    """A device that is one system."""

    given: llg.System

    def system(self, grains: Any) -> llg.System:
        return self.given

    def check(self, grains: Any) -> None:
        """Any draw will do."""


class Trials(llg.AbstractObservable):
    """Keeps every trial."""

    smooth: ClassVar[bool] = True

    def collect(self, level, score, circuit, pulses, start):
        return level[0, 0]


def system(terms, moment, alpha, torque, weight, polariser=UP) -> llg.System:
    one = jnp.asarray(1.0)
    return llg.System(
        terms=terms,
        circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
        moment=moment,
        alpha=alpha,
        torque=torque,
        weight=weight,
        polariser=polariser,
        temperature=300.0,
    )


def levels(given, *, step, time, trials, volts=1.0, settle=0.0, key=0, start=None) -> Any:
    """Level of each trial; times in units of 1 / (gamma * 1 T)."""
    grid = llg.TimeGrid(
        dt=step / GAMMA, steps=math.ceil(time / step) + 1, settle=math.ceil(settle / step)
    )
    pulses = llg.Pulses.product(voltage=volts, width=time / GAMMA)
    return np.asarray(
        llg.sweep(
            Given(given),
            draw(1),
            pulses,
            grid,
            observe=Trials(),
            key=jr.key(key),
            trials=trials,
            start=llg.State.PARALLEL if start is None else start,
        )
    )


def test_rigid_column_is_the_macrospin_of_weighted_moments():
    """Exchange of 14 T beside 1 T, error rate by Fokker-Planck, |z| < 4.

    Torque and damping differ between the spins. Their anisotropy fields do not: with the
    torque on one spin and the anisotropy on the other, the growth rate would change by
    2 * 0.37 T * 0.65 T / 14 T in second order, a quarter of what it is.
    """
    delta, overdrive, tau, trials = 20.0, 2.0, 2.0, 6144
    moment = 2 * delta * KT * jnp.array([0.3, 0.7])  # 1 T for both together
    alpha = jnp.array([0.05, 0.15])
    mean_alpha = float(jnp.sum(alpha * moment) / jnp.sum(moment))
    energy = delta * KT * jnp.array([0.3, 0.7])
    axis = jnp.tile(UP, (2, 1))
    pair = system(
        (
            llg.Uniaxial(k_u=energy, volume=jnp.ones(2), moment=moment, axis=axis),
            llg.Exchange(jnp.array([[0, 1]]), strength=10 * moment[:1], moment=moment),
        ),
        moment,
        alpha,
        torque=jnp.array([overdrive * mean_alpha / 0.3, 0.0]),
        weight=jnp.array([1.0, 0.0]),
    )
    time = tau * (1 + mean_alpha**2) / mean_alpha
    level = levels(pair, step=0.1 / 15, time=time, trials=trials)
    expected = float(llg.write_error_rate(delta, overdrive, tau))
    error = math.sqrt(expected * (1 - expected) / trials)
    assert abs((np.mean(level > 0.5) - expected) / error) < 4


def test_number_of_switched_grains_is_poisson_binomial():
    """Grains without coupling; each is seen through a junction on it alone, chi-square."""
    trials, up = 4000, []
    pulse = llg.Pulses.product(voltage=PULSES.voltage[0], width=PULSES.width[1])
    grid = llg.TimeGrid(dt=5e-13, steps=401, settle=400)
    for seen in np.eye(3):
        device = Grains(delta=20.0, fractions=tuple(map(float, seen)))
        level = llg.sweep(
            device, draw(3), pulse, grid, observe=Trials(), key=jr.key(0), trials=trials
        )
        up.append(np.asarray(level) < 0.5)
    counts = np.bincount(np.sum(up, 0).astype(int), minlength=4)
    closure = llg.granular_closure(Grains(delta=20.0), draw(3), pulse, modes=121)
    expected = trials * np.asarray(closure.counts[0])
    enough = expected > 5
    score = np.sum((counts - expected)[enough] ** 2 / expected[enough])
    assert chi2.sf(score, np.sum(enough) - 1) > 1e-3


def test_grains_of_different_moment_share_one_temperature():
    """Each follows the Langevin function of its own moment, |z| < 4."""
    x, trials = np.array([2.0, 10.0]), 8192
    moment = jnp.asarray(x) * KT  # in 1 T
    axis = jnp.tile(UP, (2, 1))
    for spin in range(2):
        pair = system(
            (llg.Zeeman(b=axis, moment=moment),),
            moment,
            alpha=jnp.array([0.2, 0.3]),
            torque=jnp.zeros(2),
            weight=jnp.zeros(2).at[spin].set(1.0),
        )
        cosine = 2 * levels(pair, step=0.02, time=25.0, trials=trials) - 1
        expected = 1 / math.tanh(x[spin]) - 1 / x[spin]
        variance = 1 + 1 / x[spin] ** 2 - 1 / math.tanh(x[spin]) ** 2
        assert abs(np.mean(cosine) - expected) < 4 * math.sqrt(variance / trials)
        assert abs(np.var(cosine) / variance - 1) < 0.1


def test_rotated_problem_has_rotated_statistics():
    """Turned by any angle about any axis: mean and variance of the level, |z| < 4."""
    turns = ((0, 0, 0), (0, 0, 1.1), (0.5, 0, 0.4), (0, math.pi / 2, 0), (math.pi, 0, 0.3))
    moments, trials = [], 4096
    for key, turn in enumerate(turns):
        rotation = Rotation.from_rotvec(turn)
        vector = lambda *v, r=rotation: jnp.asarray(r.apply(np.array(v)))
        moment = jnp.full(1, 40 * KT)
        tilted = system(
            (
                llg.Uniaxial(
                    k_u=jnp.full(1, 20 * KT),
                    volume=jnp.ones(1),
                    moment=moment,
                    axis=vector(0.1, 0.2, 1.0)[None] / math.sqrt(1.05),
                ),
                llg.Zeeman(b=vector(0.1, 0.0, -0.1)[None], moment=moment),
            ),
            moment,
            alpha=jnp.full(1, 0.1),
            torque=jnp.full(1, 0.2),
            weight=jnp.ones(1),
            polariser=vector(0.0, 0.6, 0.8),
        )
        level = levels(tilted, step=0.1, time=15.0, trials=trials, key=key)
        moments.append(
            (np.mean(level), np.var(level), np.mean((level - level.mean()) ** 4))
        )
    (mean, variance, fourth), *others = moments
    assert 0.2 < mean < 0.8
    for other, spread, _ in others:
        assert abs(other - mean) < 4 * math.sqrt(2 * variance / trials)
        assert abs(spread - variance) < 4 * math.sqrt(2 * (fourth - variance**2) / trials)
