from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity
from ._numbers import check_direction
from ._term import AbstractTerm


class SecondUniaxial(AbstractTerm):
    r"""The second-order part of a uniaxial anisotropy; the first is `Uniaxial`.

    With $c_i = m_i \cdot n_i$ the cosine with the axis, so that $\sin^4 = (1 - c^2)^2$,

    $$E = \sum_i K_{2,i} V_i (1 - c_i^2)^2, \qquad
      b_i = \frac{4 K_{2,i} V_i}{\mu_i} (1 - c_i^2)\, c_i\, n_i$$

    The whole energy density is $K_1 \sin^2 + K_2 \sin^4$, up to a constant.
    """

    linear: ClassVar[bool] = False
    k_u2: Float[Array, "*spins"] = quantity(
        "J/m^3", doc="second-order anisotropy energy density"
    )
    volume: Float[Array, "*spins"] = quantity("m^3", above=0, doc="volume")
    moment: Float[Array, "*spins"] = quantity("A m^2", above=0, doc="moment")
    axis: Float[Array, "*spins 3"] = quantity("1", doc="unit easy axis")

    def __check_init__(self):
        check_direction(self.axis, "axis")

    def energy(self, m: Float[Array, "*spins 3"]) -> Float[Array, ""]:
        """Energy [J]."""
        along = jnp.sum(m * self.axis, -1)
        return jnp.sum(self.k_u2 * self.volume * (1 - along**2) ** 2)

    def field(self, m: Float[Array, "*spins 3"]) -> Float[Array, "*spins 3"]:
        """Flux density [T]."""
        along = jnp.sum(m * self.axis, -1)
        strength = 4 * self.k_u2 * self.volume / self.moment
        return (strength * (1 - along**2) * along)[..., None] * self.axis
