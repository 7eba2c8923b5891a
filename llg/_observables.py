"""What a sweep keeps of its trials."""

import enum
from abc import abstractmethod
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import Levels, PulseEnergies, Pulses, State, Switching, SwitchingTimes
from ._junction import Circuit
from ._numbers import check_count


class Watch(enum.Enum):
    """What an observable is given of each trial."""

    LEVEL = "level"  # at the end of the pulse
    TIME = "time"  # when the level first passed one half [s], infinite if it did not
    ENERGY = "energy"  # that the source gave [J]


class AbstractObservable(eqx.Module):
    """Makes a statistic of the level that each trial reached.

    A level is `(G - G_AP) / (G_P - G_AP)`, with the zero-bias conductance at the end of
    the pulse (interpolated linearly between two steps). Trials that end in NaN are left
    out: `trials` of the statistic counts the others.
    """

    smooth: eqx.AbstractClassVar[bool]
    watches: ClassVar[Watch] = Watch.LEVEL

    @abstractmethod
    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"] | None,
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> Any:
        """The statistic; `circuit` has a leading device axis.

        `score` is zero, and carries the derivative of each trial's log-likelihood; None
        where that is not asked for. An observable that `watches` something else is given
        that instead of levels, see `Watch`.
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
    if score is None:
        return 0.0
    values, number = lax.stop_gradient(values), jnp.sum(good, -1)
    mean = jnp.sum(values, -1, where=good) / jnp.maximum(number, 1)
    excess = jnp.where(good, values - mean[..., None], 0.0)
    return jnp.sum(excess * score, -1) / jnp.maximum(number - 1, 1)


class Level(AbstractObservable):
    """Zero-bias conductance at the end of each pulse: `data.Levels`."""

    bins: int = eqx.field(static=True, default=64)
    smooth: ClassVar[bool] = True

    def __check_init__(self):
        check_count(self.bins, "bins", 1)

    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"] | None,
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
        counts = jnp.zeros((*trials.shape, self.bins), int)
        device, point = jnp.ogrid[: trials.shape[0], : trials.shape[1]]
        counts = counts.at[device[..., None], point[..., None], index].add(good)
        return Levels(
            start=start,
            pulses=pulses,
            trials=_shaped(trials, pulses),
            mean=_shaped(antiparallel[:, None] + window * mean, pulses),
            variance=_shaped(window**2 * variance, pulses),
            histogram=_shaped(counts, pulses),
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
        score: Float[Array, "device points trials"] | None,
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> Switching:
        """Counts, whole numbers; with a score, floating ones that carry a derivative."""
        level, good = lax.stop_gradient(level), _good(level)
        passed = level < 0.5 if start is State.PARALLEL else level > 0.5
        trials, switched = jnp.sum(good, -1), jnp.sum(passed, -1)
        if score is not None:
            switched = switched + trials * _scored(passed.astype(float), score, good)
        return Switching(
            start=start,
            pulses=pulses,
            trials=_shaped(trials, pulses),
            switched=_shaped(switched, pulses),
        )


class Lost(AbstractObservable):
    """Which trials ended in NaN, shape `(device, *pulses, trials)`.

    `llg.trajectory` with the number of such a trial shows where it went wrong.
    """

    smooth: ClassVar[bool] = True

    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"] | None,
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> Array:
        """One truth value for each trial."""
        return _shaped(~_good(level), pulses)


class SwitchingTime(AbstractObservable):
    """When the level first passed one half: `data.SwitchingTimes`.

    One row for each trial, the last axis of `(device, *pulses, trials)` fastest. A trial
    that did not switch is censored at the end of its pulse; one that ended in NaN as soon
    as it began. Known to one time step.
    """

    smooth: ClassVar[bool] = False
    watches: ClassVar[Watch] = Watch.TIME

    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"] | None,
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> SwitchingTimes:
        """Rows of event and censoring."""
        time, good = lax.stop_gradient(level), _good(level)
        of_points = lambda x: jnp.broadcast_to(x.reshape(1, -1, 1), time.shape)
        voltage = of_points(pulses.mesh("voltage"))
        end = pulses.mesh("width") + (pulses.mesh("rise") + pulses.mesh("fall")) / 2
        switched = jnp.isfinite(time)
        given_up = jnp.where(good, of_points(end), jnp.finfo(jnp.float32).tiny)
        time = jnp.where(switched, time, given_up)
        rows = (x.reshape(-1) for x in (voltage, time, switched.astype(int)))
        return SwitchingTimes(start, *rows)


class Energy(AbstractObservable):
    r"""Energy that the source gives in each pulse: `data.PulseEnergies`.

    $\int V_s I\, dt$, summed over the time steps with the state before each: known to
    what a step changes. As `llg.pulse_energy`, without the charge of the capacitor, and
    without a spin-orbit line. Has no derivative.
    """

    smooth: ClassVar[bool] = False
    watches: ClassVar[Watch] = Watch.ENERGY

    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"] | None,
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> PulseEnergies:
        """Moments over the trials."""
        energy, good = lax.stop_gradient(level), _good(level)
        number = jnp.sum(good, -1)
        mean = jnp.sum(energy, -1, where=good) / jnp.maximum(number, 1)
        excess = jnp.where(good, energy - mean[..., None], 0.0)
        variance = jnp.sum(excess**2, -1) / jnp.maximum(number - 1, 1)
        shaped = (_shaped(x, pulses) for x in (number, mean, variance))
        return PulseEnergies(start, pulses, *shaped)
