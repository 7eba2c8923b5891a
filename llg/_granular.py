import equinox as eqx
import jax.core
import jax.numpy as jnp
import numpy as np

from ..data import quantity, require_x64, Scalar
from ._demagnetisation import Demagnetisation
from ._exchange import Exchange
from ._junction import Junction
from ._local_terms import Uniaxial
from ._microstructure import Microstructure
from ._system import System


class SoftLayer(eqx.Module):
    """The laterally continuous layer at the barrier; it takes the torque.

    - `split`: spins of this layer under each grain, static: 1, 4 or 9.
    """

    m_s: Scalar = quantity("A/m", above=0, doc="magnetisation")
    thickness: Scalar = quantity("m", above=0, doc="thickness")
    alpha: Scalar = quantity("1", lower=0, doc="Gilbert damping")
    k_u: Scalar = quantity("J/m^3", doc="intrinsic uniaxial anisotropy")
    a_ex: Scalar = quantity("J/m", lower=0, doc="exchange stiffness")
    split: int = eqx.field(static=True, kw_only=True, default=1)

    def __check_init__(self):
        if self.split not in (1, 4, 9):
            raise ValueError(f"`split` must be 1, 4 or 9, got {self.split}.")


class GrainLayer(eqx.Module):
    """The hard layer of separate grains on top of the soft layer."""

    m_s: Scalar = quantity("A/m", above=0, doc="magnetisation")
    thickness: Scalar = quantity("m", above=0, doc="thickness")
    alpha: Scalar = quantity("1", lower=0, doc="Gilbert damping")
    k_u: Scalar = quantity("J/m^3", doc="median intrinsic uniaxial anisotropy")
    k_u_spread: Scalar = quantity(
        "1", lower=0, doc="standard deviation of ln of the anisotropy"
    )
    size: Scalar = quantity("m", above=0, doc="edge of the square of a grain's mean area")
    size_spread: Scalar = quantity(
        "1", lower=0, doc="standard deviation of ln of the size, beyond the Voronoi cells"
    )
    j_boundary: Scalar = quantity(
        "J/m^2", lower=0, doc="exchange through the boundary of two grains"
    )


class GranularJunction(eqx.Module):
    """A square tunnel junction whose free layer is a graph of two-spin columns.

    Each grain has one hard spin and, below it, one spin of the soft layer (or 4, or 9),
    which is laterally continuous (exchange `2 A l t / d` across a boundary). Grains are
    prisms of square base at the centroids of their cells, coupled by their exact dipolar
    fields; demagnetisation enters there and nowhere else. The easy axis and the reference
    layer point along `z`. All columns share the voltage of one junction.
    """

    soft: SoftLayer
    grain: GrainLayer
    junction: Junction
    j_interlayer: Scalar = quantity(
        "J/m^2", doc="bilinear exchange between a grain and the soft layer"
    )
    side: Scalar = quantity("m", above=0, doc="side of the square junction")
    temperature: Scalar = quantity("K", lower=0, doc="temperature", default=300.0)

    @property
    def grains(self) -> int:
        """The static number of grains, `round(side**2 / grain.size**2)`."""
        ratio = np.asarray(self.side) / np.asarray(self.grain.size)
        return max(4, round(float(ratio) ** 2))

    def system(self, grains: Microstructure) -> System:
        """The spins of one draw: first the soft spins, then the grains.

        **Arguments:**

        - `grains`: One draw, that is a `Microstructure` without its leading axis.
        """
        require_x64("The dipolar coupling of grains")
        soft, hard = self.soft, self.grain
        number = grains.fraction.shape[-1]
        cells = grains if grains.soft is None else grains.soft
        under = jnp.arange(cells.fraction.shape[-1]) % number  # the grain of a cell
        real = grains.fraction > 0
        exists = jnp.concatenate([real[under], real])
        both = lambda a, b: jnp.concatenate(
            [jnp.broadcast_to(a, under.shape), jnp.broadcast_to(b, (number,))]
        )
        # A grain of padding has an area, and no part in anything.
        mean = self.side**2 / number
        soft_area = jnp.where(real[under], self.side**2 * cells.fraction, mean)
        spread = grains.fraction * jnp.exp(2 * hard.size_spread * grains.area)
        hard_area = hard.size**2 * number * spread / jnp.sum(spread)
        hard_area = jnp.where(real, hard_area, mean)
        area = both(soft_area, hard_area)
        thickness = both(soft.thickness, hard.thickness)
        m_s = both(soft.m_s, hard.m_s)
        volume = area * thickness
        moment = m_s * volume
        k_u = both(soft.k_u, hard.k_u * jnp.exp(hard.k_u_spread * grains.anisotropy))
        axis = jnp.zeros((volume.shape[0], 3)).at[:, 2].set(1.0)

        height = both(soft.thickness / 2, soft.thickness + hard.thickness / 2)
        aside = jnp.where(real, 0.0, 2.0 + jnp.arange(number))[:, None]
        lateral = [cells.centre + aside[under], grains.centre + aside]
        lateral = self.side * jnp.concatenate(lateral)
        centre = jnp.concatenate([lateral, height[:, None]], 1)
        edge = jnp.sqrt(area)
        edges = jnp.stack([edge, edge, thickness], 1)
        dipoles = Demagnetisation.of_prisms(centre, edges, m_s)
        seen = (exists[:, None] & exists[None, :])[..., None, None]
        tensor = jnp.where(seen, dipoles.tensor, 0.0)
        dipoles = eqx.tree_at(lambda d: d.tensor, dipoles, tensor)

        columns = jnp.stack([jnp.arange(under.shape[0]), under + under.shape[0]], 1)
        bonds = jnp.concatenate([cells.bonds, grains.bonds + under.shape[0], columns])
        aspect = cells.boundary / cells.distance
        below = jnp.zeros(number).at[under].add(cells.fraction)
        share = cells.fraction / jnp.where(real, below, 1.0)[under]
        contact = jnp.where(real[under], hard_area[under] * share, mean)
        strength = jnp.concatenate(
            [
                2 * soft.a_ex * soft.thickness * aspect,
                hard.j_boundary * hard.thickness * self.side * grains.boundary,
                self.j_interlayer * contact,
            ]
        )
        return System(
            terms=(
                Uniaxial(k_u=k_u, volume=volume, moment=moment, axis=axis),
                Exchange(bonds, strength=strength, moment=moment),
                dipoles,
            ),
            moment=moment,
            alpha=both(soft.alpha, hard.alpha),
            torque=both(self.junction.torque_per_volt(soft.m_s, soft.thickness), 0.0),
            weight=jnp.concatenate([cells.fraction, jnp.zeros(number)]),
            polariser=jnp.array([0.0, 0.0, 1.0]),
            temperature=self.temperature,
            circuit=self.junction.circuit(self.side**2),
        )

    def check(self, grains: Microstructure) -> None:
        """Refuses draws that are not of this device."""
        if isinstance(self.side, jax.core.Tracer) or isinstance(
            self.grain.size, jax.core.Tracer
        ):
            return
        if grains.grains != self.grains:
            hint = "; `.padded` adds more" if grains.grains < self.grains else ""
            raise ValueError(
                f"`microstructures` must have {self.grains} grains, as `side` and "
                f"`grain.size` say, got {grains.grains}{hint}."
            )
        if grains.split != self.soft.split:
            raise ValueError(
                f"`microstructures` must have {self.soft.split} soft cells per grain, as "
                f"`soft.split` says, got {grains.split}."
            )
