"""Couplings of pairs of spins beyond bilinear exchange; each bond is listed once."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..data import quantity
from ._bonds import as_bonds, check_bonds
from ._term import AbstractTerm


class Biquadratic(AbstractTerm):
    r"""Biquadratic exchange between layers, on the bonds of a graph.

    $$E = \sum_{(i, j)} J_{2,ij}\, (m_i \cdot m_j)^2, \qquad
      b_i = -\frac{2}{\mu_i} \sum_j J_{2,ij}\, (m_i \cdot m_j)\, m_j$$

    A positive strength favours a right angle. The sign is that of
    $E / S = -J_1\, m_1 \cdot m_2 + J_2 (m_1 \cdot m_2)^2$ per area $S$.
    """

    linear: ClassVar[bool] = False
    bonds: Int[Array, "bonds 2"] = eqx.field(converter=as_bonds)
    strength: Float[Array, " bonds"] = quantity("J", doc="energy of a bond")
    moment: Float[Array, " spins"] = quantity("A m^2", above=0, doc="moment")

    def __check_init__(self):
        check_bonds(self)

    @property
    def _ends(self):
        # The time loop holds all leaves in its own floating type.
        return self.bonds.T.astype(jnp.int32)

    def energy(self, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
        """Energy [J]."""
        i, j = self._ends
        return jnp.sum(self.strength * jnp.sum(m[i] * m[j], -1) ** 2)

    def field(self, m: Float[Array, "spins 3"]) -> Float[Array, "spins 3"]:
        """Flux density [T]."""
        i, j = self._ends
        weight = (-2 * self.strength * jnp.sum(m[i] * m[j], -1))[:, None]
        total = jnp.zeros_like(m).at[i].add(weight * m[j]).at[j].add(weight * m[i])
        return total / self.moment[:, None]


class Dzyaloshinskii(AbstractTerm):
    r"""Antisymmetric (Dzyaloshinskii--Moriya) exchange, between layers or within one.

    $$E = \sum_{(i, j)} D_{ij} \cdot (m_i \times m_j), \qquad
      b_i = \frac{1}{\mu_i} \sum_{(i, j)} D_{ij} \times m_j
          - \frac{1}{\mu_i} \sum_{(j, i)} D_{ji} \times m_j$$

    The order of the two spins of a bond matters: swapping them is $D \to -D$.
    """

    linear: ClassVar[bool] = True
    bonds: Int[Array, "bonds 2"] = eqx.field(converter=as_bonds)
    strength: Float[Array, "bonds 3"] = quantity("J", doc="vector D of a bond")
    moment: Float[Array, " spins"] = quantity("A m^2", above=0, doc="moment")

    def __check_init__(self):
        check_bonds(self, 3)

    def energy(self, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
        """Energy [J]."""
        i, j = self.bonds.T
        return jnp.sum(self.strength * jnp.cross(m[i], m[j]))

    def field(self, m: Float[Array, "spins 3"]) -> Float[Array, "spins 3"]:
        """Flux density [T]."""
        i, j = self.bonds.T
        # D . (m_i x m_j) = m_i . (m_j x D) = m_j . (D x m_i)
        total = jnp.zeros_like(m).at[i].add(jnp.cross(self.strength, m[j]))
        total = total.at[j].add(-jnp.cross(self.strength, m[i]))
        return total / self.moment[:, None]
