import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Pulses, State


def polarity(start: State) -> float:
    """Sign of the voltage that switches away from `start`."""
    return 1.0 if start is State.PARALLEL else -1.0


def threshold_at(
    width: Float[Array, "*pulses"], threshold: Float[Array, ""], delay: Float[Array, ""]
) -> Float[Array, "*pulses"]:
    r"""Voltage that switches half at pulse `width`, $V_c(t) = V_{c0} (1 + t_0 / t)$ [V].

    The law of the precessional regime: spin angular momentum is conserved, so the rate
    of switching is proportional to the excess of the voltage (Koch, Katine, Sun, Phys.
    Rev. Lett. 92, 088302, 2004).
    """
    return threshold * (1 + delay / width)


def log_drive(
    voltage: Float[Array, "*pulses"],
    width: Float[Array, "*pulses"],
    start: State,
    threshold: Float[Array, ""],
    delay: Float[Array, ""],
) -> Float[Array, "*pulses"]:
    r"""Drive $\ln(V / V_c(t))$ of a pulse; the other polarity does not drive at all."""
    v = polarity(start) * voltage
    v = jnp.where(v > 0, v, 1e-9)
    return jnp.log(v / threshold_at(width, threshold, delay))


def grid(pulses: Pulses) -> tuple[Float[Array, "*pulses"], Float[Array, "*pulses"]]:
    """Voltage [V] and width [s] at every point of the grid."""
    return pulses.mesh("voltage"), pulses.mesh("width")
