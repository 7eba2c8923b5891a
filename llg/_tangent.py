"""The tangents of a block: its forward mode, for a few parameters."""

import dataclasses
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ._assemble import Assembled
from ._block import advance_scored, initial, pairs_needed, Samples, thermal_of_two
from ._simulate import gather


def pushforward(
    system: Assembled,
    samples: Samples,
    directions: list[tuple[Assembled, dict[str, Array | None]]],
    relaxation: Float[Array, ""] | None,
    settle: int,
    axial: bool = False,
) -> tuple[Float[Array, " batch"], tuple]:
    """`cosines`, and their derivative along each of the directions.

    With a `relaxation`, a derivative is a pair: that of the cosines and that of the
    logarithms of the likelihood.

    **Arguments:**

    - `directions`: Tangents of the system, and of samples by the names of their fields,
        the same names in all. None is for what a direction does not move.
    """
    floats = {name: getattr(samples, name) for name in directions[0][1]}
    moving = lambda x, *along: None if all(y is None for y in along) else x
    moves = jax.tree.map(moving, (system, floats), *directions, is_leaf=lambda x: x is None)
    zeros = jax.tree.map(jnp.zeros_like, moves)
    if "stretch" not in floats:
        samples = dataclasses.replace(samples, stretch=None)

    def whole(moved):
        return eqx.combine(moved[0], system), dataclasses.replace(samples, **moved[1])

    def first(moved):
        m, seen = initial(*whole(moved))
        return m, seen if relaxation is None else (seen, jnp.zeros_like(seen))

    def step(moved, state, k, xi):
        system, samples = whole(moved)
        return advance_scored(system, samples, settle, relaxation, axial, state, k, xi)

    def pushed(push, direction, *more):
        """`push`, which is linear, along a direction, without what that does not move."""
        # Its own derivative: there, what does not move is a zero that JAX knows of.
        full = lambda moved, *more: push(eqx.combine(moved, zeros), *more)
        return jax.jvp(full, (direction, *more), (direction, *more))[1]

    def pair(index, carry):
        for half, xi in enumerate(thermal_of_two(system, samples, index)):
            state, tangents = carry
            now = partial(step, k=2 * index + half, xi=xi)
            state, push = jax.linearize(now, moves, state)
            # What the directions share, or XLA computes it again for each.
            push = jax.tree.map(lax.optimization_barrier, push)
            carry = state, tuple(map(partial(pushed, push), directions, tangents))
        return carry

    state, push = jax.linearize(first, moves)
    carry = state, tuple(pushed(push, direction) for direction in directions)
    (_, seen), tangents = lax.fori_loop(0, pairs_needed(samples, settle), pair, carry)
    slopes = tuple(tangent[1] for tangent in tangents)
    return seen if relaxation is None else seen[0], slopes


def tangent_block(mine, common, index, *, names, settle, axial):
    """Mean cosines of one block, and their derivatives along slopes and named pulses."""
    (system, keys, slopes), (pulses, order, trials, relaxation) = mine, common
    samples = gather(keys, pulses, order, trials, index)
    ones, nothing = jnp.ones_like(samples.voltage), jax.tree.map(lambda _: None, system)
    moved = lambda hot: {name: ones if name == hot else None for name in names}
    directions = [(slope, moved(None)) for slope in slopes]
    directions += [(nothing, moved(name)) for name in names]
    return None, pushforward(system, samples, directions, relaxation, settle, axial)
