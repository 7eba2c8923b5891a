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
        """Voltage [V] at `current` [A], the one root of the equation.

        It lies between the voltages of no and of full magnetoresistance, is found by
        Newton steps kept between them, and carries the derivatives of the implicit
        function, of any order.
        """
        return _root(self, jnp.asarray(current))


@jax.custom_jvp
def _root(model, current):
    a = current * model.parallel
    low, high = jnp.minimum(a, a * (1 + model.tmr)), jnp.maximum(a, a * (1 + model.tmr))
    share = jax.nn.sigmoid((current - model.centre) / model.width)
    scale, inverse = a * share * model.tmr, 1 / model.half**2

    def nearer(_, at):
        v, low, high = at
        lorentz = 1 / (1 + v * v * inverse)
        error = v - a - scale * lorentz
        slope = 1 + 2 * scale * v * inverse * lorentz * lorentz
        low, high = jnp.where(error > 0, low, v), jnp.where(error > 0, v, high)
        moved = v - error / slope
        outside = (moved < low) | (moved > high)
        return jnp.where(outside, 0.5 * (low + high), moved), low, high

    return jax.lax.fori_loop(0, 12, nearer, (0.5 * (low + high), low, high))[0]


@_root.defjvp
def _implicit(at, rates):
    model, current = at
    v = _root(model, current)
    _, change = jax.jvp(lambda m, i: m._excess(v, i), at, rates)
    _, slope = jax.jvp(lambda v: model._excess(v, current), (v,), (jnp.ones_like(v),))
    return v, -change / slope
