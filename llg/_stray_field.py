import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._constants import MU_0
from ._newell import check_edges, prism_tensor


def stray_field(
    centre: Float[Array, "spins 3"],
    edges: Float[Array, "spins 3"],
    source_centre: Float[Array, "sources 3"],
    source_edges: Float[Array, "sources 3"],
    magnetisation: Float[Array, "sources 3"],
) -> Float[Array, "spins 3"]:
    r"""Flux density of fixed layers, averaged over each prism [T]; for `Zeeman`.

    $$b_i = -\mu_0 \sum_s N_{is} M_s$$

    Reference and pinned layers are prisms of opposite magnetisation. Needs float64.

    **Arguments:**

    - `centre`, `edges`: Of the prisms that feel the field, shape `(spins, 3)` [m].
    - `source_centre`, `source_edges`: Of the fixed prisms, shape `(sources, 3)` [m].
    - `magnetisation`: Of the fixed prisms, shape `(sources, 3)` [A/m].
    """
    centre, edges, source_centre, source_edges, magnetisation = map(
        jnp.asarray, (centre, edges, source_centre, source_edges, magnetisation)
    )
    check_edges(edges=edges, source_edges=source_edges)
    for name, value, shape in (
        ("centre", centre, edges.shape),
        ("source_centre", source_centre, source_edges.shape),
        ("magnetisation", magnetisation, source_edges.shape),
    ):
        if value.shape != shape:
            raise ValueError(
                f"`{name}` must have shape {shape} like its edges, got {value.shape}."
            )
    unit = jax.lax.stop_gradient(jnp.max(source_edges))

    def one(position, size):
        offset = (position[None] - source_centre) / unit
        tensor = jax.vmap(prism_tensor, (0, None, 0))(
            offset, size / unit, source_edges / unit
        )
        return -MU_0 * jnp.einsum("sab,sb->a", tensor, magnetisation)

    return jax.vmap(one)(centre, edges)
