import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._numbers import known
from ._waveform import AbstractWaveform, Train


class Pulse(eqx.Module):
    """One voltage pulse, which starts at time 0: a trapezoid, or a waveform made of it.

    `width` is the time between the middles of the edges, as in `Pulses`.

    - `waveform`: None, or `llg.Train`, `llg.Sampled`.
    """

    voltage: Scalar = quantity(
        "V", doc="source voltage; positive current drives the free layer to antiparallel"
    )
    width: Scalar = quantity("s", above=0, doc="pulse width at half maximum of the edges")
    rise: Scalar = quantity(
        "s", lower=0, default=0.0, doc="duration of the linear rising edge"
    )
    fall: Scalar = quantity(
        "s", lower=0, default=0.0, doc="duration of the linear falling edge"
    )
    waveform: AbstractWaveform | None = eqx.field(kw_only=True, default=None)

    def __check_init__(self):
        check_form(self.width, self.rise, self.fall, self.waveform)

    @property
    def _single(self) -> Float[Array, ""]:
        return self.width + (self.rise + self.fall) / 2

    @property
    def end(self) -> Float[Array, ""]:
        """Time at which the last falling edge has ended [s]."""
        if self.waveform is None:
            return self._single
        return self._single + self.waveform.extra()

    @property
    def corners(self) -> Float[Array, " corners"]:
        """Times of all kinks and steps of the voltage [s], unsorted."""
        end = self._single
        corners = jnp.stack([self.rise, end - self.fall, end])
        return corners if self.waveform is None else self.waveform.corners(corners, end)

    def voltage_at(self, t: Float[Array, "..."] | float) -> Float[Array, "..."]:
        """Source voltage [V] at time `t` [s]; an abrupt edge is on at both its ends."""
        t, end, height = jnp.asarray(t, float), self._single, self.voltage
        if self.waveform is not None:
            start, factor = self.waveform.place(t, end)
            t, height = t - start, height * factor
        up, down = _edge(t, self.rise), _edge(end - t, self.fall)
        return height * up * down


def check_form(width, rise, fall, waveform: AbstractWaveform | None = None) -> None:
    """Refuses edges that meet below the full height, and trains whose pulses overlap.

    Shapes that go together, of one pulse or of many.
    """
    edges, twice = known(rise + fall), known(2 * width)
    if edges is not None and twice is not None:
        wrong = edges > twice * (1 + 1e-6)
        if np.any(wrong):
            i = int(np.argmax(wrong))
            edges, twice = np.ravel(edges)[i], np.ravel(twice)[i]
            raise ValueError(
                f"`rise` and `fall` must last {twice:g} s together, twice the `width`, or "
                f"less, to reach the voltage, got {edges:g}."
            )
    if not isinstance(waveform, Train) or waveform.count < 2:
        return
    period, longest = known(waveform.period), known(jnp.max(width + (rise + fall) / 2))
    if period is not None and longest is not None and longest > period * (1 + 1e-6):
        raise ValueError(
            f"`period` must be >= {longest:g} s, how long a pulse is with its edges, "
            f"got {period:g}."
        )


def _edge(elapsed, duration):
    """How far an edge has risen a time after its start."""
    slanted = duration > 0
    ramp = jnp.clip(elapsed / jnp.where(slanted, duration, 1.0), 0.0, 1.0)
    return jnp.where(slanted, ramp, (elapsed >= 0).astype(ramp.dtype))
