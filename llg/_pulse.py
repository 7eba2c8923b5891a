import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity, Scalar


class Pulse(eqx.Module):
    """One trapezoidal voltage pulse, which starts at time 0.

    `width` is the time between the middles of the edges, as in `Pulses`.
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

    @property
    def end(self) -> Float[Array, ""]:
        """Time at which the falling edge has ended [s]."""
        return self.width + (self.rise + self.fall) / 2

    def voltage_at(self, t: Float[Array, "..."] | float) -> Float[Array, "..."]:
        """Source voltage [V] at time `t` [s]; an abrupt edge is on at both its ends."""
        t = jnp.asarray(t)
        up, down = _edge(t, self.rise), _edge(self.end - t, self.fall)
        return self.voltage * up * down


def _edge(elapsed, duration):
    """How far an edge has risen a time after its start."""
    slanted = duration > 0
    ramp = jnp.clip(elapsed / jnp.where(slanted, duration, 1.0), 0.0, 1.0)
    return jnp.where(slanted, ramp, (elapsed >= 0).astype(ramp.dtype))
