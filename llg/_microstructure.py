"""Grains of a film: topology and draws, made on the host."""

from typing import TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.spatial import Voronoi


if TYPE_CHECKING:
    from ._granular import GranularJunction


class Microstructure(eqx.Module):
    """Draws of a granular film, one per leading index: no material value enters.

    Lengths are in units of the side of the square junction. Grains share boundaries; a
    list of bonds has a static length and is padded by bonds of length zero.

    - `centre`: centroids, shape `(device, grains, 2)`.
    - `fraction`: areas as fractions of the junction, shape `(device, grains)`.
    - `bonds`: neighbouring pairs, shape `(device, bonds, 2)`, each pair once.
    - `boundary`, `distance`: length of the shared boundary and distance of the
      centroids, shape `(device, bonds)`.
    - `anisotropy`, `area`: standard normal draws of the grains, `(device, grains)`.
    """

    centre: Float[Array, "*device grains 2"]
    fraction: Float[Array, "*device grains"]
    bonds: Int[Array, "*device bonds 2"]
    boundary: Float[Array, "*device bonds"]
    distance: Float[Array, "*device bonds"]
    anisotropy: Float[Array, "*device grains"]
    area: Float[Array, "*device grains"]

    @property
    def number(self) -> int:
        """Number of draws."""
        return self.fraction.shape[0]

    @property
    def grains(self) -> int:
        """Number of grains of each draw."""
        return self.fraction.shape[-1]


def microstructures(
    device: "GranularJunction", number: int, *, key: Array, relaxations: int = 3
) -> Microstructure:
    """Draws the grains of `number` devices: Voronoi cells of relaxed random seeds.

    Runs on the host, outside gradients. The number of grains is that of the device,
    `round(side**2 / grain.size**2)`, the same for all draws.

    **Arguments:**

    - `device`: Gives the number of grains; nothing else of it is used.
    - `number`: How many draws.
    - `key`: A JAX key.
    - `relaxations`: Lloyd steps (seed to centroid) that even out the sizes.
    """
    if number < 1:
        raise ValueError(f"`number` must be >= 1, got {number}.")
    words = np.asarray(jax.random.bits(key, (4,), jnp.uint32))
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(words.tobytes())))
    draws = [_draw(device.grains, relaxations, generator) for _ in range(number)]
    return Microstructure(
        *(jnp.asarray(np.stack(leaf)) for leaf in zip(*draws, strict=True))
    )


def _draw(grains: int, relaxations: int, generator: np.random.Generator):
    seeds = generator.random((grains, 2))
    for _ in range(relaxations):
        seeds, *_ = cells(seeds)
    centre, fraction, pairs, lengths = cells(seeds)
    # A planar graph has fewer than 3 n bonds.
    padding = 3 * grains - len(pairs)
    bonds = np.concatenate([pairs, np.zeros((padding, 2), int)])
    boundary = np.concatenate([lengths, np.zeros(padding)])
    distance = np.linalg.norm(centre[bonds[:, 0]] - centre[bonds[:, 1]], axis=-1)
    distance[len(pairs) :] = 1.0
    anisotropy, area = generator.standard_normal((2, grains))
    return centre, fraction, bonds.astype(np.int32), boundary, distance, anisotropy, area


def cells(seeds: np.ndarray):
    """Centroids, areas and shared boundaries of the Voronoi cells in the unit square.

    Seeds mirrored in the four sides make the square's sides boundaries of cells.
    """
    number = len(seeds)
    mirrored = [seeds]
    for axis in (0, 1):
        for wall in (0.0, 1.0):
            image = seeds.copy()
            image[:, axis] = 2 * wall - image[:, axis]
            mirrored.append(image)
    diagram = Voronoi(np.concatenate(mirrored))
    centre, area = np.empty((number, 2)), np.empty(number)
    for i in range(number):
        corners = diagram.vertices[diagram.regions[diagram.point_region[i]]]
        corners = corners[np.argsort(np.arctan2(*(corners - seeds[i]).T))]
        after = np.roll(corners, -1, axis=0)
        cross = corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]
        area[i] = abs(cross.sum()) / 2
        centre[i] = ((corners + after) * cross[:, None]).sum(0) / (3 * cross.sum())
    inside = (diagram.ridge_points < number).all(axis=1)
    pairs = diagram.ridge_points[inside]
    ends = np.asarray(diagram.ridge_vertices)[inside]
    lengths = np.linalg.norm(
        diagram.vertices[ends[:, 0]] - diagram.vertices[ends[:, 1]], axis=-1
    )
    return centre, area, pairs, lengths
