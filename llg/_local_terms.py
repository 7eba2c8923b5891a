"""Terms in which a spin feels only itself."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity
from ._numbers import check_direction
from ._term import AbstractTerm


class Uniaxial(AbstractTerm):
    r"""Uniaxial anisotropy with an axis for every spin.

    $$E = -\sum_i K_i V_i (m_i \cdot n_i)^2, \qquad
      b_i = \frac{2 K_i V_i}{\mu_i} (m_i \cdot n_i)\, n_i$$

    The anisotropy is the intrinsic one: demagnetisation is a term of its own.

    - `effective`: whether demagnetisation is in the strength already; a `System` then
      refuses a term of demagnetisation.
    """

    linear: ClassVar[bool] = True
    effective: bool = eqx.field(static=True, kw_only=True, default=False)
    k_u: Float[Array, "*spins"] = quantity("J/m^3", doc="anisotropy energy density")
    volume: Float[Array, "*spins"] = quantity("m^3", above=0, doc="volume")
    moment: Float[Array, "*spins"] = quantity("A m^2", above=0, doc="moment")
    axis: Float[Array, "*spins 3"] = quantity("1", doc="unit easy axis")

    def __check_init__(self):
        check_direction(self.axis, "axis")

    def energy(self, m: Float[Array, "*spins 3"]) -> Float[Array, ""]:
        """Energy [J]."""
        along = jnp.sum(m * self.axis, -1)
        return -jnp.sum(self.k_u * self.volume * along**2)

    def field(self, m: Float[Array, "*spins 3"]) -> Float[Array, "*spins 3"]:
        """Flux density [T]."""
        along = jnp.sum(m * self.axis, -1)
        strength = 2 * self.k_u * self.volume / self.moment
        return (strength * along)[..., None] * self.axis


class Zeeman(AbstractTerm):
    r"""An applied flux density.

    $$E = -\sum_i \mu_i\, m_i \cdot b_i$$
    """

    linear: ClassVar[bool] = True
    b: Float[Array, "*spins 3"] = quantity("T", doc="applied flux density at each spin")
    moment: Float[Array, "*spins"] = quantity("A m^2", above=0, doc="moment")

    def energy(self, m: Float[Array, "*spins 3"]) -> Float[Array, ""]:
        """Energy [J]."""
        return -jnp.sum(self.moment * jnp.sum(m * self.b, -1))

    def field(self, m: Float[Array, "*spins 3"]) -> Float[Array, "*spins 3"]:
        """Flux density [T]."""
        return self.b + 0 * m
