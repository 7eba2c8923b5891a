import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import State
from ._junction import Junction
from ._macrospin import MacrospinSwitching
from ._temperature import MagneticTemperature


class SwitchingJunction(eqx.Module):
    """What a circuit designer places: I(V, state, T) and the two switching rates.

    The model that `verilog_a` and `ngspice` export.
    """

    junction: Junction
    switching: MacrospinSwitching
    law: MagneticTemperature

    def current(
        self,
        voltage: Float[Array, "*n"],
        state: Float[Array, "*n"],
        temperature: Float[Array, "*n"],
    ) -> Float[Array, "*n"]:
        """Current [A]; see `Junction`."""
        return self.junction.current(voltage, state, temperature)

    def rate(
        self, voltage: Float[Array, ""], start: State, temperature: Float[Array, ""]
    ) -> Float[Array, ""]:
        """Rate [1/s] of leaving `start` at a steady `voltage` [V] and `temperature` [K]."""
        return self.law.at(self.switching, jnp.asarray(temperature)).rate(voltage, start)
