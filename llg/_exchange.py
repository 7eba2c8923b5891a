"""Exchange on a graph of spins."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..data import quantity
from ._bonds import as_bonds, check_bonds
from ._term import AbstractTerm


class Exchange(AbstractTerm):
    r"""Bilinear (Heisenberg) exchange; every undirected bond is listed once.

    $$E = -\sum_{(i, j)} J_{ij}\, m_i \cdot m_j, \qquad
      b_i = \frac{1}{\mu_i} \sum_{j \in (i, j)} J_{ij}\, m_j$$

    Serves lateral exchange, where $J_{ij} = 2 A \ell t / d$ for a boundary of length
    $\ell$ and thickness $t$ between centres at distance $d$, exchange through grain
    boundaries, $J_{ij} = J \ell t$, and exchange between layers, $J_{ij} = J S$ over the
    area $S$. A bond of strength zero pads the list.
    """

    linear: ClassVar[bool] = True
    bonds: Int[Array, "bonds 2"] = eqx.field(converter=as_bonds)
    strength: Float[Array, " bonds"] = quantity("J", doc="energy of a bond")
    moment: Float[Array, " spins"] = quantity("A m^2", above=0, doc="moment")

    def __check_init__(self):
        check_bonds(self)

    def energy(self, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
        """Energy [J]."""
        i, j = self.bonds.T
        return -jnp.sum(self.strength * jnp.sum(m[i] * m[j], -1))

    def field(self, m: Float[Array, "spins 3"]) -> Float[Array, "spins 3"]:
        """Flux density [T]."""
        i, j = self.bonds.T
        weight = self.strength[:, None]
        total = jnp.zeros_like(m).at[i].add(weight * m[j]).at[j].add(weight * m[i])
        return total / self.moment[:, None]
