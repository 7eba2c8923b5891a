"""Trials that end in NaN are counted, located and kept out, in the derivative too."""

from concurrent.futures import Executor, Future
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import data, llg

from .test_macrospin import magnet


class Trap(llg.AbstractTerm):
    """No field at all, until a spin leans over to one side: then NaN."""

    linear: ClassVar[bool] = False
    beyond: data.Scalar = data.quantity("1")

    def energy(self, m):
        return jnp.where(jnp.max(m[:, 0]) > self.beyond, jnp.nan, 0.0)

    def field(self, m):
        return jnp.where(m[:, :1] > self.beyond, jnp.nan, 0.0) * m


class Trapped(eqx.Module):
    """A macrospin with a trap."""

    magnet: llg.Macrospin
    beyond: data.Scalar = data.quantity("1")

    def system(self, grains: Any) -> llg.System:
        system = self.magnet.system(grains)
        trap = Trap(beyond=self.beyond)
        return eqx.tree_at(lambda s: s.terms, system, (*system.terms, trap))

    def check(self, grains: Any) -> None:
        """Any draw will do."""


TRIALS = 64
GRID = llg.TimeGrid(dt=1e-13, steps=120)
OBSERVE = (llg.Level(), llg.Switched(), llg.Lost())


def run(alpha: Any, beyond: float, gradient: Any, trials=TRIALS, **kwargs) -> Any:
    device = eqx.tree_at(lambda d: d.alpha, magnet(), jnp.asarray(alpha))
    pulses = llg.Pulses.product(voltage=jnp.array([0.3, 0.4]), width=1.05e-11)
    observe = OBSERVE if isinstance(gradient, llg.Score) else OBSERVE[::2]
    return llg.sweep(
        Trapped(device, beyond=beyond),
        device.samples(1),
        pulses,
        GRID,
        observe=observe,
        key=jr.key(3),
        trials=trials,
        gradient=gradient,
        **kwargs,
    )


@pytest.fixture(scope="module")
def beyond() -> float:
    """A trap that catches some trials, not many."""
    return 0.4


@pytest.mark.parametrize("gradient", (llg.Pathwise(), llg.Score()))
def test_lost_trials_are_counted_located_and_kept_out(beyond, gradient):
    def total(alpha):
        found = run(alpha, beyond, gradient)
        return 1e3 * jnp.sum(found[0].mean), found

    (value, found), slope = jax.value_and_grad(total, has_aux=True)(0.2)
    lost = found[-1]
    assert lost.shape == (1, 2, TRIALS)
    assert 0 < jnp.sum(lost) < TRIALS / 4
    for statistic in found[:-1]:
        np.testing.assert_array_equal(statistic.trials, TRIALS - jnp.sum(lost, -1))
    assert np.isfinite(value)
    assert np.isfinite(slope)


def test_the_derivative_is_that_of_the_trials_that_are_left(beyond):
    def total(alpha):
        return 1e3 * jnp.sum(run(alpha, beyond, llg.Pathwise(), dtype=jnp.float64)[0].mean)

    quotient = (total(0.2 + 1e-6) - total(0.2 - 1e-6)) / 2e-6
    np.testing.assert_allclose(jax.grad(total)(0.2), quotient, rtol=1e-5)


class Backwards(Executor):
    """Runs what it is given only when asked for the first result, the last one first."""

    def __init__(self):
        self.waiting = []

    def submit(self, fn, /, *args, **kwargs):
        executor, waiting = self, self.waiting

        class Late(Future):
            def result(self, timeout=None):
                executor.work()
                return super().result(timeout)

        future = Late()
        waiting.append((future, fn, args, kwargs))
        return future

    def work(self):
        for future, fn, args, kwargs in reversed(self.waiting):
            future.set_result(fn(*args, **kwargs))
        self.waiting.clear()


def test_no_order_of_the_blocks_changes_a_bit():
    def total(alpha, executor):
        return jnp.sum(run(alpha, 2.0, llg.Score(), 1500, executor=executor)[0].mean)

    slope = jax.value_and_grad(total)
    plain, backwards = slope(0.2, None), slope(0.2, Backwards())
    np.testing.assert_array_equal(plain, backwards)
