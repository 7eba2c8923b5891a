"""Shapes of a pulse beyond the trapezoid: trains, rests and sampled waveforms."""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._numbers import check_count


class AbstractWaveform(eqx.Module):
    """What becomes of the trapezoid that amplitude, width and edges describe.

    Times are in any unit, the same throughout: see `scaled`.
    """

    @abstractmethod
    def scaled(self, unit: Float[Array, ""]) -> "AbstractWaveform":
        """The same with times divided by `unit`."""

    @abstractmethod
    def extra(self) -> Float[Array, ""]:
        """How much longer it lasts than one trapezoid."""

    @abstractmethod
    def place(
        self, t: Float[Array, "..."], end: Float[Array, "..."]
    ) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Start of the trapezoid that is on at time `t`, and the factor of its height.

        `end` is the duration of one trapezoid.
        """

    @abstractmethod
    def corners(
        self, corners: Float[Array, " n"], end: Float[Array, ""]
    ) -> Float[Array, " m"]:
        """Where it has kinks, given those of one trapezoid and its duration."""


class Train(AbstractWaveform):
    """Equal pulses, one after the other; the observation is at the end of the last.

    - `count`: number of pulses, static.
    """

    period: Scalar = quantity("s", above=0, doc="time from one pulse to the next")
    count: int = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_count(self.count, "count", 1)

    def scaled(self, unit: Float[Array, ""]) -> "Train":
        """The same with times divided by `unit`."""
        return Train(period=self.period / unit, count=self.count)

    def extra(self) -> Float[Array, ""]:
        """How much longer it lasts than one pulse."""
        return (self.count - 1) * self.period

    def place(
        self, t: Float[Array, "..."], end: Float[Array, "..."]
    ) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Start of the pulse that is on, and 1."""
        number = jnp.clip(jnp.floor(t / self.period), 0, self.count - 1)
        number = jax.lax.stop_gradient(number)
        return number * self.period, jnp.ones_like(t)

    def corners(
        self, corners: Float[Array, " n"], end: Float[Array, ""]
    ) -> Float[Array, " m"]:
        """The kinks of all pulses."""
        start = self.period * jnp.arange(self.count)
        return (start[:, None] + jnp.append(corners, 0.0)[None]).reshape(-1)


class Rest(AbstractWaveform):
    """The pulse itself, looked at after a rest without voltage.

    Under the voltage a part of the device may have turned that falls back when it is over.
    """

    duration: Scalar = quantity("s", above=0, doc="from the end of the pulse to the look")

    def scaled(self, unit: Float[Array, ""]) -> "Rest":
        """The same with times divided by `unit`."""
        return Rest(duration=self.duration / unit)

    def extra(self) -> Float[Array, ""]:
        """The rest."""
        return self.duration

    def place(
        self, t: Float[Array, "..."], end: Float[Array, "..."]
    ) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Zero, and 1."""
        return jnp.zeros_like(t), jnp.ones_like(t)

    def corners(
        self, corners: Float[Array, " n"], end: Float[Array, ""]
    ) -> Float[Array, " m"]:
        """Those of the pulse, and its end."""
        return jnp.append(corners, end)


class Sampled(AbstractWaveform):
    """Heights at equal distances from start to end, joined by straight lines.

    They multiply the trapezoid: `Sampled(values=[0, 1])` is a ramp, and with edges of
    zero duration any waveform is its samples. `Pulse.width` stretches them.
    """

    values: Float[Array, " samples"] = quantity(
        "1", doc="heights in units of the amplitude"
    )

    def __check_init__(self):
        if self.values.ndim != 1 or self.values.shape[0] < 2:
            raise ValueError(
                f"`values` must be two or more heights, got shape {self.values.shape}."
            )

    def scaled(self, unit: Float[Array, ""]) -> "Sampled":
        """The same: heights have no time of their own."""
        return self

    def extra(self) -> Float[Array, ""]:
        """Nothing."""
        return jnp.zeros((), self.values.dtype)

    def place(
        self, t: Float[Array, "..."], end: Float[Array, "..."]
    ) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Zero, and the height at time `t`."""
        last = self.values.shape[0] - 1
        position = jnp.clip(t / end, 0.0, 1.0) * last
        left = jnp.clip(jnp.floor(position), 0, last - 1).astype(jnp.int32)
        left = jax.lax.stop_gradient(left)
        part = position - left
        height = self.values[left] * (1 - part) + self.values[left + 1] * part
        return jnp.zeros_like(t), height

    def corners(
        self, corners: Float[Array, " n"], end: Float[Array, ""]
    ) -> Float[Array, " m"]:
        """The kinks of the trapezoid, and the samples."""
        return jnp.append(corners, end * jnp.linspace(0.0, 1.0, self.values.shape[0]))
