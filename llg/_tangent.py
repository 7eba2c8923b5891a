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
    directions: tuple[tuple[Assembled, dict[str, Array]], ...],
    relaxation: Float[Array, ""] | None,
    settle: int,
    axial: bool = False,
) -> tuple[Float[Array, " batch"], tuple]:
    """`cosines`, and their derivative along each of the directions.

    With a `relaxation`, a derivative is a pair: that of the cosines and that of the
    logarithms of the likelihood.

    **Arguments:**

    - `directions`: Tangents of the system, with None for what none of them moves, and of
        samples by the names of their fields, the same in all.
    """
    slope, of_pulses = directions[0]
    part = jax.tree.map(
        lambda slope, x: None if slope is None else x,
        slope,
        system,
        is_leaf=lambda x: x is None,
    )
    moves = part, {name: getattr(samples, name) for name in of_pulses}

    def whole(moved):
        return eqx.combine(moved[0], system), dataclasses.replace(samples, **moved[1])

    def first(moved):
        m, seen = initial(*whole(moved))
        return m, seen if relaxation is None else (seen, jnp.zeros_like(seen))

    def step(moved, state, k, xi):
        system, samples = whole(moved)
        return advance_scored(system, samples, settle, relaxation, axial, state, k, xi)

    def pair(index, carry):
        for half, xi in enumerate(thermal_of_two(system, samples, index)):
            state, tangents = carry
            # One by one: as one batch, XLA would take the state's part for each again.
            now = partial(step, k=2 * index + half, xi=xi)
            state, push = jax.linearize(now, moves, state)
            carry = state, tuple(map(push, directions, tangents))
        return carry

    state, push = jax.linearize(first, moves)
    carry = state, tuple(push(direction) for direction in directions)
    (_, seen), tangents = lax.fori_loop(0, pairs_needed(samples, settle), pair, carry)
    slopes = tuple(tangent[1] for tangent in tangents)
    return seen if relaxation is None else seen[0], slopes


def tangent_block(mine, common, index, *, names, settle, axial):
    """Mean cosines of one block, and their derivatives along slopes and named pulses."""
    (system, keys, slopes), (pulses, order, trials, relaxation) = mine, common
    samples = gather(keys, pulses, order, trials, index)
    ones = jnp.ones_like(samples.voltage)
    moved = lambda hot: {name: ones * (name == hot) for name in names}
    rest = slopes[0] if slopes else jax.tree.map(lambda _: None, system)
    directions = tuple((slope, moved(None)) for slope in slopes)
    directions += tuple((jax.tree.map(jnp.zeros_like, rest), moved(n)) for n in names)
    return None, pushforward(system, samples, directions, relaxation, settle, axial)
