import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity, Scalar


class Neuron(eqx.Module):
    r"""Mean voltage of a superparamagnetic junction at a current: an activation V(I).

    $$V = I R_P \Big(1 + \frac{p\, \mathrm{TMR}}{1 + (V / V_h)^2}\Big), \quad
    p = \frac{1}{1 + e^{-(I - I_0) / I_w}},$$

    where p is the share of time in the antiparallel state, and $I_w = I_c / 2\Delta$ of a
    `Superparamagnet`.
    """

    parallel: Scalar = quantity("Ohm", above=0, doc="parallel resistance")
    tmr: Scalar = quantity("1", lower=0, doc="tunnel magnetoresistance ratio at zero bias")
    half: Scalar = quantity("V", above=0, doc="voltage that halves the TMR")
    centre: Scalar = quantity("A", doc="current of equal dwell times")
    width: Scalar = quantity("A", above=0, doc="width of the transition")

    def _excess(self, voltage, current):
        p = jax.nn.sigmoid((current - self.centre) / self.width)
        ratio = 1 + p * self.tmr / (1 + (voltage / self.half) ** 2)
        return voltage - current * self.parallel * ratio

    def voltage(self, current: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """Voltage [V] at `current` [A], the one root of the equation; differentiable.

        The root lies between the voltages of no and of full magnetoresistance, is found
        by bisection, and carries the derivative of the implicit function.
        """
        current = jnp.asarray(current)
        model, at = jax.lax.stop_gradient((self, current))
        a = at * model.parallel
        low, high = jnp.minimum(a, a * (1 + model.tmr)), jnp.maximum(a, a * (1 + model.tmr))

        def halve(_, ends):
            low, high = ends
            middle = 0.5 * (low + high)
            above = model._excess(middle, at) > 0
            return jnp.where(above, low, middle), jnp.where(above, middle, high)

        low, high = jax.lax.fori_loop(0, 60, halve, (low, high))
        v = jax.lax.stop_gradient(0.5 * (low + high))
        _, slope = jax.jvp(lambda v: model._excess(v, at), (v,), (jnp.ones_like(v),))
        return v - self._excess(v, current) / slope
