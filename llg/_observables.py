"""What a sweep keeps of its trials."""

from abc import abstractmethod
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import Levels, Pulses, State, Switching
from ._junction import Circuit


class AbstractObservable(eqx.Module):
    """Makes a statistic of the level that each trial reached.

    A level is `(G - G_AP) / (G_P - G_AP)`, with the zero-bias conductance at the end of
    the pulse (interpolated linearly between two steps). Trials that end in NaN are left
    out: `trials` of the statistic counts the others.
    """

    smooth: eqx.AbstractClassVar[bool]

    @abstractmethod
    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"],
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> Any:
        """The statistic; `circuit` has a leading device axis.

        `score` is zero, and carries the derivative of each trial's log-likelihood.
        """


def _shaped(x, pulses: Pulses):
    return x.reshape(x.shape[0], *pulses.shape, *x.shape[2:])


def _good(level):
    """Which trials ended in a number."""
    return ~jnp.isnan(lax.stop_gradient(level))


def _scored(values, score, good):
    """The derivative of the mean of `values` that the likelihood of the trials has.

    Each trial is compared with the mean of the others, so that there is no bias.
    """
    values, number = lax.stop_gradient(values), jnp.sum(good, -1)
    mean = jnp.sum(values, -1, where=good) / jnp.maximum(number, 1)
    excess = jnp.where(good, values - mean[..., None], 0.0)
    return jnp.sum(excess * score, -1) / jnp.maximum(number - 1, 1)


class Level(AbstractObservable):
    """Zero-bias conductance at the end of each pulse: `data.Levels`."""

    bins: int = eqx.field(static=True, default=64)
    smooth: ClassVar[bool] = True

    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"],
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> Levels:
        """Moments and histogram over the trials; counts carry no gradient."""
        parallel = jnp.broadcast_to(circuit.parallel, level.shape[:1])
        antiparallel = jnp.broadcast_to(circuit.antiparallel, level.shape[:1])
        window = (parallel - antiparallel)[:, None]
        good = _good(level)
        trials = jnp.sum(good, -1)
        level = jnp.where(good, level, 0.0)
        mean = jnp.sum(level, -1) / jnp.maximum(trials, 1)
        deviation = jnp.where(good, level - mean[..., None], 0.0)
        variance = jnp.sum(deviation**2, -1) / jnp.maximum(trials - 1, 1)
        mean += _scored(level, score, good)
        variance += _scored(deviation**2, score, good)
        edges = jnp.linspace(0.0, 1.0, self.bins + 1)
        index = jnp.floor(lax.stop_gradient(level) * self.bins).astype(int)
        index = jnp.clip(index, 0, self.bins - 1)
        one_hot = jax.nn.one_hot(index, self.bins, dtype=int) * good[..., None]
        return Levels(
            start=start,
            pulses=pulses,
            trials=_shaped(trials, pulses),
            mean=_shaped(antiparallel[:, None] + window * mean, pulses),
            variance=_shaped(window**2 * variance, pulses),
            histogram=_shaped(jnp.sum(one_hot, 2), pulses),
            edges=edges,
            parallel=parallel,
            antiparallel=antiparallel,
        )


class Switched(AbstractObservable):
    """Whether the level passed one half by the end of the pulse: `data.Switching`."""

    smooth: ClassVar[bool] = False

    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"],
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> Switching:
        """Counts; they carry no gradient."""
        level = lax.stop_gradient(level)
        passed = level < 0.5 if start is State.PARALLEL else level > 0.5
        return Switching(
            start=start,
            pulses=pulses,
            trials=_shaped(jnp.sum(_good(level), -1), pulses),
            switched=_shaped(jnp.sum(passed, -1), pulses),
        )
