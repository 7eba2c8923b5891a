"""Grains of a film: topology and draws, made on the host."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.cluster.vq import kmeans2
from scipy.spatial import KDTree, Voronoi

from ._kinds import check_key, show
from ._numbers import check_count


if TYPE_CHECKING:
    from ._granular import GranularJunction


class SoftCells(eqx.Module):
    """Cells of the soft layer that are finer than the grains above them.

    Cell `j * grains + i` lies under grain `i`. Shapes and units are those of
    `Microstructure`, with `split * grains` cells.
    """

    centre: Float[Array, "*device cells 2"]
    fraction: Float[Array, "*device cells"]
    bonds: Int[Array, "*device cellbonds 2"]
    boundary: Float[Array, "*device cellbonds"]
    distance: Float[Array, "*device cellbonds"]


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
    - `soft`: cells of the soft layer; None if they are those of the grains.

    A grain of fraction zero is padding, see `padded`.
    """

    centre: Float[Array, "*device grains 2"]
    fraction: Float[Array, "*device grains"]
    bonds: Int[Array, "*device bonds 2"]
    boundary: Float[Array, "*device bonds"]
    distance: Float[Array, "*device bonds"]
    anisotropy: Float[Array, "*device grains"]
    area: Float[Array, "*device grains"]
    soft: SoftCells | None = None

    @property
    def number(self) -> int:
        """Number of draws."""
        return self.fraction.shape[0]

    @property
    def grains(self) -> int:
        """Number of grains of each draw."""
        return self.fraction.shape[-1]

    @property
    def split(self) -> int:
        """Cells of the soft layer under each grain."""
        return 1 if self.soft is None else self.soft.fraction.shape[-1] // self.grains

    def padded(self, grains: int) -> "Microstructure":
        """The same draws with grains of fraction zero up to a number of `grains`.

        They carry no current, share no boundary and have no stray field, so that films of
        different numbers of grains go into one sweep, see `concatenated`.
        """
        more = grains - self.grains
        if more < 0:
            raise ValueError(
                f"`grains` must be >= {self.grains}, which there are already, got {grains}."
            )

        def pad(x, axis):
            width = [(0, 0)] * x.ndim
            width[axis] = (0, more)
            return jnp.pad(x, width)

        lines = lambda x: pad(x, -1)
        soft = None if self.soft is None else _padded(self.soft, self.grains, more)
        return Microstructure(
            centre=pad(self.centre, -2),
            fraction=lines(self.fraction),
            bonds=self.bonds,
            boundary=self.boundary,
            distance=self.distance,
            anisotropy=lines(self.anisotropy),
            area=lines(self.area),
            soft=soft,
        )


def _padded(soft: SoftCells, grains: int, more: int) -> SoftCells:
    """Cells for more grains, with the numbers that they then have."""

    def pad(x, last):
        lead, cells = x.shape[: x.ndim - last - 1], x.shape[x.ndim - last - 1 :]
        rows = x.reshape(*lead, -1, grains, *cells[1:])
        width = [(0, 0)] * rows.ndim
        width[len(lead) + 1] = (0, more)
        return jnp.pad(rows, width).reshape(*lead, -1, *cells[1:])

    row, column = jnp.divmod(soft.bonds, grains)
    return SoftCells(
        centre=pad(soft.centre, 1),
        fraction=pad(soft.fraction, 0),
        bonds=row * (grains + more) + column,
        boundary=soft.boundary,
        distance=soft.distance,
    )


def concatenated(draws: Sequence[Microstructure]) -> Microstructure:
    """Draws of several numbers of grains as one, padded to the largest."""
    most = max(draw.grains for draw in draws)
    draws = [draw.padded(most) for draw in draws]

    def join(*leaves):
        # Lists of bonds have lengths of their own; bonds of length zero pad them.
        longest = max(leaf.shape[1] for leaf in leaves)
        wide = lambda x: [(0, 0), (0, longest - x.shape[1])] + [(0, 0)] * (x.ndim - 2)
        return jnp.concatenate([jnp.pad(leaf, wide(leaf)) for leaf in leaves])

    joined = jax.tree.map(join, *draws)
    # A distance of zero would divide by zero.
    apart = lambda x: jnp.where(x > 0, x, 1.0)
    joined = eqx.tree_at(lambda m: m.distance, joined, replace_fn=apart)
    if joined.soft is not None:
        joined = eqx.tree_at(lambda m: m.soft.distance, joined, replace_fn=apart)
    return joined


def microstructures(
    device: "GranularJunction",
    number: int,
    *,
    key: Array,
    relaxations: int = 3,
    grains: int | None = None,
) -> Microstructure:
    """Draws the grains of `number` devices: Voronoi cells of relaxed random seeds.

    Runs on the host, outside gradients. The number of grains is that of the device,
    `round(side**2 / grain.size**2)`, the same for all draws.

    **Arguments:**

    - `device`: Gives the number of grains, and how the soft layer is split; nothing else
        of it is used.
    - `number`: How many draws.
    - `key`: A JAX key.
    - `relaxations`: Lloyd steps (seed to centroid) that even out the sizes.
    - `grains`: How many to draw, if fewer than the device's; the rest is padding.
    """
    if not hasattr(device, "grains"):
        raise ValueError(f"`device` must be a granular junction, got {show(device)}.")
    check_count(number, "number", 1)
    check_key(key)
    words = np.asarray(jax.random.bits(key, (4,), jnp.uint32))
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(words.tobytes())))
    most = device.grains
    grains = most if grains is None else grains
    check_count(grains, "grains", 1)
    if not 4 <= grains <= most:
        raise ValueError(f"`grains` must be from 4 to the device's {most}, got {grains}.")
    split = device.soft.split
    draws = [_draw(grains, relaxations, generator) for _ in range(number)]
    # Last, so that the grains are the same however the soft layer is split.
    parts = [_film(_parts(seeds, split, generator)) for seeds, _ in draws if split > 1]
    stack = lambda parts: [jnp.asarray(np.stack(leaf)) for leaf in zip(*parts, strict=True)]
    soft = SoftCells(*stack(parts)) if parts else None
    return Microstructure(*stack([draw for _, draw in draws]), soft=soft).padded(most)


def _draw(grains: int, relaxations: int, generator: np.random.Generator):
    seeds = generator.random((grains, 2))
    for _ in range(relaxations):
        seeds, *_ = cells(seeds)
    film = _film(seeds)
    anisotropy, area = generator.standard_normal((2, grains))
    return seeds, (*film, anisotropy, area)


def _film(seeds: np.ndarray):
    """Centroids, areas, bonds, boundaries and distances of the cells of seeds."""
    centre, fraction, pairs, lengths = cells(seeds)
    # A planar graph has fewer than 3 n bonds.
    padding = 3 * len(seeds) - len(pairs)
    bonds = np.concatenate([pairs, np.zeros((padding, 2), int)])
    boundary = np.concatenate([lengths, np.zeros(padding)])
    distance = np.linalg.norm(centre[bonds[:, 0]] - centre[bonds[:, 1]], axis=-1)
    distance[len(pairs) :] = 1.0
    return centre, fraction, bonds.astype(np.int32), boundary, distance


def _parts(seeds: np.ndarray, split: int, generator: np.random.Generator) -> np.ndarray:
    """Seeds that cut each cell into `split` parts: k-means of points in the cell."""
    parts = np.empty((split, len(seeds), 2))
    points = generator.random((200 * split * len(seeds), 2))
    owner = KDTree(seeds).query(points)[1]
    for i in range(len(seeds)):
        mine = points[owner == i]
        parts[:, i] = kmeans2(mine, split, iter=20, minit="++", rng=generator)[0]
    return parts.reshape(-1, 2)


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
