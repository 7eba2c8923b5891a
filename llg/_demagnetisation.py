"""Demagnetisation and dipolar coupling of prisms, exactly."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity
from ._constants import MU_0
from ._newell import check_edges, prism_tensor
from ._term import AbstractTerm


class Demagnetisation(AbstractTerm):
    r"""Self-demagnetisation and mutual dipolar coupling of uniformly magnetised bodies.

    $$b_i = -\mu_0 \sum_j N_{ij} M_j m_j, \qquad
      E = -\tfrac{1}{2} \sum_i V_i M_i\, m_i \cdot b_i$$

    Demagnetisation enters once: through this term. Make it for prisms with
    `Demagnetisation.of_prisms`.
    """

    linear: ClassVar[bool] = True
    tensor: Float[Array, "spins spins 3 3"] = quantity("1", doc="demagnetisation tensor")
    m_s: Float[Array, " spins"] = quantity("A/m", above=0, doc="magnetisation")
    volume: Float[Array, " spins"] = quantity("m^3", above=0, doc="volume")

    @classmethod
    def of_prisms(
        cls,
        centre: Float[Array, "spins 3"],
        edges: Float[Array, "spins 3"],
        m_s: Float[Array, " spins"],
    ) -> "Demagnetisation":
        """The coupling of rectangular prisms, self terms included; needs float64.

        **Arguments:**

        - `centre`, `edges`: Centres and edge lengths, shape `(spins, 3)` [m].
        - `m_s`: Magnetisation, shape `(spins,)` [A/m].
        """
        centre, edges, m_s = map(jnp.asarray, (centre, edges, m_s))
        check_edges(edges=edges)
        for name, value, shape in (
            ("centre", centre, edges.shape),
            ("m_s", m_s, edges.shape[:1]),
        ):
            if value.shape != shape:
                raise ValueError(
                    f"`{name}` must have shape {shape} for {edges.shape[0]} prism(s), "
                    f"got {value.shape}."
                )
        unit = jax.lax.stop_gradient(jnp.max(edges))
        r, a = centre / unit, edges / unit
        offset = r[:, None] - r[None, :]
        over_sources = jax.vmap(prism_tensor, (0, None, 0))
        # One target after the other: all corners of all pairs would take gigabytes.
        row = jax.checkpoint(lambda pair: over_sources(pair[0], pair[1], a))
        tensor = jax.lax.map(row, (offset, a))
        return cls(tensor=tensor, m_s=m_s, volume=jnp.prod(edges, -1))

    def energy(self, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
        """Energy [J]."""
        moment = self.m_s * self.volume
        return -jnp.sum(moment * jnp.sum(m * self.field(m), -1)) / 2

    def field(self, m: Float[Array, "spins 3"]) -> Float[Array, "spins 3"]:
        """Flux density [T]."""
        return -MU_0 * jnp.einsum("ijab,jb->ia", self.tensor, self.m_s[:, None] * m)
