"""Strings of states that fall over a landscape (the simplified string method)."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from ._landscape import Landscape, unit
from ._modes import _plane


Count = int | Int[Array, ""]


def straight(start, end, images: int) -> Float[Array, "images spins 3"]:
    """A string on which each spin turns on its great circle, see `_turn`."""
    return jax.vmap(lambda s: _turn(start, end, s))(jnp.linspace(0, 1, images))


def fallen(
    landscape: Landscape, path: Float[Array, "images spins 3"], steps: Count
) -> Float[Array, "images spins 3"]:
    """The string after `steps` descents of its states, its ends held.

    The states are kept at equal distances. E, Ren and Vanden-Eijnden, J. Chem. Phys.
    126, 164103 (2007), section III.
    """
    first, last = path[0], path[-1]

    def step(_, path):
        path = evenly(jax.vmap(landscape.descend)(path), len(path))
        return path.at[0].set(first).at[-1].set(last)

    return lax.fori_loop(0, steps, step, path)


def top(landscape: Landscape, path: Float[Array, "images spins 3"]):
    """The highest state of a string, between its images by a parabola."""
    energy = jax.vmap(landscape.energy)(path)
    i = jnp.clip(jnp.argmax(energy), 1, len(path) - 2)
    below, here, above = energy[i - 1], energy[i], energy[i + 1]
    bend = 2 * here - below - above
    share = jnp.where(bend > 0, (above - below) / (2 * jnp.where(bend > 0, bend, 1.0)), 0.0)
    share = jnp.clip(share, -1.0, 1.0)
    side = jnp.where(share < 0, path[i - 1], path[i + 1])
    return unit((1 - jnp.abs(share)) * path[i] + jnp.abs(share) * side)


def evenly(path: Float[Array, "some spins 3"], images: int):
    """The same curve with `images` states at equal distances."""
    flat = path.reshape(len(path), -1)
    gaps = jnp.linalg.norm(jnp.diff(flat, axis=0), axis=1)
    place = jnp.concatenate([jnp.zeros(1), jnp.cumsum(gaps)])
    even = jnp.linspace(0, place[-1], images)
    left = jnp.sum(place[None, 1:-1] <= even[:, None], 1)
    gap = jnp.maximum(place[left + 1] - place[left], 1e-300)
    share = jnp.clip((even - place[left]) / gap, 0.0, 1.0)[:, None]
    moved = (1 - share) * flat[left] + share * flat[left + 1]
    return unit(moved.reshape(images, *path.shape[1:]))


def _turn(start, end, share):
    """Each spin on its great circle; of spins turned around, on one they share."""
    cosine = jnp.sum(start * end, -1)
    aside = end - cosine[:, None] * start
    across = _plane(start)[0]
    # Spins that turn around do so to one side.
    side = jnp.where(jnp.sum(across * across[:1], -1) < 0, -1.0, 1.0)[:, None] * across
    length = jnp.linalg.norm(aside, axis=-1, keepdims=True)
    around = (length < 1e-3) & (cosine < 0)[:, None]
    direction = jnp.where(around, side, aside / jnp.maximum(length, 1e-300))
    angle = share * jnp.arctan2(length[:, 0], cosine)[:, None]
    return jnp.cos(angle) * start + jnp.sin(angle) * direction
