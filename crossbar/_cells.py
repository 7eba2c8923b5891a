import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._values import PerLine


class AbstractLaw(eqx.Module):
    """Current of a cell as a function of the voltage across it, from word to bit line.

    It must rise with the voltage.
    """

    @abc.abstractmethod
    def current(
        self, conductance: Float[Array, "m n"], drop: Float[Array, "m n"]
    ) -> Float[Array, "m n"]:
        """Current [A] for the conductance at small bias [S] and the voltage [V]."""

    def slope(self, conductance: Array, drop: Array) -> Array:
        """Differential conductance [S], by differentiation."""
        along = lambda v: self.current(conductance, v)
        return jax.jvp(along, (drop,), (jnp.ones_like(drop),))[1]


class BiasDependence(AbstractLaw):
    r"""A junction whose magnetoresistance falls with bias.

    $G(v) = G_p - (G_p - G) / (1 + v^2 / v_h^2)$: a cell at zero-bias conductance $G$
    tends to the parallel one, which is taken as constant, and is half-way at $v_h$.
    """

    parallel: Scalar = quantity("S", above=0, doc="conductance of the parallel state")
    half: Scalar = quantity("V", above=0, default=0.5, doc="bias that halves TMR")

    def current(self, conductance, drop):
        lost = (self.parallel - conductance) / (1 + (drop / self.half) ** 2)
        return (self.parallel - lost) * drop


class Selector(AbstractLaw):
    r"""A resistor in series with a symmetric threshold selector, solved for the current.

    $v = i / G + v_s \operatorname{asinh}(i / i_s)$, with an exponential selector of
    scale $v_s$.
    """

    scale: Scalar = quantity("V", above=0, default=0.05, doc="voltage of a factor e")
    saturation: Scalar = quantity("A", above=0, default=1e-9, doc="current at its foot")

    def current(self, conductance, drop):
        s, scale = self.saturation, self.scale
        # in u = asinh(i / s) the equation is convex: Newton falls to its root from above
        rest = lambda u, g, v, s, scale: s * jnp.sinh(u) / g + scale * u - v
        rise = lambda u, g, s, scale: s * jnp.cosh(u) / g + scale
        g = jnp.maximum(conductance, jnp.finfo(conductance.dtype).tiny ** 0.5)
        v = jnp.abs(drop)
        g_, v_, s_, scale_ = lax.stop_gradient((g, v, s, scale))

        def newton(u, _):
            return u - rest(u, g_, v_, s_, scale_) / rise(u, g_, s_, scale_), None

        start = jnp.minimum(jnp.arcsinh(v_ * g_ / s_), v_ / scale_)
        u, _ = lax.scan(newton, start, None, length=40)
        u = u - rest(u, g, v, s, scale) / rise(u, g_, s_, scale_)
        return jnp.where(drop < 0, -1, 1) * s * jnp.sinh(u)


class AccessTransistor(AbstractLaw):
    r"""A junction in series with a transistor that the input switches (1T1R).

    The transistor works in its linear region, $i = k\,(v_g - v_t)\,u$, so the cell
    conducts $G k (v_g - v_t) / (G + k (v_g - v_t))$; below threshold it leaks `off`.
    """

    gate: PerLine = quantity("V", doc="gate voltage of each word line, shape (m,)")
    gain: Scalar = quantity("S/V", above=0, default=1e-3, doc="transconductance k")
    threshold: Scalar = quantity("V", default=0.4, doc="threshold voltage")
    off: Scalar = quantity("S", lower=0, default=1e-12, doc="conductance when off")

    def current(self, conductance, drop):
        on = self.gain * jnp.maximum(self.gate - self.threshold, 0) + self.off
        on = jnp.broadcast_to(on, conductance.shape[:1])[:, None]
        return conductance * on / (conductance + on) * drop
