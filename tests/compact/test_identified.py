"""Data that do not identify a model: the outcome says so, whatever the model."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import pytest

import mtjax.compact as compact
import mtjax.data as data

from .helpers import GRANULAR, levels, PULSES, SWITCHING, switching
from .simulate import (
    BREAKDOWN,
    breakdown,
    POPULATION,
    SPIN_ORBIT,
    spin_orbit,
    TIMES,
    times,
    UPDATE,
    update,
)
from .test_macrospin import simulate as both_directions, TRUTH


ONE_WIDTH = data.Pulses.product(voltage=PULSES.voltage, width=2e-9)


def never(statistics):
    return eqx.tree_at(lambda s: s.switched, statistics, 0 * statistics.switched)


def always(statistics):
    return eqx.tree_at(lambda s: s.switched, statistics, 1 * statistics.trials)


def one_never(sets):
    return sets[0], never(sets[1])


def still(steps):
    return eqx.tree_at(lambda s: s.after, steps, steps.before)


def flat(sample):
    return eqx.tree_at(lambda s: s.mean, sample, jnp.full_like(sample.mean, 2e-4))


FREE, NONE = data.Outcome.singular, data.Outcome.no_maximum
CASES = {
    "switching, never": (SWITCHING, never, switching, NONE),
    "switching, always": (SWITCHING, always, switching, NONE),
    "macrospin, one never": (
        TRUTH,
        one_never,
        both_directions,
        NONE,
    ),
    "macrospin, times all censored": (TIMES, never, times, NONE),
    "spin-orbit, always": (SPIN_ORBIT, always, spin_orbit, NONE),
    "breakdown, none": (BREAKDOWN, never, breakdown, NONE),
    "update, nothing moves": (UPDATE, still, update, NONE),
    "levels, saturated": (GRANULAR, flat, levels, NONE),
    "population, saturated": (POPULATION, flat, levels, NONE),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_known_before_the_fit(case):
    model, spoil, simulate, outcome = CASES[case]
    sample = simulate(jr.key(0))
    assert model.identified(sample) == data.Outcome.successful
    assert model.identified(spoil(sample)) == outcome


@pytest.mark.parametrize("model", (GRANULAR, POPULATION))
def test_a_single_width_leaves_the_delay_of_levels_free(model):
    assert model.identified(levels(jr.key(0), pulses=ONE_WIDTH)) == FREE


def macrospin_counts(voltage, width, switched):
    pulses = data.Pulses.product(voltage=jnp.array(voltage), width=jnp.array(width))
    counts = jnp.asarray(switched, int)[None]
    trials = jnp.full(counts.shape, 100)
    return data.Switching(data.State.PARALLEL, pulses, trials, counts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sample",
    (
        macrospin_counts([0.5], [1e-8, 2e-8], [[30, 60]]),
        macrospin_counts([0.4, 0.5], [1e-8], [[30], [60]]),
        macrospin_counts([0.4, 0.5, 0.6], [1e-8, 1e-7], [[0, 0], [0, 50], [100, 100]]),
    ),
    ids=("one voltage", "one width, two voltages", "one mixed point"),
)
def test_nothing_at_infinity_is_called_a_success(sample):
    fit = compact.fit(compact.MacrospinSwitching.start(sample), sample)
    assert fit.outcome != data.Outcome.successful
