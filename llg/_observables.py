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
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> Any:
        """The statistic; `circuit` has a leading device axis."""


def _shaped(x, pulses: Pulses):
    return x.reshape(x.shape[0], *pulses.shape, *x.shape[2:])


def _good(level):
    """Which trials ended in a number."""
    return ~jnp.isnan(lax.stop_gradient(level))


class Level(AbstractObservable):
    """Zero-bias conductance at the end of each pulse: `data.Levels`."""

    bins: int = eqx.field(static=True, default=64)
    smooth: ClassVar[bool] = True

    def collect(
        self,
        level: Float[Array, "device points trials"],
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
